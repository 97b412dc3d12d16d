//! Episodes with their names: what is remembered after the detector has let go of them.

use crate::cascade::{Change, Detector, Episode, OTHER};
use crate::config::Config;
use crate::publish::{EpisodeEnd, EpisodeStatus, FailureCount, PatternStatus, RootCount};
use crate::record::event::ComponentKey;
use crate::record::failure::FailureTypes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Pairs of pattern and root that are told apart; further roots are counted under `__other__`.
const MAX_ROOTS: usize = 4_096;

pub(super) struct Episodes {
    pub(super) patterns: Vec<(Arc<str>, &'static str)>,
    types: FailureTypes,
    /// Ended, oldest first, with the time of the root on the timeline: the wall clock may be set back.
    ended: VecDeque<(u64, EpisodeStatus)>,
    kept: usize,
    /// When episodes that have not ended were detected: pattern, ordinal, time.
    detected_at: Vec<(usize, u64, u64)>,
    roots: Vec<RootCount>,
    /// Timeline and wall clock at the last tick.
    clock: (u64, f64),
    open_end: EpisodeEnd,
}

impl Episodes {
    pub(super) fn new(config: &Config) -> Self {
        let types = FailureTypes::new(config.custom_failures.clone());
        Self {
            patterns: config
                .patterns
                .iter()
                .map(|(pattern, rule)| (pattern.name().into(), types.label(rule.initial)))
                .collect(),
            types,
            ended: VecDeque::new(),
            kept: config.kept_episodes,
            detected_at: Vec::new(),
            roots: Vec::new(),
            clock: (0, 0.0),
            open_end: EpisodeEnd::Open,
        }
    }

    pub(super) fn set_clock(&mut self, now: u64, timestamp_seconds: f64) {
        self.clock = (now, timestamp_seconds);
    }

    pub(super) fn shut_down(&mut self) {
        self.open_end = EpisodeEnd::Shutdown;
    }

    /// What can panic comes first in it: done again after that, nothing is done twice.
    pub(super) fn apply(&mut self, change: &Change, now: u64, name: impl Fn(ComponentKey) -> Arc<str>) {
        match *change {
            Change::Detected { pattern, ordinal, root } => {
                self.count_root(pattern, name(root));
                self.detected_at.push((pattern, ordinal, now));
            }
            // The first root stays counted: a counter cannot fall.
            Change::RootMoved { pattern, root, .. } => self.count_root(pattern, name(root)),
            Change::Ended { pattern, ref episode } => {
                let status = self.status(pattern, episode, EpisodeEnd::Quiet, now, &name);
                self.detected_at.retain(|(p, ordinal, _)| (*p, *ordinal) != (pattern, episode.ordinal));
                if self.ended.len() == self.kept {
                    self.ended.pop_front();
                }
                self.ended.push_back((episode.root_at, status));
            }
            Change::Critical { .. } => {}
        }
    }

    fn count_root(&mut self, pattern: usize, component: Arc<str>) {
        let pattern = self.patterns[pattern].0.clone();
        let place = |component: &str, roots: &[RootCount]| {
            roots.iter().position(|r| r.pattern == pattern && *r.component == *component)
        };
        let component = if place(&component, &self.roots).is_none() && self.roots.len() >= MAX_ROOTS {
            crate::record::name::OTHER.into()
        } else {
            component
        };
        match place(&component, &self.roots) {
            Some(found) => self.roots[found].episodes += 1,
            None => self.roots.push(RootCount { pattern, component, episodes: 1 }),
        }
    }

    pub(super) fn roots(&self) -> Vec<RootCount> {
        self.roots.clone()
    }

    pub(super) fn patterns(&self, detector: &Detector) -> Vec<PatternStatus> {
        let patterns = self.patterns.iter().enumerate();
        patterns
            .map(|(pattern, (name, initial))| PatternStatus {
                name: name.clone(),
                initial,
                detected: detector.detected(pattern),
                is_open: self.open_end == EpisodeEnd::Open && detector.is_open(pattern),
                is_critical: detector.is_critical(pattern),
            })
            .collect()
    }

    /// The ended ones that are remembered and the open ones, by the time of their root.
    pub(super) fn all(
        &self,
        detector: &Detector,
        now: u64,
        name: impl Fn(ComponentKey) -> Arc<str>,
    ) -> Vec<EpisodeStatus> {
        let current = (0..self.patterns.len()).flat_map(|pattern| {
            detector.current(pattern).map(move |(episode, open)| (pattern, episode, open))
        });
        let current = current.map(|(pattern, episode, open)| {
            let end = if open { self.open_end } else { EpisodeEnd::Quiet };
            (episode.root_at, self.status(pattern, episode, end, now, &name))
        });
        let mut all: Vec<_> = self.ended.iter().cloned().chain(current).collect();
        all.sort_by_key(|(root_at, _)| *root_at);
        all.into_iter().map(|(_, status)| status).collect()
    }

    fn status(
        &self,
        pattern: usize,
        episode: &Episode,
        end: EpisodeEnd,
        now: u64,
        name: &impl Fn(ComponentKey) -> Arc<str>,
    ) -> EpisodeStatus {
        let detected = self.detected_at.iter();
        let detected_at = detected
            .filter(|(p, ordinal, _)| (*p, *ordinal) == (pattern, episode.ordinal))
            .map(|(_, _, at)| *at)
            .next()
            .unwrap_or(now);
        let pattern = self.patterns[pattern].0.clone();
        let failures = episode.counts.iter().map(|count| FailureCount {
            kind: self.types.label(count.kind()),
            component: if count.component() == OTHER {
                crate::record::name::OTHER.into()
            } else {
                name(count.component())
            },
            events: count.events,
        });
        EpisodeStatus {
            id: format!("{pattern}#{}", episode.ordinal + 1),
            pattern,
            root: name(episode.root),
            root_timestamp_seconds: self.timestamp(episode.root_at),
            detected_timestamp_seconds: self.timestamp(detected_at),
            last_timestamp_seconds: self.timestamp(episode.last_at),
            failures: failures.collect(),
            end,
        }
    }

    fn timestamp(&self, at: u64) -> f64 {
        let (now, timestamp_seconds) = self.clock;
        timestamp_seconds - (now as f64 - at as f64) / 1e9
    }
}
