//! What one step has told since its last commit, and the packing of it. Where it goes is the writer's.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use crate::store::batch::{Batch, End, Ending, FailedItem, LogEntry, RetriedItem, Shape, StepSpec};
use crate::store::endings::{Endings, Run, State};
use crate::store::line::{self, Key};
use crate::store::{Digest, StoreError};

/// Lines of one item's log in one commit, and characters of a line: what a person reads of an item.
const ITEM_LOGS_MAX: usize = 100;
const LOG_CHARS_MAX: usize = 8 * 1024;

/// Fast enough to keep up with a million items a second; slower levels save little of short lines full of digests.
const LEVEL: i32 = 1;

/// Used batches that go back; more than can be on their way.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// A failure with its item's index and key.
pub(super) type FailedRow = (u64, String, Box<FailedItem>);

/// What is committed at once of a step.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// One zstd frame; empty when nothing succeeded.
    pub(super) packed: Vec<u8>,
    /// Bytes and lines in it.
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Results of those lines.
    pub(super) emitted: u64,
    pub(super) endings: Endings,
    pub(super) failed: Vec<FailedRow>,
    pub(super) skipped: Vec<(u64, String, Option<String>)>,
    pub(super) retried: Vec<RetriedItem>,
    pub(super) logs: Vec<LogEntry>,
    pub(super) logs_left_out: u64,
    pub(super) cancelled: Vec<(u64, u64)>,
    /// For the memo: contents and what came of them.
    pub(super) memo: Vec<(Digest, Vec<u8>)>,
}

/// Working space of the packing thread.
#[derive(Default)]
pub(super) struct Packer {
    lines: Vec<u8>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
}

/// See the module.
pub(super) struct Pending {
    spec: Arc<StepSpec>,
    spare: Sender<Batch>,
    batches: Vec<Batch>,
    group: Group,
    rows: usize,
    bytes: usize,
    since: Option<Instant>,
}

impl Pending {
    pub(super) fn new(spec: Arc<StepSpec>, spare: Sender<Batch>) -> Self {
        Self { spec, spare, batches: Vec::new(), group: Group::default(), rows: 0, bytes: 0, since: None }
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

    pub(super) fn push(&mut self, batch: Batch) {
        self.grow(batch.contents.len(), batch.out.len());
        self.batches.push(batch);
    }

    pub(super) fn failed(&mut self, index: u64, key: String, item: Box<FailedItem>) {
        self.grow(1, item.item.len());
        self.group.failed.push((index, key, item));
    }

    pub(super) fn retried(&mut self, item: RetriedItem) {
        self.grow(1, 0);
        self.group.retried.push(item);
    }

    pub(super) fn cancelled(&mut self, first: u64, count: u64) {
        self.grow(1, 0);
        self.group.cancelled.push((first, count));
    }

    pub(super) fn logs(&mut self, lines: Vec<LogEntry>) {
        for mut line in lines {
            // Lines of one item follow each other, so the last hundred tell whether it has had its hundred.
            let logs = &self.group.logs;
            let full = logs.len() >= ITEM_LOGS_MAX && logs[logs.len() - ITEM_LOGS_MAX].index == line.index;
            if full {
                self.group.logs_left_out += 1;
                continue;
            }
            if let Some((end, _)) = line.message.char_indices().nth(LOG_CHARS_MAX) {
                line.message.truncate(end);
                line.message.push('…');
            }
            self.grow(1, line.message.len());
            self.group.logs.push(line);
        }
    }

    /// Drops what waits, so that a run that stops for a full disk does not fill the memory too.
    pub(super) fn forget(&mut self) {
        (self.group, self.rows, self.bytes, self.since) = (Group::default(), 0, 0, None);
        self.batches.clear();
    }

    fn grow(&mut self, rows: usize, bytes: usize) {
        self.rows += rows;
        self.bytes += bytes;
        self.since.get_or_insert_with(Instant::now);
    }

    /// Makes one frame of the results, in the order of their indices, and leaves nothing behind.
    pub(super) fn pack(&mut self, packer: &mut Packer) -> Result<Group, StoreError> {
        let mut group = std::mem::take(&mut self.group);
        let mut batches = std::mem::take(&mut self.batches);
        (self.rows, self.bytes, self.since) = (0, 0, None);
        batches.sort_unstable_by_key(|batch| batch.first);
        packer.lines.clear();
        for batch in &mut batches {
            let mut reading =
                Reading { spec: &self.spec, group: &mut group, lines: &mut packer.lines, at: 0 };
            reading.batch(batch).ok_or_else(|| {
                StoreError::damaged(Path::new(&*self.spec.name), "results and endings do not match")
            })?;
        }
        group.bytes = packer.lines.len() as u64;
        if !packer.lines.is_empty() {
            let packed = packer.compress();
            let failed = |error| StoreError::io("compress results of", Path::new(&*self.spec.name), error);
            group.packed = packed.map_err(failed)?;
        }
        for mut batch in batches {
            if batch.out.capacity() <= SPARE_BYTES_MAX {
                batch.clear();
                let _ = self.spare.send(batch);
            }
        }
        batches_gone(&mut packer.lines);
        Ok(group)
    }
}

/// One huge group must not stay for the rest of the run.
fn batches_gone(lines: &mut Vec<u8>) {
    if lines.capacity() > 64 << 20 {
        *lines = Vec::new();
    }
}

impl Packer {
    /// The lines as one zstd frame that says how long it will be and whose end proves the rest.
    fn compress(&mut self) -> std::io::Result<Vec<u8>> {
        let zstd = match &mut self.zstd {
            Some(zstd) => zstd,
            None => {
                let mut zstd = zstd::bulk::Compressor::new(LEVEL)?;
                zstd.include_checksum(true)?;
                zstd.include_contentsize(true)?;
                self.zstd.insert(zstd)
            }
        };
        zstd.compress(&self.lines)
    }
}

/// Turns batches into lines and endings.
struct Reading<'a> {
    spec: &'a StepSpec,
    group: &'a mut Group,
    lines: &'a mut Vec<u8>,
    /// Where the next result begins in the batch's output.
    at: usize,
}

impl Reading<'_> {
    /// `None`: the batch contradicts itself.
    fn batch(&mut self, batch: &mut Batch) -> Option<()> {
        let ends = std::mem::take(&mut batch.ends);
        let (mut row, mut counts) = (0, batch.lines.iter());
        for End { at, how } in ends {
            let at = at as usize;
            self.succeeded(batch, row..at, &mut counts)?;
            self.ended(batch, at, how)?;
            row = at + 1;
        }
        self.succeeded(batch, row..batch.contents.len(), &mut counts)?;
        (self.at == batch.out.len() && counts.len() == 0).then_some(())
    }

    fn succeeded(
        &mut self,
        batch: &Batch,
        rows: std::ops::Range<usize>,
        counts: &mut std::slice::Iter<'_, u32>,
    ) -> Option<()> {
        if rows.is_empty() {
            return Some(());
        }
        self.booked(batch, rows.clone(), State::Succeeded)?;
        self.group.lines += rows.len() as u64;
        for row in rows {
            let count = if self.spec.shape == Shape::One { 1 } else { *counts.next()? };
            let start = self.at;
            for _ in 0..count {
                self.at += memchr::memchr(b'\n', batch.out.get(self.at..)?)? + 1;
            }
            let values = &batch.out[start..self.at];
            let content = *batch.contents.get(row)?;
            let key = match batch.keys.get(row) {
                Some(key) => Key::Given(key, content),
                None => Key::Content(content),
            };
            self.group.emitted += u64::from(count);
            line::push(self.lines, batch.first + row as u64, key, self.spec.shape, values);
            if self.spec.memo.is_some() {
                let mut value = Vec::new();
                if self.spec.shape != Shape::Optional || count > 0 {
                    line::gather(&mut value, self.spec.shape, values);
                }
                self.group.memo.push((content, value));
            }
        }
        Some(())
    }

    fn ended(&mut self, batch: &Batch, at: usize, how: Ending) -> Option<()> {
        let index = batch.first + at as u64;
        let key = match batch.keys.get(at) {
            Some(key) => key.to_string(),
            None => batch.contents.get(at)?.to_string(),
        };
        match how {
            Ending::Open => Some(()),
            Ending::Skipped(reason) => {
                self.group.skipped.push((index, key, reason));
                self.booked(batch, at..at + 1, State::Skipped)
            }
            Ending::Failed(item) => {
                let state = if item.permanent { State::FailedForGood } else { State::Failed };
                self.group.failed.push((index, key, item));
                self.booked(batch, at..at + 1, state)
            }
        }
    }

    /// Notes which items ended.
    fn booked(&mut self, batch: &Batch, rows: std::ops::Range<usize>, state: State) -> Option<()> {
        let endings = &mut self.group.endings;
        let (first, count) = (batch.first + rows.start as u64, rows.len() as u32);
        match endings.runs.last_mut() {
            Some(run) if run.first + u64::from(run.count) == first => run.count += count,
            _ => endings.runs.push(Run { first, count }),
        }
        let before = endings.identities.len();
        if state != State::Succeeded || !endings.states.is_empty() {
            endings.states.resize(before, State::Succeeded as u8);
            endings.states.resize(before + rows.len(), state as u8);
        }
        let contents = batch.contents.get(rows.clone())?;
        if self.spec.keyed {
            let keys = batch.keys.get(rows)?;
            endings.identities.extend(keys.iter().map(|key| Digest::of_key(key)));
            endings.contents.extend_from_slice(contents);
        } else {
            endings.identities.extend_from_slice(contents);
        }
        Some(())
    }
}
