//! A worker error says why a worker process could not work on its shard.

/// Why a worker has left nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// It is of another version, or plans another pipeline.
    #[error("{0}")]
    OtherProgram(String),
    /// Its items cannot be read.
    #[error("{0}")]
    Input(String),
    /// What it has cannot be kept.
    #[error("the worker is stopped because its results cannot be kept: {0}")]
    Unkept(String),
    /// The step itself does not work: its script cannot be loaded, say.
    #[error("{0}")]
    Broken(String),
}
