//! Runs a plan: turns it into events and an outcome. Never prints, never reads the environment.

mod collect;
mod each;
mod feed;
mod forecast;
mod graph;
mod identity;
mod keep;
mod ledger;
mod pool;
mod recall;
mod record;
mod run;
mod scope;
mod shared;
mod sink;
mod source;
mod step;
mod write;

pub use forecast::{Forecast, Forecasts};
pub use identity::Identity;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::event::{Event, RunStatus, StepId, StepResult};
use crate::plan::Plan;
use crate::store::RunDir;

/// What a run needs to know beside its plan.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Id of the run: short, sortable by time.
    pub run: Arc<str>,
    /// Seed of jitter and random numbers.
    pub seed: u64,
    /// Time that running attempts get after the first interrupt.
    pub grace: Duration,
    /// Which steps run, indexed by [`StepId`]; the others do not exist for this run.
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
}

/// Where a run is kept, and which one it goes on with.
#[derive(Debug, Clone)]
pub struct StateOptions {
    /// The state folder, `.flowrun` mostly; it is made when it is missing.
    pub dir: PathBuf,
    /// The run that this one resumes.
    pub resume: Option<ResumeOptions>,
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

/// Asks a run to end, from a signal handler's thread say.
#[derive(Debug, Default)]
pub struct Interrupt(AtomicU8);

impl Interrupt {
    /// The first call asks for an orderly end, the second for an end at once.
    pub fn raise(&self) {
        let _ =
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| Some(count.saturating_add(1)));
    }

    /// How often it was raised.
    pub fn count(&self) -> u8 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: RunStatus,
    /// The result of each selected step, in file order.
    pub steps: Vec<(StepId, Arc<StepResult>)>,
    /// Whether a step failed by a fault of flowrun itself.
    pub internal_error: bool,
    /// Where the run is kept, with everything on the disk but the summary, which is the caller's to write
    /// ([`RunDir::write_summary`]).
    pub run_dir: Option<RunDir>,
}

/// A run that could not be carried through for reasons of flowrun's own or of the machine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A pool, a thread or a temporary file could not be made.
    #[error("cannot {intent}: {reason}")]
    System {
        /// What was tried.
        intent: &'static str,
        /// What the system said.
        reason: String,
    },
    /// The run cannot be kept, or not be resumed. Before [`Event::RunStarted`], nothing has run; after
    /// [`Event::RunFinished`], the run was stopped because something is not on the disk.
    #[error("{0}")]
    State(String),
}

/// Runs the selected steps of `plan` and tells `on_event` what happens, in one order, from this thread.
pub fn run(
    plan: &Plan,
    options: &RunOptions,
    interrupt: &Arc<Interrupt>,
    on_event: &mut dyn FnMut(&Event),
) -> Result<Outcome, EngineError> {
    run::run(plan, options, interrupt, on_event)
}
