//! This module opens databases of SQLite, and holds what is asked of one and which of its tables is written.

use std::path::Path;
use std::time::Duration;

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::data::{DataError, WriteMode};

/// How long a reader waits for the lock of one who writes.
const READ_PATIENCE: Duration = Duration::from_secs(60);

/// What is asked of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// One statement that gives rows.
    pub text: String,
    /// The values of its parameters, in order.
    pub params: Vec<Value>,
}

impl Query {
    /// Whether the values can be parameters.
    pub(super) fn check(&self) -> Result<(), DataError> {
        let refuse = |why: &str| Err(DataError::Usage(format!("`params` {why}")));
        if self.text.trim().is_empty() {
            return Err(DataError::Usage("`query` is empty; it has to be one `SELECT`".to_owned()));
        }
        for value in &self.params {
            match value {
                Value::Array(_) | Value::Object(_) => {
                    return refuse("holds a list or a map, and values are wanted");
                }
                Value::Number(number) if number.is_u64() && number.as_i64().is_none() => {
                    return refuse(&format!(
                        "holds {number}, and SQLite's integers have 64 bits with a sign"
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The values as SQLite has them.
    pub(super) fn values(&self) -> impl Iterator<Item = Sql> {
        self.params.iter().map(|value| match value {
            Value::Bool(truth) => Sql::Integer(i64::from(*truth)),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Sql::Integer(integer),
                None => Sql::Real(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Sql::Text(text.clone()),
            Value::Null | Value::Array(_) | Value::Object(_) => Sql::Null,
        })
    }
}

/// The table of a database that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableTarget {
    /// Its name.
    pub name: String,
    /// The columns by which a row is known that is there already.
    pub upsert_by: Vec<String>,
}

impl TableTarget {
    /// The tables that flowrun and SQLite have for themselves.
    pub(super) const MARKS: &'static str = "_flowrun";

    /// Whether the parts fit each other and the mode.
    pub(super) fn check(&self, mode: WriteMode) -> Result<(), DataError> {
        let refuse = |message: String| Err(DataError::Usage(message));
        let lower = self.name.to_ascii_lowercase();
        if lower.is_empty() || lower.contains('\0') || lower.starts_with("sqlite_") || lower == Self::MARKS {
            return refuse(format!("`table` cannot be `{}`", self.name));
        }
        match (mode, self.upsert_by.is_empty()) {
            (WriteMode::Upsert, true) => {
                refuse("`mode: upsert` needs `upsert_by`, the columns by which a row is known".to_owned())
            }
            (WriteMode::Replace | WriteMode::Append, false) => {
                refuse("`upsert_by` is for `mode: upsert`".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Opens a database that is there, to read it.
pub(super) fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(READ_PATIENCE)?;
    // What stands in a file of others must not be code that is carried out without being asked for.
    connection.execute_batch("PRAGMA trusted_schema = OFF")?;
    connection.authorizer(Some(reads_only))?;
    Ok(connection)
}

/// Opens a database to write to it, and makes it where it is missing.
pub(super) fn open_to_write(path: &Path, patience: Duration) -> rusqlite::Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    Ok(connection)
}

/// Lets a statement read, and do nothing else: not write, attach other files, or change settings.
fn reads_only(context: AuthContext<'_>) -> Authorization {
    let is_granted = match context.action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => !function_name.eq_ignore_ascii_case("load_extension"),
        // Full-text search asks so whether its index has changed.
        AuthAction::Pragma { pragma_name, pragma_value } => {
            pragma_name.eq_ignore_ascii_case("data_version") && pragma_value.is_none()
        }
        _ => false,
    };
    if is_granted { Authorization::Allow } else { Authorization::Deny }
}

/// What SQLite says of an error, without its own names for it.
pub(super) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, sql, offset, .. } => {
            let place =
                usize::try_from(*offset).ok().and_then(|at| sql.get(at..)).filter(|rest| !rest.is_empty());
            let near: Option<String> = place.map(|rest| rest.chars().take(30).collect());
            near.map_or_else(|| msg.clone(), |near| format!("{msg}, at `{near}`"))
        }
        other => other.to_string(),
    }
}

/// A name as it stands in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
