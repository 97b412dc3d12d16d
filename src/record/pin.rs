//! A look-up by name that may add the name: no number that this thread finds is given to another name meanwhile.

use super::block::Block;
use super::writer::Writer;
use crate::sync::{AtomicU32, Ordering, order, two_sided_fence};

/// Keeps numbers found by name from being given to other names.
pub(crate) enum Pin<'a> {
    Sole(&'a Block),
    Shared(&'a Block),
    /// Inside of another pin of this thread, which ends later.
    Nested,
}

impl<'a> Pin<'a> {
    pub(crate) fn new(writer: Writer<'a>) -> Self {
        match writer {
            Writer::Sole(block) => match block.sequence.pin() {
                Some(_) => Self::Sole(block),
                None => Self::Nested,
            },
            Writer::Shared(block) => {
                pin_shared(&block.pins);
                Self::Shared(block)
            }
        }
    }
}

impl Drop for Pin<'_> {
    fn drop(&mut self) {
        match self {
            Self::Sole(block) => block.sequence.unpin(),
            Self::Shared(block) => unpin_shared(&block.pins),
            Self::Nested => {}
        }
    }
}

fn pin_shared(pins: &AtomicU32) {
    // AcqRel: keeps the chain of (UNPIN) releases whole through every change.
    pins.fetch_add(1, Ordering::AcqRel);
    // Pairs with the heavy fence in `collect/retire.rs`.
    two_sided_fence::light();
}

fn unpin_shared(pins: &AtomicU32) {
    // (UNPIN) pairs with `Block::pinned`.
    pins.fetch_sub(1, order!(AcqRel, "unpin_shared"));
}
