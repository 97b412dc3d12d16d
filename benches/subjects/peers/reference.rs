//! The design that foreshock replaces: a map behind an asynchronous lock, written for each record.

use crate::measure::{Pace, Subject, Work, forever};
use crate::subjects::NAME;
use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;
use tokio::runtime::Runtime;
use tokio::sync::RwLock;

#[derive(Default)]
struct Stats {
    total_attempts: u64,
    successes: u64,
    consecutive_timeouts: u32,
    last_success: Option<Instant>,
}

type Map = RwLock<HashMap<String, Stats>>;

/// A runtime of one thread, entered once a chunk.
struct Recording {
    runtime: Runtime,
    map: &'static Map,
}

impl Work for Recording {
    fn run(&mut self, calls: u64) {
        self.runtime.block_on(async {
            for _ in 0..calls {
                record_success(self.map, black_box(NAME)).await;
            }
        });
    }
}

async fn record_success(map: &Map, path: &str) {
    let mut map = map.write().await;
    let stats = map.entry(path.to_owned()).or_default();
    stats.total_attempts += 1;
    stats.successes += 1;
    stats.consecutive_timeouts = 0;
    stats.last_success = Some(Instant::now());
}

pub(crate) fn subjects() -> Vec<Subject> {
    let map = forever(Map::default());
    vec![
        Subject::new("RwLock<HashMap>", "record_success, tokio's lock", || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            Box::new(Recording { runtime, map })
        })
        .pace(Pace::SLOW),
    ]
}
