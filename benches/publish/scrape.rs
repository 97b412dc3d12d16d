//! A scrape of a thousand paths, ours and `prometheus-client`'s, of the same series with the same values.

use crate::history::{self, PATHS};
use crate::http::ask;
use crate::measure::median;
use crate::peer::Peer;
use crate::server;
use foreshock::Monitor;
use foreshock::prometheus::Exporter;
use quanta::Clock;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

const ROUNDS: usize = 41;
/// They tell the time and differ from one monitor to the next.
const OF_THE_MOMENT: [&str; 2] = ["foreshock_last_tick_timestamp_seconds", "foreshock_tick_seconds"];

pub(crate) struct Scrape {
    pub(crate) name: &'static str,
    pub(crate) series: usize,
    pub(crate) bytes: usize,
    pub(crate) render_us: f64,
    pub(crate) http_us: f64,
}

/// By its name and labels, the value of each line of an exposition. Labels are put in order and numbers are written anew:
/// `1` and `1.0` are one. No label of this history has a comma or a quote in its value.
fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut read = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let failed = |error: &dyn std::fmt::Display| format!("{error}: {line:?}");
        let number = |text: &str| text.parse::<f64>().map_err(|error| failed(&error));
        let (series, value) = line.rsplit_once(' ').ok_or_else(|| failed(&"no value"))?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let mut labels: Vec<String> = labels.trim_end_matches('}').split(',').map(str::to_owned).collect();
        for label in &mut labels {
            if let Some(bound) = label.strip_prefix("le=") {
                *label = format!("le={}", number(bound.trim_matches('"'))?);
            }
        }
        labels.sort();
        if read.insert(format!("{name} {}", labels.join(" ")), number(value)?.to_string()).is_some() {
            return Err(failed(&"twice"));
        }
    }
    Ok(read)
}

/// How many series the two have, if they are the same.
fn compared(ours: &str, theirs: &str) -> Result<usize, String> {
    let (ours, theirs) = (read(ours)?, read(theirs)?);
    if ours.len() < 20 * PATHS {
        return Err(format!("only {} series", ours.len()));
    }
    let is_same = |(series, value): &(&String, &String)| {
        OF_THE_MOMENT.iter().any(|name| series.contains(name)) || theirs.get(*series) == Some(*value)
    };
    match ours.iter().find(|entry| !is_same(entry)) {
        Some((series, value)) => {
            Err(format!("{series} is {value} and for prometheus-client {:?}", theirs.get(series)))
        }
        None if ours.len() != theirs.len() => {
            Err(format!("{} series and {} of prometheus-client", ours.len(), theirs.len()))
        }
        None => Ok(ours.len()),
    }
}

/// Microseconds, and the length of what came.
fn timed(clock: &Clock, get: impl FnOnce() -> String) -> (f64, usize) {
    let began = clock.raw();
    let text = get();
    let ended = clock.raw();
    (clock.delta_as_nanos(began, ended) as f64 / 1e3, text.len())
}

fn over_http(address: SocketAddr) -> String {
    ask(address, "GET", "/metrics").body
}

pub(crate) fn measured(clock: &Clock) -> Result<[Scrape; 2], String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let exporter = Exporter::builder().listen(([127, 0, 0, 1], 0)).start().map_err(|error| failed(&error))?;
    let peer = Arc::new(Peer::new());
    let ours = history::live(Monitor::builder().manual().recorder(exporter.recorder()));
    let theirs = history::live(Monitor::builder().manual().recorder(peer.clone()));
    let series = compared(&exporter.render(), &peer.render())?;

    let served = peer.clone();
    let peer_address = server::serve(move || served.render()).map_err(|error| failed(&error))?;
    let our_address = exporter.local_addr();
    compared(&over_http(our_address), &over_http(peer_address))?;

    let mut samples = [const { Vec::new() }; 4];
    let mut bytes = [0; 4];
    for _ in 0..ROUNDS {
        // A scrape comes when there is something new.
        for lived in [&ours, &theirs] {
            lived.locks.iter().for_each(|lock| lock.attempt().success());
            lived.monitor.tick();
        }
        let taken = [
            timed(clock, || exporter.render()),
            timed(clock, || peer.render()),
            timed(clock, || over_http(our_address)),
            timed(clock, || over_http(peer_address)),
        ];
        for (place, (us, length)) in taken.into_iter().enumerate() {
            samples[place].push(us);
            bytes[place] = length;
        }
    }
    let scrape = |name, place: usize| Scrape {
        name,
        series,
        bytes: bytes[place],
        render_us: median(&samples[place]),
        http_us: median(&samples[place + 2]),
    };
    Ok([scrape("foreshock", 0), scrape("prometheus-client", 1)])
}
