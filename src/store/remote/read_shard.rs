//! A shard that has a record is read here as far as a database has to know it: which items its commits ended, and what is noted
//! of them. The results stay where they are.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::attempt_state::AttemptFrame;
use super::place::RemotePlace;
use super::record::CommitRecord;
use super::source_name::source_name;
use crate::event::Tally;
use crate::store::endings::{self, BlockPlace, EndingKind};
use crate::store::endings::{CommitFacts, EndingSpan};
use crate::store::notes::Notes;
use crate::store::segment;
use crate::store::{FailedItem, ShardRow, StoreError};
use crate::value::{Covered, Indices, ShardId};

/// One commit of it.
#[derive(Debug)]
pub(in crate::store) struct ReadCommit {
    pub(in crate::store) place: BlockPlace,
    /// Bytes of the blocks behind its results.
    pub(in crate::store) endings: u64,
    pub(in crate::store) facts: CommitFacts,
    pub(in crate::store) spans: Vec<EndingSpan>,
    /// Items that succeeded.
    pub(in crate::store) lines: u64,
    pub(in crate::store) notes: Notes,
}

/// A shard that a run takes over.
#[derive(Debug)]
pub struct ReadShard {
    /// The file of the attempt that has made its record.
    pub(in crate::store) path: PathBuf,
    /// The attempt as the database knows it.
    pub(in crate::store) source: String,
    pub(in crate::store) commits: Vec<ReadCommit>,
    done: Indices,
    /// What the books say of it, where it has a record.
    pub(in crate::store) row: Option<ShardRow>,
}

impl ReadShard {
    /// Commits of a file that has no record.
    pub(super) fn of_commits(
        path: PathBuf,
        (shard, attempt): (&ShardId, u32),
        (commits, items): (Vec<ReadCommit>, Indices),
    ) -> Self {
        let row = ShardRow {
            shard: shard.to_string(),
            first: items.iter().next().map_or(0, |stretch| stretch.first),
            count: items.count(),
            state: ShardRow::DONE,
            attempts: attempt,
            job: None,
            node: None,
            started: None,
            ended: None,
            why: None,
            lost: 0.0,
        };
        let source = source_name(shard, attempt);
        Self { path, source, commits, done: items, row: Some(row) }
    }

    /// The items whose endings it has.
    pub fn done(&self) -> &Indices {
        &self.done
    }

    /// How its items have ended.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for ReadCommit { lines, notes, .. } in &self.commits {
            tally.add(&notes.tally(*lines));
        }
        tally
    }

    /// Results that it gives on.
    pub fn emitted(&self) -> u64 {
        self.commits.iter().map(|commit| commit.facts.emitted).sum()
    }

    /// Index, key and ending of each item that failed.
    pub fn failures(&self) -> impl Iterator<Item = (u64, &str, &FailedItem)> {
        let failed = self.commits.iter().flat_map(|commit| &commit.notes.failed);
        failed.map(|(index, key, item)| (*index, key.as_str(), &**item))
    }
}

impl RemotePlace {
    /// Reads the shard of a record, of a step of a run.
    ///
    /// # Errors
    /// Fails when anything that the record names is not there or damaged, and when an item is in it twice.
    pub fn read_shard(
        &self,
        (run, step): (&str, &str),
        record: &CommitRecord,
    ) -> Result<ReadShard, StoreError> {
        let path = self.attempt(&record.shard, record.attempt);
        let source = source_name(&record.shard, record.attempt);
        let tag = endings::tag_of_source(run, step, &source);
        let file = File::open(&path).map_err(|error| StoreError::io("read", &path, error))?;
        let (mut commits, mut done) = (Vec::with_capacity(record.frames.len()), Covered::default());
        for frame in &record.frames {
            let place = BlockPlace { tag, segment: 0, offset: frame.offset, length: frame.length };
            let commit = read_commit(&file, place, frame)
                .ok_or_else(|| damaged(&path, "a commit that its record names is damaged"))?;
            let items = items_of(&commit.spans).filter(|items| !done.overlaps(items));
            done.add(&items.ok_or_else(|| damaged(&path, "it has an item twice"))?);
            commits.push(commit);
        }
        let done = done.indices();
        let row = Some(ShardRow::of(record, &done));
        Ok(ReadShard { path, source, commits, done, row })
    }
}

/// The items of spans in any order; `None`: one of them is there twice.
pub(super) fn items_of(spans: &[EndingSpan]) -> Option<Indices> {
    let mut runs: Vec<(u64, u64)> = spans.iter().map(|span| (span.first, u64::from(span.count))).collect();
    runs.sort_unstable();
    Indices::new(runs)
}

fn damaged(path: &Path, what: &str) -> StoreError {
    StoreError::damaged(path, what)
}

/// A commit that stands there; `None`: it is damaged.
pub(super) fn read_commit(file: &File, place: BlockPlace, frame: &AttemptFrame) -> Option<ReadCommit> {
    let head = segment::read_head(file, place).filter(|head| head.blocks_length() == frame.endings)?;
    let notes = segment::read_notes(file, place, &head)?;
    Some(ReadCommit {
        place,
        endings: frame.endings,
        facts: head.facts?,
        lines: head.count(EndingKind::Succeeded),
        // How long items took is what the record says.
        notes: Notes { timing: None, ..notes },
        spans: head.spans,
    })
}
