//! These functions write files and make folders.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mlua::Value;
use rustix::fs::{FileType, OFlags};

use super::arguments::{PIECE_BYTES, cannot, flags, path};
use crate::lua::host::call::Call;
use crate::lua::permissions::{HeldPlace, Parents};

/// `fs.write`
pub(super) fn write(call: &Call<'_>, (named, s, options): &(Value, Value, Value)) -> mlua::Result<()> {
    let path = path(call, 1, named)?;
    let bytes = call.bytes(2, s)?;
    let [append, atomic] = flags(call, 3, options, ["append", "atomic"])?;
    if append && atomic {
        return Err(call.bad_because(3, "`append` and `atomic` exclude each other"));
    }
    let failed = |error: io::Error| cannot("write", &path, &error);
    let permissions = &call.state.permissions;
    let place = if append {
        permissions.target(&path, Parents::Make)?.map_err(failed)?
    } else {
        permissions.fresh(&path, Parents::Make)?.map_err(failed)?
    };
    if atomic {
        return replace(call, &path, place, &bytes, Durability::Synced);
    }
    let how = if append { OFlags::APPEND } else { OFlags::TRUNC };
    let mut file = place.file(OFlags::WRONLY | OFlags::CREATE | how).map_err(failed)?;
    pour(call, &path, &mut file, &bytes)
}

/// `fs.mkdir`
pub(super) fn mkdir(call: &Call<'_>, named: &Value) -> mlua::Result<()> {
    let path = path(call, 1, named)?;
    let place = call.state.permissions.target(&path, Parents::Make)?;
    let made = place.and_then(|place| place.make_folder());
    made.map_err(|error| cannot("make the folder", &path, &error))
}

/// Whether a new file is on the disk before it takes the place of an old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua::host) enum Durability {
    /// It is: after a power failure there is the old or the new one.
    Synced,
    /// The system writes it when it likes, which is many times faster.
    #[cfg(any(feature = "image", feature = "http"))]
    Cached,
}

/// Writes a new file beside `place` and renames it, so that there is the old or the new file at every moment.
pub(in crate::lua::host) fn replace(
    call: &Call<'_>,
    path: &Path,
    place: HeldPlace,
    bytes: &[u8],
    durability: Durability,
) -> mlua::Result<()> {
    let failed = |error: io::Error| cannot("write", path, &error);
    let mut replacement = Replacement::begin(place).map_err(failed)?;
    pour(call, path, &mut replacement.file, bytes)?;
    replacement.finish(durability).map_err(failed)
}

/// A new file that will take the place of another one, or of none. Dropping it leaves all as it was.
#[derive(Debug)]
pub(in crate::lua::host) struct Replacement {
    place: HeldPlace,
    part: HeldPlace,
    file: File,
    is_done: bool,
}

impl Replacement {
    pub(in crate::lua::host) fn begin(place: HeldPlace) -> io::Result<Self> {
        let (part, file) = part(&place)?;
        Ok(Self { place, part, file, is_done: false })
    }

    #[cfg(feature = "http")]
    pub(in crate::lua::host) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)
    }

    /// Gives it the name, and the rights that the old file has.
    pub(in crate::lua::host) fn finish(mut self, durability: Durability) -> io::Result<()> {
        match self.place.stat()? {
            Some(old) if FileType::from_raw_mode(old.st_mode) == FileType::RegularFile => {
                rustix::fs::fchmod(&self.file, rustix::fs::Mode::from_raw_mode(old.st_mode))?;
            }
            _ => {}
        }
        if durability == Durability::Synced {
            self.file.sync_data()?;
        }
        self.part.rename(&self.place)?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_done {
            // Nothing more can be done about a file that does not go away.
            let _ = self.part.unlink(FileType::RegularFile);
        }
    }
}

/// Writers of one target at the same time, which is far beyond any use.
const NUMBERS: u32 = 64;
/// How often another writer may clear a file away that this one has made and not yet locked.
const TRIES: u32 = 100;

/// A new file beside `place`, locked as long as it is open. Its name is made of the target's: what a killed run has left
/// under it, and nobody holds, makes room for the item that writes there again.
fn part(place: &HeldPlace) -> io::Result<(HeldPlace, File)> {
    let digest = xxhash_rust::xxh3::xxh3_64(place.name().as_encoded_bytes());
    for number in 0..NUMBERS {
        let part = place.beside(&format!(".flowrun-{digest:016x}-{number}.part"));
        for _ in 0..TRIES {
            match part.file(OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL) {
                // Where nothing can be locked, nobody can take it for a leftover either.
                Ok(file) if file.lock().is_err() || file.metadata()?.nlink() > 0 => return Ok((part, file)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if !clear(&part) {
                        break;
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
    Err(io::Error::other(format!("{NUMBERS} others write it already")))
}

/// Removes what nobody holds; whether the name is free.
fn clear(part: &HeldPlace) -> bool {
    let file = match part.file(OFlags::WRONLY) {
        Err(error) => return error.kind() == io::ErrorKind::NotFound,
        Ok(file) => file,
    };
    let (Ok(()), Ok(held), Ok(named)) = (file.try_lock(), file.metadata(), part.stat()) else { return false };
    // Under this name is what is locked, and not what has come there since.
    let is_same = named.is_some_and(|named| (named.st_dev, named.st_ino) == (held.dev(), held.ino()));
    is_same && part.unlink(FileType::RegularFile).is_ok()
}

/// Differs from call to call and from process to process; need not be hard to guess, because names are claimed.
pub(super) fn word() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

fn pour(call: &Call<'_>, path: &Path, file: &mut File, bytes: &[u8]) -> mlua::Result<()> {
    for (at, piece) in bytes.chunks(PIECE_BYTES).enumerate() {
        if at > 0 {
            call.checkpoint()?;
        }
        file.write_all(piece).map_err(|error| cannot("write", path, &error))?;
    }
    Ok(())
}
