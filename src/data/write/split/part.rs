//! A part of a split output is one file: open while items come, then complete and on the disk, not yet in its place.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::leftovers::Unplaced;
use super::options::SplitOptions;
use crate::data::write::found_columns::FoundColumns;
use crate::data::write::output::Output;
use crate::data::write::writer_to;
use crate::data::{DataError, NoLedger, Writer};

/// A part that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartFile {
    /// The path as the pipeline has it, with key and number in it.
    pub name: Arc<str>,
    /// The name of its key.
    pub(super) key: Box<str>,
    /// Its number among those of its key, from 1.
    pub(super) number: u64,
    /// Where it belongs.
    pub(super) target: PathBuf,
    /// Where it lies until all parts are written.
    pub(super) temporary: PathBuf,
    /// Items in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// A part that items go to.
pub(super) struct OpenPart {
    writer: Box<dyn Writer>,
    file: PartFile,
    pub(super) rows: u64,
    /// Bytes of its items as JSON lines.
    pub(super) bytes: u64,
}

impl OpenPart {
    /// Opens part `number` of a key. `unplaced` remembers it until it is put in its place.
    pub(super) fn create(
        options: &SplitOptions,
        found: &FoundColumns,
        (unplaced, temp_dir): (&mut Unplaced, &Path),
        key: &str,
        number: u64,
    ) -> Result<Self, DataError> {
        let path = options.path.file(key, number);
        let target = options.root.join(&path);
        let name: Arc<str> = path.into();
        let (file, temporary) = unplaced.create(&target, &name)?;
        let output = Output::part(&options.each, Arc::clone(&name), file)?;
        let file = PartFile { name, key: key.into(), number, target, temporary, rows: 0, bytes: 0 };
        let writer = writer_to(output, &options.each, found, temp_dir)?;
        Ok(Self { writer, file, rows: 0, bytes: 0 })
    }

    /// Writes a line.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<(), DataError> {
        self.rows += 1;
        self.bytes += line.len() as u64;
        self.writer.write(line)
    }

    /// Ends the file. It is complete then, and not yet brought to the disk.
    pub(super) fn finish(self) -> Result<PartFile, DataError> {
        let Self { writer, file, rows, .. } = self;
        writer.commit(&NoLedger)?;
        let bytes = fs::metadata(&file.temporary).map(|held| held.len());
        let fail = |source| DataError::Io { intent: "look at", path: file.temporary.clone(), source };
        Ok(PartFile { rows, bytes: bytes.map_err(fail)?, ..file })
    }
}
