//! A chunk of single calls, each between two readings of the counter.

use crate::timer::reading;
use hdrhistogram::Histogram;

/// All spans of one operation, in ticks of the counter. The first call of a chunk is kept apart: it comes after a sleep, in
/// which others have had this core's caches, and what it costs is the memory's time. One call in a chunk is far more than one
/// in ten thousand, so that together with the others it alone would be their tail.
#[derive(Clone)]
pub(crate) struct Tail {
    pub(crate) firsts: Histogram<u64>,
    pub(crate) others: Histogram<u64>,
}

impl Default for Tail {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, 1 << 40, 3).expect("valid bounds");
        Self { firsts: histogram.clone(), others: histogram }
    }
}

impl Tail {
    pub(crate) fn add(&mut self, chunk: &[u64]) {
        let (firsts, others) = chunk.split_at(1);
        firsts.iter().for_each(|span| self.firsts.saturating_record(*span));
        others.iter().for_each(|span| self.others.saturating_record(*span));
    }
}

/// Compiled anew for each operation, so that nothing is called through a pointer inside the timed span.
#[inline(never)]
pub(crate) fn sample(call: impl Fn(), spans: &mut [u64]) {
    for span in spans {
        let began = reading();
        call();
        *span = reading().saturating_sub(began);
    }
}
