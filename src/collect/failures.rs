//! Failures of registered components, summed over all blocks.

use crate::publish::FailureCount;
use crate::record::shared::Shared;
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Failures {
    /// By number; `None` for one that no name has (yet).
    names: Vec<Option<Arc<str>>>,
    /// By component, then by type; `__other__` is the last.
    sums: Vec<u64>,
    total: u64,
}

impl Failures {
    pub(super) fn sum(&mut self, shared: &Shared) {
        let known = shared.components.high_water();
        let other = shared.components.other();
        self.sums.clear();
        for component in (0..known).chain([other]) {
            let of_type =
                |kind| shared.pool.blocks().map(|block| block.failures(kind, component)).sum::<u64>();
            self.sums.extend(shared.types.ids().map(of_type));
        }
        self.total = self.sums.iter().sum();
        self.names.resize(known as usize, None);
        for (number, name) in (0u32..).zip(&mut self.names) {
            // A number may be without a name for long: a thread that lost a race gave it back.
            if name.is_none() {
                *name = shared.components.listed(number);
            }
        }
    }

    /// Components that have a name.
    pub(super) fn components(&self) -> u64 {
        self.names.iter().flatten().count() as u64
    }

    /// All failures of registered components.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Every type of every component, zeros included; `__other__` only once it was used.
    pub(super) fn counts(&self, shared: &Shared) -> Vec<FailureCount> {
        let types = shared.types.len();
        let mut counts = Vec::with_capacity(self.sums.len());
        let mut list = |name: &Arc<str>, by_type: &[u64]| {
            counts.extend(shared.types.ids().zip(by_type).map(|(kind, events)| FailureCount {
                kind: shared.types.label(kind),
                component: name.clone(),
                events: *events,
            }));
        };
        for (name, by_type) in self.names.iter().zip(self.sums.chunks(types)) {
            if let Some(name) = name {
                list(name, by_type);
            }
        }
        if let Some(other) = self.sums.chunks(types).last().filter(|by_type| by_type.iter().any(|n| *n > 0)) {
            list(&crate::record::name::OTHER.into(), other);
        }
        counts
    }
}
