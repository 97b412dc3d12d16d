//! The guard of one attempt to take a lock.

use super::cell::PathRef;
use super::event::Operation;
use super::operations::Begun;
use super::outcome::Outcome;
use super::shared::Shared;
use crate::sync::{AtomicU64, Ordering};
use std::fmt;
use std::mem::ManuallyDrop;

/// One attempt to take a lock, in flight until it is finished.
///
/// Finish it with [`success`](Self::success), [`timeout`](Self::timeout) or [`error`](Self::error), on any
/// thread. Dropped unfinished (a cancelled future), it counts as abandoned.
///
/// ```
/// # fn acquire() -> std::io::Result<()> { Ok(()) }
/// # let monitor = foreshock::Monitor::builder().manual().start()?;
/// let lock = monitor.lock_path("config/iam/users");
/// let attempt = lock.attempt();
/// match acquire() {
///     Ok(()) => attempt.success(),
///     Err(e) if e.kind() == std::io::ErrorKind::TimedOut => attempt.timeout(),
///     Err(_) => attempt.error(),
/// }
/// # Ok::<(), foreshock::Error>(())
/// ```
#[must_use = "an attempt that is dropped at once counts as abandoned"]
pub struct Attempt<'p> {
    shared: &'p Shared,
    path: PathRef,
    begun: Begun,
    /// Given when first asked for, 0 before.
    operation: AtomicU64,
}

impl<'p> Attempt<'p> {
    #[inline(always)]
    pub(crate) fn begin(shared: &'p Shared, path: PathRef) -> Self {
        Self { shared, path, begun: shared.begin(&path), operation: AtomicU64::new(0) }
    }

    /// The lock was granted.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.lock_path("bucket/a").attempt().success();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn success(self) {
        ManuallyDrop::new(self).end(Outcome::Success);
    }

    /// The deadline passed first.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.lock_path("bucket/a").attempt().timeout();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn timeout(self) {
        ManuallyDrop::new(self).end(Outcome::Timeout);
    }

    /// The service answered, and did not grant.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.lock_path("bucket/a").attempt().error();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn error(self) {
        ManuallyDrop::new(self).end(Outcome::Error);
    }

    /// An id that ties further failures to this attempt, the same at every call. Ask before finishing: the
    /// timeout then carries it too.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let lock = monitor.lock_path("bucket/a");
    /// let attempt = lock.attempt();
    /// assert_eq!(attempt.operation(), attempt.operation());
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn operation(&self) -> Operation {
        // Relaxed: an id says nothing about other memory.
        let known = self.operation.load(Ordering::Relaxed);
        if known != 0 {
            return Operation::from_bits(known);
        }
        let fresh = self.shared.next_operation();
        match self.operation.compare_exchange(0, fresh.bits(), Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => fresh,
            Err(first) => Operation::from_bits(first),
        }
    }

    #[inline(always)]
    fn end(&self, outcome: Outcome) {
        // SAFETY: `begin` began it in the monitor that it borrows.
        unsafe { self.shared.end_attempt(&self.path, self.begun, outcome, &self.operation) };
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.end(Outcome::Abandoned);
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").finish_non_exhaustive()
    }
}
