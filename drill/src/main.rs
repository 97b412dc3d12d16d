//! Cuts a node of a four-node cluster that takes RustFS's own locks, and checks what foreshock says about it.

mod arguments;
mod handshake;
mod layout;
mod node;
mod orchestrator;

use arguments::{Arguments, Role};
use clap::Parser;
use std::process::ExitCode;

/// Also what `clap` ends with when it refuses an argument.
const CANNOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(Role::Node(node)) => match node::run(&node) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                eprintln!("{reason}");
                ExitCode::from(CANNOT_RUN)
            }
        },
        None => orchestrator::run(&arguments.drill),
    }
}
