//! What one thread knows that it recorded.

use crate::lane::{COMPONENTS, PATHS, TYPES};

#[derive(Default)]
pub(crate) struct Tally {
    /// Calls that record, each counted once.
    pub(crate) records: u64,
    /// By path, in the order of `Outcome::ALL`.
    pub(crate) outcomes: [[u64; 4]; PATHS],
    /// Attempts whose latency was measured, by path.
    pub(crate) waits: [u64; PATHS],
    /// By component, then by type.
    pub(crate) failures: [[u64; TYPES.len()]; COMPONENTS],
    /// Failures of a type that nobody registered.
    pub(crate) unregistered: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.records += other.records;
        self.unregistered += other.unregistered;
        add_all(self.outcomes.as_flattened_mut(), other.outcomes.as_flattened());
        add_all(&mut self.waits, &other.waits);
        add_all(self.failures.as_flattened_mut(), other.failures.as_flattened());
    }
}

fn add_all(to: &mut [u64], from: &[u64]) {
    to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
}
