//! These functions take text in parts: pieces between separators, lines, words, and whether a part is there.

use memchr::{memchr, memmem};
use mlua::{Table, Value};
use unicode_segmentation::UnicodeSegmentation;

use crate::lua::host::call::Call;
use crate::lua::text::{space_after, trimmed, word_len};

/// `str.split`
pub(super) fn split(call: &Call<'_>, (s, separator, max): &(Value, Value, Value)) -> mlua::Result<Table> {
    let bytes = call.bytes(1, s)?;
    let separator = call.optional_string(2, separator)?;
    let max = call.pieces_max(3, max)?;
    match separator {
        None => split_at_space(call, &bytes, max),
        Some(separator) if separator.as_bytes().is_empty() => {
            split_characters(call, call.text(1, s)?.as_ref(), max)
        }
        Some(separator) => split_at(call, &bytes, &separator.as_bytes(), max),
    }
}

fn split_at(call: &Call<'_>, mut rest: &[u8], separator: &[u8], max: usize) -> mlua::Result<Table> {
    let mut list = call.list()?;
    let finder = memmem::Finder::new(separator);
    while list.len() + 1 < max {
        let Some(at) = finder.find(rest) else { break };
        list.push_bytes(&rest[..at])?;
        rest = &rest[at + separator.len()..];
        call.checkpoint_each(list.len())?;
    }
    list.push_bytes(rest)?;
    list.finish()
}

fn split_at_space(call: &Call<'_>, bytes: &[u8], max: usize) -> mlua::Result<Table> {
    let mut list = call.list()?;
    let mut rest = trimmed(bytes);
    while !rest.is_empty() {
        let end = if list.len() + 1 < max { word_len(rest) } else { rest.len() };
        list.push_bytes(&rest[..end])?;
        rest = &rest[end..];
        while let n @ 1.. = space_after(rest) {
            rest = &rest[n..];
        }
        call.checkpoint_each(list.len())?;
    }
    list.finish()
}

fn split_characters(call: &Call<'_>, text: &str, max: usize) -> mlua::Result<Table> {
    let mut list = call.list()?;
    for (at, character) in text.char_indices() {
        if list.len() + 1 == max {
            list.push_bytes(&text.as_bytes()[at..])?;
            break;
        }
        list.push_bytes(&text.as_bytes()[at..at + character.len_utf8()])?;
        call.checkpoint_each(list.len())?;
    }
    list.finish()
}

/// `str.lines`
pub(super) fn lines(call: &Call<'_>, s: &Value) -> mlua::Result<Table> {
    let bytes = call.bytes(1, s)?;
    let mut list = call.list()?;
    let mut rest: &[u8] = &bytes;
    while !rest.is_empty() {
        let end = memchr(b'\n', rest);
        let line = &rest[..end.unwrap_or(rest.len())];
        list.push_bytes(if end.is_some() { line.strip_suffix(b"\r").unwrap_or(line) } else { line })?;
        rest = end.map_or(&[], |end| &rest[end + 1..]);
        call.checkpoint_each(list.len())?;
    }
    list.finish()
}

/// `str.words`
pub(super) fn words(call: &Call<'_>, s: &Value) -> mlua::Result<Table> {
    let text = call.text(1, s)?;
    let mut list = call.list()?;
    // As `unicode_words` does, but with a look at the clock where there are none.
    for (step, piece) in text.split_word_bounds().enumerate() {
        call.checkpoint_each(step)?;
        if piece.chars().any(char::is_alphanumeric) {
            list.push_bytes(piece.as_bytes())?;
        }
    }
    list.finish()
}

/// `str.starts_with`
pub(super) fn starts_with(call: &Call<'_>, (s, prefix): &(Value, Value)) -> mlua::Result<bool> {
    Ok(call.bytes(1, s)?.starts_with(&call.bytes(2, prefix)?))
}

/// `str.ends_with`
pub(super) fn ends_with(call: &Call<'_>, (s, suffix): &(Value, Value)) -> mlua::Result<bool> {
    Ok(call.bytes(1, s)?.ends_with(&call.bytes(2, suffix)?))
}

/// `str.contains`
pub(super) fn contains(call: &Call<'_>, (s, part): &(Value, Value)) -> mlua::Result<bool> {
    Ok(memmem::find(&call.bytes(1, s)?, &call.bytes(2, part)?).is_some())
}
