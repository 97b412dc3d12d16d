//! The one reader: every tick it sums the counters, drains the rings, and judges.
//!
//! A tick is a few named phases over reused scratch space; [`Collector::tick`] lists them. Nothing here is called
//! by a recording thread.

mod episodes;
mod events;
mod failures;
mod in_flight;
// Miri knows no system clock.
#[cfg(all(test, not(foreshock_loom), not(miri)))]
mod panics;
#[cfg(all(test, not(foreshock_loom), not(miri)))]
mod panics_by_phase;
pub(crate) mod paths;
mod phase;
mod report;
pub(crate) mod retire;
mod thread;
mod timeline;
mod trouble;
mod waits;

pub(crate) use thread::{Core, Worker, is_publishing};

use crate::cascade::Detector;
use crate::clock::nanos;
use crate::config::Config;
use crate::error::Error;
use crate::publish::{NewWaits, Publication};
use crate::record::boxed::{boxed, room_for_small};
use crate::record::event::ComponentKey;
use crate::record::shared::Shared;
use crate::sync::two_sided_fence;
use episodes::Episodes;
use events::Changes;
use failures::Failures;
use in_flight::InFlight;
use paths::{Base, PathState, PathSums};
use phase::{Faults, Phase};
use retire::Retirement;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use timeline::{Tick, Timeline};
use trouble::Trouble;
use waits::RawWaits;

/// Latency samples that one publication hands on; further ones are counted as dropped.
const MAX_PUBLISHED_WAITS: u64 = 8_192;

/// A ring this full at a tick makes the next tick come soon.
const BUSY_SHARE: usize = 4;

pub(crate) struct Collector {
    shared: Arc<Shared>,
    config: Config,
    timeline: Timeline,
    /// By number; `__other__` is the last.
    paths: Box<[Option<PathState>]>,
    next_generation: u64,
    /// What the cells of a number held when it was given back, for the next name that gets it.
    bases: HashMap<u32, Base>,
    in_flight: InFlight,
    trouble: Trouble,
    retirement: Retirement,
    /// Numbers that have no name any more, and whose paths are still to be let go of.
    retired: Vec<u32>,
    can_retire: bool,
    failures: Failures,
    detector: Detector,
    /// What the detector said and `episodes` does not know yet.
    changes: Changes,
    episodes: Episodes,
    totals: Totals,
    /// When the last publication was made, on the timeline.
    published_at: Option<u64>,
    /// A verdict has changed since.
    has_news: bool,
    waits: Vec<NewWaits>,
    /// When everything was last looked at, on the timeline.
    looked_at: Option<u64>,
    /// As of the last sum; `None` after a tick that did not get to its end.
    seen: Option<Seen>,
    /// The last tick was made: what comes after it is counted and judged no more.
    finished: bool,
    scratch: Scratch,
    faults: Faults,
}

/// What has been counted since the start.
#[derive(Debug, Default)]
struct Totals {
    processed_events: u64,
    local_pause_events: u64,
    local_pauses: u64,
    unpublished_waits: u64,
    ticks: u64,
    last_tick_seconds: f64,
    last_timestamp_seconds: f64,
}

/// What tells that there is something to sum.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Seen {
    /// Numbers that change with every record that a verdict may hang on, and with every new name.
    records: (u64, u64, u64),
    /// The window's bucket.
    bucket: u64,
}

/// Space that every tick uses again.
#[derive(Default)]
struct Scratch {
    sums: Vec<PathSums>,
}

/// What a tick found.
pub(crate) struct TickResult {
    /// There is something to publish.
    pub(crate) publication: Option<Publication>,
    /// A ring was filling up: look again soon.
    pub(crate) busy: bool,
}

/// What a look found: when, whether it is time to publish, whether a ring was filling up.
struct Look {
    now: u64,
    due: bool,
    busy: bool,
}

impl Collector {
    pub(crate) fn new(shared: Arc<Shared>, config: Config) -> Result<Self, Error> {
        let paths = boxed("paths", config.max_paths + 1, || None)?;
        room_for_small()?;
        let rules: Vec<_> = config.patterns.iter().map(|(_, rule)| *rule).collect();
        Ok(Self {
            timeline: Timeline::new(&shared.clock),
            paths,
            next_generation: 1,
            bases: HashMap::new(),
            in_flight: InFlight::default(),
            trouble: Trouble::default(),
            retirement: Retirement::default(),
            retired: Vec::new(),
            can_retire: two_sided_fence::register(),
            failures: Failures::default(),
            detector: Detector::new(&rules, config.late_after_ns, config.recurrence),
            changes: Changes::new(),
            episodes: Episodes::new(&config),
            totals: Totals::default(),
            published_at: None,
            has_news: false,
            waits: Vec::new(),
            looked_at: None,
            seen: None,
            finished: false,
            scratch: Scratch::default(),
            faults: Faults::default(),
            shared,
            config,
        })
    }

    /// Looks once. `planned_at`: the clock's reading at which this tick was to come, if it was waited for.
    pub(crate) fn tick(&mut self, planned_at: Option<u64>, must_publish: bool) -> TickResult {
        let look = self.look(planned_at, must_publish);
        let publication = (look.due || self.has_news).then(|| {
            self.published_at = Some(look.now);
            let publication = self.publication(look.now, must_publish);
            self.has_news = false;
            publication
        });
        TickResult { publication, busy: look.busy }
    }

    /// The phases of a tick. One that comes early, because rings fill up, empties them and leaves the rest to a later one,
    /// unless it is time to publish.
    fn look(&mut self, planned_at: Option<u64>, must_publish: bool) -> Look {
        let began = Instant::now();
        let tick = self.read_clock(planned_at);
        let since = |at| tick.now - at >= nanos(self.config.publish_every);
        let due = must_publish || self.published_at.is_none_or(since);
        let all = due || self.is_due(tick.now);
        let summed = if all { self.sum(tick.now, due) } else { None };
        // What is in a ring was pushed before its record was counted, and what had been counted was drained.
        let busy = (summed.is_some() || !all) && self.drain_events();
        self.faults.reached(Phase::Drained);
        self.has_news |= self.detect(tick.now);
        self.faults.reached(Phase::Detected);
        if all {
            self.looked_at = Some(tick.now);
            self.in_flight.find_oldest(&self.shared, tick.stamp, &mut self.paths);
            self.faults.reached(Phase::InFlightFound);
            self.has_news |=
                self.trouble.judge(&self.shared, &tick, &self.config, &mut self.paths, summed.is_some());
            self.faults.reached(Phase::Judged);
        }
        if summed.is_some() {
            self.retire_paths(tick.now);
            self.faults.reached(Phase::Looked);
            // Not before: what follows the sum in a tick that panics is for the next one to do.
            self.seen = summed;
        }
        self.totals.ticks += 1;
        self.totals.last_tick_seconds = began.elapsed().as_secs_f64();
        Look { now: tick.now, due, busy }
    }

    /// It is time to look at everything again. Half a tick, so that one that wakes a little early is not passed over.
    fn is_due(&self, now: u64) -> bool {
        self.looked_at.is_none_or(|at| now - at >= nanos(self.config.tick) / 2)
    }

    /// The last tick: what waits for late events is settled, and open episodes end with the monitor.
    pub(crate) fn finish(&mut self, planned_at: Option<u64>) -> TickResult {
        let now = self.look(planned_at, true).now;
        self.detect_the_rest(now);
        self.episodes.shut_down();
        self.finished = true;
        TickResult { publication: Some(self.publication(now, true)), busy: false }
    }

    /// Sums the counters, if it is due or something was recorded that a verdict may hang on. A calm path's outcomes say
    /// nothing of themselves: they are summed before a publication, and before a bucket of the window ends.
    /// What tells of the next change, if it has summed.
    fn sum(&mut self, now: u64, due: bool) -> Option<Seen> {
        let seen = Seen { records: self.records(), bucket: now / self.config.bucket_ns };
        let must = due || self.seen != Some(seen);
        must.then(|| {
            self.seen = None;
            self.sum_paths(now);
            self.faults.reached(Phase::PathsSummed);
            self.failures.sum(&self.shared);
            self.faults.reached(Phase::FailuresSummed);
            seen
        })
    }

    fn read_clock(&mut self, planned_at: Option<u64>) -> Tick {
        let clock = &self.shared.clock;
        let tick = self.timeline.advance(clock, planned_at, self.config.local_pause_after_ns);
        self.shared.pass_to(tick.stamp);
        self.totals.local_pauses += u64::from(tick.paused);
        self.totals.last_timestamp_seconds =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        self.episodes.set_clock(tick.now, self.totals.last_timestamp_seconds);
        self.faults.reached(Phase::ClockRead);
        tick
    }

    /// See [`Seen`].
    fn records(&self) -> (u64, u64, u64) {
        let shared = &self.shared;
        let blocks = shared.pool.blocks();
        let records = blocks.fold(0u64, |sum, block| sum.wrapping_add(block.records()));
        (records, shared.paths.added(), shared.components.added())
    }

    /// Sums every path's cells over all blocks, and takes new paths in.
    fn sum_paths(&mut self, now: u64) {
        let used = self.shared.paths.high_water() as usize;
        let other = self.config.max_paths;
        let sums = &mut self.scratch.sums;
        sums.clear();
        sums.resize(other + 1, PathSums::default());
        for block in self.shared.pool.blocks() {
            for number in (0..used).chain([other]) {
                sums[number].add(block, number);
            }
        }
        for number in (0..used).chain([other]) {
            let sums = self.scratch.sums[number];
            match &mut self.paths[number] {
                Some(path) => path.update(sums, now, &self.config),
                None => self.take_in(number as u32, sums, now),
            }
            self.faults.reached(Phase::PathSummed);
        }
    }

    /// A number that is in use for the first time, or again.
    fn take_in(&mut self, number: u32, sums: PathSums, now: u64) {
        let is_other = number == self.shared.paths.other();
        if is_other && sums == PathSums::default() {
            return;
        }
        let Some(name) = self.shared.paths.listed(number) else {
            return;
        };
        let base = self.bases.get(&number).cloned().unwrap_or_default();
        let mut path = PathState::new(name, self.next_generation, base, now, &self.config);
        path.update(sums, now, &self.config);
        self.next_generation += 1;
        self.paths[number as usize] = Some(path);
    }

    /// Gives the numbers of idle paths back, step by step.
    fn retire_paths(&mut self, now: u64) {
        // Of a tick that panicked: before their numbers can come back.
        self.let_go_of_retired();
        let sums = &self.scratch.sums;
        let spoken_of = mentioned(&self.detector, self.paths.len());
        self.retired = self.retirement.advance(&self.shared, |path| sums[path as usize], spoken_of);
        self.faults.reached(Phase::PathsRetired);
        self.let_go_of_retired();
        if self.can_retire && self.retirement.is_due(now) {
            let retire_after_ns = self.config.retire_after_ns;
            let spoken_of = mentioned(&self.detector, self.paths.len());
            self.can_retire =
                self.retirement.find_idle(&self.shared, now, retire_after_ns, &self.paths, spoken_of);
        }
    }

    /// The paths of numbers that are on their way back, each as a whole or not at all.
    fn let_go_of_retired(&mut self) {
        while let Some(&number) = self.retired.last() {
            let place = number as usize;
            let waits = self.config.track_latency.then(|| Box::new(RawWaits::of(&self.shared, number)));
            self.bases.insert(number, Base { sums: self.scratch.sums[place], waits });
            if let Some(mut path) = self.paths[place].take() {
                self.waits.extend(path.take_new_waits(&self.shared, number));
            }
            self.retired.pop();
            self.faults.reached(Phase::PathLetGo);
        }
    }
}

/// Whether an event or episode that can still change speaks of a path.
fn mentioned(detector: &Detector, max_paths: usize) -> impl Fn(u32) -> bool {
    let mentioned = LazyCell::new(move || mentioned_paths(detector, max_paths));
    move |path| mentioned.get(path as usize).is_none_or(|mentioned| *mentioned)
}

/// By number.
fn mentioned_paths(detector: &Detector, max_paths: usize) -> Vec<bool> {
    let mut mentioned = vec![false; max_paths];
    for component in detector.components() {
        if let ComponentKey::Path(number) = component
            && let Some(path) = mentioned.get_mut(number as usize)
        {
            *path = true;
        }
    }
    mentioned
}

fn component_name(paths: &[Option<PathState>], shared: &Shared, component: ComponentKey) -> Arc<str> {
    let known = match component {
        ComponentKey::Path(number) => match paths.get(number as usize) {
            Some(Some(path)) => Some(path.name.clone()),
            _ => shared.paths.listed(number),
        },
        ComponentKey::Component(number) => shared.components.listed(number),
    };
    known.unwrap_or_else(|| crate::record::name::OTHER.into())
}
