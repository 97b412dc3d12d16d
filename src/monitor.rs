//! The monitor: the host's way in.

use crate::clock::Clock;
use crate::collect::{Collector, Core, Worker, is_publishing};
use crate::config::{Builder, Config, SharedRecorder};
use crate::error::Error;
use crate::health::LockHealth;
use crate::process;
use crate::publish::{Publisher, Snapshot, Statistics};
use crate::record::boxed::room_for_small;
use crate::record::name::BoundedName;
use crate::record::shared::Shared;
use crate::record::{Component, FailureType, LockPath, Operation, Outcome};
use crate::sync::Ordering;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Watches the locks that a server takes and the failures that it meets.
///
/// Cheap to clone; all clones are one monitor. When the last clone is dropped, or on
/// [`shutdown`](Self::shutdown), the collector makes a last tick, publishes and ends. Handles ([`LockPath`],
/// [`Component`]) do not keep it running.
///
/// After a `fork` the child's copy is inert until the child starts a monitor of its own. `abort` loses what was
/// not yet published.
///
/// ```
/// use foreshock::{FailureType, LockHealth, Monitor};
///
/// let monitor = Monitor::builder().prefix("rustfs").start()?;
/// let iam = monitor.lock_path("config/iam/users");
/// let node3 = monitor.component("node3");
///
/// node3.record_failure(FailureType::PeerUnreachable);
/// iam.attempt().timeout();
/// assert_eq!(iam.health(), LockHealth::Degraded);
/// monitor.shutdown();
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone)]
pub struct Monitor(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    core: Arc<Core>,
    /// `None` once shut down, or if ticks are made by hand.
    worker: Mutex<Option<Worker>>,
    manual: bool,
}

impl Monitor {
    /// Settings with their defaults.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().start()?;
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn start(
        config: Config,
        clock: Clock,
        recorder: Option<SharedRecorder>,
    ) -> Result<Self, Error> {
        process::watch_forks();
        let shared = Shared::new(&config, clock)?;
        room_for_small()?;
        let shared = Arc::new(shared);
        let publisher = Publisher::new(&config, recorder);
        let (tick, manual) = (config.tick, config.manual);
        let collector = Collector::new(shared.clone(), config)?;
        let core = Arc::new(Core::new(collector, publisher, tick));
        let worker = if manual { None } else { Some(Worker::start(core.clone())?) };
        Ok(Self(Arc::new(Inner { shared, core, worker: Mutex::new(worker), manual })))
    }

    /// A handle on a lock path, registered now if it is new. Past `max_paths` it is the handle of `__other__`.
    ///
    /// May allocate; takes no lock. Names are cut at 256 bytes; an empty one is `__other__`.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let users = monitor.lock_path("config/iam/users");
    /// users.record_success();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn lock_path(&self, name: &str) -> LockPath {
        let shared = &self.0.shared;
        // The handle is made while the number is pinned.
        let handle = shared.with_path(name, |path| LockPath::new(shared.clone(), path));
        handle.unwrap_or_else(|| LockPath::new(shared.clone(), shared.paths.other()))
    }

    /// A handle on a component, registered now if it is new. Past `max_components` it is the handle of `__other__`.
    ///
    /// May allocate; takes no lock.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let node3 = monitor.component("node3");
    /// node3.record_failure(foreshock::FailureType::PeerUnreachable);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn component(&self, name: &str) -> Component {
        let shared = &self.0.shared;
        let id = if shared.is_live() {
            shared.components.find_or_add(BoundedName::new(name))
        } else {
            shared.components.other()
        };
        Component::new(shared.clone(), id)
    }

    /// Announces an attempt on a path, by name: in flight until the next outcome recorded by name.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.record_attempt("bucket/a");
    /// monitor.record_success("bucket/a");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_attempt(&self, path: &str) {
        self.0.shared.announce_named(path);
    }

    /// Records an attempt that was granted, by name.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.record_success("bucket/a");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_success(&self, path: &str) {
        self.0.shared.record_named(path, Outcome::Success);
    }

    /// Records an attempt whose deadline passed, by name; see [`LockPath::record_timeout`].
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.record_timeout("bucket/a");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_timeout(&self, path: &str) {
        self.0.shared.record_named(path, Outcome::Timeout);
    }

    /// Records an attempt that was answered and not granted, by name.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.record_error("bucket/a");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_error(&self, path: &str) {
        self.0.shared.record_named(path, Outcome::Error);
    }

    /// Records an attempt that the caller gave up, by name.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.record_abandoned("bucket/a");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_abandoned(&self, path: &str) {
        self.0.shared.record_named(path, Outcome::Abandoned);
    }

    /// The health of a path, by name, at once. An unknown path is healthy, and stays unknown.
    ///
    /// ```
    /// use foreshock::LockHealth;
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// assert_eq!(monitor.health("never/seen"), LockHealth::Healthy);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn health(&self, path: &str) -> LockHealth {
        self.0.shared.health_named(path)
    }

    /// Records a failure of a component, by name, now.
    ///
    /// ```
    /// use foreshock::FailureType;
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.record_failure(FailureType::LockTimeout, "config/iam");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_failure(&self, kind: FailureType, component: &str) {
        self.record_failure_of(kind, component, Operation::NONE);
    }

    /// Records a failure that belongs to an operation, by name; see
    /// [`Component::record_failure_of`].
    ///
    /// ```
    /// use foreshock::FailureType;
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let lock = monitor.lock_path("config/iam/users");
    /// let attempt = lock.attempt();
    /// let operation = attempt.operation();
    /// attempt.timeout();
    /// monitor.record_failure_of(FailureType::IamOperationTimeout, "iam", operation);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_failure_of(&self, kind: FailureType, component: &str, operation: Operation) {
        self.0.shared.record_failure_named(component, kind, operation);
    }

    /// Totals as of the last tick; after shutdown, as of now.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.tick();
    /// assert_eq!(monitor.statistics().cascading_patterns_detected, 0);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn statistics(&self) -> Statistics {
        if self.0.shared.is_forked() {
            return self.0.inert_statistics();
        }
        self.collect_stragglers();
        self.0.core.statistics()
    }

    /// Every path, pattern and episode, as of the last publication; after shutdown, as of now.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.tick();
    /// assert_eq!(monitor.snapshot().patterns.len(), 3);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn snapshot(&self) -> Arc<Snapshot> {
        if self.0.shared.is_forked() {
            let statistics = self.0.inert_statistics();
            return Arc::new(Snapshot { statistics, ..Snapshot::default() });
        }
        self.collect_stragglers();
        self.0.core.snapshot()
    }

    /// Looks and publishes now, on this thread. The way to tick a monitor built with
    /// [`Builder::manual`]; beside a collector thread it does no harm.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.tick();
    /// assert_eq!(monitor.statistics().ticks, 1);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn tick(&self) {
        if !self.0.shared.is_forked() {
            self.0.core.tick_by_hand();
        }
    }

    /// Ends the monitor: records are refused (and counted) from now on, the collector drains and publishes a last
    /// time, and its thread ends. Idempotent. A collector that hangs in the host's recorder is left behind after
    /// five seconds.
    ///
    /// ```
    /// let monitor = foreshock::Monitor::builder().start()?;
    /// monitor.record_success("bucket/a");
    /// monitor.shutdown();
    /// assert_eq!(monitor.statistics().outcomes.success, 1);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn shutdown(&self) {
        self.0.shutdown();
    }

    /// A thread that was about to record when the monitor was shut down may have done so after the last tick.
    fn collect_stragglers(&self) {
        if !self.0.shared.is_live() {
            self.0.core.collect();
        }
    }
}

impl Inner {
    fn shutdown(&self) {
        let was_live = self.shared.end();
        let is_forked = self.shared.is_forked();
        if is_forked || is_publishing() {
            // No lock may be waited for here. At a fork a thread of the parent may have held it, for ever; and
            // whoever waits for the recorder that shuts its own monitor down must not be waited for by it.
            if let Ok(mut worker) = self.worker.try_lock()
                && let Some(worker) = worker.take()
            {
                if is_forked { worker.forget() } else { worker.stop() }
            }
            return;
        }
        // Held until the thread has ended: whoever else shuts down meanwhile waits for the last publication too.
        let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        match worker.take() {
            Some(worker) => worker.stop(),
            None if self.manual && was_live => self.core.finish(None),
            None => {}
        }
    }

    /// In the child of a `fork`: what the collector knew is behind a lock that may never be free again.
    fn inert_statistics(&self) -> Statistics {
        let mut statistics = Statistics::default();
        statistics.dropped.after_shutdown = self.shared.after_shutdown.load(Ordering::Relaxed);
        statistics
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("id", &self.0.shared.id).finish_non_exhaustive()
    }
}
