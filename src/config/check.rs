//! From what the host asked for to what is allowed.

use super::{Builder, Config};
use crate::cascade::{Pattern, Recurrence, Rule};
use crate::clock::nanos;
use crate::error::{Error, brief};
use crate::health::Limits;
use crate::record::FailureType;
use crate::record::failure::FailureTypes;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

const MAX_LABEL_BYTES: usize = 64;
const MAX_PATTERNS: usize = 16;
const DEFAULT_REFRESH: Duration = Duration::from_secs(30);

impl Config {
    pub(crate) fn check(b: &Builder) -> Result<Self, Error> {
        let ms = Duration::from_millis;
        let s = Duration::from_secs;
        check_prefix(&b.prefix)?;
        let tick = within("tick", b.tick, ms(1)..=s(1))?;
        let publish_every = within("publish_every", b.publish_every, tick..=s(60))?;
        let refresh_every = within(
            "refresh_every",
            b.refresh_every.unwrap_or(publish_every.max(DEFAULT_REFRESH)),
            publish_every..=s(600),
        )?;
        let max_paths = number("max_paths", b.max_paths, 1..=65_535)?;
        let max_components = number("max_components", b.max_components, 1..=65_535)?;
        let max_threads = number("max_threads", b.max_threads, 1..=4_094)?;
        let max_published_paths = number(
            "max_published_paths",
            b.max_published_paths.unwrap_or(4 * max_paths),
            max_paths..=1_048_576,
        )?;
        let (window_buckets, bucket_ns) = check_window(b)?;
        let types = check_custom_failures(&b.custom_failures)?;
        let patterns = check_patterns(&b.patterns, &types)?;
        let longest = patterns.iter().map(|(_, rule)| 2 * rule.window_ns).max();
        let shortest_retirement = s(60).max(Duration::from_nanos(longest.unwrap_or(0)));
        Ok(Self {
            prefix: b.prefix.clone(),
            tick,
            publish_every,
            refresh_every,
            manual: b.manual,
            max_paths,
            max_components,
            max_threads,
            ring_events: power_of_two("ring_events", b.ring_events)?,
            open_attempts: power_of_two("open_attempts", b.open_attempts)?,
            max_published_paths,
            track_latency: b.track_latency,
            raise_lock_timeouts: b.raise_lock_timeouts,
            limits: Limits {
                consecutive_timeouts: number(
                    "consecutive_timeouts",
                    u64::from(b.consecutive_timeouts),
                    1..=1_000,
                )?,
                min_completed: number("min_completed", u64::from(b.min_completed), 1..=1_000_000)?,
                timeout_percent: number("timeout_percent", u64::from(b.timeout_percent), 1..=100)?,
                degraded_for_ns: nanos(within("degraded_for", b.degraded_for, Duration::ZERO..=s(3_600))?),
                window_ns: nanos(b.window),
            },
            window_buckets,
            bucket_ns,
            slow_after_ns: nanos(within("slow_after", b.slow_after, ms(10)..=s(3_600))?),
            local_pause_after_ns: nanos(within("local_pause_after", b.local_pause_after, s(1)..=s(3_600))?),
            late_after_ns: nanos(within("late_after", b.late_after, Duration::ZERO..=s(60))?),
            retire_after_ns: nanos(within("retire_after", b.retire_after, shortest_retirement..=s(86_400))?),
            recurrence: Recurrence {
                episodes: number("recurrence_episodes", b.recurrence_episodes, 2..=64)?,
                window_ns: nanos(within("recurrence_window", b.recurrence_window, s(1)..=s(86_400))?),
            },
            kept_episodes: number("kept_episodes", b.kept_episodes, 1..=1_024)?,
            custom_failures: b.custom_failures.clone(),
            patterns,
        })
    }
}

fn number<T: PartialOrd + Display + Copy>(
    field: &'static str,
    value: T,
    allowed: RangeInclusive<T>,
) -> Result<T, Error> {
    if allowed.contains(&value) {
        return Ok(value);
    }
    let range = format!("{} to {}", allowed.start(), allowed.end());
    Err(Error::config(field, value, range))
}

fn within(
    field: &'static str,
    value: Duration,
    allowed: RangeInclusive<Duration>,
) -> Result<Duration, Error> {
    if allowed.contains(&value) {
        return Ok(value);
    }
    let range = format!("{:?} to {:?}", allowed.start(), allowed.end());
    Err(Error::config(field, format!("{value:?}"), range))
}

fn power_of_two(field: &'static str, value: usize) -> Result<usize, Error> {
    if value.is_power_of_two() && (2..=65_536).contains(&value) {
        return Ok(value);
    }
    Err(Error::config(field, value, "a power of two from 2 to 65536"))
}

fn check_window(b: &Builder) -> Result<(usize, u64), Error> {
    let range = Duration::from_millis(100)..=Duration::from_secs(600);
    let bucket_ns = nanos(within("bucket", b.bucket, range)?);
    let window_ns = nanos(b.window);
    let buckets = window_ns / bucket_ns;
    if !window_ns.is_multiple_of(bucket_ns) || !(2..=360).contains(&buckets) {
        let allowed = format!("2 to 360 whole buckets of {:?}", b.bucket);
        return Err(Error::config("window", format!("{:?}", b.window), allowed));
    }
    Ok((buckets as usize, bucket_ns))
}

fn check_prefix(prefix: &str) -> Result<(), Error> {
    let begins = prefix.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let goes_on = prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if begins && goes_on && prefix.len() <= MAX_LABEL_BYTES {
        return Ok(());
    }
    Err(Error::config(
        "prefix",
        shown(prefix),
        "a letter or underscore, then letters, digits and underscores, at most 64 bytes",
    ))
}

fn is_label(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_LABEL_BYTES
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn check_custom_failures(names: &[&'static str]) -> Result<FailureTypes, Error> {
    if names.len() > FailureTypes::MAX_CUSTOM {
        let allowed = format!("at most {} custom types", FailureTypes::MAX_CUSTOM);
        return Err(Error::config("custom_failure", names.len(), allowed));
    }
    for (place, name) in names.iter().enumerate() {
        let built_in = FailureType::BUILT_IN.iter().any(|kind| kind.label() == *name);
        if !is_label(name) || built_in || names[..place].contains(name) {
            return Err(Error::config(
                "custom_failure",
                shown(name),
                "snake case, at most 64 bytes, each name once and none of a built-in type",
            ));
        }
    }
    Ok(FailureTypes::new(names.to_vec()))
}

fn check_patterns(patterns: &[Pattern], types: &FailureTypes) -> Result<Vec<(Pattern, Rule)>, Error> {
    if patterns.len() > MAX_PATTERNS {
        let allowed = format!("at most {MAX_PATTERNS} patterns");
        return Err(Error::config("pattern", patterns.len(), allowed));
    }
    patterns
        .iter()
        .map(|pattern| {
            if !is_label(pattern.name()) {
                return Err(Error::config(
                    "pattern",
                    shown(pattern.name()),
                    "a name in snake case, at most 64 bytes",
                ));
            }
            Ok((pattern.clone(), pattern.compile(types)?))
        })
        .collect()
}

/// A string from outside as it may stand in a message: quoted, escaped, short.
fn shown(text: &str) -> String {
    format!("{:?}", brief(text))
}
