//! When a lock path is healthy: every rule at its boundary, by handle, by name and by guard.

mod common;

use common::{NS, Via, find, manual, millis, outcomes, secs, status};
use foreshock::LockHealth::{self, Degraded, Healthy, Unhealthy};
use foreshock::{Monitor, Outcome};
use std::time::Duration;

const PATH: &str = "config/iam/users";

fn record(via: Via, monitor: &Monitor, letters: &str) {
    for outcome in outcomes(letters) {
        via.record(monitor, PATH, outcome);
    }
}

/// Runs the story three ways and compares what `health()` says at its end, without a tick and with one.
#[track_caller]
fn assert_health_after(letters: &str, expected: LockHealth) {
    for via in Via::ALL {
        let (monitor, _time) = manual();
        record(via, &monitor, letters);
        assert_eq!(via.health(&monitor, PATH), expected, "{letters} by {via:?}");
        assert_eq!(status(&monitor, PATH).health, expected, "{letters} by {via:?}, after a tick");
    }
}

/// Runs the story three ways, lets the last timeout age, and judges by the window alone.
#[track_caller]
fn assert_health_by_rate(letters: &str, expected: LockHealth) {
    for via in Via::ALL {
        let (monitor, time) = manual();
        record(via, &monitor, letters);
        monitor.tick();
        time.advance(secs(30));
        assert_eq!(status(&monitor, PATH).health, expected, "{letters} by {via:?}");
        assert_eq!(via.health(&monitor, PATH), expected, "{letters} by {via:?}, asked");
    }
}

#[test]
fn two_timeouts_in_a_row_degrade_and_three_are_unhealthy() {
    assert_health_after("T", Degraded);
    assert_health_after("TT", Degraded);
    assert_health_after("TTT", Unhealthy);
}

#[test]
fn errors_and_abandoned_attempts_neither_end_nor_extend_a_run() {
    assert_health_after("TETA EA", Degraded);
    assert_health_after("TEAT EAT", Unhealthy);
    assert_health_after("TTT EEAA", Unhealthy);
    assert_health_after("EEE AAA", Healthy);
}

#[test]
fn a_success_ends_a_run() {
    assert_health_after("TTST", Degraded);
    assert_health_after("TTTS", Degraded);
    assert_health_after("TTSTT", Degraded);
    assert_health_after("TTSTTT", Unhealthy);
}

#[test]
fn a_run_counts_while_its_last_timeout_is_at_most_a_window_old() {
    for via in Via::ALL {
        let (monitor, time) = manual();
        record(via, &monitor, "TT");
        time.advance(secs(290));
        record(via, &monitor, "T");
        time.advance(secs(300));
        assert_eq!(via.health(&monitor, PATH), Unhealthy, "{via:?}");
        time.advance(NS);
        assert_eq!(via.health(&monitor, PATH), Healthy, "{via:?}");
        assert_eq!(status(&monitor, PATH).consecutive_timeouts, 3, "the run itself goes on");
    }
}

#[test]
fn a_run_that_has_aged_out_is_taken_up_by_the_next_timeout() {
    let (monitor, time) = manual();
    record(Via::Handle, &monitor, "TTT");
    time.advance(secs(3_600));
    assert_eq!(monitor.health(PATH), Healthy);
    record(Via::Handle, &monitor, "T");
    assert_eq!(monitor.health(PATH), Unhealthy);
}

#[test]
fn a_third_timeout_is_seen_by_the_very_next_call_from_any_thread_without_a_tick() {
    let (monitor, _time) = manual();
    let lock = monitor.lock_path(PATH);
    lock.record_timeout();
    std::thread::scope(|scope| {
        scope.spawn(|| lock.attempt().timeout()).join().unwrap();
        scope.spawn(|| monitor.record_timeout(PATH)).join().unwrap();
    });
    assert_eq!(lock.health(), Unhealthy);
    assert_eq!(monitor.health(PATH), Unhealthy);
    assert_eq!(monitor.statistics().ticks, 0);
}

#[test]
fn nine_completed_are_too_few_for_a_rate_and_ten_are_enough() {
    assert_health_by_rate("TSTSTSTST", Healthy);
    assert_health_by_rate("TSTSTSTSTS", Unhealthy);
}

#[test]
fn forty_nine_percent_are_healthy_and_fifty_are_not() {
    assert_health_by_rate(&format!("{}SS", "TS".repeat(49)), Healthy);
    assert_health_by_rate(&"TS".repeat(50), Unhealthy);
    assert_health_by_rate("TSTSTSTSTSS", Healthy);
    assert_health_by_rate("TSTSTSTSTST", Unhealthy);
}

#[test]
fn errors_are_completed_attempts_and_abandoned_ones_are_not() {
    assert_health_by_rate("TTSTTST EEE", Unhealthy);
    assert_health_by_rate("TTSTTST EE AAAA", Healthy);
    assert_health_by_rate("TTSTTST EEA S", Unhealthy);
    assert_health_by_rate("TTSTTST EAAAAAA S", Healthy);
}

#[test]
fn a_rate_comes_before_the_recent_timeout() {
    let (monitor, _time) = manual();
    record(Via::Guard, &monitor, "TSTSTSTSTS");
    assert_eq!(status(&monitor, PATH).health, Unhealthy);
}

#[test]
fn a_timeout_degrades_for_less_than_thirty_seconds() {
    for via in Via::ALL {
        let (monitor, time) = manual();
        record(via, &monitor, "TS");
        time.advance(millis(29_999));
        assert_eq!(via.health(&monitor, PATH), Degraded, "{via:?}");
        time.advance(millis(1) - NS);
        assert_eq!(via.health(&monitor, PATH), Degraded, "{via:?}");
        assert_eq!(status(&monitor, PATH).health, Degraded, "{via:?}");
        time.advance(NS);
        assert_eq!(via.health(&monitor, PATH), Healthy, "{via:?}");
        assert_eq!(status(&monitor, PATH).health, Healthy, "{via:?}");
    }
}

#[test]
fn what_completed_in_the_first_bucket_leaves_the_window_after_300_seconds() {
    for since_start in [Duration::ZERO, secs(10) - NS] {
        let (monitor, time) = manual();
        time.advance(since_start);
        record(Via::Name, &monitor, "TSTSTSTSTS");
        monitor.tick();
        time.advance(secs(300) - since_start - NS);
        let before = status(&monitor, PATH);
        assert_eq!((before.health, before.window_completed, before.window_timeouts), (Unhealthy, 10, 5));
        time.advance(NS);
        let after = status(&monitor, PATH);
        assert_eq!((after.health, after.window_completed, after.window_timeouts), (Healthy, 0, 0));
    }
}

#[test]
fn the_window_moves_in_steps_of_ten_seconds() {
    let (monitor, time) = manual();
    for _ in 0..30 {
        record(Via::Name, &monitor, "S");
        monitor.tick();
        time.advance(secs(10));
    }
    for left in (0..30).rev() {
        assert_eq!(status(&monitor, PATH).window_completed, left);
        time.advance(secs(10) - NS);
        assert_eq!(status(&monitor, PATH).window_completed, left);
        time.advance(NS);
    }
}

#[test]
fn an_unknown_path_is_healthy_and_stays_unknown() {
    let (monitor, _time) = manual();
    assert_eq!(monitor.health(PATH), Healthy);
    monitor.tick();
    assert_eq!(find(&monitor, PATH), None);
    assert_eq!(monitor.statistics().paths, 0);
}

#[test]
fn paths_are_judged_apart() {
    let (monitor, _time) = manual();
    record(Via::Handle, &monitor, "TTT");
    monitor.record_success("bucket/a");
    assert_eq!(monitor.health(PATH), Unhealthy);
    assert_eq!(monitor.health("bucket/a"), Healthy);
}

#[test]
fn the_published_health_clears_by_itself_when_traffic_stops() {
    let (monitor, time) = manual();
    record(Via::Guard, &monitor, "TTT");
    let seen: Vec<LockHealth> = [0, 29, 300, 301]
        .iter()
        .scan(0, |now, at| {
            time.advance(secs(at - *now));
            *now = *at;
            Some(status(&monitor, PATH).health)
        })
        .collect();
    assert_eq!(seen, [Unhealthy, Unhealthy, Unhealthy, Healthy]);
}

#[test]
fn every_outcome_is_counted_once_whichever_way_it_is_recorded() {
    for via in Via::ALL {
        let (monitor, _time) = manual();
        record(via, &monitor, "S TT EEE AAAA");
        let counted = status(&monitor, PATH).outcomes;
        for (outcome, times) in Outcome::ALL.into_iter().zip(1..) {
            assert_eq!(counted.of(outcome), times, "{outcome:?} by {via:?}");
        }
        assert_eq!(counted.completed(), 6);
        assert_eq!(monitor.statistics().outcomes, counted);
    }
}

#[test]
fn the_limits_of_the_builder_are_the_limits_of_the_rules() {
    let (monitor, time) = common::manual_with(|builder| {
        builder.consecutive_timeouts(2).degraded_for(secs(7)).min_completed(4).timeout_percent(25)
    });
    record(Via::Handle, &monitor, "ST");
    assert_eq!(monitor.health(PATH), Degraded);
    record(Via::Handle, &monitor, "T");
    assert_eq!(monitor.health(PATH), Unhealthy);
    record(Via::Handle, &monitor, "S");
    assert_eq!(status(&monitor, PATH).health, Unhealthy, "two of four timed out");
    record(Via::Handle, &monitor, "SSSS S");
    assert_eq!(status(&monitor, PATH).health, Degraded, "two of nine");
    time.advance(secs(7));
    assert_eq!(monitor.health(PATH), Healthy);
}
