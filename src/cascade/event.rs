//! A failure event as the detector sees it.

use crate::record::event::{ComponentKey, Operation};
use crate::record::failure::TypeId;

/// One failure, or several that were merged (see `thin.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Nanoseconds.
    pub(crate) at: u64,
    pub(crate) kind: TypeId,
    pub(crate) component: ComponentKey,
    pub(crate) operation: Operation,
    /// Which block it came from: events of one block are in the order of their recording.
    pub(crate) source: u32,
    /// How many failures it stands for.
    pub(crate) weight: u32,
}

impl Event {
    /// Time first; at the same time by block, so that the order of arrival plays no part.
    pub(crate) fn order(&self) -> (u64, u32) {
        (self.at, self.source)
    }
}
