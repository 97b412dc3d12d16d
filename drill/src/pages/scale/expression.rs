//! Scales the times in PromQL: ranges, steps of subqueries, offsets, and numbers that are marked as times.

use super::{SPEED, duration};

/// At the end of a line: its last number is a time in seconds.
const SECONDS_MARK: &str = "# seconds";
/// At the end of a line: its last number is so many per second.
const RATE_MARK: &str = "# per second";

/// One line of an expression. Everything in it that is not a time comes out as it went in.
///
/// A word of PromQL never begins with a digit, so a digit outside of words, strings and comments begins a duration or
/// a number.
pub(crate) fn scale_line(line: &str) -> String {
    let (code, comment) = line.split_at(comment_start(line));
    let mut out = String::with_capacity(line.len());
    let mut last_number = None;
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' | '`' => string_length(rest, first),
            c if is_word_start(c) => rest.find(|c: char| !is_word(c)).unwrap_or(rest.len()),
            c if c.is_ascii_digit() => {
                if let Some((ms, behind)) = duration::split(rest) {
                    out.push_str(&duration::scaled(ms));
                    rest = behind;
                    continue;
                }
                let length = number_length(rest);
                last_number = Some(out.len()..out.len() + length);
                length
            }
            c => c.len_utf8(),
        };
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    let factor = match comment.trim_end() {
        SECONDS_MARK => Some(1.0 / SPEED as f64),
        RATE_MARK => Some(SPEED as f64),
        _ => None,
    };
    if let (Some(factor), Some(place)) = (factor, last_number)
        && let Ok(number) = out[place.clone()].parse::<f64>()
    {
        out.replace_range(place, &format!("{}", number * factor));
    }
    out + comment
}

/// The ranges and offsets in a line that is not PromQL but may have some in it, as the queries of templates.
pub(super) fn scale_ranges(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest
        .find("offset ")
        .map(|at| at + "offset ".len())
        .into_iter()
        .chain(rest.find('[').map(|at| at + 1))
        .min()
    {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((ms, behind)) = duration::split(rest) else { continue };
        out.push_str(&duration::scaled(ms));
        rest = behind;
        // The step of a subquery.
        if let Some((ms, behind)) = behind.strip_prefix(':').and_then(duration::split) {
            out.push(':');
            out.push_str(&duration::scaled(ms));
            rest = behind;
        }
    }
    out + rest
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == ':'
}

/// With both quotes. A string that does not end in this line takes the rest of it.
pub(super) fn string_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn number_length(text: &str) -> usize {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let is_sign_of_exponent = matches!(c, '+' | '-') && matches!(before, 'e' | 'E');
        if !c.is_alphanumeric() && c != '.' && !is_sign_of_exponent {
            return at;
        }
        before = c;
    }
    text.len()
}

fn comment_start(line: &str) -> usize {
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        match c {
            '#' => return at,
            '"' | '\'' | '`' => at += string_length(&line[at..], c),
            _ => at += c.len_utf8(),
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_steps_and_offsets_are_times() {
        let cases = [
            ("rate(x[5m])", "rate(x[10s])"),
            (
                "sum_over_time((x == bool 0.5)[15m:15s]) / 60",
                "sum_over_time((x == bool 0.5)[30s:500ms]) / 60",
            ),
            ("x[1h30m:] offset 5m", "x[180s:] offset 10s"),
            ("x offset -10m @ 1609746000", "x offset -20s @ 1609746000"),
            ("[6m:15s]", "[12s:500ms]"),
        ];
        for (line, expected) in cases {
            assert_eq!(scale_line(line), expected);
        }
    }

    #[test]
    fn names_strings_numbers_and_comments_are_not() {
        let lines = [
            "instance_path:rustfs_lock_health_degraded:ratio15m >= 5 / 15",
            "a:b:sum15m + _5m + by5m",
            r#"x{path="5m[5m]\" 5m", other='5m', third=`\`} > 1e3"#,
            "x > 0x1d and y > 1.5 or z > 1e-3  # for 5m of [5m]",
            "topk(3, x) > 0.5",
        ];
        for line in lines {
            assert_eq!(scale_line(line), line);
        }
    }

    #[test]
    fn a_number_is_a_time_where_the_line_says_so() {
        let cases = [
            ("time() - x >= 120 # seconds", "time() - x >= 4 # seconds"),
            ("  count_over_time(x[6m]) * 15 # seconds", "  count_over_time(x[12s]) * 0.5 # seconds"),
            ("x:rate5m > 5  # per second", "x:rate5m > 150  # per second"),
            ("x > 60 # seconds or so", "x > 60 # seconds or so"),
        ];
        for (line, expected) in cases {
            assert_eq!(scale_line(line), expected);
        }
    }

    #[test]
    fn templates_have_ranges_in_their_queries() {
        let line = r#"{{ range query (printf "x{job=%q} or last_over_time(x[1h] offset 5m)" .a) }} [5m:15s] for 5m, [5mm]"#;
        let expected = r#"{{ range query (printf "x{job=%q} or last_over_time(x[120s] offset 10s)" .a) }} [10s:500ms] for 5m, [5mm]"#;
        assert_eq!(scale_ranges(line), expected);
    }
}
