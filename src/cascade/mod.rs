//! When one failure pulls others down. Pure: events and `now` go in, episodes come out; no thread, no atomic,
//! no clock.
//!
//! `arrivals` puts events into the order in which they happened (`runs`), but for those that need none (`joined`) ->
//! one `matcher` for each pattern finds episodes, while `unsettled` keeps what a late event may still come before ->
//! `tracked` says what is new and what recurs. `detector` puts them together.

mod arrivals;
mod counts;
mod detector;
mod episode;
mod event;
mod groups;
mod joined;
mod matcher;
mod merger;
#[cfg(test)]
mod oracle;
mod pattern;
mod runs;
mod tracked;
mod unsettled;

pub(crate) use detector::{Change, Detector, Recurrence};
pub(crate) use episode::Episode;
pub(crate) use event::{Event, OTHER, What};
pub use pattern::Pattern;
pub(crate) use pattern::Rule;
