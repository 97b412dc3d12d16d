//! A host that records everything there is to record, in rounds.

use foreshock::FailureType::{Custom, IamOperationTimeout, LockTimeout, PeerUnreachable, QuorumLoss};
use foreshock::{Component, LockPath, Monitor, Outcome};

/// Records of a round.
pub(crate) const A_ROUND: u64 = 20;
/// A million records.
pub(crate) const ROUNDS: u64 = 1_000_000 / A_ROUND;

pub(crate) struct Host {
    pub(crate) monitor: Monitor,
    locks: Vec<LockPath>,
    nodes: Vec<Component>,
    names: Vec<String>,
}

impl Host {
    pub(crate) fn new(monitor: Monitor) -> Self {
        let names: Vec<String> = (0..10).map(|i| format!("config/iam/{i}")).collect();
        let locks = names.iter().map(|name| monitor.lock_path(name)).collect();
        let nodes = names.iter().map(|name| monitor.component(name)).collect();
        Self { monitor, locks, nodes, names }
    }

    /// Every kind of record, and every question that a host asks on its way.
    pub(crate) fn record(&self, round: u64) {
        let place = round as usize % self.names.len();
        let (lock, node, name) = (&self.locks[place], &self.nodes[place], &self.names[place]);
        lock.record_success();
        lock.record_timeout();
        lock.record_error();
        lock.record_abandoned();
        lock.record_attempt();
        lock.attempt().success();
        lock.attempt().error();
        drop(lock.attempt());
        let attempt = lock.attempt();
        let operation = attempt.operation();
        attempt.timeout();
        node.record_failure(PeerUnreachable);
        node.record_failure(QuorumLoss);
        node.record_failure_of(IamOperationTimeout, operation);
        node.record_failure(Custom("unheard_of"));
        self.monitor.record_attempt(name);
        self.monitor.record_success(name);
        self.monitor.record_timeout(name);
        self.monitor.record_error(name);
        self.monitor.record_abandoned(name);
        self.monitor.record_failure(LockTimeout, name);
        self.monitor.record_failure_of(IamOperationTimeout, name, operation);
        let _ = (lock.health(), self.monitor.health(name), self.monitor.health("never/seen"));
        drop(lock.clone());
    }

    /// So many rounds were counted, record by record.
    pub(crate) fn assert_counted(&self, rounds: u64) {
        self.monitor.tick();
        let statistics = self.monitor.statistics();
        let outcomes = Outcome::ALL.map(|outcome| statistics.outcomes.of(outcome));
        assert_eq!(outcomes, [3 * rounds; 4]);
        // Each timeout is a failure of its path too.
        let failures = statistics.total_events - statistics.outcomes.timeout;
        assert_eq!((failures, statistics.dropped.unregistered_type), (5 * rounds, rounds));
        // Beside these there were two announcements a round, each of them answered.
        assert_eq!(A_ROUND, 4 * 3 + 5 + 1 + 2);
        assert!(self.monitor.snapshot().paths.iter().all(|path| path.in_flight == 0));
    }
}
