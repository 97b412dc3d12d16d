//! What the code promises about itself, read from its text.

use foreshock::{METRICS, MetricKind};
use std::fs;
use std::path::{Path, PathBuf};

const MAX_LINES: usize = 500;

fn rust_files(folder: &str) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of this crate") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("UTF-8");
                files.push((path, text));
            }
        }
    }
    assert!(!files.is_empty(), "{folder} has files");
    files
}

fn assert_absent(files: &[(PathBuf, String)], words: &[&str]) {
    for (path, text) in files {
        for (number, line) in
            text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            for word in words {
                assert!(!line.contains(word), "{}:{}: {word}", path.display(), number + 1);
            }
        }
    }
}

#[test]
fn no_file_is_too_long_to_be_read_at_a_sitting() {
    for folder in ["src", "tests", "benches", "examples", "loom-tests"] {
        for (path, text) in rust_files(folder) {
            let lines = text.lines().count();
            assert!(lines <= MAX_LINES, "{}: {lines} lines", path.display());
        }
    }
}

#[test]
fn one_module_knows_loom_and_the_atomics() {
    let mut files = rust_files("src");
    files.retain(|(path, _)| !path.ends_with("src/sync.rs") && !path.ends_with("src/lib.rs"));
    assert_absent(&files, &["std::sync::atomic", "loom::", "core::sync::atomic"]);
}

#[test]
fn judgement_knows_no_thread_no_atomic_and_no_clock() {
    for folder in ["src/health", "src/cascade"] {
        let unwanted =
            ["std::thread", "Atomic", "Instant", "SystemTime", "Mutex", "crate::sync", "crate::collect"];
        assert_absent(&rust_files(folder), &unwanted);
    }
}

#[test]
fn data_flows_one_way() {
    assert_absent(&rust_files("src/record"), &["crate::collect", "crate::publish", "crate::cascade"]);
    assert_absent(&rust_files("src/health"), &["crate::publish", "crate::record"]);
    assert_absent(&rust_files("src/cascade"), &["crate::publish"]);
    assert_absent(&rust_files("src/publish"), &["crate::collect"]);
}

#[test]
fn the_readme_lists_every_metric_as_it_is_published() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("UTF-8");
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| `{prefix}_")).collect();
    assert_eq!(rows.len(), METRICS.len(), "as many rows as metrics");
    for (metric, row) in METRICS.iter().zip(rows) {
        let kind = match metric.kind {
            MetricKind::Gauge => "gauge",
            MetricKind::Counter => "counter",
            MetricKind::Histogram => "histogram",
        };
        let labels = metric.labels.join(", ");
        let begins = format!("| `{{prefix}}_{}` | {kind} | {labels} |", metric.name).replace("|  |", "| |");
        assert!(row.starts_with(&begins), "{row}\n{begins}");
    }
}

#[test]
fn no_page_waits_to_be_filled_in() {
    for page in ["README.md", "docs/architecture.md", "docs/decisions.md", "CONTRIBUTING.md", "CHANGELOG.md"]
    {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let text = fs::read_to_string(&path).expect("UTF-8");
        for word in ["TODO", "TBD", "FIXME", "_OUTPUT"] {
            assert!(!text.contains(word), "{page}: {word}");
        }
    }
}
