//! What the collector knows, as a snapshot.

use super::phase::Phase;
use super::{Collector, MAX_PUBLISHED_WAITS, component_name, waits};
use crate::publish::{Dropped, Outcomes, Publication, Snapshot, Statistics};
use crate::record::block::Refused;
use crate::sync::{AtomicU64, Ordering};
use std::sync::Arc;

impl Collector {
    /// Totals as of the last tick, and what was refused up to this moment.
    pub(crate) fn statistics(&self) -> Statistics {
        let shared = &self.shared;
        let refused = |count: fn(&Refused) -> &AtomicU64| {
            let blocks = shared.pool.blocks();
            blocks.map(|block| count(&block.refused).load(Ordering::Relaxed)).sum::<u64>()
        };
        let outcomes =
            Outcomes::from_fn(|outcome| self.scratch.sums.iter().map(|sums| sums.outcomes.of(outcome)).sum());
        let raised = if shared.raise_lock_timeouts { outcomes.timeout } else { 0 };
        let dropped = Dropped {
            event: refused(|r| &r.events),
            wait: self.totals.unpublished_waits,
            age: refused(|r| &r.ages),
            after_shutdown: shared.after_shutdown.load(Ordering::Relaxed),
            unregistered_type: shared.unregistered_type.load(Ordering::Relaxed),
            published_path: 0,
        };
        Statistics {
            total_events: self.failures.total() + raised,
            processed_events: self.totals.processed_events,
            dropped_events: dropped.event,
            cascading_patterns_detected: (0..self.config.patterns.len())
                .map(|pattern| self.detector.detected(pattern))
                .sum(),
            late_events: self.detector.late(),
            local_pause_events: self.totals.local_pause_events,
            local_pauses: self.totals.local_pauses,
            outcomes,
            dropped,
            paths: self.paths.iter().flatten().count() as u64,
            components: self.failures.components(),
            blocks: shared.pool.blocks().count() as u64 - 1,
            ticks: self.totals.ticks,
            panics: 0,
        }
    }

    pub(super) fn publication(&mut self, now: u64, is_full: bool) -> Publication {
        // No larger than it has to be: it stays until the next one.
        let mut paths = Vec::with_capacity(self.paths.iter().flatten().count());
        for (number, path) in (0u32..).zip(&mut self.paths) {
            if let (Some(path), Some(cell)) = (path, self.shared.cell(number)) {
                path.pass_to(now, &self.config);
                self.waits.extend(path.take_new_waits(&self.shared, number));
                paths.push(path.status(&self.shared, number, cell));
            }
        }
        self.faults.reached(Phase::WaitsTaken);
        self.totals.unpublished_waits += waits::thin(&mut self.waits, MAX_PUBLISHED_WAITS);
        let names = |component| component_name(&self.paths, &self.shared, component);
        let snapshot = Snapshot {
            timestamp_seconds: self.totals.last_timestamp_seconds,
            statistics: self.statistics(),
            paths,
            patterns: self.episodes.patterns(&self.detector),
            episodes: self.episodes.all(&self.detector, now, names),
            failures: self.failures.counts(&self.shared),
            roots: self.episodes.roots(),
        };
        Publication {
            snapshot: Arc::new(snapshot),
            // Last: a publication that panics leaves them to the next one.
            waits: std::mem::take(&mut self.waits),
            tick_seconds: self.totals.last_tick_seconds,
            at: now,
            is_full,
        }
    }
}
