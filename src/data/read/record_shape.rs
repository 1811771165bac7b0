//! A shape makes an item of each record of a table: an object or a list. `field` gives each value its type, and `table`
//! finds out which shape it is.

use crate::data::dialect::REST;
use crate::data::read::decoding::blamed;
use crate::data::read::field::push_field;
use crate::data::read::lines::too_long;
use crate::data::read::records::Records;
use crate::data::{Column, ColumnType, Dialect, Ragged};
use crate::value::ITEM_BYTES_MAX;
use crate::value::json::{quoted, written_len};

/// No record has so many fields: items are lists as long as their records.
const ANY_WIDTH: usize = usize::MAX;

/// How a record becomes an item.
pub(super) struct RecordShape {
    /// Fields that every record has, or [`ANY_WIDTH`].
    width: usize,
    outputs: Vec<CellOutput>,
    close: &'static [u8],
    ragged: Ragged,
    /// Texts that are null in columns that may be null.
    null_values: Vec<String>,
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
    nullable: bool,
}

impl RecordShape {
    /// Objects with the chosen fields, of records with `width` of them.
    pub(super) fn object(width: usize, chosen: Vec<(usize, Column)>, dialect: &Dialect) -> Self {
        let mut outputs = Vec::with_capacity(chosen.len());
        for (field, column) in chosen {
            let before = key(outputs.is_empty(), &column.name);
            let Column { name, kind, nullable } = column;
            outputs.push(CellOutput {
                name,
                before,
                field,
                kind: kind.unwrap_or(ColumnType::String),
                nullable,
            });
        }
        let close: &[u8] = if outputs.is_empty() { b"{}\n" } else { b"}\n" };
        let (ragged, null_values) = (dialect.ragged, dialect.null_values.clone());
        Self { width, outputs, close, ragged, null_values }
    }

    /// Lists of `width` strings.
    pub(super) fn list(width: usize) -> Self {
        let output = |field| CellOutput {
            name: String::new(),
            before: vec![if field == 0 { b'[' } else { b',' }],
            field,
            kind: ColumnType::String,
            nullable: false,
        };
        let outputs = (0..width).map(output).collect();
        Self { width, outputs, close: b"]\n", ragged: Ragged::Error, null_values: Vec::new() }
    }

    /// Lists of as many strings as a record has fields.
    pub(super) fn lists() -> Self {
        Self { width: ANY_WIDTH, ragged: Ragged::Pad, ..Self::list(0) }
    }

    /// Fields that every record has, where that is so.
    pub(super) fn width(&self) -> Option<usize> {
        (self.width != ANY_WIDTH).then_some(self.width)
    }

    /// Adds the item that the last record makes.
    pub(super) fn push(&self, records: &Records, out: &mut Vec<u8>) -> Result<(), String> {
        let fields = records.fields();
        let end = out.len().saturating_add(ITEM_BYTES_MAX);
        if fields.len() != self.width {
            if self.ragged == Ragged::Error {
                return Err(self.uneven(fields.len()));
            }
            if self.width == ANY_WIDTH {
                return push_strings(records, 0, end, out, self.close);
            }
        }
        for output in &self.outputs {
            out.extend_from_slice(&output.before);
            let Some(field) = fields.get(output.field) else {
                out.extend_from_slice(b"null");
                continue;
            };
            if output.nullable && self.is_null(records, output, field) {
                out.extend_from_slice(b"null");
                continue;
            }
            // What must be escaped is six times as long in JSON; most fields need no counting.
            let most = field.len().saturating_mul(6).saturating_add(out.len());
            if most > end && written_len(field).saturating_add(out.len()) > end {
                return Err(fault(records, &output.name, output.field, too_long()));
            }
            push_field(out, field, output.kind)
                .map_err(|message| fault(records, &output.name, output.field, message))?;
        }
        if fields.len() > self.width {
            out.extend_from_slice(&key(self.outputs.is_empty(), REST));
            return push_strings(records, self.width, end, out, b"]}\n");
        }
        out.extend_from_slice(self.close);
        Ok(())
    }

    #[cold]
    fn uneven(&self, len: usize) -> String {
        let plural = if self.width == 1 { "" } else { "s" };
        format!("the row has {len} instead of {} field{plural}", self.width)
    }

    /// Whether a field of a column that may be null is so.
    fn is_null(&self, records: &Records, output: &CellOutput, field: &[u8]) -> bool {
        // White space around numbers and booleans does not count.
        let text = if output.kind == ColumnType::String { field } else { field.trim_ascii() };
        let is_value = |null: &String| null.as_bytes() == text;
        text.is_empty() || self.null_values.iter().any(is_value) && !records.fields().is_escaped(output.field)
    }
}

/// Adds a list of the fields from `first` on, in an item that ends before `end` of `out`, and what follows it.
#[cold]
fn push_strings(
    records: &Records,
    first: usize,
    end: usize,
    out: &mut Vec<u8>,
    close: &[u8],
) -> Result<(), String> {
    out.push(b'[');
    for at in first..records.fields().len() {
        if at > first {
            out.push(b',');
        }
        let field = records.fields().field(at);
        if written_len(field).saturating_add(out.len()) > end {
            return Err(fault(records, "", at, too_long()));
        }
        push_field(out, field, ColumnType::String).map_err(|message| fault(records, "", at, message))?;
    }
    out.extend_from_slice(close);
    Ok(())
}

/// What is wrong with a field, and which one it is.
#[cold]
fn fault(records: &Records, name: &str, field: usize, message: String) -> String {
    let message = blamed(records.fields().field(field), records.encoding(), message);
    match name {
        "" => format!("field {}: {message}", field + 1),
        name => format!("column `{name}`: {message}"),
    }
}

/// The JSON text before a value of an object.
fn key(is_first: bool, name: &str) -> Vec<u8> {
    let mut text = vec![if is_first { b'{' } else { b',' }];
    text.extend_from_slice(&quoted(name));
    text.push(b':');
    text
}
