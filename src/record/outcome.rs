//! How an attempt to take a lock ended.

/// How an attempt to take a lock ended.
///
/// ```
/// assert_eq!(foreshock::Outcome::Timeout.label(), "timeout");
/// assert_eq!(foreshock::Outcome::ALL.len(), 4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// The lock was granted. Ends a run of consecutive timeouts.
    Success,
    /// The deadline passed first.
    Timeout,
    /// The service answered, and did not grant.
    Error,
    /// The caller gave up: the attempt was dropped without an outcome (a cancelled future). Not completed.
    Abandoned,
}

impl Outcome {
    /// Every outcome, in the order of the `outcome` label's documentation.
    pub const ALL: [Self; 4] = [Self::Success, Self::Timeout, Self::Error, Self::Abandoned];

    /// The value of the `outcome` label.
    ///
    /// ```
    /// assert_eq!(foreshock::Outcome::Abandoned.label(), "abandoned");
    /// ```
    pub const fn label(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Timeout => "timeout",
            Self::Error => "error",
            Self::Abandoned => "abandoned",
        }
    }
}
