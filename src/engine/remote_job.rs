//! These are the files by which a coordinator tells its workers what to do, and hears how far they are. They are JSON, and each
//! says which version of the protocol it is of.

use std::path::PathBuf;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::event::{ReuseCounts, Tally};
use crate::schedule::fleet::{Counts, Halt};
use crate::store::{LastError, RemoteFile, RemotePlace, StoreError, Whence};
use crate::value::{Indices, ShardId};

/// Version of what coordinator and workers write for each other.
pub(super) const PROTOCOL: u32 = 1;

/// What every worker of a step has to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemoteJob {
    /// Version of the protocol.
    pub(super) protocol: u32,
    /// Version of flowrun.
    pub(super) version: String,
    /// Digest of the plan.
    pub(super) plan: String,
    /// Id of the run.
    pub(super) run: String,
    /// Name of the step.
    pub(super) step: String,
    /// Its place in the pipeline, by which jobs are named.
    #[serde(default)]
    pub(super) position: usize,
    /// Seed of the run.
    pub(super) seed: u64,
    /// The pipeline file.
    pub file: PathBuf,
    /// The state folder.
    pub(super) state: PathBuf,
    /// What expressions see of the steps that have ended.
    pub(super) steps: Option<String>,
    /// What the results of the step depend on.
    pub(super) fingerprint: Vec<(String, String)>,
    /// Worker processes at once.
    pub(super) workers: u32,
    /// Cores of each.
    pub cores: usize,
    /// Milliseconds between two commits.
    pub(super) commit_ms: u64,
    /// Milliseconds that running attempts get when a worker is to end.
    pub(super) grace_ms: u64,
    /// Milliseconds that a job may run; none: as long as it takes.
    pub(super) time_ms: Option<u64>,
    /// When the step's deadline is over, in seconds since 1970.
    #[serde(default)]
    pub(super) deadline: Option<f64>,
}

/// What the coordinator has read and workers do not need, for another coordinator.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SourcesFile {
    /// Version of the protocol.
    pub(super) protocol: u32,
    /// Rows of each source, by its name.
    pub(super) rows: Vec<(String, u64)>,
    /// What was taken over of earlier runs.
    pub(super) reuse: Option<ReuseCounts>,
}

/// The beginning of every such file, which all versions can read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Announced {
    /// Version of the protocol.
    pub(super) protocol: u32,
    /// Version of flowrun, where it is said.
    #[serde(default)]
    pub(super) version: Option<String>,
}

impl Announced {
    /// What is wrong with it for this program.
    pub(super) fn difference(&self) -> Option<String> {
        let ours = env!("CARGO_PKG_VERSION");
        let theirs = self.version.as_deref().unwrap_or(ours);
        (self.protocol != PROTOCOL || theirs != ours).then(|| {
            let theirs = format!("flowrun {theirs} (protocol {})", self.protocol);
            format!("the run is of {theirs}, and this is flowrun {ours} (protocol {PROTOCOL})")
        })
    }
}

/// Shards that are submitted together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct WaveFile {
    /// Version of the protocol.
    pub(super) protocol: u32,
    /// What each of its jobs works on.
    pub(super) tasks: Vec<WaveTask>,
}

/// What one job works on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct WaveTask {
    /// The shard.
    pub(super) shard: ShardId,
    /// Its items.
    pub(super) items: Indices,
    /// Those that run last, each alone.
    pub(super) careful: Indices,
    /// Those that do not run, and fail.
    pub(super) condemned: Indices,
    /// What the workers that died of them have said.
    pub(super) said: Option<String>,
    /// What items have behind them, in the order of their indices.
    pub(super) carry: Vec<Whence>,
}

/// What workers are to do now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Control {
    /// Version of the protocol.
    pub(super) protocol: u32,
    /// Whether the step stops: `drain` or `interrupt`.
    pub(super) halt: Option<String>,
    /// Shards whose workers give their rest back.
    pub(super) yields: Vec<ShardId>,
}

impl Control {
    pub(super) fn new(halt: Option<Halt>, yields: Vec<ShardId>) -> Self {
        let word = |halt| match halt {
            Halt::Drain => "drain".to_owned(),
            Halt::Interrupt => "interrupt".to_owned(),
        };
        Self { protocol: PROTOCOL, halt: halt.map(word), yields }
    }

    /// How the step stops, if it does.
    pub(super) fn halt(&self) -> Option<Halt> {
        self.halt.as_deref().map(|word| if word == "drain" { Halt::Drain } else { Halt::Interrupt })
    }
}

/// What a worker says of itself now and then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct BeatFile {
    /// Version of the protocol.
    pub(super) protocol: u32,
    /// Its job: wave and task.
    pub(super) job: (u32, u32),
    /// What the engine calls it, where that is known.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// Grows with every beat.
    pub(super) stamp: u64,
    /// Items of the shard that have ended.
    pub(super) tally: Tally,
    /// The machine.
    pub(super) node: String,
    /// The process.
    pub(super) pid: u32,
    /// What went wrong last in the shard, the newest first: five at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<LastError>,
}

/// How the jobs of a step stand, as its coordinator says now and then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FleetFile {
    /// Version of the protocol.
    pub(super) protocol: u32,
    /// The jobs.
    #[serde(flatten)]
    pub(super) jobs: FleetJobs,
}

/// How many jobs of a step there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FleetJobs {
    /// Those that run.
    pub running: u64,
    /// Parts of the step that wait for one.
    pub queued: u64,
    /// Why the first that has waited for 30 seconds waits, as the engine says it.
    pub why: Option<Arc<str>>,
    /// Those that have died so far.
    pub died: u64,
}

impl From<Counts> for FleetJobs {
    fn from(Counts { running, queued, waiting, died, why }: Counts) -> Self {
        Self { running, queued: queued + waiting, why, died }
    }
}

/// Writes a file that is never changed.
pub(super) fn make_once(
    place: &RemotePlace,
    file: &RemoteFile<'_>,
    content: &impl Serialize,
) -> Result<(), StoreError> {
    place.make_once(file, &text(content)).map(drop)
}

/// Writes a file anew.
pub(super) fn replace(
    place: &RemotePlace,
    file: &RemoteFile<'_>,
    content: &impl Serialize,
) -> Result<(), StoreError> {
    place.replace(file, &text(content))
}

fn text(content: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(content).expect("texts and numbers are JSON")
}

/// Reads a file; `None`: it is not there.
pub(super) fn read<T: DeserializeOwned>(
    place: &RemotePlace,
    file: &RemoteFile<'_>,
) -> Result<Option<T>, StoreError> {
    let Some(bytes) = place.read(file)? else { return Ok(None) };
    let damaged = |error: serde_json::Error| StoreError::damaged(&place.file(file), error.to_string());
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// The same for a file that must be there.
pub(super) fn demand<T: DeserializeOwned>(
    place: &RemotePlace,
    file: &RemoteFile<'_>,
) -> Result<T, StoreError> {
    read(place, file)?.ok_or_else(|| StoreError::damaged(&place.file(file), "it is not there"))
}

/// A line of the cut.
#[derive(Deserialize)]
struct CutLine {
    s: ShardId,
    runs: Indices,
}

/// The shards of the first cut, in their order.
pub(super) fn cut(place: &RemotePlace) -> Result<Vec<(ShardId, Indices)>, StoreError> {
    let path = place.file(&RemoteFile::Cut);
    let text = place.read(&RemoteFile::Cut)?.unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parse = |line: &[u8]| {
        let line: Result<CutLine, _> = serde_json::from_slice(line);
        line.map(|CutLine { s, runs }| (s, runs))
            .map_err(|error| StoreError::damaged(&path, error.to_string()))
    };
    lines.map(parse).collect()
}
