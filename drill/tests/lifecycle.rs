//! However the drill ends, it says why, and leaves no process, no port and no file behind.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_bad_argument_is_named_with_what_is_allowed() {
    let cases = [
        (["--outage", "5"], "10..=30"),
        (["--fault", "flood"], "power-cut, kill"),
        (["--ports", "80"], "1024..=65528"),
    ];
    for ([argument, value], allowed) in cases {
        let (output, directory) = run_to_end(&[argument, value]);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{complaint}");
        for part in [argument, value, allowed] {
            assert!(complaint.contains(part), "{complaint}");
        }
        assert_empty(directory.path());
    }
}

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("it is bound").port();
    // Node1's calls, and node1's metrics.
    for base in [port, port - 4] {
        let (output, directory) = run_to_end(&["--ports", &base.to_string()]);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{complaint}");
        assert!(complaint.contains("node1 died: exit status: 2"), "{complaint}");
        assert!(complaint.contains(&format!("cannot listen on 127.0.0.1:{port}")), "{complaint}");
        assert_empty(directory.path());
    }
}

#[test]
fn a_node_that_dies_unasked_ends_the_drill() {
    let drill = Drill::start();
    let nodes = drill.nodes();
    let (victim, _) = nodes.iter().find(|(_, id)| id == "node2").expect("there is a node2");
    kill(*victim, Signal::SIGKILL).expect("it is there");
    let (status, complaint) = drill.end();
    assert_eq!(status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("node2 died: signal: 9"), "{complaint}");
    assert_gone(&nodes);
}

#[test]
fn an_interrupted_drill_leaves_nothing() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let drill = Drill::start();
        let (nodes, port) = (drill.nodes(), drill.metrics_port);
        // As in the middle of a power cut: only SIGKILL reaches a stopped process.
        kill(nodes[3].0, Signal::SIGSTOP).expect("it is there");
        kill(drill.pid(), signal).expect("it is there");
        let (status, complaint) = drill.end();
        assert_eq!(status.code(), Some(130), "{signal}: {complaint}");
        assert!(complaint.contains("interrupted"), "{complaint}");
        assert_gone(&nodes);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "a port is still open");
    }
}

#[test]
fn nodes_do_not_outlive_a_drill_that_is_killed() {
    let drill = Drill::start();
    let nodes = drill.nodes();
    kill(nodes[3].0, Signal::SIGSTOP).expect("it is there");
    kill(drill.pid(), Signal::SIGKILL).expect("it is there");
    // Its directory stays: nobody is left to remove it.
    drill.wait();
    assert_gone(&nodes);
}

#[test]
fn a_node_without_its_drill_does_not_start() {
    let directory = TempDir::new().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_foreshock-drill"))
        .args([
            "node",
            "--id",
            "node1",
            "--parent",
            "1",
            "--rpc-port",
            "0",
            "--metrics-port",
            "0",
            "--directory",
        ])
        .arg(directory.path())
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is gone"));
}

#[test]
fn a_guarded_program_does_not_outlive_who_started_it() {
    let mut shell = Command::new("sh")
        .args(["-c", "\"$0\" guard --parent $$ -- sleep 300 & echo $!; wait"])
        .arg(env!("CARGO_BIN_EXE_foreshock-drill"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let output = lines(shell.stdout.take().expect("it is piped"));
    let pid = output.recv_timeout(PATIENCE).expect("it tells the process").parse().expect("a number");
    let deadline = Instant::now() + PATIENCE;
    while !std::fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("it runs").starts_with("sleep") {
        assert!(Instant::now() < deadline, "it does not become the program");
        std::thread::sleep(Duration::from_millis(10));
    }
    shell.kill().expect("it is there");
    shell.wait().expect("it ends");
    assert_gone(&[(Pid::from_raw(pid), "sleep".to_owned())]);
}

#[test]
fn pages_without_the_servers_says_which_packages_have_them() {
    let (output, directory) = run(&["pages"], &[("PATH", "/nowhere")]);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(complaint.contains("apt-get install prometheus prometheus-alertmanager"), "{complaint}");
    assert_empty(directory.path());
}

/// For a drill that ends by itself, and soon. The directory is the one for its temporary files.
fn run_to_end(arguments: &[&str]) -> (Output, TempDir) {
    run(arguments, &[])
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Output, TempDir) {
    let directory = TempDir::new().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_foreshock-drill"))
        .args(arguments)
        .envs(environment.iter().copied())
        .env("TMPDIR", directory.path())
        .output()
        .expect("it runs");
    (output, directory)
}

/// A drill whose four nodes answer.
struct Drill {
    child: Child,
    metrics_port: u16,
    directory: TempDir,
}

impl Drill {
    fn start() -> Self {
        let directory = TempDir::new().expect("a directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_foreshock-drill"))
            .env("TMPDIR", directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = lines(child.stdout.take().expect("it is piped"));
        let (mut answering, mut metrics_port) = (0, None);
        while answering < 4 {
            let line = lines.recv_timeout(PATIENCE).expect("four nodes answer");
            answering += usize::from(line.ends_with("  answers"));
            let port = line.strip_suffix("/metrics").and_then(|url| url.rsplit(':').next()?.parse().ok());
            metrics_port = metrics_port.or(port);
        }
        Self { child, metrics_port: metrics_port.expect("the ports are told"), directory }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Process and name of each node, in the order of their start.
    fn nodes(&self) -> Vec<(Pid, String)> {
        let pid = self.pid();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("it runs");
        let nodes: Vec<_> = children
            .split_whitespace()
            .map(|child| {
                let line = std::fs::read_to_string(format!("/proc/{child}/cmdline")).expect("it runs");
                let id = line.split('\0').skip_while(|part| *part != "--id").nth(1).expect("it has a name");
                (Pid::from_raw(child.parse().expect("a number")), id.to_owned())
            })
            .collect();
        assert_eq!(nodes.len(), 4);
        nodes
    }

    /// Waits for it to end by itself, and looks at what it left.
    fn end(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("it ends");
        let mut complaint = String::new();
        self.child.stderr.take().expect("it is piped").read_to_string(&mut complaint).expect("it is text");
        assert_empty(self.directory.path());
        (status, complaint)
    }

    fn wait(mut self) {
        self.child.wait().expect("it ends");
    }
}

/// The lines of a stream as they come; read on a thread, so that the wait for one can have a bound.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        // Goes on reading when nobody listens any more: the drill must not stand still for it.
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = send.send(line);
        }
    });
    lines
}

fn assert_gone(nodes: &[(Pid, String)]) {
    let deadline = Instant::now() + PATIENCE;
    for (pid, id) in nodes {
        while Path::new(&format!("/proc/{pid}")).exists() {
            assert!(Instant::now() < deadline, "{id} is still there");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn assert_empty(directory: &Path) {
    let left: Vec<_> = std::fs::read_dir(directory).expect("it is there").collect();
    assert!(left.is_empty(), "{left:?}");
}
