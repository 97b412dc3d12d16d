//! Threads as the kernel knows them. Elsewhere than on Linux no thread can be ended from within, and that state is left out.

use crate::pin;

pub(crate) const CAN_END: bool = cfg!(target_os = "linux");

/// The number of this thread. Never 0.
#[cfg(target_os = "linux")]
pub(crate) fn number() -> i32 {
    // SAFETY: it has no precondition.
    unsafe { libc::gettid() }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn number() -> i32 {
    1
}

/// Whether this process has a thread of that number.
pub(crate) fn exists(number: i32) -> bool {
    !CAN_END || std::path::Path::new(&format!("/proc/self/task/{number}")).exists()
}

/// Ends this thread where it stands: nothing is unwound, no destructor runs, no lock is given back.
#[cfg(target_os = "linux")]
pub(crate) fn end() -> ! {
    // SAFETY: the kernel ends this thread alone. What lies on its stack stays there, because nobody joins it and so nobody
    // frees the stack: whoever had a reference into it still may use it.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
    unreachable!("the thread has ended")
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn end() -> ! {
    unreachable!("`CAN_END` is false")
}

/// Runs on a thread of its own that stays on one core. (Threads inherit the cores of the one that starts them: neither
/// collectors nor load are to be started from there.)
pub(crate) fn on_core<T: Send>(core: usize, run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            pin::to_core(core);
            run()
        });
        thread.join().expect("no panic")
    })
}
