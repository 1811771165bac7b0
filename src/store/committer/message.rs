//! Steps send messages to the packer, and hear by an answer that something is on the disk.

use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender};
use std::time::Duration;

use crate::event::{RunStatus, StepResult, Timing, Usage, Why};
use crate::store::{
    AppendNote, AttemptState, ChunkEndings, FailedItem, LogEntry, ReadShard, RetriedItem, ShardCommit,
    StepSpec, StoreError, Whence,
};

/// Packed groups that wait for the disk; they are committed together as soon as it is ready.
pub(super) const PACKED_MAX: usize = 8;

/// From the steps to the packer.
pub(super) enum Message {
    Begin(usize, Arc<StepSpec>, Sender<ChunkEndings>),
    Endings(usize, ChunkEndings),
    Failed(usize, u64, String, Box<FailedItem>),
    Retried(usize, RetriedItem),
    Logs(usize, Vec<LogEntry>),
    Cancelled(usize, u64, u64),
    Timing(usize, Box<Timing>),
    Append(Box<AppendNote>, CommitAnswer),
    Checkpoint(SyncSender<Result<AttemptState, StoreError>>),
    Shard(Why, Vec<Whence>, ShardAnswer),
    Import(usize, Box<ReadShard>, CommitAnswer),
    End(Option<usize>, Arc<str>, Box<StepResult>, CommitAnswer),
    Finish(RunStatus, Duration, Option<Usage>, CommitAnswer),
    Close,
}

/// Where somebody waits to hear that something is on the disk.
pub(super) type CommitAnswer = SyncSender<Result<(), StoreError>>;

/// Where somebody waits to hear what became of a shard.
pub(super) type ShardAnswer = SyncSender<Result<ShardCommit, StoreError>>;
