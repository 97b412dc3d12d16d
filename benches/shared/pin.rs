//! Keeps threads that are to run at once on different cores. Where a system cannot, the scheduler decides.

#[cfg(target_os = "linux")]
pub(crate) fn to_core(core: usize) {
    use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
    use nix::unistd::Pid;

    let this_thread = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(this_thread) else { return };
    let allowed: Vec<usize> = (0..CpuSet::count()).filter(|core| allowed.is_set(*core) == Ok(true)).collect();
    let mut one = CpuSet::new();
    if one.set(allowed[core % allowed.len()]).is_ok() {
        // Refused at worst, and then the scheduler decides.
        let _ = sched_setaffinity(this_thread, &one);
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn to_core(_core: usize) {}
