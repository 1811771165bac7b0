//! The functions of `fs` share how they read paths and flags, and the error for a system call that failed.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use mlua::Value;

use crate::lua::host::call::Call;
use crate::lua::host_error::HostError;

/// Bytes moved between two checkpoints.
pub(super) const PIECE_BYTES: usize = 1 << 18;

/// A path argument. Names of files are bytes.
pub(super) fn path(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<PathBuf> {
    let bytes = call.bytes(at, value)?;
    call.path_len(at, bytes.len())?;
    Ok(PathBuf::from(OsStr::from_bytes(&bytes)))
}

/// The error for a system call that failed.
pub(super) fn cannot(verb: &str, path: &Path, error: &io::Error) -> mlua::Error {
    HostError::error(format!("cannot {verb} `{}`: {error}", path.display())).into()
}

/// The boolean options that a function knows, in this order; nil is no options.
pub(super) fn flags<const N: usize>(
    call: &Call<'_>,
    at: usize,
    value: &Value,
    names: [&str; N],
) -> mlua::Result<[bool; N]> {
    let mut flags = [false; N];
    let table = match value {
        Value::Nil => return Ok(flags),
        Value::Table(table) => table,
        other => return Err(call.bad(at, "table", other)),
    };
    table.for_each(|key: Value, value: Value| {
        let known = match &key {
            Value::String(key) => names.iter().position(|name| key.as_bytes() == name.as_bytes()),
            _ => None,
        };
        let Some(known) = known else {
            return Err(call.bad_because(at, &format!("only `{}` may stand there", names.join("`, `"))));
        };
        flags[known] = match value {
            Value::Boolean(flag) => flag,
            other => {
                let why = format!("`{}` must be true or false, not a {}", names[known], other.type_name());
                return Err(call.bad_because(at, &why));
            }
        };
        Ok(())
    })?;
    Ok(flags)
}
