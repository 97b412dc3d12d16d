//! Recording makes no system call: a thread that may make none but the one that ends the process records a million times.
//!
//! The kernel is the judge (`seccomp`): it kills the process at the first other call. The test runs itself again as
//! that process. `ci/deep.d/43-no-syscall` watches the same program from outside, with `strace`, between two calls that mark
//! the span.

#![cfg(target_os = "linux")]

mod common;

use common::again::{role, run_again};
use common::mixed::{A_ROUND, Host, ROUNDS};
use foreshock::Monitor;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

const PROGRAM: &str = "the_program_that_is_run_again";
/// Exit status where the kernel refuses the seal.
const CANNOT_SEAL: i32 = 77;
/// No `which` of `getpriority` that there is.
const MARK: u32 = 0x5ea1;

/// False where this cannot be shown.
fn can_seal(status: ExitStatus) -> bool {
    let refused = status.code() == Some(CANNOT_SEAL);
    if refused {
        println!("SKIPPED: this kernel lets no process give up its system calls");
    }
    !refused
}

#[test]
fn a_million_records_make_no_system_call() {
    let status = run_again(PROGRAM, "sealed").status;
    if can_seal(status) {
        assert_eq!((status.code(), status.signal()), (Some(0), None), "killed by the kernel");
        println!("FIGURE {} mixed records without a system call, under seccomp", ROUNDS * A_ROUND);
    }
}

#[test]
fn one_system_call_among_the_records_is_found() {
    let status = run_again(PROGRAM, "sealed with one").status;
    if can_seal(status) {
        assert_eq!(status.signal(), Some(libc::SIGSYS));
    }
}

/// Its role: `sealed` or `marked`, and either of them with a system call among the records.
#[test]
fn the_program_that_is_run_again() {
    let Some(role) = role() else {
        return;
    };
    let monitor = Monitor::builder().tick(Duration::from_millis(1)).start().expect("valid settings");
    let host = Host::new(monitor);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A first record takes a block. By 1 ms the collector is at work.
            host.record(0);
            std::thread::sleep(Duration::from_millis(1));
            if role.starts_with("sealed") {
                seal()
            } else {
                mark(1)
            }
            for round in 0..ROUNDS {
                host.record(round);
            }
            if role.ends_with("with one") {
                // SAFETY: it has no precondition.
                unsafe { libc::getppid() };
            }
            if role.starts_with("marked") {
                mark(2);
            }
            // SAFETY: ends the process at once; nothing of it is needed any more.
            unsafe { libc::_exit(0) }
        });
    });
}

/// A call that does nothing, and is easily found.
fn mark(end: u32) {
    // SAFETY: it takes two numbers, and refuses the first.
    unsafe { libc::getpriority(MARK, end) };
}

/// From here on this thread may make no system call but the one that ends the process; any other kills it.
fn seal() {
    let statement = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let number_is =
        |k| libc::sock_filter { code: (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16, jt: 0, jf: 1, k };
    let answer = (libc::BPF_RET | libc::BPF_K) as u16;
    let mut filter = [
        // The number of the call is the first word that the filter is given.
        statement((libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16, 0),
        number_is(libc::SYS_exit_group as u32),
        statement(answer, libc::SECCOMP_RET_ALLOW),
        statement(answer, libc::SECCOMP_RET_KILL_PROCESS),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the filter and the program are there until the calls return, and the kernel copies them.
    let sealed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) == 0
    };
    if !sealed {
        std::process::exit(CANNOT_SEAL);
    }
}
