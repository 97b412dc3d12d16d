//! The drill itself: what is done to the cluster, and what reaches whom meanwhile.

use super::arguments::PagesArguments;
use super::evidence::{CUTS, Cut, Evidence};
use super::install::Installation;
use super::notification::{Notification, Status};
use super::receiver::{Endpoint, Received};
use super::scale::{SPEED, scaled};
use super::servers::{Api, Program, remembered_groups};
use crate::arguments::Fault;
use crate::cluster::{Cluster, NodeSetup};
use crate::layout::{NODE_COUNT, NodeId};
use crate::tempo::Tempo;
use std::io::{self, Write};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

/// How often processes are looked after and conditions are looked at while nothing comes in.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often Prometheus is asked whether a condition holds.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// Prometheus takes 5 s to look its targets up, whatever the time is scaled by.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// 9 minutes of healthy work: more than the 5 that most rules look back.
const HEALTHY: Duration = Duration::from_secs(18);
/// Before a cut, no node has met a failure for so long.
const CALM: Duration = Duration::from_secs(5);
const CALM_LIMIT: Duration = Duration::from_secs(20);
/// No outage is shorter, so that whatever waits for a while has done so.
const OUTAGE: Duration = Duration::from_secs(15);
const PAGES_LIMIT: Duration = Duration::from_secs(45);
/// More than the longest range of an alert that is not about recurrence, and a group's interval.
const RESOLVED_LIMIT: Duration = Duration::from_secs(60);
/// Of each notification; `--json` has all of it.
const SHOWN_LINES: usize = 3;
const SHOWN_CHARACTERS: usize = 160;
/// How far back Prometheus looks for a sample; a flag, and no setting of its configuration. (The other flag that is a time,
/// how often it says again what it said, stays a minute: for 15 minutes, whatever time is scaled by, it repeats that an
/// alert has ended, and each time Alertmanager remembers the group again.)
const LOOKBACK: Duration = Duration::from_secs(300);

pub(crate) struct Campaign {
    started: Instant,
    prefix: String,
    // Dropped before the directory that they write to.
    cluster: Cluster,
    prometheus: Program,
    alertmanager: Program,
    tasks: JoinSet<()>,
    received: UnboundedReceiver<Received>,
    alerts: Vec<String>,
    evidence: Evidence,
    installation: Installation,
    _directory: TempDir,
}

/// What a look at the evidence says of the wait.
enum Progress {
    Done,
    /// Nothing is missing, but it is too early to stop.
    Waiting,
    Missing(String),
}

/// How long a node remembers a cascade.
fn recurrence() -> Duration {
    Tempo::Fast.windows().map_or(Duration::ZERO, |windows| windows.recurrence)
}

impl Campaign {
    /// Everything runs; nothing is judged yet.
    pub(crate) async fn start(arguments: &PagesArguments) -> Result<Self, String> {
        let started = Instant::now();
        let directory = tempfile::Builder::new()
            .prefix("foreshock-pages-")
            .tempdir()
            .map_err(|error| format!("no temporary directory: {error}"))?;
        let installation = Installation::new(&arguments.deploy, directory.path());
        let setup = NodeSetup { prefix: arguments.prefix.clone(), tempo: Tempo::Fast };
        let cluster = Cluster::start(setup, None).await?;

        let mut endpoint = Endpoint::bind().await?;
        let configuration = installation.alertmanager(&mut endpoint)?;
        let (tell, received) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(endpoint.serve(tell));
        let data = directory.path().join("alertmanager-data");
        let alertmanager = Program::start_alertmanager(&configuration, &data).await?;

        let configuration = installation.prometheus(alertmanager.address(), &cluster.ports())?;
        let settings = [format!("--query.lookback-delta={}ms", scaled(LOOKBACK).as_millis())];
        let data = directory.path().join("prometheus-data");
        let prometheus = Program::start_prometheus(&configuration, &data, &settings).await?;

        let campaign = Self {
            started,
            prefix: arguments.prefix.clone(),
            cluster,
            prometheus,
            alertmanager,
            tasks,
            received,
            alerts: Vec::new(),
            evidence: Evidence::default(),
            installation,
            _directory: directory,
        };
        campaign.introduce();
        Ok(campaign)
    }

    /// Cuts the node so often, each time until everyone is told, and brings it back until everyone is told of that.
    pub(crate) async fn run(&mut self) -> Result<(), String> {
        self.get_ready().await?;
        self.say("all is well; nobody is to be told anything");
        self.pass(HEALTHY).await?;
        for index in 0..CUTS {
            self.require_calm().await?;
            self.cut(index)?;
            let missing = self
                .watch(PAGES_LIMIT, |evidence, since| match evidence.lacks(index, Status::Firing) {
                    Some(alert) => Progress::Missing(format!("{alert} was not told")),
                    None if since < OUTAGE => Progress::Waiting,
                    None => Progress::Done,
                })
                .await?;
            self.give_up(missing, PAGES_LIMIT);
            self.bring_back(index).await?;
            // Only the last of a series waits until the first has been forgotten.
            let is_last = index + 1 == CUTS;
            let limit = RESOLVED_LIMIT + if is_last { recurrence() } else { Duration::ZERO };
            let missing = self
                .watch(limit, |evidence, _| match evidence.lacks(index, Status::Resolved) {
                    Some(alert) => Progress::Missing(format!("{alert} was not resolved")),
                    None => Progress::Done,
                })
                .await?;
            self.give_up(missing, limit);
            if !is_last {
                self.forget().await?;
            }
        }
        Ok(())
    }

    /// Until nothing is left of a cut, so that the next is the first of its own. Alertmanager too must have forgotten it:
    /// otherwise the pages of the next are sent at an interval of the old ones, perhaps in two halves.
    async fn forget(&mut self) -> Result<(), String> {
        let missing = self.require_query(&self.quiet(), RESOLVED_LIMIT).await?;
        self.give_up(missing, RESOLVED_LIMIT);
        let deadline = Instant::now() + RESOLVED_LIMIT;
        while remembered_groups(self.alertmanager.address()).await? > 0.0 {
            if Instant::now() >= deadline {
                self.give_up(Some("Alertmanager remembers a group".to_owned()), RESOLVED_LIMIT);
                break;
            }
            self.pass(ASK_EVERY).await?;
        }
        Ok(())
    }

    /// Targets first, and the rules once these are scraped: Prometheus takes its time to look the targets up, and to a rule a
    /// target that is not known is missing.
    async fn get_ready(&mut self) -> Result<(), String> {
        self.say("waiting until every node is scraped, every lock was granted and every path is healthy");
        let granted = format!(
            "count({p}_lock_health_attempts_total{{outcome=\"success\"}} >= 5) == {paths} and count({p}_lock_health_status == 1) == {paths}",
            p = self.prefix,
            paths = NODE_COUNT * NodeId::CUT.lock_paths().len(),
        );
        if self.require_query(&granted, READY_LIMIT).await?.is_some() {
            return Err(format!("not ready after {} s: no answer to {granted}", READY_LIMIT.as_secs()));
        }
        self.installation.rules()?;
        self.prometheus.reload()?;
        let api = self.api();
        let deadline = Instant::now() + READY_LIMIT;
        loop {
            if let Some(alerts) = api.alerts_if_evaluated().await? {
                self.say(&format!("{} alerts are evaluated", alerts.len()));
                self.alerts = alerts;
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(format!("the rules were not evaluated within {} s", READY_LIMIT.as_secs()));
            }
            self.pass(ASK_EVERY).await?;
        }
    }

    /// On a machine that is too busy, nodes miss each other's answers, and may blame another than the one that is cut.
    async fn require_calm(&mut self) -> Result<(), String> {
        let failures = format!(
            "sum(increase({}_cascading_failure_events_total[{}s])) == 0",
            self.prefix,
            CALM.as_secs()
        );
        match self.require_query(&failures, CALM_LIMIT).await? {
            None => Ok(()),
            Some(_) => {
                Err("the nodes meet failures while all of them run: this machine is too busy".to_owned())
            }
        }
    }

    /// No alert is on its way, and every path is healthy.
    fn quiet(&self) -> String {
        format!("(count(ALERTS) or vector(0)) == 0 and on () min({}_lock_health_status) == 1", self.prefix)
    }

    /// Goes on as soon as the expression has an answer. What is missing if it has none in time.
    async fn require_query(&mut self, expression: &str, limit: Duration) -> Result<Option<String>, String> {
        let api = self.api();
        let deadline = Instant::now() + limit;
        while !api.holds(expression).await? {
            if Instant::now() >= deadline {
                return Ok(Some(format!("no answer to {expression}")));
            }
            self.pass(ASK_EVERY).await?;
        }
        Ok(None)
    }

    fn cut(&mut self, index: usize) -> Result<(), String> {
        // Taken before, so that no time from the cut comes out too short.
        let at = self.started.elapsed();
        let since_first = self.evidence.cuts.first().map_or(Duration::ZERO, |first| at - first.at);
        if since_first + OUTAGE > recurrence() {
            return Err(format!(
                "cut {} comes {:.0} s after the first, too late for a series within {} s: this machine is too slow",
                index + 1,
                since_first.as_secs_f64(),
                recurrence().as_secs(),
            ));
        }
        self.cluster.cut(NodeId::CUT, Fault::PowerCut)?;
        self.evidence.cuts.push(Cut { at, back: None });
        self.say(&format!("CUT {}: {} loses its power (SIGSTOP)", index + 1, NodeId::CUT));
        Ok(())
    }

    async fn bring_back(&mut self, index: usize) -> Result<(), String> {
        let at = self.started.elapsed();
        self.cluster.bring_back(NodeId::CUT, Fault::PowerCut).await?;
        self.evidence.cuts[index].back = Some(at);
        self.say(&format!("{} is brought back", NodeId::CUT));
        Ok(())
    }

    /// Takes what comes in for so long.
    async fn pass(&mut self, time: Duration) -> Result<(), String> {
        self.watch(time, |_, _| Progress::Waiting).await.map(drop)
    }

    /// Takes what comes in until the progress is `Done` or the time is up. What is missing then, if anything.
    async fn watch(
        &mut self,
        limit: Duration,
        progress: impl Fn(&Evidence, Duration) -> Progress,
    ) -> Result<Option<String>, String> {
        let start = Instant::now();
        let mut looks = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                Some(received) = self.received.recv() => self.note(received),
                Some(ended) = self.tasks.join_next() => return Err(format!("the receiver ended: {ended:?}")),
                _ = looks.tick() => {}
            }
            self.cluster.check_alive()?;
            self.prometheus.check_alive()?;
            self.alertmanager.check_alive()?;
            let since = start.elapsed();
            match progress(&self.evidence, since) {
                Progress::Done => return Ok(None),
                Progress::Waiting if since >= limit => return Ok(None),
                Progress::Missing(what) if since >= limit => return Ok(Some(what)),
                Progress::Waiting | Progress::Missing(_) => {}
            }
        }
    }

    fn note(&mut self, (at, received): Received) {
        let at = at.duration_since(self.started);
        match received {
            Ok(message) => {
                let notification = Notification::new(at, message, &self.alerts);
                let status = match notification.status {
                    Status::Firing => "FIRING  ",
                    Status::Resolved => "resolved",
                };
                let alerts = notification.alerts.join(", ");
                self.say_at(at, &format!("{:<12} {status}  {alerts}", notification.receiver.to_string()));
                for line in notification.text.lines().take(SHOWN_LINES) {
                    let line: String = line.chars().take(SHOWN_CHARACTERS).collect();
                    self.say_at(at, &format!("    {line}"));
                }
                self.evidence.notifications.push(notification);
            }
            Err(reason) => {
                self.say_at(at, &format!("REFUSED {reason}"));
                self.evidence.refusals.push(reason);
            }
        }
    }

    fn introduce(&self) {
        self.say(&format!("time is scaled by {SPEED}: two minutes last four seconds"));
        for (node, ports) in self.cluster.ports() {
            self.say(&format!("{node}  http://127.0.0.1:{}/metrics", ports.metrics));
        }
        self.say(&format!(
            "Prometheus http://{}  Alertmanager http://{}",
            self.prometheus.address(),
            self.alertmanager.address()
        ));
    }

    fn give_up(&self, missing: Option<String>, limit: Duration) {
        if let Some(missing) = missing {
            self.say(&format!("given up after {} s: {missing}", limit.as_secs()));
        }
    }

    fn say(&self, text: &str) {
        self.say_at(self.started.elapsed(), text);
    }

    fn say_at(&self, at: Duration, text: &str) {
        // A reader that has gone away is no reason to end: the exit status still tells.
        let _ = writeln!(io::stdout(), "{:6.1} s  {text}", at.as_secs_f64());
    }

    pub(crate) fn api(&self) -> Api {
        Api::new(self.prometheus.address())
    }

    pub(crate) fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }
}
