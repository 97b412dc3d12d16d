//! The handle on one component.

use super::event::Operation;
use super::failure::FailureType;
use super::shared::Shared;
use std::fmt;
use std::sync::Arc;

/// A handle on one component that can fail: a peer, a disk, a service.
///
/// Got from [`Monitor::component`](crate::Monitor::component). Take the handles at start: their series then
/// exist, at zero, before the first failure, so that `increase()` sees it. Recording takes no lock and,
/// once the thread has its block (taken at its first record), allocates nothing and makes no system call. Components are never retired. Do not record from a signal handler.
///
/// ```
/// # let monitor = foreshock::Monitor::builder().manual().start()?;
/// let node3 = monitor.component("node3");
/// node3.record_failure(foreshock::FailureType::PeerUnreachable);
/// monitor.tick();
/// assert_eq!(monitor.statistics().total_events, 1);
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone)]
pub struct Component {
    shared: Arc<Shared>,
    id: u32,
}

impl Component {
    pub(crate) fn new(shared: Arc<Shared>, id: u32) -> Self {
        Self { shared, id }
    }

    /// Records a failure of this component, now.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.component("disk7").record_failure(foreshock::FailureType::DiskStateCheckTimeout);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn record_failure(&self, kind: FailureType) {
        self.shared.record_failure(self.id, kind, Operation::NONE);
    }

    /// Records a failure that belongs to an operation: all failures of one operation count once as a
    /// subsequent failure of a cascade.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let lock = monitor.lock_path("config/iam/users");
    /// let attempt = lock.attempt();
    /// let operation = attempt.operation();
    /// attempt.timeout();
    /// monitor
    ///     .component("iam")
    ///     .record_failure_of(foreshock::FailureType::IamOperationTimeout, operation);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn record_failure_of(&self, kind: FailureType, operation: Operation) {
        self.shared.record_failure(self.id, kind, operation);
    }

    /// The component's name as it is published: cut at 256 bytes, or `__other__` past
    /// [`max_components`](crate::Builder::max_components).
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// assert_eq!(&*monitor.component("node3").name(), "node3");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn name(&self) -> Arc<str> {
        self.shared.components.text(self.id).unwrap_or_else(|| super::name::OTHER.into())
    }
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Component").field(&self.name()).finish()
    }
}
