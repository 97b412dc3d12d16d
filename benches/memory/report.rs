//! The tables and the JSON of what was counted, and whether it is as it has to be.

use crate::cases::{FLATNESS, FOOTPRINTS};
use crate::footprint::{ALIVE, PATHS, THREADS};
use crate::machine;
use serde_json::value::Index;
use serde_json::{Value, json};
use std::fmt::{Display, Write};

/// So much more may be held at the worst moment of a long run than of a short one: the space of lists that come and go is
/// doubled now and then. A byte kept of a hundred records would be more.
const SLACK_BYTES: i64 = 64 * 1_024;

struct Footprint {
    name: &'static str,
    target_bytes: Option<i64>,
    held_bytes: i64,
    peak_bytes: i64,
    /// `None` where the system does not say.
    resident_bytes: Option<i64>,
}

struct Flatness {
    name: &'static str,
    counts: [u64; 2],
    held_bytes: [i64; 2],
    resident_bytes: [i64; 2],
    must_grow: bool,
    is_bounded: bool,
}

impl Flatness {
    fn growth_bytes(&self) -> i64 {
        self.held_bytes[1] - self.held_bytes[0]
    }

    fn is_as_it_must_be(&self) -> bool {
        self.is_bounded && self.must_grow == (self.growth_bytes() > SLACK_BYTES)
    }
}

pub(crate) struct Report {
    footprints: Vec<Footprint>,
    flatness: Vec<Flatness>,
}

fn number(of: &Value, place: impl Index + Display) -> Result<i64, String> {
    of.get(&place).and_then(Value::as_i64).ok_or_else(|| format!("no {place} in {of}"))
}

impl Report {
    pub(crate) fn new(count: impl Fn(&str) -> Result<Value, String>) -> Result<Self, String> {
        let footprint = |case: &crate::cases::Footprint| {
            let counted = count(case.name)?;
            Ok(Footprint {
                name: case.name,
                target_bytes: case.target_bytes,
                held_bytes: number(&counted, "held_bytes")?,
                peak_bytes: number(&counted, "peak_bytes")?,
                resident_bytes: counted["resident_bytes"].as_i64(),
            })
        };
        let flatness = |case: &crate::cases::Flatness| {
            let counted = count(case.name)?;
            let pair = |name| Ok::<_, String>([number(&counted[name], 0)?, number(&counted[name], 1)?]);
            Ok(Flatness {
                name: case.name,
                counts: case.counts,
                held_bytes: pair("held_bytes")?,
                resident_bytes: pair("resident_bytes")?,
                must_grow: case.must_grow,
                is_bounded: counted["is_bounded"] == true,
            })
        };
        Ok(Self {
            footprints: FOOTPRINTS.iter().map(footprint).collect::<Result<_, String>>()?,
            flatness: FLATNESS.iter().map(flatness).collect::<Result<_, String>>()?,
        })
    }

    pub(crate) fn is_flat(&self) -> bool {
        self.flatness.iter().all(Flatness::is_as_it_must_be)
    }

    pub(crate) fn to_table(&self) -> String {
        let mut text = format!(
            "{}\n\nKiB that a monitor adds, with {PATHS} paths and {THREADS} threads\n{:<38} {:>7} {:>7} {:>9} {:>7} {:>4} {:>8}\n",
            machine::line(),
            "",
            "held",
            "peak",
            "resident",
            "target",
            "held",
            "resident"
        );
        for row in &self.footprints {
            let met = |bytes: Option<i64>| match row.target_bytes.zip(bytes) {
                Some((target, bytes)) => {
                    if bytes <= target {
                        "met"
                    } else {
                        "NO"
                    }
                }
                None => "",
            };
            let _ = writeln!(
                text,
                "{:<38} {:>7} {:>7} {:>9} {:>7} {:>4} {:>8}",
                row.name,
                kib(row.held_bytes),
                kib(row.peak_bytes),
                row.resident_bytes.map_or("-".to_owned(), kib),
                row.target_bytes.map_or(String::new(), kib),
                met(Some(row.held_bytes)),
                met(row.resident_bytes),
            );
        }
        let _ = writeln!(
            text,
            "\nThe most bytes held during so many and until so many; a growth of {SLACK_BYTES} is let pass\n{:<38} {:>12} {:>12} {:>9} {:>14}",
            "", "held, less", "held, more", "growth", "resident growth"
        );
        for row in &self.flatness {
            let verdict = match (row.is_as_it_must_be(), row.must_grow) {
                (true, false) => "flat",
                (true, true) => "grows, as it must",
                (false, _) => "FAILED",
            };
            let _ = writeln!(
                text,
                "{:<38} {:>12} {:>12} {:>9} {:>14}  {verdict}",
                format!("{}: {} and {}", row.name, row.counts[0], row.counts[1]),
                row.held_bytes[0],
                row.held_bytes[1],
                row.growth_bytes(),
                row.resident_bytes[1] - row.resident_bytes[0],
            );
        }
        text
    }

    pub(crate) fn to_json(&self) -> Value {
        let footprint = |row: &Footprint| {
            json!({
                "name": row.name,
                "held_bytes": row.held_bytes,
                "peak_bytes": row.peak_bytes,
                "resident_bytes": row.resident_bytes,
                "target_bytes": row.target_bytes,
                "is_met": row.target_bytes.map(|target| row.held_bytes <= target),
                "is_met_by_resident": row.target_bytes.zip(row.resident_bytes).map(|(target, bytes)| bytes <= target),
            })
        };
        let flatness = |row: &Flatness| {
            json!({
                "name": row.name,
                "counts": row.counts,
                "held_bytes": row.held_bytes,
                "resident_bytes": row.resident_bytes,
                "growth_bytes": row.growth_bytes(),
                "must_grow": row.must_grow,
                "is_as_it_must_be": row.is_as_it_must_be(),
            })
        };
        json!({
            "paths": PATHS,
            "threads": THREADS,
            "threads_alive_at_once": ALIVE,
            "slack_bytes": SLACK_BYTES,
            "cpu": machine::cpu(),
            "cores": machine::cores(),
            "commit": machine::commit(),
            "footprints": self.footprints.iter().map(footprint).collect::<Vec<_>>(),
            "flatness": self.flatness.iter().map(flatness).collect::<Vec<_>>(),
        })
    }
}

fn kib(bytes: i64) -> String {
    (bytes / 1_024).to_string()
}
