//! Retry tokens are the parts of a step's budget of retries that its workers have taken: a worker claims a block of them by
//! making a file, and one that ends says how many it leaves to others. So all of them together never exceed the budget.
//!
//! What a worker had left when it died is lost.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::place::RemotePlace;
use super::publish::Published;
use super::remote_file::{RemoteFile, TokenClaim};
use crate::store::StoreError;

/// Blocks for each worker: fewer, and one that dies takes much of the budget along; more, and workers do little else than
/// make files.
const BLOCKS: u64 = 4;
/// How soon a worker that found none looks for what others have left since.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One worker's view of the budget of its step.
#[derive(Debug)]
pub struct RetryTokens {
    place: RemotePlace,
    budget: u64,
    /// Retries in a block.
    block: u64,
    held: Mutex<HeldTokens>,
    fault: OnceLock<StoreError>,
}

/// What a worker has of it.
#[derive(Debug, Default)]
struct HeldTokens {
    /// The claim that they are of.
    claim: Option<TokenClaim>,
    left: u64,
    /// When there were none.
    looked: Option<Instant>,
}

impl RetryTokens {
    /// Those of a step that so many workers share.
    pub fn new(place: RemotePlace, budget: u64, workers: u32) -> Self {
        let block = (budget / (BLOCKS * u64::from(workers.max(1)))).max(1);
        Self { place, budget, block, held: Mutex::default(), fault: OnceLock::new() }
    }

    /// Takes one; `false`: there are none.
    ///
    /// # Errors
    /// Fails when the claims of others cannot be read, or an own one cannot be made.
    pub fn take(&self) -> Result<bool, StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.left == 0 && held.looked.is_none_or(|looked| looked.elapsed() >= LOOK_AGAIN) {
            let found = self.claim().inspect_err(|error| drop(self.fault.set(error.clone())))?;
            *held =
                found.unwrap_or_else(|| HeldTokens { looked: Some(Instant::now()), ..HeldTokens::default() });
        }
        let is_there = held.left > 0;
        held.left -= u64::from(is_there);
        Ok(is_there)
    }

    /// Leaves to others what is left. Nothing is taken any more.
    ///
    /// # Errors
    /// Fails when it cannot be written down.
    pub fn give_back(&self) -> Result<(), StoreError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let HeldTokens { claim, left, .. } = std::mem::take(&mut *held);
        match claim.filter(|_| left > 0) {
            Some(claim) => {
                self.place.make_once(&RemoteFile::TokensLeft(claim), left.to_string().as_bytes()).map(drop)
            }
            None => Ok(()),
        }
    }

    /// Why none could be taken, if so.
    pub fn fault(&self) -> Option<&StoreError> {
        self.fault.get()
    }

    /// What somebody has left, or else a block that nobody has had.
    fn claim(&self) -> Result<Option<HeldTokens>, StoreError> {
        // The newest claim on each block, and whether it has left something.
        let mut newest: BTreeMap<u64, (u32, bool)> = BTreeMap::new();
        for (claim, is_left) in self.place.tokens()? {
            let known = newest.entry(claim.block).or_default();
            *known = (*known).max((claim.hand, is_left));
        }
        for (block, (hand, _)) in newest.iter().filter(|(_, (_, is_left))| *is_left) {
            let left = self.left_of(TokenClaim { block: *block, hand: *hand })?;
            if let Some(held) = self.make(TokenClaim { block: *block, hand: hand + 1 }, left)? {
                return Ok(Some(held));
            }
        }
        let mut block = newest.last_key_value().map_or(1, |(last, _)| last + 1);
        while let Some(left) = self.size_of(block) {
            if let Some(held) = self.make(TokenClaim { block, hand: 0 }, left)? {
                return Ok(Some(held));
            }
            block += 1;
        }
        Ok(None)
    }

    /// Claims so many; `None`: somebody was quicker.
    fn make(&self, claim: TokenClaim, left: u64) -> Result<Option<HeldTokens>, StoreError> {
        let made = self.place.make_once(&RemoteFile::Token(claim), b"")?;
        Ok((made == Published::Made).then_some(HeldTokens { claim: Some(claim), left, looked: None }))
    }

    /// Retries of the block with this number, from 1; `None`: the budget has no such block.
    fn size_of(&self, block: u64) -> Option<u64> {
        let before = (block - 1).checked_mul(self.block)?;
        self.budget.checked_sub(before).filter(|left| *left > 0).map(|left| left.min(self.block))
    }

    fn left_of(&self, claim: TokenClaim) -> Result<u64, StoreError> {
        let file = RemoteFile::TokensLeft(claim);
        let text = self.place.read(&file)?.unwrap_or_default();
        let number = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
        let most = self.size_of(claim.block).unwrap_or(0);
        number
            .filter(|left| *left <= most)
            .ok_or_else(|| StoreError::damaged(&self.place.file(&file), "it does not say how many are left"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &tempfile::TempDir) -> RemotePlace {
        RemotePlace::create(folder.path(), "w").expect("room")
    }

    fn takes(tokens: &RetryTokens, most: u64) -> u64 {
        (0..most).take_while(|_| tokens.take().expect("it can be read")).count() as u64
    }

    #[test]
    fn all_workers_together_never_have_more_than_the_budget() {
        for (budget, workers) in [(0, 3), (1, 3), (7, 2), (100, 3), (1000, 1)] {
            let folder = tempfile::tempdir().expect("a folder");
            let place = place(&folder);
            let all: Vec<_> = (0..4).map(|_| RetryTokens::new(place.clone(), budget, workers)).collect();
            let turns = (0..budget + 10).map(|turn| takes(&all[(turn % 4) as usize], 1)).sum::<u64>();
            // Nobody else has any then, but what the others hold is theirs.
            let rest: u64 = all.iter().map(|tokens| takes(tokens, budget + 1)).sum();
            assert_eq!(turns + rest, budget, "{workers} workers");
        }
    }

    #[test]
    fn what_a_worker_leaves_is_for_others_and_what_a_dead_one_had_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = place(&folder);
        let of_worker = || RetryTokens::new(place.clone(), 16, 1);
        let (first, dead) = (of_worker(), of_worker());
        assert_eq!((takes(&first, 1), takes(&dead, 2)), (1, 2));
        first.give_back().expect("room");
        assert_eq!(takes(&first, 0), 0);
        drop(dead);
        // Of blocks of four: three of the first one, none of the second, and two whole ones.
        assert_eq!(takes(&of_worker(), 99), 3 + 8);
        assert_eq!(takes(&of_worker(), 99), 0);
    }

    #[test]
    fn names_and_numbers_that_nobody_has_written_are_damage() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = place(&folder);
        for (name, text) in [("0", ""), ("1.0", ""), ("x", ""), ("1.left", "5"), ("1.left", "")] {
            let file = place.path().join("token").join(name);
            std::fs::write(&file, text).expect("room");
            let tokens = RetryTokens::new(place.clone(), 16, 1);
            assert!(tokens.take().is_err() && tokens.fault().is_some(), "{name} {text:?}");
            std::fs::remove_file(file).expect("ours");
        }
    }
}
