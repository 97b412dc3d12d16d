//! Claim: who sees that a record was made sees what it counted, so that a tick may leave alone what has not changed.

use super::{Bound, explore};
use crate::record::Outcome;
use crate::record::block::{Block, Layout};
use crate::record::writer::Writer;

const LAYOUT: Layout = Layout { paths: 1, ring_events: 2, open_attempts: 2, track_latency: false };

fn setup() -> [Block; 2] {
    [0, 1].map(|index| Block::new(index, LAYOUT).unwrap())
}

fn record(writer: Writer<'_>) {
    writer.count_outcome(0, Outcome::Success);
    writer.counted();
}

fn read(blocks: &[Block; 2]) {
    for block in blocks {
        let records = block.records();
        let counted = block.paths[0].outcome(Outcome::Success);
        assert!(counted >= records, "{records} records seen, and {counted} of them counted");
    }
}

#[test]
fn a_record_that_is_seen_is_seen_counted() {
    let bound = Bound { preemptions: Some(2), least_runs: 100 };
    let sole: super::Step<[Block; 2]> = |[own, _]| {
        record(Writer::Sole(own));
        record(Writer::Sole(own));
    };
    let shared: super::Step<[Block; 2]> = |[_, fallback]| record(Writer::Shared(fallback));
    explore(bound, setup, &[sole, shared, read], read);
}
