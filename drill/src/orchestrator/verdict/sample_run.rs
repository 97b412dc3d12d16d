//! A drill that went well, told second by second, for tests to spoil.

use crate::arguments::Fault;
use crate::layout::NodeId;
use crate::orchestrator::evidence::Evidence;
use crate::orchestrator::reading::Reading;
use std::fmt::Write;
use std::time::Duration;

const CUT_AT: u64 = 100;
const OUTAGE: u64 = 15;
const LAST: u64 = 60;

/// Seconds from the cut, and the health from then on.
pub(crate) const POWER_CUT: [(u64, f64); 4] = [(2, 0.5), (6, 0.0), (16, 0.5), (45, 1.0)];

#[derive(Clone)]
pub(crate) struct SampleRun {
    pub(crate) fault: Fault,
    pub(crate) health: Vec<(u64, f64)>,
    pub(crate) health_on_node2: Vec<(u64, f64)>,
    /// At the cut, at the return and at the end.
    pub(crate) granted: [u64; 3],
    /// Seconds from the cut.
    pub(crate) episodes: Vec<u64>,
    pub(crate) episode_before_cut: bool,
    pub(crate) root: &'static str,
    pub(crate) second_root: Option<&'static str>,
    pub(crate) critical_between: Option<(u64, u64)>,
    pub(crate) peer_unreachable: u64,
    pub(crate) lock_timeouts: u64,
    pub(crate) serves_patterns: bool,
}

impl SampleRun {
    pub(crate) fn power_cut() -> Self {
        Self {
            fault: Fault::PowerCut,
            health: POWER_CUT.to_vec(),
            health_on_node2: POWER_CUT.to_vec(),
            granted: [50, 50, 200],
            episodes: vec![3],
            episode_before_cut: false,
            root: "node4",
            second_root: None,
            critical_between: None,
            peer_unreachable: 10,
            lock_timeouts: 21,
            serves_patterns: true,
        }
    }

    pub(crate) fn kill() -> Self {
        Self {
            fault: Fault::Kill,
            health: vec![],
            health_on_node2: vec![],
            granted: [50, 90, 200],
            episodes: vec![],
            lock_timeouts: 0,
            ..Self::power_cut()
        }
    }

    pub(crate) fn evidence(&self) -> Evidence {
        let mut evidence = Evidence::new(self.fault);
        for second in 0..=CUT_AT + LAST {
            let at = Duration::from_secs(second);
            if second == CUT_AT {
                evidence.mark_cut(at);
            } else if second == CUT_AT + OUTAGE {
                evidence.mark_back(at);
            }
            for node in NodeId::survivors() {
                let page = self.page(node, second.checked_sub(CUT_AT));
                let reading = Reading::parse(&page).expect("the sample is well-formed");
                evidence.history_mut(node).record(at, reading);
            }
        }
        evidence
    }

    /// `/metrics` so many seconds after the cut.
    fn page(&self, node: NodeId, since_cut: Option<u64>) -> String {
        let mut page = String::new();
        self.write_paths(&mut page, node, since_cut);
        self.write_cascades(&mut page, since_cut);
        page
    }

    fn write_paths(&self, page: &mut String, node: NodeId, since_cut: Option<u64>) {
        let course = if node.to_string() == "node2" { &self.health_on_node2 } else { &self.health };
        let passed = |second: u64| since_cut.is_some_and(|now| now >= second);
        let health =
            course.iter().rev().find(|(second, _)| passed(*second)).map_or(1.0, |(_, health)| *health);
        let [at_cut, at_return, at_end] = self.granted;
        let granted = match since_cut {
            None => at_cut,
            Some(0..OUTAGE) => at_return,
            Some(_) => at_end,
        };
        for path in node.lock_paths() {
            put(page, &format!("rustfs_lock_health_status{{path=\"{path}\"}} {health}"));
            put(
                page,
                &format!(
                    "rustfs_lock_health_attempts_total{{path=\"{path}\",outcome=\"success\"}} {granted}"
                ),
            );
        }
    }

    fn write_cascades(&self, page: &mut String, since_cut: Option<u64>) {
        let passed = |second: &&u64| since_cut.is_some_and(|now| now >= **second);
        let count = self.episodes.iter().filter(passed).count() + usize::from(self.episode_before_cut);
        let critical = self
            .critical_between
            .is_some_and(|(from, to)| since_cut.is_some_and(|now| (from..to).contains(&now)));
        let of_pattern = "pattern=\"peer_lock_iam\"";
        if self.serves_patterns {
            put(page, &format!("rustfs_cascading_failure_patterns_total{{{of_pattern}}} {count}"));
        }
        put(page, &format!("rustfs_cascading_failure_critical{{{of_pattern}}} {}", u8::from(critical)));
        if count > 0 {
            for root in [Some(self.root), self.second_root].into_iter().flatten() {
                put(
                    page,
                    &format!(
                        "rustfs_cascading_failure_roots_total{{{of_pattern},component=\"{root}\"}} {count}"
                    ),
                );
            }
        }
        if since_cut.is_some() {
            let events = "rustfs_cascading_failure_events_total";
            let lost = self.peer_unreachable;
            put(page, &format!("{events}{{type=\"peer_unreachable\",component=\"node4\"}} {lost}"));
            let timeouts = self.lock_timeouts;
            put(
                page,
                &format!("{events}{{type=\"lock_timeout\",component=\"config/iam/users\"}} {timeouts}"),
            );
        }
    }
}

fn put(page: &mut String, line: &str) {
    writeln!(page, "{line}").expect("a string takes everything");
}
