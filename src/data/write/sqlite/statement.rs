//! A statement writes the rows of items that have the same keys in the same order.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection};

use super::affinity::Affinity;
use super::row::{Cell, ItemRow};
use crate::data::database::{message, quoted};
use crate::data::{TableTarget, WriteMode};
use crate::value::json::{FieldReader, KeyPath};

/// The statement for these keys.
pub(super) struct RowStatement {
    names: Vec<String>,
    sql: String,
    /// Which of them need a value, because a row is known by it.
    known_by: Vec<usize>,
    /// What each column does to values.
    affinities: Vec<Affinity>,
    /// Reads items that have these keys in their order, which is this path.
    reader: FieldReader,
    path: Option<KeyPath>,
    scratch: String,
}

impl RowStatement {
    /// The statement for items with the keys of `row`. What a row does not have stays as it is, or as the table says.
    pub(super) fn new(
        table: &TableTarget,
        mode: WriteMode,
        row: &ItemRow<'_>,
        known: &HashMap<String, Affinity>,
    ) -> Self {
        let names: Vec<String> = row.names().map(str::to_owned).collect();
        let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let marks = vec!["?"; names.len()].join(", ");
        let mut sql =
            format!("INSERT INTO main.{}({}) VALUES({marks})", quoted(&table.name), columns.join(", "));
        let is_by = |name: &String| table.upsert_by.iter().any(|by| by.eq_ignore_ascii_case(name));
        let mut known_by = Vec::new();
        if mode == WriteMode::Upsert {
            let by: Vec<String> = table.upsert_by.iter().map(|name| quoted(name)).collect();
            let set: Vec<String> = names
                .iter()
                .filter(|name| !is_by(name))
                .map(|name| format!("{0} = excluded.{0}", quoted(name)))
                .collect();
            let action =
                if set.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", set.join(", ")) };
            sql = format!("{sql} ON CONFLICT({}) DO {action}", by.join(", "));
            known_by = (0..names.len()).filter(|at| is_by(&names[*at])).collect();
        }
        let affinity = |name: &String| known.get(&name.to_ascii_lowercase()).copied();
        let affinities = names.iter().map(|name| affinity(name).unwrap_or(Affinity::Keeps)).collect();
        let reader = FieldReader::new(names.clone());
        Self { names, sql, known_by, affinities, reader, path: None, scratch: String::new() }
    }

    /// Whether it is for items with these keys.
    pub(super) fn fits(&self, row: &ItemRow<'_>) -> bool {
        let names = row.names();
        names.len() == self.names.len() && names.zip(&self.names).all(|(name, own)| name == own)
    }

    /// Makes it ready.
    pub(super) fn prepare<'c>(&self, connection: &'c Connection) -> rusqlite::Result<CachedStatement<'c>> {
        connection.prepare_cached(&self.sql)
    }

    /// Writes a row.
    pub(super) fn insert(
        &self,
        statement: &mut CachedStatement<'_>,
        row: &ItemRow<'_>,
    ) -> Result<(), String> {
        for (at, value) in row.values().enumerate() {
            self.bind(statement, at, value)?;
        }
        statement.raw_execute().map(drop).map_err(|error| message(&error))
    }

    /// Writes an item without looking at its keys one by one. `false`: it has others, or has to be read as a row.
    pub(super) fn insert_alike(
        &mut self,
        statement: &mut CachedStatement<'_>,
        item: &[u8],
    ) -> Result<bool, String> {
        let Ok(text) = std::str::from_utf8(item) else { return Ok(false) };
        let Some(path) = self.reader.read(item, &mut self.scratch) else { return Ok(false) };
        if self.path != Some(path) {
            let is_own = self.reader.keys(path).eq(self.names.iter().rev().map(String::as_str));
            if !is_own {
                return Ok(false);
            }
            self.path = Some(path);
        }
        for (at, value) in self.reader.values().iter().enumerate() {
            let Some(value) = Cell::of_field(value, text) else { return Ok(false) };
            self.bind(statement, at, value)?;
        }
        statement.raw_execute().map_err(|error| message(&error))?;
        Ok(true)
    }

    fn bind(
        &self,
        statement: &mut CachedStatement<'_>,
        at: usize,
        value: Result<Cell<'_>, String>,
    ) -> Result<(), String> {
        let refuse = |why| format!("the value of `{}`: {why}", self.names[at]);
        let value = value.map_err(refuse)?;
        if value == Cell::Null && self.known_by.contains(&at) {
            return Err(format!("its `{}` is null, and `upsert_by` names it", self.names[at]));
        }
        if let Some(why) = self.affinities[at].refusal(&value) {
            return Err(refuse(why));
        }
        statement.raw_bind_parameter(at + 1, value).map_err(|error| message(&error))
    }
}
