//! `image.open` and `img:save` read and write pictures in files that may be read and written.

use std::io::{self, Read};
use std::path::Path;

use mlua::{AnyUserData, Value};

use super::decode;
use super::encode::{encoded, shown};
use super::picture::{PictureFormat, this};
use super::shape::upright;
use crate::lua::host::call::Call;
use crate::lua::host::fs::{Durability, replace};
use crate::lua::permissions::Parents;

/// Bytes read between two checkpoints.
const PIECE_BYTES: usize = 1 << 20;

/// `image.open`
pub(super) fn open(call: &Call<'_>, (path, options): &(Value, Value)) -> mlua::Result<AnyUserData> {
    let path = call.text(1, path)?;
    call.path_len(1, path.len())?;
    let is_wanted_upright = decode::wants_upright(call, options)?;
    let (bytes, claim) = read(call, &path)?;
    let picture = decode::picture(call, &bytes, &format!("`{path}`"))?;
    drop((bytes, claim));
    let picture = if is_wanted_upright { upright(call, picture)? } else { picture };
    picture.hand_out(call)
}

/// The bytes of a file, and the memory claimed for them.
fn read(call: &Call<'_>, path: &str) -> mlua::Result<(Vec<u8>, crate::lua::host::outside::Claim)> {
    let failed = |error: io::Error| call.fail(&format!("cannot read `{path}`: {error}"));
    let file = call.state.permissions.open(Path::new(path))?.map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let len = usize::try_from(size).unwrap_or(usize::MAX);
    let claim = call.claim(len)?;
    let mut file = file.take(size);
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
    call.path_len(1, path.len())?;
    let extension = Path::new(&*path).extension().and_then(|extension| extension.to_str());
    let Some(format) = extension.and_then(PictureFormat::named) else {
        let known = "`.jpg`, `.png`, `.gif`, `.webp`, `.bmp` or `.tiff`";
        return Err(
            call.bad_because(1, &format!("a path that ends in {known} expected, got `{}`", shown(&path)))
        );
    };
    let path = Path::new(&*path);
    let place = call.state.permissions.fresh(path, Parents::Make)?;
    let place = place.map_err(|error| call.fail(&format!("cannot write `{}`: {error}", path.display())))?;
    let bytes = encoded(call, &image, format, options)?;
    // Written beside the target and renamed: nobody ever reads half a picture.
    replace(call, path, place, &bytes, Durability::Cached)
}
