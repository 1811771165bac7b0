//! This module describes the columns of a file as the reader needs them: their names as JSON text, what their values
//! mean, and how they nest. `cell` puts the arrays of some rows behind it.

use std::collections::HashSet;

use arrow_schema::{DataType, Field, FieldRef, Fields};

use super::kind::{IntegerKind, Kind, NotFiniteAs};
use crate::data::ColumnType;
use crate::value::json::{self, DEPTH_MAX};

/// What stands in one place of a row.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Leaf(Kind),
    Struct(Vec<NamedShape>),
    List(Box<Shape>),
    /// Keys and values.
    Map(Box<Shape>, Box<Shape>),
}

/// One field, or one column.
#[derive(Debug, Clone)]
pub(super) struct NamedShape {
    pub(super) name: String,
    /// The name as it stands in an object, with its colon.
    pub(super) key: Vec<u8>,
    pub(super) shape: Shape,
}

/// What the values of the next leaves mean, or why nobody knows.
type Leaves<'a, 'k> = &'a mut std::slice::Iter<'k, Result<Kind, String>>;

/// A column or a field with all below it.
pub(super) fn named(field: &Field, leaves: Leaves<'_, '_>) -> Result<NamedShape, String> {
    NamedShape::of(field, leaves, field.name(), 1)
}

impl NamedShape {
    fn of(field: &Field, leaves: Leaves<'_, '_>, column: &str, depth: usize) -> Result<Self, String> {
        let name = field.name().clone();
        let key = [&json::quoted(&name)[..], b":"].concat();
        let shape = shape(field.data_type(), leaves, column, depth)?;
        Ok(Self { name, key, shape })
    }
}

fn group(
    fields: &Fields,
    leaves: Leaves<'_, '_>,
    column: &str,
    depth: usize,
) -> Result<Vec<NamedShape>, String> {
    let mut names = HashSet::new();
    let field = |field: &FieldRef| {
        let name = field.name();
        if !names.insert(name.clone()) {
            return Err(format!("column `{column}` has more than one field `{name}`"));
        }
        NamedShape::of(field, leaves, &format!("{column}.{name}"), depth)
    };
    fields.iter().map(field).collect()
}

fn shape(data_type: &DataType, leaves: Leaves<'_, '_>, name: &str, depth: usize) -> Result<Shape, String> {
    if depth > DEPTH_MAX {
        return Err(format!("column `{name}` is nested deeper than {DEPTH_MAX} levels"));
    }
    Ok(match data_type {
        DataType::Struct(fields) => Shape::Struct(group(fields, leaves, name, depth + 1)?),
        DataType::List(element) => {
            Shape::List(Box::new(shape(element.data_type(), leaves, name, depth + 1)?))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => Shape::Map(
                Box::new(shape(fields[0].data_type(), leaves, name, depth + 1)?),
                Box::new(shape(fields[1].data_type(), leaves, name, depth + 1)?),
            ),
            _ => return Err(format!("column `{name}` is a map without keys and values")),
        },
        _ => match leaves.next() {
            Some(kind) => Shape::Leaf(kind.clone()?),
            None => return Err(format!("column `{name}` has no type")),
        },
    })
}

impl Shape {
    /// Its values in a word, for messages.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Leaf(kind) => kind.word(),
            Self::List(_) => "lists",
            Self::Struct(_) | Self::Map(..) => "maps",
        }
    }

    /// The same column with values of the type that was asked for; `None` when it has no such values. Integers can be
    /// asked for as text, which all of them fit into. `nullable` asks for null where JSON has no number.
    pub(super) fn as_asked(&self, wanted: ColumnType, nullable: bool) -> Option<Self> {
        let Self::Leaf(kind) = *self else { return None };
        let text = |kind| Kind::Integer(kind);
        let kind = match (kind, wanted) {
            (Kind::Float(_), ColumnType::Number) if nullable => Kind::Float(NotFiniteAs::Null),
            (Kind::Integer(IntegerKind::Signed), ColumnType::String) => text(IntegerKind::SignedText),
            (Kind::Integer(IntegerKind::Unsigned), ColumnType::String) => text(IntegerKind::UnsignedText),
            (Kind::Null, _)
            | (Kind::Boolean, ColumnType::Boolean)
            | (Kind::Float(_), ColumnType::Number)
            | (
                Kind::Integer(IntegerKind::Signed | IntegerKind::Unsigned),
                ColumnType::Integer | ColumnType::Number,
            )
            | (Kind::Integer(_) | Kind::Bytes(_), ColumnType::String) => kind,
            _ => return None,
        };
        Some(Self::Leaf(kind))
    }

    /// Whether it is text that needs no quotes in a map's key: JSON text that has them already.
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Leaf(kind) if kind.is_text())
    }

    /// Lets text stand for numbers that JSON does not have, where nulls were not asked for.
    pub(super) fn keep_beyond_json(&mut self) {
        match self {
            Self::Leaf(kind) => match kind {
                Kind::Float(as_what @ NotFiniteAs::Refused) => *as_what = NotFiniteAs::Words,
                Kind::Integer(kind @ IntegerKind::Unsigned) => *kind = IntegerKind::UnsignedOrText,
                _ => {}
            },
            Self::Struct(fields) => fields.iter_mut().for_each(|field| field.shape.keep_beyond_json()),
            Self::List(element) => element.keep_beyond_json(),
            Self::Map(keys, values) => {
                keys.keep_beyond_json();
                values.keep_beyond_json();
            }
        }
    }
}
