//! Everything that was seen, by the time it was seen: all that the verdict is given.

use super::history::History;
use super::reading::Reading;
use crate::arguments::Fault;
use crate::layout::{NODE_COUNT, NodeId};
use std::time::Duration;

/// All times are since the start of the drill.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) fault: Fault,
    histories: [History; NODE_COUNT],
    cut: Option<Mark>,
    back: Option<Mark>,
}

/// A moment, and what each node had last said by then.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Duration,
    readings: [Reading; NODE_COUNT],
}

impl Mark {
    pub(crate) fn reading(&self, node: NodeId) -> &Reading {
        &self.readings[node.index()]
    }
}

impl Evidence {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, histories: Default::default(), cut: None, back: None }
    }

    pub(crate) fn history(&self, node: NodeId) -> &History {
        &self.histories[node.index()]
    }

    pub(crate) fn history_mut(&mut self, node: NodeId) -> &mut History {
        &mut self.histories[node.index()]
    }

    /// The node was cut off now.
    pub(crate) fn mark_cut(&mut self, at: Duration) {
        self.cut = Some(self.mark(at));
    }

    /// The node was brought back now.
    pub(crate) fn mark_back(&mut self, at: Duration) {
        self.back = Some(self.mark(at));
    }

    pub(crate) fn cut(&self) -> Option<&Mark> {
        self.cut.as_ref()
    }

    pub(crate) fn back(&self) -> Option<&Mark> {
        self.back.as_ref()
    }

    fn mark(&self, at: Duration) -> Mark {
        Mark {
            at,
            readings: NodeId::ALL.map(|node| self.history(node).latest().cloned().unwrap_or_default()),
        }
    }
}
