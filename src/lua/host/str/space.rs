//! These functions handle white space at the ends of text and inside it.

use mlua::Value;

use crate::lua::host::call::Call;
use crate::lua::text::{squeeze_into, trimmed, trimmed_end, trimmed_start};

/// `str.trim`
pub(super) fn trim(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    cut(call, s, trimmed)
}

/// `str.ltrim`
pub(super) fn ltrim(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    cut(call, s, trimmed_start)
}

/// `str.rtrim`
pub(super) fn rtrim(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    cut(call, s, trimmed_end)
}

fn cut(call: &Call<'_>, s: &Value, part: fn(&[u8]) -> &[u8]) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    let kept = part(&bytes);
    if kept.len() == bytes.len() { Ok(s.clone()) } else { call.new_string(kept) }
}

/// `str.squeeze`
pub(super) fn squeeze(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    call.build(|out| {
        squeeze_into(&bytes, out);
        Ok(())
    })
}
