//! These names are the fields that say where an item was read. `read` fills them.

use crate::data::Format;

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

    /// What is wrong when the fields do not differ, or items of this format cannot have them. `has_names`: those of tables are no
    /// lists.
    pub(super) fn problem(&self, format: Format, has_names: bool) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        match format {
            Format::Lines => Some("`origin` is not for `lines`, whose items are strings".to_owned()),
            Format::Csv | Format::Tsv if !has_names => {
                Some("`origin` is not for rows without names; give them with `columns`".to_owned())
            }
            _ if [&self.file, &self.line].into_iter().flatten().any(String::is_empty) => {
                Some("`origin` needs a name for the field".to_owned())
            }
            _ if self.file == self.line => {
                let name = self.file.as_deref().unwrap_or_default();
                Some(format!("`origin` names `{name}` twice"))
            }
            _ => None,
        }
    }
}
