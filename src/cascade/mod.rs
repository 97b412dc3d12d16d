//! When one failure pulls others down. Pure: events and `now` go in, episodes come out; no thread, no atomic,
//! no clock.
//!
//! `unsettled` puts events into the order in which they happened -> one `matcher` for each pattern finds
//! episodes -> `detector` says what is new and what recurs.

mod detector;
mod episode;
mod event;
mod matcher;
#[cfg(test)]
mod oracle;
mod pattern;
mod thin;
mod unsettled;

pub(crate) use detector::{Change, Detector, Recurrence};
pub(crate) use episode::{Episode, OTHER_COUNT};
pub(crate) use event::Event;
pub use pattern::Pattern;
pub(crate) use pattern::Rule;
