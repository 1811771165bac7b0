//! These errors are why a trial could not take place.

use crate::engine::EngineError;
use crate::store::StoreError;

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// A folder, a thread or memory that a run cannot do without, and that the system does not give.
    #[error("cannot {intent}: {reason}")]
    System {
        /// What was tried.
        intent: &'static str,
        /// What the system said.
        reason: String,
    },
    /// What the trial has kept cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of flowrun's own.
    #[error("{0}")]
    Internal(String),
}

impl From<EngineError> for TrialError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::System { intent, reason } => Self::System { intent, reason },
            EngineError::State(reason) => Self::Internal(reason),
        }
    }
}
