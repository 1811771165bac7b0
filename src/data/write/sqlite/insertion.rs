//! An insertion is the transaction in which a table gets its rows.

use std::collections::HashMap;

use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::affinity::Affinity;
use super::marks::RowsMark;
use super::place::TablePlace;
use super::row::ItemRow;
use super::statement::RowStatement;
use crate::data::database::{message, quoted};
use crate::data::write::items::items;
use crate::data::{DataError, Reader, Stored, TableTarget, WriteMode};
use crate::value::Chunk;

/// Bytes of items that are written between two looks at the time.
const BLOCK: usize = 256 * 1024;
/// Kilobytes of pages that are held in memory before they go to the file.
const CACHE_KB: i64 = 64 * 1024;
/// Statements that are kept prepared: one for each set of keys that items have.
const STATEMENTS: usize = 64;

/// The transaction that is going on.
pub(super) struct Insertion {
    connection: Connection,
    items: Box<dyn Reader>,
    /// The columns of the table, in small letters, and what they do to values; none: there is no table yet.
    columns: HashMap<String, Affinity>,
    /// Whether columns may be added to the table.
    can_grow: bool,
    /// The statement of the item before.
    statement: Option<RowStatement>,
    count: u64,
    /// An earlier attempt of the run has written the rows.
    earlier: Option<String>,
    mark: RowsMark,
}

impl Insertion {
    /// Takes over a connection in whose transaction nothing has happened.
    pub(super) fn begin(
        place: &TablePlace,
        connection: Connection,
        stored: &Stored,
        mark: RowsMark,
    ) -> Result<Self, DataError> {
        let failed = |error: rusqlite::Error| place.failed(&error);
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "cache_size", -CACHE_KB).map_err(failed)?;
        // What refers to rows that are replaced is judged when all new ones are there.
        connection.pragma_update(None, "defer_foreign_keys", true).map_err(failed)?;
        let earlier =
            if place.mode == WriteMode::Append { mark.find_earlier(place, &connection)? } else { None };
        let columns = columns(place, &connection)?;
        if place.mode == WriteMode::Replace && !columns.is_empty() {
            let sql = format!("DELETE FROM main.{}", quoted(&place.table.name));
            connection.execute(&sql, []).map_err(failed)?;
        }
        let can_grow = place.mode == WriteMode::Replace || columns.is_empty();
        let items = stored.reader();
        Ok(Self { connection, items, columns, can_grow, statement: None, count: 0, earlier, mark })
    }

    /// Writes some of the items; `false` when they were the last.
    pub(super) fn insert_some(&mut self, place: &TablePlace) -> Result<bool, DataError> {
        if self.earlier.is_some() {
            return Ok(false);
        }
        let mut chunk = Chunk::default();
        let more = self.items.read(usize::MAX, BLOCK, &mut chunk, &mut Vec::new())?;
        let mut lines = items(&chunk.text);
        let mut next = self.next_row(place, &mut lines)?;
        while let Some(row) = next {
            let row = if self.fits(&row) { row } else { self.turn_to(place, row)? };
            next = self.insert_alike(place, row, &mut lines)?;
        }
        Ok(more)
    }

    fn next_row<'l>(
        &mut self,
        place: &TablePlace,
        lines: &mut impl Iterator<Item = &'l [u8]>,
    ) -> Result<Option<ItemRow<'l>>, DataError> {
        let Some(item) = lines.next() else { return Ok(None) };
        self.count += 1;
        ItemRow::read(item).map(Some).map_err(|why| place.refuse(self.count, why))
    }

    fn fits(&self, row: &ItemRow<'_>) -> bool {
        self.statement.as_ref().is_some_and(|statement| statement.fits(row))
    }

    /// Turns to the keys of an item, which are others than those of the one before.
    fn turn_to<'l>(&mut self, place: &TablePlace, row: ItemRow<'l>) -> Result<ItemRow<'l>, DataError> {
        let row = row.without_repeats();
        self.statement = Some(self.statement_for(place, &row)?);
        Ok(row)
    }

    /// Writes an item and those behind it that have the same keys. Gives the first one that has others.
    fn insert_alike<'l>(
        &mut self,
        place: &TablePlace,
        mut row: ItemRow<'l>,
        lines: &mut impl Iterator<Item = &'l [u8]>,
    ) -> Result<Option<ItemRow<'l>>, DataError> {
        let Self { connection, statement, count, .. } = self;
        let statement = statement.as_mut().expect("it was made for the first one");
        let mut prepared = statement.prepare(connection).map_err(|error| place.failed(&error))?;
        loop {
            statement.insert(&mut prepared, &row).map_err(|why| place.refuse(*count, why))?;
            let item = loop {
                let Some(item) = lines.next() else { return Ok(None) };
                *count += 1;
                let is_written = statement.insert_alike(&mut prepared, item);
                if !is_written.map_err(|why| place.refuse(*count, why))? {
                    break item;
                }
            };
            row = ItemRow::read(item).map_err(|why| place.refuse(*count, why))?;
            if !statement.fits(&row) {
                return Ok(Some(row));
            }
        }
    }

    /// The statement for an item with these keys, for which the table has the columns then.
    fn statement_for(&mut self, place: &TablePlace, row: &ItemRow<'_>) -> Result<RowStatement, DataError> {
        let refuse = |why: String| place.refuse(self.count, why);
        row.check_names().map_err(refuse)?;
        let table = &place.table;
        for name in &table.upsert_by {
            if !row.names().any(|key| key.eq_ignore_ascii_case(name)) {
                return Err(refuse(format!("it has no `{name}`, which `upsert_by` names")));
            }
        }
        let missing: Vec<&str> =
            row.names().filter(|name| !self.columns.contains_key(&name.to_ascii_lowercase())).collect();
        if let Some(name) = missing.first().filter(|_| !self.can_grow) {
            return Err(refuse(format!("it has a key `{name}`, and the table has no such column")));
        }
        if self.columns.is_empty() {
            create(&self.connection, table, &missing).map_err(|error| place.failed(&error))?;
        } else {
            for name in &missing {
                let sql = format!("ALTER TABLE main.{} ADD COLUMN {}", quoted(&table.name), quoted(name));
                self.connection.execute(&sql, []).map_err(|error| refuse(message(&error)))?;
            }
        }
        self.columns.extend(missing.iter().map(|name| (name.to_ascii_lowercase(), Affinity::Keeps)));
        let statement = RowStatement::new(table, place.mode, row, &self.columns);
        statement.prepare(&self.connection).map_err(|error| {
            let why = message(&error);
            let is_unknown = why.contains("ON CONFLICT clause does not match");
            let listed = table.upsert_by.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
            let index = format!("{}_{}", table.name, table.upsert_by.join("_"));
            let help = format!(
                "`CREATE UNIQUE INDEX {} ON {}({listed})` makes rows known by them",
                quoted(&index),
                quoted(&table.name)
            );
            place.fault(&if is_unknown {
                format!("nothing says that `upsert_by` is unique there: {help}")
            } else {
                why
            })
        })?;
        Ok(statement)
    }

    /// Whether what refers to a replaced table, or the table itself, refers to rows that are there.
    pub(super) fn check_references(&self, place: &TablePlace) -> Result<(), DataError> {
        if place.mode != WriteMode::Replace {
            return Ok(());
        }
        let failed = |error: rusqlite::Error| place.failed(&error);
        let sql = "SELECT DISTINCT m.name FROM main.sqlite_schema m, pragma_foreign_key_list(m.name) f
            WHERE m.type = 'table' AND (f.\"table\" = ?1 COLLATE NOCASE OR m.name = ?1 COLLATE NOCASE)";
        let names = || -> rusqlite::Result<Vec<String>> {
            self.connection.prepare(sql)?.query_map([&place.table.name], |row| row.get(0))?.collect()
        };
        for name in names().map_err(failed)? {
            let sql = format!("PRAGMA main.foreign_key_check({})", quoted(&name));
            let broken = self.connection.query_row(&sql, [], |row| row.get::<_, String>(2)).optional();
            if let Some(to) = broken.map_err(failed)? {
                return Err(
                    place.fault(&format!("rows of `{name}` refer to rows of `{to}` that are not there"))
                );
            }
        }
        Ok(())
    }

    /// Notes in the database that this run has written its rows.
    pub(super) fn mark(&self, place: &TablePlace) -> Result<(), DataError> {
        if place.mode == WriteMode::Append {
            self.mark.keep(place, &self.connection).map_err(|error| place.failed(&error))?;
        }
        Ok(())
    }

    /// Ends the transaction well; `false` while others read what was there before.
    pub(super) fn try_commit(&mut self, place: &TablePlace) -> Result<bool, DataError> {
        match self.connection.execute_batch("COMMIT") {
            Ok(()) => Ok(true),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(false),
            Err(error) => Err(place.failed(&error)),
        }
    }

    /// Gives the run that had written the rows before.
    pub(super) fn close(self, place: &TablePlace) -> Result<Option<String>, DataError> {
        let earlier = self.earlier;
        self.connection.close().map_err(|(_, error)| place.failed(&error))?;
        Ok(earlier)
    }
}

/// The columns of the table that can be written; none when it is missing.
fn columns(place: &TablePlace, connection: &Connection) -> Result<HashMap<String, Affinity>, DataError> {
    let failed = |error: rusqlite::Error| place.failed(&error);
    let sql =
        "SELECT type FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE AND type IN ('table', 'view')";
    let kind: Option<String> =
        connection.query_row(sql, [&place.table.name], |row| row.get(0)).optional().map_err(failed)?;
    if kind.as_deref() == Some("view") {
        return Err(place.fault("it is a view"));
    }
    let read = || -> rusqlite::Result<HashMap<String, Affinity>> {
        // A column without rules of a table with strict ones leaves values as they are, and elsewhere makes numbers of texts.
        let sql = "SELECT lower(c.name), CASE WHEN t.strict AND c.type = 'ANY' COLLATE NOCASE THEN '' ELSE c.type END
            FROM pragma_table_info(?1, 'main') c LEFT JOIN pragma_table_list t
            ON t.schema = 'main' AND t.name = ?1 COLLATE NOCASE";
        let mut statement = connection.prepare(sql)?;
        let column = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Affinity::of(&row.get::<_, String>(1)?)));
        statement.query_map([&place.table.name], column)?.collect()
    };
    read().map_err(failed)
}

/// Makes the table. Its columns have no types, so that every value stays as it is.
fn create(connection: &Connection, table: &TableTarget, names: &[&str]) -> rusqlite::Result<()> {
    let mut parts: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    if !table.upsert_by.is_empty() {
        let by: Vec<String> = table.upsert_by.iter().map(|name| quoted(name)).collect();
        parts.push(format!("UNIQUE({})", by.join(", ")));
    }
    let sql = format!("CREATE TABLE main.{}({})", quoted(&table.name), parts.join(", "));
    connection.execute(&sql, []).map(drop)
}
