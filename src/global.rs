//! One monitor for the whole process, under the names that RustFS's own call sites use.
//!
//! A call site ports by deleting `.await`: nothing here is async, and nothing waits. Before [`init`] every call is
//! a no-op, and every path is healthy.
//!
//! ```
//! use foreshock::global::{GLOBAL_CASCADING_DETECTOR, GLOBAL_LOCK_HEALTH_MONITOR};
//! use foreshock::{FailureType, LockHealth};
//!
//! foreshock::global::init(foreshock::Monitor::builder())?;
//! GLOBAL_LOCK_HEALTH_MONITOR.record_attempt("config/iam/users");
//! GLOBAL_LOCK_HEALTH_MONITOR.record_timeout("config/iam/users");
//! GLOBAL_CASCADING_DETECTOR.record_failure(FailureType::LockTimeout, "config/iam/users");
//! assert_eq!(GLOBAL_LOCK_HEALTH_MONITOR.get_health("config/iam/users"), LockHealth::Degraded);
//! # Ok::<(), foreshock::Error>(())
//! ```

use crate::config::Builder;
use crate::error::Error;
use crate::health::LockHealth;
use crate::monitor::Monitor;
use crate::publish::Statistics;
use crate::record::FailureType;
use std::sync::OnceLock;

static MONITOR: OnceLock<Monitor> = OnceLock::new();

/// Starts the process's monitor. `raise_lock_timeouts` is turned off: these call sites record the timeout of a
/// lock and its failure event each by themselves.
///
/// # Errors
///
/// What [`Builder::start`] refuses, or that the process has its monitor already.
///
/// ```
/// foreshock::global::init(foreshock::Monitor::builder().prefix("rustfs"))?;
/// assert!(foreshock::global::init(foreshock::Monitor::builder()).is_err());
/// # Ok::<(), foreshock::Error>(())
/// ```
pub fn init(builder: Builder) -> Result<(), Error> {
    let twice = || Error::config("global", "a second init", "one init per process");
    if MONITOR.get().is_some() {
        return Err(twice());
    }
    let monitor = builder.raise_lock_timeouts(false).start()?;
    // Two threads may get here at once: the loser's monitor is dropped, and so shut down.
    MONITOR.set(monitor).map_err(|_| twice())
}

/// The process's monitor, once there is one.
///
/// ```
/// assert!(foreshock::global::monitor().is_none());
/// ```
pub fn monitor() -> Option<&'static Monitor> {
    MONITOR.get()
}

/// Lock health, by path. See [`LockHealthMonitor`].
///
/// ```
/// foreshock::global::GLOBAL_LOCK_HEALTH_MONITOR.record_success("bucket/a"); // before `init`: a no-op
/// ```
pub static GLOBAL_LOCK_HEALTH_MONITOR: LockHealthMonitor = LockHealthMonitor(());

/// Cascades. See [`CascadingFailureDetector`].
///
/// ```
/// assert_eq!(foreshock::global::GLOBAL_CASCADING_DETECTOR.get_statistics().total_events, 0);
/// ```
pub static GLOBAL_CASCADING_DETECTOR: CascadingFailureDetector = CascadingFailureDetector(());

/// The lock health of the process's monitor.
///
/// ```
/// use foreshock::global::GLOBAL_LOCK_HEALTH_MONITOR as locks;
/// locks.record_attempt("bucket/a");
/// locks.record_success("bucket/a");
/// assert_eq!(locks.get_health("bucket/a"), foreshock::LockHealth::Healthy);
/// ```
#[derive(Debug)]
pub struct LockHealthMonitor(());

impl LockHealthMonitor {
    /// An attempt begins. See [`Monitor::record_attempt`].
    ///
    /// ```
    /// foreshock::global::GLOBAL_LOCK_HEALTH_MONITOR.record_attempt("bucket/a");
    /// ```
    pub fn record_attempt(&self, path: &str) {
        if let Some(monitor) = monitor() {
            monitor.record_attempt(path);
        }
    }

    /// It was granted.
    ///
    /// ```
    /// foreshock::global::GLOBAL_LOCK_HEALTH_MONITOR.record_success("bucket/a");
    /// ```
    pub fn record_success(&self, path: &str) {
        if let Some(monitor) = monitor() {
            monitor.record_success(path);
        }
    }

    /// Its deadline passed.
    ///
    /// ```
    /// foreshock::global::GLOBAL_LOCK_HEALTH_MONITOR.record_timeout("bucket/a");
    /// ```
    pub fn record_timeout(&self, path: &str) {
        if let Some(monitor) = monitor() {
            monitor.record_timeout(path);
        }
    }

    /// The health of a path; healthy if nothing is known of it.
    ///
    /// ```
    /// let health = foreshock::global::GLOBAL_LOCK_HEALTH_MONITOR.get_health("bucket/a");
    /// assert_eq!(health, foreshock::LockHealth::Healthy);
    /// ```
    pub fn get_health(&self, path: &str) -> LockHealth {
        monitor().map_or(LockHealth::Healthy, |monitor| monitor.health(path))
    }
}

/// The failures of the process's monitor.
///
/// ```
/// use foreshock::FailureType;
/// foreshock::global::GLOBAL_CASCADING_DETECTOR
///     .record_failure(FailureType::PeerUnreachable, "node3".to_string());
/// ```
#[derive(Debug)]
pub struct CascadingFailureDetector(());

impl CascadingFailureDetector {
    /// A component failed, now.
    ///
    /// ```
    /// use foreshock::FailureType;
    /// foreshock::global::GLOBAL_CASCADING_DETECTOR.record_failure(FailureType::UploadFailure, "bucket/a");
    /// ```
    pub fn record_failure(&self, kind: FailureType, component: impl AsRef<str>) {
        if let Some(monitor) = monitor() {
            monitor.record_failure(kind, component.as_ref());
        }
    }

    /// Totals as of the last tick; zeros before [`init`].
    ///
    /// ```
    /// foreshock::global::init(foreshock::Monitor::builder())?;
    /// let stats = foreshock::global::GLOBAL_CASCADING_DETECTOR.get_statistics();
    /// println!("{} cascades", stats.cascading_patterns_detected);
    /// # Ok::<(), foreshock::Error>(())
    /// ```
    pub fn get_statistics(&self) -> Statistics {
        monitor().map(Monitor::statistics).unwrap_or_default()
    }
}
