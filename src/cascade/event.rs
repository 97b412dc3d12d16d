//! A failure event as the detector sees it.

use crate::record::event::{ComponentKey, Operation};
use crate::record::failure::TypeId;
use std::fmt;

const PATH_BIT: u64 = 1 << 6;
const ID_SHIFT: u32 = 7;
const ID_MASK: u64 = (1 << (OPERATION_SHIFT - ID_SHIFT)) - 1;
const OPERATION_SHIFT: u32 = 24;

/// Stands for components that are no longer told apart. No component has this number.
pub(crate) const OTHER: ComponentKey = ComponentKey::Component(ID_MASK as u32);

/// One failure, or several that were merged (see `groups.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Nanoseconds. Of several: when the first happened.
    pub(crate) at: u64,
    /// When the last of them happened.
    pub(crate) last: u64,
    pub(crate) what: What,
    /// How many failures it stands for.
    pub(crate) weight: u32,
    /// Which block it came from: events of one block are in the order of their recording.
    pub(crate) source: u16,
    /// A bit for each pattern to which it still matters what came before it and what after.
    pub(crate) undecided: u16,
}

impl Event {
    pub(crate) fn new(at: u64, what: What, source: u16) -> Self {
        Self { at, last: at, what, weight: 1, source, undecided: 0 }
    }

    /// Time first; at the same time by block, so that the order of arrival plays no part.
    pub(crate) fn order(&self) -> Order {
        (u128::from(self.at) << 16) | u128::from(self.source)
    }
}

/// Time and source of an event, as one number: one comparison without a branch.
pub(crate) type Order = u128;

/// The time in it.
pub(super) fn time_of(order: Order) -> u64 {
    (order >> 16) as u64
}

/// What failed, in one word: equal words may be merged.
///
/// | bits | content |
/// |---|---|
/// | 63..24 | operation, 0 = none |
/// | 23..7 | number of the path or of the component |
/// | 6 | 1 = the component is a path |
/// | 5..0 | failure type |
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct What(u64);

impl What {
    pub(crate) fn new(kind: TypeId, component: ComponentKey, operation: Operation) -> Self {
        let (id, path_bit) = match component {
            ComponentKey::Path(id) => (id, PATH_BIT),
            ComponentKey::Component(id) => (id, 0),
        };
        debug_assert!(u64::from(id) <= ID_MASK);
        Self(
            u64::from(kind.0)
                | path_bit
                | (u64::from(id) << ID_SHIFT)
                | (operation.bits() << OPERATION_SHIFT),
        )
    }

    #[inline]
    pub(crate) fn kind(self) -> TypeId {
        TypeId((self.0 & (PATH_BIT - 1)) as u8)
    }

    #[inline]
    pub(crate) fn component(self) -> ComponentKey {
        let id = ((self.0 >> ID_SHIFT) & ID_MASK) as u32;
        if self.0 & PATH_BIT == 0 { ComponentKey::Component(id) } else { ComponentKey::Path(id) }
    }

    #[inline]
    pub(crate) fn operation(self) -> Operation {
        Operation::from_bits(self.0 >> OPERATION_SHIFT)
    }

    #[inline]
    pub(crate) fn without_operation(self) -> Self {
        Self(self.0 & ((1 << OPERATION_SHIFT) - 1))
    }

    /// The same type, of one of the components that are no longer told apart.
    pub(crate) fn of_other(self) -> Self {
        Self::new(self.kind(), OTHER, Operation::NONE)
    }

    /// The upper `bits` of a hash. Numbers are dense and none of them comes from outside, so a multiplication by
    /// 2^64 divided by the golden ratio spreads them well enough.
    #[inline]
    pub(super) fn hash(self, bits: u32) -> usize {
        (self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - bits)) as usize
    }
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:?} of {:?}, {:?})", self.kind(), self.component(), self.operation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_survives_its_packing_at_the_edges() {
        for kind in [0, 1, 31, 63] {
            for id in [0, 1, 65_535, 65_536] {
                for operation in [Operation::NONE, Operation::new(0, 0), Operation::new(4_094, u64::MAX)] {
                    for component in [ComponentKey::Path(id), ComponentKey::Component(id), OTHER] {
                        let what = What::new(TypeId(kind), component, operation);
                        assert_eq!((what.kind(), what.component()), (TypeId(kind), component));
                        assert_eq!(what.operation(), operation);
                        let without = What::new(TypeId(kind), component, Operation::NONE);
                        assert_eq!(what.without_operation(), without);
                    }
                }
            }
        }
    }

    #[test]
    fn the_order_of_an_event_says_when_it_was() {
        let what = What::new(TypeId(0), ComponentKey::Component(0), Operation::NONE);
        for at in [0, 1, 1 << 48, u64::MAX] {
            assert_eq!(time_of(Event::new(at, what, u16::MAX).order()), at);
        }
    }
}
