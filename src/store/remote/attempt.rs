//! An attempt at a shard is a file that one process writes: it claims the number of the attempt by making the file. What dead
//! attempts had finished is taken over from their files by copying.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::place::RemotePlace;
use crate::event::{Tally, Timing};
use crate::store::endings::{self, EndingKind};
use crate::store::notes::Notes;
use crate::store::packed::Compressor;
use crate::store::segment::{self, PackedCommit, SegmentWriter, WrittenAt};
use crate::store::title::StepTitle;
use crate::store::{StepSpec, StoreError, private};
use crate::value::ShardPath;

/// A commit in the file of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFrame {
    /// Where its results begin.
    pub offset: u64,
    /// Bytes of its results.
    pub length: u64,
    /// Bytes of the blocks behind them.
    pub endings: u64,
}

/// What is in the file of an attempt.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AttemptState {
    /// Its commits.
    pub frames: Vec<AttemptFrame>,
    /// Bytes up to the end of the last one.
    pub bytes: u64,
    /// Its items by their endings.
    pub tally: Tally,
    /// Results that it gives on.
    pub emitted: u64,
    /// How long its items took.
    pub timing: Timing,
    /// Items that have ended: first index → index behind the last.
    spans: BTreeMap<u64, u64>,
}

impl AttemptState {
    /// Items with consecutive indices have ended.
    pub(super) fn add(&mut self, first: u64, count: u64) {
        let (mut from, mut until) = (first, first + count);
        // Neighbours and what overlaps become one.
        while let Some((start, end)) = self
            .spans
            .range(..=until)
            .next_back()
            .map(|(start, end)| (*start, *end))
            .filter(|(_, end)| *end >= from)
        {
            self.spans.remove(&start);
            (from, until) = (from.min(start), until.max(end));
        }
        self.spans.insert(from, until);
    }

    /// Whether one of these items has ended.
    pub(super) fn overlaps(&self, first: u64, count: u64) -> bool {
        self.spans.range(..first + count).next_back().is_some_and(|(_, end)| *end > first)
    }

    /// The items of a shard that have not ended: first index and count.
    pub fn left_of(&self, runs: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let mut left = Vec::new();
        for (first, count) in runs {
            let (mut at, end) = (*first, first + count);
            while at < end {
                let covering = self.spans.range(..=at).next_back().filter(|(_, until)| **until > at);
                if let Some((_, until)) = covering {
                    at = *until;
                    continue;
                }
                let next = self.spans.range(at..end).next().map_or(end, |(start, _)| *start);
                left.push((at, next - at));
                at = next;
            }
        }
        left
    }

    fn book(&mut self, written: &WrittenAt, commit: &PackedCommit, (lines, notes): (u64, &Notes)) {
        let place = written.place;
        let endings = written.endings;
        self.frames.push(AttemptFrame { offset: place.offset, length: place.length, endings });
        self.bytes = place.offset + place.length + endings;
        self.emitted += commit.emitted;
        self.tally.succeeded += lines;
        self.tally.failed += notes.failed.len() as u64;
        self.tally.skipped += notes.skipped.len() as u64;
        // An item is tried again for the first time once.
        self.tally.retried += notes.retried.iter().filter(|item| item.attempt == 1).count() as u64;
        for span in &commit.endings.spans {
            self.add(span.first, u64::from(span.count));
        }
    }
}

/// The file of one attempt, which this process writes.
#[derive(Debug)]
pub struct AttemptFile {
    path: PathBuf,
    attempt: u32,
    run: String,
    step: String,
    shard: ShardPath,
    runs: Vec<(u64, u64)>,
    file: Option<File>,
    writer: Option<SegmentWriter>,
    state: AttemptState,
    /// Files of dead attempts, from the first one on.
    older: Vec<(u32, PathBuf)>,
}

impl AttemptFile {
    /// Claims the next attempt at a shard of these items, of a step of a run.
    ///
    /// # Errors
    /// Fails when the file cannot be made.
    pub fn claim(
        place: &RemotePlace,
        (run, step): (&str, &str),
        shard: &ShardPath,
        runs: &[(u64, u64)],
    ) -> Result<Self, StoreError> {
        let attempts = place.attempts(shard)?;
        let mut attempt = attempts.last().copied().unwrap_or(0);
        let (path, file) = loop {
            attempt += 1;
            let path = place.attempt(shard, attempt);
            let mut options: OpenOptions = private::options();
            match options.create_new(true).open(&path) {
                Ok(file) => break (path, file),
                // Another process was quicker.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(StoreError::io("create", &path, error)),
            }
        };
        let older = (1..attempt).map(|number| (number, place.attempt(shard, number))).collect();
        Ok(Self {
            path,
            attempt,
            run: run.to_owned(),
            step: step.to_owned(),
            shard: shard.clone(),
            runs: runs.to_vec(),
            file: Some(file),
            writer: None,
            state: AttemptState::default(),
            older,
        })
    }

    /// Its number, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it.
    pub fn state(&self) -> &AttemptState {
        &self.state
    }

    /// The step begins: what dead attempts had finished of it is taken over.
    pub(in crate::store) fn begin(&mut self, spec: &StepSpec) -> Result<(), StoreError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let title = StepTitle::of(&self.run, spec).to_text();
        self.writer = Some(SegmentWriter::of_file(&self.path, file, self.tag(self.attempt), &title)?);
        for (attempt, path) in std::mem::take(&mut self.older) {
            self.adopt(attempt, &path, &title)?;
        }
        self.sync()
    }

    /// Appends a commit; `lines` of it are results.
    pub(in crate::store) fn append(
        &mut self,
        commit: &PackedCommit,
        of: (u64, &Notes),
        at: u64,
    ) -> Result<(), StoreError> {
        let writer = self.writer.as_mut().expect("a step begins before it tells anything");
        let written = writer.append(commit, at)?;
        if let Some(timing) = &of.1.timing {
            // The last word is about all items of this attempt so far.
            self.state.timing = timing.clone();
        }
        self.state.book(&written, commit, of);
        Ok(())
    }

    /// Waits until all that was appended is on the disk.
    pub(in crate::store) fn sync(&self) -> Result<(), StoreError> {
        self.writer.as_ref().map_or(Ok(()), SegmentWriter::sync)
    }

    /// Copies what an attempt that is dead, or nearly, has finished: whole commits of items of this shard, none of which is
    /// here yet. A commit that is torn or of something else is left alone; its items run again.
    fn adopt(&mut self, attempt: u32, path: &Path, title: &str) -> Result<(), StoreError> {
        let tag = self.tag(attempt);
        // It may be as empty as it was made.
        let Ok(found) = segment::scan(path, tag, 0) else { return Ok(()) };
        let Ok(file) = File::open(path) else { return Ok(()) };
        if found.title.as_deref() != Some(title) {
            return Ok(());
        }
        let mut compressor = Compressor::default();
        for commit in found.commits {
            let head = &commit.head;
            let is_ours = |first: u64, count: u64| {
                self.runs.iter().any(|(from, items)| first >= *from && first + count <= from + items)
            };
            let spans = || head.spans.iter().map(|span| (span.first, u64::from(span.count)));
            let fits =
                spans().all(|(first, count)| is_ours(first, count) && !self.state.overlaps(first, count));
            let Some(facts) = head.facts.filter(|_| fits && !head.spans.is_empty()) else { continue };
            let parts = segment::read_digests(&file, commit.place, head)
                .zip(segment::read_packed(&file, commit.place, head))
                .zip(segment::read_notes(&file, commit.place, head));
            let Some((((identities, contents), results), notes)) = parts else { continue };
            let io = |error| StoreError::io("compress notes of", path, error);
            let packed = PackedCommit {
                results,
                endings: head.endings(identities, contents),
                notes: notes.pack(&mut compressor).map_err(io)?,
                bytes: facts.bytes,
                emitted: facts.emitted,
            };
            let lines = head.count(EndingKind::Succeeded);
            let notes = Notes { timing: None, ..notes };
            self.append(&packed, (lines, &notes), facts.at)?;
        }
        Ok(())
    }

    fn tag(&self, attempt: u32) -> u64 {
        endings::tag(&self.run, &format!("{}/{}/{attempt}", self.step, self.shard))
    }
}
