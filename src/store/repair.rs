//! This module puts a run in order whose process did not come to its end: it cuts off what no transaction names,
//! makes a damaged database again, and says that the run was interrupted. It does not decide which items are redone.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::Path;

use rusqlite::{Connection, params};

use super::lock::Lock;
use super::{StoreError, StoredRun, database, paths, private, rebuild, remote};

/// Puts the run in this folder in order. Gives what there is to say about it; an error while a process is at work on
/// it, or when the disk refuses.
pub(super) fn repair(run: &Path) -> Result<Vec<String>, StoreError> {
    let _lock = Lock::take(run)?;
    let path = paths::database(run);
    let (mut connection, mut said) = opened(run)?;
    said.extend(remote::salvage(run, &mut connection)?);
    said.extend(cut(run, &connection)?);
    let sql =
        "UPDATE run SET status = 'interrupted', ended = coalesce((SELECT max(at) FROM commits), started)
        WHERE status = 'running'";
    let closed = connection.execute(sql, []).and_then(|_| {
        let sql = "UPDATE steps SET status = 'cancelled', reason = 'interrupted' WHERE status = 'running'";
        connection.execute(sql, [])
    });
    closed.map_err(|error| StoreError::sql("write", &path, error))?;
    Ok(said)
}

/// The same for a process that goes on with the run and holds its lock: nothing has ended, and what workers do meanwhile is
/// theirs.
pub(super) fn to_go_on(run: &Path) -> Result<(Connection, Vec<String>), StoreError> {
    let (connection, mut said) = opened(run)?;
    said.extend(cut(run, &connection)?);
    Ok((connection, said))
}

/// The database of a run whose lock is held, made anew if it is damaged, with what there is to say about it.
fn opened(run: &Path) -> Result<(Connection, Vec<String>), StoreError> {
    let stored = StoredRun::open(run)?;
    let said = stored.warnings().to_vec();
    drop(stored);
    let connection = if said.is_empty() { database::write(&paths::database(run))? } else { remade(run)? };
    Ok((connection, said))
}

/// A new database in the place of the damaged one, which is kept beside it.
fn remade(run: &Path) -> Result<Connection, StoreError> {
    let path = paths::database(run);
    for name in ["run.db-wal", "run.db-shm", "run.db"] {
        let (from, to) = (run.join(name), run.join(name.replace("run.db", "run.db.damaged")));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("rename", &from, error));
            }
            _ => {}
        }
    }
    private::database(&path).map_err(|error| StoreError::io("create", &path, error))?;
    let connection = Connection::open(&path).map_err(|error| StoreError::sql("create", &path, error))?;
    // What is lost has been said when the run was opened.
    rebuild::fill(&connection, run)?;
    Ok(connection)
}

/// Cuts off what stands behind the last named commit of each segment.
fn cut(run: &Path, connection: &Connection) -> Result<Vec<String>, StoreError> {
    let database = paths::database(run);
    let ends = || -> rusqlite::Result<BTreeMap<(String, u32), u64>> {
        let sql = "SELECT step, segment, max(offset + length + endings) FROM commits GROUP BY 1, 2";
        let row = |row: &rusqlite::Row<'_>| Ok(((row.get(0)?, row.get(1)?), row.get::<_, i64>(2)? as u64));
        connection.prepare(sql)?.query_map(params![], row)?.collect()
    };
    let ends = ends().map_err(|error| StoreError::sql("read", &database, error))?;
    let mut said = Vec::new();
    let Ok(steps) = fs::read_dir(paths::steps(run)) else { return Ok(said) };
    for step in steps.flatten() {
        let name = step.file_name().to_string_lossy().into_owned();
        let Ok(files) = fs::read_dir(step.path()) else { continue };
        for file in files.flatten() {
            let Some(number) = paths::segment_number(&file.file_name().to_string_lossy()) else { continue };
            let path = file.path();
            let length = file.metadata().map_or(0, |metadata| metadata.len());
            match ends.get(&(name.clone(), number)) {
                Some(end) if length > *end => {
                    let cut = OpenOptions::new().write(true).open(&path).and_then(|file| {
                        file.set_len(*end)?;
                        file.sync_all()
                    });
                    cut.map_err(|error| StoreError::io("cut", &path, error))?;
                    let rest = length - *end;
                    said.push(format!(
                        "{rest} bytes behind the last commit of `{}` are cut off",
                        path.display()
                    ));
                }
                Some(end) if length < *end => {
                    said.push(format!("`{}` is shorter than it was: some results are lost", path.display()));
                }
                Some(_) => {}
                None => fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))?,
            }
        }
    }
    Ok(said)
}
