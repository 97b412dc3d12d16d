//! Clocks that stand still or jump, and a process that was starved.

mod common;

use common::scale::scaled;
use common::{NS, Scene, assert_conserved, manual, manual_with, outcomes, record_by_name, secs, status};
use foreshock::FailureType::{IamOperationTimeout, LockTimeout, PeerUnreachable};
use foreshock::LockHealth::{Degraded, Healthy, Unhealthy};
use foreshock::{ManualTime, Monitor};
use std::time::Duration;

const PATH: &str = "config/iam/users";
const DAY: u64 = 86_400;

fn record(monitor: &Monitor, letters: &str) {
    for outcome in outcomes(letters) {
        record_by_name(monitor, PATH, outcome);
    }
}

fn counts(monitor: &Monitor) -> (u64, u64, u64) {
    let status = status(monitor, PATH);
    (status.outcomes.completed(), status.window_completed, status.window_timeouts)
}

#[test]
fn a_clock_that_stands_still_changes_no_count() {
    let (monitor, _time) = manual();
    for round in 1..=100 {
        record(&monitor, "SSTSE");
        assert_eq!(counts(&monitor), (5 * round, 5 * round, round));
    }
    assert_conserved(&monitor);
}

#[test]
fn a_clock_that_jumps_back_changes_no_count() {
    let (monitor, time) = manual();
    record(&monitor, "SST");
    assert_eq!(counts(&monitor), (3, 3, 1));
    time.rewind(secs(DAY));
    assert_eq!(counts(&monitor), (3, 3, 1));
    record(&monitor, "SST");
    assert_eq!(counts(&monitor), (6, 6, 2));
    time.advance(secs(300));
    assert_eq!(counts(&monitor), (6, 0, 0), "the window goes on from where it stood");
}

#[test]
fn a_clock_that_jumps_ahead_empties_the_window_and_no_total() {
    let (monitor, time) = manual();
    record(&monitor, "SSTTT");
    assert_eq!(counts(&monitor), (5, 5, 3));
    time.advance(secs(365 * DAY));
    assert_eq!(counts(&monitor), (5, 0, 0));
    assert_eq!(monitor.health(PATH), Healthy);
    record(&monitor, "S");
    assert_eq!(counts(&monitor), (6, 1, 0));
}

#[test]
fn a_clock_that_jumps_to_and_fro_changes_no_count() {
    let (monitor, time) = manual();
    for round in 1..=20 {
        time.advance(secs(3));
        record(&monitor, "ST");
        time.rewind(secs(5));
        record(&monitor, "ST");
        let (completed, in_window, timeouts) = counts(&monitor);
        assert_eq!((completed, in_window, timeouts), (4 * round, 4 * round, 2 * round));
    }
    assert_conserved(&monitor);
}

/// Jumps of a manual clock, drawn from `lot`, and how many there were of two kinds.
struct Jumps {
    lot: u64,
    /// How far the clock is ahead of where it began.
    stands_at: Duration,
    back: u64,
    by_days: u64,
}

impl Jumps {
    /// One jump, of nanoseconds to days, forwards or back.
    fn jump(&mut self, time: &ManualTime) {
        self.lot ^= self.lot << 13;
        self.lot ^= self.lot >> 7;
        self.lot ^= self.lot << 17;
        let by = Duration::from_nanos(self.lot >> 15) / 10u32.pow((self.lot % 10) as u32);
        self.by_days += u64::from(by >= secs(DAY));
        if self.lot & 16 == 0 {
            self.stands_at += by;
            time.advance(by);
        } else {
            self.stands_at = self.stands_at.checked_sub(by).expect("a jump that the clock can make in full");
            self.back += 1;
            time.rewind(by);
        }
    }
}

/// One jump between the begin and the end of each attempt.
#[test]
fn a_clock_that_jumps_for_ever_changes_no_count() {
    let jumps = scaled(4_400, 220_000);
    let (monitor, time) = manual();
    let lock = monitor.lock_path(PATH);
    // So far that no way back leads to where the clock can go no further.
    let ahead = secs(20 * 365 * DAY);
    time.advance(ahead);
    let mut drawn = Jumps { lot: 0x9e37_79b9_7f4a_7c15, stands_at: ahead, back: 0, by_days: 0 };
    for jump in 0..jumps {
        let attempt = lock.attempt();
        drawn.jump(&time);
        match jump % 4 {
            0 => attempt.success(),
            1 => attempt.timeout(),
            2 => attempt.error(),
            _ => drop(attempt),
        }
        monitor.record_failure(PeerUnreachable, "node4");
        let _ = lock.health();
        monitor.tick();
    }
    let seen = status(&monitor, PATH);
    let counted =
        [seen.outcomes.success, seen.outcomes.timeout, seen.outcomes.error, seen.outcomes.abandoned];
    assert_eq!((counted, seen.in_flight), ([jumps / 4; 4], 0));
    let statistics = monitor.statistics();
    assert_eq!((statistics.total_events, statistics.processed_events), (jumps / 4 * 5, jumps / 4 * 5));
    assert_eq!((statistics.ticks, statistics.panics), (jumps + 1, 0));
    let Jumps { back, by_days, .. } = drawn;
    assert!(back >= scaled(2_000, 100_000), "{back} back");
    assert!(by_days >= scaled(200, 10_000), "{by_days} by a day or more");
    println!(
        "FIGURE {jumps} jumps of the clock, {back} of them back, {by_days} by a day to six days, none cut short: \
         no count changed, no panic"
    );
}

#[test]
fn a_timeout_before_the_clock_was_turned_back_does_not_stay_recent() {
    let (monitor, time) = manual();
    record(&monitor, "T");
    time.rewind(secs(DAY));
    assert_eq!(monitor.health(PATH), Healthy);
    record(&monitor, "T");
    assert_eq!(monitor.health(PATH), Degraded);
    time.advance(secs(30));
    assert_eq!(monitor.health(PATH), Healthy);
}

#[test]
fn cascades_are_detected_after_the_clock_was_turned_back() {
    let scene = Scene::new();
    scene.tick();
    scene.time.rewind(secs(DAY));
    scene.tick();
    scene.fail(PeerUnreachable, "node4");
    scene.time.advance(secs(1));
    scene.fail(LockTimeout, "a").fail(LockTimeout, "b");
    assert_eq!(scene.detected("peer_lock_iam"), 1);
    assert_eq!(scene.monitor.statistics().late_events, 0);
}

/// A cascade whose failures fall into the time in which the process stood still for this long.
fn starved_for(pause: std::time::Duration) -> Scene {
    let scene = Scene::new();
    scene.tick();
    scene.fail(PeerUnreachable, "node4");
    scene.time.oversleep(pause);
    scene.monitor.record_timeout(PATH);
    scene.monitor.record_timeout(PATH);
    scene.fail(IamOperationTimeout, "iam");
    scene.tick();
    scene
}

#[test]
fn a_process_that_overslept_by_more_than_five_seconds_raises_no_cascade() {
    let scene = starved_for(secs(5) + NS);
    let statistics = scene.monitor.statistics();
    assert_eq!(statistics.local_pauses, 1);
    assert_eq!(statistics.local_pause_events, 4);
    assert_eq!(statistics.total_events, 4);
    assert_eq!(statistics.outcomes.timeout, 2, "timeouts are counted all the same");
    assert_eq!(scene.episodes_in_total(), 0);
    assert_conserved(&scene.monitor);
}

#[test]
fn oversleeping_by_five_seconds_exactly_is_no_pause() {
    let scene = starved_for(secs(5));
    let statistics = scene.monitor.statistics();
    assert_eq!((statistics.local_pauses, statistics.local_pause_events), (0, 0));
    assert_eq!(scene.detected("peer_lock_iam"), 1);
}

#[test]
fn timeouts_of_a_pause_still_count_for_the_health_of_their_path() {
    let (monitor, time) = manual();
    time.oversleep(secs(6));
    record(&monitor, "TTT");
    assert_eq!(status(&monitor, PATH).health, Unhealthy);
    assert_eq!(monitor.statistics().local_pause_events, 3);
}

#[test]
fn after_effects_of_a_pause_are_flagged_for_one_second_more() {
    let (monitor, time) = manual();
    time.oversleep(secs(6));
    monitor.tick();
    time.advance(secs(1));
    record(&monitor, "T");
    monitor.tick();
    assert_eq!(monitor.statistics().local_pause_events, 1);
    time.advance(NS);
    record(&monitor, "T");
    monitor.tick();
    assert_eq!(monitor.statistics().local_pause_events, 1);
    assert_eq!(monitor.statistics().local_pauses, 1, "one pause, counted once");
}

#[test]
fn a_cascade_after_a_pause_is_detected() {
    let scene = starved_for(secs(60));
    scene.time.advance(secs(2));
    scene.fail(PeerUnreachable, "node4").fail(LockTimeout, "a").fail(LockTimeout, "b");
    assert_eq!(scene.detected("peer_lock_iam"), 1);
}

#[test]
fn the_length_of_a_pause_is_a_setting() {
    let (monitor, time) = manual_with(|builder| builder.local_pause_after(secs(10)));
    time.oversleep(secs(10));
    monitor.tick();
    assert_eq!(monitor.statistics().local_pauses, 0);
    time.oversleep(secs(10) + NS);
    monitor.tick();
    assert_eq!(monitor.statistics().local_pauses, 1);
}

#[test]
fn at_the_end_of_time_attempts_are_counted_as_ever() {
    let (monitor, time) = manual_with(|builder| builder.open_attempts(2));
    time.advance(Duration::MAX);
    let lock = monitor.lock_path("a");
    // More than have a place of their own.
    let attempts: Vec<_> = (0..5).map(|_| lock.attempt()).collect();
    assert_eq!(status(&monitor, "a").in_flight, 5);
    drop(attempts);
    let ended = status(&monitor, "a");
    assert_eq!((ended.outcomes.abandoned, ended.in_flight), (5, 0));
    assert_eq!(monitor.statistics().dropped.after_shutdown, 0);
}
