//! One number of the table and the name it has.
//!
//! | `state` | meaning | next |
//! |---|---|---|
//! | `FREE` | no name | `CLAIMED`, by the thread that adds a name |
//! | `CLAIMED` | named, linked only if the thread wins the race for the bucket | `LIVE` or `FREE`, by that thread |
//! | `LIVE` | in use | `CONDEMNED`, by the collector |
//! | `CONDEMNED` | idle for long; the next record rescues it | `LIVE`, by any thread; `DEAD`, by the collector |
//! | `DEAD` | passed over by look-ups, about to be unlinked | `FREE`, by the collector |

use crate::record::name::{BoundedName, Match, Name};
use crate::sync::{AtomicPtr, AtomicU32, Ordering, seeded};
use std::ptr;

pub(super) const FREE: u32 = 0;
pub(super) const CLAIMED: u32 = 1;
pub(super) const LIVE: u32 = 2;
pub(super) const CONDEMNED: u32 = 3;
pub(super) const DEAD: u32 = 4;

/// Link to no node. A link to node `n` is `n + 1`.
pub(super) const NIL: u32 = 0;

pub(super) struct Node {
    pub(super) name: AtomicPtr<Name>,
    pub(super) next: AtomicU32,
    pub(super) state: AtomicU32,
}

impl Node {
    pub(super) fn new() -> Self {
        Self { name: AtomicPtr::new(ptr::null_mut()), next: AtomicU32::new(NIL), state: AtomicU32::new(FREE) }
    }

    pub(super) fn name(&self) -> Option<&Name> {
        // Relaxed would do: the chain, `listed` or a handle has published the name. Acquire costs nothing here.
        let name = self.name.load(Ordering::Acquire);
        // SAFETY: null or from `Box::into_raw`, and freed only in `release_number`, whose contract keeps
        // away every thread that is pinned, holds a handle, or is the collector at another step.
        unsafe { name.as_ref() }
    }

    pub(super) fn compare(&self, name: BoundedName<'_>) -> Match {
        self.name().map_or(Match::Different, |stored| stored.compare(name))
    }

    /// True unless dead; takes a condemned node back.
    #[inline]
    pub(super) fn is_usable(&self) -> bool {
        // Relaxed: the order of this load after the pin is the light fence in `Sequence::pin`; pairs with the
        // heavy fence after `condemn`.
        match self.state.load(Ordering::Relaxed) {
            // Claimed: whoever comes by the chain knows that it is linked.
            LIVE | CLAIMED => true,
            CONDEMNED if seeded("rescue_stored") => {
                self.state.store(LIVE, Ordering::Release);
                true
            }
            CONDEMNED => {
                match self.state.compare_exchange(CONDEMNED, LIVE, Ordering::AcqRel, Ordering::Relaxed) {
                    Ok(_) => true,
                    Err(now) => now == LIVE,
                }
            }
            _ => false,
        }
    }
}

pub(super) fn link_of(head: u64) -> u32 {
    head as u32
}

/// The next version of a head, with another link.
pub(super) fn successor(head: u64, link: u32) -> u64 {
    let version = (head >> 32).wrapping_add(u64::from(!seeded("version_kept")));
    (version << 32) | u64::from(link)
}
