//! Scales time: every duration in what an operator installs is divided by [`SPEED`], and nothing else is touched.
//!
//! Three kinds of times are known:
//! - the value of a setting that is a time (see `settings`), such as `for: 2m` or `group_interval: 5m`;
//! - a duration in PromQL, wherever that stands: `[5m]`, `[15m:15s]`, `offset 5m`;
//! - a bare number in PromQL whose line ends in `# seconds` (the last number of the line is divided) or `# per second`
//!   (it is multiplied: in faster time more happens in a second).

mod duration;
mod expression;
mod settings;

pub(crate) use expression::scale_line as scale_expression;
pub(crate) use settings::scale_settings;

use std::time::Duration;

/// Two minutes last four seconds.
pub(crate) const SPEED: u64 = 30;

pub(crate) fn scaled(time: Duration) -> Duration {
    time / u32::try_from(SPEED).expect("it is small")
}
