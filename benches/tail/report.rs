//! The table and the JSON of the tails, and whether the run is to be believed.

use crate::machine;
use crate::operations::{CONTROL, Operation, TIMER};
use crate::state::State;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::fmt::Write;

/// No call of ours takes longer, but for one in ten thousand.
const TARGET_NS: f64 = 1_000.0;

const PERCENTILES: [(&str, f64); 5] =
    [("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9), ("p99.99", 99.99)];

pub(crate) struct Row {
    name: &'static str,
    is_ours: bool,
    calls: u64,
    /// In the order of `PERCENTILES`.
    percentiles_ns: Vec<f64>,
    max_ns: f64,
}

impl Row {
    pub(crate) fn new(operation: &Operation, histogram: &Histogram<u64>, ns_per_tick: f64) -> Self {
        let at =
            |(_, percentile): &(&str, f64)| histogram.value_at_percentile(*percentile) as f64 * ns_per_tick;
        Self {
            name: operation.name,
            is_ours: operation.is_ours,
            calls: histogram.len(),
            percentiles_ns: PERCENTILES.iter().map(at).collect(),
            max_ns: histogram.max() as f64 * ns_per_tick,
        }
    }

    /// What one call in ten thousand exceeds.
    fn tail_ns(&self) -> f64 {
        *self.percentiles_ns.last().expect("p99.99")
    }

    fn is_met(&self) -> Option<bool> {
        self.is_ours.then(|| self.tail_ns() < TARGET_NS)
    }
}

pub(crate) struct OfState {
    pub(crate) state: State,
    /// Of the collector, while it was measured.
    pub(crate) ticks: u64,
    /// Events that found their ring full.
    pub(crate) dropped_events: u64,
    /// The collector was in this state all the time.
    pub(crate) held: bool,
    pub(crate) rows: Vec<Row>,
}

impl OfState {
    fn tail_ns(&self, name: &str) -> f64 {
        self.rows.iter().find(|row| row.name == name).expect("a row of this suite").tail_ns()
    }

    /// The control shows the tail that it has.
    fn control_held(&self) -> bool {
        self.tail_ns(CONTROL) > TARGET_NS
    }
}

pub(crate) struct Report {
    pub(crate) states: Vec<OfState>,
}

impl Report {
    pub(crate) fn held(&self) -> bool {
        self.states.iter().all(|of_state| of_state.held && of_state.control_held())
    }

    pub(crate) fn to_table(&self) -> String {
        let mut text = format!(
            "{}\nns of single calls, the two readings of the counter around each included. `floor`: p99.99 of the readings alone.\n`met`: p99.99 under {TARGET_NS} ns.\n",
            machine::line()
        );
        for of_state in &self.states {
            self.table_of(of_state, &mut text);
        }
        let calls = self.states[0].rows[0].calls;
        let _ =
            writeln!(text, "\n{calls} calls a row. Negative control, {CONTROL}: {}", verdict(self.held()));
        text
    }

    fn table_of(&self, of_state: &OfState, text: &mut String) {
        let OfState { state, ticks, dropped_events, held, rows } = of_state;
        let _ = writeln!(
            text,
            "\ncollector {}: {ticks} ticks, {dropped_events} events refused by full rings; {}",
            state.name(),
            verdict(*held)
        );
        let heads: String = PERCENTILES.iter().map(|(head, _)| format!(" {head:>8}")).collect();
        let _ = writeln!(text, "{:<40}{heads} {:>10} {:>8} {:>4}", "", "max", "floor", "met");
        let floor = of_state.tail_ns(TIMER);
        for row in rows {
            let figures: String = row.percentiles_ns.iter().map(|ns| format!(" {ns:>8.0}")).collect();
            let judged = row
                .is_met()
                .map_or(String::new(), |met| format!(" {floor:>8.0} {:>4}", if met { "met" } else { "NO" }));
            let _ = writeln!(text, "{:<40}{figures} {:>10.0}{judged}", row.name, row.max_ns);
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let row = |row: &Row| {
            let percentiles = PERCENTILES.iter().zip(&row.percentiles_ns);
            json!({
                "operation": row.name,
                "is_ours": row.is_ours,
                "calls": row.calls,
                "ns": percentiles.map(|((head, _), ns)| ((*head).to_owned(), json!(ns))).collect::<serde_json::Map<_, _>>(),
                "max_ns": row.max_ns,
                "is_met": row.is_met(),
            })
        };
        let state = |of_state: &OfState| {
            json!({
                "collector": of_state.state.name(),
                "held": of_state.held,
                "control_held": of_state.control_held(),
                "ticks": of_state.ticks,
                "dropped_events": of_state.dropped_events,
                "floor_ns": of_state.tail_ns(TIMER),
                "rows": of_state.rows.iter().map(row).collect::<Vec<_>>(),
            })
        };
        json!({
            "target_ns": TARGET_NS,
            "held": self.held(),
            "cpu": machine::cpu(),
            "cores": machine::cores(),
            "commit": machine::commit(),
            "states": self.states.iter().map(state).collect::<Vec<_>>(),
        })
    }
}

fn verdict(held: bool) -> &'static str {
    if held { "held" } else { "FAILED: this run says nothing" }
}
