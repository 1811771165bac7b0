//! A writer takes items as JSON text; every format is one.

use std::sync::Arc;

use super::{DataError, Ledger};

/// One place where a writer has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The place, as the user named it.
    pub name: Arc<str>,
    /// Items written there; `None`: all that the writer was given.
    pub rows: Option<u64>,
    /// Bytes written there; `None` where nobody counts them.
    pub bytes: Option<u64>,
    /// What is to be told of it.
    pub said: Option<String>,
}

/// Takes items as JSON text, from first to last.
pub trait Writer: Send {
    /// Writes complete JSON lines, each ended by a line feed.
    ///
    /// # Errors
    /// Fails when an item does not fit the format, or the file cannot be written.
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError>;

    /// Works off some of what was put aside until all items are known, when they are; `false`: nothing is left. It is called
    /// until then, before [`Writer::commit`], so that what takes long can be cut off in between.
    ///
    /// # Errors
    /// Fails as [`Writer::write`] does.
    fn work_off(&mut self) -> Result<bool, DataError> {
        Ok(false)
    }

    /// Ends the file and puts it in its place. Dropped without this, a writer leaves the old file as it was.
    /// Gives what was written. `ledger` is told what is done to a file that stays.
    ///
    /// # Errors
    /// Fails when the file cannot be written or put there.
    fn commit(self: Box<Self>, ledger: &dyn Ledger) -> Result<Vec<Written>, DataError>;
}
