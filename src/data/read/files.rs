//! This reader goes through the files of a pattern, one after the other. `read` opens each of them.

use std::cell::OnceCell;
use std::fs;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::file::{Bounds, open_file};
use crate::data::pattern::{self, FoundFile};
use crate::data::position::{changed, foreign};
use crate::data::{BadRow, DataError, FileMark, Format, Position, PositionAt, ReadOptions, Reader};
use crate::value::{Chunk, Extent};

/// Reads the matching files in order; only one is open at a time.
pub(super) struct Files {
    options: ReadOptions,
    found: Vec<FoundFile>,
    /// Files that were opened, or that lie before the first one.
    opened: usize,
    current: Option<Box<dyn Reader>>,
    /// Files that are read to their end, and the place in the next one where the reading ends.
    end: (usize, Option<Position>),
    /// Rows of the files that have ended.
    rows_before: u64,
    bad: u64,
    /// Of the files' names, sizes and times, once somebody has asked for it.
    digest: OnceCell<u64>,
    /// Bytes of the files up to the end of each, once somebody has asked for them.
    ends: OnceCell<Vec<u64>>,
    notice: Option<String>,
}

impl Files {
    /// Nothing is opened yet, but each file's format is known.
    pub(super) fn new(options: &ReadOptions, found: Vec<FoundFile>) -> Result<Self, DataError> {
        for file in &found {
            let format = options.format.map_or_else(|| Format::of_path(&file.name), Ok)?;
            options.check_format(format)?;
        }
        let notice = found.is_empty().then(|| pattern::no_match(&options.path));
        Ok(Self {
            options: options.clone(),
            opened: 0,
            current: None,
            end: (found.len(), None),
            found,
            rows_before: 0,
            bad: 0,
            digest: OnceCell::new(),
            ends: OnceCell::new(),
            notice,
        })
    }

    /// The same, but only the rows between two positions.
    pub(super) fn between(mut self, bounds: Bounds<'_>) -> Result<Self, DataError> {
        if let Some(until) = bounds.until {
            let (file, inside) = self.place(until)?;
            self.end = (file, inside.cloned());
        }
        let Some(from) = bounds.from else { return Ok(self) };
        let (file, inside) = self.place(from)?;
        (self.opened, self.bad) = (file, from.bad);
        let inside_rows = inside.map_or(0, |inside| inside.rows);
        let before = from.rows.checked_sub(inside_rows);
        self.rows_before = before.ok_or_else(|| foreign(&self.options.path))?;
        if inside.is_some() {
            self.open_next(inside)?;
        }
        Ok(self)
    }

    /// Opens the next file, at a position in it or at its front.
    fn open_next(&mut self, from: Option<&Position>) -> Result<(), DataError> {
        let until = self.end.1.as_ref().filter(|_| self.opened == self.end.0);
        let file = &self.found[self.opened];
        self.current = Some(open_file(&self.options, file, Bounds { from, until })?);
        self.opened += 1;
        Ok(())
    }

    /// Files that are read, the last one perhaps not to its end.
    fn count(&self) -> usize {
        self.end.0 + usize::from(self.end.1.is_some())
    }

    /// Files before a position, and the place in the next one.
    fn place<'a>(&self, position: &'a Position) -> Result<(usize, Option<&'a Position>), DataError> {
        let path = &self.options.path;
        let PositionAt::Files { digest, file, inside } = &position.at else { return Err(foreign(path)) };
        // An index of a row is only as good as all files before it, and what is read further on lies in those behind it.
        if *digest != self.digest() {
            return Err(changed(path, "a file that it matches was added, removed or written to"));
        }
        let file = usize::try_from(*file).unwrap_or(usize::MAX);
        let is_there = file < self.found.len() || (file == self.found.len() && inside.is_none());
        if is_there { Ok((file, inside.as_deref())) } else { Err(foreign(path)) }
    }

    fn digest(&self) -> u64 {
        *self.digest.get_or_init(|| digest(&self.found))
    }
}

/// The bytes of files up to the end of each. One that is gone has none; reading it will tell.
fn ends(found: &[FoundFile]) -> Vec<u64> {
    let size = |file: &FoundFile| fs::metadata(&file.path).map_or(0, |metadata| metadata.len());
    let ends = found.iter().scan(0_u64, |end, file| {
        *end = end.saturating_add(size(file));
        Some(*end)
    });
    ends.collect()
}

/// A digest of the names, sizes and times of files. It costs a look at each of them.
fn digest(found: &[FoundFile]) -> u64 {
    found.iter().fold(pattern::digest(found), |digest, file| {
        // A file that is gone has no mark; reading it will tell.
        let mark = fs::metadata(&file.path).map(|metadata| FileMark::of(&metadata)).ok();
        let (size, seconds, nanoseconds) =
            mark.map_or((u64::MAX, 0, 0), |mark| (mark.size, mark.modified.0, mark.modified.1));
        let seed = xxh3_64_with_seed(&size.to_le_bytes(), digest);
        let seed = xxh3_64_with_seed(&seconds.to_le_bytes(), seed);
        xxh3_64_with_seed(&nanoseconds.to_le_bytes(), seed)
    })
}

impl Reader for Files {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        if self.current.is_none() {
            if self.opened >= self.count() {
                return Ok(false);
            }
            self.open_next(None)?;
        }
        let reader = self.current.as_mut().expect("it was just opened");
        let old = bad.len();
        let more = reader.read(max_items, max_bytes, chunk, bad)?;
        for row in &mut bad[old..] {
            row.index += self.rows_before;
        }
        self.bad += (bad.len() - old) as u64;
        // Where the reading ends within a file, the position stays there.
        if !more && self.opened <= self.end.0 {
            self.rows_before += reader.rows();
            self.current = None;
        }
        Ok(more || self.opened < self.count())
    }

    fn rows(&self) -> u64 {
        self.rows_before + self.current.as_ref().map_or(0, |reader| reader.rows())
    }

    fn position(&self) -> Option<Position> {
        let (file, inside) = match &self.current {
            Some(reader) => (self.opened - 1, Some(Box::new(reader.position()?))),
            None => (self.opened, None),
        };
        let at = PositionAt::Files { digest: self.digest(), file: file as u64, inside };
        Some(Position { rows: self.rows(), bad: self.bad, at })
    }

    fn extent(&self) -> Option<Extent> {
        let ends = self.ends.get_or_init(|| ends(&self.found));
        let end = |files: usize| files.checked_sub(1).map_or(0, |last| ends[last]);
        let done = match &self.current {
            None => end(self.opened),
            Some(reader) => {
                let before = end(self.opened - 1);
                before + reader.extent().map_or(0, |extent| extent.share_of(end(self.opened) - before))
            }
        };
        Some(Extent { done, of: end(self.found.len()) })
    }

    fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }
}
