//! These functions count, cut and change characters (Unicode scalar values). They refuse strings that are not UTF-8.

use mlua::Value;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfd_quick};
use unicode_normalization::{is_nfkc_quick, is_nfkd_quick};

use crate::lua::host::call::Call;

/// Between two checkpoints of a loop over characters.
const CHECKPOINT_CHARACTERS: usize = 1 << 18;

/// Bytes of a text that becomes a slug. It is made in one go that cannot be stopped, and some characters become twenty.
const SLUG_BYTES_MAX: usize = 1 << 20;

/// `str.len`
pub(super) fn len(call: &Call<'_>, s: &Value) -> mlua::Result<i64> {
    Ok(call.text(1, s)?.chars().count() as i64)
}

/// `str.sub`
pub(super) fn sub(call: &Call<'_>, (s, first, last): &(Value, Value, Value)) -> mlua::Result<Value> {
    let text = call.text(1, s)?;
    let first = call.integer(2, first)?;
    let last = call.optional_integer(3, last)?.unwrap_or(-1);
    // Places from the front need no count of the whole text.
    let count = if first < 0 || last < 0 { text.chars().count() as i64 } else { 0 };
    let from_front = |place: i64| if place < 0 { place.saturating_add(count + 1) } else { place };
    let start = from_front(first).max(1) as usize - 1;
    let end = from_front(last).max(0) as usize;
    if end <= start {
        return call.new_string("");
    }
    let from = byte_at(&text, start);
    let to = from + byte_at(&text[from..], end - start);
    if to - from == text.len() { Ok(s.clone()) } else { call.new_string(&text[from..to]) }
}

/// Byte at which the character at place `count` (from 0) begins, the length of the text when it has no more than that.
fn byte_at(text: &str, count: usize) -> usize {
    if text.is_ascii() {
        return count.min(text.len());
    }
    text.char_indices().nth(count).map_or(text.len(), |(at, _)| at)
}

/// `str.lower`
pub(super) fn lower(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    if bytes.is_ascii() {
        if !bytes.iter().any(u8::is_ascii_uppercase) {
            return Ok(s.clone());
        }
        return call.build(|out| {
            out.extend(bytes.iter().map(u8::to_ascii_lowercase));
            Ok(())
        });
    }
    let text = call.text(1, s)?;
    // No character grows by more than half.
    call.room_for(text.len() / 2 * 3)?;
    call.new_string(text.to_lowercase())
}

/// `str.upper`
pub(super) fn upper(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let bytes = call.bytes(1, s)?;
    if bytes.is_ascii() {
        if !bytes.iter().any(u8::is_ascii_lowercase) {
            return Ok(s.clone());
        }
        return call.build(|out| {
            out.extend(bytes.iter().map(u8::to_ascii_uppercase));
            Ok(())
        });
    }
    collect(call, call.text(1, s)?.chars().flat_map(char::to_uppercase))
}

/// `str.normalize`
pub(super) fn normalize(call: &Call<'_>, (s, form): &(Value, Value)) -> mlua::Result<Value> {
    let text = call.text(1, s)?;
    let form = call.optional_text(2, form)?;
    let form = form.as_deref().unwrap_or("NFC");
    if text.is_ascii() && matches!(form, "NFC" | "NFD" | "NFKC" | "NFKD") {
        return Ok(s.clone());
    }
    let already = match form {
        "NFC" => is_nfc_quick(text.chars()),
        "NFD" => is_nfd_quick(text.chars()),
        "NFKC" => is_nfkc_quick(text.chars()),
        "NFKD" => is_nfkd_quick(text.chars()),
        _ => {
            return Err(
                call.bad_because(2, &format!("`NFC`, `NFD`, `NFKC` or `NFKD` expected, got `{form}`"))
            );
        }
    };
    if already == IsNormalized::Yes {
        return Ok(s.clone());
    }
    match form {
        "NFC" => collect(call, text.nfc()),
        "NFD" => collect(call, text.nfd()),
        "NFKC" => collect(call, text.nfkc()),
        _ => collect(call, text.nfkd()),
    }
}

/// The characters as a Lua string. Normalization can make a string eighteen times as long.
fn collect(call: &Call<'_>, characters: impl Iterator<Item = char>) -> mlua::Result<Value> {
    call.build(|out| {
        let mut buffer = [0; 4];
        for (at, character) in characters.enumerate() {
            out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
            if at % CHECKPOINT_CHARACTERS == CHECKPOINT_CHARACTERS - 1 {
                call.checkpoint()?;
                call.room_for(out.len())?;
            }
        }
        Ok(())
    })
}

/// `str.slug`
pub(super) fn slug(call: &Call<'_>, s: &Value) -> mlua::Result<Value> {
    let text = call.text(1, s)?;
    if text.len() > SLUG_BYTES_MAX {
        return Err(call.bad_because(1, &format!("a text of at most {SLUG_BYTES_MAX} bytes expected")));
    }
    call.new_string(slug::slugify(&*text))
}

/// `str.truncate`
pub(super) fn truncate(call: &Call<'_>, (s, max, suffix): &(Value, Value, Value)) -> mlua::Result<Value> {
    let text = call.text(1, s)?;
    let max = usize::try_from(call.integer(2, max)?)
        .map_err(|_| call.bad_because(2, "a number of characters expected, got a negative number"))?;
    let suffix = call.optional_text(3, suffix)?;
    let suffix = suffix.as_deref().unwrap_or("…");
    if byte_at(&text, max) == text.len() {
        return Ok(s.clone());
    }
    // A suffix longer than the limit is cut as well: the result never has more than `max` characters.
    let suffix = &suffix[..byte_at(suffix, max)];
    let kept = &text[..byte_at(&text, max - suffix.chars().count())];
    call.build(|out| {
        out.extend_from_slice(kept.as_bytes());
        out.extend_from_slice(suffix.as_bytes());
        Ok(())
    })
}
