//! Circuit breakers: what judges a path by its outcomes, one call through it, granted.

use crate::measure::{Pace, Subject, Work, calls, forever};
use failsafe::CircuitBreaker as _;
use recloser::Recloser;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::time::Duration;
use tokio::runtime::Runtime;
use tower::{Service, ServiceExt, service_fn};
use tower_resilience_circuitbreaker::{CircuitBreaker, CircuitBreakerLayer, DefaultClassifier};

pub(crate) fn subjects() -> Vec<Subject> {
    let mut subjects = synchronous();
    subjects.push(tower());
    subjects
}

fn granted() -> Result<(), Infallible> {
    black_box(Ok(()))
}

fn synchronous() -> Vec<Subject> {
    let recloser = forever(Recloser::default());
    let rate = forever(failsafe::Config::new().build());
    let backoff = failsafe::backoff::constant(Duration::from_secs(30));
    let policy = failsafe::failure_policy::consecutive_failures(3, backoff);
    let run = forever(failsafe::Config::new().failure_policy(policy).build());
    vec![
        Subject::new("recloser", "call", || calls(|| _ = black_box(recloser.call(granted))))
            .pace(Pace::MEDIUM),
        Subject::new("failsafe", "call, default policy", || calls(|| _ = black_box(rate.call(granted))))
            .pace(Pace::MEDIUM),
        Subject::new("failsafe", "call, consecutive failures", || calls(|| _ = black_box(run.call(granted))))
            .pace(Pace::MEDIUM),
    ]
}

type Granting = fn(()) -> Ready<Result<(), Infallible>>;
type Breaker = CircuitBreaker<tower::util::ServiceFn<Granting>, DefaultClassifier>;

/// A runtime of one thread, entered once a chunk.
struct Calling {
    runtime: Runtime,
    breaker: Breaker,
}

impl Work for Calling {
    fn run(&mut self, calls: u64) {
        let Self { runtime, breaker } = self;
        runtime.block_on(async {
            for _ in 0..calls {
                let service = breaker.ready().await.expect("closed");
                service.call(()).await.expect("granted");
            }
        });
    }
}

fn tower() -> Subject {
    let layer = CircuitBreakerLayer::builder().build().expect("the defaults are valid");
    let granting: Granting = |()| ready(black_box(Ok(())));
    let breaker = layer.layer_fn(service_fn(granting));
    Subject::new("tower-resilience", "circuit breaker, call", move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        Box::new(Calling { runtime, breaker: breaker.clone() })
    })
    .pace(Pace::SLOW)
}
