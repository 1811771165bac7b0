//! A remote file is one of those in the folder of a sent step that have a fixed name or that of a shard.

use crate::store::paths;
use crate::value::ShardId;

/// One of the files that coordinator and workers write for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoteFile<'a> {
    /// What every worker has to know.
    Job,
    /// Values that nobody else may see, for the workers.
    Secrets,
    /// Where the items lie.
    Input,
    /// What the coordinator has read of sources.
    Sources,
    /// The shards of the first cut.
    Cut,
    /// What workers are to do now.
    Control,
    /// The children of what a shard left.
    Split(&'a ShardId),
    /// The shards that were submitted together.
    Wave(u32),
    /// The record of a shard.
    Done(&'a ShardId),
    /// How far an attempt at a shard is.
    Beat(&'a ShardId, u32),
    /// What items have behind them that an attempt has left without a record.
    Carry(&'a ShardId, u32),
    /// What a job has printed: wave and task.
    Log(u32, u32),
    /// The items of the step alone, as JSON lines in frames.
    Items,
}

impl RemoteFile<'_> {
    /// Its name in the folder.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Job => "job.json".to_owned(),
            Self::Secrets => "secrets".to_owned(),
            Self::Input => "input.json".to_owned(),
            Self::Sources => "sources.json".to_owned(),
            Self::Cut => "cut.jsonl".to_owned(),
            Self::Control => "control.json".to_owned(),
            Self::Split(shard) => format!("split/{shard}"),
            Self::Wave(number) => format!("wave/{number}.json"),
            Self::Done(shard) => format!("done/{shard}"),
            Self::Beat(shard, attempt) => format!("beat/{shard}.{attempt}"),
            Self::Carry(shard, attempt) => format!("carry/{shard}.{attempt}"),
            Self::Log(wave, task) => format!("log/{wave}.{task}.out"),
            Self::Items => paths::ITEMS.to_owned(),
        }
    }
}
