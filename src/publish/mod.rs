//! What is known, in one immutable snapshot, and from there to the `metrics` facade.

pub(crate) mod names;
#[cfg(feature = "prometheus")]
pub mod prometheus;
mod publisher;
mod series;
mod snapshot;

pub use names::{METRICS, Metric, MetricKind};
pub(crate) use publisher::{NewWaits, Publication, Publisher};
pub use snapshot::{
    Dropped, EpisodeEnd, EpisodeStatus, FailureCount, Outcomes, PathStatus, PatternStatus, RootCount,
    Snapshot, Statistics, WaitStatus,
};
