//! A strict reader of the Prometheus text format, written from its description and not from any exporter. It
//! refuses what a scrape would refuse, and more: a series that comes twice, a sample without a type, an unknown
//! escape, a family in two pieces, buckets that do not add up.

use std::collections::BTreeMap;
use std::str::Chars;

pub(crate) type Labels = BTreeMap<String, String>;

#[derive(Debug, Default)]
pub(crate) struct Exposition {
    pub(crate) types: BTreeMap<String, String>,
    pub(crate) helps: BTreeMap<String, String>,
    pub(crate) samples: BTreeMap<(String, Labels), f64>,
    /// Families in the order in which their samples came.
    order: Vec<String>,
}

impl Exposition {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut read = Self::default();
        if !text.is_empty() && !text.ends_with('\n') {
            return Err("the last line does not end".to_owned());
        }
        for line in text.split_terminator('\n').filter(|line| !line.is_empty()) {
            read.line(line).map_err(|error| format!("{error}: {line:?}"))?;
        }
        read.check_histograms()?;
        Ok(read)
    }

    /// The value of one series.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// The labels of each series of a name.
    pub(crate) fn series(&self, name: &str) -> Vec<&Labels> {
        self.samples.keys().filter(|(known, _)| known == name).map(|(_, labels)| labels).collect()
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').ok_or("no help text")?;
            let help = unescape(help, &[('\\', '\\'), ('n', '\n')])?;
            return once(&mut self.helps, metric_name(name)?, help);
        }
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or("no type")?;
            if !["counter", "gauge", "histogram", "summary", "untyped"].contains(&kind) {
                return Err("unknown type".to_owned());
            }
            return once(&mut self.types, metric_name(name)?, kind.to_owned());
        }
        if line.starts_with('#') {
            return Ok(());
        }
        self.sample(line)
    }

    fn sample(&mut self, line: &str) -> Result<(), String> {
        let end = line.find(['{', ' ']).ok_or("no value")?;
        let name = metric_name(&line[..end])?;
        let (labels, rest) = labels(&line[end..])?;
        let value = rest.strip_prefix(' ').ok_or("no blank before the value")?;
        let value: f64 = value.parse().map_err(|_| format!("{value:?} is no number"))?;
        let family = self.family_of(&name)?;
        if self.types[&family] != "gauge" && value < 0.0 {
            return Err("a negative count".to_owned());
        }
        if self.order.last() != Some(&family) {
            if self.order.contains(&family) {
                return Err("a family in two pieces".to_owned());
            }
            self.order.push(family);
        }
        match self.samples.insert((name, labels), value) {
            None => Ok(()),
            Some(_) => Err("a series that comes twice".to_owned()),
        }
    }

    fn family_of(&self, name: &str) -> Result<String, String> {
        let stems = ["", "_bucket", "_sum", "_count"].iter().filter_map(|suffix| name.strip_suffix(suffix));
        let mut typed = stems.filter(|stem| match self.types.get(*stem) {
            Some(kind) => *stem == name || kind == "histogram" || kind == "summary",
            None => false,
        });
        typed.next().map(str::to_owned).ok_or("a sample without a type".to_owned())
    }

    fn check_histograms(&self) -> Result<(), String> {
        for (family, _) in self.types.iter().filter(|(_, kind)| *kind == "histogram") {
            let mut rows: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            let bucket = format!("{family}_bucket");
            for ((_, labels), count) in self.samples.iter().filter(|((name, _), _)| *name == bucket) {
                let mut labels = labels.clone();
                let le = labels.remove("le").ok_or("a bucket without a bound")?;
                let le = le.parse().map_err(|_| format!("{le:?} is no bound"))?;
                rows.entry(labels).or_default().push((le, *count));
            }
            for (labels, mut row) in rows {
                row.sort_by(|a, b| a.0.total_cmp(&b.0));
                let count = self.samples.get(&(format!("{family}_count"), labels.clone()));
                let last = row.last().filter(|(le, _)| *le == f64::INFINITY).map(|(_, count)| count);
                let sum = self.samples.contains_key(&(format!("{family}_sum"), labels.clone()));
                if !row.is_sorted_by_key(|(_, count)| *count) || last != count || count.is_none() || !sum {
                    return Err(format!("the buckets of {family}{labels:?} do not add up"));
                }
            }
        }
        Ok(())
    }
}

fn once(to: &mut BTreeMap<String, String>, name: String, text: String) -> Result<(), String> {
    match to.insert(name, text) {
        None => Ok(()),
        Some(_) => Err("said twice".to_owned()),
    }
}

fn metric_name(name: &str) -> Result<String, String> {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':');
    if begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':') {
        return Ok(name.to_owned());
    }
    Err(format!("{name:?} is no metric name"))
}

/// What stands between braces, if anything does, and what comes after.
fn labels(text: &str) -> Result<(Labels, &str), String> {
    let Some(inside) = text.strip_prefix('{') else {
        return Ok((Labels::new(), text));
    };
    let mut labels = Labels::new();
    let mut rest = inside;
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once("=\"").ok_or("a label without a value")?;
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("{name:?} is no label name"));
        }
        let mut chars = after.chars();
        let value = label_value(&mut chars)?;
        once(&mut labels, name.to_owned(), value)?;
        rest = chars.as_str();
        rest = match rest.strip_prefix(',') {
            Some(more) => more,
            None if rest.starts_with('}') => rest,
            None => return Err("no comma between labels".to_owned()),
        };
    }
    Ok((labels, &rest[1..]))
}

/// Reads up to and including the closing quote.
fn label_value(chars: &mut Chars<'_>) -> Result<String, String> {
    // Most values have no escape: they are taken as a piece.
    if let Some((value, after)) = chars.as_str().split_once('"')
        && !value.contains('\\')
    {
        *chars = after.chars();
        return Ok(value.to_owned());
    }
    let mut value = String::new();
    loop {
        match chars.next().ok_or("a label value without an end")? {
            '"' => return Ok(value),
            '\\' => value.push(match chars.next() {
                Some('\\') => '\\',
                Some('"') => '"',
                Some('n') => '\n',
                other => return Err(format!("unknown escape {other:?}")),
            }),
            plain => value.push(plain),
        }
    }
}

fn unescape(text: &str, escapes: &[(char, char)]) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let escape = chars.next();
        let known = escapes.iter().find(|(written, _)| Some(*written) == escape);
        out.push(known.ok_or(format!("unknown escape {escape:?}"))?.1);
    }
    Ok(out)
}
