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

    /// Where its configuration is.
    pub(crate) fn alertmanager(&self, endpoint: &Endpoint) -> Result<PathBuf, String> {
        let text = self.read("alertmanager/alertmanager.yml")?;
        let text = with_value(&text, "pagerduty_url", &endpoint.pagerduty_url())?;
        let text = self.with_secret(&text, "routing_key_file", pagerduty::ROUTING_KEY)?;
        let text = self.with_secret(&text, "slack_api_url_file", &endpoint.slack_url())?;
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
        let (_, value) = value_of(text, key)?;
        if !Path::new(value).is_absolute() {
            return Err(format!(
                "`{key}: {value}` is relative: Alertmanager looks for it in its working directory, not beside its configuration"
            ));
        }
        let path = self.write(&format!("alertmanager/secrets/{key}"), secret)?;
        with_value(text, key, &path.display().to_string())
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

/// With another value of a key that stands in a line of its own, once.
fn with_value(text: &str, key: &str, value: &str) -> Result<String, String> {
    let (line, old) = value_of(text, key)?;
    with_once(text, line, &format!("{}{value}", &line[..line.len() - old.len()]))
}

/// The only line with the key, and its value.
fn value_of<'t>(text: &'t str, key: &str) -> Result<(&'t str, &'t str), String> {
    let value = |line: &'t str| {
        let content = line.trim_start();
        let pair = content.strip_prefix("- ").unwrap_or(content);
        pair.strip_prefix(key)?.strip_prefix(": ").map(|value| (line, value.trim_start()))
    };
    let found: Vec<_> = text.lines().filter_map(value).collect();
    match found.as_slice() {
        [only] => Ok(*only),
        _ => Err(format!("`{key}` is there {} times, expected is once", found.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
