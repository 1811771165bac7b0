//! An attempt at a shard is a file that one process writes: it claims the number of the attempt by making the file. What dead
//! attempts had finished is taken over from their files by copying.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attempt_state::AttemptState;
use super::lost::lost_time;
use super::place::RemotePlace;
use super::publish::Published;
use super::read_shard::items_of;
use super::record::{CommitRecord, Doer, Whence};
use super::slots::Slots;
use super::source_name::source_name;
use super::watch::{AttemptProgress, AttemptWatch};
use crate::event::{Timing, Why};
use crate::store::clock::now;
use crate::store::endings::{self, EndingKind};
use crate::store::notes::Notes;
use crate::store::packed::Compressor;
use crate::store::segment::{self, PackedCommit, SegmentWriter};
use crate::store::title::StepTitle;
use crate::store::{LastError, StepSpec, StoreError, private};
use crate::value::{Indices, ShardId};

/// How many of the last errors others see.
const ERRORS: usize = 5;

/// What became of the wish to commit a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardCommit {
    /// No item has ended, so there is no record.
    Nothing,
    /// The record is there.
    Made {
        /// Whether the attempt goes on with the rest, as one at the next shard of its chain.
        goes_on: bool,
    },
    /// Somebody else has committed the shard: what this attempt has is of no use.
    Lost,
}

/// The file of one attempt, which this process writes. It goes on as an attempt at the next shard of its chain.
#[derive(Debug)]
pub struct AttemptFile {
    place: RemotePlace,
    path: PathBuf,
    attempt: u32,
    run: String,
    step: String,
    shard: ShardId,
    items: Indices,
    file: Option<File>,
    title: Option<StepTitle>,
    writer: Option<SegmentWriter>,
    state: AttemptState,
    /// What the timing was when the last shard of the chain was committed.
    timing_before: Timing,
    /// How long items took that dead attempts had finished.
    adopted: Timing,
    /// Files of dead attempts, from the first one on.
    older: Vec<(u32, PathBuf)>,
    slots: Option<Arc<Slots>>,
    watch: Arc<AttemptWatch>,
    /// What went wrong last in the shard, the newest first.
    errors: Vec<LastError>,
    by: Doer,
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
        let (attempt, path, file) = claimed(place, shard)?;
        let older = (1..attempt).map(|number| (number, place.attempt(shard, number))).collect();
        Ok(Self {
            place: place.clone(),
            path,
            attempt,
            run: run.to_owned(),
            step: step.to_owned(),
            shard: shard.clone(),
            items: items.clone(),
            file: Some(file),
            title: None,
            writer: None,
            state: AttemptState::default(),
            timing_before: Timing::default(),
            adopted: Timing::default(),
            older,
            slots: None,
            watch: Arc::new(AttemptWatch::new(shard.clone(), attempt)),
            errors: Vec::new(),
            by: Doer { started: now(), ..Doer::default() },
        })
    }

    /// The same, by this job on this machine. `id`: what the engine calls the job.
    #[must_use]
    pub fn by(mut self, job: (u32, u32), node: String, id: Option<String>) -> Self {
        (self.by.job, self.by.node, self.by.id) = (job, node, id);
        self
    }

    /// What the attempt has at work is told in these slots.
    ///
    /// # Errors
    /// Fails when their file cannot be made.
    pub fn with_slots(mut self, slots: Arc<Slots>) -> Result<Self, StoreError> {
        self.move_slots(&slots)?;
        self.slots = Some(slots);
        Ok(self)
    }

    fn move_slots(&self, slots: &Slots) -> Result<(), StoreError> {
        let path = self.place.slots(&self.shard, self.attempt);
        slots.move_to(&path).map_err(|error| StoreError::io("create", &path, error))
    }

    /// Where others see how far it is.
    pub fn watch(&self) -> Arc<AttemptWatch> {
        Arc::clone(&self.watch)
    }

    /// Its items that have not ended.
    pub fn left(&self) -> Indices {
        self.state.left_of(&self.items)
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

    /// The step begins, unless it has: what dead attempts had finished of it is taken over.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn begin(&mut self, spec: &StepSpec) -> Result<(), StoreError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let title = StepTitle::of(&self.run, spec);
        self.open(file, &title)?;
        for (attempt, path) in std::mem::take(&mut self.older) {
            let kept = self.adopt(attempt, &path, &title)?;
            self.by.lost += lost_time(&self.place, (&self.shard, attempt), kept);
        }
        self.title = Some(title);
        self.sync()?;
        self.tell();
        Ok(())
    }

    fn open(&mut self, file: File, title: &StepTitle) -> Result<(), StoreError> {
        let text = title.clone().by(self.source(self.attempt)).to_text();
        self.writer = Some(SegmentWriter::of_file(&self.path, file, self.tag(self.attempt), text)?);
        Ok(())
    }

    /// Commits what is there as the attempt's shard. `Why::Commit`: it goes on with what is left, which is the next shard of
    /// its chain.
    pub(in crate::store) fn commit(
        &mut self,
        why: Why,
        carry: Vec<Whence>,
    ) -> Result<ShardCommit, StoreError> {
        if self.state.tally.ended() == 0 {
            return Ok(ShardCommit::Nothing);
        }
        let id = (self.shard.clone(), self.attempt);
        let mut record = CommitRecord::of(id, &self.items, &self.state, why).carrying(carry);
        record.timing = self.state.timing.since(&self.timing_before);
        let next = if record.goes_on { self.shard.next() } else { None };
        record.goes_on = next.is_some();
        record.by = Doer { ended: now(), ..self.by.clone() };
        if self.place.commit(&record)? == Published::WasThere {
            return Ok(ShardCommit::Lost);
        }
        let goes_on = record.goes_on;
        if let Some(next) = next {
            self.go_on(next, record.rest)?;
        }
        Ok(ShardCommit::Made { goes_on })
    }

    /// Goes on as an attempt at the next shard. Nobody has worked on that before: it was not there.
    fn go_on(&mut self, shard: ShardId, items: Indices) -> Result<(), StoreError> {
        let (attempt, path, file) = claimed(&self.place, &shard)?;
        let timing = std::mem::take(&mut self.state).timing;
        (self.shard, self.items, self.attempt, self.path) = (shard, items, attempt, path);
        (self.by.started, self.by.lost) = (now(), 0.0);
        self.errors.clear();
        self.state.timing = timing.clone();
        self.timing_before = timing;
        let title = self.title.clone().expect("nothing has ended of a step that has not begun");
        self.open(file, &title)?;
        if let Some(slots) = self.slots.clone() {
            self.move_slots(&slots)?;
        }
        self.tell();
        Ok(())
    }

    /// Lets others see how far it is.
    pub(in crate::store) fn tell(&self) {
        self.watch.set(AttemptProgress {
            shard: self.shard.clone(),
            attempt: self.attempt,
            tally: self.state.tally,
            errors: self.errors.clone(),
        });
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
            // The last word is about all items that this process has run so far.
            self.state.timing = self.adopted.clone();
            self.state.timing.add(timing);
        }
        self.state.book(&written, commit, of);
        let newer = LastError::newest(of.1, at, ERRORS);
        self.errors.splice(0..0, newer);
        self.errors.truncate(ERRORS);
        Ok(())
    }

    /// Waits until all that was appended is on the disk.
    pub(in crate::store) fn sync(&self) -> Result<(), StoreError> {
        self.writer.as_ref().map_or(Ok(()), SegmentWriter::sync)
    }

    /// Copies what an attempt that is dead, or nearly, has finished: whole commits of items of this shard, none of which is
    /// here yet. A commit that is torn or of something else is left alone; its items run again. It gives when the last whole one
    /// was made.
    fn adopt(&mut self, attempt: u32, path: &Path, title: &StepTitle) -> Result<Option<u64>, StoreError> {
        let tag = self.tag(attempt);
        // It may be as empty as it was made.
        let Ok(found) = segment::scan(path, |_| (tag, 0)) else { return Ok(None) };
        let Ok(file) = File::open(path) else { return Ok(None) };
        let theirs = found.title.as_deref().and_then(StepTitle::parse);
        if !theirs.is_some_and(|theirs| theirs.is_of_step(title)) {
            return Ok(None);
        }
        let kept = found.commits.iter().filter_map(|commit| Some(commit.head.facts?.at)).max();
        let mut compressor = Compressor::default();
        // An attempt in the middle of a chain goes on with what its process has measured before.
        let mut measured = ((self.shard.link() == 0).then(Timing::default), None);
        for commit in found.commits {
            let head = &commit.head;
            let fits = items_of(&head.spans).is_some_and(|theirs| {
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
            if let Some(timing) = &notes.timing {
                measured.0.get_or_insert_with(|| timing.clone());
                measured.1 = Some(timing.clone());
            }
            let lines = head.count(EndingKind::Succeeded);
            let notes = Notes { timing: None, ..notes };
            self.append(&packed, (lines, &notes), facts.at)?;
        }
        if let (Some(first), Some(last)) = measured {
            self.adopted.add(&last.since(&first));
            self.state.timing = self.adopted.clone();
        }
        Ok(kept)
    }

    fn tag(&self, attempt: u32) -> u64 {
        endings::tag_of_source(&self.run, &self.step, &self.source(attempt))
    }

    fn source(&self, attempt: u32) -> String {
        source_name(&self.shard, attempt)
    }
}

/// The next attempt at a shard, whose file is made.
fn claimed(place: &RemotePlace, shard: &ShardId) -> Result<(u32, PathBuf, File), StoreError> {
    let mut attempt = place.attempts(shard)?.last().copied().unwrap_or(0);
    loop {
        attempt += 1;
        let path = place.attempt(shard, attempt);
        let mut options: OpenOptions = private::options();
        match options.create_new(true).open(&path) {
            Ok(file) => return Ok((attempt, path, file)),
            // Another process was quicker.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io("create", &path, error)),
        }
    }
}
