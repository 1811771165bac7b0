//! This module turns entities into characters and back, such as `&amp;` and `&`. It works on any bytes.

use memchr::memchr;
use mlua::Value;

use crate::lua::host::call::Call;

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

/// Appends what the entity at the start of `bytes` (an `&`) stands for, or the `&` itself when there is no such
/// entity. Returns how many bytes that took.
pub(super) fn decode(bytes: &[u8], out: &mut Vec<u8>) -> usize {
    let candidate = &bytes[..candidate_len(bytes)];
    let plain = match candidate {
        b"&amp;" => b"&",
        b"&lt;" => b"<",
        b"&gt;" => b">",
        b"&quot;" => b"\"",
        b"&#39;" | b"&apos;" => b"'",
        _ => {
            // HTML also knows entities without a semicolon, which may be followed by letters: leave that to the table.
            let text = std::str::from_utf8(candidate).expect("a candidate is ASCII");
            out.extend_from_slice(htmlize::unescape(text).as_bytes());
            return candidate.len();
        }
    };
    out.extend_from_slice(plain);
    candidate.len()
}

/// Length of what may be one entity: `&`, letters, digits and `#`, and a semicolon.
fn candidate_len(bytes: &[u8]) -> usize {
    let name = bytes[1..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'#').count();
    let len = 1 + name;
    if bytes.get(len) == Some(&b';') { len + 1 } else { len }
}
