//! One cascade, from its root to its end.

use super::counts::Counts;
use super::event::Event;
use crate::record::event::ComponentKey;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Episode {
    /// 0 for the pattern's first.
    pub(crate) ordinal: u64,
    pub(crate) root: ComponentKey,
    pub(crate) root_at: u64,
    pub(crate) last_at: u64,
    pub(crate) counts: Counts,
}

impl Episode {
    /// An episode that begins with its root. The root event itself joins like any other.
    pub(super) fn new(ordinal: u64, root: ComponentKey, root_at: u64) -> Self {
        Self { ordinal, root, root_at, last_at: root_at, counts: Counts::new() }
    }

    #[inline]
    pub(super) fn join(&mut self, event: &Event) {
        self.last_at = self.last_at.max(event.last);
        self.counts.add(event);
    }

    /// Components it speaks of.
    pub(super) fn components(&self) -> impl Iterator<Item = ComponentKey> {
        std::iter::once(self.root).chain(self.counts.iter().map(|count| count.component()))
    }
}
