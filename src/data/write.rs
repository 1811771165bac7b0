//! Opens files of items for writing. The order of the items is left to the caller.

use crate::data::{DataError, WriteOptions};

/// Takes items as JSON text, from first to last.
pub trait Writer: Send {
    /// Writes complete JSON lines, each ended by a line feed.
    fn write(&mut self, lines: &[u8]) -> Result<(), DataError>;

    /// Ends the file and puts it in its place. Dropped without this, a writer leaves the old file as it was.
    fn commit(self: Box<Self>) -> Result<(), DataError>;
}

/// Starts a file beside the target; [`Writer::commit`] puts it in the target's place.
pub fn create(options: &WriteOptions) -> Result<Box<dyn Writer>, DataError> {
    let _ = options;
    unimplemented!()
}
