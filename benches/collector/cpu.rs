//! Processor time of one thread: a wall clock says little on a machine that does other things too.

use nix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Of the thread that asks.
pub(crate) fn own_time() -> Duration {
    time_on(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// The thread that collects for the only monitor of this process that has one.
pub(crate) fn collector() -> Thread {
    loop {
        // A thread names itself, a moment after it was started.
        match *collectors() {
            [] => std::thread::yield_now(),
            [collector] => return collector,
            _ => panic!("more than one collector"),
        }
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
        time_on(ClockId::from_raw((!self.0 << 3) | 4 | 2))
    }
}

fn time_on(clock: ClockId) -> Duration {
    clock_gettime(clock).expect("a clock of this process").into()
}
