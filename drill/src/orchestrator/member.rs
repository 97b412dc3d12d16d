//! One node process, from its start to its end. Dropped, it is killed and reaped.

use crate::handshake::{self, Members, Ports};
use crate::layout::NodeId;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

const START_LIMIT: Duration = Duration::from_secs(10);
const KEPT_LINES: usize = 8;
const MAX_LINE_BYTES: u64 = 1_000;

pub(crate) struct Member {
    node: NodeId,
    child: Child,
    complaints: Complaints,
}

impl Member {
    /// Starts the process and waits until it listens.
    ///
    /// To be called on the main thread: the kernel kills the node when the thread that started it ends.
    pub(crate) async fn start(node: NodeId, directory: &Path, ports: Ports) -> Result<(Self, Ports), String> {
        let executable = std::env::current_exe().map_err(|error| format!("cannot start {node}: {error}"))?;
        let mut child = Command::new(executable)
            .arg("node")
            .args(["--id", &node.to_string()])
            .args(["--parent", &std::process::id().to_string()])
            .args(["--rpc-port", &ports.rpc.to_string()])
            .args(["--metrics-port", &ports.metrics.to_string()])
            .arg("--directory")
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C at the terminal is for the orchestrator, which then ends the nodes.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {node}: {error}"))?;
        let complaints = Complaints::of(child.stderr.take());
        let ready = first_line(child.stdout.take());
        let mut member = Self { node, child, complaints };
        match timeout(START_LIMIT, ready).await {
            Ok(Ok(ports)) => Ok((member, ports)),
            Ok(Err(_)) => Err(member.end_of_a_failed_start()),
            Err(_) => Err(format!("{node} was not ready after {} s", START_LIMIT.as_secs())),
        }
    }

    pub(crate) fn introduce(&mut self, members: &Members) -> Result<(), String> {
        let input = self.child.stdin.as_mut().ok_or_else(|| format!("{} has no input", self.node))?;
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
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.obituary(status)),
            Err(error) => Err(format!("cannot watch {}: {error}", self.node)),
        }
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), String> {
        kill(self.pid(), signal).map_err(|error| format!("cannot send {signal} to {}: {error}", self.node))
    }

    /// Ends it at once, stopped or not.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        // Fails only if it is reaped already, and then there is nothing left to wait for.
        let _ = self.child.kill();
        self.child.wait().map(drop).map_err(|error| format!("cannot reap {}: {error}", self.node))
    }

    fn end_of_a_failed_start(&mut self) -> String {
        // Its output is closed, so it has ended or is about to; a node that hangs there is ended here.
        let _ = self.child.kill();
        match self.child.wait() {
            Ok(status) => self.obituary(status),
            Err(error) => format!("cannot reap {}: {error}", self.node),
        }
    }

    fn obituary(&mut self, status: ExitStatus) -> String {
        format!("{} died: {status}{}", self.node, self.complaints.take())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let _ = self.end();
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

/// The last lines that the node wrote to its standard error.
struct Complaints {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Complaints {
    fn of(errors: Option<ChildStderr>) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        let reader = errors.map(|errors| std::thread::spawn(move || keep_last_lines(errors, &kept)));
        Self { lines, reader }
    }

    /// For a process that has ended: its pipe is closed, so that the reader ends too.
    fn take(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| format!("\n  {line}")).collect()
    }
}

fn keep_last_lines(errors: ChildStderr, kept: &Mutex<VecDeque<String>>) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    while errors.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        let mut lines = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
}
