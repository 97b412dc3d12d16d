//! What is known, in one immutable snapshot, and from there to the `metrics` facade.

mod edition;
pub(crate) mod names;
#[cfg(feature = "prometheus")]
pub mod prometheus;
mod publisher;
mod refresh;
mod series;
mod snapshot;
mod writer;

pub use names::{METRICS, Metric, MetricKind};
pub(crate) use publisher::{NewWaits, Publication, Publisher};
pub use snapshot::{
    Dropped, EpisodeEnd, EpisodeStatus, FailureCount, Outcomes, PathStatus, PatternStatus, RootCount,
    Snapshot, Statistics, WaitStatus,
};
