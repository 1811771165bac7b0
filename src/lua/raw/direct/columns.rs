//! The columns of a table that is returned: in which order they are written for the keys of an item, and how.

use std::ffi::c_int;

use super::beside::Beside;
use super::evaluate::Run;
use super::fields::ItemFields;
use super::value::Value;
use crate::lua::script::{Direct, Node};
use crate::value::json::{self, FieldKind};

/// One column.
#[derive(Debug)]
pub(super) struct OutColumn {
    /// Its place in the constructor.
    pub(super) number: u16,
    name: String,
    /// The key in quotes, and the colon.
    pub(super) key: Vec<u8>,
    /// The field whose text is copied.
    pub(super) copied: Option<usize>,
    /// Which of the returned values it is otherwise.
    pub(super) returned: u16,
    /// Whether that field has the column's name.
    same: bool,
}

impl OutColumn {
    /// What the item has in its place, where it is copied.
    pub(super) fn beside(&self, present: bool) -> Beside {
        match (self.same, present) {
            (true, _) => Beside::Itself,
            (false, true) => Beside::Other,
            (false, false) => Beside::Nothing,
        }
    }
}

/// The tables that a function returns.
pub(super) struct Columns {
    tables: Vec<Vec<OutColumn>>,
    /// By table and keys of the item: where its order begins; 0 for not known.
    orders: Vec<Vec<u32>>,
    /// All orders, one after the other: the numbers of columns, and whether the item has a field of that name.
    pool: Vec<(u16, bool)>,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy)]
pub(in crate::lua::raw) enum Part<'p> {
    /// Nothing, and so not the key either.
    Absent,
    /// Text that is written as it is.
    Raw(&'p [u8]),
    /// Text that needs quotes only.
    Quoted(&'p [u8]),
    /// A text of Lua's.
    Text(&'p [u8]),
    /// A string in quotes, with escapes.
    Escaped(&'p [u8]),
    Number(f64),
    /// The value at this place of Lua's stack, and the place in results that it stands at.
    Returned(c_int, u32),
}

impl Columns {
    pub(super) fn new(script: &Direct) -> Self {
        let column = |(number, column): (usize, &crate::lua::script::Column), returned: &mut u16| {
            let mut key = json::quoted(&column.name);
            key.push(b':');
            let place = *returned;
            *returned += u16::from(column.copied.is_none());
            OutColumn {
                number: number as u16,
                name: column.name.clone(),
                key,
                copied: column.copied,
                returned: place,
                same: column.copied.is_some_and(|field| script.fields[field] == column.name),
            }
        };
        let table = |table: &Vec<crate::lua::script::Column>| {
            let mut returned = 0;
            table.iter().enumerate().map(|pair| column(pair, &mut returned)).collect()
        };
        let tables: Vec<Vec<OutColumn>> = script.tables.iter().map(table).collect();
        let orders = tables.iter().map(|_| Vec::new()).collect();
        Self { tables, orders, pool: Vec::new() }
    }

    /// Whether every column that is copied can be.
    #[inline]
    pub(super) fn can_copy(&mut self, fields: &ItemFields, text: &[u8]) -> bool {
        (0..self.tables.len()).all(|number| {
            self.table(number, fields).all(|(column, present)| match column.copied {
                Some(field) => part(field, column.beside(present), fields, text).is_some(),
                None => true,
            })
        })
    }

    /// The columns of a table, and whether the item has a field of that name, in the order in which they are written: the item's
    /// keys first, in their order, then the others, sorted.
    #[inline]
    pub(super) fn table<'c>(
        &'c mut self,
        number: usize,
        fields: &ItemFields,
    ) -> impl Iterator<Item = (&'c OutColumn, bool)> {
        let path = fields.path().number();
        let known = self.orders[number].get(path).copied().unwrap_or(0);
        let start = if known == 0 { self.learn(number, fields) } else { known } as usize - 1;
        let table = &self.tables[number];
        let order = &self.pool[start..start + table.len()];
        order.iter().map(|&(at, present)| (&table[usize::from(at)], present))
    }

    #[cold]
    fn learn(&mut self, number: usize, fields: &ItemFields) -> u32 {
        let table = &self.tables[number];
        let keys: Vec<&str> = fields.keys().collect();
        // The keys come from the last to the first.
        let rank = |column: &OutColumn| {
            let place = keys.iter().position(|key| *key == column.name);
            place.map_or(usize::MAX, |place| keys.len() - place)
        };
        let mut order: Vec<u16> = (0..table.len() as u16).collect();
        order.sort_by_key(|&at| {
            let column = &table[usize::from(at)];
            (rank(column), column.name.as_bytes())
        });
        let start = self.pool.len() as u32 + 1;
        let present = |at: u16| rank(&table[usize::from(at)]) != usize::MAX;
        self.pool.extend(order.into_iter().map(|at| (at, present(at))));
        let orders = &mut self.orders[number];
        let path = fields.path().number();
        if orders.len() <= path {
            orders.resize(path + 1, 0);
        }
        orders[path] = start;
        start
    }
}

/// A field as a column. `None`: it has to go through Lua.
#[inline]
pub(super) fn part<'p>(
    field: usize,
    beside: Beside,
    fields: &'p ItemFields,
    text: &'p [u8],
) -> Option<Part<'p>> {
    let value = &fields.values()[field];
    Some(match value.kind {
        FieldKind::Missing => Part::Absent,
        FieldKind::Plain => Part::Quoted(value.text(text)),
        FieldKind::Number | FieldKind::Spelled if beside == Beside::Itself => Part::Raw(value.text(text)),
        FieldKind::Number | FieldKind::Spelled if fields.may_spell(value.number, beside) => return None,
        FieldKind::Null | FieldKind::False | FieldKind::True | FieldKind::Big | FieldKind::Number => {
            Part::Raw(value.text(text))
        }
        FieldKind::Spelled => Part::Number(value.number),
        FieldKind::Escaped => Part::Escaped(value.text(text)),
        // In another place, maps and numbers may be written otherwise.
        FieldKind::List | FieldKind::Map if beside != Beside::Itself && fields.is_special() => return None,
        FieldKind::List | FieldKind::Map => Part::Raw(fields.copy_of(field)),
    })
}

/// What an expression gives as a column.
#[inline]
pub(super) fn node_part<'p, 'v: 'p>(
    node: &'v Node,
    (column, present): (&OutColumn, bool),
    run: &'p mut Run<'v>,
) -> Option<Part<'p>> {
    let beside = if present { Beside::Other } else { Beside::Nothing };
    if let Node::Field(field) = node {
        let beside = if run.fields.name(*field) == column.name { Beside::Itself } else { beside };
        return part(*field, beside, run.fields, run.text);
    }
    let value = run.node(node)?;
    value_part(value, beside, run)
}

/// A value as a column, or as the whole result.
pub(super) fn value_part<'p, 'v: 'p>(value: Value<'v>, beside: Beside, run: &'p Run<'v>) -> Option<Part<'p>> {
    Some(match value {
        Value::Nil => Part::Absent,
        Value::Null => Part::Raw(b"null"),
        Value::Boolean(true) => Part::Raw(b"true"),
        Value::Boolean(false) => Part::Raw(b"false"),
        Value::Number(number) if !number.is_finite() || run.fields.may_spell(number, beside) => return None,
        Value::Number(number) => Part::Number(number),
        Value::Text(_) | Value::Made(..) => Part::Text(run.texts.bytes(value)?),
        Value::Field(field) => return part(field, beside, run.fields, run.text),
    })
}

impl Part<'_> {
    /// Appends the entry of a map, and a comma; `false` where Lua has to.
    #[inline]
    pub(in crate::lua::raw) fn write_entry(self, key: &[u8], out: &mut Vec<u8>) -> bool {
        if matches!(self, Part::Absent) {
            return true;
        }
        out.extend_from_slice(key);
        let written = self.write(out);
        out.push(b',');
        written
    }

    /// Appends the value as the whole result.
    pub(super) fn write_whole(self, out: &mut Vec<u8>) -> bool {
        if matches!(self, Part::Absent) {
            out.extend_from_slice(b"null");
            return true;
        }
        self.write(out)
    }

    #[inline]
    fn write(self, out: &mut Vec<u8>) -> bool {
        match self {
            Part::Raw(text) => out.extend_from_slice(text),
            Part::Quoted(text) => {
                out.push(b'"');
                out.extend_from_slice(text);
                out.push(b'"');
            }
            Part::Text(text) => return json::write_string(out, text),
            Part::Escaped(text) => return json::rewrite_string(out, text),
            Part::Number(number) => json::write_number(out, number),
            Part::Absent | Part::Returned(..) => return false,
        }
        true
    }
}
