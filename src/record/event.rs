//! A failure event as it travels: two words.
//!
//! | word | bits | content |
//! |---|---|---|
//! | 0 | 64 | time, in the clock's own unit |
//! | 1 | 63..24 | operation, 0 = none |
//! | 1 | 23..7 | component: number of the path or of the component |
//! | 1 | 6 | 1 = the component is a path |
//! | 1 | 5..0 | failure type + 1, so that the word is never 0: 0 marks a free place in the ring |

use super::failure::TypeId;
use crate::clock::Stamp;
use crate::sync::{AtomicU64, Ordering};
use std::fmt;

const TYPE_BITS: u32 = 6;
const PATH_BIT: u64 = 1 << TYPE_BITS;
const ID_SHIFT: u32 = TYPE_BITS + 1;
const ID_BITS: u32 = 17;
const OPERATION_SHIFT: u32 = ID_SHIFT + ID_BITS;
const OPERATION_MASK: u64 = (1 << (64 - OPERATION_SHIFT)) - 1;

/// Whom a failure happened to: a registered component, or a lock path in the role of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ComponentKey {
    Path(u32),
    Component(u32),
}

/// Ties together the failures of one failed operation: a lock that timed out and the request that failed
/// because of it count as one subsequent failure, not as two.
///
/// Got from [`Attempt::operation`](crate::Attempt::operation), given to
/// [`Component::record_failure_of`](crate::Component::record_failure_of). Unique among the last 2^28
/// operations that a thread asked for.
///
/// ```
/// # let (clock, _time) = foreshock::Clock::manual();
/// # let monitor = foreshock::Monitor::builder().clock(clock).manual().start()?;
/// let lock = monitor.lock_path("config/iam/users");
/// let iam = monitor.component("iam");
/// let attempt = lock.attempt();
/// let operation = attempt.operation();
/// attempt.timeout();
/// iam.record_failure_of(foreshock::FailureType::IamOperationTimeout, operation);
/// # Ok::<(), foreshock::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Operation(u64);

impl Operation {
    pub(crate) const NONE: Self = Self(0);
    const COUNTER_BITS: u32 = 28;

    /// The `count`-th operation of a block. Never 0: blocks are numbered from 1 here.
    pub(crate) fn new(block: usize, count: u64) -> Self {
        let counter = count & ((1 << Self::COUNTER_BITS) - 1);
        Self((((block as u64 + 1) << Self::COUNTER_BITS) | counter) & OPERATION_MASK)
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits & OPERATION_MASK)
    }

    /// What a guard remembers of its operation.
    pub(crate) fn of(bits: &AtomicU64) -> Self {
        // Relaxed: an id says nothing about other memory.
        Self::from_bits(bits.load(Ordering::Relaxed))
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({:x})", self.0)
    }
}

/// A failure event between recording and judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawEvent {
    pub(crate) at: Stamp,
    pub(crate) kind: TypeId,
    pub(crate) component: ComponentKey,
    pub(crate) operation: Operation,
}

impl RawEvent {
    #[inline(always)]
    pub(crate) fn to_words(self) -> [u64; 2] {
        let (id, path_bit) = match self.component {
            ComponentKey::Path(id) => (id, PATH_BIT),
            ComponentKey::Component(id) => (id, 0),
        };
        let packed = (u64::from(self.kind.0) + 1)
            | path_bit
            | (u64::from(id) << ID_SHIFT)
            | (self.operation.0 << OPERATION_SHIFT);
        [self.at.0, packed]
    }

    pub(crate) fn from_words([at, packed]: [u64; 2]) -> Self {
        let id = ((packed >> ID_SHIFT) & ((1 << ID_BITS) - 1)) as u32;
        Self {
            at: Stamp(at),
            kind: TypeId((packed & (PATH_BIT - 1)) as u8 - 1),
            component: if packed & PATH_BIT == 0 {
                ComponentKey::Component(id)
            } else {
                ComponentKey::Path(id)
            },
            operation: Operation(packed >> OPERATION_SHIFT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_survives_its_packing_at_the_edges() {
        for kind in [0, 1, 5, 31] {
            for id in [0, 1, 65_535, 65_536] {
                for operation in [Operation::NONE, Operation::new(0, 0), Operation::new(4_094, u64::MAX)] {
                    for component in [ComponentKey::Path(id), ComponentKey::Component(id)] {
                        let event =
                            RawEvent { at: Stamp(u64::MAX - 1), kind: TypeId(kind), component, operation };
                        let words = event.to_words();
                        assert_ne!(words[1], 0, "0 marks a free place");
                        assert_eq!(RawEvent::from_words(words), event);
                    }
                }
            }
        }
    }

    #[test]
    fn operations_of_two_blocks_differ_and_none_is_zero() {
        assert_ne!(Operation::new(0, 0), Operation::NONE);
        assert_ne!(Operation::new(0, 7), Operation::new(1, 7));
        assert_ne!(Operation::new(0, 7), Operation::new(0, 8));
    }
}
