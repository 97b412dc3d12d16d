//! What the documentation says of each setting, told a second time.

use foreshock::{Builder, FailureType, Monitor};
use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

/// What was set, as the documentation speaks of it.
pub(crate) struct Model {
    pub(crate) prefix: String,
    pub(crate) numbers: BTreeMap<&'static str, u64>,
    pub(crate) times: BTreeMap<&'static str, Duration>,
    pub(crate) custom: Vec<&'static str>,
    pub(crate) patterns: Vec<(String, FailureType, Vec<FailureType>, Duration, u64)>,
}

pub(crate) const NUMBERS: [&str; 11] = [
    "max_paths",
    "max_components",
    "max_threads",
    "ring_events",
    "open_attempts",
    "max_published_paths",
    "consecutive_timeouts",
    "min_completed",
    "timeout_percent",
    "recurrence_episodes",
    "kept_episodes",
];
pub(crate) const TIMES: [&str; 11] = [
    "tick",
    "publish_every",
    "refresh_every",
    "degraded_for",
    "window",
    "bucket",
    "slow_after",
    "local_pause_after",
    "late_after",
    "retire_after",
    "recurrence_window",
];

impl Model {
    /// The defaults, but with small tables: they are made for every input.
    pub(crate) fn small() -> (Self, Builder) {
        use FailureType::*;
        let s = Duration::from_secs;
        let builder = Monitor::builder().manual().max_paths(8).max_components(8).max_threads(1);
        let builder = builder.ring_events(16).open_attempts(4);
        let numbers = NUMBERS.into_iter().zip([8, 8, 1, 16, 4, u64::MAX, 3, 10, 50, 3, 64]).collect();
        let times = [
            Duration::from_millis(50),
            s(1),
            Duration::MAX,
            s(30),
            s(300),
            s(10),
            s(5),
            s(5),
            s(5),
            s(600),
            s(3_600),
        ];
        let times = TIMES.into_iter().zip(times).collect();
        let pattern = |name: &str, initial, subsequent: [FailureType; 2], window| {
            (name.to_owned(), initial, subsequent.to_vec(), s(window), 2)
        };
        let patterns = vec![
            pattern("peer_lock_iam", PeerUnreachable, [LockTimeout, IamOperationTimeout], 30),
            pattern("lock_disk_upload", LockTimeout, [DiskStateCheckTimeout, UploadFailure], 60),
            pattern("peer_disk_quorum", PeerUnreachable, [DiskStateCheckTimeout, QuorumLoss], 45),
        ];
        (Self { prefix: "rustfs".to_owned(), numbers, times, custom: Vec::new(), patterns }, builder)
    }

    /// Settings that are out of their ranges.
    pub(crate) fn wrong(&self) -> Vec<&'static str> {
        let s = Duration::from_secs;
        let mut wrong = Vec::new();
        let mut check = |field, is_right: bool| {
            if !is_right {
                wrong.push(field)
            }
        };
        let number = |field, range: RangeInclusive<u64>| range.contains(&self.numbers[field]);
        let time = |field, range: RangeInclusive<Duration>| range.contains(&self.times[field]);
        check("max_paths", number("max_paths", 1..=65_535));
        check("max_components", number("max_components", 1..=65_535));
        check("max_threads", number("max_threads", 1..=4_094));
        for field in ["ring_events", "open_attempts"] {
            check(field, number(field, 2..=65_536) && self.numbers[field].is_power_of_two());
        }
        let published = self.numbers["max_published_paths"];
        let is_default = published == u64::MAX;
        check(
            "max_published_paths",
            is_default || (self.numbers["max_paths"]..=1_048_576).contains(&published),
        );
        check("consecutive_timeouts", number("consecutive_timeouts", 1..=1_000));
        check("min_completed", number("min_completed", 1..=1_000_000));
        check("timeout_percent", number("timeout_percent", 1..=100));
        check("recurrence_episodes", number("recurrence_episodes", 2..=64));
        check("kept_episodes", number("kept_episodes", 1..=1_024));
        let (tick, publish) = (self.times["tick"], self.times["publish_every"]);
        check("tick", time("tick", Duration::from_millis(1)..=s(1)));
        check("publish_every", (tick..=s(60)).contains(&publish));
        let refresh = self.times["refresh_every"];
        check("refresh_every", refresh == Duration::MAX || (publish..=s(600)).contains(&refresh));
        check("degraded_for", time("degraded_for", Duration::ZERO..=s(3_600)));
        check("slow_after", time("slow_after", Duration::from_millis(10)..=s(3_600)));
        check("local_pause_after", time("local_pause_after", s(1)..=s(3_600)));
        check("late_after", time("late_after", Duration::ZERO..=s(60)));
        check("recurrence_window", time("recurrence_window", s(1)..=s(86_400)));
        check("bucket", time("bucket", Duration::from_millis(100)..=s(600)));
        let (window, bucket) = (self.times["window"].as_nanos(), self.times["bucket"].as_nanos());
        let is_whole = bucket > 0 && window.is_multiple_of(bucket) && (2..=360).contains(&(window / bucket));
        check("window", is_whole);
        let longest = self.patterns.iter().map(|pattern| pattern.3.saturating_mul(2)).max();
        check("retire_after", time("retire_after", s(60).max(longest.unwrap_or_default())..=s(86_400)));
        check("prefix", is_name(&self.prefix, |c| c.is_ascii_alphabetic() || c == '_'));
        check("custom_failure", self.custom_failures_are_right());
        check("pattern", self.patterns_are_right());
        wrong
    }

    fn custom_failures_are_right(&self) -> bool {
        let is_built_in = |name: &str| FailureType::BUILT_IN.iter().any(|kind| kind.label() == name);
        let distinct: HashSet<_> = self.custom.iter().collect();
        let is_right = |name: &&str| is_snake_case(name) && !is_built_in(name);
        self.custom.len() <= 26 && distinct.len() == self.custom.len() && self.custom.iter().all(is_right)
    }

    fn patterns_are_right(&self) -> bool {
        let is_known = |kind: &FailureType| match kind {
            FailureType::Custom(name) => self.custom.contains(name),
            _ => true,
        };
        let second = Duration::from_secs(1);
        self.patterns.len() <= 16
            && self.patterns.iter().all(|(name, initial, subsequent, window, min)| {
                is_snake_case(name)
                    && is_known(initial)
                    && !subsequent.is_empty()
                    && subsequent.iter().all(is_known)
                    && !subsequent.contains(initial)
                    && (second..=3_600 * second).contains(window)
                    && (1..=1_000).contains(min)
            })
    }

    /// A monitor of this size takes too long to make for every input.
    pub(crate) fn is_large(&self) -> bool {
        ["max_paths", "max_components", "ring_events", "open_attempts"]
            .iter()
            .any(|f| self.numbers[f] > 1_024)
    }
}

fn is_name(text: &str, begins: impl Fn(char) -> bool) -> bool {
    let all = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (1..=64).contains(&text.len()) && all && text.starts_with(begins)
}

fn is_snake_case(text: &str) -> bool {
    is_name(text, |c| c.is_ascii_lowercase()) && !text.contains(|c: char| c.is_ascii_uppercase())
}
