//! A sent fault says why a sent step cannot go on, in words for people.

use crate::schedule::fleet::{Failure, RecordFault};
use crate::store::StoreError;

/// Why a sent step cannot go on.
#[derive(Debug, thiserror::Error)]
pub(in crate::engine) enum SentFault {
    /// The shared folder cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is a record that cannot be.
    #[error("the record of shard {} cannot be: {}", .0.name, .0.what)]
    Record(RecordFault),
    /// What workers have left is not what they write.
    #[error("what workers have left cannot be: {0}")]
    Strange(StoreError),
    /// The fleet has given up.
    #[error("{0}")]
    GaveUp(String),
}

impl SentFault {
    /// Of what is read of workers: a disk that refuses is one thing, and what nobody has written another.
    pub(super) fn of_reading(error: StoreError) -> Self {
        match error {
            error @ StoreError::Damaged { .. } => Self::Strange(error),
            error => Self::Store(error),
        }
    }

    /// Of a failure of the fleet; `log`: what the last worker has said.
    pub(super) fn of(failure: &Failure, log: Option<&str>) -> Self {
        let said = log.map(|log| format!("; the last one said:\n{log}")).unwrap_or_default();
        Self::GaveUp(match failure {
            Failure::Died { shard, items, node, times } => {
                let node = node.as_ref().map(|node| format!(" on {node}")).unwrap_or_default();
                format!("shard {shard} (items {items}) died {times} times{node}{said}")
            }
            Failure::Fruitless { shard, items, times } => {
                format!("shard {shard} (items {items}) came back {times} times with nothing done{said}")
            }
            Failure::Refused(why) => format!("the engine refuses jobs: {why}"),
            Failure::CannotKeep(shard) => {
                format!("the worker on shard {shard} cannot read its items or keep its results{said}")
            }
            Failure::WrongProgram(shard) => {
                format!("the worker on shard {shard} is of another version or plans another pipeline{said}")
            }
            // Its last words are why, in the words of a step that runs here.
            Failure::Broken(shard) => match log.and_then(|log| log.lines().last()) {
                Some(reason) => reason.strip_prefix("error: ").unwrap_or(reason).to_owned(),
                None => format!("the worker on shard {shard} cannot work"),
            },
            Failure::Unseen => format!(
                "no worker has written anything: they do not start, or do not see the state folder, which is to be \
                 on a file system that all nodes share (`--state-dir`){said}"
            ),
            Failure::TooDeep(shard) => {
                format!("shard {shard} was given back so often that its rest has no names left")
            }
        })
    }
}
