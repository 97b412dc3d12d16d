//! The table and the JSON of the sweep, and whether it is to be believed.

use crate::batch::Crowd;
use crate::machine;
use crate::subjects::ours::{OURS, RECORD_SUCCESS};
use crate::subjects::primitives::{CONTROL, MACHINE};
use serde_json::{Value, json};
use std::fmt::Write;

pub(crate) struct Point {
    pub(crate) crowd: Crowd,
    pub(crate) ns: f64,
    pub(crate) batches: usize,
}

pub(crate) struct Row {
    pub(crate) subject: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) points: Vec<Point>,
}

impl Row {
    pub(crate) fn is_ours(&self) -> bool {
        self.subject == OURS
    }

    /// What it is called where rows of several crates stand together.
    pub(crate) fn label(&self) -> String {
        if self.subject == MACHINE {
            self.operation.to_owned()
        } else {
            format!("{}: {}", self.subject, self.operation)
        }
    }
}

pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) control_held: bool,
}

impl Report {
    pub(crate) fn new(rows: Vec<Row>) -> Self {
        let find =
            |operation| rows.iter().find(|row| row.operation == operation).expect("a row of this sweep");
        let (control, ours) = (find(CONTROL), find(RECORD_SUCCESS));
        let alone = control.points[0].ns;
        let contended = control.points.iter().zip(&ours.points).skip(1);
        let control_held = contended.clone().count() > 0
            && contended.clone().all(|(control, ours)| control.ns > ours.ns && control.ns > alone);
        Self { rows, control_held }
    }

    fn crowds(&self) -> impl Iterator<Item = Crowd> + '_ {
        self.rows[0].points.iter().map(|point| point.crowd)
    }

    pub(crate) fn to_table(&self) -> String {
        let batches = self.rows[0].points[0].batches;
        let mut text = format!(
            "{}\nns per call on each thread, all threads on one handle, median of {batches} batches. With more threads than cores\n(marked *): ns of a core per call.\n\n",
            machine::line()
        );
        let header: String = self.crowds().map(|crowd| format!(" {:>11}", heading(crowd))).collect();
        for (name, of_ours) in [("foreshock", true), ("the machine, and what one would use instead", false)] {
            let _ = writeln!(text, "{name:<56}{header}");
            for row in self.rows.iter().filter(|row| row.is_ours() == of_ours) {
                let figures: String = row.points.iter().map(|point| format!(" {:>11.2}", point.ns)).collect();
                let _ = writeln!(
                    text,
                    "{:<56}{figures}",
                    if of_ours { row.operation.to_owned() } else { row.label() }
                );
            }
            text.push('\n');
        }
        let held = if self.control_held { "held" } else { "FAILED: this run says nothing" };
        let _ = writeln!(text, "negative control, a contended mutex: {held}");
        text
    }

    pub(crate) fn to_json(&self) -> Value {
        let point = |point: &Point| {
            json!({
                "threads": point.crowd.threads,
                "is_over_subscribed": point.crowd.is_over_subscribed(),
                "ns": point.ns,
                "batches": point.batches,
            })
        };
        let row = |row: &Row| {
            json!({
                "operation": row.operation,
                "subject": row.subject,
                "points": row.points.iter().map(point).collect::<Vec<_>>(),
            })
        };
        json!({
            "control_held": self.control_held,
            "cpu": machine::cpu(),
            "cores": machine::cores(),
            "commit": machine::commit(),
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

fn heading(crowd: Crowd) -> String {
    let mark = if crowd.is_over_subscribed() { "*" } else { "" };
    format!("{} thr{mark}", crowd.threads)
}
