//! Who turns the collector: a thread of its own, or the host by hand.

use super::{Collector, TickResult};
use crate::clock::{Clock, nanos};
use crate::error::Error;
use crate::publish::{NewWaits, Publication, Publisher, Snapshot, Statistics};
use crate::sync::process_wide::{AtomicBool, AtomicU64, Ordering};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The next tick while rings are filling up.
const BUSY_TICK: Duration = Duration::from_millis(1);

/// How long shutdown waits for a collector that hangs in the host's recorder.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(5);

/// The collector, what it publishes to, and what it published last. Locked apart, so that a recorder that blocks
/// holds up nothing but publishing.
pub(crate) struct Core {
    pub(super) collector: Mutex<Collector>,
    publisher: Mutex<Publisher>,
    latest: Mutex<Arc<Snapshot>>,
    panics: AtomicU64,
    unpublished_paths: AtomicU64,
    /// Latency samples that reached no recorder.
    unpublished_waits: AtomicU64,
    tick: Duration,
    /// `None` for a manual clock, which says by itself how long the process stood still.
    clock: Option<Clock>,
}

thread_local! {
    /// This thread is inside of the host's recorder, below `guarded`.
    static PUBLISHING: Cell<bool> = const { Cell::new(false) };
}

/// This thread was called by the recorder that it publishes to.
pub(crate) fn is_publishing() -> bool {
    PUBLISHING.get()
}

impl Core {
    pub(crate) fn new(collector: Collector, publisher: Publisher, tick: Duration) -> Self {
        Self {
            clock: Some(collector.shared.clock.clone()).filter(|clock| !clock.is_manual()),
            collector: Mutex::new(collector),
            publisher: Mutex::new(publisher),
            latest: Mutex::new(Arc::default()),
            panics: AtomicU64::new(0),
            unpublished_paths: AtomicU64::new(0),
            unpublished_waits: AtomicU64::new(0),
            tick,
        }
    }

    /// One tick by hand, published.
    pub(crate) fn tick_by_hand(&self) {
        self.guarded(|collector| collector.tick(None, true));
    }

    /// The last tick and publication. `planned_at` as for [`Collector::tick`].
    pub(crate) fn finish(&self, planned_at: Option<u64>) {
        self.guarded(|collector| collector.finish(planned_at));
    }

    /// Takes in what was recorded after the last publication, and publishes nothing.
    pub(crate) fn collect(&self) {
        let ticked = self.caught(|| lock(&self.collector).tick(None, true));
        if let Some(publication) = ticked.and_then(|result| result.publication) {
            let publication = self.keep(publication);
            self.lose_waits(&publication);
        }
    }

    /// Ticks and publishes. True if the next tick should come soon.
    fn guarded(&self, tick: impl FnOnce(&mut Collector) -> TickResult) -> bool {
        let Some(result) = self.caught(|| tick(&mut lock(&self.collector))) else {
            return false;
        };
        if let Some(publication) = result.publication {
            let publication = self.keep(publication);
            match self.publish(&publication) {
                Some(unpublished) => self.unpublished_paths.store(unpublished, Ordering::Relaxed),
                None => self.lose_waits(&publication),
            }
        }
        result.busy
    }

    /// `None` if the recorder panicked, or called us: it is not to be called from within itself.
    fn publish(&self, publication: &Publication) -> Option<u64> {
        if PUBLISHING.replace(true) {
            return None;
        }
        let published = self.caught(|| lock(&self.publisher).publish(publication));
        PUBLISHING.set(false);
        published
    }

    fn lose_waits(&self, publication: &Publication) {
        let lost = publication.waits.iter().map(NewWaits::count).sum();
        self.unpublished_waits.fetch_add(lost, Ordering::Relaxed);
    }

    /// What panics is counted here and goes no further.
    fn caught<T>(&self, run: impl FnOnce() -> T) -> Option<T> {
        let result = catch_unwind(AssertUnwindSafe(run));
        if result.is_err() {
            self.panics.fetch_add(1, Ordering::Relaxed);
        }
        result.ok()
    }

    /// Makes a publication the latest snapshot.
    fn keep(&self, mut publication: Publication) -> Publication {
        self.complete(&mut Arc::make_mut(&mut publication.snapshot).statistics);
        *lock(&self.latest) = publication.snapshot.clone();
        publication
    }

    /// Adds what the collector itself cannot know.
    fn complete(&self, statistics: &mut Statistics) {
        statistics.panics = self.panics.load(Ordering::Relaxed);
        statistics.dropped.published_path = self.unpublished_paths.load(Ordering::Relaxed);
        statistics.dropped.wait += self.unpublished_waits.load(Ordering::Relaxed);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let mut statistics = lock(&self.collector).statistics();
        self.complete(&mut statistics);
        statistics
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        lock(&self.latest).clone()
    }

    /// What the clock will read when a wait that begins now has passed. Of the wait alone: a recorder that takes its
    /// time has not starved the process.
    fn reading_after(&self, wait: Duration) -> Option<u64> {
        let clock = self.clock.as_ref()?;
        Some(clock.nanos(clock.stamp()).saturating_add(nanos(wait)))
    }

    /// Ticks until told to stop.
    fn run(&self, stop: &AtomicBool) {
        let mut wait = self.tick;
        // A process that stood still may be told to end as soon as it goes on: the last tick may be the one that is late.
        let planned_at = loop {
            let planned_at = self.reading_after(wait);
            // The only one who unparks it is the end: recording threads do not know this thread. Whatever else wakes it
            // makes a tick come early.
            thread::park_timeout(wait);
            // (STOP) Acquire: pairs with the Release store in `Worker::stop`. What was recorded before the end was asked
            // for is in the last tick.
            if stop.load(Ordering::Acquire) {
                break planned_at;
            }
            let busy = self.guarded(|collector| collector.tick(planned_at, false));
            wait = if busy { self.tick.min(BUSY_TICK) } else { self.tick };
        };
        self.finish(planned_at);
    }
}

/// A panic while the lock was held has been counted, and the next tick starts from what is there.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The collector thread and its one owner.
pub(crate) struct Worker {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Worker {
    pub(crate) fn start(core: Arc<Core>) -> Result<Self, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let (end, ended) = sync_channel(1);
        let thread = thread::Builder::new()
            .name("foreshock".to_owned())
            .spawn(move || {
                core.run(&stopped);
                let _ = end.try_send(());
            })
            .map_err(Error::thread)?;
        Ok(Self { thread, stop, ended })
    }

    /// Has the thread make its last tick, and waits for it. A thread that hangs in the host's recorder is left
    /// behind after five seconds.
    pub(crate) fn stop(self) {
        // (STOP) pairs with the load in `Core::run`.
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        if self.thread.thread().id() == thread::current().id() {
            // The host's recorder dropped the last monitor: the thread ends by itself.
            return;
        }
        if !matches!(self.ended.recv_timeout(SHUTDOWN_WAIT), Err(RecvTimeoutError::Timeout)) {
            let _ = self.thread.join();
        }
    }

    /// In the child of a `fork` the thread does not exist: nothing to wait for.
    pub(crate) fn forget(self) {
        std::mem::forget(self);
    }
}
