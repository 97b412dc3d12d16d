//! Scales the times in YAML as Prometheus and Alertmanager read it, line by line, so that all else stays as it stands.

use super::{duration, expression};

const TIMES: [&str; 4] = ["for", "keep_firing_for", "interval", "group_wait"];
const ENDINGS_OF_TIMES: [&str; 2] = ["_interval", "_timeout"];

/// What the lines that are indented deeper than a key are.
enum Block {
    Expression,
    /// Text over several lines, templates among it.
    Text,
}

/// Rules, `prometheus.yml` or `alertmanager.yml`. An error names a value that is a duration under a key that is not known
/// to be a time: it would run in real time unnoticed.
pub(crate) fn scale_settings(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<(usize, Block)> = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let content = line.trim_end();
        let indentation = content.len() - content.trim_start().len();
        if let Some((key, block)) = &open
            && (indentation > *key || content.is_empty())
        {
            out.push_str(&match block {
                Block::Expression => expression::scale_line(line),
                Block::Text => expression::scale_ranges(line),
            });
            continue;
        }
        open = None;
        if content.trim_start().starts_with('#') {
            out.push_str(line);
        } else if let Some(at) = expression_start(content) {
            open = Some((indentation, Block::Expression));
            out.push_str(&line[..at]);
            out.push_str(&expression::scale_line(&line[at..]));
        } else {
            let scaled = scale_pairs(line).map_err(|what| format!("line {}: {what}", index + 1))?;
            out.push_str(&expression::scale_ranges(&scaled));
            if content.trim_end_matches(['-', '+']).ends_with(['|', '>']) {
                open = Some((indentation, Block::Text));
            }
        }
    }
    Ok(out)
}

/// Where the value of `expr:` begins.
fn expression_start(content: &str) -> Option<usize> {
    let key = content.trim_start();
    let key = key.strip_prefix("- ").unwrap_or(key).trim_start();
    key.starts_with("expr:").then(|| content.len() - key.len() + "expr:".len())
}

/// `key: 5m`, in a line of its own or between braces.
fn scale_pairs(line: &str) -> Result<String, String> {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(colon) = rest.find(": ") {
        let (before, behind) = rest.split_at(colon);
        let key = before.rsplit([' ', '{', ',']).next().unwrap_or(before);
        let space = behind.len() - behind[1..].trim_start().len();
        out.push_str(before);
        out.push_str(&behind[..space]);
        let (value, behind) = behind[space..].split_at(value_length(&behind[space..]));
        rest = behind;
        // Otherwise it is the beginning of a sentence.
        let is_whole = matches!(behind.trim_start().chars().next(), None | Some(',' | '}' | '#'));
        match duration::parse(value.trim_matches(['"', '\''])).filter(|_| is_whole) {
            None => out.push_str(value),
            Some(_) if !is_time(key) => {
                return Err(format!("`{key}: {value}` is a duration, but not known as a time"));
            }
            Some(ms) => out.push_str(&duration::scaled(ms)),
        }
    }
    Ok(out + rest)
}

/// With its quotes, if it has any.
fn value_length(text: &str) -> usize {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => expression::string_length(text, quote),
        _ => text.find([' ', ',', '}', '\n', '{']).unwrap_or(text.len()),
    }
}

fn is_time(key: &str) -> bool {
    TIMES.contains(&key) || ENDINGS_OF_TIMES.iter().any(|ending| key.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(text: &str) -> String {
        scale_settings(text).expect(text)
    }

    #[test]
    fn times_are_scaled_wherever_they_stand() {
        let cases = [
            ("  scrape_interval: 15s # often\n", "  scrape_interval: 500ms # often\n"),
            (
                "global: {scrape_interval: 15s, scrape_timeout: 10s}\n",
                "global: {scrape_interval: 500ms, scrape_timeout: 333ms}\n",
            ),
            ("    - for: \"2m\"", "    - for: 4s"),
            ("  group_wait: 30s\n  repeat_interval: 4h\n", "  group_wait: 1s\n  repeat_interval: 480s\n"),
            ("  resolve_timeout: 0s\n", "  resolve_timeout: 0s\n"),
        ];
        for (text, expected) in cases {
            assert_eq!(scaled(text), expected);
        }
    }

    #[test]
    fn what_is_no_time_stays() {
        let text = "
# for: 5m, [5m]
name: a5m
url: http://localhost:9093/5m
summary: \"for: 5m, of the last 5m\"
description: >-
  interval: 5m, in words
title: 5m of it
labels: {severity: 5, team: m5}
";
        assert_eq!(scaled(text), text);
    }

    #[test]
    fn a_duration_under_an_unknown_key_is_refused() {
        let error = scale_settings("a: 1\n  patience: 5m\n").expect_err("patience is not known");
        assert_eq!(error, "line 2: `patience: 5m` is a duration, but not known as a time");
    }

    #[test]
    fn an_expression_ends_where_its_indentation_does() {
        let text = "
      - record: a:b:sum15m
        expr: |
          sum_over_time(x[15m:15s]) * 15 # seconds

            > 5m
      - alert: A
        expr: rate(a:b:sum15m[5m]) > 5 # per second
        for: 1m30s
        labels:
          severity: critical
        annotations:
          summary: 5m of {{ query \"x[5m]\" }}
";
        let expected = "
      - record: a:b:sum15m
        expr: |
          sum_over_time(x[30s:500ms]) * 0.5 # seconds

            > 10s
      - alert: A
        expr: rate(a:b:sum15m[10s]) > 150 # per second
        for: 3s
        labels:
          severity: critical
        annotations:
          summary: 5m of {{ query \"x[10s]\" }}
";
        assert_eq!(scaled(text), expected);
    }

    #[test]
    fn a_list_item_may_begin_with_its_expression() {
        assert_eq!(scaled("  - expr: x[5m]\n    for: 1m\n"), "  - expr: x[10s]\n    for: 2s\n");
    }

    #[test]
    fn what_is_installed_keeps_all_but_its_times() {
        let deploy = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy");
        let files = [
            "prometheus/prometheus.yml",
            "prometheus/rules/recording.yml",
            "prometheus/rules/alerts.yml",
            "alertmanager/alertmanager.yml",
        ];
        for file in files {
            let text = std::fs::read_to_string(deploy.join(file)).expect(file);
            let scaled = scaled(&text);
            assert_ne!(scaled, text, "{file}");
            let without_digits =
                |text: &str| text.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
            for (line, was) in scaled.lines().zip(text.lines()) {
                // Units may change too: hours become seconds.
                let units = ["ms", "s", "m", "h"];
                let bare =
                    |line: &str| units.iter().fold(without_digits(line), |line, unit| line.replace(unit, ""));
                assert_eq!(bare(line), bare(was), "{file}");
            }
            assert_eq!(scaled.lines().count(), text.lines().count(), "{file}");
        }
    }
}
