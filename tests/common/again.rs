//! This test program run again, as another process that does what its own test would not survive.

use std::process::{Command, Output};

const ROLE: &str = "FORESHOCK_ROLE";

/// Runs the test of that name alone, in a process that is told its role.
pub(crate) fn run_again(test: &str, role: &str) -> Output {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]).env(ROLE, role);
    command.output().expect("it runs")
}

/// What this process was told; `None` in a usual run of the tests.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}
