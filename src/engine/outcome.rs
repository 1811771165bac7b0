//! A run comes to an outcome, or to an error where it could not be carried through.

use std::sync::Arc;

use crate::event::{RunStatus, StepId, StepResult};
use crate::store::RunDir;

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: RunStatus,
    /// The result of each selected step, in file order.
    pub steps: Vec<(StepId, Arc<StepResult>)>,
    /// Whether a step failed by a fault of flowrun itself.
    pub internal_error: bool,
    /// Where the run is kept, with everything on the disk but the summary: the caller writes that
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
    /// The run cannot be kept, or not be resumed. Before [`Event::RunStarted`](crate::event::Event), nothing has run; after
    /// [`Event::RunFinished`](crate::event::Event), the run was stopped because something is not on the disk.
    #[error("{0}")]
    State(String),
}
