//! What the threads record: from what merges best to what merges not at all.

use foreshock::{Component, FailureType, LockPath, Monitor, Operation};

/// What it is a mix of, and what must come out.
#[derive(Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) name: &'static str,
    /// Episodes of each pattern, in the end.
    pub(crate) episodes: [u64; 3],
    /// Records the n-th event of a thread.
    pub(crate) record: fn(&Subjects, usize),
}

/// Whom something happens to.
pub(crate) struct Subjects {
    paths: Vec<LockPath>,
    components: Vec<Component>,
    one_operation: Operation,
}

impl Subjects {
    pub(crate) fn new(monitor: &Monitor, paths: usize, components: usize) -> Self {
        let paths: Vec<_> = (0..paths).map(|n| monitor.lock_path(&format!("bucket/{n}/object"))).collect();
        let attempt = paths[0].attempt();
        let one_operation = attempt.operation();
        attempt.success();
        let components = (0..components).map(|n| monitor.component(&format!("component{n}"))).collect();
        Self { paths, components, one_operation }
    }
}

/// One node is lost: locks on many paths time out, and so do disks, users and uploads.
pub(crate) const INCIDENT: Mix =
    Mix { name: "a lost node, 64 paths, 16 components", episodes: [1; 3], record: incident };

fn incident(subjects: &Subjects, n: usize) {
    use FailureType::*;
    let component = |n: usize| &subjects.components[n];
    match n % 16 {
        0 => component(0).record_failure(PeerUnreachable),
        1 | 6 | 11 => component(1 + n % 9).record_failure(DiskStateCheckTimeout),
        3 | 9 => component(10 + n % 3).record_failure(IamOperationTimeout),
        5 => component(13 + n % 2).record_failure(UploadFailure),
        15 if n % 64 == 15 => component(15).record_failure(QuorumLoss),
        _ => subjects.paths[n % 64].record_timeout(),
    }
}

/// After it began, one and the same failure.
pub(crate) const MONOTONE: Mix =
    Mix { name: "one disk, after a cascade began", episodes: [1; 3], record: monotone };

fn monotone(subjects: &Subjects, n: usize) {
    if n < 16 {
        incident(subjects, n)
    } else {
        subjects.components[1].record_failure(FailureType::DiskStateCheckTimeout)
    }
}

/// A thousand paths at once.
pub(crate) const PATHS: Mix = Mix { name: "a lost node, 1,000 paths", episodes: [1; 3], record: paths };

fn paths(subjects: &Subjects, n: usize) {
    if n < 16 { incident(subjects, n) } else { subjects.paths[n % subjects.paths.len()].record_timeout() }
}

/// No node is lost and nothing else fails: of the one pattern that begins with these, every event may be the root.
pub(crate) const LOCKS_ALONE: Mix = Mix {
    name: "1,000 paths time out, no cascade",
    episodes: [0; 3],
    record: |subjects, n| subjects.paths[n % subjects.paths.len()].record_timeout(),
};

/// To every pattern initial and subsequent failures come in turn, no two in a row of one component, and all the
/// subsequent ones belong to one operation, so that they count once: no cascade ever begins, every pattern waits for one,
/// and no two events that follow each other may be merged.
pub(crate) const ALTERNATING: Mix =
    Mix { name: "initial and subsequent in turn, no cascade", episodes: [0; 3], record: alternating };

fn alternating(subjects: &Subjects, n: usize) {
    use FailureType::*;
    let component = &subjects.components[n % subjects.components.len()];
    match n % 4 {
        0 => component.record_failure(PeerUnreachable),
        1 => component.record_failure_of(LockTimeout, subjects.one_operation),
        2 => component.record_failure_of(QuorumLoss, subjects.one_operation),
        _ => component.record_failure_of(DiskStateCheckTimeout, subjects.one_operation),
    }
}
