//! The ledger of an attempt at a shard is one file: frames as in a segment, and nothing that a database would say. What it
//! holds counts only by the record that names it.

use super::ledger::{Ledger, WriterOrder};
use crate::event::Why;
use crate::store::clock::{micros, now};
use crate::store::{AttemptFile, AttemptState, ShardCommit, StoreError, Whence};

/// The file of an attempt.
pub(super) struct AttemptLedger(pub(super) AttemptFile);

impl Ledger for AttemptLedger {
    fn commit(&mut self, orders: &[WriterOrder]) -> Result<(), StoreError> {
        let mut touched = false;
        for order in orders {
            match order {
                WriterOrder::Begin(_, spec) => self.0.begin(spec)?,
                WriterOrder::Group(_, group) if group.says_anything() => {
                    self.0.append(&group.commit, (group.lines, &group.notes), micros(now()))?;
                    touched = true;
                }
                _ => {}
            }
        }
        if touched {
            self.0.sync()?;
            self.0.tell();
        }
        Ok(())
    }

    fn commit_shard(&mut self, why: Why, carry: Vec<Whence>) -> Result<ShardCommit, StoreError> {
        self.0.commit(why, carry)
    }

    fn state(&self) -> Option<AttemptState> {
        Some(self.0.state().clone())
    }
}
