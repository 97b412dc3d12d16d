//! A child process, from its start to its end. Dropped, it is killed and reaped.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

const KEPT_LINES: usize = 8;
const MAX_LINE_BYTES: u64 = 1_000;

pub(crate) struct Process {
    name: String,
    child: Child,
    complaints: Complaints,
}

impl Process {
    /// Each line of the standard error is kept for a while, and shown to `look` before.
    ///
    /// To be called on the main thread: the kernel kills the child when the thread that started it ends.
    pub(crate) fn start(
        name: impl Into<String>,
        command: &mut Command,
        look: impl FnMut(&str) + Send + 'static,
    ) -> Result<Self, String> {
        let name = name.into();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A Ctrl-C at the terminal is for the drill, which then ends its children.
            .process_group(0)
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        let complaints = Complaints::of(child.stderr.take(), look);
        Ok(Self { name, child, complaints })
    }

    pub(crate) fn input(&mut self) -> Option<&mut ChildStdin> {
        self.child.stdin.as_mut()
    }

    pub(crate) fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// An error, with the last words, if it has ended.
    pub(crate) fn check_alive(&mut self) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(self.obituary(status)),
            Err(error) => Err(format!("cannot watch {}: {error}", self.name)),
        }
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), String> {
        kill(self.pid(), signal).map_err(|error| format!("cannot send {signal} to {}: {error}", self.name))
    }

    /// Ends it at once, stopped or not.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        // Fails only if it is reaped already, and then there is nothing left to wait for.
        let _ = self.child.kill();
        self.child.wait().map(drop).map_err(|error| format!("cannot reap {}: {error}", self.name))
    }

    /// Ends it, if it has not ended by itself, and tells its last words.
    pub(crate) fn end_of_a_failed_start(&mut self) -> String {
        let _ = self.child.kill();
        match self.child.wait() {
            Ok(status) => self.obituary(status),
            Err(error) => format!("cannot reap {}: {error}", self.name),
        }
    }

    fn obituary(&mut self, status: ExitStatus) -> String {
        format!("{} died: {status}{}", self.name, self.complaints.take())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The last lines that it wrote to its standard error.
struct Complaints {
    lines: Arc<Mutex<VecDeque<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Complaints {
    fn of(errors: Option<ChildStderr>, look: impl FnMut(&str) + Send + 'static) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&lines);
        let reader = errors.map(|errors| std::thread::spawn(move || keep_last_lines(errors, &kept, look)));
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

fn keep_last_lines(errors: ChildStderr, kept: &Mutex<VecDeque<String>>, mut look: impl FnMut(&str)) {
    let mut errors = BufReader::new(errors);
    let mut bytes = Vec::new();
    while errors.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        look(&line);
        let mut lines = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
        bytes.clear();
    }
}
