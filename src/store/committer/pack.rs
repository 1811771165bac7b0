//! The packer makes one frame of what a step has told, in the order of the items, and notes how each of them ended.
//!
//! It decides neither where the frame goes nor when it is time for one.

use std::ops::Range;
use std::path::Path;

use super::pending::{CommitGroup, Pending};
use crate::store::cache::Remembered;
use crate::store::chunk_endings::{ChunkEndings, Ending, ItemEnding, LinesPerItem, StepSpec};
use crate::store::endings::{EndingKind, EndingSpan};
use crate::store::line::{self, LineFront};
use crate::store::packed::Compressor;
use crate::store::{Digest, StoreError};

/// Working space that is kept from one frame to the next: one huge group must not stay for the rest of the run.
const SPACE_MAX: usize = 64 << 20;

/// Bytes of a line besides its result: more for a key.
const LINE_BYTES: usize = 24;

/// Working space.
#[derive(Default)]
pub(super) struct Packer {
    lines: Vec<u8>,
    compressor: Compressor,
}

impl Packer {
    /// Packs what waits, and leaves nothing behind.
    pub(super) fn pack(&mut self, pending: &mut Pending) -> Result<CommitGroup, StoreError> {
        let (mut group, chunks) = pending.take();
        let spec = pending.spec();
        self.lines.clear();
        for mut chunk in chunks {
            let mut reading = Packing { spec: &spec, group: &mut group, lines: &mut self.lines, at: 0 };
            let whole = reading.chunk(&mut chunk);
            let contradiction = "results and endings do not match";
            whole.ok_or_else(|| StoreError::damaged(Path::new(&*spec.name), contradiction))?;
            pending.give_back(chunk);
        }
        pending.bound_logs(&mut group.notes);
        self.compress(&mut group)
            .map_err(|error| StoreError::io("compress results of", Path::new(&*spec.name), error))?;
        if self.lines.capacity() > SPACE_MAX {
            self.lines = Vec::new();
        }
        Ok(group)
    }

    fn compress(&mut self, group: &mut CommitGroup) -> std::io::Result<()> {
        let commit = &mut group.commit;
        commit.bytes = self.lines.len() as u64;
        if !self.lines.is_empty() {
            commit.results = self.compressor.pack(&self.lines)?;
        }
        commit.notes = group.notes.pack(&mut self.compressor)?;
        Ok(())
    }
}

/// Turns endings of chunks into lines and rows.
struct Packing<'a> {
    spec: &'a StepSpec,
    group: &'a mut CommitGroup,
    lines: &'a mut Vec<u8>,
    /// Where the next result begins in their output.
    at: usize,
}

impl Packing<'_> {
    /// `None`: they contradict themselves.
    fn chunk(&mut self, chunk: &mut ChunkEndings) -> Option<()> {
        let ends = std::mem::take(&mut chunk.ends);
        let (mut row, mut counts) = (0, chunk.lines.iter());
        for ItemEnding { at, how } in ends {
            let at = at as usize;
            // Ascending, each item once.
            self.succeeded(chunk, row..at.checked_sub(row)? + row, &mut counts)?;
            self.ended(chunk, at, how)?;
            row = at + 1;
        }
        self.succeeded(chunk, row..chunk.contents.len(), &mut counts)?;
        (self.at == chunk.out.len() && counts.len() == 0).then_some(())
    }

    fn succeeded(
        &mut self,
        chunk: &ChunkEndings,
        rows: Range<usize>,
        counts: &mut std::slice::Iter<'_, u32>,
    ) -> Option<()> {
        if rows.is_empty() {
            return Some(());
        }
        self.booked(chunk, rows.clone(), EndingKind::Succeeded)?;
        self.group.lines += rows.len() as u64;
        if self.spec.shape == LinesPerItem::One && chunk.keys.is_empty() && self.spec.cache.is_none() {
            return self.plain(chunk, rows);
        }
        for row in rows {
            let count = if self.spec.shape == LinesPerItem::One { 1 } else { *counts.next()? };
            let start = self.at;
            for _ in 0..count {
                self.at += memchr::memchr(b'\n', chunk.out.get(self.at..)?)? + 1;
            }
            let values = &chunk.out[start..self.at];
            let key = chunk.keys.get(row).map(|key| &**key);
            self.group.commit.emitted += u64::from(count);
            line::push(self.lines, chunk.first + row as u64, key, self.spec.shape, values);
            if self.spec.cache.is_some() {
                self.remember(*chunk.contents.get(row)?, values);
            }
        }
        Some(())
    }

    /// Most items have one result and nothing else to say.
    fn plain(&mut self, chunk: &ChunkEndings, rows: Range<usize>) -> Option<()> {
        let out = chunk.out.get(self.at..)?;
        self.lines.reserve(out.len() + rows.len() * LINE_BYTES);
        let mut front = LineFront::new(chunk.first + rows.start as u64);
        let (mut start, mut ends) = (0, memchr::memchr_iter(b'\n', out));
        for _ in rows.clone() {
            let end = ends.next()?;
            front.push(self.lines, &out[start..end]);
            start = end + 1;
        }
        self.at += start;
        self.group.commit.emitted += rows.len() as u64;
        Some(())
    }

    /// A `filter` that let the item go leaves nothing behind.
    fn remember(&mut self, content: Digest, values: &[u8]) {
        let mut value = Vec::new();
        if self.spec.shape != LinesPerItem::Optional || !values.is_empty() {
            line::gather(&mut value, self.spec.shape, values);
        }
        self.group.cache.push((content, Remembered::Value(value)));
    }

    fn ended(&mut self, chunk: &ChunkEndings, at: usize, how: Ending) -> Option<()> {
        let index = chunk.first + at as u64;
        let content = chunk.contents.get(at)?;
        let key = || chunk.keys.get(at).map_or_else(|| content.to_string(), ToString::to_string);
        let state = match how {
            Ending::Open => return Some(()),
            Ending::Skipped(reason) => {
                if self.spec.cache.is_some() {
                    self.group.cache.push((*content, Remembered::Skipped(reason.clone())));
                }
                self.group.notes.skipped.push((index, key(), reason));
                EndingKind::Skipped
            }
            Ending::Failed(item) => {
                let state = if item.permanent { EndingKind::FailedForGood } else { EndingKind::Failed };
                // By what its function sees: where it stands tells items apart, and is no part of their key.
                let key = chunk
                    .keys
                    .get(at)
                    .map_or_else(|| Digest::of(item.item.as_bytes()).to_string(), ToString::to_string);
                self.group.notes.failed.push((index, key, item));
                state
            }
        };
        self.booked(chunk, at..at + 1, state)
    }

    /// Notes which items ended.
    fn booked(&mut self, chunk: &ChunkEndings, rows: Range<usize>, state: EndingKind) -> Option<()> {
        let endings = &mut self.group.commit.endings;
        let (first, count) = (chunk.first + rows.start as u64, rows.len() as u32);
        match endings.spans.last_mut() {
            Some(span) if span.first + u64::from(span.count) == first => span.count += count,
            _ => endings.spans.push(EndingSpan { first, count }),
        }
        let before = endings.identities.len();
        if state != EndingKind::Succeeded || !endings.states.is_empty() {
            endings.states.resize(before, EndingKind::Succeeded as u8);
            endings.states.resize(before + rows.len(), state as u8);
        }
        let contents = chunk.contents.get(rows.clone())?;
        if self.spec.keyed {
            let keys = chunk.keys.get(rows.clone())?;
            if chunk.identities.is_empty() {
                endings.identities.extend(keys.iter().map(|key| Digest::of_key(key)));
            } else {
                endings.identities.extend_from_slice(chunk.identities.get(rows)?);
            }
            endings.contents.extend_from_slice(contents);
        } else {
            endings.identities.extend_from_slice(contents);
        }
        Some(())
    }
}
