//! A ledger is what a run keeps of places that hold something already, so that the run that goes on with it writes nothing
//! twice. The engine has one for each step that writes.

use crate::data::DataError;

/// What a writer does to a file that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The run that does it.
    pub run: String,
    /// Its length before, and the digest of its last 64 KiB then.
    pub before: FileEnd,
    /// The same for after.
    pub after: FileEnd,
}

/// How a file ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEnd {
    /// Its length in bytes.
    pub length: u64,
    /// The digest of its last 64 KiB.
    pub digest: String,
}

/// By what a database knows what a step has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunMarks {
    /// The step.
    pub step: String,
    /// This run, and those that it goes on with; none: nothing is to be known.
    pub runs: Vec<String>,
}

/// What a run keeps of what a step writes, and what the run before it has kept.
pub trait Ledger {
    /// What the run that this one goes on with was about to append to the file of this name, or has.
    ///
    /// # Errors
    /// Fails when what was kept cannot be read.
    fn earlier(&self, name: &str) -> Result<Option<Appended>, DataError>;

    /// By what a database is to know what the step does.
    ///
    /// # Errors
    /// Fails when what was kept cannot be read.
    fn marks(&self) -> Result<RunMarks, DataError>;

    /// Keeps what is about to be done; it is done only when that is on the disk.
    ///
    /// # Errors
    /// Fails when it cannot be kept.
    fn note(&self, name: &str, before: &FileEnd, after: &FileEnd) -> Result<(), DataError>;
}

/// Keeps nothing, and knows of nothing.
#[derive(Debug, Clone, Copy)]
pub struct NoLedger;

impl Ledger for NoLedger {
    fn earlier(&self, _: &str) -> Result<Option<Appended>, DataError> {
        Ok(None)
    }

    fn marks(&self) -> Result<RunMarks, DataError> {
        Ok(RunMarks::default())
    }

    fn note(&self, _: &str, _: &FileEnd, _: &FileEnd) -> Result<(), DataError> {
        Ok(())
    }
}
