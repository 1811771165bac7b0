//! A handle is the value that `sqlite.open` returns.

use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;

use mlua::{AnyUserData, MetaMethod, UserData, UserDataFields, Value};
use rustix::fs::FileType;

use super::connection::{Database, Databases};
use super::error::raised;
use super::ffi;
use super::folder::{DatabaseFile, Locks};
use crate::lua::host::call::{Call, describe};
use crate::lua::host::function::Module;
use crate::lua::host::methods;
use crate::lua::host::options::Options;
use crate::lua::permissions::{ENDINGS, Parents};

/// What `sqlite.open` returns.
pub(super) const METHODS: Module = Module("Database");

/// The name of a database that is nowhere.
const MEMORY: &str = ":memory:";

/// The value that `sqlite.open` returns; `None` once it is closed.
struct Handle(RefCell<Option<Rc<Database>>>);

impl UserData for Handle {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field_with(MetaMethod::Index, |lua| methods::of(lua, METHODS.0));
        fields.add_meta_field(MetaMethod::Type, METHODS.0);
    }
}

/// `sqlite.open`
pub(super) fn open(call: &Call<'_>, (path, options): &(Value, Value)) -> mlua::Result<AnyUserData> {
    let path = call.text(1, path)?;
    let readonly = Options::of(call, 2, options, &["readonly"])?.flag("readonly")?;
    let is_file = &*path != MEMORY;
    // On a trial it is looked at only, and what would write fails.
    let readonly = readonly || is_file && call.state.permissions.is_trial_at(Path::new(&*path));
    let file = if is_file { Some(file(call, &path, readonly)?) } else { None };
    let (limit, room) = (call.memory_limit()?, call.room()?);
    let opened = ffi::memory::within(room, || Databases::of(call).open(file, readonly, limit));
    let database = opened.map_err(|error| raised(call, &error))?;
    call.lua.create_userdata(Handle(RefCell::new(Some(database))))
}

/// The file, if it may be used; its folder is made.
fn file(call: &Call<'_>, path: &str, readonly: bool) -> mlua::Result<DatabaseFile> {
    let failed = |error: io::Error| call.fail(&format!("cannot open `{path}`: {error}"));
    let refused = |why: &str| call.refuse(&format!("cannot open `{path}`: {why}"));
    let permissions = &call.state.permissions;
    let is_trial = permissions.is_trial_at(Path::new(path));
    let place = if readonly {
        permissions.source(Path::new(path))?
    } else {
        // Folders are made before the file is looked for, so that both agree on where it is.
        let place = permissions.target(Path::new(path), Parents::Make)?;
        permissions.source(Path::new(path))?.and(place)
    };
    let place = place.map_err(failed)?;
    match place.stat().map_err(failed)? {
        // A pipe would block, and a folder has no good message.
        Some(found) if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile => {
            return Err(refused("it is not a file"));
        }
        // The log would lie beside one of its names only.
        Some(found) if !readonly && found.st_nlink > 1 => {
            return Err(refused(
                "the file has more than one name (hard links), and a database must have one",
            ));
        }
        None if readonly => {
            permissions.effect(&format!("making the database `{path}`"))?;
            return Err(failed(rustix::io::Errno::NOENT.into()));
        }
        _ => {}
    }
    // Its journal and its log are made beside it, under names of SQLite's own.
    for ending in ENDINGS {
        let mut name = place.name().to_owned();
        name.push(ending);
        permissions.beside(&place, &name)?;
    }
    // Where nothing may be made beside it, there is no log to share.
    let is_alone = readonly && (is_trial || permissions.writable(Path::new(path)).is_err());
    // Where the system does not keep SQLite from making it, it must not even try.
    let locks = if !is_alone {
        Locks::Shared
    } else if permissions.confinement().is_ok() {
        Locks::Tried
    } else {
        Locks::None
    };
    let file = DatabaseFile::at(place, locks).map_err(failed)?;
    if file.path().is_none() {
        return Err(refused("databases in files need /proc, which is not there"));
    }
    Ok(file)
}

/// `db:close`
pub(super) fn close(call: &Call<'_>, value: &Value) -> mlua::Result<()> {
    let closed = match value {
        Value::UserData(data) => data.borrow::<Handle>().ok().map(|handle| handle.0.take()),
        _ => None,
    };
    match closed {
        Some(database) => {
            if let Some(database) = database {
                database.give_up(&Databases::of(call));
            }
            Ok(())
        }
        None => Err(not_a_database(call, value)),
    }
}

/// The database that a method is called on.
pub(super) fn this(call: &Call<'_>, value: &Value) -> mlua::Result<Rc<Database>> {
    let found = match value {
        Value::UserData(data) => data.borrow::<Handle>().ok().map(|handle| handle.0.borrow().clone()),
        _ => None,
    };
    match found {
        Some(Some(database)) => Ok(database),
        Some(None) => Err(call.refuse("is called on a database that was closed")),
        None => Err(not_a_database(call, value)),
    }
}

fn not_a_database(call: &Call<'_>, value: &Value) -> mlua::Error {
    let (got, function) = (describe(value), call.name.function);
    call.refuse(&format!("is a method of a database, got {got}: write `db:{function}(…)`"))
}
