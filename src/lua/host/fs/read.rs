//! These functions read whole files, in pieces, within the memory limit and the deadline.

use std::io::{self, Read};

use mlua::Value;

use super::arguments::{PIECE_BYTES, cannot, path};
use crate::lua::host::call::Call;

/// `fs.read`
pub(super) fn read(call: &Call<'_>, named: &Value) -> mlua::Result<Value> {
    let path = path(call, 1, named)?;
    let failed = |error: io::Error| cannot("read", &path, &error);
    let mut file = call.state.permissions.open(&path)?.map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    call.room_for(usize::try_from(len).unwrap_or(usize::MAX))?;
    call.build(|out| {
        loop {
            let start = out.len();
            call.room_for(start + PIECE_BYTES)?;
            let wanted =
                PIECE_BYTES.min(usize::try_from(len).unwrap_or(PIECE_BYTES).saturating_sub(start) + 1);
            match (&mut file).take(wanted as u64).read_to_end(out) {
                Ok(0) => return Ok(()),
                Ok(_) => call.checkpoint()?,
                Err(error) => return Err(failed(error)),
            }
        }
    })
}
