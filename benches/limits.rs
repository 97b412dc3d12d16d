//! What a record costs, as a ratio to an uncontended relaxed `fetch_add` measured in the same run.
//!
//! `cargo bench --bench limits`. Batches of all operations are interleaved, so that a machine that changes its speed
//! changes it for all of them, and the median over the batches is printed.

use foreshock::{Component, FailureType, LockPath, Monitor};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const BATCHES: usize = 25;
const OPERATIONS: u64 = 200_000;

/// An operation, and how to run a whole batch of it: nothing is called through a pointer inside the batch.
struct Subject<'a> {
    operation: &'static str,
    batch: Box<dyn Fn() -> f64 + Sync + 'a>,
}

fn subject<'a>(operation: &'static str, run: impl Fn() + Sync + 'a) -> Subject<'a> {
    Subject { operation, batch: Box::new(move || batch(&run)) }
}

fn subjects<'a>(
    monitor: &'a Monitor,
    plain: &'a Monitor,
    lock: &'a LockPath,
    plain_lock: &'a LockPath,
    peer: &'a Component,
) -> Vec<Subject<'a>> {
    let name = "config/iam/users/of/the/second/tenant/and/b";
    vec![
        subject("LockPath::record_success", || lock.record_success()),
        subject("attempt + success, no latency", || plain_lock.attempt().success()),
        subject("attempt + success, latency", || lock.attempt().success()),
        subject("Monitor::record_success by name", move || plain.record_success(black_box(name))),
        subject("LockPath::record_timeout", || plain_lock.record_timeout()),
        subject("Component::record_failure", || peer.record_failure(FailureType::PeerUnreachable)),
        subject("LockPath::health", || _ = black_box(lock.health())),
        subject("Monitor::health by name", move || _ = black_box(monitor.health(black_box(name)))),
    ]
}

/// Nanoseconds per operation of one batch.
#[inline(never)]
fn batch(run: &impl Fn()) -> f64 {
    let began = Instant::now();
    for _ in 0..OPERATIONS {
        run();
    }
    began.elapsed().as_nanos() as f64 / OPERATIONS as f64
}

/// The same from two threads at once, per operation and thread.
fn batch_of_two(subject: &Subject<'_>) -> f64 {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| (subject.batch)());
        let mine = (subject.batch)();
        (mine + other.join().expect("no panic")) / 2.0
    })
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn main() -> Result<(), foreshock::Error> {
    let monitor = Monitor::builder().start()?;
    let plain = Monitor::builder().track_latency(false).start()?;
    let (lock, peer) = (monitor.lock_path("bench/lock"), monitor.component("bench/peer"));
    let plain_lock = plain.lock_path("bench/lock");
    let shared = AtomicU64::new(0);
    let baseline = || _ = black_box(shared.fetch_add(1, Ordering::Relaxed));
    let subjects = subjects(&monitor, &plain, &lock, &plain_lock, &peer);
    let mut ones = vec![Vec::new(); subjects.len()];
    let mut twos = vec![Vec::new(); subjects.len()];
    let mut base = Vec::new();
    for _ in 0..BATCHES {
        base.push(batch(&baseline));
        for (place, subject) in subjects.iter().enumerate() {
            ones[place].push((subject.batch)());
            twos[place].push(batch_of_two(subject));
        }
    }
    let base = median(base);
    println!("{:<34} {:>8} {:>8} {:>12}", "operation", "ns", "x", "2 threads ns");
    println!("{:<34} {base:>8.2} {:>8.2}", "fetch_add, relaxed, uncontended", 1.0);
    for (place, subject) in subjects.iter().enumerate() {
        let (one, two) = (median(ones[place].clone()), median(twos[place].clone()));
        println!("{:<34} {one:>8.2} {:>8.2} {two:>12.2}", subject.operation, one / base);
    }
    Ok(())
}
