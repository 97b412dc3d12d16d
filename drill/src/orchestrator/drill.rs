//! The drill itself: the cluster, what is done to it, and what is seen of it meanwhile.

use super::evidence::Evidence;
use super::scrape::{Scrape, poll};
use super::timeline::{Condition, Step, timeline};
use super::verdict::Verdict;
use super::view::{Tone, View};
use crate::arguments::{DrillArguments, Fault};
use crate::cluster::{Cluster, NodeSetup};
use crate::handshake::Ports;
use crate::layout::{METRICS_PREFIX, NodeId};
use crate::tempo::Tempo;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

/// How often processes, conditions and the view are looked at while nothing comes in.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Scrapes that wait while a node is started again.
const SCRAPE_QUEUE: usize = 256;

/// All there is to report. By then the cluster is gone.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) evidence: Evidence,
    pub(crate) ports: BTreeMap<NodeId, Ports>,
    pub(crate) duration: Duration,
    pub(crate) outage: Duration,
}

pub(crate) async fn run(arguments: &DrillArguments) -> Result<Outcome, String> {
    let started = Instant::now();
    let setup = NodeSetup { prefix: METRICS_PREFIX.to_owned(), tempo: Tempo::Real };
    let cluster = Cluster::start(setup, arguments.ports).await?;
    let ports = cluster.ports();
    let (answers, scrapes) = mpsc::channel(SCRAPE_QUEUE);
    let mut pollers = JoinSet::new();
    for (&node, ports) in &ports {
        pollers.spawn(poll(node, ports.metrics, answers.clone()));
    }
    let mut drill = Drill {
        started,
        cluster,
        pollers,
        scrapes,
        evidence: Evidence::new(arguments.fault),
        view: View::open(&ports),
        fault: arguments.fault,
    };
    for step in timeline(arguments.outage()) {
        drill.take(step).await?;
    }
    let Drill { evidence, .. } = drill;
    let verdict = Verdict::on(&evidence);
    Ok(Outcome { verdict, evidence, ports, duration: started.elapsed(), outage: arguments.outage() })
}

struct Drill {
    started: Instant,
    // Dropped before the view closes, so that nothing is left when the terminal is the user's again.
    cluster: Cluster,
    pollers: JoinSet<()>,
    scrapes: Receiver<Scrape>,
    evidence: Evidence,
    view: View,
    fault: Fault,
}

impl Drill {
    async fn take(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Require { condition, limit } => {
                self.announce(&condition);
                match self.watch("getting ready", limit, Some(&condition)).await? {
                    None => Ok(()),
                    Some(missing) => Err(format!("not ready after {} s: {missing}", limit.as_secs())),
                }
            }
            Step::Await { condition, limit } => {
                self.announce(&condition);
                if let Some(missing) = self.watch("waiting for recovery", limit, Some(&condition)).await? {
                    self.say(Tone::Bad, &format!("given up after {} s: {missing}", limit.as_secs()));
                }
                Ok(())
            }
            Step::Watch { what, time } => self.watch(what, time, None).await.map(drop),
            Step::Cut(node) => self.cut(node),
            Step::BringBack(node) => self.bring_back(node).await,
        }
    }

    fn cut(&mut self, node: NodeId) -> Result<(), String> {
        // Taken before, so that no time from the cut comes out too short.
        let now = self.now();
        self.cluster.cut(node, self.fault)?;
        self.evidence.mark_cut(now);
        let how = match self.fault {
            Fault::PowerCut => "loses its power: it answers no more and closes no connection (SIGSTOP)",
            Fault::Kill => "is killed: connections to it are refused (SIGKILL)",
        };
        self.say(Tone::Loud, &format!("{node} {how}"));
        Ok(())
    }

    async fn bring_back(&mut self, node: NodeId) -> Result<(), String> {
        let now = self.now();
        self.cluster.bring_back(node, self.fault).await?;
        self.evidence.mark_back(now);
        self.say(Tone::Loud, &format!("{node} is brought back"));
        Ok(())
    }

    /// Looks on until the condition holds or the time is up. What is missing then, if anything.
    async fn watch(
        &mut self,
        phase: &str,
        limit: Duration,
        condition: Option<&Condition>,
    ) -> Result<Option<String>, String> {
        let deadline = Instant::now() + limit;
        let mut looks = interval(LOOK_EVERY);
        loop {
            tokio::select! {
                Some(scrape) = self.scrapes.recv() => self.note(scrape)?,
                Some(ended) = self.pollers.join_next() => return Err(format!("a poller ended: {ended:?}")),
                _ = looks.tick() => {}
            }
            self.cluster.check_alive()?;
            let now = self.now();
            self.view.draw(&self.evidence, phase, now);
            let missing = condition.map(|condition| condition.missing(&self.evidence, now));
            if let Some(None) = missing {
                return Ok(None);
            }
            if Instant::now() >= deadline {
                return Ok(missing.flatten());
            }
        }
    }

    fn note(&mut self, scrape: Scrape) -> Result<(), String> {
        let Scrape { node, at, answer } = scrape;
        let at = at.duration_since(self.started);
        let history = self.evidence.history_mut(node);
        let changes = match answer.map_err(|what| format!("{node}: /metrics is not in order: {what}"))? {
            Some(reading) => history.record(at, reading),
            None => history.record_silence(),
        };
        for change in changes {
            self.view.tell(at, node, &change);
        }
        Ok(())
    }

    /// Silent if there is nothing to wait for.
    fn announce(&mut self, condition: &Condition) {
        if condition.missing(&self.evidence, self.now()).is_some() {
            self.say(Tone::Plain, &format!("waiting until {condition}"));
        }
    }

    fn say(&mut self, tone: Tone, text: &str) {
        self.view.say(self.now(), tone, text);
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}
