//! A chunk is neighbouring items as JSON text: it is what travels between readers, workers and writers.

use std::ops::Range;
use std::sync::Arc;

/// The longest item, as JSON text: offsets within a chunk have 32 bits, and a chunk holds a little more than one such item at most.
pub const ITEM_BYTES_MAX: usize = 1 << 30;

/// Where a chunk's items came from, for messages about rows that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file as the user would name it; `-` for standard input.
    pub file: Arc<str>,
    /// Line of the chunk's first item, from 1; each further item stands on the next line, but for the shifts.
    pub line: u64,
    /// From which item on, counted from 0, how many lines further down than counted the items stand.
    shifts: Vec<(u32, i64)>,
}

impl Origin {
    /// Items that stand on neighbouring lines.
    pub fn new(file: Arc<str>, line: u64) -> Self {
        Self { file, line, shifts: Vec::new() }
    }

    /// Notes that the item at `at`, which comes behind all that were noted, stands on this line.
    pub fn note(&mut self, at: usize, line: u64) {
        if self.line_of(at) != line {
            self.shifts.push((at as u32, line as i64 - self.line as i64 - at as i64));
        }
    }

    /// The line of the item at `at`, counted from 0.
    pub fn line_of(&self, at: usize) -> u64 {
        (self.line + at as u64).wrapping_add_signed(self.shift(at))
    }

    fn shift(&self, at: usize) -> i64 {
        match self.shifts.partition_point(|(item, _)| *item as usize <= at) {
            0 => 0,
            behind => self.shifts[behind - 1].1,
        }
    }

    /// The origin of the items from `start` on.
    fn from(&self, start: usize) -> Self {
        let before = self.shift(start);
        let behind = self.shifts.iter().filter(|(item, _)| *item as usize > start);
        let shifts = behind.map(|(item, shift)| (item - start as u32, shift - before)).collect();
        Self { file: Arc::clone(&self.file), line: self.line_of(start), shifts }
    }
}

/// Items with consecutive indices, back to back as JSON text.
///
/// Each item's text is one JSON value with optional white space (a line end, say) around it.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// Index of the first item, from 1: its position in the step's input.
    pub first: u64,
    /// The text of all items.
    pub text: Vec<u8>,
    /// Where each item's text ends in `text`. Chunks stay far below 4 GiB; a reader refuses longer rows.
    pub ends: Vec<u32>,
    /// Key of each item, where items have keys of their own; empty otherwise.
    pub keys: Vec<Box<str>>,
    /// Known for items that were read from a file and not yet proved to be JSON.
    pub origin: Option<Origin>,
}

impl Chunk {
    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds no item.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of the item at `at`, counted from 0.
    pub fn item(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.text[start..self.ends[at] as usize]
    }

    /// The key of the item at `at`, where items have keys of their own.
    pub fn key(&self, at: usize) -> Option<&str> {
        self.keys.get(at).map(|key| &**key)
    }

    /// Adds an item's text.
    ///
    /// # Panics
    /// When the chunk would pass 4 GiB; readers bound their chunks far below.
    pub fn push(&mut self, item: &[u8]) {
        self.text.extend_from_slice(item);
        self.end_item();
    }

    /// Makes an item of what was added to `text` since the last one ended.
    ///
    /// # Panics
    /// When the chunk has passed 4 GiB; readers bound their chunks far below.
    #[inline]
    pub fn end_item(&mut self) {
        self.ends.push(u32::try_from(self.text.len()).expect("readers bound a chunk to 4 GiB"));
    }

    /// The same for an item that stands on this line, which is kept where the origin of the items is.
    #[inline]
    pub fn end_item_on(&mut self, line: u64) {
        self.end_item();
        if self.origin.is_some() {
            self.note_last(line);
        }
    }

    /// Forgets what was added to `text` since the last item ended.
    pub fn drop_unended(&mut self) {
        self.text.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }

    #[cold]
    fn note_last(&mut self, line: u64) {
        if let Some(origin) = &mut self.origin {
            origin.note(self.ends.len() - 1, line);
        }
    }

    /// Keeps the items that `keep`, given each one's position from 0 and its text, says yes to. `first` and `origin`
    /// then describe what is left only if nothing was dropped.
    pub fn retain(&mut self, mut keep: impl FnMut(usize, &[u8]) -> bool) {
        let (mut start, mut kept, mut kept_bytes) = (0, 0, 0);
        for at in 0..self.ends.len() {
            let end = self.ends[at] as usize;
            if keep(at, &self.text[start..end]) {
                if kept_bytes < start {
                    self.text.copy_within(start..end, kept_bytes);
                }
                kept_bytes += end - start;
                self.ends[kept] = kept_bytes as u32;
                kept += 1;
            }
            start = end;
        }
        self.ends.truncate(kept);
        self.text.truncate(kept_bytes);
    }

    /// A copy of the items at `range`, with their indices and origin.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let start = if range.start == 0 { 0 } else { self.ends[range.start - 1] };
        let end = if range.end == 0 { 0 } else { self.ends[range.end - 1] };
        Self {
            first: self.first + range.start as u64,
            text: self.text[start as usize..end.max(start) as usize].to_vec(),
            ends: self.ends[range.clone()].iter().map(|end| end - start).collect(),
            keys: self.keys.get(range.clone()).map(<[_]>::to_vec).unwrap_or_default(),
            origin: self.origin.as_ref().map(|origin| origin.from(range.start)),
        }
    }

    /// Forgets all items and keeps the buffers.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.keys.clear();
        self.origin = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_retained_moves_together() {
        let mut chunk = Chunk::default();
        for item in ["1\n", "22\n", "333\n", "4\n"] {
            chunk.push(item.as_bytes());
        }
        chunk.retain(|at, text| at != 0 && text != b"333\n");
        assert_eq!((chunk.text.as_slice(), chunk.ends.as_slice()), (&b"22\n4\n"[..], &[3, 5][..]));
    }

    #[test]
    fn a_slice_keeps_index_line_and_text() {
        let mut chunk = Chunk { first: 5, ..Chunk::default() };
        for item in ["1\n", "22\n", "333\n"] {
            chunk.push(item.as_bytes());
        }
        chunk.origin = Some(Origin::new("a".into(), 9));
        let slice = chunk.slice(1..3);
        assert_eq!((slice.first, slice.len()), (6, 2));
        assert_eq!((slice.item(0), slice.item(1)), (&b"22\n"[..], &b"333\n"[..]));
        assert_eq!(slice.origin.expect("kept").line, 10);
    }

    #[test]
    fn items_stand_on_any_lines_also_in_slices() {
        let mut chunk = Chunk::default();
        for item in ["1\n", "2\n", "3\n", "4\n"] {
            chunk.push(item.as_bytes());
        }
        let lines = [11, 12, 15, 3];
        let mut origin = Origin::new("a".into(), 10);
        for (at, line) in lines.into_iter().enumerate() {
            origin.note(at, line);
        }
        assert_eq!([0, 1, 2, 3].map(|at| origin.line_of(at)), lines);
        chunk.origin = Some(origin);
        for start in 0..4 {
            let slice = chunk.slice(start..4).origin.expect("kept");
            let seen: Vec<u64> = (0..4 - start).map(|at| slice.line_of(at)).collect();
            assert_eq!(seen, lines[start..]);
        }
    }
}
