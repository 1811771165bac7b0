//! These readers are made of something at hand: a list of items, the first rows of another reader. `read` opens
//! files.

use std::sync::Arc;

use crate::data::position::{changed, foreign};
use crate::data::{BadRow, DataError, Position, PositionAt, Reader};
use crate::value::{Chunk, Extent};

/// Items and text that are passed over at a time.
const PASSED_ITEMS: usize = 4096;
const PASSED_BYTES: usize = 256 * 1024;

/// Reads a list of items that is already there, each as compact JSON text; the first `limit` of them.
pub fn items_reader(list: Arc<[Arc<str>]>, limit: Option<u64>) -> Box<dyn Reader> {
    let end = end_of(&list, limit);
    Box::new(ListReader { items: list, at: 0, end })
}

/// Reads such a list from a position of [`items_reader`] on.
///
/// # Errors
/// Fails when the position is none of this list.
pub fn items_reader_at(
    list: Arc<[Arc<str>]>,
    limit: Option<u64>,
    position: &Position,
) -> Result<Box<dyn Reader>, DataError> {
    let PositionAt::List { length } = position.at else { return Err(foreign("items")) };
    let end = end_of(&list, limit);
    if length != list.len() as u64 || position.rows > end as u64 {
        return Err(changed("items", format!("there are {} of them instead of {length}", list.len())));
    }
    Ok(Box::new(ListReader { items: list, at: position.rows as usize, end }))
}

fn end_of(list: &[Arc<str>], limit: Option<u64>) -> usize {
    limit.map_or(list.len(), |limit| list.len().min(usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// Ends `reader` after its first `limit` rows, bad ones counted.
pub(super) fn limited(reader: Box<dyn Reader>, limit: Option<u64>) -> Box<dyn Reader> {
    match limit {
        Some(limit) => Box::new(Limited { reader, limit }),
        None => reader,
    }
}

/// `count` items of a reader behind its first `before`, for a source without bad rows that is only read from its front.
pub fn slice_of(reader: Box<dyn Reader>, before: u64, count: u64) -> Box<dyn Reader> {
    limited(Box::new(Behind { reader, passed: 0, before }), Some(count))
}

/// What a reader gives behind its first items.
struct Behind {
    reader: Box<dyn Reader>,
    passed: u64,
    before: u64,
}

impl Reader for Behind {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        while self.passed < self.before {
            let left = usize::try_from(self.before - self.passed).unwrap_or(usize::MAX);
            let more = self.reader.read(left.min(PASSED_ITEMS), PASSED_BYTES, chunk, bad)?;
            self.passed += chunk.len() as u64;
            if !more {
                chunk.clear();
                return Ok(false);
            }
        }
        self.reader.read(max_items, max_bytes, chunk, bad)
    }

    fn rows(&self) -> u64 {
        self.reader.rows().saturating_sub(self.before)
    }

    fn position(&self) -> Option<Position> {
        None
    }
}

struct ListReader {
    items: Arc<[Arc<str>]>,
    at: usize,
    end: usize,
}

impl Reader for ListReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        _bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        while self.at < self.end && chunk.len() < max_items && chunk.text.len() < max_bytes.max(1) {
            chunk.text.extend_from_slice(self.items[self.at].as_bytes());
            chunk.text.push(b'\n');
            chunk.end_item();
            self.at += 1;
        }
        Ok(self.at < self.end)
    }

    fn rows(&self) -> u64 {
        self.at as u64
    }

    fn position(&self) -> Option<Position> {
        let at = PositionAt::List { length: self.items.len() as u64 };
        Some(Position { rows: self.rows(), bad: 0, at })
    }

    fn extent(&self) -> Option<Extent> {
        Some(Extent { done: self.at as u64, of: self.end as u64 })
    }
}

struct Limited {
    reader: Box<dyn Reader>,
    limit: u64,
}

impl Reader for Limited {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        // A position may lie behind the limit, when another limit held for its reader.
        let left = self.limit.saturating_sub(self.reader.rows());
        if left == 0 {
            chunk.clear();
            return Ok(false);
        }
        let max_items = max_items.min(usize::try_from(left).unwrap_or(usize::MAX));
        let more = self.reader.read(max_items, max_bytes, chunk, bad)?;
        Ok(more && self.reader.rows() < self.limit)
    }

    fn rows(&self) -> u64 {
        self.reader.rows()
    }

    fn position(&self) -> Option<Position> {
        self.reader.position()
    }

    fn extent(&self) -> Option<Extent> {
        let limit = Extent { done: self.reader.rows(), of: self.limit };
        self.reader.extent().map(|extent| extent.furthest(limit))
    }

    fn notice(&self) -> Option<&str> {
        self.reader.notice()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mut reader: Box<dyn Reader>, max_items: usize, max_bytes: usize, expect: &str) {
        let (mut chunk, mut text) = (Chunk::default(), Vec::new());
        while reader.read(max_items, max_bytes, &mut chunk, &mut Vec::new()).expect("readable") {
            assert!((1..=max_items).contains(&chunk.len()));
            text.append(&mut chunk.text);
        }
        text.append(&mut chunk.text);
        assert_eq!(String::from_utf8_lossy(&text), expect);
        assert_eq!(reader.rows(), expect.lines().count() as u64);
    }

    fn list(items: &[&str], limit: Option<u64>) -> Box<dyn Reader> {
        items_reader(items.iter().copied().map(Arc::from).collect(), limit)
    }

    #[test]
    fn a_list_is_read_in_chunks_up_to_its_limit() {
        check(list(&["1", "[2]", "\"c\""], None), 2, 100, "1\n[2]\n\"c\"\n");
        check(list(&["1", "2"], None), 9, 0, "1\n2\n");
        check(list(&["1", "2", "3"], Some(2)), 9, 100, "1\n2\n");
        check(list(&["1"], Some(5)), 9, 100, "1\n");
        check(list(&[], None), 9, 100, "");
    }
}
