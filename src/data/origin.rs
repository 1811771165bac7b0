//! These names are the fields that say where an item was read. `read` fills them.

use crate::data::{DataError, Format};

/// The fields that say where an item was read; a name that is not there is not wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginFields {
    /// The file, as the pattern has it; `-` for standard input.
    pub file: Option<String>,
    /// The first line of the row, counted from the first line of the file; in a Parquet file its row.
    pub line: Option<String>,
}

impl OriginFields {
    /// Whether nothing is wanted.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the fields differ, and items of this format can have them. `has_names`: those of tables are no lists.
    pub(super) fn check(&self, format: Format, has_names: bool) -> Result<(), DataError> {
        if self.is_empty() {
            return Ok(());
        }
        let refuse = |message: String| Err(DataError::Usage(message));
        match format {
            Format::Lines => refuse("`origin` is not for `lines`, whose items are strings".to_owned()),
            Format::Csv | Format::Tsv if !has_names => {
                refuse("`origin` is not for rows without names; give them with `columns`".to_owned())
            }
            _ if [&self.file, &self.line].into_iter().flatten().any(String::is_empty) => {
                refuse("`origin` needs a name for the field".to_owned())
            }
            _ if self.file == self.line => {
                let name = self.file.as_deref().unwrap_or_default();
                refuse(format!("`origin` names `{name}` twice"))
            }
            _ => Ok(()),
        }
    }
}
