//! This module writes bytes as text: Base64, hexadecimal, percent-encoding.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use mlua::Value;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use crate::lua::host::call::Call;

use super::piece::PIECE_BYTES;

/// What stays as it is: the unreserved characters of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `codec.base64.encode`
pub(super) fn base64_encode(call: &Call<'_>, (s, alphabet): &(Value, Value)) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    let engine = match call.optional_text(2, alphabet)?.as_deref() {
        None | Some("standard") => STANDARD,
        Some("url") => URL_SAFE_NO_PAD,
        Some(_) => return Err(call.bad_because(2, "`standard` or `url` expected")),
    };
    call.room_for(bytes.len() / 3 * 4 + 4)?;
    // Whole groups of three bytes, so that no piece but the last is padded.
    pieces(call, &bytes, PIECE_BYTES / 3 * 3, |out, piece| {
        let start = out.len();
        out.resize(start + piece.len().div_ceil(3) * 4, 0);
        let written =
            engine.encode_slice(piece, &mut out[start..]).expect("four bytes for every three are enough");
        out.truncate(start + written);
        Ok(())
    })
}

/// `codec.base64.decode`
pub(super) fn base64_decode(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let text = call.bytes(1, s)?;
    let _claim = call.claim(text.len())?;
    let mut plain: Vec<u8> = text.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
    call.checkpoint()?;
    let padding = plain.iter().rev().take_while(|byte| **byte == b'=').count();
    plain.truncate(plain.len() - padding.min(2));
    for byte in &mut plain {
        *byte = match *byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        };
    }
    // Whole groups of four characters.
    pieces(call, &plain, PIECE_BYTES, |out, piece| {
        STANDARD_NO_PAD.decode_vec(piece, out).map_err(|_| call.bad_because(1, "Base64 expected"))
    })
}

/// `codec.hex.encode`
pub(super) fn hex_encode(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let bytes = call.bytes(1, s)?;
    call.room_for(bytes.len().saturating_mul(2))?;
    pieces(call, &bytes, PIECE_BYTES, |out, piece| {
        let digits = piece.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        out.extend(digits.map(|digit| DIGITS[usize::from(digit)]));
        Ok(())
    })
}

/// `codec.hex.decode`
pub(super) fn hex_decode(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let text = call.bytes(1, s)?;
    call.room_for(text.len() / 2)?;
    if text.len() % 2 == 1 {
        return Err(call.bad_because(1, "an even number of hexadecimal digits expected"));
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    pieces(call, &text, PIECE_BYTES, |out, piece| {
        for pair in piece.chunks_exact(2) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return Err(call.bad_because(1, "hexadecimal digits expected"));
            };
            out.push(high << 4 | low);
        }
        Ok(())
    })
}

/// `codec.url.encode`
pub(super) fn url_encode(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    call.room_for(bytes.len().saturating_mul(3))?;
    pieces(call, &bytes, PIECE_BYTES, |out, piece| {
        percent_encoding::percent_encode(piece, ESCAPED)
            .for_each(|part| out.extend_from_slice(part.as_bytes()));
        Ok(())
    })
}

/// `codec.url.decode`
pub(super) fn url_decode(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let text = call.bytes(1, s)?;
    call.room_for(text.len())?;
    call.build(|out| {
        out.extend(percent_encoding::percent_decode(&text));
        call.checkpoint()
    })
}

/// A string made piece by piece.
fn pieces(
    call: &Call<'_>,
    bytes: &[u8],
    size: usize,
    mut step: impl FnMut(&mut Vec<u8>, &[u8]) -> mlua::Result<()>,
) -> mlua::Result<Value> {
    call.build(|out| {
        for (at, piece) in bytes.chunks(size).enumerate() {
            if at > 0 {
                call.checkpoint()?;
            }
            step(out, piece)?;
        }
        Ok(())
    })
}
