//! A step may have a fault of its own, whatever its items do: then it cannot begin, or not be carried through.

use crate::data::DataError;
use crate::engine::outcome::EngineError;
use crate::engine::run_store;
use crate::engine::sent::SentFault;
use crate::engine::sink::DeliveryError;
use crate::store::StoreError;

/// Why a step cannot be carried through, whatever its items did.
pub(in crate::engine) enum StepFault {
    /// Intermediate results could not be written or read.
    Data(DataError),
    /// The script cannot be loaded, or its setup failed.
    Script(String),
    /// The run cannot be kept.
    State(StoreError),
    /// Something is there that nothing of this program makes.
    Internal(String),
}

impl From<StoreError> for StepFault {
    fn from(error: StoreError) -> Self {
        Self::State(error)
    }
}

impl From<SentFault> for StepFault {
    fn from(fault: SentFault) -> Self {
        match fault {
            SentFault::Store(error) => Self::State(error),
            strange @ (SentFault::Record(_) | SentFault::Strange(_)) => Self::Internal(strange.to_string()),
            other => Self::Script(other.to_string()),
        }
    }
}

impl From<EngineError> for StepFault {
    fn from(error: EngineError) -> Self {
        Self::Script(error.to_string())
    }
}

impl From<DeliveryError> for StepFault {
    fn from(error: DeliveryError) -> Self {
        match error {
            DeliveryError::Store(error) => Self::State(error),
            DeliveryError::Data(error) => Self::Data(error),
        }
    }
}

impl From<DataError> for StepFault {
    fn from(error: DataError) -> Self {
        Self::Data(error)
    }
}

impl std::fmt::Display for StepFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Data(error) => error.fmt(f),
            Self::Script(reason) => f.write_str(reason),
            Self::Internal(reason) => write!(f, "internal error: {reason}"),
            Self::State(error) => f.write_str(&run_store::stopped(error)),
        }
    }
}

/// Why a step cannot begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unready {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{}", run_store::stopped(.0))]
    State(#[from] StoreError),
    #[error(transparent)]
    Data(#[from] DataError),
}
