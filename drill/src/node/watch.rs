//! What `foreshock` is told in a node, and where it serves what it makes of that.

use crate::layout::{METRICS_PREFIX, NodeId};
use foreshock::prometheus::Exporter;
use foreshock::{Component, Error, LockPath, Monitor};
use std::net::Ipv4Addr;

/// The monitor of this process and its `/metrics`. Every threshold and window is the library's default.
pub(super) struct Watch {
    monitor: Monitor,
    exporter: Exporter,
}

impl Watch {
    pub(super) fn start(metrics_port: u16) -> Result<Self, Error> {
        let exporter = Exporter::builder().listen((Ipv4Addr::LOCALHOST, metrics_port)).install()?;
        let monitor = Monitor::builder().prefix(METRICS_PREFIX).start()?;
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
