//! These functions copy, move and remove files and folders.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use mlua::Value;
use rustix::fs::{FileType, OFlags};

use super::arguments::{PIECE_BYTES, cannot, flags, path};
use super::look::Halted;
use crate::lua::host::call::Call;
use crate::lua::host_error::HostError;
use crate::lua::permissions::{HeldPlace, Parents, identity, names, of_database, owner};

/// Folders within folders that a removal goes down into; each holds a file open.
const DEPTH_MAX: usize = 200;

/// `fs.copy`
pub(super) fn copy(call: &Call<'_>, (from, to): &(Value, Value)) -> mlua::Result<()> {
    let (from, to) = (path(call, 1, from)?, path(call, 2, to)?);
    let permissions = &call.state.permissions;
    let source = permissions.open(&from)?.map_err(|error| cannot("read", &from, &error))?;
    let target = permissions.fresh(&to, Parents::Make)?.map_err(|error| cannot("write", &to, &error))?;
    pour(call, (&from, source), (&to, &target))
}

/// `fs.move`
pub(super) fn rename(call: &Call<'_>, (from, to): &(Value, Value)) -> mlua::Result<()> {
    let (from, to) = (path(call, 1, from)?, path(call, 2, to)?);
    // What is moved can be read in its new place, so it must be readable in the old one.
    let permissions = &call.state.permissions;
    let failed = |error: io::Error| cannot("move", &from, &error);
    permissions.look(&from)?.map_err(failed)?;
    let source = permissions.entry(&from, Parents::Expect)?.map_err(failed)?;
    let found = source.stat().map_err(failed)?;
    let found = found.ok_or_else(|| failed(rustix::io::Errno::NOENT.into()))?;
    let place = permissions.entry(&to, Parents::Make)?.map_err(|error| cannot("write", &to, &error))?;
    match source.rename(&place) {
        // Another file system: what is no plain file stays where it is.
        Err(error)
            if error.kind() == io::ErrorKind::CrossesDevices
                && FileType::from_raw_mode(found.st_mode) == FileType::RegularFile =>
        {
            let file = source.file(OFlags::RDONLY).map_err(failed)?;
            pour(call, (&from, file), (&to, &place))?;
            source.unlink(FileType::RegularFile).map_err(failed)
        }
        moved => moved.map_err(failed),
    }?;
    permissions.took_away(&from);
    Ok(())
}

/// `fs.remove`
pub(super) fn remove(call: &Call<'_>, (named, options): &(Value, Value)) -> mlua::Result<bool> {
    let path = path(call, 1, named)?;
    let [recursive] = flags(call, 2, options, ["recursive"])?;
    let failed = |error: io::Error| cannot("remove", &path, &error);
    let place = match call.state.permissions.entry(&path, Parents::Expect)? {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        place => place.map_err(failed)?,
    };
    let Some(stat) = place.stat().map_err(failed)? else { return Ok(false) };
    let kind = FileType::from_raw_mode(stat.st_mode);
    if recursive && kind == FileType::Directory {
        empty(call, &path, &place, 0)?;
    }
    match place.unlink(kind) {
        Ok(()) => {
            call.state.permissions.took_away(&path);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
            let message = format!("cannot remove `{}`: the folder is not empty", path.display());
            Err(HostError::error(format!("{message}; `{{recursive = true}}` removes what is in it")).into())
        }
        Err(error) => Err(failed(error)),
    }
}

/// Takes away everything in a folder.
fn empty(call: &Call<'_>, path: &Path, place: &HeldPlace, depth: usize) -> mlua::Result<()> {
    let failed = |error: io::Error| cannot("remove", path, &error);
    if depth > DEPTH_MAX {
        return Err(failed(io::Error::other("the folders in it are nested too deep")));
    }
    let folder = Arc::new(place.folder().map_err(failed)?);
    let mut all = Vec::new();
    names(&folder, |name, _| -> Result<(), Halted> {
        all.push(name.to_vec());
        Ok(call.checkpoint_each(all.len())?)
    })
    .map_err(|error| error.or(failed))?;
    for name in &all {
        call.checkpoint()?;
        let name = OsStr::from_bytes(name);
        if name.eq_ignore_ascii_case(".flowrun") {
            let message = format!("removing `{}` is not allowed: a folder of runs is in it", path.display());
            return Err(HostError::refusal(message).into());
        }
        let inner = HeldPlace::within(Arc::clone(&folder), name);
        let Some(stat) = inner.stat().map_err(failed)? else { continue };
        if let Some(database) = identity(&folder).ok().and_then(|folder| owner(folder, name)) {
            return Err(of_database(&path.join(name), &database).into());
        }
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::Directory {
            empty(call, &path.join(name), &inner, depth + 1)?;
        }
        inner.unlink(kind).map_err(|error| cannot("remove", &path.join(name), &error))?;
    }
    Ok(())
}

/// Copies bytes and mode.
fn pour(
    call: &Call<'_>,
    (from, mut source): (&Path, File),
    (to, target): (&Path, &HeldPlace),
) -> mlua::Result<()> {
    let (unread, unwritten) =
        (|error: io::Error| cannot("read", from, &error), |error: io::Error| cannot("write", to, &error));
    let mut target = target.file(OFlags::WRONLY | OFlags::CREATE).map_err(unwritten)?;
    let (old, new) = (source.metadata().map_err(unread)?, target.metadata().map_err(unwritten)?);
    if (old.dev(), old.ino()) == (new.dev(), new.ino()) {
        return Ok(());
    }
    target.set_len(0).map_err(unwritten)?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match source.read(&mut piece) {
            Ok(0) => break,
            Ok(len) => target.write_all(&piece[..len]).map_err(unwritten)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unread(error)),
        }
        call.checkpoint()?;
    }
    mode(&target, old.mode()).map_err(unwritten)
}

fn mode(target: &File, mode: u32) -> io::Result<()> {
    Ok(rustix::fs::fchmod(target, rustix::fs::Mode::from_raw_mode(mode & 0o777))?)
}
