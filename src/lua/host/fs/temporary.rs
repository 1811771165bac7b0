//! Files of one item's own: made empty on request, taken away when the item has ended.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use mlua::Value;
use rustix::fs::{FileType, OFlags};

use super::cannot;
use super::write::word;
use crate::lua::host::call::Call;
use crate::lua::permissions::Place;

/// Bytes of a suffix: names of files are short.
const SUFFIX_MAX: usize = 64;

/// The temporary files of one VM's items.
pub(in crate::lua) struct Temporaries {
    /// Tells the position of the item that runs.
    running: Box<dyn Fn() -> u64>,
    files: RefCell<Vec<(u64, Place)>>,
}

impl Temporaries {
    /// None yet; `running` tells which item asks.
    pub(in crate::lua) fn new(running: impl Fn() -> u64 + 'static) -> Self {
        Self { running: Box::new(running), files: RefCell::default() }
    }

    /// Takes away the files of an item that has ended.
    pub(in crate::lua) fn end(&self, index: u64) {
        self.take(|owner| owner == index);
    }

    /// Takes away the files of all items.
    pub(in crate::lua) fn end_all(&self) {
        self.take(|_| true);
    }

    fn take(&self, is_over: impl Fn(u64) -> bool) {
        let mut files = self.files.borrow_mut();
        if files.is_empty() {
            return;
        }
        files.retain(|(owner, place)| {
            if is_over(*owner) {
                // What the item has moved or removed itself is gone already.
                let _ = place.unlink(FileType::RegularFile);
            }
            !is_over(*owner)
        });
    }
}

impl Drop for Temporaries {
    fn drop(&mut self) {
        self.end_all();
    }
}

/// `fs.tempfile`
pub(super) fn tempfile(call: &Call<'_>, suffix: &Value) -> mlua::Result<Value> {
    let suffix = call.optional_text(1, suffix)?;
    let suffix = suffix.as_deref().unwrap_or("");
    if suffix.len() > SUFFIX_MAX || suffix.contains(['/', '\0']) {
        return Err(call.bad_because(1, "a suffix such as `.png` expected"));
    }
    let made = make(call, suffix);
    let (path, place) = made.map_err(|error| cannot("make", Path::new("a temporary file"), &error))?;
    let temporaries = &call.state.temporaries;
    temporaries.files.borrow_mut().push(((temporaries.running)(), place));
    call.new_string(path.as_os_str().as_encoded_bytes())
}

/// A new file in the scratch folder, under a name that nobody has.
fn make(call: &Call<'_>, suffix: &str) -> io::Result<(PathBuf, Place)> {
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
