//! An attempt at a shard is a file that one process writes: it claims the number of the attempt by making the file. What dead
//! attempts had finished is taken over from their files by copying.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::attempt_state::AttemptState;
use super::place::RemotePlace;
use crate::store::endings::{self, EndingKind};
use crate::store::notes::Notes;
use crate::store::packed::Compressor;
use crate::store::segment::{self, PackedCommit, SegmentWriter};
use crate::store::title::StepTitle;
use crate::store::{StepSpec, StoreError, private};
use crate::value::{Indices, ShardId};

/// The file of one attempt, which this process writes.
#[derive(Debug)]
pub struct AttemptFile {
    path: PathBuf,
    attempt: u32,
    run: String,
    step: String,
    shard: ShardId,
    items: Indices,
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
        shard: &ShardId,
        items: &Indices,
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
            items: items.clone(),
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
        self.writer = Some(SegmentWriter::of_file(&self.path, file, self.tag(self.attempt), title.clone())?);
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
            let spans = head.spans.iter().map(|span| (span.first, u64::from(span.count)));
            let fits = Indices::new(spans).is_some_and(|theirs| {
                theirs.without(&self.items).is_empty() && !self.state.ended.overlaps(&theirs)
            });
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
