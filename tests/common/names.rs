//! What becomes of a name, told a second time and as plainly as it can be: the model that what is published is
//! compared with. It knows nothing of the library's code.

use std::collections::BTreeMap;

pub(crate) const OTHER: &str = "__other__";

/// Names in the order in which they were first used, and what each is published as.
pub(crate) struct NameModel {
    limit: usize,
    /// The name that was there first, by what is kept of it.
    owners: BTreeMap<String, String>,
}

impl NameModel {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, owners: BTreeMap::new() }
    }

    /// The label value of a name that is used now.
    pub(crate) fn label(&mut self, name: &str) -> String {
        let kept = kept(name);
        if kept.is_empty() || kept == OTHER {
            return OTHER.to_owned();
        }
        match self.owners.get(&kept) {
            Some(owner) if owner == name => kept,
            Some(_) => OTHER.to_owned(),
            None if self.owners.len() == self.limit => OTHER.to_owned(),
            None => {
                self.owners.insert(kept.clone(), name.to_owned());
                kept
            }
        }
    }

    /// Names that have a series of their own.
    pub(crate) fn len(&self) -> usize {
        self.owners.len()
    }
}

/// As many whole characters as fit into 256 bytes.
fn kept(name: &str) -> String {
    let mut kept = String::new();
    for character in name.chars() {
        if kept.len() + character.len_utf8() > 256 {
            break;
        }
        kept.push(character);
    }
    kept
}
