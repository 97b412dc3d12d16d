//! Every operation that is measured: the machine's own, ours, and those that one would use instead.

pub(crate) mod ours;
mod peers;
pub(crate) mod primitives;

pub(crate) use primitives::{BASELINE, CLOCK_READ, CONTROL};

use crate::measure::Subject;

/// A name as a store has them: 43 bytes.
pub(crate) const NAME: &str = "config/iam/users/of/the/second/tenant/and/b";

pub(crate) fn all() -> Vec<Subject> {
    let mut all = primitives::subjects();
    all.extend(ours::subjects());
    all.extend(peers::subjects());
    all
}
