//! Cuts a node of a four-node cluster that takes RustFS's own locks, and checks what foreshock says about it.

mod arguments;
mod cluster;
mod ending;
mod exposition;
mod guard;
mod handshake;
mod http;
mod interrupt;
mod layout;
mod node;
mod orchestrator;
mod pages;
mod process;
mod tempo;

use arguments::{Arguments, Role};
use clap::Parser;
use std::process::ExitCode;

/// Also what `clap` ends with when it refuses an argument.
const CANNOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.role {
        Some(Role::Node(node)) => exit_code(node::run(&node)),
        Some(Role::Guard(guard)) => exit_code(guard::become_program(guard.parent, &guard.program)),
        Some(Role::Pages(pages)) => pages::run(&pages),
        None => orchestrator::run(&arguments.drill),
    }
}

fn exit_code(ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::from(CANNOT_RUN)
        }
    }
}
