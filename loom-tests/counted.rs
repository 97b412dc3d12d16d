//! Claim: no count is lost or made twice, and who sees that a record was made sees what it counted, so that a tick may leave
//! alone what has not changed.

use super::small::LAYOUT;
use super::{Bound, explore};
use crate::record::Outcome;
use crate::record::block::Block;
use crate::record::writer::Writer;

fn setup() -> [Block; 2] {
    [0, 1].map(|index| Block::new(index, LAYOUT).unwrap())
}

fn record(writer: Writer<'_>) {
    writer.count_outcome(0, Outcome::Success);
    writer.counted();
}

fn counted(block: &Block) -> u64 {
    block.paths[0].outcome(Outcome::Success)
}

fn read(blocks: &[Block; 2]) {
    for block in blocks {
        let records = block.records();
        let counted = counted(block);
        assert!(counted >= records, "{records} records seen, and {counted} of them counted");
    }
}

#[test]
fn a_record_that_is_seen_is_seen_counted() {
    let bound = Bound { preemptions: None, least_runs: 81 };
    let twice: super::Step<[Block; 2]> = |[own, _]| {
        record(Writer::Sole(own));
        record(Writer::Sole(own));
    };
    explore(bound, setup, &[twice, read], |blocks| {
        assert_eq!((counted(&blocks[0]), blocks[0].records()), (2, 2));
    });
}

#[test]
fn a_record_of_one_of_many_is_seen_counted_and_counted_once() {
    let bound = Bound { preemptions: Some(3), least_runs: 1_600 };
    let one: super::Step<[Block; 2]> = |[_, fallback]| record(Writer::Shared(fallback));
    explore(bound, setup, &[one, one, read], |blocks| {
        assert_eq!((counted(&blocks[1]), blocks[1].records()), (2, 2));
    });
}
