//! What was done to the cluster, and who was told what: all that the verdict is given.

use super::notification::{Notification, Receiver, Status};
use crate::layout::NodeId;
use std::time::Duration;

pub(crate) const CUTS: usize = 3;

/// One outage. Times are since the start of the drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) at: Duration,
    pub(crate) back: Option<Duration>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) cuts: Vec<Cut>,
    pub(crate) notifications: Vec<Notification>,
    /// Requests that a receiver would have refused.
    pub(crate) refusals: Vec<String>,
}

/// An alert that somebody is to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) alert: &'static str,
    pub(crate) severity: &'static str,
    /// `None` is the pager.
    pub(crate) channel: Option<&'static str>,
    /// In which of the cuts.
    pub(crate) in_cuts: [bool; CUTS],
}

/// All that anybody is to be told. That a cascade recurs takes the place of that there is one.
pub(crate) const EXPECTED: [Expected; 4] = [
    Expected {
        alert: "ForeshockNodeNotScraped",
        severity: "critical",
        channel: Some("#operations"),
        in_cuts: [true; CUTS],
    },
    Expected {
        alert: "LockHealthUnhealthy",
        severity: "critical",
        channel: Some("#operations"),
        in_cuts: [true; CUTS],
    },
    Expected {
        alert: "CascadingFailureDetected",
        severity: "critical",
        channel: Some("#operations"),
        in_cuts: [true, true, false],
    },
    Expected {
        alert: "RecurringCascadingFailures",
        severity: "emergency",
        channel: None,
        in_cuts: [false, false, true],
    },
];

/// The node that every page is to name.
pub(crate) const CULPRIT: NodeId = NodeId::CUT;

impl Expected {
    pub(crate) fn receiver(&self) -> Receiver {
        self.channel.map_or(Receiver::Pager, |channel| Receiver::Channel(channel.to_owned()))
    }

    pub(crate) fn fits(&self, notification: &Notification) -> bool {
        notification.receiver == self.receiver() && notification.alerts == [self.alert]
    }
}

impl Evidence {
    /// What arrived from this cut until the next.
    pub(crate) fn of_cut(&self, cut: usize) -> impl Iterator<Item = &Notification> {
        let start = self.cuts.get(cut).map_or(Duration::MAX, |cut| cut.at);
        let end = self.cuts.get(cut + 1).map_or(Duration::MAX, |cut| cut.at);
        self.notifications.iter().filter(move |notification| (start..end).contains(&notification.at))
    }

    /// What arrived while all was well.
    pub(crate) fn before_all_cuts(&self) -> impl Iterator<Item = &Notification> {
        let end = self.cuts.first().map_or(Duration::MAX, |cut| cut.at);
        self.notifications.iter().filter(move |notification| notification.at < end)
    }

    /// The first expected alert of the cut that has not been told with this status.
    pub(crate) fn lacks(&self, cut: usize, status: Status) -> Option<&'static str> {
        let is_told = |expected: &Expected| {
            self.of_cut(cut).any(|notification| notification.status == status && expected.fits(notification))
        };
        EXPECTED
            .iter()
            .find(|expected| expected.in_cuts[cut] && !is_told(expected))
            .map(|expected| expected.alert)
    }
}
