//! This module turns entities into characters and back, such as `&amp;` and `&`. It works on any bytes.

use memchr::memchr;
use mlua::Value;

use crate::lua::host::call::Call;
use crate::lua::text::decode;

/// `html.escape`
pub(super) fn escape(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    let grown: usize = bytes.iter().map(|&byte| entity(byte).map_or(0, str::len)).sum();
    if grown == 0 {
        return Ok(s.clone());
    }
    call.room_for(bytes.len() + grown)?;
    call.build(|out| {
        let (mut kept, mut step) = (0, 0);
        for (at, &byte) in bytes.iter().enumerate() {
            if let Some(entity) = entity(byte) {
                step += 1;
                call.checkpoint_each(step)?;
                out.extend_from_slice(&bytes[kept..at]);
                out.extend_from_slice(entity.as_bytes());
                kept = at + 1;
            }
        }
        out.extend_from_slice(&bytes[kept..]);
        Ok(())
    })
}

const fn entity(byte: u8) -> Option<&'static str> {
    match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'"' => Some("&quot;"),
        b'\'' => Some("&#39;"),
        _ => None,
    }
}

/// `html.unescape`
pub(super) fn unescape(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    if memchr(b'&', &bytes).is_none() {
        return Ok(s.clone());
    }
    call.build(|out| {
        let mut rest: &[u8] = &bytes;
        let mut step = 0;
        while let Some(at) = memchr(b'&', rest) {
            step += 1;
            call.checkpoint_each(step)?;
            out.extend_from_slice(&rest[..at]);
            rest = &rest[at..];
            rest = &rest[decode(rest, out)..];
        }
        out.extend_from_slice(rest);
        Ok(())
    })
}
