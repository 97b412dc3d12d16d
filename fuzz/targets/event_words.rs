//! The two words that a failure event travels in: whatever stands in them is read without a panic, and is written
//! back as it was.

#![no_main]
#![allow(dead_code, unused_imports)]

use libfuzzer_sys::fuzz_target;

// The library's own files, with just enough around them to stand alone.
mod clock {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Stamp(pub(crate) u64);
}
mod sync {
    pub(crate) use std::sync::atomic::{AtomicU64, Ordering};
}
#[path = "../../src/record/event.rs"]
mod event;
#[path = "../../src/record/failure.rs"]
mod failure;

use clock::Stamp;
use event::{ComponentKey, Operation, RawEvent};
use failure::TypeId;

/// The type's six bits: 0 marks a free place, which is never read as an event.
const TYPE_MASK: u64 = 63;

fn words_come_back(words: [u64; 2]) {
    if words[1] & TYPE_MASK != 0 {
        assert_eq!(RawEvent::from_words(words).to_words(), words);
    }
}

fn an_event_comes_back(at: u64, kind: u8, id: u32, is_path: bool, operation: u64) {
    let id = id % (1 << 17);
    let event = RawEvent {
        at: Stamp(at),
        kind: TypeId(kind % 32),
        component: if is_path { ComponentKey::Path(id) } else { ComponentKey::Component(id) },
        operation: Operation::from_bits(operation),
    };
    let words = event.to_words();
    assert_ne!(words[1], 0, "0 marks a free place");
    assert_eq!(RawEvent::from_words(words), event);
}

fuzz_target!(|input: ([u64; 2], u8, u32, bool, u16, u64)| {
    let (words, kind, id, is_path, block, count) = input;
    words_come_back(words);
    an_event_comes_back(words[0], kind, id, is_path, words[1]);
    let operation = Operation::new(usize::from(block) % 4_095, count);
    assert_ne!(operation, Operation::NONE);
    an_event_comes_back(words[0], kind, id, is_path, operation.bits());
});
