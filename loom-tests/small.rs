//! The smallest monitor that a model can do with, and the collector's steps that more than one model takes.

use crate::clock::Clock;
use crate::collect::paths::PathSums;
use crate::config::{Builder, Config};
use crate::record::block::Layout;
use crate::record::event::{ComponentKey, Operation, RawEvent};
use crate::record::failure::TypeId;
use crate::record::shared::Shared;
use std::sync::Arc;

pub(super) const LAYOUT: Layout = Layout { paths: 2, ring_events: 2, open_attempts: 2, track_latency: false };

/// One path, one component and one block beside the fallback; a ring of two events.
pub(super) fn shared() -> Arc<Shared> {
    let builder = Builder::default()
        .max_paths(1)
        .max_published_paths(1)
        .max_components(1)
        .max_threads(1)
        .ring_events(2)
        .open_attempts(2);
    let config = Config::check(&builder).expect("within every range");
    Arc::new(Shared::new(&config, Clock::manual().0).expect("little memory"))
}

/// What the collector sums of a path.
pub(super) fn sums(shared: &Shared, path: u32) -> PathSums {
    let mut sums = PathSums::default();
    for block in shared.pool.blocks() {
        sums.add(block, path as usize);
    }
    sums
}

/// Every outcome of a path.
pub(super) fn outcomes(shared: &Shared, path: u32) -> u64 {
    let sums = sums(shared, path).outcomes;
    sums.success + sums.timeout + sums.error + sums.abandoned
}

/// An event that says which one it is in both of its words.
pub(super) fn event(number: u64) -> RawEvent {
    RawEvent {
        at: crate::clock::Stamp(number * 10),
        kind: TypeId(0),
        component: ComponentKey::Component(number as u32),
        operation: Operation::NONE,
    }
}

/// Which one it is; both words must agree.
pub(super) fn number_of(words: [u64; 2]) -> u64 {
    let event = RawEvent::from_words(words);
    let ComponentKey::Component(number) = event.component else {
        panic!("torn: {event:?}");
    };
    assert_eq!(event.at.0, u64::from(number) * 10, "torn");
    u64::from(number)
}
