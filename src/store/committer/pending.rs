//! This module gathers what one step has told since its last commit, for the next one. The packer makes a frame of
//! it.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use crate::event::Timing;
use crate::store::Digest;
use crate::store::cache::Remembered;
use crate::store::chunk_endings::{ChunkEndings, FailedItem, LogEntry, RetriedItem, StepSpec};
use crate::store::notes::Notes;
use crate::store::segment::PackedCommit;

/// Log lines of a step that are kept besides those of failures: more than anybody reads.
const STEP_LOGS_MAX: u64 = 100_000;

/// Lines of one item's log in one commit, and characters of a line: what a person reads of an item.
const ITEM_LOGS_MAX: usize = 100;
const LOG_CHARS_MAX: usize = 8 * 1024;

/// Used endings that go back; more than can be on their way.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// What is committed at once of a step.
#[derive(Debug, Default)]
pub(super) struct CommitGroup {
    pub(super) commit: PackedCommit,
    /// Lines of the results.
    pub(super) lines: u64,
    pub(super) notes: Notes,
    /// For the cache: contents and what became of them.
    pub(super) cache: Vec<(Digest, Remembered)>,
}

impl CommitGroup {
    /// Whether the segment has to know of it.
    pub(super) fn says_anything(&self) -> bool {
        !self.commit.endings.identities.is_empty() || !self.commit.notes.is_empty()
    }
}

/// What one step has told since its last commit: the endings, failures, skips and logs of the next group.
pub(super) struct Pending {
    spec: Arc<StepSpec>,
    spare: Sender<ChunkEndings>,
    chunks: Vec<ChunkEndings>,
    group: CommitGroup,
    rows: usize,
    bytes: usize,
    since: Option<Instant>,
    /// Log lines that were given out.
    logs: u64,
}

impl Pending {
    pub(super) fn new(spec: Arc<StepSpec>, spare: Sender<ChunkEndings>) -> Self {
        Self {
            spec,
            spare,
            chunks: Vec::new(),
            group: CommitGroup::default(),
            rows: 0,
            bytes: 0,
            since: None,
            logs: 0,
        }
    }

    /// Age of the oldest thing that waits, if anything does.
    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, chunk: ChunkEndings) {
        self.grow(chunk.contents.len(), chunk.out.len());
        self.chunks.push(chunk);
    }

    pub(super) fn failed(&mut self, index: u64, key: String, item: Box<FailedItem>) {
        self.grow(1, item.item.len());
        self.group.notes.failed.push((index, key, item));
    }

    pub(super) fn retried(&mut self, item: RetriedItem) {
        self.grow(1, 0);
        self.group.notes.retried.push(item);
    }

    pub(super) fn cancelled(&mut self, first: u64, count: u64) {
        self.grow(1, 0);
        self.group.notes.cancelled.push((first, count));
    }

    pub(super) fn timing(&mut self, timing: Timing) {
        self.grow(1, 0);
        self.group.notes.timing = Some(timing);
    }

    pub(super) fn logs(&mut self, lines: Vec<LogEntry>) {
        for mut line in lines {
            // Lines of one item follow each other, so the last hundred tell whether it has had its hundred.
            let logs = &self.group.notes.logs;
            let full = logs.len() >= ITEM_LOGS_MAX && logs[logs.len() - ITEM_LOGS_MAX].index == line.index;
            if full {
                self.group.notes.logs_left_out += 1;
                continue;
            }
            if let Some((end, _)) = line.message.char_indices().nth(LOG_CHARS_MAX) {
                line.message.truncate(end);
                line.message.push('…');
            }
            self.grow(1, line.message.len());
            self.group.notes.logs.push(line);
        }
    }

    /// Drops what waits, so that a run that stops for a full disk does not fill the memory too.
    pub(super) fn forget(&mut self) {
        (self.group, self.rows, self.bytes, self.since) = (CommitGroup::default(), 0, 0, None);
        self.chunks.clear();
    }

    fn grow(&mut self, rows: usize, bytes: usize) {
        self.rows += rows;
        self.bytes += bytes;
        self.since.get_or_insert_with(Instant::now);
    }

    /// Gives out what waits, in the order of indices, and begins anew.
    pub(super) fn take(&mut self) -> (CommitGroup, Vec<ChunkEndings>) {
        (self.rows, self.bytes, self.since) = (0, 0, None);
        let mut chunks = std::mem::take(&mut self.chunks);
        chunks.sort_unstable_by_key(|chunk| chunk.first);
        (std::mem::take(&mut self.group), chunks)
    }

    /// Leaves out of a group what is too much of a step's log; lines of items that failed always stay.
    pub(super) fn bound_logs(&mut self, notes: &mut Notes) {
        if self.logs + (notes.logs.len() as u64) <= STEP_LOGS_MAX {
            self.logs += notes.logs.len() as u64;
            return;
        }
        let mut failed: Vec<u64> = notes.failed.iter().map(|(index, ..)| *index).collect();
        failed.sort_unstable();
        let (before, told) = (notes.logs.len(), &mut self.logs);
        notes.logs.retain(|line| {
            let stays = *told < STEP_LOGS_MAX || failed.binary_search(&line.index).is_ok();
            *told += u64::from(stays);
            stays
        });
        notes.logs_left_out += (before - notes.logs.len()) as u64;
    }

    /// The step.
    pub(super) fn spec(&self) -> Arc<StepSpec> {
        Arc::clone(&self.spec)
    }

    /// Sends used endings back to where it came from.
    pub(super) fn give_back(&self, mut chunk: ChunkEndings) {
        if chunk.out.capacity() <= SPARE_BYTES_MAX {
            chunk.clear();
            let _ = self.spare.send(chunk);
        }
    }
}
