//! A split output lies in many files: one for each key, and one for so many rows or bytes.
//!
//! Parts are written beside their targets and put in place all together, see `moving`.

mod key_spool;
mod leftovers;
mod manifest;
mod moving;
mod options;
mod part;
mod path;
#[cfg(test)]
mod tests;

pub use moving::settle_split;
pub use options::{SplitOptions, SplitOwner};
pub use part::PartFile;
pub use path::{SplitPath, split_key};

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use self::key_spool::KeySpool;
use self::leftovers::Unplaced;
use self::part::OpenPart;
use crate::data::DataError;
use crate::data::write::found_columns::FoundColumns;

/// Parts that are open at once, where their format holds little of each in memory. The items of further keys wait in a file
/// until all items are there.
const OPEN_MAX: usize = 64;

/// What is known of a key.
#[derive(Default)]
struct KeyState {
    open: Option<OpenPart>,
    /// Parts that were begun.
    parts: u64,
}

/// Takes items with their keys and writes them to parts.
pub struct SplitWriter {
    options: SplitOptions,
    columns: FoundColumns,
    /// By the name that the key has in paths, in order of first appearance.
    keys: IndexMap<Box<str>, KeyState>,
    /// Keys whose parts are written as items come; those of the others wait.
    open_max: usize,
    waiting: KeySpool,
    temp_dir: PathBuf,
    unplaced: Unplaced,
    done: Vec<PartFile>,
}

impl SplitWriter {
    /// Begins; items that must wait go to an unnamed file in `temp_dir`. Finishes first what a killed run of the same step
    /// has left half done.
    ///
    /// # Errors
    /// Fails when the options contradict each other, when files of another run cannot be dealt with, and when nothing can be
    /// written to the folder of the output.
    pub fn create(options: &SplitOptions, temp_dir: &Path) -> Result<Self, DataError> {
        settle_split(options)?;
        Ok(Self {
            columns: FoundColumns::of(&options.each)?,
            keys: IndexMap::new(),
            // Formats that gather groups of rows in memory write one part after the other.
            open_max: if options.each.format.streams() { OPEN_MAX } else { 1 },
            waiting: KeySpool::new(temp_dir),
            temp_dir: temp_dir.to_owned(),
            unplaced: Unplaced::new(options),
            done: Vec::new(),
            options: options.clone(),
        })
    }

    /// Writes an item, JSON on one line with a line feed behind it.
    ///
    /// # Errors
    /// Fails when the item does not fit the format, or a file cannot be written.
    pub fn push(&mut self, key: &str, line: &[u8]) -> Result<(), DataError> {
        let name = path::name_of(key);
        let at = match self.keys.get_index_of(&*name) {
            Some(at) => at,
            None => self.keys.insert_full(name.into(), KeyState::default()).0,
        };
        if at < self.open_max { self.write(at, line) } else { self.waiting.push(at, line) }
    }

    /// Writes what has waited and puts all parts in their places. `look` is called now and then, and what it fails with ends
    /// the writing. Returns the parts, those of one key after each other, keys in order of first appearance.
    ///
    /// # Errors
    /// Fails when an item does not fit the format, when two parts would be one file, and when a file cannot be written or put
    /// in its place.
    pub fn commit<E: From<DataError>>(
        mut self,
        look: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Vec<PartFile>, E> {
        for at in 0..self.keys.len() {
            look()?;
            if at >= self.open_max {
                let mut waiting = self.waiting.take(at)?;
                while let Some(lines) = waiting.next(&self.waiting)? {
                    look()?;
                    for line in lines.split_inclusive(|byte| *byte == b'\n') {
                        self.write(at, line)?;
                    }
                }
            }
            self.close(at)?;
        }
        let Self { options, mut unplaced, mut done, keys, .. } = self;
        // A part that was full ended before others of keys that came earlier.
        let order = |part: &PartFile| keys.get_index_of(&*part.key);
        done.sort_by_key(|part| (order(part), part.number));
        moving::put_in_place(&options, &mut unplaced, &done)?;
        Ok(done)
    }

    fn write(&mut self, at: usize, line: &[u8]) -> Result<(), DataError> {
        let (rows, bytes) = (self.options.rows, self.options.bytes);
        let is_full = |part: &OpenPart| {
            rows.is_some_and(|most| part.rows >= most)
                || bytes.is_some_and(|most| part.bytes + line.len() as u64 > most)
        };
        if self.keys[at].open.as_ref().is_some_and(is_full) {
            self.close(at)?;
        }
        if self.keys[at].open.is_none() {
            let (key, state) = self.keys.get_index_mut(at).expect("it was just made");
            state.parts += 1;
            let places = (&mut self.unplaced, &*self.temp_dir);
            state.open = Some(OpenPart::create(&self.options, &self.columns, places, key, state.parts)?);
        }
        let part = self.keys[at].open.as_mut().expect("it was just opened");
        part.push(line)
    }

    fn close(&mut self, at: usize) -> Result<(), DataError> {
        if let Some(part) = self.keys[at].open.take() {
            self.done.push(part.finish()?);
        }
        Ok(())
    }
}
