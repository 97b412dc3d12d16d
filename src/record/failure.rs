//! The kinds of failure, and the dense numbers that stand for them inside a monitor.

use std::fmt;

/// What failed. The label of each is its name in snake case.
///
/// [`Custom`](Self::Custom) kinds are named when the monitor is built, with
/// [`Builder::custom_failure`](crate::Builder::custom_failure); a record of one that was not is refused and
/// counted (`dropped_total{kind="unregistered_type"}`).
///
/// ```
/// use foreshock::FailureType;
/// assert_eq!(FailureType::PeerUnreachable.label(), "peer_unreachable");
/// assert_eq!(FailureType::Custom("disk_full").label(), "disk_full");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureType {
    /// A peer does not answer, or its circuit breaker is open.
    PeerUnreachable,
    /// A lock was not granted within its deadline.
    LockTimeout,
    /// A disk did not answer a state check in time.
    DiskStateCheckTimeout,
    /// An operation on identity or policy data did not end in time.
    IamOperationTimeout,
    /// An upload failed.
    UploadFailure,
    /// Fewer disks or peers answered than the quorum needs.
    QuorumLoss,
    /// A kind of the host's own, registered at build time.
    Custom(&'static str),
}

impl FailureType {
    /// The built-in kinds, in the order of their declaration.
    pub const BUILT_IN: [Self; 6] = [
        Self::PeerUnreachable,
        Self::LockTimeout,
        Self::DiskStateCheckTimeout,
        Self::IamOperationTimeout,
        Self::UploadFailure,
        Self::QuorumLoss,
    ];

    /// The value of the `type` and `initial` labels.
    ///
    /// ```
    /// assert_eq!(foreshock::FailureType::QuorumLoss.label(), "quorum_loss");
    /// ```
    pub const fn label(self) -> &'static str {
        match self {
            Self::PeerUnreachable => "peer_unreachable",
            Self::LockTimeout => "lock_timeout",
            Self::DiskStateCheckTimeout => "disk_state_check_timeout",
            Self::IamOperationTimeout => "iam_operation_timeout",
            Self::UploadFailure => "upload_failure",
            Self::QuorumLoss => "quorum_loss",
            Self::Custom(name) => name,
        }
    }
}

impl fmt::Display for FailureType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// The dense number of a failure kind: its place in [`FailureTypes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TypeId(pub(crate) u8);

/// Number of [`FailureType::LockTimeout`], which the recording path raises by itself.
pub(crate) const LOCK_TIMEOUT: TypeId = TypeId(1);

/// The kinds one monitor knows: the built-in ones, then the custom ones in the order of their registration.
#[derive(Clone, Debug)]
pub(crate) struct FailureTypes {
    custom: Box<[&'static str]>,
}

impl FailureTypes {
    /// More would not fit the event word (see `event.rs`).
    pub(crate) const MAX_CUSTOM: usize = 26;

    pub(crate) fn new(custom: Vec<&'static str>) -> Self {
        Self { custom: custom.into_boxed_slice() }
    }

    pub(crate) fn len(&self) -> usize {
        FailureType::BUILT_IN.len() + self.custom.len()
    }

    /// `None` for a custom kind that was not registered.
    #[inline]
    pub(crate) fn id(&self, kind: FailureType) -> Option<TypeId> {
        Some(TypeId(match kind {
            FailureType::PeerUnreachable => 0,
            FailureType::LockTimeout => LOCK_TIMEOUT.0,
            FailureType::DiskStateCheckTimeout => 2,
            FailureType::IamOperationTimeout => 3,
            FailureType::UploadFailure => 4,
            FailureType::QuorumLoss => 5,
            FailureType::Custom(name) => {
                let place = self.custom.iter().position(|known| *known == name)?;
                (FailureType::BUILT_IN.len() + place) as u8
            }
        }))
    }

    pub(crate) fn label(&self, id: TypeId) -> &'static str {
        let place = usize::from(id.0);
        match FailureType::BUILT_IN.get(place) {
            Some(kind) => kind.label(),
            None => self.custom.get(place - FailureType::BUILT_IN.len()).copied().unwrap_or("unknown"),
        }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = TypeId> + use<> {
        (0..self.len() as u8).map(TypeId)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_number_and_keeps_its_label() {
        let types = FailureTypes::new(vec!["disk_full", "clock_skew"]);
        let kinds = FailureType::BUILT_IN
            .into_iter()
            .chain([FailureType::Custom("disk_full"), FailureType::Custom("clock_skew")]);
        for (place, kind) in kinds.enumerate() {
            let id = types.id(kind).expect("registered");
            assert_eq!(usize::from(id.0), place);
            assert_eq!(types.label(id), kind.label());
        }
        assert_eq!(types.id(FailureType::LockTimeout), Some(LOCK_TIMEOUT));
        assert_eq!(types.id(FailureType::Custom("other")), None);
    }
}
