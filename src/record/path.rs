//! The handle on one lock path.

use super::attempt::Attempt;
use super::cell::PathRef;
use super::outcome::Outcome;
use super::shared::Shared;
use crate::health::LockHealth;
use crate::sync::{Ordering, order};
use std::fmt;
use std::sync::Arc;

/// A handle on one lock path: the quickest way to record.
///
/// Got from [`Monitor::lock_path`](crate::Monitor::lock_path). While a handle is held the path is never
/// retired. Recording through it takes no lock and, once the thread has its block (taken at its first record), allocates nothing and
/// makes no system call. Cloning and dropping
/// write a counter that all handles of the path share: clone once per task, not once per attempt.
///
/// After [`Monitor::shutdown`](crate::Monitor::shutdown) every call is a cheap no-op that is counted. Do not
/// record from a signal handler.
///
/// ```
/// # let monitor = foreshock::Monitor::builder().manual().start()?;
/// let users = monitor.lock_path("config/iam/users");
/// let attempt = users.attempt();
/// // ... take the lock ...
/// attempt.success();
/// assert_eq!(users.health(), foreshock::LockHealth::Healthy);
/// # Ok::<(), foreshock::Error>(())
/// ```
pub struct LockPath {
    shared: Arc<Shared>,
    path: PathRef,
}

impl LockPath {
    /// The caller has pinned `number`.
    pub(crate) fn new(shared: Arc<Shared>, number: u32) -> Self {
        // SAFETY: the cells are boxed once and go when `shared` goes, which the handle keeps; the copies are in guards,
        // which borrow the handle.
        let path = unsafe { PathRef::new(&shared.cells, number) };
        Self::of(shared, path)
    }

    /// One handle more on a path that is pinned, or that another handle is on.
    fn of(shared: Arc<Shared>, path: PathRef) -> Self {
        // Relaxed: the pin or the other handle keeps the path until this is visible.
        path.cell().handles.fetch_add(1, Ordering::Relaxed);
        Self { shared, path }
    }

    /// Begins an attempt: in flight from here until the guard is finished or dropped.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let lock = monitor.lock_path("bucket/a");
    /// lock.attempt().timeout();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn attempt(&self) -> Attempt<'_> {
        Attempt::begin(&self.shared, self.path)
    }

    /// Announces an attempt whose outcome will be recorded without a guard. In flight until then; one that is
    /// never answered stays so and keeps its path from being retired, and its age is not known: prefer
    /// [`attempt`](Self::attempt).
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let lock = monitor.lock_path("bucket/a");
    /// lock.record_attempt();
    /// lock.record_success();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn record_attempt(&self) {
        self.shared.announce(self.path.number());
    }

    /// Records an attempt that was granted, in one call.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.lock_path("bucket/a").record_success();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn record_success(&self) {
        self.shared.record(&self.path, Outcome::Success);
    }

    /// Records an attempt whose deadline passed, in one call. Raises a `LockTimeout` failure whose component
    /// is this path (unless [`raise_lock_timeouts`](crate::Builder::raise_lock_timeouts) is off).
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let lock = monitor.lock_path("bucket/a");
    /// lock.record_timeout();
    /// assert_eq!(lock.health(), foreshock::LockHealth::Degraded);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn record_timeout(&self) {
        self.shared.record(&self.path, Outcome::Timeout);
    }

    /// Records an attempt that was answered and not granted, in one call.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.lock_path("bucket/a").record_error();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn record_error(&self) {
        self.shared.record(&self.path, Outcome::Error);
    }

    /// Records an attempt that the caller gave up, in one call.
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// monitor.lock_path("bucket/a").record_abandoned();
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn record_abandoned(&self) {
        self.shared.record(&self.path, Outcome::Abandoned);
    }

    /// The path's health, at once: timeouts up to this very moment, the timeout rate and slow attempts as of
    /// the last tick. The rules are those of [`LockHealth`].
    ///
    /// A timeout recorded by a thread that is ordered before this call is seen.
    ///
    /// ```
    /// # use foreshock::LockHealth;
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// let lock = monitor.lock_path("bucket/a");
    /// for _ in 0..3 {
    ///     lock.record_timeout();
    /// }
    /// assert_eq!(lock.health(), LockHealth::Unhealthy);
    /// lock.record_success();
    /// assert_eq!(lock.health(), LockHealth::Degraded);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    #[inline(always)]
    pub fn health(&self) -> LockHealth {
        self.shared.health(self.path.number())
    }

    /// The path's name as it is published: cut at 256 bytes, or `__other__` past
    /// [`max_paths`](crate::Builder::max_paths).
    ///
    /// ```
    /// # let monitor = foreshock::Monitor::builder().manual().start()?;
    /// assert_eq!(&*monitor.lock_path("bucket/a").name(), "bucket/a");
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn name(&self) -> Arc<str> {
        self.shared.paths.text(self.path.number()).unwrap_or_else(|| super::name::OTHER.into())
    }
}

impl Clone for LockPath {
    fn clone(&self) -> Self {
        Self::of(self.shared.clone(), self.path)
    }
}

impl Drop for LockPath {
    fn drop(&mut self) {
        // (HANDLE) Release: pairs with the Acquire load in `collect/retire.rs`; what was recorded through this handle is
        // seen by the collector that finds no handle left.
        self.path.cell().handles.fetch_sub(1, order!(Release, "handle_dropped"));
    }
}

impl fmt::Debug for LockPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LockPath").field(&self.name()).finish()
    }
}
