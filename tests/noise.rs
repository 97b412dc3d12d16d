//! A storm of failures that belong to no pattern changes no verdict, in either direction.

mod common;

use common::{manual_with, millis, secs};
use foreshock::FailureType::{Custom, IamOperationTimeout, PeerUnreachable};
use foreshock::{ManualTime, Monitor};

fn noisy() -> (Monitor, ManualTime) {
    manual_with(|builder| builder.custom_failure("noise"))
}

fn make_noise(monitor: &Monitor, events: usize) {
    let source = monitor.component("source");
    for event in 0..events {
        source.record_failure(Custom("noise"));
        if event % 500 == 499 {
            monitor.tick();
        }
    }
}

#[test]
fn it_does_not_put_an_effect_behind_its_cause() {
    for noise in [0, 20_000] {
        let (monitor, time) = noisy();
        let (iam, peer) = (monitor.component("iam"), monitor.component("node4"));
        for gap in [100, 200, 200] {
            time.advance(millis(gap));
            iam.record_failure(IamOperationTimeout);
        }
        time.advance(millis(50));
        peer.record_failure(PeerUnreachable);
        time.advance(millis(300));
        iam.record_failure(IamOperationTimeout);
        make_noise(&monitor, noise);
        for _ in 0..40 {
            monitor.tick();
            time.advance(secs(1));
        }
        assert_eq!(monitor.statistics().cascading_patterns_detected, 0, "one effect only; noise {noise}");
    }
}

#[test]
fn it_does_not_make_a_cause_late() {
    for noise in [0, 1_000] {
        let (monitor, time) = noisy();
        let (iam, peer) = (monitor.component("iam"), monitor.component("node4"));
        for _ in 0..49 {
            time.advance(millis(100));
            make_noise(&monitor, noise);
            monitor.tick();
        }
        iam.record_failure(IamOperationTimeout);
        iam.record_failure(IamOperationTimeout);
        // The cause happened four seconds ago, and arrives now.
        time.rewind(secs(4));
        peer.record_failure(PeerUnreachable);
        time.advance(secs(4));
        monitor.tick();
        let statistics = monitor.statistics();
        assert_eq!(statistics.cascading_patterns_detected, 1, "noise {noise}");
        assert_eq!(statistics.late_events, 0, "noise {noise}");
    }
}

#[test]
fn failures_of_a_pattern_that_alternate_in_a_storm_are_neither_merged_across_nor_lost() {
    let (monitor, time) = common::manual();
    let (iam, peer) = (monitor.component("iam"), monitor.component("node4"));
    for round in 0..6_000 {
        peer.record_failure(PeerUnreachable);
        iam.record_failure(IamOperationTimeout);
        if round % 200 == 199 {
            monitor.tick();
        }
        time.advance(millis(1) / 10);
    }
    monitor.tick();
    let statistics = monitor.statistics();
    assert_eq!(statistics.cascading_patterns_detected, 1);
    assert_eq!((statistics.processed_events, statistics.late_events), (12_000, 0));
    let counted: u64 = monitor.snapshot().episodes[0].failures.iter().map(|failure| failure.events).sum();
    assert_eq!(counted, 12_000);
}
