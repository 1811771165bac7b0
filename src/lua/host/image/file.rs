//! `image.open` and `img:save`: files that may be read and written.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use mlua::{AnyUserData, Value};

use super::decode;
use super::encode::{encoded, shown};
use super::picture::{Format, this};
use crate::lua::host::call::Call;

/// Bytes read between two checkpoints.
const PIECE_BYTES: usize = 1 << 20;

/// Permissions of a new file, before the process's umask.
const NEW_FILE_MODE: u32 = 0o666;

/// `image.open`
pub(super) fn open(call: &Call<'_>, path: &Value) -> mlua::Result<AnyUserData> {
    let path = call.text(1, path)?;
    let (bytes, claim) = read(call, &path)?;
    let picture = decode::picture(call, &bytes, &format!("`{path}`"))?;
    drop((bytes, claim));
    picture.hand_out(call)
}

/// The bytes of a file, and the memory claimed for them.
fn read(call: &Call<'_>, path: &str) -> mlua::Result<(Vec<u8>, crate::lua::host::outside::Claim)> {
    let real = call.state.permissions.read(Path::new(path))?;
    let failed = |error: io::Error| call.fail(&format!("cannot read `{path}`: {error}"));
    let metadata = fs::metadata(&real).map_err(failed)?;
    // A pipe would block.
    if !metadata.is_file() {
        return Err(call.refuse(&format!("cannot read `{path}`: it is not a file")));
    }
    let len = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    let claim = call.claim(len)?;
    let mut file = fs::File::open(&real).map_err(failed)?.take(metadata.len());
    let mut bytes = Vec::with_capacity(len);
    while (&mut file).take(PIECE_BYTES as u64).read_to_end(&mut bytes).map_err(failed)? > 0 {
        call.checkpoint()?;
    }
    Ok((bytes, claim))
}

/// `img:save`
pub(super) fn save(call: &Call<'_>, (image, path, options): &(Value, Value, Value)) -> mlua::Result<()> {
    let image = this(call, image)?;
    let path = call.text(1, path)?;
    let extension = Path::new(&*path).extension().and_then(|extension| extension.to_str());
    let Some(format) = extension.and_then(Format::named) else {
        let known = "`.jpg`, `.png`, `.gif`, `.webp`, `.bmp` or `.tiff`";
        return Err(
            call.bad_because(1, &format!("a path that ends in {known} expected, got `{}`", shown(&path)))
        );
    };
    let real = call.state.permissions.write(Path::new(&*path))?;
    let bytes = encoded(call, &image, format, options)?;
    write(&real, &bytes).map_err(|error| call.fail(&format!("cannot write `{path}`: {error}")))
}

/// Writes beside the target and renames, so that nobody ever reads half a picture.
fn write(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".flowrun-")
        .permissions(fs::Permissions::from_mode(NEW_FILE_MODE))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}
