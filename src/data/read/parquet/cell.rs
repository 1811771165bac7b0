//! This module writes the rows of a batch as JSON text. Its arrays hold values as they are stored; what they mean is
//! applied to one value after the other, so that one which JSON cannot hold makes its own row a bad one.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, BinaryArray, BooleanArray, FixedSizeBinaryArray};
use arrow_schema::{DataType, TimeUnit};

use super::kind::{BytesKind, IntegerKind, Kind, NotFiniteAs, half_to_float};
use super::shape::{NamedShape, Shape};
use super::values::{push_bytes, push_float, push_integer};
use crate::value::{ITEM_BYTES_MAX, json};

/// The arrays behind one place of a row.
pub(super) struct Cell<'a> {
    array: &'a dyn Array,
    has_nulls: bool,
    content: Content<'a>,
}

enum Content<'a> {
    Null,
    Boolean(&'a BooleanArray),
    Integer32(&'a [i32], IntegerKind),
    Integer64(&'a [i64], IntegerKind),
    Float32(&'a [f32], NotFiniteAs),
    Float64(&'a [f64], NotFiniteAs),
    /// Floats of 16 bits.
    Float16(&'a FixedSizeBinaryArray, NotFiniteAs),
    Bytes(&'a BinaryArray, BytesKind),
    Fixed(&'a FixedSizeBinaryArray, BytesKind),
    Struct(Vec<NamedCell<'a>>),
    List(&'a [i32], Box<Cell<'a>>),
    Map(&'a [i32], Box<MapCells<'a>>),
}

/// One field, or one column.
pub(super) struct NamedCell<'a> {
    name: &'a str,
    key: &'a [u8],
    cell: Cell<'a>,
}

struct MapCells<'a> {
    keys: Cell<'a>,
    /// Whether the keys' JSON text is a string.
    is_text: bool,
    values: Cell<'a>,
}

/// A value that no item can hold.
pub(super) struct Misfit {
    /// Where in the row, from the column on.
    path: String,
    /// What is wrong with it.
    message: String,
}

impl Misfit {
    /// What is wrong and where.
    pub(super) fn message(&self) -> String {
        format!("column `{}`: {}", self.path, self.message)
    }

    fn new(message: String) -> Self {
        Self { path: String::new(), message }
    }

    fn below(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with(['[', '{']) { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

impl<'a> NamedCell<'a> {
    /// The arrays of columns that have this shape.
    pub(super) fn of(
        shapes: &'a [NamedShape],
        arrays: impl Iterator<Item = &'a dyn Array>,
    ) -> Result<Vec<Self>, String> {
        let cell = |(shape, array): (&'a NamedShape, _)| {
            let cell = Cell::of(&shape.shape, array);
            let cell =
                cell.ok_or_else(|| format!("column `{}` is not stored as the file says", shape.name))?;
            Ok(Self { name: &shape.name, key: &shape.key, cell })
        };
        shapes.iter().zip(arrays).map(cell).collect()
    }
}

impl<'a> Cell<'a> {
    fn of(shape: &'a Shape, array: &'a dyn Array) -> Option<Self> {
        let content = match (shape, array.data_type()) {
            (Shape::Leaf(kind), data_type) => Self::leaf(*kind, data_type, array)?,
            (Shape::Struct(shapes), DataType::Struct(_)) => {
                let arrays = array.as_struct().columns();
                if arrays.len() != shapes.len() {
                    return None;
                }
                Content::Struct(NamedCell::of(shapes, arrays.iter().map(|array| &**array)).ok()?)
            }
            (Shape::List(element), DataType::List(_)) => {
                let list = array.as_list::<i32>();
                Content::List(list.offsets(), Box::new(Self::of(element, &**list.values())?))
            }
            (Shape::Map(keys, values), DataType::Map(..)) => {
                let map = array.as_map();
                let is_text = keys.is_text();
                let keys = Self::of(keys, &**map.keys())?;
                let values = Self::of(values, &**map.values())?;
                Content::Map(map.offsets(), Box::new(MapCells { keys, is_text, values }))
            }
            _ => return None,
        };
        Some(Self { array, has_nulls: array.null_count() > 0, content })
    }

    fn leaf(kind: Kind, data_type: &DataType, array: &'a dyn Array) -> Option<Content<'a>> {
        Some(match (kind, data_type) {
            (Kind::Null, _) => Content::Null,
            (Kind::Boolean, DataType::Boolean) => Content::Boolean(array.as_boolean()),
            (Kind::Integer(kind), DataType::Int32) => {
                Content::Integer32(array.as_primitive::<Int32Type>().values(), kind)
            }
            (Kind::Integer(kind), DataType::Int64) => {
                Content::Integer64(array.as_primitive::<Int64Type>().values(), kind)
            }
            (Kind::Float(not_finite), DataType::Float32) => {
                Content::Float32(array.as_primitive::<Float32Type>().values(), not_finite)
            }
            (Kind::Float(not_finite), DataType::Float64) => {
                Content::Float64(array.as_primitive::<Float64Type>().values(), not_finite)
            }
            (Kind::Float(not_finite), DataType::FixedSizeBinary(2)) => {
                Content::Float16(array.as_fixed_size_binary(), not_finite)
            }
            (Kind::Bytes(BytesKind::Int96), DataType::Timestamp(TimeUnit::Nanosecond, _)) => {
                let kind = IntegerKind::Timestamp { digits: 9, utc: false };
                Content::Integer64(array.as_primitive::<TimestampNanosecondType>().values(), kind)
            }
            (Kind::Bytes(kind), DataType::Binary) => Content::Bytes(array.as_binary(), kind),
            (Kind::Bytes(kind), DataType::FixedSizeBinary(_)) => {
                Content::Fixed(array.as_fixed_size_binary(), kind)
            }
            _ => return None,
        })
    }

    /// Appends the value of a row, unless that makes the text longer than `end`.
    fn push(&self, row: usize, out: &mut Vec<u8>, end: usize) -> Result<(), Misfit> {
        if self.has_nulls && self.array.is_null(row) {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        match &self.content {
            Content::Null => out.extend_from_slice(b"null"),
            Content::Boolean(values) => {
                out.extend_from_slice(if values.value(row) { b"true" } else { b"false" });
            }
            Content::Integer32(values, kind) => push_integer(out, values[row].into(), *kind, true)?,
            Content::Integer64(values, kind) => push_integer(out, values[row], *kind, false)?,
            Content::Float32(values, not_finite) => push_float(out, values[row].into(), *not_finite)?,
            Content::Float64(values, not_finite) => push_float(out, values[row], *not_finite)?,
            Content::Float16(values, not_finite) => {
                let bits = values.value(row).try_into().map_or(0, u16::from_le_bytes);
                push_float(out, half_to_float(bits), *not_finite)?;
            }
            Content::Bytes(values, kind) => push_bytes(out, values.value(row), *kind)?,
            Content::Fixed(values, kind) => push_bytes(out, values.value(row), *kind)?,
            Content::Struct(fields) => push_fields(fields, row, out, end)?,
            Content::List(offsets, element) => push_list(offsets, element, row, out, end)?,
            Content::Map(offsets, cells) => push_map(offsets, cells, row, out, end)?,
        }
        Ok(())
    }
}

impl From<String> for Misfit {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

/// Appends the object of a row, unless that makes the text longer than `end`.
pub(super) fn push_fields(
    fields: &[NamedCell<'_>],
    row: usize,
    out: &mut Vec<u8>,
    end: usize,
) -> Result<(), Misfit> {
    out.push(b'{');
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(field.key);
        field.cell.push(row, out, end).map_err(|misfit| misfit.below(field.name))?;
    }
    out.push(b'}');
    Ok(())
}

fn push_list(
    offsets: &[i32],
    element: &Cell<'_>,
    row: usize,
    out: &mut Vec<u8>,
    end: usize,
) -> Result<(), Misfit> {
    out.push(b'[');
    let elements = offsets[row] as usize..offsets[row + 1] as usize;
    for at in elements.clone() {
        if at > elements.start {
            out.push(b',');
        }
        element.push(at, out, end).map_err(|misfit| misfit.below("[]"))?;
        bounded(out, end)?;
    }
    out.push(b']');
    Ok(())
}

fn push_map(
    offsets: &[i32],
    cells: &MapCells<'_>,
    row: usize,
    out: &mut Vec<u8>,
    end: usize,
) -> Result<(), Misfit> {
    out.push(b'{');
    let entries = offsets[row] as usize..offsets[row + 1] as usize;
    let mut key = Vec::new();
    let mut keys = Vec::with_capacity(entries.len());
    for at in entries.clone() {
        if at > entries.start {
            out.push(b',');
        }
        if cells.keys.array.is_null(at) {
            return Err(Misfit::new("a key is null".to_owned()));
        }
        let start = out.len();
        if cells.is_text {
            cells.keys.push(at, out, end)?;
        } else {
            key.clear();
            cells.keys.push(at, &mut key, ITEM_BYTES_MAX)?;
            json::write_string(out, &key);
        }
        keys.push(start..out.len());
        out.push(b':');
        cells.values.push(at, out, end).map_err(|misfit| misfit.below("{}"))?;
        bounded(out, end)?;
    }
    out.push(b'}');
    match twice(&mut keys, out) {
        None => Ok(()),
        Some(key) => {
            let shown: String = String::from_utf8_lossy(key).chars().take(100).collect();
            Err(Misfit::new(format!("the key {shown} stands twice, and an item has one value for a key")))
        }
    }
}

/// A key that stands twice among those that lie at these places of a text.
fn twice<'t>(keys: &mut [Range<usize>], text: &'t [u8]) -> Option<&'t [u8]> {
    let key = |place: &Range<usize>| &text[place.clone()];
    keys.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    keys.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])).map(|pair| key(&pair[0]))
}

fn bounded(out: &[u8], end: usize) -> Result<(), Misfit> {
    if out.len() > end { Err(Misfit::new("the row is too long".to_owned())) } else { Ok(()) }
}
