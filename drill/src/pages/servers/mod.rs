//! The real Prometheus and the real Alertmanager, as child processes.

mod alertmanager;
mod program;
mod prometheus;

pub(crate) use alertmanager::remembered_groups;
pub(crate) use program::{Program, require_installed};
pub(crate) use prometheus::Api;
