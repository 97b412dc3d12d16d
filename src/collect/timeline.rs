//! The collector's own time: it never runs backwards, whatever the clock does.

use crate::clock::{Clock, Stamp};

/// An event this far ahead of the clock was recorded before the clock was turned back.
const AHEAD_NS: u64 = 1_000_000_000;

/// Failures recorded this soon after the process was starved still come from it: deadlines that passed meanwhile.
const PAUSE_GRACE_NS: u64 = 1_000_000_000;

#[derive(Debug)]
pub(super) struct Timeline {
    /// The clock's reading at the last tick.
    last_reading: u64,
    /// What to add to a reading, for all the times the clock was turned back.
    offset: u64,
    /// The last time this process stood still: from, to.
    pause: Option<(u64, u64)>,
}

/// One look at the clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tick {
    pub(super) now: u64,
    pub(super) stamp: Stamp,
    /// The process stood still until now.
    pub(super) paused: bool,
}

impl Timeline {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { last_reading: clock.nanos(clock.stamp()), offset: 0, pause: None }
    }

    /// `planned_at`: the reading at which this tick was to come, if it was waited for.
    pub(super) fn advance(&mut self, clock: &Clock, planned_at: Option<u64>, pause_after_ns: u64) -> Tick {
        let stamp = clock.stamp();
        let reading = clock.nanos(stamp);
        if reading < self.last_reading {
            self.offset = self.offset.saturating_add(self.last_reading - reading);
        }
        self.last_reading = reading;
        let now = reading.saturating_add(self.offset);
        let overslept_ns = match clock.take_overslept_ns() {
            Some(manual) => manual,
            None => planned_at.map_or(0, |planned| reading.saturating_sub(planned)),
        };
        let paused = overslept_ns > pause_after_ns;
        if paused {
            self.pause = Some((now.saturating_sub(overslept_ns), now.saturating_add(PAUSE_GRACE_NS)));
        }
        Tick { now, stamp, paused }
    }

    /// The time of something recorded, on this scale.
    pub(super) fn time_of(&self, reading: u64) -> u64 {
        if reading > self.last_reading.saturating_add(AHEAD_NS) {
            return self.last_reading.saturating_add(self.offset);
        }
        reading.saturating_add(self.offset)
    }

    /// It happened while the process stood still, or is an after-effect of it.
    pub(super) fn in_pause(&self, time: u64) -> bool {
        self.pause.is_some_and(|(from, to)| (from..=to).contains(&time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_clock_turned_back_stands_still_and_then_goes_on() {
        let (clock, time) = Clock::manual();
        let mut timeline = Timeline::new(&clock);
        let first = timeline.advance(&clock, None, 5 * S).now;
        time.rewind(Duration::from_secs(86_400));
        assert_eq!(timeline.advance(&clock, None, 5 * S).now, first);
        time.advance(Duration::from_secs(1));
        let tick = timeline.advance(&clock, None, 5 * S);
        assert_eq!(tick.now, first + S);
        assert_eq!(timeline.time_of(tick.stamp.0), first + S);
    }

    #[test]
    fn what_was_recorded_before_the_clock_was_turned_back_is_put_at_now() {
        let (clock, time) = Clock::manual();
        let mut timeline = Timeline::new(&clock);
        let recorded = clock.stamp().0;
        time.rewind(Duration::from_secs(60));
        let now = timeline.advance(&clock, None, 5 * S).now;
        assert_eq!(timeline.time_of(recorded), now);
    }

    #[test]
    fn a_pause_at_the_end_of_time_is_a_pause() {
        let (clock, time) = Clock::manual();
        let mut timeline = Timeline::new(&clock);
        time.oversleep(Duration::MAX);
        let tick = timeline.advance(&clock, None, 5 * S);
        assert!(tick.paused && timeline.in_pause(tick.now));
    }

    #[test]
    fn oversleeping_by_exactly_the_limit_is_no_pause() {
        let (clock, time) = Clock::manual();
        let mut timeline = Timeline::new(&clock);
        time.oversleep(Duration::from_secs(5));
        assert!(!timeline.advance(&clock, None, 5 * S).paused);
        time.oversleep(Duration::from_millis(5_001));
        let tick = timeline.advance(&clock, None, 5 * S);
        assert!(tick.paused);
        assert!(timeline.in_pause(tick.now - S));
        assert!(timeline.in_pause(tick.now + PAUSE_GRACE_NS));
        assert!(!timeline.in_pause(tick.now + PAUSE_GRACE_NS + 1));
        assert!(!timeline.in_pause(tick.now - 5_002_000_000));
    }

    #[test]
    fn plain_progress_of_a_manual_clock_is_no_pause() {
        let (clock, time) = Clock::manual();
        let mut timeline = Timeline::new(&clock);
        time.advance(Duration::from_secs(3_600));
        assert!(!timeline.advance(&clock, None, 5 * S).paused);
    }
}
