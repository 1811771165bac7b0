//! The packer makes one frame of what a step has told, in the order of the items, and notes how each of them ended.
//!
//! It decides neither where the frame goes nor when it is time for one.

use std::ops::Range;
use std::path::Path;

use super::pending::{CommitGroup, Pending};
use crate::store::chunk_endings::{ChunkEndings, Ending, ItemEnding, LinesPerItem, StepSpec};
use crate::store::endings::{EndingKind, EndingSpan};
use crate::store::line::{self, LineKey};
use crate::store::{Digest, StoreError};

/// Fast enough to keep up with a million items a second; slower levels save little of short lines full of digests,
/// faster ones take half as much room again for a tenth of the time.
const LEVEL: i32 = 1;

/// Working space that is kept from one frame to the next: one huge group must not stay for the rest of the run.
const SPACE_MAX: usize = 64 << 20;

/// Working space.
#[derive(Default)]
pub(super) struct Packer {
    lines: Vec<u8>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
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
        group.bytes = self.lines.len() as u64;
        if !self.lines.is_empty() {
            let failed = |error| StoreError::io("compress results of", Path::new(&*spec.name), error);
            group.packed = self.compress().map_err(failed)?;
        }
        if self.lines.capacity() > SPACE_MAX {
            self.lines = Vec::new();
        }
        Ok(group)
    }

    /// The lines as one zstd frame that says how long it will be and whose end proves the rest.
    fn compress(&mut self) -> std::io::Result<Vec<u8>> {
        let zstd = if let Some(zstd) = &mut self.zstd {
            zstd
        } else {
            let mut zstd = zstd::bulk::Compressor::new(LEVEL)?;
            zstd.include_checksum(true)?;
            zstd.include_contentsize(true)?;
            self.zstd.insert(zstd)
        };
        zstd.compress(&self.lines)
    }
}

/// Turns chunks into lines and endings.
struct Packing<'a> {
    spec: &'a StepSpec,
    group: &'a mut CommitGroup,
    lines: &'a mut Vec<u8>,
    /// Where the next result begins in the chunk's output.
    at: usize,
}

impl Packing<'_> {
    /// `None`: the chunk contradicts itself.
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
        for row in rows {
            let count = if self.spec.shape == LinesPerItem::One { 1 } else { *counts.next()? };
            let start = self.at;
            for _ in 0..count {
                self.at += memchr::memchr(b'\n', chunk.out.get(self.at..)?)? + 1;
            }
            let values = &chunk.out[start..self.at];
            let content = *chunk.contents.get(row)?;
            let key = match chunk.keys.get(row) {
                Some(key) => LineKey::Given(key, content),
                None => LineKey::Content(content),
            };
            self.group.emitted += u64::from(count);
            line::push(self.lines, chunk.first + row as u64, key, self.spec.shape, values);
            if self.spec.cache.is_some() {
                self.remember(content, values);
            }
        }
        Some(())
    }

    /// A `filter` that let the item go leaves nothing behind.
    fn remember(&mut self, content: Digest, values: &[u8]) {
        let mut value = Vec::new();
        if self.spec.shape != LinesPerItem::Optional || !values.is_empty() {
            line::gather(&mut value, self.spec.shape, values);
        }
        self.group.cache.push((content, value));
    }

    fn ended(&mut self, chunk: &ChunkEndings, at: usize, how: Ending) -> Option<()> {
        let index = chunk.first + at as u64;
        let content = chunk.contents.get(at)?;
        let key = || chunk.keys.get(at).map_or_else(|| content.to_string(), ToString::to_string);
        let state = match how {
            Ending::Open => return Some(()),
            Ending::Skipped(reason) => {
                self.group.skipped.push((index, key(), reason));
                EndingKind::Skipped
            }
            Ending::Failed(item) => {
                let state = if item.permanent { EndingKind::FailedForGood } else { EndingKind::Failed };
                self.group.failed.push((index, key(), item));
                state
            }
        };
        self.booked(chunk, at..at + 1, state)
    }

    /// Notes which items ended.
    fn booked(&mut self, chunk: &ChunkEndings, rows: Range<usize>, state: EndingKind) -> Option<()> {
        let endings = &mut self.group.endings;
        let (first, count) = (chunk.first + rows.start as u64, rows.len() as u32);
        match endings.runs.last_mut() {
            Some(run) if run.first + u64::from(run.count) == first => run.count += count,
            _ => endings.runs.push(EndingSpan { first, count }),
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
