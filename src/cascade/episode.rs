//! One cascade, from its root to its end.

use super::event::Event;
use crate::record::event::ComponentKey;
use crate::record::failure::TypeId;

/// Pairs of type and component that an episode tells apart; further ones are counted together by type.
const MAX_COUNTS: usize = 64;

/// Stands for all components beyond [`MAX_COUNTS`]. No component has this number.
pub(crate) const OTHER_COUNT: ComponentKey = ComponentKey::Component(u32::MAX);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Episode {
    /// 0 for the pattern's first.
    pub(crate) ordinal: u64,
    pub(crate) root: ComponentKey,
    pub(crate) root_at: u64,
    pub(crate) last_at: u64,
    pub(crate) counts: Vec<Count>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) kind: TypeId,
    pub(crate) component: ComponentKey,
    pub(crate) events: u64,
}

impl Episode {
    /// An episode that begins with its root. The root event itself joins like any other.
    pub(crate) fn new(ordinal: u64, root: &Event) -> Self {
        Self { ordinal, root: root.component, root_at: root.at, last_at: root.at, counts: Vec::new() }
    }

    pub(crate) fn join(&mut self, event: &Event) {
        self.last_at = self.last_at.max(event.at);
        let events = u64::from(event.weight);
        let component =
            if self.count_of(event.kind, event.component).is_some() || self.counts.len() < MAX_COUNTS {
                event.component
            } else {
                OTHER_COUNT
            };
        match self.count_of(event.kind, component) {
            Some(count) => count.events += events,
            None => self.counts.push(Count { kind: event.kind, component, events }),
        }
    }

    fn count_of(&mut self, kind: TypeId, component: ComponentKey) -> Option<&mut Count> {
        self.counts.iter_mut().find(|count| count.kind == kind && count.component == component)
    }

    pub(crate) fn mentions(&self, component: ComponentKey) -> bool {
        self.root == component || self.counts.iter().any(|count| count.component == component)
    }
}
