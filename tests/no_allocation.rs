//! After a thread's first record, recording allocates nothing and frees nothing.

mod common;

use common::allocator::{Counting, allocations};
use foreshock::FailureType::{Custom, IamOperationTimeout, LockTimeout, PeerUnreachable};
use foreshock::{Component, LockPath, Monitor};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: usize = 10_000;

struct Host {
    monitor: Monitor,
    locks: Vec<LockPath>,
    nodes: Vec<Component>,
    names: Vec<String>,
}

impl Host {
    fn new(monitor: Monitor) -> Self {
        let names: Vec<String> = (0..10).map(|i| format!("config/iam/{i}")).collect();
        let locks = names.iter().map(|name| monitor.lock_path(name)).collect();
        let nodes = names.iter().map(|name| monitor.component(name)).collect();
        Self { monitor, locks, nodes, names }
    }

    /// More than ten records, of every kind.
    fn record(&self, round: usize) {
        let place = round % self.names.len();
        let (lock, node, name) = (&self.locks[place], &self.nodes[place], &self.names[place]);
        lock.record_success();
        lock.record_timeout();
        lock.record_error();
        lock.record_attempt();
        lock.record_abandoned();
        lock.attempt().success();
        drop(lock.attempt());
        let attempt = lock.attempt();
        let operation = attempt.operation();
        attempt.timeout();
        node.record_failure(PeerUnreachable);
        node.record_failure_of(IamOperationTimeout, operation);
        node.record_failure(Custom("unheard_of"));
        self.monitor.record_attempt(name);
        self.monitor.record_success(name);
        self.monitor.record_timeout(name);
        self.monitor.record_failure(LockTimeout, name);
        let _ = (lock.health(), self.monitor.health(name), self.monitor.health("never/seen"));
        drop(lock.clone());
    }
}

/// What this thread allocates while it records much, after a first round.
fn allocated(host: &Host) -> u64 {
    host.record(0);
    let before = allocations();
    for round in 0..ROUNDS {
        host.record(round);
    }
    allocations() - before
}

#[test]
fn a_hundred_thousand_records_allocate_nothing_though_the_rings_overflow() {
    let monitor = Monitor::builder().manual().start().unwrap();
    let host = Host::new(monitor);
    assert_eq!(allocated(&host), 0);
    host.monitor.tick();
    assert!(host.monitor.statistics().dropped_events > 0, "the rings were full");
}

#[test]
fn records_allocate_nothing_while_the_collector_runs() {
    let monitor = Monitor::builder().tick(std::time::Duration::from_millis(1)).start().unwrap();
    let host = Host::new(monitor);
    assert_eq!(allocated(&host), 0);
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..2).map(|_| scope.spawn(|| allocated(&host))).collect();
        for other in others {
            assert_eq!(other.join().unwrap(), 0, "on a thread of its own");
        }
    });
}

#[test]
fn records_without_a_block_of_ones_own_allocate_nothing() {
    let monitor = Monitor::builder().manual().max_threads(1).start().unwrap();
    let host = Host::new(monitor);
    let on_the_shared_block = std::thread::scope(|scope| scope.spawn(|| allocated(&host)).join().unwrap());
    assert_eq!(on_the_shared_block, 0);
}

#[test]
fn records_after_shutdown_allocate_nothing() {
    let monitor = Monitor::builder().manual().start().unwrap();
    let host = Host::new(monitor);
    host.monitor.shutdown();
    assert_eq!(allocated(&host), 0);
}

#[test]
fn records_of_names_beyond_the_limit_allocate_nothing() {
    let monitor = Monitor::builder().manual().max_paths(1).max_components(1).start().unwrap();
    let host = Host::new(monitor);
    assert_eq!(allocated(&host), 0);
}

#[test]
fn the_allocator_does_count() {
    let monitor = Monitor::builder().manual().start().unwrap();
    let before = allocations();
    monitor.record_success("bucket/a");
    assert!(allocations() > before, "a first record registers a name");
}
