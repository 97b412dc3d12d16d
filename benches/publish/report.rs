//! The tables and the JSON of what was measured, and whether the run is to be believed.

use crate::disturbance::{self, Disturbance};
use crate::history::PATHS;
use crate::machine;
use crate::publication::Publication;
use crate::scrape::Scrape;
use serde_json::{Value, json};
use std::fmt::Write;

pub(crate) struct Report {
    pub(crate) publications: Vec<Publication>,
    pub(crate) scrapes: [Scrape; 2],
    pub(crate) disturbances: Vec<Disturbance>,
}

impl Report {
    pub(crate) fn control_held(&self) -> bool {
        disturbance::control_held(&self.disturbances)
    }

    pub(crate) fn to_table(&self) -> String {
        let mut text = format!("{}\n\n", machine::line());
        let _ = writeln!(
            text,
            "{:<34} {:<14} {:>8} {:>10}",
            "publication of 1,000 paths", "recorder", "series", "us"
        );
        for row in &self.publications {
            let _ =
                writeln!(text, "{:<34} {:<14} {:>8} {:>10.0}", row.what, row.recorder, row.series, row.us);
        }
        let _ = writeln!(
            text,
            "\n{:<34} {:>8} {:>10} {:>12} {:>12}",
            "scrape of 1,000 paths", "series", "bytes", "render us", "HTTP us"
        );
        for row in &self.scrapes {
            let _ = writeln!(
                text,
                "{:<34} {:>8} {:>10} {:>12.0} {:>12.0}",
                row.name, row.series, row.bytes, row.render_us, row.http_us
            );
        }
        let _ = writeln!(
            text,
            "\n{:<54} {:>9} {:>11} {:>8} {:>8} {:>8}",
            "record, while scraped without a pause", "alone ns", "scraped ns", "ratio", "of means", "scrapes"
        );
        for row in &self.disturbances {
            let _ = writeln!(
                text,
                "{:<54} {:>9.2} {:>11.2} {:>8.2} {:>8.2} {:>8}",
                row.operation,
                row.alone_ns,
                row.scraped_ns,
                row.ratio(),
                row.mean_ratio,
                row.scrapes
            );
        }
        let held = if self.control_held() { "held" } else { "FAILED: this run says nothing" };
        let _ = writeln!(text, "\nnegative control, a lock that records and scrapes take: {held}");
        text
    }

    pub(crate) fn to_json(&self) -> Value {
        let publication = |row: &Publication| {
            json!({
                "publication": row.what,
                "recorder": row.recorder,
                "series": row.series,
                "us": row.us,
            })
        };
        let scrape = |row: &Scrape| {
            json!({
                "subject": row.name,
                "series": row.series,
                "bytes": row.bytes,
                "render_us": row.render_us,
                "http_us": row.http_us,
            })
        };
        let disturbance = |row: &Disturbance| {
            json!({
                "operation": row.operation,
                "alone_ns": row.alone_ns,
                "scraped_ns": row.scraped_ns,
                "ratio": row.ratio(),
                "mean_ratio": row.mean_ratio,
                "scrapes": row.scrapes,
            })
        };
        json!({
            "paths": PATHS,
            "control_held": self.control_held(),
            "cpu": machine::cpu(),
            "cores": machine::cores(),
            "commit": machine::commit(),
            "publications": self.publications.iter().map(publication).collect::<Vec<_>>(),
            "scrapes": self.scrapes.iter().map(scrape).collect::<Vec<_>>(),
            "disturbances": self.disturbances.iter().map(disturbance).collect::<Vec<_>>(),
        })
    }
}
