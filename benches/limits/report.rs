//! The table and the JSON of what was measured, and whether the run is to be believed.

use crate::machine;
use crate::subjects::ours::{OURS, RECORD_SUCCESS};
use crate::subjects::{BASELINE, CLOCK_READ, CONTROL};
use serde_json::{Value, json};
use std::fmt::Write;

/// Two threads may cost each of them so many times what one costs.
const TWO_THREADS_RATIO: f64 = 1.3;

pub(crate) struct Row {
    pub(crate) subject: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) target_ratio: Option<f64>,
    pub(crate) clock_reads: u32,
    pub(crate) ns: f64,
    pub(crate) two_threads_ns: Option<f64>,
}

impl Row {
    fn two_threads_ratio(&self) -> Option<f64> {
        self.two_threads_ns.map(|ns| ns / self.ns)
    }
}

pub(crate) struct Report {
    rows: Vec<Row>,
    baseline_ns: f64,
    clock_read_ns: f64,
    pub(crate) control_held: bool,
}

impl Report {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        let find =
            |operation| rows.iter().find(|row| row.operation == operation).expect("a row of this suite");
        let (baseline, control, ours) = (find(BASELINE), find(CONTROL), find(RECORD_SUCCESS));
        let contended = control.two_threads_ns.expect("measured with two threads");
        let control_held =
            contended > baseline.ns && contended > ours.two_threads_ns.unwrap_or(f64::INFINITY);
        Self { baseline_ns: baseline.ns, clock_read_ns: find(CLOCK_READ).ns, control_held, rows }
    }

    fn ratio(&self, row: &Row) -> f64 {
        row.ns / self.baseline_ns
    }

    /// What the clock readings alone cost: no implementation of the row can be below.
    fn floor_ratio(&self, row: &Row) -> Option<f64> {
        let reads = f64::from(row.clock_reads);
        (row.clock_reads > 0).then(|| reads * self.clock_read_ns / self.baseline_ns)
    }

    fn is_met(&self, row: &Row) -> Option<bool> {
        row.target_ratio.map(|target| self.ratio(row) <= target)
    }

    fn is_met_by_two(&self, row: &Row) -> Option<bool> {
        row.target_ratio.and(row.two_threads_ratio()).map(|ratio| ratio <= TWO_THREADS_RATIO)
    }

    pub(crate) fn to_table(&self) -> String {
        let mut text = format!(
            "{}\n`x`: times an uncontended relaxed fetch_add, here {:.2} ns. `2T`: ns per operation and thread with two\nthreads on one handle. `floor`: what the clock readings alone cost.\n\n",
            machine::line(),
            self.baseline_ns
        );
        for (header, of_table) in
            [("foreshock", true), ("the machine, and what one would use instead", false)]
        {
            let _ = writeln!(
                text,
                "{:<54} {:>9} {:>7} {:>7} {:>4} {:>6} {:>10} {:>6} {:>4}",
                header, "ns", "x", "target", "met", "floor", "2T ns", "2T/1T", "met"
            );
            for row in self.rows.iter().filter(|row| (row.subject == OURS) == of_table) {
                text.push_str(&self.line(row, of_table));
            }
            text.push('\n');
        }
        let held = if self.control_held { "held" } else { "FAILED: this run says nothing" };
        let _ = writeln!(text, "negative control, a contended mutex: {held}");
        text
    }

    fn line(&self, row: &Row, is_ours: bool) -> String {
        let name =
            if is_ours { row.operation.to_owned() } else { format!("{}: {}", row.subject, row.operation) };
        let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
        let yes_or_no = |met: Option<bool>| met.map_or("", |met| if met { "yes" } else { "NO" });
        let line = format!(
            "{:<54} {:>9.2} {:>7.2} {:>7} {:>4} {:>6} {:>10} {:>6} {:>4}",
            name,
            row.ns,
            self.ratio(row),
            number(row.target_ratio),
            yes_or_no(self.is_met(row)),
            number(self.floor_ratio(row)),
            number(row.two_threads_ns),
            number(row.two_threads_ratio()),
            yes_or_no(self.is_met_by_two(row)),
        );
        format!("{}\n", line.trim_end())
    }

    pub(crate) fn to_json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "operation": row.operation,
                "subject": row.subject,
                "ns": row.ns,
                "ratio": self.ratio(row),
                "target_ratio": row.target_ratio,
                "is_met": self.is_met(row),
                "floor_ratio": self.floor_ratio(row),
                "two_threads_ns": row.two_threads_ns,
                "two_threads_ratio": row.two_threads_ratio(),
                "is_met_by_two_threads": self.is_met_by_two(row),
            })
        };
        json!({
            "baseline_ns": self.baseline_ns,
            "clock_read_ns": self.clock_read_ns,
            "control_held": self.control_held,
            "two_threads_target_ratio": TWO_THREADS_RATIO,
            "cpu": machine::cpu(),
            "cores": machine::cores(),
            "commit": machine::commit(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}
