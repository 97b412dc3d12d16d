//! Who is in the cluster and which locks they take: what the nodes and the orchestrator both have to know.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

pub(crate) const NODE_COUNT: usize = 4;

/// Read locks on these are taken by every node: the configuration that a RustFS node reads all the time.
pub(crate) const IAM_PATHS: [&str; 2] = ["config/iam/users", "config/iam/policies"];

/// The prefix of every metric that `foreshock` publishes in the nodes, unless they are told another.
pub(crate) const METRICS_PREFIX: &str = "rustfs";

/// One of the four nodes, `node1` to `node4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct NodeId(u8);

impl NodeId {
    pub(crate) const ALL: [Self; NODE_COUNT] = [Self(0), Self(1), Self(2), Self(3)];
    /// The one that loses its power.
    pub(crate) const CUT: Self = Self(3);

    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn others(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |&other| other != self)
    }

    /// The nodes that stay up.
    pub(crate) fn survivors() -> impl Iterator<Item = Self> {
        Self::CUT.others()
    }

    /// The bucket whose metadata this node alone writes: a live cluster has no contention.
    pub(crate) fn bucket_path(self) -> String {
        format!("buckets/photos-{}/.metadata.bin", self.0 + 1)
    }

    /// Every lock path that this node takes.
    pub(crate) fn lock_paths(self) -> Vec<String> {
        IAM_PATHS.iter().map(|&path| path.to_owned()).chain([self.bucket_path()]).collect()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node{}", self.0 + 1)
    }
}

impl FromStr for NodeId {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|node| node.to_string() == name)
            .ok_or_else(|| "allowed is node1 to node4".to_owned())
    }
}

impl From<NodeId> for String {
    fn from(node: NodeId) -> Self {
        node.to_string()
    }
}

impl TryFrom<String> for NodeId {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back() {
        for node in NodeId::ALL {
            assert_eq!(node.to_string().parse(), Ok(node));
        }
        assert!("node0".parse::<NodeId>().is_err());
        assert!("node5".parse::<NodeId>().is_err());
    }

    #[test]
    fn three_survive() {
        let survivors: Vec<_> = NodeId::survivors().map(|node| node.to_string()).collect();
        assert_eq!(survivors, ["node1", "node2", "node3"]);
    }

    #[test]
    fn only_a_bucket_path_is_written_and_it_is_not_shared() {
        let [first, second, ..] = NodeId::ALL;
        assert_ne!(first.bucket_path(), second.bucket_path());
        assert_eq!(first.lock_paths().len(), 3);
    }
}
