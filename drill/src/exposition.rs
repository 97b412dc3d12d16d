//! Reads the Prometheus text format, version 0.0.4.

use std::collections::BTreeMap;
use std::fmt;
use std::str::CharIndices;

/// One line with a value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// A line that is not in the format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    line_number: usize,
    what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line_number, self.what)
    }
}

pub(crate) fn parse(text: &str) -> Result<Vec<Sample>, Malformed> {
    // Not `str::lines`: a carriage return is a character like any other here.
    text.split('\n')
        .enumerate()
        .map(|(index, line)| (index + 1, line.trim_matches([' ', '\t'])))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line_number, line)| sample(line).map_err(|what| Malformed { line_number, what }))
        .collect()
}

fn sample(line: &str) -> Result<Sample, &'static str> {
    let name_end = line.find(['{', ' ', '\t']).ok_or("no value")?;
    let (name, rest) = line.split_at(name_end);
    if !is_name(name, true) {
        return Err("bad metric name");
    }
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (BTreeMap::new(), rest),
    };
    let mut fields = rest.split([' ', '\t']).filter(|field| !field.is_empty());
    let value = number(fields.next().ok_or("no value")?)?;
    if fields.next().is_some_and(|timestamp| timestamp.parse::<i64>().is_err()) {
        return Err("bad timestamp");
    }
    if fields.next().is_some() {
        return Err("more than a value and a timestamp");
    }
    Ok(Sample { name: name.to_owned(), labels, value })
}

/// The labels, and what stands behind the closing brace.
fn labels(mut rest: &str) -> Result<(BTreeMap<String, String>, &str), &'static str> {
    let mut labels = BTreeMap::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if let Some(behind) = rest.strip_prefix('}') {
            return Ok((labels, behind));
        }
        let (name, behind) = rest.split_once('=').ok_or("a label without a value")?;
        let name = name.trim_matches([' ', '\t']);
        if !is_name(name, false) {
            return Err("bad label name");
        }
        let quoted =
            behind.trim_start_matches([' ', '\t']).strip_prefix('"').ok_or("a label without quotes")?;
        let (value, behind) = unescape(quoted)?;
        if labels.insert(name.to_owned(), value).is_some() {
            return Err("a label twice");
        }
        let behind = behind.trim_start_matches([' ', '\t']);
        // A comma may also follow the last label.
        rest = match behind.strip_prefix(',') {
            Some(next) => next,
            None if behind.starts_with('}') => behind,
            None => return Err("labels without a comma between them"),
        };
    }
}

/// The text up to the closing quote, and what stands behind it.
fn unescape(quoted: &str) -> Result<(String, &str), &'static str> {
    let mut text = String::new();
    let mut characters: CharIndices<'_> = quoted.char_indices();
    while let Some((_, character)) = characters.next() {
        match character {
            '"' => return Ok((text, characters.as_str())),
            '\\' => text.push(match characters.next() {
                Some((_, 'n')) => '\n',
                Some((_, escaped @ ('\\' | '"'))) => escaped,
                _ => return Err("unknown escape"),
            }),
            plain => text.push(plain),
        }
    }
    Err("a label without a closing quote")
}

fn is_name(name: &str, may_have_colon: bool) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || (may_have_colon && c == ':');
    name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit())
}

fn number(field: &str) -> Result<f64, &'static str> {
    // `f64` reads NaN, +Inf and -Inf as the format writes them.
    field.parse().map_err(|_| "bad value")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Sample {
        let samples = parse(line).expect(line);
        assert_eq!(samples.len(), 1, "{line}");
        samples.into_iter().next().expect("there is one")
    }

    #[test]
    fn a_page_as_it_is_served() {
        let page = "# HELP x_total Some help.\n# TYPE x_total counter\nx_total{type=\"a\",component=\"b c\"} 3\n\nup 1\n";
        let samples = parse(page).expect("a good page");
        assert_eq!(samples.len(), 2);
        assert_eq!((samples[0].name.as_str(), samples[0].value), ("x_total", 3.0));
        assert_eq!(samples[0].labels["component"], "b c");
        assert!(samples[1].labels.is_empty());
    }

    #[test]
    fn escapes_in_labels() {
        assert_eq!(one(r#"x{a="q\"b\\n\n,}{= z"} 1"#).labels["a"], "q\"b\\n\n,}{= z");
        assert_eq!(one("x{a=\"tab\tcr\r\u{e9}\"} 1").labels["a"], "tab\tcr\r\u{e9}");
        assert_eq!(one(r#"x{a=""} 1"#).labels["a"], "");
    }

    #[test]
    fn spaces_commas_and_timestamps_that_are_allowed() {
        let sample =
            one("  x { a = \"1\" , b=\"2\", }   4.5e3   1700000000000 ".replace("x {", "x{").as_str());
        assert_eq!((sample.labels.len(), sample.value), (2, 4_500.0));
        assert!(one("x{} 1").labels.is_empty());
        assert_eq!(one("a:b_1 1").name, "a:b_1");
    }

    #[test]
    fn values_that_are_no_plain_numbers() {
        assert!(one("x NaN").value.is_nan());
        assert_eq!(one("x +Inf").value, f64::INFINITY);
        assert_eq!(one("x -Inf").value, f64::NEG_INFINITY);
        assert_eq!(one("x -0.5").value, -0.5);
    }

    #[test]
    fn what_is_not_in_the_format_is_refused_with_its_line() {
        let bad = [
            "x",
            "x one",
            "x 1 2 3",
            "x 1 soon",
            "1x 1",
            "{a=\"1\"} 1",
            "x{a=1} 1",
            "x{a=\"1} 1",
            "x{a=\"1\" 1",
            "x{a=\"1\"b=\"2\"} 1",
            "x{a=\"1\",a=\"2\"} 1",
            "x{a=\"\\q\"} 1",
            "x{a:b=\"1\"} 1",
            "x{a} 1",
            "x{a=\"\\",
        ];
        for line in bad {
            let error = parse(&format!("up 1\n{line}\n")).expect_err(line);
            assert_eq!(error.line_number, 2, "{line}");
        }
    }
}
