//! The three states of the collector, and the proof that it was in them.

use crate::thread;
use foreshock::Monitor;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

const MILLISECOND: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It ticks fifty times as often as it does by default, and publishes to a recorder that is scraped.
    Running,
    /// It hangs in the host's recorder, for good.
    Stalled,
    /// Its thread does not exist any more, and nobody told the monitor.
    Dead,
}

impl State {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let all = [Self::Running, Self::Stalled, Self::Dead];
        all.into_iter().filter(|state| *state != Self::Dead || thread::CAN_END)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stalled => "stalled",
            Self::Dead => "dead",
        }
    }
}

/// A monitor whose collector is in a state.
pub(crate) struct Stage {
    state: State,
    pub(crate) monitor: Monitor,
    /// Of the recorder of a collector that runs.
    pub(crate) scraped: Option<PrometheusHandle>,
    trap: Arc<Trap>,
}

impl Stage {
    /// Returns once the collector is in that state.
    pub(crate) fn set(state: State) -> Self {
        let builder = Monitor::builder().tick(MILLISECOND).publish_every(100 * MILLISECOND);
        let trap = Arc::new(Trap { ends_thread: state == State::Dead, caught: AtomicI32::new(0) });
        let (builder, scraped) = if state == State::Running {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            (builder.recorder(Arc::new(recorder)), Some(handle))
        } else {
            (builder.recorder(trap.clone()), None)
        };
        let stage = Self { state, monitor: builder.start().expect("valid settings"), scraped, trap };
        while state != State::Running && !stage.has_trapped_collector() {
            std::thread::sleep(MILLISECOND);
        }
        stage
    }

    /// Long enough for a collector that runs to empty the rings.
    pub(crate) fn rest(&self) {
        std::thread::sleep(2 * MILLISECOND);
    }

    /// So many ticks of the run fit the state, and its end is as its beginning was.
    pub(crate) fn held(&self, ticks: u64) -> bool {
        match self.state {
            State::Running => ticks > 1_000,
            State::Stalled | State::Dead => ticks == 0 && self.has_trapped_collector(),
        }
    }

    fn has_trapped_collector(&self) -> bool {
        let thread = self.trap.caught.load(Ordering::Acquire);
        thread != 0 && thread::exists(thread) == (self.state == State::Stalled)
    }

    /// A monitor that is dropped waits for its collector, and these do not answer: they are left as they are.
    pub(crate) fn leave(self) {
        if self.state != State::Running {
            std::mem::forget(self.monitor);
        }
    }
}

/// A recorder of the host's from which the collector does not come back.
struct Trap {
    ends_thread: bool,
    /// The number of the thread that was caught.
    caught: AtomicI32,
}

impl Trap {
    fn spring(&self) -> ! {
        self.caught.store(thread::number(), Ordering::Release);
        if self.ends_thread {
            thread::end();
        }
        loop {
            std::thread::park();
        }
    }
}

impl Recorder for Trap {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        self.spring()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        self.spring()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        self.spring()
    }
}
