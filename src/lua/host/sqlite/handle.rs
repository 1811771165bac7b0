//! The value that `sqlite.open` returns.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use mlua::{AnyUserData, MetaMethod, UserData, UserDataFields, Value};

use super::connection::Database;
use super::error::raised;
use crate::lua::host::call::{Call, describe};
use crate::lua::host::methods;
use crate::lua::host::options::Options;

/// The name of a database that is nowhere.
const MEMORY: &str = ":memory:";

/// See the module.
struct Handle(RefCell<Option<Rc<Database>>>);

impl UserData for Handle {
    fn add_fields<F: UserDataFields<Self>>(fields: &mut F) {
        fields.add_meta_field_with(MetaMethod::Index, |lua| methods::of(lua, super::METHODS.0));
        fields.add_meta_field(MetaMethod::Type, super::METHODS.0);
    }
}

/// `sqlite.open`
pub(super) fn open(call: &Call<'_>, (path, options): &(Value, Value)) -> mlua::Result<AnyUserData> {
    let path = call.text(1, path)?;
    let readonly = Options::of(call, 2, options, &["readonly"])?.flag("readonly")?;
    let real = if &*path == MEMORY { None } else { Some(place(call, &path, readonly)?) };
    let database = call
        .state
        .databases
        .open(real.as_deref(), readonly, call.memory_limit()?)
        .map_err(|error| raised(call, &error))?;
    call.lua.create_userdata(Handle(RefCell::new(Some(database))))
}

/// Where the file is, if it may be used; its folder is made.
fn place(call: &Call<'_>, path: &str, readonly: bool) -> mlua::Result<std::path::PathBuf> {
    let real = call.state.permissions.read(Path::new(path))?;
    if !readonly {
        call.state.permissions.write(Path::new(path))?;
        if let Some(folder) = real.parent() {
            fs::create_dir_all(folder)
                .map_err(|error| call.fail(&format!("cannot make `{path}`: {error}")))?;
        }
    }
    // A pipe would block, and a folder has no good message.
    match fs::metadata(&real) {
        Ok(found) if !found.is_file() => Err(call.refuse(&format!("cannot open `{path}`: it is not a file"))),
        Err(error) if readonly => Err(call.fail(&format!("cannot open `{path}`: {error}"))),
        _ => Ok(real),
    }
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
                database.give_up(&call.state.databases);
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
