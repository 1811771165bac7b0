//! This module makes digests of files that may be read.

use std::io::{self, Read};
use std::path::Path;

use mlua::Value;

use super::algorithm::{Algorithm, Digest, shown};
use crate::lua::host::call::Call;

/// Bytes read between two checkpoints.
const PIECE_BYTES: usize = 1 << 18;

/// `hash.file`
pub(super) fn file(call: &Call<'_>, (path, algorithm): &(Value, Value)) -> mlua::Result<String> {
    let path = call.text(1, path)?;
    call.path_len(1, path.len())?;
    let algorithm = match call.optional_text(2, algorithm)? {
        None => Algorithm::Sha256,
        Some(name) => Algorithm::named(&name).ok_or_else(|| {
            let expected = "`sha256`, `sha1`, `md5`, `blake3` or `xxh3` expected";
            call.bad_because(2, &format!("{expected}, got `{}`", shown(&name)))
        })?,
    };
    let opened = call.state.permissions.open(Path::new(&*path))?;
    let mut file = opened.map_err(|error| cannot(call, &path, &error))?;
    let mut digest = Digest::new(algorithm);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(digest.finish()),
            Ok(len) => digest.update(&piece[..len]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(cannot(call, &path, &error)),
        }
        call.checkpoint()?;
    }
}

fn cannot(call: &Call<'_>, path: &str, error: &io::Error) -> mlua::Error {
    call.fail(&format!("cannot read `{path}`: {error}"))
}
