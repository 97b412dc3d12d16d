//! The one reader: every tick it sums the counters, drains the rings, and judges.
//!
//! A tick is a few named phases over reused scratch space; [`Collector::tick`] lists them. Nothing here is called
//! by a recording thread.

mod episodes;
mod events;
mod failures;
mod paths;
mod report;
mod retire;
mod thread;
mod timeline;

pub(crate) use thread::{Core, Worker, is_publishing};

use crate::cascade::Detector;
use crate::clock::nanos;
use crate::config::Config;
use crate::publish::Publication;
use crate::record::event::ComponentKey;
use crate::record::shared::Shared;
use crate::record::wait::WaitSample;
use crate::sync::{Ordering, two_sided_fence};
use episodes::Episodes;
use failures::Failures;
use paths::{PathState, PathSums};
use retire::Retirement;
use std::cell::LazyCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use timeline::{Tick, Timeline};

/// Latency samples that one publication hands on; further ones are counted as dropped.
const MAX_PUBLISHED_WAITS: usize = 8_192;

/// A ring this full at a tick makes the next tick come soon.
const BUSY_SHARE: usize = 4;

pub(crate) struct Collector {
    shared: Arc<Shared>,
    config: Config,
    timeline: Timeline,
    /// By number; `__other__` is the last.
    paths: Vec<Option<PathState>>,
    next_generation: u64,
    /// What the cells of a number held when it was given back, for the next name that gets it.
    bases: HashMap<u32, PathSums>,
    retirement: Retirement,
    can_retire: bool,
    failures: Failures,
    detector: Detector,
    episodes: Episodes,
    totals: Totals,
    /// When the last publication was made, on the timeline.
    published_at: Option<u64>,
    waits: Vec<(u32, u64)>,
    /// When everything was last looked at, on the timeline.
    looked_at: Option<u64>,
    /// What `records` was when the sums were last taken.
    seen: Option<(u64, u64, u64)>,
    /// The last tick was made: what comes after it is counted and judged no more.
    finished: bool,
    scratch: Scratch,
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

/// What a look found: when, whether a verdict changed, whether a ring was filling up.
struct Look {
    now: u64,
    changed: bool,
    busy: bool,
}

impl Collector {
    pub(crate) fn new(shared: Arc<Shared>, config: Config) -> Self {
        let rules: Vec<_> = config.patterns.iter().map(|(_, rule)| *rule).collect();
        Self {
            timeline: Timeline::new(&shared.clock),
            paths: (0..=config.max_paths).map(|_| None).collect(),
            next_generation: 1,
            bases: HashMap::new(),
            retirement: Retirement::default(),
            can_retire: two_sided_fence::register(),
            failures: Failures::default(),
            detector: Detector::new(&rules, config.late_after_ns, config.recurrence),
            episodes: Episodes::new(&config),
            totals: Totals::default(),
            published_at: None,
            waits: Vec::new(),
            looked_at: None,
            seen: None,
            finished: false,
            scratch: Scratch::default(),
            shared,
            config,
        }
    }

    /// Looks once. `planned_at`: the clock's reading at which this tick was to come, if it was waited for.
    pub(crate) fn tick(&mut self, planned_at: Option<u64>, must_publish: bool) -> TickResult {
        let look = self.look(planned_at, must_publish);
        let due = self.published_at.is_none_or(|at| look.now - at >= nanos(self.config.publish_every));
        let publication = (must_publish || look.changed || due).then(|| {
            self.published_at = Some(look.now);
            self.publication(look.now)
        });
        TickResult { publication, busy: look.busy }
    }

    /// The phases of a tick. One that comes early, because rings fill up, empties them and leaves the rest to a later one,
    /// unless `all` is asked for.
    fn look(&mut self, planned_at: Option<u64>, all: bool) -> Look {
        let began = Instant::now();
        let tick = self.read_clock(planned_at);
        let all = all || self.is_due(tick.now);
        if all {
            self.looked_at = Some(tick.now);
            self.sum_records(tick.now);
        }
        let busy = self.drain_events();
        let mut changed = self.detect(tick.now);
        if all {
            self.drain_waits();
            self.find_oldest_attempts(&tick);
            changed |= self.judge_paths(&tick);
            self.retire_paths(tick.now);
        }
        self.totals.ticks += 1;
        self.totals.last_tick_seconds = began.elapsed().as_secs_f64();
        Look { now: tick.now, changed, busy }
    }

    /// It is time to look at everything again. Half a tick, so that one that wakes a little early is not passed over.
    fn is_due(&self, now: u64) -> bool {
        self.looked_at.is_none_or(|at| now - at >= nanos(self.config.tick) / 2)
    }

    fn sum_records(&mut self, now: u64) {
        let records = self.records();
        if self.seen != Some(records) {
            self.sum_paths(now);
            self.failures.sum(&self.shared);
            self.seen = Some(records);
        }
    }

    /// The last tick: what waits for late events is settled, and open episodes end with the monitor.
    pub(crate) fn finish(&mut self) -> TickResult {
        let now = self.look(None, true).now;
        self.detect_the_rest(now);
        self.episodes.shut_down();
        self.finished = true;
        TickResult { publication: Some(self.publication(now)), busy: false }
    }

    fn read_clock(&mut self, planned_at: Option<u64>) -> Tick {
        let clock = &self.shared.clock;
        let tick = self.timeline.advance(clock, planned_at, self.config.local_pause_after_ns);
        self.shared.coarse.store(tick.stamp.0, Ordering::Relaxed);
        self.totals.local_pauses += u64::from(tick.paused);
        self.totals.last_timestamp_seconds =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        self.episodes.set_clock(tick.now, self.totals.last_timestamp_seconds);
        tick
    }

    /// Numbers that change with every record and with every new name.
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
            for (sum, counters) in sums.iter_mut().zip(&block.paths[..used]) {
                sum.add(counters);
            }
            if let Some(counters) = block.paths.get(other) {
                sums[other].add(counters);
            }
        }
        for number in (0..used).chain([other]) {
            let sums = self.scratch.sums[number];
            match &mut self.paths[number] {
                Some(path) => path.update(sums, now, &self.config),
                None => self.take_in(number as u32, sums, now),
            }
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
        let base = self.bases.get(&number).copied().unwrap_or_default();
        let mut path = PathState::new(name, self.next_generation, base, now, &self.config);
        path.update(sums, now, &self.config);
        self.next_generation += 1;
        self.paths[number as usize] = Some(path);
    }

    fn drain_waits(&mut self) {
        for block in self.shared.pool.blocks() {
            let Some(ring) = &block.waits else { continue };
            ring.drain(|[word]| {
                let sample = WaitSample::from_word(word);
                if let Some(Some(path)) = self.paths.get_mut(sample.path as usize) {
                    path.record_wait(sample.wait_ns);
                }
                if self.waits.len() < MAX_PUBLISHED_WAITS {
                    self.waits.push((sample.path, sample.wait_ns));
                } else {
                    self.totals.unpublished_waits += 1;
                }
            });
        }
    }

    fn find_oldest_attempts(&mut self, tick: &Tick) {
        for path in self.paths.iter_mut().flatten() {
            path.oldest_age_ns = None;
        }
        for block in self.shared.pool.blocks() {
            block.open.for_each(tick.stamp, |number, age| {
                let age_ns = self.shared.clock.ticks_to_ns(age);
                if let Some(Some(path)) = self.paths.get_mut(number as usize) {
                    path.oldest_age_ns = path.oldest_age_ns.max(Some(age_ns));
                }
            });
        }
    }

    /// Judges every path. True if a verdict changed.
    fn judge_paths(&mut self, tick: &Tick) -> bool {
        let mut changed = false;
        for (number, path) in self.paths.iter_mut().enumerate() {
            if let (Some(path), Some(cell)) = (path, self.shared.cell(number as u32)) {
                changed |= path.judge(&self.shared, cell, tick, &self.config);
            }
        }
        changed
    }

    /// Gives the numbers of idle paths back, step by step.
    fn retire_paths(&mut self, now: u64) {
        let sums = &self.scratch.sums;
        let detector = &self.detector;
        let max_paths = self.paths.len();
        let mentioned = LazyCell::new(|| mentioned_paths(detector, max_paths));
        let mentioned = |path: u32| mentioned.get(path as usize).is_none_or(|mentioned| *mentioned);
        let ended = self.retirement.advance(&self.shared, |path| sums[path as usize], mentioned);
        for number in ended {
            self.bases.insert(number, sums[number as usize]);
            self.paths[number as usize] = None;
        }
        if !self.can_retire {
            return;
        }
        let other = self.shared.paths.other();
        let idle_since = now.saturating_sub(self.config.retire_after_ns);
        let retirement = &self.retirement;
        let is_idle = |number: u32, path: &PathState| {
            number != other
                && path.last_active <= idle_since
                && path.open_guards() == 0
                && !retirement.is_candidate(number)
                && !retire::is_held(&self.shared, number)
                && !mentioned(number)
        };
        let idle: Vec<_> = (0u32..)
            .zip(&self.paths)
            .filter_map(|(number, path)| path.as_ref().map(|path| (number, path)))
            .filter(|(number, path)| is_idle(*number, path))
            .map(|(number, path)| (number, path.sums))
            .collect();
        self.can_retire = self.retirement.condemn(&self.shared, idle.into_iter());
    }
}

/// By number, whether an event or episode that can still change speaks of the path.
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
