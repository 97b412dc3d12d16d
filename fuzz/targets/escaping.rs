//! Label values through our escaping and the exporter behind it: each is read back as it went in, and two that
//! differ stay two series.

#![no_main]

#[path = "../../src/publish/prometheus/escape.rs"]
mod escape;
#[path = "../../tests/common/text_format.rs"]
#[allow(dead_code)]
mod text_format;

use escape::Escaping;
use libfuzzer_sys::fuzz_target;
use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use std::collections::BTreeMap;
use text_format::Exposition;

/// Never part of UTF-8, so that it takes nothing from the values that it stands between.
const BETWEEN: u8 = 0xff;
const MAX_VALUES: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let recorder = PrometheusBuilder::new().set_buckets(&[1.0]).expect("a bound").build_recorder();
    let handle = recorder.handle();
    let escaping = Escaping::new(recorder);
    let metadata = Metadata::new("fuzz", Level::INFO, None);
    let mut counts = BTreeMap::new();
    for value in bytes.split(|byte| *byte == BETWEEN).take(MAX_VALUES) {
        let value = String::from_utf8_lossy(value).into_owned();
        let key = |name| Key::from_parts(name, vec![Label::new("path", value.clone())]);
        escaping.register_counter(&key("fuzz_total"), &metadata).increment(1);
        escaping.register_gauge(&key("fuzz_now"), &metadata).increment(1.0);
        escaping.register_histogram(&key("fuzz_seconds"), &metadata).record(0.5);
        *counts.entry(value).or_insert(0.0) += 1.0;
    }
    let text = handle.render();
    let read = Exposition::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    for (value, count) in &counts {
        for name in ["fuzz_total", "fuzz_now", "fuzz_seconds_count"] {
            assert_eq!(read.value(name, &[("path", value)]), Some(*count), "{name} {value:?}");
        }
        assert_eq!(read.value("fuzz_seconds_bucket", &[("path", value), ("le", "1")]), Some(*count));
    }
    // One series of each of the two, and of the histogram two buckets, a sum and a count.
    assert_eq!(read.samples.len(), 6 * counts.len(), "{text}");
});
