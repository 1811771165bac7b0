//! This function takes tags out of text.

use memchr::memchr2;
use mlua::Value;

use crate::lua::host::call::Call;
use crate::lua::text;

/// `html.strip`
pub(super) fn strip(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    if memchr2(b'<', b'&', &bytes).is_none() {
        return Ok(s.clone());
    }
    call.build(|out| text::strip_into(&bytes, out, &mut |step| call.checkpoint_each(step)))
}
