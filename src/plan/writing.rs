//! This module turns what a `write` says of rows of text into the options of its writer.

use super::resolve::{Built, StepBuilder};
use crate::config;
use crate::data::RowStyle;

impl StepBuilder<'_> {
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
