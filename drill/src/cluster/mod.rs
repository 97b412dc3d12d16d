//! The four node processes and their directory. Dropped, nothing of them is left.

mod member;

use crate::arguments::Fault;
use crate::handshake::{Members, Ports};
use crate::layout::{NODE_COUNT, NodeId};
use crate::tempo::Tempo;
use member::Member;
use nix::sys::signal::Signal;
use std::collections::BTreeMap;
use tempfile::TempDir;

/// What all nodes are started with.
pub(crate) struct NodeSetup {
    /// The prefix of every metric that `foreshock` publishes in the nodes.
    pub(crate) prefix: String,
    pub(crate) tempo: Tempo,
}

pub(crate) struct Cluster {
    setup: NodeSetup,
    /// `None` while it is killed.
    members: [Option<Member>; NODE_COUNT],
    ports: [Ports; NODE_COUNT],
    // Removed last: fields are dropped in the order of their declaration.
    directory: TempDir,
}

impl Cluster {
    /// All four listen and know each other.
    pub(crate) async fn start(setup: NodeSetup, base_port: Option<u16>) -> Result<Self, String> {
        let directory = tempfile::Builder::new()
            .prefix("foreshock-drill-")
            .tempdir()
            .map_err(|error| format!("no temporary directory: {error}"))?;
        let mut cluster = Self {
            setup,
            members: Default::default(),
            ports: NodeId::ALL.map(|node| wanted_ports(base_port, node)),
            directory,
        };
        for node in NodeId::ALL {
            cluster.start_member(node).await?;
        }
        let members = cluster.addresses();
        for member in cluster.members.iter_mut().flatten() {
            member.introduce(&members)?;
        }
        Ok(cluster)
    }

    pub(crate) fn ports(&self) -> BTreeMap<NodeId, Ports> {
        NodeId::ALL.into_iter().map(|node| (node, self.ports[node.index()])).collect()
    }

    /// An error if a process has ended that was not to.
    pub(crate) fn check_alive(&mut self) -> Result<(), String> {
        self.members.iter_mut().flatten().try_for_each(Member::check_alive)
    }

    pub(crate) fn cut(&mut self, node: NodeId, fault: Fault) -> Result<(), String> {
        match fault {
            Fault::PowerCut => self.signal(node, Signal::SIGSTOP),
            Fault::Kill => match self.members[node.index()].take() {
                Some(mut member) => member.end(),
                None => Err(format!("{node} is not there to be killed")),
            },
        }
    }

    pub(crate) async fn bring_back(&mut self, node: NodeId, fault: Fault) -> Result<(), String> {
        match fault {
            Fault::PowerCut => self.signal(node, Signal::SIGCONT),
            Fault::Kill => {
                // Where the others look for it.
                self.start_member(node).await?;
                let members = self.addresses();
                self.members[node.index()].as_mut().map_or(Ok(()), |member| member.introduce(&members))
            }
        }
    }

    async fn start_member(&mut self, node: NodeId) -> Result<(), String> {
        let index = node.index();
        let directory = self.directory.path().join(node.to_string());
        let (member, ports) = Member::start(node, &self.setup, &directory, self.ports[index]).await?;
        self.members[index] = Some(member);
        self.ports[index] = ports;
        Ok(())
    }

    fn signal(&self, node: NodeId, signal: Signal) -> Result<(), String> {
        match &self.members[node.index()] {
            Some(member) => member.signal(signal),
            None => Err(format!("{node} is not there to be sent {signal}")),
        }
    }

    fn addresses(&self) -> Members {
        Members { rpc_ports: self.ports.map(|ports| ports.rpc) }
    }
}

/// Port 0 lets the system choose.
fn wanted_ports(base: Option<u16>, node: NodeId) -> Ports {
    let (Some(base), Ok(index)) = (base, u16::try_from(node.index())) else {
        return Ports { rpc: 0, metrics: 0 };
    };
    Ports { rpc: base + index, metrics: base + 4 + index }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_ports_are_eight_in_a_row() {
        let mut ports: Vec<u16> = NodeId::ALL
            .map(|node| wanted_ports(Some(65_528), node))
            .iter()
            .flat_map(|p| [p.rpc, p.metrics])
            .collect();
        ports.sort_unstable();
        assert_eq!(ports, (65_528..=65_535).collect::<Vec<_>>());
    }

    #[test]
    fn otherwise_the_system_chooses() {
        assert_eq!(wanted_ports(None, NodeId::CUT), Ports { rpc: 0, metrics: 0 });
    }
}
