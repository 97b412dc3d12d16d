//! One publication: the series of paths and components that changed since the last one, and those that are due.
//!
//! A path in the role of a component shares the series of a component of its name: whichever of the two changed, the
//! sum of both is written. It is the component that keeps that series alive when the path retires.

use super::names;
use super::publisher::Publisher;
use super::refresh::Sweep;
use super::series::{is_other, paired};
use super::snapshot::{FailureCount, PathStatus, Snapshot};
use super::writer::{Writer, fixed, shared};
use crate::record::name::OTHER;
use crate::record::{FailureType, Outcome};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

const LOCK_TIMEOUT: &str = FailureType::LockTimeout.label();

pub(super) struct Edition<'a> {
    publisher: &'a Publisher,
    out: &'a Writer<'a>,
    snapshot: &'a Snapshot,
    before: &'a Snapshot,
    sweep: Sweep,
    /// Lock timeouts of registered components.
    lock_timeouts: HashMap<&'a str, u64>,
    /// Pattern and component of every root that was counted.
    roots: HashSet<(&'a str, &'a str)>,
    paths: OnceCell<HashMap<&'a str, &'a PathStatus>>,
}

impl<'a> Edition<'a> {
    pub(super) fn new(
        publisher: &'a Publisher,
        out: &'a Writer<'a>,
        snapshot: &'a Snapshot,
        before: &'a Snapshot,
        sweep: Sweep,
    ) -> Self {
        let lock_timeouts = snapshot.failures.iter().filter(|failure| failure.kind == LOCK_TIMEOUT);
        Self {
            publisher,
            out,
            snapshot,
            before,
            sweep,
            lock_timeouts: lock_timeouts.map(|f| (&*f.component, f.events)).collect(),
            roots: snapshot.roots.iter().map(|root| (&*root.pattern, &*root.component)).collect(),
            paths: OnceCell::new(),
        }
    }

    pub(super) fn write_paths(&self) {
        for (path, before) in paired(&self.snapshot.paths, &self.before.paths) {
            let before = before.filter(|_| !self.sweep.covers(path.generation));
            if before != Some(path) && self.publisher.series.is_own(path) {
                self.write_gauges(path, before);
                self.write_counters(path, before);
            }
        }
    }

    fn write_gauges(&self, path: &PathStatus, before: Option<&PathStatus>) {
        let gauge = |metric, value: fn(&PathStatus) -> f64| {
            if before.is_none_or(|before| value(before) != value(path)) {
                self.out.gauge(metric, [shared(&path.name)], value(path));
            }
        };
        gauge(names::LOCK_HEALTH_STATUS, |path| path.health.gauge());
        gauge(names::LOCK_HEALTH_IN_FLIGHT, |path| path.in_flight as f64);
        gauge(names::LOCK_HEALTH_OLDEST_IN_FLIGHT, |path| path.oldest_in_flight_seconds.unwrap_or(0.0));
    }

    fn write_counters(&self, path: &PathStatus, before: Option<&PathStatus>) {
        if is_other(path) {
            return;
        }
        let total = self.publisher.series.total(&path.name, Some(path));
        let changed =
            |outcome| before.is_none_or(|before| before.outcomes.of(outcome) != path.outcomes.of(outcome));
        for outcome in Outcome::ALL.into_iter().filter(|outcome| changed(*outcome)) {
            let labels = [shared(&path.name), fixed(outcome.label())];
            self.out.counter(names::LOCK_HEALTH_ATTEMPTS, labels, total.of(outcome));
        }
        if changed(Outcome::Timeout) {
            self.out.counter(names::LOCK_HEALTH_TIMEOUTS, [shared(&path.name)], total.timeout);
            if self.publisher.raise_lock_timeouts {
                let of_component = self.lock_timeouts.get(&*path.name).unwrap_or(&0);
                let labels = [fixed(LOCK_TIMEOUT), shared(&path.name)];
                self.out.counter(names::CASCADE_EVENTS, labels, total.timeout + of_component);
            }
        }
        if before.is_none() {
            self.write_zero_roots(&self.publisher.path_roots, &path.name);
        }
    }

    /// Failures of components, and what these can be the root of.
    pub(super) fn write_failures(&self) {
        // Components are never retired: as many of them are the same ones.
        let (failures, before) = (&self.snapshot.failures, &self.before.failures);
        let is_same = failures.len() == before.len();
        for (place, failure) in failures.iter().enumerate() {
            let before = before.get(place).filter(|_| is_same && !self.sweep.covers(place as u64));
            if before.is_none_or(|before| before.events != failure.events) && *failure.component != *OTHER {
                let labels = [fixed(failure.kind), shared(&failure.component)];
                self.out.counter(names::CASCADE_EVENTS, labels, failure.events + self.of_path(failure));
            }
            if before.is_none() {
                let patterns = self.snapshot.patterns.iter().filter(|p| p.initial == failure.kind);
                self.write_zero_roots(patterns.map(|pattern| &pattern.name), &failure.component);
            }
        }
    }

    pub(super) fn write_roots(&self) {
        for (place, root) in self.snapshot.roots.iter().enumerate() {
            // None is ever taken out.
            let before = self.before.roots.get(place).filter(|_| !self.sweep.covers(place as u64));
            if before.is_none_or(|before| before.episodes != root.episodes) {
                let labels = [shared(&root.pattern), shared(&root.component)];
                self.out.counter(names::CASCADE_ROOTS, labels, root.episodes);
            }
        }
    }

    /// What is counted together, from zero, and at every publication: nothing tells when it changed.
    pub(super) fn write_other(&self) {
        let path = self.snapshot.paths.last().filter(|path| is_other(path));
        let total = self.publisher.series.total(OTHER, path);
        for outcome in Outcome::ALL {
            let labels = [fixed(OTHER), fixed(outcome.label())];
            self.out.counter(names::LOCK_HEALTH_ATTEMPTS, labels, total.of(outcome));
        }
        self.out.counter(names::LOCK_HEALTH_TIMEOUTS, [fixed(OTHER)], total.timeout);
        for kind in self.publisher.types.ids().map(|kind| self.publisher.types.label(kind)) {
            let of_paths =
                if kind == LOCK_TIMEOUT && self.publisher.raise_lock_timeouts { total.timeout } else { 0 };
            // The last of the list, once there are any.
            let mut others = self.snapshot.failures.iter().rev().take_while(|f| *f.component == *OTHER);
            let events = others.find(|f| f.kind == kind).map_or(0, |f| f.events);
            self.out.counter(names::CASCADE_EVENTS, [fixed(kind), fixed(OTHER)], events + of_paths);
        }
        if self.sweep.covers(0) {
            self.write_zero_roots(&self.publisher.path_roots, &OTHER.into());
        }
    }

    /// Every component that could be a root has its series before it is one: a counter that is born at 1 is never
    /// seen to increase.
    fn write_zero_roots<'p>(&self, patterns: impl IntoIterator<Item = &'p Arc<str>>, component: &Arc<str>) {
        for pattern in patterns {
            if !self.roots.contains(&(&**pattern, &**component)) {
                self.out.counter(names::CASCADE_ROOTS, [shared(pattern), shared(component)], 0);
            }
        }
    }

    /// Lock timeouts of the path that has the name of this component, or had it.
    fn of_path(&self, failure: &FailureCount) -> u64 {
        let series = &self.publisher.series;
        let is_shared = self.publisher.raise_lock_timeouts && failure.kind == LOCK_TIMEOUT;
        if !is_shared || !series.is_known(&failure.component) {
            return 0;
        }
        let by_name = || self.snapshot.paths.iter().map(|path| (&*path.name, path)).collect();
        let path = self.paths.get_or_init(by_name).get(&*failure.component).copied();
        series.total(&failure.component, path).timeout
    }
}
