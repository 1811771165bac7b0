//! The results of a step that has ended lie where the steps behind it read them: a few in memory, many in the run's own
//! segments. Only a run that is not kept puts them into a temporary file.

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::run_store::RunStore;
use crate::data::{self, DataError, Reader, Spool, Stored};
use crate::store::{Results, StoreError};

/// Text that is unpacked at a time.
const UNPACKED_BYTES: usize = 256 * 1024;

/// Collects the results of a step that steps behind it will read.
pub(super) struct ResultCollector {
    /// `None`: there are too many for memory, and the segments hold them anyway.
    spool: Option<Spool>,
    /// Whether all of them go into the run's segments too.
    in_segments: bool,
    count: u64,
}

impl ResultCollector {
    /// For a step whose results the journal keeps, or not.
    pub(super) fn new(temp_dir: &Path, in_segments: bool) -> Self {
        Self { spool: Some(Spool::new(temp_dir)), in_segments, count: 0 }
    }

    /// Of a step whose results, so many, are in the run's segments already.
    pub(super) fn of_segments(count: u64) -> Self {
        Self { spool: None, in_segments: true, count }
    }

    /// Adds `count` lines.
    pub(super) fn write(&mut self, lines: &[u8], count: u64) -> Result<(), DataError> {
        self.count += count;
        if self.in_segments && self.spool.as_ref().is_some_and(|spool| !spool.has_memory_for(lines)) {
            self.spool = None;
        }
        self.spool.as_mut().map_or(Ok(()), |spool| spool.write(lines, count))
    }

    /// No more will come.
    pub(super) fn finish(self) -> Result<StoredResults, DataError> {
        Ok(match self.spool {
            Some(spool) => StoredResults::Spool(spool.finish()?),
            None => StoredResults::Segments { count: self.count },
        })
    }
}

/// The results of one step, in the order of its items. They can be read as often as somebody wants.
#[derive(Debug, Clone)]
pub(super) enum StoredResults {
    /// In memory, or in a temporary file.
    Spool(Stored),
    /// In the segments of the run, readable once the end of the step has been booked.
    Segments {
        /// How many.
        count: u64,
    },
}

impl StoredResults {
    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::Spool(stored) => stored.count(),
            Self::Segments { count } => *count,
        }
    }

    /// Reads the results, which are those of `step`, from the front.
    pub(super) fn reader(
        &self,
        run_store: Option<&RunStore>,
        step: &Arc<str>,
    ) -> Result<Box<dyn Reader>, DataError> {
        let count = match self {
            Self::Spool(stored) => return Ok(stored.reader()),
            Self::Segments { count } => *count,
        };
        let unreadable = |error: StoreError| {
            DataError::Usage(format!("the results of step `{step}` cannot be read back: {error}"))
        };
        let run_store = run_store.expect("only a run that is kept has segments");
        let results = run_store.results(step).map_err(unreadable)?;
        let lines = SegmentLines { results, step: Arc::clone(step), text: Vec::new(), at: 0, left: count };
        Ok(data::stored_lines(Box::new(lines), &format!("the kept results of step `{step}`")))
    }
}

/// The result lines of a step, as a text that is read from the front.
struct SegmentLines {
    results: Results,
    step: Arc<str>,
    /// What was unpacked last, and how much of it has been given out.
    text: Vec<u8>,
    at: usize,
    /// Results that are still to come.
    left: u64,
}

impl SegmentLines {
    /// Unpacks more. Fewer results than the step gave on are an error, never an early end.
    fn unpack(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        self.results.read(UNPACKED_BYTES, &mut self.text);
        let found = memchr::memchr_iter(b'\n', &self.text).count() as u64;
        let whole = self.results.damaged() == 0 && (found > 0 || self.left == 0);
        let Some(left) = self.left.checked_sub(found).filter(|_| whole) else {
            let damage = format!("kept results of step `{}` are damaged", self.step);
            return Err(io::Error::new(io::ErrorKind::InvalidData, damage));
        };
        self.left = left;
        Ok(())
    }
}

impl Read for SegmentLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.text.len() {
            self.unpack()?;
        }
        let rest = &self.text[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}
