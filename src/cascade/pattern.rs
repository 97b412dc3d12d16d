//! Which failures pull which others down.

use crate::clock::nanos;
use crate::error::{Error, brief};
use crate::record::FailureType;
use crate::record::failure::{FailureTypes, TypeId};
use std::time::Duration;

/// A cascade worth knowing: an initial failure, and others that follow within a window.
///
/// It matches when `min_subsequent` failures of the subsequent types happen at or after the initial one and
/// within the window (both ends included). They need not differ in type; failures of one
/// [`Operation`](crate::Operation) count once.
///
/// ```
/// use foreshock::{FailureType, Monitor, Pattern};
/// use std::time::Duration;
///
/// let full = FailureType::Custom("disk_full");
/// let monitor = Monitor::builder()
///     .custom_failure("disk_full")
///     .pattern(
///         Pattern::new("disk_full_uploads", full)
///             .subsequent([FailureType::UploadFailure])
///             .window(Duration::from_secs(20))
///             .min_subsequent(3),
///     )
///     .manual()
///     .start()?;
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    name: String,
    initial: FailureType,
    subsequent: Vec<FailureType>,
    window: Duration,
    min_subsequent: u32,
}

impl Pattern {
    /// A pattern without subsequent types yet, with a window of 30 s, that wants 2 subsequent failures.
    ///
    /// ```
    /// # use foreshock::{FailureType, Pattern};
    /// let pattern = Pattern::new("peer_uploads", FailureType::PeerUnreachable)
    ///     .subsequent([FailureType::UploadFailure]);
    /// assert_eq!(pattern.name(), "peer_uploads");
    /// ```
    pub fn new(name: impl Into<String>, initial: FailureType) -> Self {
        Self {
            name: name.into(),
            initial,
            subsequent: Vec::new(),
            window: Duration::from_secs(30),
            min_subsequent: 2,
        }
    }

    /// The types that follow. At least one, and not the initial type.
    ///
    /// ```
    /// # use foreshock::{FailureType, Pattern};
    /// let pattern = Pattern::new("a", FailureType::LockTimeout).subsequent([FailureType::QuorumLoss]);
    /// ```
    #[must_use]
    pub fn subsequent(mut self, types: impl IntoIterator<Item = FailureType>) -> Self {
        self.subsequent = types.into_iter().collect();
        self
    }

    /// How long after the initial failure the others still count, and how long an episode waits for a further
    /// failure before it ends. 1 s to 1 h.
    ///
    /// ```
    /// # use foreshock::{FailureType, Pattern};
    /// # use std::time::Duration;
    /// let pattern = Pattern::new("a", FailureType::LockTimeout).window(Duration::from_secs(60));
    /// ```
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How many subsequent failures make a cascade. 1 to 1,000.
    ///
    /// ```
    /// # use foreshock::{FailureType, Pattern};
    /// let pattern = Pattern::new("a", FailureType::LockTimeout).min_subsequent(3);
    /// ```
    #[must_use]
    pub fn min_subsequent(mut self, min: u32) -> Self {
        self.min_subsequent = min;
        self
    }

    /// The value of the `pattern` label.
    ///
    /// ```
    /// # use foreshock::{FailureType, Pattern};
    /// assert_eq!(Pattern::new("a", FailureType::LockTimeout).name(), "a");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The patterns every monitor has unless they are taken out:
    ///
    /// | name | initial | subsequent | window |
    /// |---|---|---|---|
    /// | `peer_lock_iam` | `PeerUnreachable` | `LockTimeout`, `IamOperationTimeout` | 30 s |
    /// | `lock_disk_upload` | `LockTimeout` | `DiskStateCheckTimeout`, `UploadFailure` | 60 s |
    /// | `peer_disk_quorum` | `PeerUnreachable` | `DiskStateCheckTimeout`, `QuorumLoss` | 45 s |
    ///
    /// ```
    /// assert_eq!(foreshock::Pattern::built_in()[0].name(), "peer_lock_iam");
    /// ```
    pub fn built_in() -> [Self; 3] {
        use FailureType::*;
        let seconds = Duration::from_secs;
        [
            Self::new("peer_lock_iam", PeerUnreachable)
                .subsequent([LockTimeout, IamOperationTimeout])
                .window(seconds(30)),
            Self::new("lock_disk_upload", LockTimeout)
                .subsequent([DiskStateCheckTimeout, UploadFailure])
                .window(seconds(60)),
            Self::new("peer_disk_quorum", PeerUnreachable)
                .subsequent([DiskStateCheckTimeout, QuorumLoss])
                .window(seconds(45)),
        ]
    }

    /// Checks the pattern and puts it into the form that the detector uses.
    pub(crate) fn compile(&self, types: &FailureTypes) -> Result<Rule, Error> {
        let unknown = |kind: FailureType| {
            Error::config(
                "pattern",
                format!("{}: {}", self.name, brief(&kind.label().escape_debug().to_string())),
                "a built-in failure type, or one registered with custom_failure",
            )
        };
        let initial = types.id(self.initial).ok_or_else(|| unknown(self.initial))?;
        let mut subsequent = 0u64;
        for &kind in &self.subsequent {
            subsequent |= 1 << types.id(kind).ok_or_else(|| unknown(kind))?.0;
        }
        if subsequent == 0 || subsequent & (1 << initial.0) != 0 {
            return Err(Error::config(
                "pattern",
                format!("{}: subsequent {}", self.name, brief(&format!("{:?}", self.subsequent))),
                "at least one subsequent type, the initial type not among them",
            ));
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(3_600)).contains(&self.window) {
            return Err(Error::config(
                "pattern",
                format!("{}: window {:?}", self.name, self.window),
                "a window of 1s to 3600s",
            ));
        }
        if !(1..=1_000).contains(&self.min_subsequent) {
            return Err(Error::config(
                "pattern",
                format!("{}: min_subsequent {}", self.name, self.min_subsequent),
                "a min_subsequent of 1 to 1000",
            ));
        }
        Ok(Rule { initial, subsequent, window_ns: nanos(self.window), min_subsequent: self.min_subsequent })
    }
}

/// A pattern in the detector's terms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) initial: TypeId,
    /// A bit for each type.
    subsequent: u64,
    pub(crate) window_ns: u64,
    pub(crate) min_subsequent: u32,
}

impl Rule {
    pub(crate) fn is_initial(&self, kind: TypeId) -> bool {
        kind == self.initial
    }

    pub(crate) fn is_subsequent(&self, kind: TypeId) -> bool {
        self.subsequent & (1 << kind.0) != 0
    }

    /// The types it speaks of, a bit for each.
    pub(crate) fn types(&self) -> u64 {
        self.subsequent | (1 << self.initial.0)
    }

    pub(crate) fn concerns(&self, kind: TypeId) -> bool {
        self.types() & (1 << kind.0) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::FailureType::{IamOperationTimeout, LockTimeout, PeerUnreachable};

    #[test]
    fn a_rule_knows_its_first_type_its_later_ones_and_no_other() {
        let types = FailureTypes::new(Vec::new());
        let pattern = Pattern::new("p", IamOperationTimeout).subsequent([PeerUnreachable, LockTimeout]);
        let rule = pattern.compile(&types).unwrap();
        let those = |is: fn(&Rule, TypeId) -> bool| -> Vec<u8> {
            (0..types.len() as u8).filter(|kind| is(&rule, TypeId(*kind))).collect()
        };
        assert_eq!(those(Rule::is_initial), [3]);
        assert_eq!(those(Rule::is_subsequent), [0, 1]);
        assert_eq!(those(Rule::concerns), [0, 1, 3]);
        assert_eq!(rule.types(), 0b1011);
    }

    #[test]
    fn a_pattern_has_a_later_type_and_its_first_is_not_among_them() {
        let types = FailureTypes::new(Vec::new());
        let is_allowed = |subsequent: &[FailureType]| {
            Pattern::new("p", IamOperationTimeout).subsequent(subsequent.to_vec()).compile(&types).is_ok()
        };
        assert!(is_allowed(&[LockTimeout]));
        assert!(!is_allowed(&[]));
        assert!(!is_allowed(&[LockTimeout, IamOperationTimeout]));
    }
}
