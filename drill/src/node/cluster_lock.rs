//! RustFS's distributed lock, as a careful host takes it: under a deadline, and with what may have been granted
//! given back afterwards.
//!
//! `DRWMutex` asks its lockers one after the other and waits for each without a deadline; an acquire that is
//! cancelled leaves granted what it had been granted. Both are the host's own ways, and are left as they are.

use crate::handshake::Members;
use crate::layout::NodeId;
use crate::tempo::Pace;
use rustfs_lock::drwmutex::{DRWMutex, Options};
use rustfs_lock::lock_args::LockArgs;
use rustfs_lock::{LockApi, Locker, new_lock_api};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use url::Url;
use uuid::Uuid;

const RETRY_INTERVAL: Duration = Duration::from_millis(50);
/// A locker that never answers is let alone after so many tries: it forgot everything, or is gone for good.
const MAX_RELEASE_TRIES: usize = 30;
const RELEASE_RETRY_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Two of four lockers.
    Read,
    /// Three of four.
    Write,
}

pub(super) enum Acquisition {
    Granted(Box<HeldLock>),
    TimedOut,
    /// Every locker that matters answered, and too few granted.
    Refused,
}

/// Takes locks on all nodes, asked in the order of the nodes, the own table directly.
pub(super) struct ClusterLocks {
    owner: String,
    lockers: Vec<LockApi>,
    pace: &'static Pace,
}

impl ClusterLocks {
    pub(super) fn new(own: NodeId, members: &Members, pace: &'static Pace) -> Self {
        let locker = |node: NodeId| {
            let url = format!("http://127.0.0.1:{}", members.rpc_ports[node.index()]);
            new_lock_api(node == own, Some(Url::parse(&url).expect("an address and a port make a URL")))
        };
        Self { owner: own.to_string(), lockers: NodeId::ALL.into_iter().map(locker).collect(), pace }
    }

    pub(super) async fn acquire(&self, resource: &str, mode: Mode) -> Acquisition {
        let grant = Grant {
            args: LockArgs {
                uid: Uuid::new_v4().to_string(),
                resources: vec![resource.to_owned()],
                owner: self.owner.clone(),
                ..Default::default()
            },
            mode,
            lockers: self.lockers.clone(),
            deadline: self.pace.release_deadline,
        };
        let mut mutex = DRWMutex::new(self.owner.clone(), grant.args.resources.clone(), self.lockers.clone());
        let options = Options { timeout: self.pace.lock_deadline, retry_interval: RETRY_INTERVAL };
        let (id, source) = (&grant.args.uid, &grant.args.source);
        let acquired = match mode {
            Mode::Read => timeout(self.pace.lock_deadline, mutex.get_r_lock(id, source, &options)).await,
            Mode::Write => timeout(self.pace.lock_deadline, mutex.get_lock(id, source, &options)).await,
        };
        match acquired {
            Ok(true) => Acquisition::Granted(Box::new(HeldLock { mutex, grant })),
            Ok(false) => Acquisition::Refused,
            Err(_) => {
                grant.give_back();
                Acquisition::TimedOut
            }
        }
    }
}

#[must_use = "a lock that is not released stays"]
pub(super) struct HeldLock {
    mutex: DRWMutex,
    grant: Grant,
}

impl HeldLock {
    pub(super) async fn release(mut self) {
        let released = match self.grant.mode {
            Mode::Read => timeout(self.grant.deadline, self.mutex.un_r_lock()).await,
            Mode::Write => timeout(self.grant.deadline, self.mutex.un_lock()).await,
        };
        if released.is_err() {
            self.grant.give_back();
        }
    }
}

/// What the lockers may have granted to one attempt.
struct Grant {
    args: LockArgs,
    mode: Mode,
    lockers: Vec<LockApi>,
    /// How long one locker is waited for when the lock is given back.
    deadline: Duration,
}

impl Grant {
    /// Tells every locker, each by itself and beside the caller, whose next attempt does not wait for it.
    fn give_back(self) {
        for locker in self.lockers {
            tokio::spawn(release_at(locker, self.args.clone(), self.mode, self.deadline));
        }
    }
}

async fn release_at(mut locker: LockApi, args: LockArgs, mode: Mode, deadline: Duration) {
    for _ in 0..MAX_RELEASE_TRIES {
        let answer = match mode {
            Mode::Read => timeout(deadline, locker.runlock(&args)).await,
            Mode::Write => timeout(deadline, locker.unlock(&args)).await,
        };
        // An answer of "no such lock" is as good: the locker does not hold it.
        if matches!(answer, Ok(Ok(_))) {
            return;
        }
        sleep(RELEASE_RETRY_INTERVAL).await;
    }
}
