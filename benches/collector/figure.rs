//! One line of the table, and the table.

use crate::machine;
use serde_json::{Value, json};
use std::fmt::Write;

/// What was measured, and whether the verdict beside it was right.
pub(crate) type Measured = Result<Vec<Figure>, String>;

pub(crate) struct Figure {
    part: &'static str,
    what: String,
    value: f64,
    unit: &'static str,
    target: Option<Target>,
}

#[derive(Clone, Copy)]
enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Figure {
    pub(crate) fn new(part: &'static str, what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { part, what: what.into(), value, unit, target: None }
    }

    pub(crate) fn at_least(mut self, target: f64) -> Self {
        self.target = Some(Target::AtLeast(target));
        self
    }

    pub(crate) fn at_most(mut self, target: f64) -> Self {
        self.target = Some(Target::AtMost(target));
        self
    }

    fn is_met(&self) -> Option<bool> {
        self.target.map(|target| match target {
            Target::AtLeast(least) => self.value >= least,
            Target::AtMost(most) => self.value <= most,
        })
    }

    fn target_value(&self) -> Option<f64> {
        self.target.map(|(Target::AtLeast(value) | Target::AtMost(value))| value)
    }

    fn line(&self) -> String {
        let target = match self.target {
            Some(Target::AtLeast(least)) => format!(">= {least}"),
            Some(Target::AtMost(most)) => format!("<= {most}"),
            None => String::new(),
        };
        let met = self.is_met().map_or("", |met| if met { "yes" } else { "NO" });
        let line = format!("  {:<62} {:>10.3} {:<10} {target:>8} {met:>4}", self.what, self.value, self.unit);
        format!("{}\n", line.trim_end())
    }

    fn json(&self) -> Value {
        json!({
            "part": self.part,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "target": self.target_value(),
            "is_met": self.is_met(),
        })
    }
}

pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = format!("{}\n", machine::line());
    for part in figures.chunk_by(|one, next| one.part == next.part) {
        let _ = writeln!(text, "\n{}", part[0].part);
        part.iter().for_each(|figure| text.push_str(&figure.line()));
    }
    text
}

pub(crate) fn json(figures: &[Figure]) -> Value {
    json!({
        "cpu": machine::cpu(),
        "cores": machine::cores(),
        "commit": machine::commit(),
        "figures": figures.iter().map(Figure::json).collect::<Vec<_>>(),
    })
}
