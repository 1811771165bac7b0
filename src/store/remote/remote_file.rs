//! A remote file is one of those in the folder of a sent step that have a fixed name or that of a shard.

use crate::store::paths;
use crate::value::ShardId;

/// What the name of a file ends with that says how many retries were left.
const LEFT: &str = ".left";

/// A claim on a block of the budget of retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TokenClaim {
    /// Number of the block, from 1.
    pub(super) block: u64,
    /// How many have had it before.
    pub(super) hand: u32,
}

impl TokenClaim {
    fn name(self) -> String {
        match self.hand {
            0 => self.block.to_string(),
            hand => format!("{}.{hand}", self.block),
        }
    }

    /// The claim of a file, and whether the file says what is left of it; `None`: it is no name of one.
    pub(super) fn parse(name: &str) -> Option<(Self, bool)> {
        let (claim, is_left) = name.strip_suffix(LEFT).map_or((name, false), |claim| (claim, true));
        let (block, hand) = claim.split_once('.').unwrap_or((claim, "0"));
        let claim = Self { block: block.parse().ok().filter(|block| *block > 0)?, hand: hand.parse().ok()? };
        let is_its_name = name == format!("{}{}", claim.name(), if is_left { LEFT } else { "" });
        is_its_name.then_some((claim, is_left))
    }
}

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
    /// How the jobs of the step stand.
    Fleet,
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
    /// That somebody has taken a block of the budget of retries, or what was left of it.
    Token(TokenClaim),
    /// How many retries of it that one has left to others.
    TokensLeft(TokenClaim),
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
            Self::Fleet => "fleet.json".to_owned(),
            Self::Split(shard) => format!("split/{shard}"),
            Self::Wave(number) => format!("wave/{number}.json"),
            Self::Done(shard) => format!("done/{shard}"),
            Self::Beat(shard, attempt) => format!("beat/{shard}.{attempt}"),
            Self::Carry(shard, attempt) => format!("carry/{shard}.{attempt}"),
            Self::Token(claim) => format!("token/{}", claim.name()),
            Self::TokensLeft(claim) => format!("token/{}{LEFT}", claim.name()),
            Self::Log(wave, task) => format!("log/{wave}.{task}.out"),
            Self::Items => paths::ITEMS.to_owned(),
        }
    }
}
