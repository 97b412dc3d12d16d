//! Watches the locks that a server takes and the failures that it meets, from inside the process, and says before
//! users notice that a lock path is going bad and that one failure is pulling others down.
//!
//! Recording ([`LockPath`], [`Attempt`], [`Component`]) is for hot paths: no lock, and after a
//! thread's first record (which takes its block) no allocation and no system call.
//! One collector thread sums, orders and judges; [`Monitor::snapshot`] and the `metrics` facade show what it found.

pub mod global;

mod cascade;
mod clock;
mod collect;
mod config;
mod error;
mod health;
mod monitor;
mod process;
mod publish;
mod record;
mod sync;

pub use cascade::Pattern;
pub use clock::{Clock, ManualTime};
pub use config::Builder;
pub use error::Error;
pub use health::LockHealth;
pub use monitor::Monitor;
#[cfg(feature = "prometheus")]
pub use publish::prometheus;
pub use publish::{
    Dropped, EpisodeEnd, EpisodeStatus, FailureCount, METRICS, Metric, MetricKind, Outcomes, PathStatus,
    PatternStatus, RootCount, Snapshot, Statistics, WaitStatus,
};
pub use record::{Attempt, Component, FailureType, LockPath, Operation, Outcome};

#[cfg(test)]
#[path = "../loom-tests/mod.rs"]
mod loom_tests;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
