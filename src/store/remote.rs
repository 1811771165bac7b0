//! The remote folder of a step is where the worker processes of its shards and their coordinator meet. Each name in it has one
//! writer, or is made by whoever comes first and stays as it is then.
//!
//! ```text
//! try/S.K.zst    attempt K at shard S: claimed by making it, frames as in a segment
//! try/S.K.now    what attempt K has at work
//! done/S         the record of shard S: which frames of which attempt count
//! split/S        the children of a shard that left a rest
//! wave/N.json    the shards that were submitted together
//! beat/S.K       how far attempt K is
//! token/N[.K]    who was the K-th to take block N of the budget of retries; with `.left`: how many that one has left
//! log/N.K.out    what the K-th job of wave N has printed
//! job.json       what every worker has to know; beside it where the items lie, the first cut, and secrets
//! control.json   what workers are to do now
//! tmp/           all temporary names; nothing else is ever listed
//! ```

mod attempt;
mod attempt_state;
mod inspect;
mod lost;
mod place;
mod publish;
mod read_shard;
mod record;
mod remote_file;
mod retry_tokens;
mod salvage;
mod slots;
mod source_name;
mod watch;

pub use self::attempt::{AttemptFile, ShardCommit};
pub use self::attempt_state::{AttemptFrame, AttemptState};
pub use self::inspect::LeftBehind;
pub use self::place::RemotePlace;
pub use self::publish::Published;
pub(super) use self::read_shard::ReadCommit;
pub use self::read_shard::ReadShard;
pub(super) use self::record::Doer;
pub use self::record::{CommitRecord, Whence};
pub use self::remote_file::RemoteFile;
pub use self::retry_tokens::RetryTokens;
pub(in crate::store) use self::salvage::{import, salvage};
pub use self::slots::{SlotJob, Slots};
pub use self::watch::{AttemptProgress, AttemptWatch};

#[cfg(test)]
mod tests;
