//! A counter of OpenTelemetry, with a provider and a reader that collects, so that adding aggregates.

use crate::measure::{Pace, Subject, calls, forever};
use crate::subjects::NAME;
use ::opentelemetry::KeyValue;
use ::opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use std::hint::black_box;
use std::time::Duration;

const OPENTELEMETRY: &str = "opentelemetry";

/// Where what was collected goes: nowhere.
struct Discard;

impl PushMetricExporter for Discard {
    async fn export(&self, _metrics: &ResourceMetrics) -> OTelSdkResult {
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}

pub(crate) fn subjects() -> Vec<Subject> {
    let reader = PeriodicReader::builder(Discard).with_interval(Duration::from_secs(1)).build();
    let provider = forever(SdkMeterProvider::builder().with_reader(reader).build());
    let counter = forever(provider.meter("bench").u64_counter("attempts_total").build());
    let attributes = forever([KeyValue::new("path", NAME)]);
    vec![
        Subject::new(OPENTELEMETRY, "add, attributes that are kept", || {
            calls(|| counter.add(1, black_box(attributes)))
        })
        .pace(Pace::MEDIUM),
        Subject::new(OPENTELEMETRY, "add, static name", || {
            calls(|| counter.add(1, &[KeyValue::new("path", black_box(NAME))]))
        })
        .pace(Pace::MEDIUM),
        Subject::new(OPENTELEMETRY, "add, owned name", || {
            calls(|| counter.add(1, &[KeyValue::new("path", black_box(NAME).to_owned())]))
        })
        .pace(Pace::MEDIUM),
    ]
}
