//! These functions say what is there: whether, of which kind and size, and the names in a folder.

use std::io;

use mlua::Value;
use rustix::fs::FileType;

use super::arguments::{cannot, path};
use crate::lua::host::call::Call;

/// `fs.exists`
pub(super) fn exists(call: &Call<'_>, named: &Value) -> mlua::Result<bool> {
    let path = path(call, 1, named)?;
    match call.state.permissions.handle(&path)? {
        Ok(_) => Ok(true),
        Err(error) if is_absence(&error) => Ok(false),
        Err(error) => Err(cannot("look at", &path, &error)),
    }
}

/// `fs.stat`
pub(super) fn stat(call: &Call<'_>, named: &Value) -> mlua::Result<Value> {
    let path = path(call, 1, named)?;
    let stat = match call.state.permissions.look(&path)?.and_then(|place| place.stat()) {
        Ok(Some(stat)) => stat,
        Ok(None) => return Ok(Value::Nil),
        Err(error) if is_absence(&error) => return Ok(Value::Nil),
        Err(error) => return Err(cannot("look at", &path, &error)),
    };
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => "file",
        FileType::Directory => "dir",
        FileType::Symlink => "link",
        _ => "other",
    };
    let table = call.lua.create_table()?;
    table.raw_set("size", stat.st_size)?;
    table.raw_set("modified", stat.st_mtime as f64 + stat.st_mtime_nsec as f64 / 1e9)?;
    table.raw_set("kind", kind)?;
    Ok(Value::Table(table))
}

/// `fs.list`
pub(super) fn list(call: &Call<'_>, named: &Value) -> mlua::Result<mlua::Table> {
    let path = path(call, 1, named)?;
    let failed = |error: io::Error| cannot("list", &path, &error);
    let listing = call.state.permissions.list(&path)?.map_err(failed)?;
    let (mut all, mut tally) = (Vec::new(), call.tally());
    let listed = listing.names(|name, _| -> Result<(), Halted> {
        all.push(name.to_vec());
        call.checkpoint_each(all.len())?;
        Ok(tally.add(name.len() + NAME_BYTES)?)
    });
    listed.map_err(|error| error.or(failed))?;
    all.sort_unstable();
    let mut list = call.list()?;
    for name in &all {
        list.push_bytes(name)?;
    }
    list.finish()
}

/// What a string and its place in a list cost beside its bytes.
pub(super) const NAME_BYTES: usize = 48;

/// Why a listing ended early: of its own, or by a checkpoint.
pub(super) enum Halted {
    Io(io::Error),
    Lua(mlua::Error),
}

impl Halted {
    pub(super) fn or(self, failed: impl FnOnce(io::Error) -> mlua::Error) -> mlua::Error {
        match self {
            Self::Io(error) => failed(error),
            Self::Lua(error) => error,
        }
    }
}

impl From<io::Error> for Halted {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<mlua::Error> for Halted {
    fn from(error: mlua::Error) -> Self {
        Self::Lua(error)
    }
}

/// A folder on the way is missing, or is a file.
pub(super) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
