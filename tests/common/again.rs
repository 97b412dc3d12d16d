//! This test program run again, as another process that does what its own test would not survive.

use std::process::{Child, Command, Output, Stdio};

const ROLE: &str = "FORESHOCK_ROLE";

/// Runs the test of that name alone, in a process that is told its role.
pub(crate) fn run_again(test: &str, role: &str) -> Output {
    start_again(test, role).wait_with_output().expect("it ends")
}

/// Starts the same, for the caller to wait for.
pub(crate) fn start_again(test: &str, role: &str) -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]).env(ROLE, role);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
}

/// What this process was told; `None` in a usual run of the tests.
pub(crate) fn role() -> Option<String> {
    std::env::var(ROLE).ok()
}
