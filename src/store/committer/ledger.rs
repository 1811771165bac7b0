//! A ledger is where packed groups are kept: what it has taken is on the disk when it says so. A run has one of segments and a
//! database, an attempt at a shard one of a single file.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use super::message::{CommitAnswer, ShardAnswer};
use super::pending::CommitGroup;
use crate::event::{RunStatus, StepResult, Usage, Why};
use crate::store::{AppendNote, AttemptState, ReadShard, RunDir, ShardCommit, StepSpec, StoreError, Whence};

/// From the packing thread.
pub(super) enum WriterOrder {
    Begin(usize, Arc<StepSpec>),
    Group(usize, Box<CommitGroup>),
    Append(Box<AppendNote>, CommitAnswer),
    Checkpoint(SyncSender<Result<AttemptState, StoreError>>),
    Shard(Why, Vec<Whence>, ShardAnswer),
    Import(usize, Box<ReadShard>, CommitAnswer),
    End(Option<usize>, Arc<str>, Box<StepResult>, CommitAnswer),
    Finish(RunStatus, Duration, Option<Usage>, CommitAnswer),
}

/// Where packed groups are kept.
pub(super) trait Ledger: Send {
    /// Puts all of these on the disk, in their order: together, so that the disk is waited for once.
    fn commit(&mut self, orders: &[WriterOrder]) -> Result<(), StoreError>;

    /// Says how far it is, if it is time: it is asked after every commit, and where there are none.
    fn tick(&mut self) {}

    /// What is in the file of an attempt so far; `None`: it is no attempt's.
    fn state(&self) -> Option<AttemptState> {
        None
    }

    /// Commits what an attempt has as its shard; nothing where it is no attempt's.
    fn commit_shard(&mut self, _why: Why, _carry: Vec<Whence>) -> Result<ShardCommit, StoreError> {
        Ok(ShardCommit::Nothing)
    }

    /// The folder of the run that it keeps; `None`: it is an attempt's.
    fn into_run(self: Box<Self>) -> Option<RunDir> {
        None
    }
}
