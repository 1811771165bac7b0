//! A shape makes an item of each record of a table: an object or a list. `field` gives each value its type, and `table`
//! finds out which shape it is.

use crate::data::read::field::push_field;
use crate::data::read::lines::too_long;
use crate::data::read::records::Records;
use crate::data::{Column, ColumnType};
use crate::value::ITEM_BYTES_MAX;
use crate::value::json::{write_string, written_len};

/// How a record becomes an item.
pub(super) struct RecordShape {
    /// Fields that every record has.
    width: usize,
    outputs: Vec<CellOutput>,
    close: &'static [u8],
}

/// One value of the item.
struct CellOutput {
    /// Column name; empty for lists.
    name: String,
    /// JSON text before the value.
    before: Vec<u8>,
    /// Which field of the record.
    field: usize,
    kind: ColumnType,
}

impl RecordShape {
    /// Objects with the chosen fields, of records with `width` of them.
    pub(super) fn object(width: usize, chosen: Vec<(usize, Column)>) -> Self {
        let mut outputs = Vec::with_capacity(chosen.len());
        for (field, column) in chosen {
            let mut before = vec![if outputs.is_empty() { b'{' } else { b',' }];
            let known = write_string(&mut before, column.name.as_bytes());
            assert!(known, "names of columns are strings");
            before.push(b':');
            outputs.push(CellOutput { name: column.name, before, field, kind: column.kind });
        }
        let close: &[u8] = if outputs.is_empty() { b"{}\n" } else { b"}\n" };
        Self { width, outputs, close }
    }

    /// Lists of `width` strings.
    pub(super) fn list(width: usize) -> Self {
        let output = |field| CellOutput {
            name: String::new(),
            before: vec![if field == 0 { b'[' } else { b',' }],
            field,
            kind: ColumnType::String,
        };
        Self { width, outputs: (0..width).map(output).collect(), close: b"]\n" }
    }

    /// Fields that every record has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Adds the item that the last record makes.
    pub(super) fn push(&self, records: &Records, out: &mut Vec<u8>) -> Result<(), String> {
        if records.len() != self.width {
            let plural = if self.width == 1 { "" } else { "s" };
            return Err(format!("the row has {} instead of {} field{plural}", records.len(), self.width));
        }
        let end = out.len().saturating_add(ITEM_BYTES_MAX);
        for output in &self.outputs {
            let place = || match output.name.as_str() {
                "" => format!("field {}", output.field + 1),
                name => format!("column `{name}`"),
            };
            out.extend_from_slice(&output.before);
            let field = records.field(output.field);
            // What must be escaped is six times as long in JSON; most fields need no counting.
            let most = field.len().saturating_mul(6).saturating_add(out.len());
            if most > end && written_len(field).saturating_add(out.len()) > end {
                return Err(format!("{}: {}", place(), too_long()));
            }
            push_field(out, field, output.kind).map_err(|message| format!("{}: {message}", place()))?;
        }
        out.extend_from_slice(self.close);
        Ok(())
    }
}
