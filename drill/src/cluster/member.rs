//! One node process, from its start to its end. Dropped, it is killed and reaped.

use super::NodeSetup;
use crate::handshake::{self, Members, Ports};
use crate::layout::NodeId;
use crate::process::Process;
use nix::sys::signal::Signal;
use std::io::BufReader;
use std::path::Path;
use std::process::{ChildStdout, Command};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

const START_LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Member {
    node: NodeId,
    process: Process,
}

impl Member {
    /// Starts the process and waits until it listens. To be called on the main thread, as [`Process::start`] is.
    pub(crate) async fn start(
        node: NodeId,
        setup: &NodeSetup,
        directory: &Path,
        ports: Ports,
    ) -> Result<(Self, Ports), String> {
        let executable = std::env::current_exe().map_err(|error| format!("cannot start {node}: {error}"))?;
        let mut command = Command::new(executable);
        command
            .arg("node")
            .args(["--id", &node.to_string()])
            .args(["--parent", &std::process::id().to_string()])
            .args(["--rpc-port", &ports.rpc.to_string()])
            .args(["--metrics-port", &ports.metrics.to_string()])
            .args(["--prefix", &setup.prefix])
            .args(["--tempo", setup.tempo.name()])
            .arg("--directory")
            .arg(directory);
        let mut process = Process::start(node.to_string(), &mut command, |_| {})?;
        let ready = first_line(process.take_output());
        match timeout(START_LIMIT, ready).await {
            Ok(Ok(ports)) => Ok((Self { node, process }, ports)),
            // Its output is closed, so it has ended or is about to; a node that hangs there is ended here.
            Ok(Err(_)) => Err(process.end_of_a_failed_start()),
            Err(_) => Err(format!("{node} was not ready after {} s", START_LIMIT.as_secs())),
        }
    }

    pub(crate) fn introduce(&mut self, members: &Members) -> Result<(), String> {
        let input = self.process.input().ok_or_else(|| format!("{} has no input", self.node))?;
        // If it has died meanwhile, that is the better message.
        match handshake::send(input, members) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.check_alive().and_then(|()| Err(format!("{} does not listen: {error}", self.node)))
            }
        }
    }

    /// An error, with the node's last words, if the process has ended.
    pub(crate) fn check_alive(&mut self) -> Result<(), String> {
        self.process.check_alive()
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), String> {
        self.process.signal(signal)
    }

    /// Ends it at once, stopped or not.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        self.process.end()
    }
}

/// Waits on a thread for the node to say where it listens. Whatever follows is read and thrown away, so that the
/// node never blocks on its output.
fn first_line(output: Option<ChildStdout>) -> oneshot::Receiver<Ports> {
    let (tell, ready) = oneshot::channel();
    std::thread::spawn(move || {
        let Some(output) = output else { return };
        let mut output = BufReader::new(output);
        if let Ok(ports) = handshake::receive(&mut output) {
            // Refused only if the wait for it was given up.
            let _ = tell.send(ports);
            let _ = std::io::copy(&mut output, &mut std::io::sink());
        }
    });
    ready
}
