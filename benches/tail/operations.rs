//! What is timed: nothing, the control, and what a host calls.

use crate::NAME;
use crate::sampling::sample;
use foreshock::{FailureType, Monitor};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const TIMER: &str = "two readings of the counter, nothing else";
pub(crate) const CONTROL: &str = "Mutex that others hold for 5 us at a time";

type Sample = Box<dyn FnMut(&mut [u64])>;

/// One operation, sampled a chunk at a time.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// It is held to the target.
    pub(crate) is_ours: bool,
    sample: Sample,
}

impl Operation {
    fn new(name: &'static str, is_ours: bool, call: impl Fn() + 'static) -> Self {
        Self { name, is_ours, sample: Box::new(move |spans| sample(&call, spans)) }
    }

    pub(crate) fn sample(&mut self, spans: &mut [u64]) {
        (self.sample)(spans);
    }
}

pub(crate) fn all(monitor: &Monitor, held: Arc<Mutex<u64>>) -> Vec<Operation> {
    let mut all = of_the_machine(held);
    all.extend(ours(monitor));
    all
}

#[inline(never)]
fn empty() {
    black_box(());
}

fn of_the_machine(held: Arc<Mutex<u64>>) -> Vec<Operation> {
    let counter = AtomicU64::new(0);
    vec![
        Operation::new(TIMER, false, || {}),
        Operation::new("an empty call", false, empty),
        Operation::new("fetch_add, relaxed", false, move || {
            _ = black_box(counter.fetch_add(1, Ordering::Relaxed))
        }),
        Operation::new(CONTROL, false, move || *held.lock().expect("no panic") += 1),
    ]
}

/// Each on a path of its own, so that none finds what another has left.
fn ours(monitor: &Monitor) -> Vec<Operation> {
    let (calm, latency) = (monitor.lock_path("tail/calm"), monitor.lock_path("tail/latency"));
    let timing_out = monitor.lock_path("tail/timing-out");
    let (asked, peer, by_name) = (calm.clone(), monitor.component("node3"), monitor.clone());
    vec![
        Operation::new("LockPath::record_success", true, move || calm.record_success()),
        Operation::new("attempt + success, latency", true, move || latency.attempt().success()),
        Operation::new("Monitor::record_success, by name", true, move || {
            by_name.record_success(black_box(NAME))
        }),
        Operation::new("LockPath::record_timeout", true, move || timing_out.record_timeout()),
        Operation::new("Component::record_failure", true, move || {
            peer.record_failure(FailureType::PeerUnreachable)
        }),
        Operation::new("LockPath::health", true, move || _ = black_box(asked.health())),
    ]
}
