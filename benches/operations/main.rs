//! Each operation of ours alone, under criterion, beside the `fetch_add` that all ratios are taken to.
//!
//! `cargo bench --bench operations`. The calls are those of `limits`; criterion adds its statistics, and says whether a
//! figure differs from that of the run before.

#[path = "../shared/machine.rs"]
#[allow(dead_code, reason = "its line says all of it")]
mod machine;
#[path = "../shared/measure.rs"]
#[allow(dead_code, reason = "one thread is measured here")]
mod measure;
#[path = "../shared/pin.rs"]
mod pin;
#[path = "../subjects/mod.rs"]
#[allow(dead_code, unused_imports, reason = "ours, and one of the machine's")]
mod subjects;

use criterion::Criterion;
use measure::{Subject, Work};
use std::time::{Duration, Instant};
use subjects::{BASELINE, ours, primitives};

fn main() {
    println!("{}", machine::line());
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .configure_from_args();
    let machine = primitives::subjects().into_iter().filter(|subject| subject.operation == BASELINE);
    for subject in machine.chain(ours::subjects()) {
        bench(&mut criterion, &subject);
    }
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, subject: &Subject) {
    let mut group = criterion.benchmark_group(subject.name);
    let mut work = subject.work();
    group.bench_function(subject.operation, |bencher| {
        bencher.iter_custom(|calls| spent(work.as_mut(), calls, subject.pace.calls));
    });
    group.finish();
}

/// The time of so many calls, without what happens between chunks of them.
fn spent(work: &mut dyn Work, calls: u64, chunk: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut left = calls;
    while left > 0 {
        let now = left.min(chunk);
        let began = Instant::now();
        work.run(now);
        spent += began.elapsed();
        work.between();
        left -= now;
    }
    spent
}
