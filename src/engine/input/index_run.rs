//! Index runs are slices of a source whose items get the indices that are given: a process reads its share of a step's
//! input where it lies, and counts nothing that stands before. The input books what is read.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::data::{self, BadRow, DataError, Part, Position, Reader};
use crate::event::StepId;
use crate::plan::{Items, Verb};
use crate::value::Chunk;

/// Rows between two runs that are read in vain rather than opening the source once more.
const PASSED_ROWS_MAX: u64 = 4096;
/// Text that is passed over at a time.
const PASSED_BYTES: usize = 256 * 1024;

/// Neighbouring items of a step's input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct IndexRun {
    /// The source that they are read from.
    pub(in crate::engine) source: StepId,
    /// Index of the first one in the step's input.
    pub(in crate::engine) first: u64,
    /// Where they lie in the source, and how many they are.
    pub(in crate::engine) part: Part,
}

pub(super) type OpenAt = Box<dyn Fn(&Position) -> Result<Box<dyn Reader>, DataError> + Send>;

/// Runs of one source, read one after the other.
pub(super) struct IndexRuns {
    open_at: OpenAt,
    /// The run that is read first, and those behind it.
    waiting: VecDeque<IndexRun>,
    /// Items and bad rows of the first run that were read.
    seen: (u64, u64),
    reader: Option<Box<dyn Reader>>,
    /// Rows of all runs that were read.
    rows: u64,
    /// Items of the step's input that come from the inputs before this source.
    before: u64,
}

impl IndexRuns {
    /// Runs of the source that `verb` reads, in the order of their indices. `prove`: bad rows must be found here.
    pub(super) fn new(verb: &Verb, prove: bool, runs: Vec<IndexRun>) -> Result<Self, DataError> {
        let refuse = |what: &str| Err(DataError::Usage(format!("the index runs {what}")));
        let mut before = None;
        let mut next = 1;
        for run in &runs {
            let here = run.first.checked_sub(run.part.first());
            if here.is_none() || *before.get_or_insert(here) != here {
                return refuse("are none of this source");
            }
            if run.first < next {
                return refuse("overlap or are not in order");
            }
            let rows = run.part.items.checked_add(run.part.bad);
            let Some(end) = rows.and_then(|rows| run.first.checked_add(rows)) else {
                return refuse("have more items than there can be");
            };
            next = end - run.part.bad;
        }
        let open_at = open_at(verb, prove)?;
        let before = before.flatten().unwrap_or(0);
        Ok(Self { open_at, waiting: runs.into(), seen: (0, 0), reader: None, rows: 0, before })
    }

    /// Items of the step's input that come from the inputs before this source.
    pub(super) fn before(&self) -> u64 {
        self.before
    }

    /// Rows of all runs that were read.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// As [`Reader::read`], and gives the chunk the index of its first item.
    pub(super) fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        self.enter()?;
        let (Some(run), Some(reader)) = (self.waiting.front(), &mut self.reader) else { return Ok(false) };
        let left = run.part.items + run.part.bad - (self.seen.0 + self.seen.1);
        let max_items = max_items.min(usize::try_from(left).unwrap_or(usize::MAX));
        let bad_before = bad.len();
        let more = left > 0 && reader.read(max_items, max_bytes, chunk, bad)?;
        let (items, bad) = (chunk.len() as u64, (bad.len() - bad_before) as u64);
        chunk.first = run.first + self.seen.0;
        self.seen = (self.seen.0 + items, self.seen.1 + bad);
        self.rows += items + bad;
        let ends = !more || items + bad == left;
        if self.seen.0 > run.part.items || (ends && self.seen != (run.part.items, run.part.bad)) {
            return Err(other_rows(run));
        }
        if ends {
            self.waiting.pop_front();
            self.seen = (0, 0);
        }
        Ok(!self.waiting.is_empty())
    }

    /// Goes to the position of the first run, unless its reading has begun.
    fn enter(&mut self) -> Result<(), DataError> {
        let Some(run) = self.waiting.front() else { return Ok(()) };
        if self.seen != (0, 0) {
            return Ok(());
        }
        let wanted = &run.part.position;
        let gap = self.reader.as_ref().and_then(|reader| wanted.rows.checked_sub(reader.rows()));
        let near = self.reader.take().filter(|_| gap.is_some_and(|rows| rows <= PASSED_ROWS_MAX));
        let mut reader = near.map_or_else(|| (self.open_at)(wanted), Ok)?;
        let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
        while reader.rows() < wanted.rows {
            let rows = (wanted.rows - reader.rows()) as usize;
            if !reader.read(rows, PASSED_BYTES, &mut chunk, &mut bad)? && reader.rows() < wanted.rows {
                return Err(other_rows(run));
            }
        }
        self.reader = Some(reader);
        Ok(())
    }
}

fn other_rows(run: &IndexRun) -> DataError {
    let last = (run.first + run.part.items).saturating_sub(1);
    let message = "there are other rows than were counted".to_owned();
    DataError::Changed { file: format!("items {} to {last}", run.first), message }
}

/// How a source is entered.
pub(super) fn open_at(verb: &Verb, prove: bool) -> Result<OpenAt, DataError> {
    Ok(match verb {
        Verb::Read(read) => {
            let mut options = read.options.clone();
            options.validate |= prove;
            Box::new(move |position| data::open_at(&options, position))
        }
        Verb::Glob(glob) => {
            let options = glob.options.clone();
            Box::new(move |position| data::glob_at(&options, position))
        }
        Verb::Items(Items::List(list)) => {
            let list = Arc::clone(list);
            Box::new(move |position| data::items_reader_at(Arc::clone(&list), None, position))
        }
        Verb::Items(Items::Lua { .. })
        | Verb::MapLike(_)
        | Verb::Collect(_)
        | Verb::Write(_)
        | Verb::Split(_) => {
            return Err(DataError::Usage("only sources have index runs".to_owned()));
        }
    })
}
