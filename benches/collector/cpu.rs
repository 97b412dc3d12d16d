//! Processor time of one thread: a wall clock says little on a machine that does other things too.

use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// The thread of a collector that was started just now: one that is not among `known`.
pub(crate) fn new_collector(known: &[Thread]) -> Thread {
    loop {
        if let Some(new) = collectors().into_iter().find(|thread| !known.contains(thread)) {
            return new;
        }
        // A thread names itself, a moment after it was started.
        std::thread::yield_now();
    }
}

fn collectors() -> Vec<Thread> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let numbers = tasks.filter_map(|task| task.ok()?.file_name().to_str()?.parse().ok());
    let is_collector = |number: &i32| {
        let name = std::fs::read_to_string(format!("/proc/self/task/{number}/comm"));
        name.is_ok_and(|name| name.trim() == "foreshock")
    };
    numbers.filter(is_collector).map(Thread).collect()
}

/// Another thread of this process, by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Thread(i32);

impl Thread {
    pub(crate) fn time(self) -> Duration {
        // The kernel makes the number of a thread's clock from the thread's: 4 is for one thread, 2 for time that it ran.
        let clock = ClockId::from_raw((!self.0 << 3) | 4 | 2);
        clock_gettime(clock).expect("the thread lives").into()
    }
}
