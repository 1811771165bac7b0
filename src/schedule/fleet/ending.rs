//! This type holds what is known of the end of a step, and why there is no way on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::action::Halt;
use super::record_fault::RecordFault;
use crate::value::Indices;
use crate::value::ShardId;

/// Why a step cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A shard died too often with nothing new.
    Died {
        /// The shard.
        shard: ShardId,
        /// Its items.
        items: Indices,
        /// The node of the last attempt, when known.
        node: Option<Arc<str>>,
        /// How often.
        times: u32,
    },
    /// A shard came back too often with nothing done, though nobody died.
    Fruitless {
        /// The shard.
        shard: ShardId,
        /// Its items.
        items: Indices,
        /// How often.
        times: u32,
    },
    /// The engine refuses jobs for good, with these words.
    Refused(Arc<str>),
    /// The worker on this shard could not write to the run's folder, or could not read its input.
    CannotKeep(ShardId),
    /// The worker on this shard is of another version, or plans another pipeline.
    WrongProgram(ShardId),
    /// The worker on this shard says that the step itself does not work.
    Broken(ShardId),
    /// Workers end and nothing of them is ever seen in the folder.
    Unseen,
    /// This shard's rest was given back so often that its children have no names.
    TooDeep(ShardId),
}

/// How the step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every item is in a record.
    Complete,
    /// It was stopped.
    Stopped,
    /// There was no way on.
    Failed(Failure),
    /// There is a record that cannot be.
    Fault(RecordFault),
}

/// What is known of the step's end.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) halt: Option<Halt>,
    pub(super) failure: Option<Failure>,
    pub(super) fault: Option<RecordFault>,
    /// From when on all jobs are told to end, and until when they are waited for.
    pub(super) cancel_at: Option<Duration>,
    pub(super) leave_at: Option<Duration>,
    pub(super) is_complete: bool,
    /// When to ask for a listing.
    pub(super) list_at: Option<Duration>,
    /// Splits that an earlier coordinator wrote.
    pub(super) splits: BTreeMap<ShardId, Vec<Indices>>,
}

impl Ending {
    pub(super) fn halt(&self) -> Option<Halt> {
        self.halt
    }

    pub(super) fn fault(&self) -> Option<&RecordFault> {
        self.fault.as_ref()
    }

    /// Whether every item is committed.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Whether nothing is submitted any more.
    pub(super) fn is_ending(&self) -> bool {
        self.halt.is_some() || self.is_complete
    }

    /// Whether all jobs are being told to end.
    pub(super) fn cancels(&self, now: Duration) -> bool {
        self.cancel_at.is_some_and(|at| at <= now)
    }

    /// Until when a record is waited for.
    pub(super) fn lag_end(&self, until: Duration) -> Duration {
        self.leave_at.map_or(until, |leave_at| until.min(leave_at))
    }

    /// What an earlier coordinator cut the rest of this shard into.
    pub(super) fn kept_split(&mut self, id: &ShardId) -> Option<Vec<Indices>> {
        self.splits.remove(id)
    }

    pub(super) fn keep_splits(&mut self, splits: BTreeMap<ShardId, Vec<Indices>>) {
        self.splits = splits;
    }
}
