//! Settings of any value, near the edges of their ranges and far from them.

use arbitrary::Arbitrary;
use foreshock::FailureType;
use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Number {
    Small(u8),
    Middle(u16),
    PowerOfTwo(u8),
    Any(u64),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
pub(crate) enum Time {
    Nanos(u64),
    Millis(u16),
    Seconds(u16),
    Any(u64, u32),
}

#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Name {
    Known(u8),
    Any(String),
    Long(u16),
}

#[derive(Arbitrary, Debug)]
pub(crate) struct PatternInput {
    pub(crate) name: Name,
    pub(crate) initial: Kind,
    pub(crate) subsequent: Vec<Kind>,
    pub(crate) window: Option<Time>,
    pub(crate) min_subsequent: Option<Number>,
}

#[derive(Arbitrary, Clone, Debug)]
pub(crate) enum Kind {
    BuiltIn(u8),
    Custom(Name),
}

#[derive(Arbitrary, Debug)]
pub(crate) enum Setting {
    Number(u8, Number),
    Time(u8, Time),
    Prefix(Name),
    CustomFailure(Name),
    Pattern(PatternInput),
    NoPatterns,
    Flags(bool, bool),
}

impl Number {
    pub(crate) fn value(self) -> u64 {
        match self {
            Self::Small(value) => value.into(),
            Self::Middle(value) => value.into(),
            Self::PowerOfTwo(power) => 1 << (power % 64),
            Self::Any(value) => value,
        }
    }
}

impl Time {
    pub(crate) fn value(self) -> Duration {
        match self {
            Self::Nanos(nanos) => Duration::from_nanos(nanos),
            Self::Millis(millis) => Duration::from_millis(millis.into()),
            Self::Seconds(seconds) => Duration::from_secs(seconds.into()),
            Self::Any(seconds, nanos) => Duration::new(seconds, nanos % 1_000_000_000),
        }
    }
}

impl Name {
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Known(place) => {
                let known =
                    ["disk_full", "clock_skew", "peer_lock_iam", "lock_timeout", "x9", "_", "a-b", ""];
                known[usize::from(*place) % known.len()].to_owned()
            }
            Self::Any(text) => text.clone(),
            Self::Long(bytes) => "x".repeat(usize::from(*bytes)),
        }
    }

    /// For names that a monitor takes for good: each is kept once, for the life of the process.
    pub(crate) fn forever(&self) -> &'static str {
        static KEPT: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
        let mut kept = KEPT.lock().expect("no panic goes on here");
        let kept = kept.get_or_insert_default();
        let name = self.value();
        if let Some(known) = kept.get(&*name) {
            return known;
        }
        let name: &'static str = name.leak();
        kept.insert(name);
        name
    }
}

impl Kind {
    pub(crate) fn value(&self) -> FailureType {
        match self {
            Self::BuiltIn(place) => FailureType::BUILT_IN[usize::from(*place) % 6],
            Self::Custom(name) => FailureType::Custom(name.forever()),
        }
    }
}
