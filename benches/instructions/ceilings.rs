//! How many instructions a call may take, its share of the loop around it included.
//!
//! A figure that falls well below its ceiling is a reason to lower the ceiling.

pub(crate) const CEILINGS: &[(&str, u64)] = &[
    ("record_success", 16),
    ("attempt_success", 65),
    ("attempt_success_latency", 104),
    ("record_success_by_name", 99),
    ("record_timeout", 111),
    ("record_failure", 67),
    ("health", 22),
];
