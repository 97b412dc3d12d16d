//! Durations as Prometheus and Alertmanager write them: `1h30m`, `15s`, `250ms`.

use super::SPEED;

/// Largest first, as they must follow each other.
const UNITS_MS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The duration at the beginning of the text, in milliseconds, and what stands behind it. `None` if there is none, or
/// if a letter, digit or underscore follows: then it is a part of something else.
pub(super) fn split(text: &str) -> Option<(u64, &str)> {
    let (mut total_ms, mut rest, mut allowed) = (0_u64, text, UNITS_MS.as_slice());
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            break;
        }
        let count: u64 = rest[..digits].parse().ok()?;
        let behind = &rest[digits..];
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let index = allowed.iter().position(|(unit, _)| *unit == &behind[..letters])?;
        total_ms = total_ms.checked_add(count.checked_mul(allowed[index].1)?)?;
        allowed = &allowed[index + 1..];
        rest = &behind[letters..];
    }
    let is_whole = rest.len() < text.len() && !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    is_whole.then_some((total_ms, rest))
}

/// The whole text as a duration, in milliseconds.
pub(super) fn parse(text: &str) -> Option<u64> {
    split(text).filter(|(_, rest)| rest.is_empty()).map(|(ms, _)| ms)
}

/// Divided by the speed. What is not nothing does not become nothing.
pub(super) fn scaled_ms(ms: u64) -> u64 {
    if ms == 0 { 0 } else { ((ms + SPEED / 2) / SPEED).max(1) }
}

pub(super) fn scaled(ms: u64) -> String {
    let ms = scaled_ms(ms);
    if ms.is_multiple_of(1_000) { format!("{}s", ms / 1_000) } else { format!("{ms}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_add_up_in_their_order() {
        let cases = [
            ("0s", 0),
            ("15s", 15_000),
            ("250ms", 250),
            ("1h30m", 5_400_000),
            ("2d", 172_800_000),
            ("1m500ms", 60_500),
        ];
        for (text, ms) in cases {
            assert_eq!(parse(text), Some(ms), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_stays_what_it_is() {
        for text in ["", "15", "s", "m5", "5x", "30m1h", "5m5m", "5mm", "5m_", "1.5s", "5m ", "0x5d", "1e3"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(split("15m:15s]"), Some((900_000, ":15s]")));
    }

    #[test]
    fn two_minutes_last_four_seconds() {
        let cases = [
            ("2m", "4s"),
            ("15s", "500ms"),
            ("10s", "333ms"),
            ("1h", "120s"),
            ("4h", "480s"),
            ("0s", "0s"),
            ("5ms", "1ms"),
        ];
        for (text, expected) in cases {
            assert_eq!(scaled(parse(text).expect(text)), expected, "{text}");
        }
    }
}
