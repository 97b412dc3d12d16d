//! What the system says the process has in memory.

/// Bytes resident, counted page by page; `None` where the system does not say.
pub(crate) fn bytes() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix(" kB"))?;
    kib.parse::<i64>().ok().map(|kib| kib * 1_024)
}
