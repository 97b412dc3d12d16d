//! The real Prometheus and the real Alertmanager, as child processes.

mod program;
mod prometheus;

pub(crate) use program::{Program, require_installed};
pub(crate) use prometheus::{Api, Series};
