//! Reports are what the coordinator tells the machine. Only a commit record is believed; all else is a hint about when to
//! try again.

use std::sync::Arc;

use super::action::JobId;
use crate::event::{Tally, Why};
use crate::value::Indices;

/// How an engine says that a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With this status.
    Code(u8),
    /// By a signal, or for want of memory.
    Killed,
    /// Its node was lost, or the engine has taken the node away: for another job, or because its time was over.
    Lost,
    /// It does not say.
    Unknown,
}

/// What an engine says of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It waits, for this reason.
    Queued(Option<Arc<str>>),
    /// It runs.
    Running,
    /// It waits for something that never happens by itself: its launch failed, say.
    Held,
    /// It is over.
    Ended(Exit),
}

/// One line of what an engine says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which job.
    pub job: JobId,
    /// What of it.
    pub state: JobState,
}

/// How a submission went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// The wave is in the queue.
    Accepted,
    /// There is no room for so many now: a quota, say.
    Full(Arc<str>),
    /// It is refused for good.
    Refused(Arc<str>),
    /// The engine did not answer: the wave may be there or not.
    Unsure,
}

/// What the machine needs of a commit record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The id of its shard, as the record itself says.
    pub shard: Box<str>,
    /// Which attempt made it.
    pub attempt: u32,
    /// The items whose endings it holds.
    pub done: Indices,
    /// The items of the shard that it leaves.
    pub rest: Indices,
    /// Whether its worker goes on with the rest.
    pub goes_on: bool,
    /// Why it was made.
    pub why: Why,
    /// How its items ended.
    pub tally: Tally,
}

/// What a worker says of itself now and then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// Which attempt.
    pub attempt: u32,
    /// The job, as far as the worker knows it.
    pub job: Option<JobId>,
    /// Changes with every beat. It is compared, never read: clocks of nodes differ.
    pub stamp: u64,
    /// Items of the shard that have ended, those of earlier attempts included.
    pub tally: Tally,
    /// Where it runs.
    pub node: Option<Arc<str>>,
}

/// The items that were at work when an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The job, as far as its worker knew it.
    pub job: Option<JobId>,
    /// The items in the slots of all its threads.
    pub items: Indices,
}

/// What all attempts of a shard have left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspection {
    /// How many there were, also where no listing has shown them yet.
    pub attempts: u32,
    /// Items that are in whole frames of any of them.
    pub rows: u64,
    /// The slots of each attempt that did not empty them.
    pub slots: Vec<Slot>,
}
