//! The store keeps runs: the folder of a run, which is journal, results, resume state and dead letter in one; the
//! list of runs; and the cache across runs.
//!
//! The engine decides what an item's ending means for a step, and what is done with old results.
//!
//! ```text
//! .flowrun/runs/ID/run.db            what happened: steps, commits, failures, skips, retries, logs (SQLite)
//!                  steps/STEP/…      what came of it: results in zstd frames, one after the other
//!                  pipeline/         the pipeline as it was; in run.jsonl, how run and steps began and ended
//!                  lock              who is at work
//! .flowrun/cache.db                  the cache
//! .flowrun/turns/                    locks by which runs of one pipeline wait for each other
//! ```
//!
//! A commit appends to the segment of its step and waits until that is on the disk; then one transaction names what
//! was appended. What no transaction names does not count and is cut off when the run is opened again. Between the
//! frames stand blocks that zstd readers skip: they say which items ended, by digests and with checksums, so that a run
//! of millions of items is opened without unpacking anything, and what was damaged is never believed. Notes beside them
//! say the rest, so that the database can be made again.

mod begun_step;
mod cache;
mod catalogue;
mod chunk_endings;
mod clock;
mod committer;
mod database;
mod digest;
mod endings;
mod error;
mod file_system;
mod format;
mod frames;
mod gathered;
mod holder;
mod host;
mod index;
mod last_error;
mod line;
mod lock;
mod lua_copies;
mod notes;
mod packed;
mod paths;
mod private;
mod program_copy;
mod queries;
mod rebuild;
mod record;
mod remembered;
mod remote;
mod repair;
mod request;
mod results;
mod reuse;
mod rows;
mod run_dir;
mod run_record;
mod secret_key;
mod segment;
mod shard;
mod shard_row;
mod sound;
mod status;
mod stored_run;
mod title;
mod turn;

pub use begun_step::BegunStep;
pub use cache::{Cache, CacheStats, Known};
pub use catalogue::{Catalogue, Pruned};
pub use chunk_endings::{
    ChunkEndings, Ending, FailedItem, Fingerprint, ItemEnding, LinesPerItem, LogEntry, RetriedItem, StepSpec,
};
pub use committer::{Committer, ImportAnswer, StepJournal};
pub use digest::Digest;
pub use error::StoreError;
pub use gathered::{GatherError, Gathered, GatheredShard, GatheredStep};
pub use holder::Holder;
pub use host::host;
pub use last_error::LastError;
pub use line::ResultLine;
pub use lua_copies::keep_lua;
pub use program_copy::keep_program;
pub use queries::{Failure, FailureReason, Retry, Skip, StoredLog};
pub use record::AppendNote;
pub use remote::{
    AttemptFile, AttemptFrame, AttemptProgress, AttemptState, AttemptWatch, CommitRecord, LeftBehind,
    Published, ReadShard, RemoteFile, RemotePlace, RetryTokens, ShardCommit, SlotJob, Slots, Whence,
};
pub use request::keep_request;
pub use results::Results;
pub use reuse::{Ended, NewItems, Reuse, Reused, Unusable, differences};
pub use run_dir::{RunDir, RunInfo};
pub use run_record::RunRecord;
pub use secret_key::SecretKey;
pub use shard::{SHARD_PROTOCOL, ShardRecord, ShardStep};
pub use shard_row::{ShardJob, ShardRow};
pub use stored_run::{StepRecord, StoredRun};
pub use turn::Turn;

#[cfg(test)]
mod tests;
