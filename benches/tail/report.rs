//! The table and the JSON of the tails, and whether the run is to be believed.

use crate::machine;
use crate::operations::{CONTROL, Operation, TIMER};
use crate::sampling::Tail;
use crate::state::State;
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
    /// Of the first calls after a sleep: the median, and what one in a hundred exceeds.
    first_ns: [f64; 2],
}

impl Row {
    pub(crate) fn new(operation: &Operation, tail: Tail, ns_per_tick: f64) -> Self {
        let ns = |ticks: u64| ticks as f64 * ns_per_tick;
        let at = |(_, percentile): &(&str, f64)| ns(tail.others.value_at_percentile(*percentile));
        Self {
            name: operation.name,
            is_ours: operation.is_ours,
            calls: tail.others.len(),
            percentiles_ns: PERCENTILES.iter().map(at).collect(),
            max_ns: ns(tail.others.max()),
            first_ns: [50.0, 99.0].map(|percentile| ns(tail.firsts.value_at_percentile(percentile))),
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
        let calls = self.states[0].rows[0].calls;
        let mut text = format!(
            "{}\nns of single calls, the two readings of the counter around each included; {calls} calls a row.\n`floor`: p99.99 of the readings alone. `met`: p99.99 under {TARGET_NS} ns. `first`: the first call after the thread slept\n2 ms, its median and p99; not in the other columns.\n",
            machine::line()
        );
        for of_state in &self.states {
            self.table_of(of_state, &mut text);
        }
        text
    }

    fn table_of(&self, of_state: &OfState, text: &mut String) {
        let OfState { state, ticks, dropped_events, rows, .. } = of_state;
        let _ = writeln!(
            text,
            "\ncollector {}: {ticks} ticks, {dropped_events} events refused by full rings; state {}, negative control {}",
            state.name(),
            verdict(of_state.held),
            verdict(of_state.control_held())
        );
        let heads: String = PERCENTILES.iter().map(|(head, _)| format!(" {head:>6}")).collect();
        let _ = writeln!(
            text,
            "{:<42}{heads} {:>8} {:>6} {:>4} {:>6} {:>6}",
            "", "max", "floor", "met", "first", "p99"
        );
        let floor = of_state.tail_ns(TIMER);
        for row in rows {
            let figures: String = row.percentiles_ns.iter().map(|ns| format!(" {ns:>6.0}")).collect();
            let met = row.is_met().map_or("", |met| if met { "yes" } else { "NO" });
            let floor = row.is_met().map_or(String::new(), |_| format!("{floor:.0}"));
            let [first, first_p99] = row.first_ns;
            let _ = writeln!(
                text,
                "{:<42}{figures} {:>8.0} {floor:>6} {met:>4} {first:>6.0} {first_p99:>6.0}",
                row.name, row.max_ns
            );
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
                "first_p50_ns": row.first_ns[0],
                "first_p99_ns": row.first_ns[1],
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
    if held { "held" } else { "FAILED" }
}
