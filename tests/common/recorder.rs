//! A recorder that remembers what every counter was set to, and can be made to misbehave.

use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

type Hook = Box<dyn Fn() + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Remembering {
    counters: Arc<Mutex<HashMap<String, Vec<u64>>>>,
    samples: Arc<AtomicU64>,
    hook: Arc<Mutex<Option<Hook>>>,
}

impl Remembering {
    /// Every value of the counters whose name and labels contain all of the words.
    pub(crate) fn values_of(&self, words: &[&str]) -> Vec<Vec<u64>> {
        let counters = self.counters.lock().unwrap();
        let found = counters.iter().filter(|(series, _)| words.iter().all(|word| series.contains(word)));
        found.map(|(_, values)| values.clone()).collect()
    }

    /// Samples of all histograms.
    pub(crate) fn samples(&self) -> u64 {
        self.samples.load(Ordering::Relaxed)
    }

    /// Called once, in the middle of the next publication.
    pub(crate) fn call_once(&self, hook: impl Fn() + Send + Sync + 'static) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }
}

struct Values(String, Arc<Mutex<HashMap<String, Vec<u64>>>>);

impl CounterFn for Values {
    fn increment(&self, _: u64) {}

    fn absolute(&self, value: u64) {
        self.1.lock().unwrap().entry(self.0.clone()).or_default().push(value);
    }
}

struct Samples(Arc<AtomicU64>);

impl HistogramFn for Samples {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Recorder for Remembering {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<String> = key.labels().map(|l| format!("{}={}", l.key(), l.value())).collect();
        let series = format!("{} {}", key.name(), labels.join(" "));
        Counter::from_arc(Arc::new(Values(series, self.counters.clone())))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        // Taken out first: the hook may come back here.
        let hook = self.hook.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Samples(self.samples.clone())))
    }
}
