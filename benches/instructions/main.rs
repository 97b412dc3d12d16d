//! Instructions of each recording call, counted by callgrind, against a ceiling.
//!
//! `cargo bench --bench instructions`. A count is the same on every run and on a busy machine, so it can fail a build where
//! a time cannot. The program runs itself under valgrind, once for each operation, which counts what happens below the
//! function `measured` alone.

mod ceilings;

use ceilings::CEILINGS;
use foreshock::{FailureType, Monitor};
use std::hint::black_box;
use std::process::{Command, ExitCode};

/// Fewer than a ring holds: a call that finds it full is another one.
const CALLS: u64 = 500;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [] => count_all(),
        [inside, operation] if inside == "--inside" => {
            run(operation);
            ExitCode::SUCCESS
        }
        other => {
            eprintln!("instructions: takes no arguments, got {other:?}");
            ExitCode::FAILURE
        }
    }
}

fn count_all() -> ExitCode {
    let mut failed = false;
    println!("{:<28} {:>12} {:>8}", "operation", "instructions", "ceiling");
    for (operation, ceiling) in CEILINGS {
        match count(operation) {
            Ok(instructions) => {
                let verdict = if instructions > *ceiling { "  TOO MANY" } else { "" };
                println!("{operation:<28} {instructions:>12} {ceiling:>8}{verdict}");
                failed |= instructions > *ceiling;
            }
            Err(error) => {
                eprintln!("instructions: {operation}: {error}");
                failed = true;
            }
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Instructions of one call, rounded up.
fn count(operation: &str) -> Result<u64, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=measured"])
        .arg(program)
        .args(["--inside", operation])
        .output()
        .map_err(|error| format!("valgrind does not run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .and_then(|(_, count)| count.trim().parse::<u64>().ok())
        .filter(|count| output.status.success() && *count >= CALLS);
    collected
        .map(|count| count.div_ceil(CALLS))
        .ok_or_else(|| format!("no count in valgrind's output:\n{text}"))
}

/// What callgrind counts. A function of its own, by this name, for each operation that is asked for.
#[unsafe(no_mangle)]
#[inline(never)]
fn measured(call: &dyn Fn()) {
    call();
}

fn repeated(call: impl Fn()) {
    // Once outside of the count: the first call of a thread takes its block.
    call();
    measured(&|| {
        for _ in 0..CALLS {
            call();
        }
    });
}

fn run(operation: &str) {
    let monitor = Monitor::builder().manual().start().expect("default settings");
    let plain = Monitor::builder().manual().track_latency(false).start().expect("default settings");
    let name = "config/iam/users/of/the/second/tenant/and/b";
    let (lock, plain_lock) = (monitor.lock_path(name), plain.lock_path(name));
    let peer = plain.component("node3");
    match operation {
        "record_success" => repeated(|| black_box(&plain_lock).record_success()),
        "attempt_success" => repeated(|| black_box(&plain_lock).attempt().success()),
        "attempt_success_latency" => repeated(|| black_box(&lock).attempt().success()),
        "record_success_by_name" => repeated(|| plain.record_success(black_box(name))),
        "record_timeout" => repeated(|| black_box(&plain_lock).record_timeout()),
        "record_failure" => repeated(|| black_box(&peer).record_failure(FailureType::PeerUnreachable)),
        "health" => repeated(|| _ = black_box(black_box(&plain_lock).health())),
        unknown => panic!("no operation {unknown:?}"),
    }
}
