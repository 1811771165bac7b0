//! The remote folder of a step is where the worker processes of its shards and their coordinator meet. Each name in it has one
//! writer, or is made by whoever comes first and stays as it is then.
//!
//! ```text
//! try/S.K.zst    attempt K at shard S: claimed by making it, frames as in a segment
//! done/S         the record of shard S: which frames of which attempt count
//! split/S        the children of a shard that left a rest
//! tmp/           all temporary names; nothing else is ever listed
//! ```

mod attempt;
mod attempt_state;
mod place;
mod publish;
mod record;

pub use self::attempt::AttemptFile;
pub use self::attempt_state::{AttemptFrame, AttemptState};
pub use self::place::RemotePlace;
pub use self::publish::Published;
pub use self::record::{CommitRecord, Whence};

#[cfg(test)]
mod tests;
