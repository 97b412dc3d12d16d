//! Failures of registered components, summed over all blocks.

use crate::publish::FailureCount;
use crate::record::shared::Shared;
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Failures {
    names: Vec<Arc<str>>,
    /// By component, then by type; `__other__` is the last.
    sums: Vec<Vec<u64>>,
    total: u64,
}

impl Failures {
    pub(super) fn sum(&mut self, shared: &Shared) {
        let known = shared.components.high_water();
        let other = shared.components.other();
        self.sums.clear();
        self.total = 0;
        for component in (0..known).chain([other]) {
            let by_type: Vec<u64> = shared
                .types
                .ids()
                .map(|kind| shared.pool.blocks().map(|b| b.failures(kind, component)).sum())
                .collect();
            self.total += by_type.iter().sum::<u64>();
            self.sums.push(by_type);
        }
        while self.names.len() < known as usize {
            // A number is taken a moment before its name can be seen: then it is named at the next tick.
            match shared.components.listed(self.names.len() as u32) {
                Some(name) => self.names.push(name),
                None => break,
            }
        }
    }

    /// All failures of registered components.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Every type of every component, zeros included; `__other__` only once it was used.
    pub(super) fn counts(&self, shared: &Shared) -> Vec<FailureCount> {
        let mut counts = Vec::new();
        let mut list = |name: &Arc<str>, by_type: &[u64]| {
            counts.extend(shared.types.ids().zip(by_type).map(|(kind, events)| FailureCount {
                kind: shared.types.label(kind),
                component: name.clone(),
                events: *events,
            }));
        };
        for (name, by_type) in self.names.iter().zip(&self.sums) {
            list(name, by_type);
        }
        if let Some(other) = self.sums.last().filter(|by_type| by_type.iter().any(|n| *n > 0)) {
            list(&crate::record::name::OTHER.into(), other);
        }
        counts
    }
}
