//! This module knows where things lie in a state folder. Other modules read and write what is in them.

use std::path::{Path, PathBuf};

/// `runs/` below the state folder.
pub(super) fn runs(state: &Path) -> PathBuf {
    state.join("runs")
}

/// Name of a file of items that worker processes read.
pub(super) const ITEMS: &str = "items-0001.jsonl.zst";

/// The folder of one run.
pub(super) fn run(state: &Path, id: &str) -> PathBuf {
    runs(state).join(id)
}

/// The id of the run in a folder, whatever its database says.
pub(super) fn id(run: &Path) -> String {
    run.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The state folder of a run's folder.
pub(super) fn state_of(run: &Path) -> Option<&Path> {
    run.parent().and_then(Path::parent)
}

/// The run's database.
pub(super) fn database(run: &Path) -> PathBuf {
    run.join("run.db")
}

/// Says which process is at work on the run.
pub(super) fn lock(run: &Path) -> PathBuf {
    run.join("lock")
}

/// How far the run is, for machines that cannot read its database.
pub(super) fn status(run: &Path) -> PathBuf {
    run.join("status.json")
}

/// The pipeline as it was.
pub(super) fn pipeline(run: &Path) -> PathBuf {
    run.join("pipeline")
}

/// What the database says of the run and its steps, for the day it cannot be read.
pub(super) fn record(run: &Path) -> PathBuf {
    pipeline(run).join("run.jsonl")
}

/// The record of a run of format 1.
pub(super) fn old_record(run: &Path) -> PathBuf {
    pipeline(run).join("run.json")
}

/// The parameters as a JSON object.
pub(super) fn params(run: &Path) -> PathBuf {
    pipeline(run).join("params.json")
}

/// What `--output json` prints.
pub(super) fn summary(run: &Path) -> PathBuf {
    run.join("summary.json")
}

/// What the run of one shard has worked on.
pub(super) fn shard(run: &Path) -> PathBuf {
    run.join("shard.json")
}

/// The results of all steps.
pub(super) fn steps(run: &Path) -> PathBuf {
    run.join("steps")
}

/// The results of a step. Names of steps are letters, digits, `_` and `-`, so they are names of folders.
pub(super) fn step(run: &Path, step: &str) -> PathBuf {
    steps(run).join(step)
}

/// A step's segment, counted from 1.
pub(super) fn segment(run: &Path, step: &str, number: u32) -> PathBuf {
    self::step(run, step).join(format!("results-{number:04}.jsonl.zst"))
}

/// The number of a segment, by the name of its file.
pub(super) fn segment_number(file: &str) -> Option<u32> {
    file.strip_prefix("results-")?.strip_suffix(".jsonl.zst")?.parse().ok()
}

/// The locks by which runs of one pipeline wait for each other.
pub(super) fn turns(state: &Path) -> PathBuf {
    state.join("turns")
}

/// The key under which digests of secrets are made.
pub(super) fn secret_key(state: &Path) -> PathBuf {
    state.join("secret.key")
}

/// The cache across runs.
pub(super) fn cache(state: &Path) -> PathBuf {
    state.join("cache.db")
}
