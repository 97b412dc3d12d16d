//! Every setting: just inside its range a monitor starts, just outside it an error names the field, the value and
//! what is allowed.

use foreshock::{Builder, Error, FailureType, Monitor, Pattern};
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn start(set: impl FnOnce(Builder) -> Builder) -> Result<Monitor, Error> {
    set(Monitor::builder()).manual().start()
}

#[track_caller]
fn assert_starts(set: impl FnOnce(Builder) -> Builder) {
    if let Err(error) = start(set) {
        panic!("{error}");
    }
}

#[track_caller]
fn assert_refused(set: impl FnOnce(Builder) -> Builder, field: &str, message: &str) {
    let error = start(set).expect_err(message);
    assert!(error.is_config() && !error.is_memory() && !error.is_thread(), "{error}");
    assert_eq!(error.field(), Some(field));
    assert_eq!(error.to_string(), format!("{field} = {message}"));
    assert_eq!(format!("{error:?}"), format!("Error({error})"));
}

/// `setting: inside, inside; outside => "message", outside => "message"` makes a test of that name.
macro_rules! ranges {
    ($($setting:ident: $($inside:expr),+; $($outside:expr => $message:literal),+;)*) => {
        $(
            #[test]
            fn $setting() {
                $(assert_starts(|builder| builder.$setting($inside));)+
                $(assert_refused(|builder| builder.$setting($outside), stringify!($setting), $message);)+
            }
        )*
    };
}

ranges! {
    tick: ms(1), s(1);
        ms(1) - NS => "999.999µs: allowed is 1ms to 1s", s(1) + NS => "1.000000001s: allowed is 1ms to 1s";
    publish_every: ms(50), s(60);
        ms(50) - NS => "49.999999ms: allowed is 50ms to 60s", s(60) + NS => "60.000000001s: allowed is 50ms to 60s";
    refresh_every: s(1), s(600);
        s(1) - NS => "999.999999ms: allowed is 1s to 600s", s(600) + NS => "600.000000001s: allowed is 1s to 600s";
    max_paths: 1, 1_024;
        0 => "0: allowed is 1 to 65535", 65_536 => "65536: allowed is 1 to 65535";
    max_components: 1, 256;
        0 => "0: allowed is 1 to 65535", 65_536 => "65536: allowed is 1 to 65535";
    max_threads: 1, 4_094;
        0 => "0: allowed is 1 to 4094", 4_095 => "4095: allowed is 1 to 4094";
    ring_events: 2, 65_536;
        0 => "0: allowed is a power of two from 2 to 65536",
        1 => "1: allowed is a power of two from 2 to 65536",
        3 => "3: allowed is a power of two from 2 to 65536",
        131_072 => "131072: allowed is a power of two from 2 to 65536";
    open_attempts: 2, 65_536;
        1 => "1: allowed is a power of two from 2 to 65536",
        1_000 => "1000: allowed is a power of two from 2 to 65536",
        131_072 => "131072: allowed is a power of two from 2 to 65536";
    max_published_paths: 1_024, 1_048_576;
        1_023 => "1023: allowed is 1024 to 1048576", 1_048_577 => "1048577: allowed is 1024 to 1048576";
    consecutive_timeouts: 1, 1_000;
        0 => "0: allowed is 1 to 1000", 1_001 => "1001: allowed is 1 to 1000";
    min_completed: 1, 1_000_000;
        0 => "0: allowed is 1 to 1000000", 1_000_001 => "1000001: allowed is 1 to 1000000";
    timeout_percent: 1, 100;
        0 => "0: allowed is 1 to 100", 101 => "101: allowed is 1 to 100";
    degraded_for: s(0), s(3_600);
        s(3_600) + NS => "3600.000000001s: allowed is 0ns to 3600s";
    window: s(20), s(3_600);
        s(10) => "10s: allowed is 2 to 360 whole buckets of 10s",
        s(3_610) => "3610s: allowed is 2 to 360 whole buckets of 10s",
        s(300) + NS => "300.000000001s: allowed is 2 to 360 whole buckets of 10s",
        s(0) => "0ns: allowed is 2 to 360 whole buckets of 10s";
    bucket: s(1), s(150);
        ms(100) - NS => "99.999999ms: allowed is 100ms to 600s", s(600) + NS => "600.000000001s: allowed is 100ms to 600s";
    slow_after: ms(10), s(3_600);
        ms(10) - NS => "9.999999ms: allowed is 10ms to 3600s", s(3_600) + NS => "3600.000000001s: allowed is 10ms to 3600s";
    local_pause_after: s(1), s(3_600);
        s(1) - NS => "999.999999ms: allowed is 1s to 3600s", s(3_600) + NS => "3600.000000001s: allowed is 1s to 3600s";
    late_after: s(0), s(60);
        s(60) + NS => "60.000000001s: allowed is 0ns to 60s";
    retire_after: s(120), s(86_400);
        s(120) - NS => "119.999999999s: allowed is 120s to 86400s",
        s(86_400) + NS => "86400.000000001s: allowed is 120s to 86400s";
    recurrence_episodes: 2, 64;
        1 => "1: allowed is 2 to 64", 65 => "65: allowed is 2 to 64";
    recurrence_window: s(1), s(86_400);
        s(1) - NS => "999.999999ms: allowed is 1s to 86400s",
        s(86_400) + NS => "86400.000000001s: allowed is 1s to 86400s";
    kept_episodes: 1, 1_024;
        0 => "0: allowed is 1 to 1024", 1_025 => "1025: allowed is 1 to 1024";
}

#[test]
fn the_largest_tables_can_be_had_one_at_a_time() {
    assert_starts(|builder| builder.max_paths(65_535).max_threads(1));
    assert_starts(|builder| builder.max_components(65_535).max_threads(1));
}

#[test]
fn ranges_that_depend_on_other_settings_follow_them() {
    assert_starts(|builder| builder.tick(s(1)).publish_every(s(1)));
    assert_refused(
        |builder| builder.tick(s(1)).publish_every(ms(999)),
        "publish_every",
        "999ms: allowed is 1s to 60s",
    );
    assert_starts(|builder| builder.publish_every(s(60)));
    assert_refused(
        |builder| builder.publish_every(s(5)).refresh_every(s(4)),
        "refresh_every",
        "4s: allowed is 5s to 600s",
    );
    assert_starts(|builder| builder.bucket(ms(100)).window(ms(200)));
    assert_refused(|builder| builder.bucket(s(7)), "window", "300s: allowed is 2 to 360 whole buckets of 7s");
    assert_starts(|builder| builder.no_patterns().retire_after(s(60)));
    assert_refused(
        |builder| builder.no_patterns().retire_after(s(60) - NS),
        "retire_after",
        "59.999999999s: allowed is 60s to 86400s",
    );
    assert_starts(|builder| builder.max_paths(10).max_published_paths(10));
}

#[test]
fn the_prefix_is_a_metric_name() {
    for prefix in ["rustfs", "_", "A9_z", &"x".repeat(64)] {
        assert_starts(|builder| builder.prefix(prefix));
    }
    const ALLOWED: &str =
        "allowed is a letter or underscore, then letters, digits and underscores, at most 64 bytes";
    for (prefix, shown) in [
        ("", "\"\""),
        ("9a", "\"9a\""),
        ("a-b", "\"a-b\""),
        ("a:b", "\"a:b\""),
        ("ä", "\"ä\""),
        ("a\n", "\"a\\n\""),
    ] {
        assert_refused(|builder| builder.prefix(prefix), "prefix", &format!("{shown}: {ALLOWED}"));
    }
    let long = "x".repeat(65);
    assert_refused(|builder| builder.prefix(&*long), "prefix", &format!("{long:?}: {ALLOWED}"));
    let error = start(|builder| builder.prefix("x".repeat(10_000))).unwrap_err().to_string();
    assert!(error.len() < 250, "a long value is cut short: {} bytes", error.len());
}

#[test]
fn a_custom_failure_is_named_in_snake_case_once_and_like_no_built_in_one() {
    const ALLOWED: &str =
        "allowed is snake case, at most 64 bytes, each name once and none of a built-in type";
    assert_starts(|builder| builder.custom_failure("disk_full").custom_failure("x2"));
    let long: &'static str = "x".repeat(65).leak();
    assert_starts(|builder| builder.custom_failure(&long[..64]));
    for name in ["", "Disk", "2x", "_x", "a-b", "a b", "ä", "quorum_loss", long] {
        let message = format!("{name:?}: {ALLOWED}");
        assert_refused(|builder| builder.custom_failure(name), "custom_failure", &message);
    }
    let twice = |builder: Builder| builder.custom_failure("disk_full").custom_failure("disk_full");
    assert_refused(twice, "custom_failure", &format!("\"disk_full\": {ALLOWED}"));
}

#[test]
fn there_is_room_for_26_custom_failures() {
    let with = |count: usize| {
        move |builder: Builder| {
            (0..count).fold(builder, |builder, i| builder.custom_failure(format!("type_{i}").leak()))
        }
    };
    assert_starts(with(26));
    assert_refused(with(27), "custom_failure", "27: allowed is at most 26 custom types");
}

fn pattern(name: &str) -> Pattern {
    Pattern::new(name, FailureType::LockTimeout).subsequent([FailureType::UploadFailure])
}

#[track_caller]
fn assert_pattern_refused(pattern: Pattern, message: &str) {
    assert_refused(|builder| builder.pattern(pattern), "pattern", message);
}

#[test]
fn a_pattern_has_a_name_in_snake_case() {
    assert_starts(|builder| builder.pattern(pattern(&"x".repeat(64))));
    for name in ["", "A", "a-b", &"x".repeat(65)] {
        let message = format!("{name:?}: allowed is a name in snake case, at most 64 bytes");
        assert_pattern_refused(pattern(name), &message);
    }
}

#[test]
fn a_pattern_has_subsequent_types_and_its_initial_is_none_of_them() {
    use FailureType::{LockTimeout, UploadFailure};
    const ALLOWED: &str = "allowed is at least one subsequent type, the initial type not among them";
    assert_pattern_refused(pattern("a").subsequent([]), &format!("a: subsequent []: {ALLOWED}"));
    let message = format!("a: subsequent [UploadFailure, LockTimeout]: {ALLOWED}");
    assert_pattern_refused(pattern("a").subsequent([UploadFailure, LockTimeout]), &message);
}

#[test]
fn a_pattern_uses_registered_types() {
    const ALLOWED: &str =
        "disk_full: allowed is a built-in failure type, or one registered with custom_failure";
    let full = FailureType::Custom("disk_full");
    assert_pattern_refused(pattern("a").subsequent([full]), &format!("a: {ALLOWED}"));
    let initial = || Pattern::new("b", full).subsequent([FailureType::LockTimeout]);
    assert_pattern_refused(initial(), &format!("b: {ALLOWED}"));
    assert_starts(|builder| builder.custom_failure("disk_full").pattern(initial()));
}

#[test]
fn a_pattern_of_nonsense_is_refused_in_one_short_line() {
    let nonsense: &'static str = "a\nb".repeat(10_000).leak();
    let kind = FailureType::Custom(nonsense);
    for pattern in [
        pattern("a").subsequent([kind]),
        Pattern::new("a", kind),
        pattern("a").subsequent(vec![kind; 10_000]),
    ] {
        let error = start(|builder| builder.pattern(pattern)).expect_err("nonsense").to_string();
        assert!(error.len() < 500 && !error.contains('\n'), "{error}");
    }
    let initial = FailureType::LockTimeout;
    let error = start(|builder| builder.pattern(pattern("a").subsequent(vec![initial; 10_000])))
        .expect_err("nonsense");
    assert!(error.to_string().len() < 500, "{error}");
}

#[test]
fn a_pattern_has_a_window_and_a_minimum_within_their_ranges() {
    assert_starts(|builder| builder.pattern(pattern("a").window(s(1)).min_subsequent(1)));
    let longest = pattern("a").window(s(3_600)).min_subsequent(1_000);
    assert_starts(|builder| builder.pattern(longest).retire_after(s(7_200)));
    for (window, shown) in [(s(1) - NS, "999.999999ms"), (s(3_600) + NS, "3600.000000001s")] {
        let message = format!("a: window {shown}: allowed is a window of 1s to 3600s");
        assert_pattern_refused(pattern("a").window(window), &message);
    }
    for min in [0, 1_001] {
        let message = format!("a: min_subsequent {min}: allowed is a min_subsequent of 1 to 1000");
        assert_pattern_refused(pattern("a").min_subsequent(min), &message);
    }
}

#[test]
fn there_is_room_for_16_patterns() {
    let with = |count: usize| {
        move |builder: Builder| {
            (0..count).fold(builder.no_patterns(), |b, i| b.pattern(pattern(&format!("pattern_{i}"))))
        }
    };
    assert_starts(with(16));
    assert_refused(with(17), "pattern", "17: allowed is at most 16 patterns");
}

#[test]
fn without_a_word_everything_is_as_documented() {
    let (clock, _time) = foreshock::Clock::manual();
    let monitor = Monitor::builder().clock(clock).manual().start().unwrap();
    monitor.tick();
    let patterns = monitor.snapshot().patterns.iter().map(|p| p.name.to_string()).collect::<Vec<_>>();
    assert_eq!(patterns, ["peer_lock_iam", "lock_disk_upload", "peer_disk_quorum"]);
}
