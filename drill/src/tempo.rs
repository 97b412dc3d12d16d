//! How fast a cluster lives: how often its nodes do what, how long they wait for it, and how far back they look.

use clap::ValueEnum;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tempo {
    /// Deadlines as a server has them, windows as the library has them.
    Real,
    /// Everything faster, so that an hour of alerts takes minutes.
    Fast,
}

/// The work of a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How long an operation waits for its lock.
    pub(crate) lock_deadline: Duration,
    /// How long one locker is waited for when a lock is given back.
    pub(crate) release_deadline: Duration,
    pub(crate) read_deadline: Duration,
    pub(crate) probe_every: Duration,
    pub(crate) probe_deadline: Duration,
    pub(crate) disk_check_every: Duration,
    pub(crate) disk_check_deadline: Duration,
    pub(crate) upload_every: Duration,
    pub(crate) upload_deadline: Duration,
}

/// The settings of a node's monitor that are not the library's defaults.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows {
    pub(crate) publish_every: Duration,
    pub(crate) pattern: Duration,
    pub(crate) degraded_for: Duration,
    pub(crate) health: Duration,
    /// The step in which `health` moves.
    pub(crate) health_bucket: Duration,
    pub(crate) recurrence: Duration,
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

const REAL_PACE: Pace = Pace {
    lock_deadline: ms(2_000),
    release_deadline: ms(1_000),
    read_deadline: ms(1_000),
    probe_every: ms(500),
    probe_deadline: ms(1_000),
    disk_check_every: ms(2_000),
    disk_check_deadline: ms(3_000),
    upload_every: ms(1_000),
    upload_deadline: ms(3_000),
};

/// A third of the real deadlines or less. Not a thirtieth: a process that waits for its turn on a busy machine
/// must not look like one that lost its power. Disks are checked so often, and a lock is given back so soon, that
/// all patterns open and all paths become unhealthy within the time that a group of alerts is waited for, as they do in real
/// time.
const FAST_PACE: Pace = Pace {
    lock_deadline: ms(500),
    release_deadline: ms(100),
    read_deadline: ms(200),
    probe_every: ms(100),
    probe_deadline: ms(350),
    disk_check_every: ms(150),
    disk_check_deadline: ms(300),
    upload_every: ms(250),
    upload_deadline: ms(500),
};

/// Pattern windows are several times the longest deadline, so that one outage is one episode.
const FAST_WINDOWS: Windows = Windows {
    publish_every: ms(200),
    pattern: ms(4_000),
    degraded_for: ms(2_000),
    health: ms(10_000),
    health_bucket: ms(500),
    recurrence: ms(120_000),
};

impl Tempo {
    /// As it stands on a node's command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Fast => "fast",
        }
    }

    pub(crate) fn pace(self) -> &'static Pace {
        match self {
            Self::Real => &REAL_PACE,
            Self::Fast => &FAST_PACE,
        }
    }

    /// `None` for the library's defaults.
    pub(crate) fn windows(self) -> Option<&'static Windows> {
        match self {
            Self::Real => None,
            Self::Fast => Some(&FAST_WINDOWS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back() {
        for tempo in [Tempo::Real, Tempo::Fast] {
            assert_eq!(Tempo::from_str(tempo.name(), false), Ok(tempo));
        }
    }

    #[test]
    fn an_episode_outlasts_the_pause_between_two_failures_of_one_outage() {
        let pace = Tempo::Fast.pace();
        let windows = Tempo::Fast.windows().expect("fast has windows");
        let longest = pace.lock_deadline.max(pace.upload_deadline).max(pace.disk_check_deadline);
        assert!(windows.pattern >= 4 * longest);
        assert!(windows.degraded_for >= 2 * longest);
    }
}
