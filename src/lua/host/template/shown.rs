//! This module measures lists and maps before they become text: the engine makes the text in one go, whatever comes of it, and a list
//! may stand in a list many times.

use minijinja::value::{DynObject, ObjectRepr};
use minijinja::{Error, ErrorKind, Value};

use super::objects;

/// Bytes of text that lists and maps may become in one go; no deadline is looked at meanwhile.
pub(super) const SHOWN_MAX: usize = 64 << 20;

/// What a value takes beside its text: a comma, a space, quotes.
const VALUE_BYTES: usize = 4;

/// How text is shown.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ShownStyle {
    /// Spaces before each value for every level.
    pub(super) indent: usize,
    /// Whether texts stay as they are.
    pub(super) is_raw: bool,
}

/// Bytes that a value becomes at most; an error where that is too much.
pub(super) fn size(value: &Value, style: ShownStyle) -> Result<usize, Error> {
    objects::look()?;
    let most = SHOWN_MAX.min(objects::room());
    let mut open: Vec<Values> = vec![Box::new(std::iter::once(value.clone()))];
    let mut bytes = 0_usize;
    while let Some(level) = open.last_mut() {
        let Some(value) = level.next() else {
            open.pop();
            continue;
        };
        objects::look_each()?;
        let spaces = style.indent.saturating_mul(open.len());
        let left = most.saturating_sub(bytes);
        let text = value.as_str().map_or(0, |text| text_size(text, style, left));
        bytes = bytes.saturating_add(VALUE_BYTES).saturating_add(spaces).saturating_add(text);
        if bytes > most {
            return Err(refusal(most));
        }
        if let Some(inside) = value.as_object().and_then(inside) {
            open.push(inside);
        }
    }
    Ok(bytes)
}

/// Refuses bytes that have no room.
pub(super) fn fits(bytes: usize) -> Result<(), Error> {
    if bytes > objects::room() { Err(objects::full()) } else { Ok(()) }
}

fn refusal(most: usize) -> Error {
    if most < SHOWN_MAX {
        return objects::full();
    }
    let why = format!("a list or map cannot become more than {SHOWN_MAX} bytes of text in one go");
    Error::new(ErrorKind::InvalidOperation, why)
}

/// Bytes of a text with all that has to be escaped in it, in whatever format; not counted on beyond what is left.
fn text_size(text: &str, style: ShownStyle, left: usize) -> usize {
    if style.is_raw || text.len() > left {
        return text.len();
    }
    let escaped = |byte: u8| match byte {
        b'"' | b'\'' | b'\\' | b'<' | b'>' | b'&' | b'/' => 6,
        b' '..=b'~' => 1,
        0x80.. => 3,
        _ => 6,
    };
    text.bytes().map(escaped).sum()
}

pub(super) type Values = Box<dyn Iterator<Item = Value>>;

/// The elements of a list, or the keys and values of a map.
pub(super) fn inside(object: &DynObject) -> Option<Values> {
    match object.repr() {
        ObjectRepr::Plain => None,
        ObjectRepr::Map => Some(Box::new(object.try_iter_pairs()?.flat_map(|(key, value)| [key, value]))),
        _ => Some(object.try_iter()?),
    }
}

/// Whether it is a namespace, or what sees variables without showing them: a macro, a loop.
pub(super) fn hides_values(object: &DynObject) -> bool {
    let name = object.type_name();
    object.repr() == ObjectRepr::Plain || name.ends_with("::Namespace") || name.contains("::vm::")
}
