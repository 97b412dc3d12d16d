//! A chunk of single calls, each between two readings of the counter.

use crate::timer::reading;

/// Compiled anew for each operation, so that nothing is called through a pointer inside the timed span.
#[inline(never)]
pub(crate) fn sample(call: impl Fn(), spans: &mut [u64]) {
    for span in spans {
        let began = reading();
        call();
        *span = reading().saturating_sub(began);
    }
}
