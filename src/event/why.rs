//! A reason says why a shard of a step was committed when it was.

use serde::{Deserialize, Serialize};

/// Why the record of a shard was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// All its items have ended.
    End,
    /// It was time for a commit.
    Commit,
    /// The job's time was running out.
    Time,
    /// The worker was asked to end.
    Term,
    /// Its rest is wanted elsewhere.
    Yield,
    /// The step is to stop.
    Stop,
}
