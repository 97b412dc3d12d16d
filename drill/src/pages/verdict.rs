//! Whether everyone was told what was expected, once, and nothing else. Pure: evidence in, verdict out.

use super::evidence::{CULPRIT, CUTS, Cut, EXPECTED, Evidence, Expected};
use super::notification::{Notification, Status};
use serde::Serialize;
use std::collections::BTreeSet;
use std::time::Duration;

#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    pub(crate) held: bool,
    pub(crate) pages: Vec<Page>,
    pub(crate) mismatches: Vec<String>,
    /// How many queries of the dashboard were run, if any.
    pub(crate) panel_queries: Option<usize>,
}

/// What became of one expected alert.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    pub(crate) alert: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) receiver: String,
    pub(crate) cuts: Vec<InCut>,
}

#[derive(Debug, Serialize)]
pub(crate) struct InCut {
    pub(crate) expected: usize,
    /// Pages: for a channel its messages, for the pager its incidents.
    pub(crate) seen: usize,
    /// Messages that added nothing new to a page: further events of the pager's open incident, and messages after which
    /// fewer alerts fire than before.
    pub(crate) updates: usize,
    pub(crate) resolved: usize,
    pub(crate) page_seconds: Option<f64>,
    pub(crate) resolution_seconds: Option<f64>,
}

impl Verdict {
    pub(crate) fn on(evidence: &Evidence) -> Self {
        let mut mismatches = Vec::new();
        if evidence.cuts.len() != CUTS {
            mismatches.push(format!("{} cuts were made, not {CUTS}", evidence.cuts.len()));
        }
        for notification in evidence.before_all_cuts() {
            mismatches.push(format!("while all was well: {}", in_words(notification)));
        }
        for (cut, _) in evidence.cuts.iter().enumerate() {
            let strangers = evidence
                .of_cut(cut)
                .filter(|notification| !EXPECTED.iter().any(|expected| expected.fits(notification)));
            mismatches.extend(
                strangers.map(|stranger| format!("cut {}: unexpected {}", cut + 1, in_words(stranger))),
            );
        }
        mismatches.extend(
            evidence.refusals.iter().map(|refusal| format!("a receiver refused a request: {refusal}")),
        );
        let pages = EXPECTED.iter().map(|expected| Page::of(expected, evidence, &mut mismatches)).collect();
        Self { held: mismatches.is_empty(), pages, mismatches, panel_queries: None }
    }

    /// What the dashboard asked for and did not get is as bad as a page that did not come.
    pub(crate) fn add_panels(&mut self, queries: usize, empty: Vec<String>) {
        self.panel_queries = Some(queries);
        if queries == 0 {
            self.mismatches.push("the dashboard asks for nothing".to_owned());
        }
        self.mismatches.extend(empty);
        self.held = self.mismatches.is_empty();
    }
}

impl Page {
    fn of(expected: &Expected, evidence: &Evidence, mismatches: &mut Vec<String>) -> Self {
        let receiver = expected.receiver().to_string();
        let cuts = evidence.cuts.iter().enumerate().take(CUTS).map(|(index, cut)| {
            let told: Vec<&Notification> =
                evidence.of_cut(index).filter(|notification| expected.fits(notification)).collect();
            let seen = InCut::of(usize::from(expected.in_cuts[index]), cut, &told);
            let mut require = |holds: bool, what: String| {
                if !holds {
                    mismatches.push(format!("cut {}, {} at {receiver}: {what}", index + 1, expected.alert));
                }
            };
            require(
                seen.seen == seen.expected,
                format!("expected {} page(s), seen {}", seen.expected, seen.seen),
            );
            require(
                seen.resolved == seen.expected,
                format!("expected {} resolution(s), seen {}", seen.expected, seen.resolved),
            );
            for notification in told {
                let is_named = notification.text.contains(&CULPRIT.to_string());
                let must_name = notification.status == Status::Firing;
                require(
                    is_named || !must_name,
                    format!("{CULPRIT} is not named: {}", in_words(notification)),
                );
                let is_early = notification.status == Status::Resolved
                    && cut.back.is_none_or(|back| notification.at < back);
                require(!is_early, format!("resolved while {CULPRIT} was gone"));
            }
            seen
        });
        let cuts = cuts.collect();
        Self { alert: expected.alert, severity: expected.severity, receiver, cuts }
    }
}

impl InCut {
    fn of(expected: usize, cut: &Cut, told: &[&Notification]) -> Self {
        let (mut seen, mut updates, mut resolved) = (0, 0, 0);
        let mut firing: Option<usize> = None;
        let mut open = BTreeSet::new();
        for notification in told {
            match notification.status {
                Status::Resolved => {
                    resolved += 1;
                    firing = None;
                    open.remove(&notification.incident);
                }
                Status::Firing => {
                    let is_open_incident =
                        notification.incident.is_some() && open.contains(&notification.incident);
                    let fires_less =
                        firing.zip(notification.firing).is_some_and(|(before, now)| now < before);
                    if is_open_incident || fires_less {
                        updates += 1;
                    } else {
                        seen += 1;
                    }
                    open.insert(notification.incident.clone());
                    firing = notification.firing;
                }
            }
        }
        let first =
            |status| told.iter().find(|notification| notification.status == status).map(|first| first.at);
        let last_resolved = told.iter().rfind(|notification| notification.status == Status::Resolved);
        Self {
            expected,
            seen,
            updates,
            resolved,
            page_seconds: first(Status::Firing).map(|at| seconds(at.saturating_sub(cut.at))),
            resolution_seconds: last_resolved.and_then(|last| Some(seconds(last.at.checked_sub(cut.back?)?))),
        }
    }
}

fn in_words(notification: &Notification) -> String {
    let alerts = if notification.alerts.is_empty() {
        "no known alert".to_owned()
    } else {
        notification.alerts.join(", ")
    };
    let status = match notification.status {
        Status::Firing => "firing",
        Status::Resolved => "resolved",
    };
    format!(
        "{alerts} {status} at {}, {:.1} s: {}",
        notification.receiver,
        notification.at.as_secs_f64(),
        notification.text.replace('\n', " | ")
    )
}

fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::notification::Receiver;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn told(expected: &Expected, at: Duration, status: Status) -> Notification {
        Notification {
            at,
            receiver: expected.receiver(),
            status,
            firing: Some(usize::from(status == Status::Firing) * 3),
            incident: expected.channel.is_none().then(|| "d".to_owned()),
            alerts: vec![expected.alert.to_owned()],
            text: "node4 did it".to_owned(),
        }
    }

    /// Cuts at 100, 200 and 300, back 20 s later.
    fn as_expected() -> Evidence {
        let mut evidence = Evidence::default();
        for cut in 0..CUTS {
            let start = 100 * (cut as u64 + 1);
            evidence.cuts.push(Cut { at: at(start), back: Some(at(start + 20)) });
            for (expected, delay) in EXPECTED.iter().zip(3..).filter(|(expected, _)| expected.in_cuts[cut]) {
                evidence.notifications.push(told(expected, at(start + delay), Status::Firing));
                evidence.notifications.push(told(expected, at(start + 20 + delay), Status::Resolved));
            }
        }
        evidence
    }

    /// The one complaint about the evidence.
    fn complaint(evidence: &Evidence) -> String {
        let Verdict { held, mismatches, .. } = Verdict::on(evidence);
        assert!(!held);
        assert_eq!(mismatches.len(), 1, "{mismatches:?}");
        mismatches.concat()
    }

    #[test]
    fn what_is_expected_holds_with_its_times() {
        let verdict = Verdict::on(&as_expected());
        assert!(verdict.held, "{:?}", verdict.mismatches);
        let unhealthy = &verdict.pages[1].cuts[2];
        assert_eq!((unhealthy.page_seconds, unhealthy.resolution_seconds), (Some(4.0), Some(4.0)));
        let recurring = &verdict.pages[3];
        assert_eq!(recurring.cuts.iter().map(|cut| cut.seen).collect::<Vec<_>>(), [0, 0, 1]);
    }

    #[test]
    fn nothing_at_all_does_not_hold() {
        assert!(!Verdict::on(&Evidence::default()).held);
    }

    #[test]
    fn an_emergency_after_two_cuts_is_one_too_many() {
        let mut evidence = as_expected();
        evidence.notifications.push(told(&EXPECTED[3], at(205), Status::Firing));
        evidence.notifications.push(told(&EXPECTED[3], at(230), Status::Resolved));
        let mismatches = Verdict::on(&evidence).mismatches;
        assert!(
            mismatches[0].contains("cut 2, RecurringCascadingFailures at pager: expected 0 page(s), seen 1")
        );
    }

    #[test]
    fn a_page_that_is_sent_again_is_a_second_page() {
        let mut evidence = as_expected();
        let mut again = told(&EXPECTED[0], at(110), Status::Firing);
        evidence.notifications.push(again.clone());
        evidence.notifications.sort_by_key(|notification| notification.at);
        assert!(complaint(&evidence).contains("expected 1 page(s), seen 2"));

        again.firing = Some(2);
        let at_110 = evidence.notifications.iter_mut().find(|notification| notification.at == at(110));
        *at_110.expect("it was put in") = again;
        let verdict = Verdict::on(&evidence);
        assert!(verdict.held, "some of it has ended: {:?}", verdict.mismatches);
        assert_eq!(verdict.pages[0].cuts[0].updates, 1);
    }

    #[test]
    fn an_open_incident_is_one_page_however_often_it_is_told() {
        let mut evidence = as_expected();
        let mut again = told(&EXPECTED[3], at(310), Status::Firing);
        evidence.notifications.push(again.clone());
        evidence.notifications.sort_by_key(|notification| notification.at);
        assert!(Verdict::on(&evidence).held);
        again.incident = Some("another".to_owned());
        let at_310 = evidence.notifications.iter_mut().find(|notification| notification.at == at(310));
        *at_310.expect("it was put in") = again;
        assert!(complaint(&evidence).contains("expected 1 page(s), seen 2"));
    }

    #[test]
    fn each_way_to_go_wrong_is_told() {
        type Spoil = fn(&mut Evidence);
        let cases: [(Spoil, &str); 8] = [
            (|e| e.notifications[0].text = "who?".to_owned(), "node4 is not named"),
            (|e| e.notifications[1].at = at(110), "resolved while node4 was gone"),
            (|e| drop(e.notifications.remove(1)), "expected 1 resolution(s), seen 0"),
            (|e| drop(e.notifications.pop()), "expected 1 resolution(s), seen 0"),
            (|e| e.refusals.push("pager: no".to_owned()), "refused a request: pager: no"),
            (|e| e.notifications.push(told(&EXPECTED[0], at(99), Status::Firing)), "while all was well"),
            (
                |e| {
                    let warning = Receiver::Channel("#monitoring".to_owned());
                    let mut stray = told(&EXPECTED[0], at(150), Status::Firing);
                    stray.receiver = warning;
                    e.notifications.push(stray);
                },
                "cut 1: unexpected ForeshockNodeNotScraped firing at #monitoring",
            ),
            (
                |e| {
                    let mut stray = told(&EXPECTED[1], at(350), Status::Firing);
                    stray.alerts.clear();
                    e.notifications.push(stray);
                },
                "cut 3: unexpected no known alert",
            ),
        ];
        for (spoil, wanted) in cases {
            let mut evidence = as_expected();
            spoil(&mut evidence);
            let complaint = complaint(&evidence);
            assert!(complaint.contains(wanted), "{wanted}: {complaint}");
        }
    }
}
