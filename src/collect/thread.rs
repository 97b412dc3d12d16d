//! Who turns the collector: a thread of its own, or the host by hand.

use super::{Collector, TickResult};
use crate::clock::nanos;
use crate::error::Error;
use crate::publish::{Publication, Publisher, Snapshot, Statistics};
use crate::sync::process_wide::{AtomicU64, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
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
    collector: Mutex<Collector>,
    publisher: Mutex<Publisher>,
    latest: Mutex<Arc<Snapshot>>,
    panics: AtomicU64,
    unpublished_paths: AtomicU64,
    tick: Duration,
    is_manual_clock: bool,
}

impl Core {
    pub(crate) fn new(collector: Collector, publisher: Publisher, tick: Duration) -> Self {
        Self {
            is_manual_clock: collector.shared.clock.is_manual(),
            collector: Mutex::new(collector),
            publisher: Mutex::new(publisher),
            latest: Mutex::new(Arc::default()),
            panics: AtomicU64::new(0),
            unpublished_paths: AtomicU64::new(0),
            tick,
        }
    }

    /// One tick by hand, published.
    pub(crate) fn tick_by_hand(&self) {
        self.guarded(|collector| collector.tick(None, true));
    }

    /// The last tick and publication.
    pub(crate) fn finish(&self) {
        self.guarded(Collector::finish);
    }

    /// Takes in what was recorded after the last publication, and publishes nothing.
    pub(crate) fn collect(&self) {
        let ticked = self.caught(|| lock(&self.collector).tick(None, true));
        if let Some(publication) = ticked.and_then(|result| result.publication) {
            self.keep(publication);
        }
    }

    /// Ticks and publishes. True if the next tick should come soon.
    fn guarded(&self, tick: impl FnOnce(&mut Collector) -> TickResult) -> bool {
        let Some(result) = self.caught(|| tick(&mut lock(&self.collector))) else {
            return false;
        };
        if let Some(publication) = result.publication {
            let publication = self.keep(publication);
            let published = self.caught(|| lock(&self.publisher).publish(&publication));
            if let Some(unpublished) = published {
                self.unpublished_paths.store(unpublished, Ordering::Relaxed);
            }
        }
        result.busy
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
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let mut statistics = lock(&self.collector).statistics();
        self.complete(&mut statistics);
        statistics
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        lock(&self.latest).clone()
    }

    /// Ticks until told to stop.
    fn run(&self, stop: &Receiver<()>) {
        let mut wait = self.tick;
        // Parked. The only thing that wakes it before the time is the end, by a message or by the loss of the sender:
        // recording threads do not know this channel.
        while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(wait) {
            let planned_ns = (!self.is_manual_clock).then_some(nanos(wait));
            let busy = self.guarded(|collector| collector.tick(planned_ns, false));
            wait = if busy { self.tick.min(BUSY_TICK) } else { self.tick };
        }
        self.finish();
    }
}

/// A panic while the lock was held has been counted, and the next tick starts from what is there.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The collector thread and its one owner.
pub(crate) struct Worker {
    thread: JoinHandle<()>,
    stop: SyncSender<()>,
    ended: Receiver<()>,
}

impl Worker {
    pub(crate) fn start(core: Arc<Core>) -> Result<Self, Error> {
        let (stop, stopped) = sync_channel(1);
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
        let _ = self.stop.try_send(());
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
