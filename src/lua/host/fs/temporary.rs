//! `fs.tempfile` makes an empty file of the item's own.

use std::io;
use std::path::{Path, PathBuf};

use mlua::Value;
use rustix::fs::OFlags;

use super::arguments::cannot;
use super::write::word;
use crate::lua::host::call::Call;
use crate::lua::permissions::HeldPlace;

/// Bytes of a suffix: names of files are short.
const SUFFIX_MAX: usize = 64;

/// `fs.tempfile`
pub(super) fn tempfile(call: &Call<'_>, suffix: &Value) -> mlua::Result<Value> {
    let suffix = call.optional_text(1, suffix)?;
    let suffix = suffix.as_deref().unwrap_or("");
    if suffix.len() > SUFFIX_MAX || suffix.contains(['/', '\0']) {
        return Err(call.bad_because(1, "a suffix such as `.png` expected"));
    }
    let made = make(call, suffix);
    let (path, place) = made.map_err(|error| cannot("make", Path::new("a temporary file"), &error))?;
    call.state.temporaries.add(place);
    call.new_string(path.as_os_str().as_encoded_bytes())
}

/// A new file in the scratch folder, under a name that no other file has.
fn make(call: &Call<'_>, suffix: &str) -> io::Result<(PathBuf, HeldPlace)> {
    let (folder, scratch) = call.state.permissions.scratch()?;
    loop {
        let name = format!("item-{:016x}{suffix}", word());
        let place = scratch.beside(&name);
        match place.file(OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return file.map(|_| (folder.join(&name), place)),
        }
    }
}
