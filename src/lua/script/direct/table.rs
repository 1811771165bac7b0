//! This module decides which returned tables become plain values, and which fields of the item are only copied into them.

use super::uses::{FieldUse, add};
use crate::lua::script::compiled::{Column, Results};
use crate::lua::script::syntax::{Field, Function, Return, Statement};

/// Fields of one table that is returned as values.
const RESULTS_MAX: usize = 90;

/// One `return` of a table that becomes a `return` of values.
pub(super) struct Table<'f> {
    pub(super) found: &'f Return,
    pub(super) fields: &'f [Field],
    pub(super) columns: Vec<Column>,
}

/// What is to become of a function.
pub(super) struct Plan<'f> {
    pub(super) tables: Vec<Table<'f>>,
    pub(super) results: Results,
    /// The fields of the item that the function looks at, and behind them others at whose place results stand.
    pub(super) fields: Vec<String>,
    /// By field that it looks at: it goes into results and nowhere else.
    pub(super) copied: Vec<bool>,
}

impl<'f> Plan<'f> {
    pub(super) fn new(function: &'f Function, uses: &[FieldUse], mut fields: Vec<String>) -> Self {
        let mut tables: Vec<Table<'f>> = function
            .returns
            .iter()
            .filter_map(|found| Some((found, found.table()?)))
            .filter(|(_, fields)| fields.len() <= RESULTS_MAX && !repeats(fields))
            .map(|(found, fields)| Table { found, fields, columns: Vec::new() })
            .collect();
        let ends_with_it = matches!(function.statements.last(), Some(Statement::Return(_)));
        let results = match tables.len() {
            0 => Results::Plain,
            1 if function.returns.len() == 1 && ends_with_it => Results::Table,
            _ => Results::Marked,
        };
        let mut inside = vec![0; fields.len()];
        let number = |name: &str| fields.iter().position(|field| field == name);
        for field in tables.iter().flat_map(|table| table.fields) {
            if let Some(field) = field.value.item_field().and_then(number) {
                inside[field] += 1;
            }
        }
        let all = |at: usize| uses.iter().filter(|used| used.name == fields[at]).count();
        let copied: Vec<bool> = (0..fields.len()).map(|at| inside[at] == all(at)).collect();
        for table in &mut tables {
            let copied = |field: &Field| field.value.item_field().and_then(number).filter(|at| copied[*at]);
            let column = |field: &Field| Column { name: field.name.clone(), copied: copied(field) };
            table.columns = table.fields.iter().map(column).collect();
        }
        let keys = tables.iter().flat_map(|table| table.fields);
        keys.for_each(|key| add(&mut fields, key.name.clone()));
        Self { tables, results, fields, copied }
    }

    /// The fields that become parameters.
    pub(super) fn passed(&self) -> impl Iterator<Item = usize> {
        (0..self.copied.len()).filter(|field| !self.copied[*field])
    }
}

/// Whether a field comes twice. The later one counts then, and both values are computed.
fn repeats(fields: &[Field]) -> bool {
    fields.iter().enumerate().any(|(at, field)| fields[..at].iter().any(|before| before.name == field.name))
}
