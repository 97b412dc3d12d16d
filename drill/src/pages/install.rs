//! Installs `deploy/` as an operator would, in a directory of the drill's. What differs from how it stands there is the
//! time, which is scaled, and the addresses and secrets, which every operator fills in.

use super::receiver::{Endpoint, pagerduty};
use super::scale::scale_settings;
use crate::handshake::Ports;
use crate::layout::NodeId;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where `prometheus.yml` has Alertmanager.
const ALERTMANAGER_ADDRESS: &str = "localhost:9093";

pub(crate) struct Installation {
    deploy: PathBuf,
    directory: PathBuf,
}

impl Installation {
    pub(crate) fn new(deploy: &Path, directory: &Path) -> Self {
        Self { deploy: deploy.to_owned(), directory: directory.to_owned() }
    }

    /// Where its configuration is. The endpoint hands out a webhook for each file that is to hold one.
    pub(crate) fn alertmanager(&self, endpoint: &mut Endpoint) -> Result<PathBuf, String> {
        let text = self.read("alertmanager/alertmanager.yml")?;
        let text = with_value(&text, "pagerduty_url", &endpoint.pagerduty_url())?;
        let text = self.with_secret(&text, "routing_key_file", pagerduty::ROUTING_KEY)?;
        let text = self.with_webhooks(&text, "api_url_file", endpoint)?;
        self.write_scaled("alertmanager/alertmanager.yml", &text)
    }

    /// Where its configuration is. Without the rules: they follow once the nodes are scraped.
    pub(crate) fn prometheus(
        &self,
        alertmanager: SocketAddr,
        nodes: &BTreeMap<NodeId, Ports>,
    ) -> Result<PathBuf, String> {
        let text = self.read("prometheus/prometheus.yml")?;
        let text = with_once(&text, ALERTMANAGER_ADDRESS, &alertmanager.to_string())?;
        self.write("prometheus/targets/nodes.yml", &targets(nodes))?;
        self.write_scaled("prometheus/prometheus.yml", &text)
    }

    pub(crate) fn rules(&self) -> Result<(), String> {
        let folder = self.deploy.join("prometheus/rules");
        let cannot_list = |error| format!("cannot list {}: {error}", folder.display());
        let mut count = 0;
        for entry in fs::read_dir(&folder).map_err(cannot_list)? {
            let name = entry.map_err(cannot_list)?.file_name();
            let file = format!("prometheus/rules/{}", name.to_string_lossy());
            self.write_scaled(&file, &self.read(&file)?)?;
            count += 1;
        }
        if count == 0 { Err(format!("no rules in {}", folder.display())) } else { Ok(()) }
    }

    /// With the secret in a file of the drill's, and the key pointing to it.
    fn with_secret(&self, text: &str, key: &str, secret: &str) -> Result<String, String> {
        let name = secret_name(key, value_of(text, key)?)?;
        let path = self.write_secret(name, secret)?;
        with_value(text, key, &path)
    }

    /// With a webhook in a file of the drill's for each file that the lines with the key point to.
    fn with_webhooks(&self, text: &str, key: &str, endpoint: &mut Endpoint) -> Result<String, String> {
        with_values(text, key, |value| {
            let name = secret_name(key, value)?;
            let url = endpoint.slack_url(name).map_err(|error| format!("`{key}: {value}`: {error}"))?;
            self.write_secret(name, &url)
        })
    }

    /// Where the secret is now.
    fn write_secret(&self, name: &str, secret: &str) -> Result<String, String> {
        self.write(&format!("alertmanager/secrets/{name}"), secret).map(|path| path.display().to_string())
    }

    fn read(&self, file: &str) -> Result<String, String> {
        let path = self.deploy.join(file);
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    }

    fn write_scaled(&self, file: &str, text: &str) -> Result<PathBuf, String> {
        let scaled =
            scale_settings(text).map_err(|error| format!("{}/{file}: {error}", self.deploy.display()))?;
        self.write(file, &scaled)
    }

    fn write(&self, file: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.directory.join(file);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
        written.map(|()| path.clone()).map_err(|error| format!("cannot write {}: {error}", path.display()))
    }
}

/// As `targets/nodes.yml` has them: each node under its name.
fn targets(nodes: &BTreeMap<NodeId, Ports>) -> String {
    nodes.iter().fold(String::new(), |mut text, (node, ports)| {
        let _ = writeln!(text, "- targets: [127.0.0.1:{}]\n  labels: {{instance: {node}}}", ports.metrics);
        text
    })
}

fn with_once(text: &str, from: &str, to: &str) -> Result<String, String> {
    match text.matches(from).count() {
        1 => Ok(text.replace(from, to)),
        count => Err(format!("`{from}` is there {count} times, expected is once")),
    }
}

/// The name of a secret's file.
fn secret_name<'t>(key: &str, path: &'t str) -> Result<&'t str, String> {
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err(format!(
            "`{key}: {}` is relative: Alertmanager looks for it in its working directory, not beside its configuration",
            path.display()
        ));
    }
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| format!("`{key}: {}` names no file", path.display()))
}

/// With another value of a key that stands in a line of its own, once.
fn with_value(text: &str, key: &str, value: &str) -> Result<String, String> {
    value_of(text, key)?;
    with_values(text, key, |_| Ok(value.to_owned()))
}

/// With another value in every line with the key, of which there is at least one.
fn with_values(
    text: &str,
    key: &str,
    mut other: impl FnMut(&str) -> Result<String, String>,
) -> Result<String, String> {
    let mut replaced = String::with_capacity(text.len());
    let mut count = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let Some(value) = value_in(content, key) else {
            replaced.push_str(line);
            continue;
        };
        replaced.push_str(&content[..content.len() - value.len()]);
        replaced.push_str(&other(value)?);
        replaced.push_str(&line[content.len()..]);
        count += 1;
    }
    if count == 0 { Err(format!("`{key}` is not there")) } else { Ok(replaced) }
}

/// The value in the only line with the key.
fn value_of<'t>(text: &'t str, key: &str) -> Result<&'t str, String> {
    let found: Vec<_> = text.lines().filter_map(|line| value_in(line.trim_end(), key)).collect();
    match found.as_slice() {
        [only] => Ok(only),
        _ => Err(format!("`{key}` is there {} times, expected is once", found.len())),
    }
}

/// The value, up to the end of the line, if the line is one with the key.
fn value_in<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let content = line.trim_start();
    let pair = content.strip_prefix("- ").unwrap_or(content);
    pair.strip_prefix(key)?.strip_prefix(": ").map(str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_value_is_replaced_where_it_stands() {
        let text = "global:\n  pagerduty_url: https://a/b\n  other: c\n";
        let replaced = with_value(text, "pagerduty_url", "http://x").expect("it is there");
        assert_eq!(replaced, "global:\n  pagerduty_url: http://x\n  other: c\n");
        assert!(with_value(text, "slack_url", "x").is_err());
        assert!(with_value(&format!("{text}{text}"), "pagerduty_url", "x").is_err());
        let item = "  - routing_key_file: a\n    severity: critical\n";
        let replaced = with_value(item, "routing_key_file", "/b").expect("it is there");
        assert_eq!(replaced, "  - routing_key_file: /b\n    severity: critical\n");
        assert_eq!(with_once("a [b]", "b", "c").as_deref(), Ok("a [c]"));
    }

    #[test]
    fn every_line_with_the_key_gets_a_value_of_its_own() {
        let text = "a:\n  - url_file: /x/b\n    c: d\n  - my_url_file: /x/e\n    url_file:  /y/f \n";
        let replaced =
            with_values(text, "url_file", |value| secret_name("url_file", value).map(str::to_uppercase));
        assert_eq!(
            replaced.as_deref(),
            Ok("a:\n  - url_file: B\n    c: d\n  - my_url_file: /x/e\n    url_file:  F \n")
        );
        assert!(with_values(text, "api_url_file", |value| Ok(value.to_owned())).is_err());
        assert_eq!(with_values(text, "url_file", |_| Err("no".to_owned())), Err("no".to_owned()));
    }

    #[test]
    fn a_secret_is_named_by_an_absolute_path() {
        assert_eq!(secret_name("k", "/etc/secrets/slack_operations_url"), Ok("slack_operations_url"));
        let refused = secret_name("k", "secrets/slack_operations_url").expect_err("it is relative");
        assert!(refused.starts_with("`k: secrets/slack_operations_url` is relative"), "{refused}");
        assert!(secret_name("k", "/").is_err());
    }

    /// Where a configuration with these files of webhooks was installed, and what it says there.
    fn install(webhooks: &[&str], endpoint: &mut Endpoint) -> Result<(TempDir, String), String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let installation = Installation::new(&directory.path().join("deploy"), directory.path());
        let lines: String = webhooks.iter().map(|path| format!("  - api_url_file: {path}\n")).collect();
        let text = format!("pagerduty_url: http://p\nrouting_key_file: /etc/key\nslack_configs:\n{lines}");
        installation.write("deploy/alertmanager/alertmanager.yml", &text)?;
        let installed = fs::read_to_string(installation.alertmanager(endpoint)?).expect("it was written");
        Ok((directory, installed))
    }

    #[tokio::test]
    async fn every_channel_has_its_webhook_in_its_file() {
        let mut endpoint = Endpoint::bind().await.expect("a port");
        let files = ["/etc/slack_operations_url", "/etc/slack_monitoring_url", "/etc/slack_operations_url"];
        let (directory, installed) = install(&files, &mut endpoint).expect("it is in order");
        let installed: Vec<_> = installed.lines().filter_map(|line| value_in(line, "api_url_file")).collect();
        let secrets = directory.path().join("alertmanager/secrets");
        for (at, name) in installed.iter().zip(files.map(|file| &file["/etc/".len()..])) {
            assert_eq!(Path::new(at), secrets.join(name));
            let url = fs::read_to_string(at).expect("it was written");
            assert_eq!(Ok(url), endpoint.slack_url(name));
        }
        assert_eq!(installed.len(), 3);
        for wrong in [&[][..], &["etc/slack_operations_url"], &["/etc/operations"]] {
            assert!(install(wrong, &mut endpoint).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn every_node_is_a_target_under_its_name() {
        let ports = NodeId::ALL.into_iter().zip(1..).map(|(node, metrics)| (node, Ports { rpc: 9, metrics }));
        let text = targets(&ports.collect());
        assert!(
            text.starts_with("- targets: [127.0.0.1:1]\n  labels: {instance: node1}\n- targets"),
            "{text}"
        );
        assert_eq!(text.matches("instance: node").count(), 4);
    }
}
