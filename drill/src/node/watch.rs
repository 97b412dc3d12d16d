//! What `foreshock` is told in a node, and where it serves what it makes of that.

use crate::layout::NodeId;
use crate::tempo::{Tempo, Windows};
use foreshock::prometheus::Exporter;
use foreshock::{Builder, Component, Error, LockPath, Monitor, Pattern};
use std::net::Ipv4Addr;

/// The monitor of this process and its `/metrics`. Every threshold is the library's default, and so is every window
/// unless the tempo says otherwise.
pub(super) struct Watch {
    monitor: Monitor,
    exporter: Exporter,
}

impl Watch {
    pub(super) fn start(metrics_port: u16, prefix: &str, tempo: Tempo) -> Result<Self, Error> {
        let exporter = Exporter::builder().listen((Ipv4Addr::LOCALHOST, metrics_port)).install()?;
        let builder = Monitor::builder().prefix(prefix);
        let monitor = match tempo.windows() {
            Some(windows) => with_windows(builder, windows),
            None => builder,
        }
        .start()?;
        Ok(Self { monitor, exporter })
    }

    pub(super) fn port(&self) -> u16 {
        self.exporter.local_addr().port()
    }

    pub(super) fn lock_path(&self, path: &str) -> LockPath {
        self.monitor.lock_path(path)
    }

    pub(super) fn peer(&self, peer: NodeId) -> Component {
        self.monitor.component(&peer.to_string())
    }

    pub(super) fn disk(&self, peer: NodeId) -> Component {
        self.monitor.component(&format!("{peer}/disk"))
    }

    pub(super) fn disk_quorum(&self) -> Component {
        self.monitor.component("disks")
    }

    pub(super) fn iam(&self) -> Component {
        self.monitor.component("iam")
    }

    pub(super) fn uploads(&self) -> Component {
        self.monitor.component("uploads")
    }
}

fn with_windows(builder: Builder, windows: &Windows) -> Builder {
    let builder = builder
        .publish_every(windows.publish_every)
        .degraded_for(windows.degraded_for)
        .window(windows.health)
        .bucket(windows.health_bucket)
        .recurrence_window(windows.recurrence)
        .no_patterns();
    Pattern::built_in()
        .into_iter()
        .fold(builder, |builder, pattern| builder.pattern(pattern.window(windows.pattern)))
}
