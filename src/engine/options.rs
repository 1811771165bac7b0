//! Options tell a run what its plan does not: how it is carried out, where it is kept, and that it is to end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::gather::Gathering;
use super::layout::ItemLayout;
use super::sent::SentOptions;
use super::shard::ShardOptions;
use crate::event::Timing;
use crate::runtime::clock;
use crate::store::{RetryTokens, Slots, StoreError, Whence};
use crate::value::Indices;

/// What a run needs to know beside its plan.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Id of the run: short, sortable by time.
    pub run: Arc<str>,
    /// Seed of jitter and random numbers.
    pub seed: u64,
    /// Time that running attempts get after the first interrupt.
    pub grace: Duration,
    /// Which steps run, indexed by [`StepId`](crate::event::StepId); the others do not exist for this run.
    pub selected: Vec<bool>,
    /// Cores that workers may use, at least 1.
    pub cores: usize,
    /// Folder for intermediate results that do not fit in memory.
    pub temp_dir: PathBuf,
    /// Whether log lines of items are wanted as events.
    pub logs: bool,
    /// Whether [`Timing::spans`](crate::event::Timing) are wanted.
    pub spans: bool,
    /// Where the run is kept; `None`: nowhere, nothing is written but what the pipeline writes.
    pub state: Option<StateOptions>,
    /// The slice of each step's items that it works on; `None`: all of them.
    pub shard: Option<ShardOptions>,
    /// Where steps of many items are sent; `None`: all of it runs here.
    pub sent: Option<Arc<SentOptions>>,
    /// What it works on for another run; `None`: it is a run of its own.
    pub work: Option<Arc<WorkPart>>,
}

/// The items of one step that a worker process has.
#[derive(Debug)]
pub struct WorkPart {
    /// Which ones.
    pub(super) items: Indices,
    /// Where they lie.
    pub(super) layout: Arc<ItemLayout>,
    /// The folder that the coordinator and its workers share.
    pub(super) folder: PathBuf,
    /// What expressions see of the steps that have ended.
    pub(super) steps: Option<Arc<str>>,
    /// Where it tells what is at work.
    pub(super) slots: Arc<Slots>,
    /// Whether each item runs alone: one of them may kill the process.
    pub(super) is_careful: bool,
    /// Items of which attempts have failed in other processes, in the order of their indices.
    pub(super) carried: Vec<Whence>,
    /// Where it gets retries from, where the step has a budget of them.
    pub(super) tokens: Option<Arc<RetryTokens>>,
    /// The same of items that this process leaves.
    pub(super) leaves: Mutex<Vec<Whence>>,
    /// How long the job may run.
    pub(super) time: Option<Duration>,
    /// When it began.
    pub(super) begun: Instant,
    /// Items that were at work for most of the job when they were cut off.
    pub(super) cut_off: Mutex<Vec<u64>>,
    /// How long items took that this process has run.
    pub(super) timing: Arc<Mutex<Timing>>,
    /// Items that do not run: they have killed their workers. With what those have said.
    pub(super) condemned: (Indices, Option<Arc<str>>),
}

impl WorkPart {
    /// What items that this process leaves have behind them, once.
    pub(super) fn take_leaves(&self) -> Vec<Whence> {
        std::mem::take(&mut *self.leaves.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether one more retry may be made than were granted so far.
    pub(super) fn grants_retry(&self) -> Result<bool, StoreError> {
        self.tokens.as_ref().map_or(Ok(false), |tokens| tokens.take())
    }

    /// An item was cut off after so long.
    pub(super) fn cut_off(&self, index: u64, after: Duration) {
        if after * 2 >= clock::since(self.begun) {
            self.cut_off.lock().unwrap_or_else(PoisonError::into_inner).push(index);
        }
    }

    /// The job was over before the items were that it had for most of its time.
    pub(super) fn count_outlived(&self, carry: &mut Vec<Whence>) {
        for index in self.cut_off.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let outlived = self.outlived(index) + 1;
            match carry.iter_mut().find(|whence| whence.index == index) {
                Some(whence) => whence.outlived = outlived,
                None => carry.push(Whence { index, attempts: 0, history: "[]".to_owned(), outlived }),
            }
        }
    }

    /// How many whole jobs an item was cut off in.
    pub(super) fn outlived(&self, index: u64) -> u32 {
        let known = self.carried.iter().find(|whence| whence.index == index);
        known.map_or(0, |whence| whence.outlived)
    }

    /// An item is left with what it has behind it.
    pub(super) fn leave(&self, whence: Whence) {
        self.leaves.lock().unwrap_or_else(PoisonError::into_inner).push(whence);
    }
}

impl RunOptions {
    /// A run of these steps that is not kept, tells no logs, and gives running attempts five seconds.
    pub fn new(run: Arc<str>, selected: Vec<bool>, cores: usize, temp_dir: PathBuf) -> Self {
        let grace = Duration::from_secs(5);
        Self {
            run,
            seed: 0,
            grace,
            selected,
            cores,
            temp_dir,
            logs: false,
            spans: false,
            state: None,
            shard: None,
            sent: None,
            work: None,
        }
    }

    /// Whether the run judges nothing, because it has a part of the items.
    pub(super) fn is_part(&self) -> bool {
        self.shard.is_some() || self.work.is_some()
    }
}

/// Where a run is kept, and which one it goes on with.
#[derive(Debug, Clone)]
pub struct StateOptions {
    /// The state folder, `.flowrun` mostly; it is made when it is missing.
    pub dir: PathBuf,
    /// The run that this one resumes.
    pub resume: Option<ResumeOptions>,
    /// Whether it is there already: its first process is gone, and this one goes on with it.
    pub attach: bool,
    /// The shards that it is made of.
    pub gather: Option<Arc<Gathering>>,
    /// Version of flowrun, for the record.
    pub version: &'static str,
}

/// How an old run is resumed.
#[derive(Debug, Clone)]
pub struct ResumeOptions {
    /// Whole id of the old run.
    pub run: String,
    /// Failures by `flow.fail` stay failed.
    pub keep_permanent: bool,
    /// Only items that failed run again; what had not ended stays so.
    pub failed_only: bool,
}
