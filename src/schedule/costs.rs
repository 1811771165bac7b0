//! The costs say what the next attempt of an item takes of each rate limit of its step. Whoever computes them tells the
//! scheduler; until then the item does not start.

use std::collections::BTreeMap;

use super::RateUse;

/// What attempts take.
#[derive(Debug)]
pub(super) struct Costs {
    /// One of each limit, where no item has costs of its own.
    ones: Vec<u64>,
    /// What is known of items that have not ended, where they have.
    known: Option<BTreeMap<u64, Vec<u64>>>,
}

impl Costs {
    pub(super) fn new(limits: &[RateUse]) -> Self {
        let is_weighted = limits.iter().any(|limit| limit.weighted);
        Self { ones: vec![1; limits.len()], known: is_weighted.then(BTreeMap::new) }
    }

    /// Whether each item has costs of its own.
    pub(super) fn is_weighted(&self) -> bool {
        self.known.is_some()
    }

    /// What an attempt of this item takes of each limit; `None`: that is not known yet.
    pub(super) fn of(&self, index: u64) -> Option<&[u64]> {
        match &self.known {
            None => Some(&self.ones),
            Some(known) => known.get(&index).map(Vec::as_slice),
        }
    }

    /// The next attempt of this item takes so much.
    pub(super) fn set(&mut self, index: u64, costs: Vec<u64>) {
        if let Some(known) = &mut self.known {
            known.insert(index, costs);
        }
    }

    /// An attempt of this item has ended.
    pub(super) fn forget(&mut self, index: u64) {
        if let Some(known) = &mut self.known {
            known.remove(&index);
        }
    }
}
