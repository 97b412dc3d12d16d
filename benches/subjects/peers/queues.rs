//! What one would carry events or samples in.

use crate::measure::{Pace, Subject, calls, calls_and_then, forever};
use crossbeam_queue::ArrayQueue;
use hdrhistogram::Histogram;
use std::hint::black_box;

/// As large as an event of ours.
type Event = [u64; 4];

const EVENT: Event = [1, 2, 3, 4];

pub(crate) fn subjects() -> Vec<Subject> {
    // Room for what two threads push between two drains.
    let queue = forever(ArrayQueue::<Event>::new(4_096));
    vec![
        Subject::new("crossbeam ArrayQueue", "push of 32 bytes", || {
            let push = || queue.push(black_box(EVENT)).expect("room");
            calls_and_then(push, || while queue.pop().is_some() {})
        })
        .pace(Pace::HALF_A_RING),
        Subject::new("rtrb", "push of 32 bytes, own ring", || {
            let (mut producer, mut consumer) = rtrb::RingBuffer::<Event>::new(1_024);
            let push = move || producer.push(black_box(EVENT)).expect("room");
            calls_and_then(push, move || while consumer.pop().is_ok() {})
        })
        .pace(Pace::HALF_A_RING)
        .for_one_thread(),
        Subject::new("hdrhistogram", "record, own histogram", || {
            // As wide as a wait for a lock can be, two digits: 1 us to one hour.
            let mut histogram =
                Histogram::<u64>::new_with_bounds(1_000, 3_600_000_000_000, 2).expect("bounds");
            let mut wait_ns = 1_000;
            calls(move || {
                // Around the whole range, so that the branches and the lines are those of real waits.
                wait_ns = wait_ns * 5 % 1_000_003 + 1_000;
                histogram.record(black_box(wait_ns)).expect("within the bounds");
            })
        })
        .for_one_thread(),
    ]
}
