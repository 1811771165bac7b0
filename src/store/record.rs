//! The record of a run is a file of lines beside the pipeline as it was: how the run began, when each of its steps
//! began and ended, and how the run ended. With the segments, a database can be made again from it.
//!
//! Each line is a JSON object whose last field is a checksum of the text before it. A line that is damaged does not
//! count; what then is unknown promises less.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{Fingerprint, LogEntry, StoreError, format, paths, private};
use crate::event::{RunStatus, StepResult, Usage};

/// How a run began.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct RunBegin {
    pub(super) format: u32,
    pub(super) id: String,
    pub(super) pipeline: String,
    pub(super) file: String,
    pub(super) started: f64,
    /// A JSON object, as text.
    pub(super) params: String,
    pub(super) seed: String,
    pub(super) parent: Option<String>,
    pub(super) flowrun: String,
    pub(super) language: u32,
    /// Name and verb of each step, in file order.
    pub(super) steps: Vec<(Arc<str>, String)>,
}

/// A step whose items are kept has begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StepBegin {
    pub(super) step: Arc<str>,
    pub(super) at: Option<f64>,
    pub(super) verb: String,
    pub(super) shape: String,
    pub(super) keyed: bool,
    pub(super) fingerprint: Fingerprint,
}

/// A step is about to append to a file, or has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendNote {
    /// The step.
    pub step: Arc<str>,
    /// The file as the user named it.
    pub file: String,
    /// Its length before, and the digest of its last 64 KiB then.
    pub before: (u64, String),
    /// The same for after.
    pub after: (u64, String),
}

/// A step has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StepEnd {
    pub(super) step: Arc<str>,
    pub(super) at: f64,
    pub(super) result: Box<StepResult>,
}

/// The run has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunEnd {
    pub(super) at: f64,
    pub(super) status: RunStatus,
    pub(super) duration: Duration,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) usage: Option<Usage>,
}

/// A line of the record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RecordLine {
    /// The first one.
    RunBegin(RunBegin),
    StepBegin(StepBegin),
    StepAppend(AppendNote),
    StepEnd(StepEnd),
    RunEnd(RunEnd),
    /// What was said of the run when it had ended.
    RunLog(Vec<LogEntry>),
}

impl RecordLine {
    /// Appends the line.
    pub(super) fn push(&self, out: &mut Vec<u8>) {
        let start = out.len();
        serde_json::to_writer(&mut *out, self).expect("texts and numbers are JSON");
        // The brace at the end comes back behind the checksum.
        out.pop();
        let checksum = xxh3_64(&out[start..]);
        out.extend_from_slice(format!("{CHECKSUM}{checksum:016x}\"}}\n").as_bytes());
    }

    /// `None`: the line is damaged.
    fn parse(line: &[u8]) -> Option<Self> {
        let (line, end) = line.split_at_checked(line.len().checked_sub(CHECKSUM.len() + 18)?)?;
        let digits = end.strip_prefix(CHECKSUM.as_bytes())?.strip_suffix(b"\"}")?;
        if format!("{:016x}", xxh3_64(line)).as_bytes() != digits {
            return None;
        }
        serde_json::from_slice(&[line, b"}"].concat()).ok()
    }
}

/// The last field of a line.
const CHECKSUM: &str = ",\"checksum\":\"";

/// The file, of a run that is being kept.
#[derive(Debug)]
pub(super) struct RecordFile {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines; half a line behind them is written over.
    length: u64,
}

impl RecordFile {
    /// Makes the file, with its first line.
    pub(super) fn create(path: PathBuf, begin: RunBegin) -> Result<Self, StoreError> {
        let file = private::file(&path).map_err(|error| StoreError::io("create", &path, error))?;
        let mut record = Self { path, file, length: 0 };
        record.append([&RecordLine::RunBegin(begin)].into_iter())?;
        Ok(record)
    }

    /// Opens the file of a run whose process is gone.
    pub(super) fn reopen(path: PathBuf) -> Result<Self, StoreError> {
        let failed = |error| StoreError::io("open", &path, error);
        let text = fs::read(&path).map_err(failed)?;
        let file = File::options().write(true).open(&path).map_err(failed)?;
        let length = memchr::memrchr(b'\n', &text).map_or(0, |end| end as u64 + 1);
        Ok(Self { path, file, length })
    }

    /// Appends lines. The database is what counts until it is lost, so nobody waits for the disk.
    pub(super) fn append<'a>(
        &mut self,
        lines: impl Iterator<Item = &'a RecordLine>,
    ) -> Result<(), StoreError> {
        let mut text = Vec::new();
        lines.for_each(|line| line.push(&mut text));
        let written = self.file.write_all_at(&text, self.length);
        written.map_err(|error| StoreError::io("write", &self.path, error))?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Waits until all of it is on the disk.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(|error| StoreError::io("sync", &self.path, error))
    }
}

/// The lines of the record of the run in this folder that are whole, and how many are damaged; the last one may have been cut off
/// by the end of the process. A run of format 1 has one that says how it began.
///
/// # Errors
/// Fails with [`StoreError::Newer`] when the run was kept by a newer flowrun.
pub(super) fn read(run: &Path) -> Result<(Vec<RecordLine>, u64), StoreError> {
    let Ok(text) = fs::read(paths::record(run)) else { return Ok((read_old(run).into_iter().collect(), 0)) };
    let parsed = text.split_inclusive(|byte| *byte == b'\n').map(|line| match line.strip_suffix(b"\n") {
        Some(line) => RecordLine::parse(line).ok_or(1),
        None => Err(0),
    });
    let (mut lines, mut damaged) = (Vec::new(), 0);
    parsed.for_each(|line| match line {
        Ok(line) => lines.push(line),
        Err(count) => damaged += count,
    });
    for line in &lines {
        if let RecordLine::RunBegin(begin) = line {
            format::check_run(&paths::id(run), begin.format)?;
        }
    }
    Ok((lines, damaged))
}

/// How a run of format 1 began; its params lie in a file of their own.
fn read_old(run: &Path) -> Option<RecordLine> {
    let text = fs::read_to_string(paths::old_record(run)).ok()?;
    let begin: RunBegin = serde_json::from_str(&text).ok()?;
    let params = fs::read_to_string(paths::params(run)).unwrap_or_default();
    Some(RecordLine::RunBegin(RunBegin { format: 1, params, ..begin }))
}
