//! Failures of registered components, summed over all blocks.

use crate::publish::FailureCount;
use crate::record::shared::Shared;
use std::sync::Arc;

#[derive(Default)]
pub(super) struct Failures {
    /// By number; `None` for one that no name has (yet).
    names: Vec<Option<Arc<str>>>,
    /// By type, then by component; `__other__` is the last component.
    sums: Vec<u64>,
    total: u64,
}

impl Failures {
    pub(super) fn sum(&mut self, shared: &Shared) {
        let known = shared.components.high_water();
        let other = shared.components.other();
        let width = known as usize + 1;
        self.sums.clear();
        self.sums.resize(shared.types.len() * width, 0);
        for (kind, sums) in shared.types.ids().zip(self.sums.chunks_exact_mut(width)) {
            for (component, sum) in (0..known).chain([other]).zip(sums) {
                *sum = shared.failures.of(kind, component);
            }
        }
        for block in shared.pool.blocks() {
            block.failures.for_each(|kind, component, count| {
                let place = if component == other { known } else { component };
                // One that was registered after `known` was read is summed the next time.
                let is_known = component == other || component < known;
                let place = usize::from(kind.0) * width + place as usize;
                if let Some(sum) = self.sums.get_mut(place).filter(|_| is_known) {
                    *sum += count;
                }
            });
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
        // 0 before the first sum, and then there is nothing to list.
        let width = (self.sums.len() / types).max(1);
        let mut counts = Vec::with_capacity(self.sums.len());
        let mut list = |name: &Arc<str>, component: usize| {
            let by_type = self.sums.iter().skip(component).step_by(width);
            counts.extend(shared.types.ids().zip(by_type).map(|(kind, events)| FailureCount {
                kind: shared.types.label(kind),
                component: name.clone(),
                events: *events,
            }));
        };
        for (component, name) in self.names.iter().enumerate() {
            if let Some(name) = name {
                list(name, component);
            }
        }
        let others = || self.sums.chunks_exact(width).filter_map(<[u64]>::last);
        if others().any(|events| *events > 0) {
            list(&crate::record::name::OTHER.into(), width - 1);
        }
        counts
    }
}
