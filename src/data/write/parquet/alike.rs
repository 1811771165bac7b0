//! Rows go into their columns straight from the text of the item where the reader of fields knows the order of its keys: no
//! tree of values is made of it. What such a row cannot be is left to the common way, by `column`.

use super::column::FieldBuilders;
use crate::value::json::FieldReader;

/// Reads items by the columns that they fill.
pub(super) struct AlikeRows {
    reader: FieldReader,
    scratch: String,
    /// For each order of keys whether the columns take all of them, as far as that is known.
    are_taken: Vec<Option<bool>>,
    /// Whether keys that are no columns are left out.
    skips: bool,
}

impl AlikeRows {
    /// Rows of these columns.
    pub(super) fn new(columns: &FieldBuilders, skips: bool) -> Self {
        let names = columns.names().map(str::to_owned).collect();
        Self { reader: FieldReader::new(names), scratch: String::new(), are_taken: Vec::new(), skips }
    }

    /// Adds an item as a row; `false`, with nothing added: it is for the common way.
    pub(super) fn add(&mut self, columns: &mut FieldBuilders, item: &[u8]) -> Result<bool, String> {
        let Ok(text) = std::str::from_utf8(item) else { return Ok(false) };
        let Some(path) = self.reader.read(item, &mut self.scratch) else { return Ok(false) };
        if !self.skips {
            let at = path.number();
            if at >= self.are_taken.len() {
                self.are_taken.resize(at + 1, None);
            }
            let keys = || self.reader.keys(path).all(|key| columns.has(key));
            if !*self.are_taken[at].get_or_insert_with(keys) {
                return Ok(false);
            }
        }
        columns.append_fields(self.reader.values(), text)?;
        Ok(true)
    }
}
