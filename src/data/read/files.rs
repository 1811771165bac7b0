//! This reader goes through the files of a pattern, one after the other. `read` opens each of them.

use std::collections::VecDeque;

use crate::data::pattern::FoundFile;
use crate::data::{BadRow, DataError, Format, ReadOptions, Reader};
use crate::value::Chunk;

use super::file::open_file;

/// Reads the matching files in order; only one is open at a time.
pub(super) struct Files {
    options: ReadOptions,
    waiting: VecDeque<FoundFile>,
    current: Option<Box<dyn Reader>>,
    /// Rows of the files that have ended.
    rows_before: u64,
    notice: Option<String>,
}

impl Files {
    /// Nothing is opened yet, but each file's format is known.
    pub(super) fn new(options: &ReadOptions, found: Vec<FoundFile>) -> Result<Self, DataError> {
        for file in &found {
            let format = options.format.map_or_else(|| Format::of_path(&file.name), Ok)?;
            options.check_format(format)?;
        }
        let notice = found.is_empty().then(|| format!("no file matches `{}`", options.path));
        Ok(Self { options: options.clone(), waiting: found.into(), current: None, rows_before: 0, notice })
    }
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
            let Some(next) = self.waiting.pop_front() else { return Ok(false) };
            self.current = Some(open_file(&self.options, &next)?);
        }
        let reader = self.current.as_mut().expect("it was just opened");
        let old = bad.len();
        let more = reader.read(max_items, max_bytes, chunk, bad)?;
        for row in &mut bad[old..] {
            row.index += self.rows_before;
        }
        if !more {
            self.rows_before += reader.rows();
            self.current = None;
        }
        Ok(more || !self.waiting.is_empty())
    }

    fn rows(&self) -> u64 {
        self.rows_before + self.current.as_ref().map_or(0, |reader| reader.rows())
    }

    fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }
}
