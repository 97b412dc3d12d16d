//! When a series whose value stays the same is written again.
//!
//! A recorder may forget a series that was not written for a while, or may be handed on to another one, and says
//! neither. So each series has its own point in a period and is written whenever that point is passed: every one of
//! them in time, and about as many at each publication.

use crate::clock::nanos;
use crate::config::Config;

pub(super) struct Refresh {
    period_ns: u64,
    /// When the last publication was made.
    last: Option<u64>,
}

/// The part of the period that a publication passes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sweep {
    All,
    /// From, to: in 2^64ths of a period, modulo a whole one.
    Part(u64, u64),
}

/// 2^64 divided by the golden ratio: its multiples lie evenly, however many there are.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Refresh {
    pub(super) fn new(config: &Config) -> Self {
        // A point is passed late by up to one publication, and that by up to one tick.
        let late = config.publish_every.saturating_add(config.tick);
        Self { period_ns: nanos(config.refresh_every.saturating_sub(late)), last: None }
    }

    pub(super) fn pass_to(&mut self, now: u64) -> Sweep {
        match self.last.replace(now) {
            Some(last) if now.saturating_sub(last) < self.period_ns => {
                Sweep::Part(self.point(last), self.point(now))
            }
            _ => Sweep::All,
        }
    }

    fn point(&self, at: u64) -> u64 {
        ((u128::from(at % self.period_ns) << 64) / u128::from(self.period_ns)) as u64
    }
}

impl Sweep {
    /// The point of this series was passed.
    pub(super) fn covers(self, series: u64) -> bool {
        match self {
            Self::All => true,
            Self::Part(from, to) => series.wrapping_mul(SPREAD).wrapping_sub(from) < to.wrapping_sub(from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 8_950;

    fn started() -> Refresh {
        let mut refresh = Refresh { period_ns: PERIOD, last: None };
        assert!(matches!(refresh.pass_to(0), Sweep::All));
        refresh
    }

    #[test]
    fn each_series_is_due_once_a_period_whenever_the_publications_come() {
        for step in [1, 50, 1_000, 1_050, 8_949] {
            let mut refresh = started();
            let mut last = [0; 100];
            for now in (step..20 * PERIOD).step_by(step as usize) {
                let sweep = refresh.pass_to(now);
                for (series, last) in (0u64..).zip(&mut last).filter(|(series, _)| sweep.covers(*series)) {
                    assert!(now - *last <= PERIOD + step, "series {series}, step {step}");
                    *last = now;
                }
            }
            assert!(last.iter().all(|last| last + 2 * PERIOD > 19 * PERIOD), "step {step}");
        }
    }

    #[test]
    fn a_publication_writes_its_share_and_not_much_more() {
        let mut refresh = started();
        for now in (1_000..100_000).step_by(1_000) {
            let sweep = refresh.pass_to(now);
            let due = (0..1_000).filter(|series| sweep.covers(*series)).count();
            assert!((105..=118).contains(&due), "{due} of 1000 in a ninth of the period");
        }
    }

    #[test]
    fn after_a_whole_period_everything_is_due_and_at_the_same_time_nothing() {
        let mut refresh = started();
        assert!((0..100).all(|series| !refresh.pass_to(0).covers(series)));
        assert!(matches!(refresh.pass_to(PERIOD), Sweep::All));
    }

    #[test]
    fn without_a_period_everything_is_due_always() {
        let mut refresh = Refresh { period_ns: 0, last: None };
        assert!((0..3).all(|now| matches!(refresh.pass_to(now), Sweep::All)));
    }
}
