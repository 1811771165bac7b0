//! This module turns what a `write` says of rows of text, or of a table, into the options of its writer.

use super::resolve::{Built, StepBuilder};
use crate::config;
use crate::data::{RowStyle, TableTarget};

impl StepBuilder<'_> {
    /// The table of a database that is written.
    pub(super) fn table(&self, at: &str, write: &config::Write) -> Built<Option<TableTarget>> {
        let name = self.known(&format!("{at}/table"), write.table.as_ref())?;
        let upsert_by = self.known(&format!("{at}/upsert_by"), write.upsert_by.as_ref())?;
        if upsert_by.is_some() && name.is_none() {
            return Err(self.bad_option(at, "`upsert_by` are columns of a `table`, which is missing").into());
        }
        Ok(name.map(|name| TableTarget { name, upsert_by: upsert_by.unwrap_or_default() }))
    }

    /// How the rows of a table are written.
    pub(super) fn row_style(&self, at: &str, write: &config::Write) -> Built<RowStyle> {
        let field = |key: &str| format!("{at}/{key}");
        let delimiter = self.known(&field("delimiter"), write.delimiter.as_ref())?;
        Ok(RowStyle {
            delimiter: delimiter.map(|delimiter| delimiter.0),
            quoting: self.known(&field("quoting"), write.quoting.as_ref())?,
            bom: self.known(&field("bom"), write.bom.as_ref())?.unwrap_or(false),
            line_end: self.known(&field("line_end"), write.line_end.as_ref())?.unwrap_or_default(),
            all_columns: self.known(&field("all_columns"), write.all_columns.as_ref())?.unwrap_or(false),
        })
    }
}
