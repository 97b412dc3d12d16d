//! A server that logs where it listens, from its start until it is ready. Dropped, it is gone.

use crate::http::{Client, FetchError};
use crate::process::Process;
use hyper::Uri;
use nix::sys::signal::Signal;
use std::env;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

const START_LIMIT: Duration = Duration::from_secs(20);
const ASK_EVERY: Duration = Duration::from_millis(50);
const MAX_ANSWER_BYTES: usize = 1 << 16;

/// What each of them may be called.
const PROMETHEUS: &[&str] = &["prometheus"];
const ALERTMANAGER: &[&str] = &["prometheus-alertmanager", "alertmanager"];

pub(crate) struct Program {
    name: &'static str,
    process: Process,
    address: SocketAddr,
}

/// An error that says how to get what is missing.
pub(crate) fn require_installed() -> Result<(), String> {
    find("Prometheus", PROMETHEUS).and_then(|_| find("Alertmanager", ALERTMANAGER)).map(drop)
}

impl Program {
    /// With its rules where the configuration says, and its data in a directory of its own.
    pub(crate) async fn start_prometheus(
        configuration: &Path,
        data: &Path,
        settings: &[String],
    ) -> Result<Self, String> {
        let mut arguments = vec![
            flag("--config.file=", configuration),
            flag("--storage.tsdb.path=", data),
            "--web.listen-address=127.0.0.1:0".into(),
        ];
        arguments.extend(settings.iter().map(OsString::from));
        Self::start("Prometheus", PROMETHEUS, &arguments).await
    }

    /// Alone: without a cluster of its kind.
    pub(crate) async fn start_alertmanager(configuration: &Path, data: &Path) -> Result<Self, String> {
        let arguments = [
            flag("--config.file=", configuration),
            flag("--storage.path=", data),
            "--web.listen-address=127.0.0.1:0".into(),
            "--cluster.listen-address=".into(),
        ];
        Self::start("Alertmanager", ALERTMANAGER, &arguments).await
    }

    async fn start(name: &'static str, programs: &[&str], arguments: &[OsString]) -> Result<Self, String> {
        let program = find(name, programs)?;
        let own = env::current_exe().map_err(|error| format!("cannot start {name}: {error}"))?;
        let (tell, listening) = oneshot::channel();
        let mut tell = Some(tell);
        let mut process = Process::start(
            name,
            Command::new(own)
                .args(["guard", "--parent", &std::process::id().to_string(), "--"])
                .arg(program)
                .args(arguments),
            move |line| {
                if let Some(address) = address_in(line)
                    && let Some(tell) = tell.take()
                {
                    // Refused only if the wait for it was given up.
                    let _ = tell.send(address);
                }
            },
        )?;
        if let Some(mut output) = process.take_output() {
            std::thread::spawn(move || io::copy(&mut output, &mut io::sink()));
        }
        let deadline = Instant::now() + START_LIMIT;
        let address = match timeout(START_LIMIT, listening).await {
            Ok(Ok(address)) => address,
            // Its standard error is closed.
            Ok(Err(_)) => return Err(process.end_of_a_failed_start()),
            Err(_) => return Err(format!("{name} did not listen after {} s", START_LIMIT.as_secs())),
        };
        let mut server = Self { name, process, address };
        server.wait_until_ready(deadline).await?;
        Ok(server)
    }

    async fn wait_until_ready(&mut self, deadline: Instant) -> Result<(), String> {
        let client = Client::new(MAX_ANSWER_BYTES);
        let uri: Uri = format!("http://{}/-/ready", self.address).parse().expect("an address makes a URI");
        loop {
            let last = match timeout(Duration::from_secs(1), client.get(&uri)).await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(FetchError::Bad(answer))) => answer,
                Ok(Err(FetchError::Silent)) | Err(_) => "no answer".to_owned(),
            };
            self.check_alive()?;
            if Instant::now() >= deadline {
                return Err(format!("{} was not ready after {} s: {last}", self.name, START_LIMIT.as_secs()));
            }
            sleep(ASK_EVERY).await;
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// An error, with its last words, if it has ended.
    pub(crate) fn check_alive(&mut self) -> Result<(), String> {
        self.process.check_alive()
    }

    /// Has it read its configuration again.
    pub(crate) fn reload(&self) -> Result<(), String> {
        self.process.signal(Signal::SIGHUP)
    }
}

fn flag(name: &str, path: &Path) -> OsString {
    let mut flag = OsString::from(name);
    flag.push(path);
    flag
}

fn find(name: &str, programs: &[&str]) -> Result<PathBuf, String> {
    let folders = env::var_os("PATH").unwrap_or_default();
    let candidates = env::split_paths(&folders)
        .flat_map(|folder| programs.iter().map(move |program| folder.join(program)));
    candidates.into_iter().find(|candidate| candidate.is_file()).ok_or_else(|| {
        format!(
            "{name} is not installed (no {} in PATH). On Debian: apt-get install prometheus prometheus-alertmanager",
            programs.join(" or ")
        )
    })
}

/// From the line that both servers log once they listen.
fn address_in(line: &str) -> Option<SocketAddr> {
    if !line.contains("msg=\"Listening on\"") {
        return None;
    }
    line.split_whitespace().find_map(|field| field.strip_prefix("address="))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_one_that_was_bound() {
        let asked = r#"level=info component=web msg="Start listening for connections" address=127.0.0.1:0"#;
        let bound = r#"ts=2 caller=tls_config.go:232 level=info msg="Listening on" address=127.0.0.1:36195"#;
        assert_eq!(address_in(asked), None);
        assert_eq!(address_in(bound), Some(([127, 0, 0, 1], 36_195).into()));
    }

    #[test]
    fn what_is_missing_is_named_with_its_packages() {
        let error = find("Prometheus", &["no-such-program", "nor-this"]).expect_err("it is not there");
        for part in [
            "Prometheus",
            "no-such-program or nor-this",
            "apt-get install prometheus prometheus-alertmanager",
        ] {
            assert!(error.contains(part), "{error}");
        }
    }
}
