//! Binds this process to the life of the one that started it.

use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::getppid;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Whatever becomes of the parent, this process does not outlive it, not even while it is stopped.
pub(crate) fn die_with_parent(parent: i32) -> Result<(), String> {
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|error| format!("no parent-death signal: {error}"))?;
    // It may have gone before the line above.
    if getppid().as_raw() == parent {
        Ok(())
    } else {
        Err("the process that started this one is gone".to_owned())
    }
}

/// Becomes another program, which keeps the bond: it knows nothing of it. Returns only if that fails.
pub(crate) fn become_program(parent: i32, program: &[OsString]) -> Result<(), String> {
    die_with_parent(parent)?;
    let (name, arguments) = program.split_first().ok_or("no program is named")?;
    let error = Command::new(name).args(arguments).exec();
    Err(format!("cannot run {}: {error}", name.to_string_lossy()))
}
