//! What the rest of a server does meanwhile: on every other core a thread that records, times out and fails, and one that
//! scrapes.

use crate::state::Stage;
use crate::{machine, pin};
use foreshock::{FailureType, Monitor};
use metrics_exporter_prometheus::PrometheusHandle;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const REST: Duration = Duration::from_millis(1);
/// So short and so often that some chunks see several of them, and not only their first call.
const HELD: Duration = Duration::from_micros(5);
const HOLDS: u32 = 20;
/// Scraped about once a second.
const ROUNDS_OF_A_SCRAPE: u64 = 1_000;

pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    held: Arc<Mutex<u64>>,
}

impl Load {
    pub(crate) fn start(stage: &Stage) -> Self {
        let (stop, held) = (Arc::<AtomicBool>::default(), Arc::<Mutex<u64>>::default());
        let start = |core: usize| {
            let (stop, held) = (stop.clone(), held.clone());
            let (monitor, scraped) = (stage.monitor.clone(), stage.scraped.clone().filter(|_| core == 1));
            thread::spawn(move || {
                pin::to_core(core);
                serve(&monitor, scraped.as_ref(), &held, &stop);
            })
        };
        let threads = (1..machine::cores().max(2)).map(start).collect();
        Self { stop, threads, held }
    }

    /// A lock that the threads hold from time to time.
    pub(crate) fn held(&self) -> Arc<Mutex<u64>> {
        self.held.clone()
    }

    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("no panic");
        }
    }
}

fn serve(monitor: &Monitor, scraped: Option<&PrometheusHandle>, held: &Mutex<u64>, stop: &AtomicBool) {
    let locks: Vec<_> = (0..32).map(|n| monitor.lock_path(&format!("load/{n}"))).collect();
    let peer = monitor.component("node4");
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) {
        for lock in &locks[1..] {
            lock.attempt().success();
        }
        locks[0].record_timeout();
        peer.record_failure(FailureType::PeerUnreachable);
        for _ in 0..HOLDS {
            hold(held);
            spin(HELD);
        }
        rounds += 1;
        if let Some(scraped) = scraped.filter(|_| rounds % ROUNDS_OF_A_SCRAPE == 0) {
            std::hint::black_box(scraped.render());
        }
        thread::sleep(REST);
    }
}

fn hold(lock: &Mutex<u64>) {
    let mut count = lock.lock().expect("no panic");
    spin(HELD);
    *count += 1;
}

fn spin(span: Duration) {
    let began = Instant::now();
    while began.elapsed() < span {
        std::hint::spin_loop();
    }
}
