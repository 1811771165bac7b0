//! This reader takes single fields out of an object's text and only checks the rest. It learns the order of keys from the
//! texts before: a key that stands where it stood needs no parsing and no hashing.
//!
//! It reads what is common. A text that is no object, that has a key twice or one with escapes, or whose keys follow each
//! other in ever new ways, it leaves to others, and so it does with text that is not JSON at all.

use super::cursor::JsonCursor;
use super::scan::{self, Quickest};
use super::{number, plain, text};

/// Places in the tree of keys. Data with more orders of keys than this has no order.
const PLACES_MAX: usize = 4096;
/// Keys of one object.
const KEYS_MAX: usize = 1000;
/// Whole numbers up to here are exact as 64-bit floats.
const EXACT_MAX: u64 = 1 << 53;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Not there.
    Missing,
    /// `null`
    Null,
    /// `false`
    False,
    /// `true`
    True,
    /// A number whose text is what [`write_number`](super::write_number) writes.
    Number,
    /// A number that may be written otherwise.
    Spelled,
    /// A whole number beyond 2^53.
    Big,
    /// A string without escapes.
    Plain,
    /// A string with escapes.
    Escaped,
    /// An array.
    List,
    /// An object.
    Map,
}

/// A field of the object that was read last.
#[derive(Debug, Clone, Copy)]
pub struct FieldValue {
    /// What it is.
    pub kind: FieldKind,
    /// Where its text begins, in bytes; that of a plain string is without the quotes.
    pub start: u32,
    /// One past its last byte.
    pub end: u32,
    /// The value of a number.
    pub number: f64,
}

impl FieldValue {
    const MISSING: Self = Self { kind: FieldKind::Missing, start: 0, end: 0, number: 0.0 };

    /// Its text within that of the object.
    #[inline]
    pub fn text<'t>(&self, object: &'t [u8]) -> &'t [u8] {
        &object[self.start as usize..self.end as usize]
    }
}

/// The keys of an object in their order: the same number for the same keys.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct KeyPath(u32);

impl KeyPath {
    /// Numbers begin with 0, and there are few.
    pub fn number(self) -> usize {
        self.0 as usize
    }
}

/// A key behind other keys, as far as it is looked at for each object.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// The first eight bytes of the key in quotes with its colon, and which of them count.
    head: u64,
    mask: u64,
    /// The last eight bytes, where there are more than eight.
    tail: u64,
    /// How many there are.
    len: u32,
    /// The wanted field that it is, from 1.
    field: u32,
    /// The first place behind it, and the next one behind the same place; 0 for none.
    child: u32,
    sibling: u32,
}

/// Where the text of a key begins in the reader's bytes, and the place before it.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    start: u32,
    before: u32,
}

/// Reads certain fields of many objects.
#[derive(Debug)]
pub struct FieldReader {
    wanted: Vec<String>,
    places: Vec<Place>,
    /// By place.
    known: Vec<Known>,
    bytes: Vec<u8>,
    values: Vec<FieldValue>,
}

impl FieldReader {
    /// A reader of these fields.
    pub fn new(wanted: Vec<String>) -> Self {
        let values = vec![FieldValue::MISSING; wanted.len()];
        Self {
            wanted,
            places: vec![Place::default()],
            known: vec![Known::default()],
            bytes: Vec::new(),
            values,
        }
    }

    /// The fields of the object that was read last, in the order in which they are wanted.
    #[inline]
    pub fn values(&self) -> &[FieldValue] {
        &self.values
    }

    /// The name of a wanted field.
    #[inline]
    pub fn name(&self, field: usize) -> &str {
        &self.wanted[field]
    }

    /// Reads `text`. `None`: it is not one of the objects that can be read here, whatever else it is. `scratch` is working
    /// space.
    #[inline]
    pub fn read(&mut self, text: &[u8], scratch: &mut String) -> Option<KeyPath> {
        self.values.fill(FieldValue::MISSING);
        let mut cursor = JsonCursor::<Quickest>::new(text, scratch);
        if cursor.token() != b'{' || text.len() > u32::MAX as usize {
            return None;
        }
        cursor.at += 1;
        let mut place = 0;
        if cursor.token() == b'}' {
            cursor.at += 1;
        } else {
            place = self.entries(&mut cursor)?;
        }
        cursor.space();
        (cursor.at == cursor.bytes.len()).then_some(KeyPath(place))
    }

    #[inline]
    fn entries(&mut self, cursor: &mut JsonCursor<'_>) -> Option<u32> {
        let mut place = 0;
        loop {
            place = match self.follow(cursor, place) {
                Some(next) => next,
                None => self.learn(cursor, place)?,
            };
            match self.places[place as usize].field {
                0 if pass(cursor)? => continue,
                0 => {}
                field => {
                    let first = cursor.token();
                    self.values[field as usize - 1] = value(cursor, first)?;
                }
            }
            match cursor.token() {
                b',' => cursor.at += 1,
                b'}' => {
                    cursor.at += 1;
                    return Some(place);
                }
                _ => return None,
            }
            cursor.token();
        }
    }

    /// Passes the key at hand, if it has stood behind `place` before.
    #[inline]
    fn follow(&self, cursor: &mut JsonCursor<'_>, place: u32) -> Option<u32> {
        let mut next = self.places[place as usize].child;
        let window = scan::window::<24>(cursor.bytes, cursor.at);
        let first = match window {
            Some(window) => word(window, 0),
            None => head(&cursor.bytes[cursor.at..]),
        };
        while next != 0 {
            let known = &self.places[next as usize];
            let len = known.len as usize;
            if (first ^ known.head) & known.mask == 0
                && (len <= 8
                    || match window {
                        Some(window) if len <= 16 => word(window, len - 8) == known.tail,
                        _ => self.is_at(next, &cursor.bytes[cursor.at..]),
                    })
            {
                cursor.at += len;
                return Some(next);
            }
            next = known.sibling;
        }
        None
    }

    /// Whether `rest` begins with the key of a place.
    fn is_at(&self, place: u32, rest: &[u8]) -> bool {
        begins(rest, self.key(place))
    }

    /// The text of a key, in quotes and with its colon.
    fn key(&self, place: u32) -> &[u8] {
        let start = self.known[place as usize].start as usize;
        &self.bytes[start..start + self.places[place as usize].len as usize]
    }

    /// A key that has not stood behind `place` before.
    #[cold]
    fn learn(&mut self, cursor: &mut JsonCursor<'_>, place: u32) -> Option<u32> {
        let rest = &cursor.bytes[cursor.at..];
        if rest.first() != Some(&b'"') || self.places.len() == PLACES_MAX {
            return None;
        }
        let length = scan::plain_end::<Quickest>(rest, 1)? - 1;
        // An escape, or the text is no JSON, or there is space before the colon.
        if !rest[1 + length..].starts_with(b"\":") {
            return None;
        }
        let key = &rest[..length + 3];
        if self.keys(KeyPath(place)).any(|before| before.as_bytes() == &key[1..=length]) {
            return None;
        }
        if self.keys(KeyPath(place)).count() == KEYS_MAX {
            return None;
        }
        self.known.push(Known { start: self.bytes.len() as u32, before: place });
        self.bytes.extend_from_slice(key);
        let name = &key[1..=length];
        let field = self.wanted.iter().position(|wanted| wanted.as_bytes() == name);
        let number = self.places.len() as u32;
        self.places.push(Place {
            head: head(key),
            mask: if key.len() >= 8 { u64::MAX } else { (1 << (8 * key.len())) - 1 },
            tail: key.last_chunk().map_or(0, |tail| u64::from_le_bytes(*tail)),
            len: key.len() as u32,
            field: field.map_or(0, |at| at as u32 + 1),
            child: 0,
            sibling: self.places[place as usize].child,
        });
        self.places[place as usize].child = number;
        cursor.at += key.len();
        Some(number)
    }

    /// The keys on the way to a place, the last one first.
    pub fn keys(&self, path: KeyPath) -> impl Iterator<Item = &str> {
        let mut at = path.0;
        std::iter::from_fn(move || {
            let key = self.key(Some(at).filter(|at| *at != 0)?);
            at = self.known[at as usize].before;
            Some(std::str::from_utf8(&key[1..key.len() - 2]).unwrap_or_default())
        })
    }
}

/// Checks the value at hand and passes it; `true` where a comma and another key follow, and the comma is passed too.
#[inline]
fn pass(cursor: &mut JsonCursor<'_>) -> Option<bool> {
    let Some(len) = plain::value_len::<Quickest>(cursor.bytes, cursor.at) else {
        cursor.token();
        cursor.skip(1).ok()?;
        return Some(false);
    };
    cursor.at += len;
    let goes_on = cursor.bytes.get(cursor.at..cursor.at + 2) == Some(b",\"");
    cursor.at += usize::from(goes_on);
    Some(goes_on)
}

/// Eight bytes at a place.
#[inline]
fn word(window: &[u8; 24], at: usize) -> u64 {
    u64::from_le_bytes(*window[at..].first_chunk().expect("at most eight bytes before the end"))
}

/// The first eight bytes; zeros behind the end.
#[inline]
fn head(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(head) => u64::from_le_bytes(*head),
        None => bytes.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}

/// The value at hand, which begins with `first`.
#[inline]
fn value(cursor: &mut JsonCursor<'_>, first: u8) -> Option<FieldValue> {
    let start = cursor.at;
    let mut number = 0.0;
    let kind = match first {
        b'"' => {
            let end = scan::plain_end::<Quickest>(cursor.bytes, start + 1)?;
            if cursor.bytes.get(end) == Some(&b'"') {
                cursor.at = end + 1;
                return Some(FieldValue {
                    kind: FieldKind::Plain,
                    start: start as u32 + 1,
                    end: end as u32,
                    number,
                });
            }
            text::skip(cursor).ok()?;
            FieldKind::Escaped
        }
        b'-' | b'0'..=b'9' => match number::number(cursor).ok()? {
            number::Number::Integer(value) if value.unsigned_abs() > EXACT_MAX => FieldKind::Big,
            number::Number::Integer(value) => {
                number = value as f64;
                FieldKind::Number
            }
            number::Number::Shortest(value) => {
                number = value;
                FieldKind::Number
            }
            number::Number::Float(value) => {
                number = value;
                FieldKind::Spelled
            }
        },
        _ => {
            cursor.skip(1).ok()?;
            match first {
                b'{' => FieldKind::Map,
                b'[' => FieldKind::List,
                b't' => FieldKind::True,
                b'f' => FieldKind::False,
                _ => FieldKind::Null,
            }
        }
    };
    Some(FieldValue { kind, start: start as u32, end: cursor.at as u32, number })
}

/// Whether `rest` begins with `text`. For a few bytes, words are compared faster than a call of `memcmp` takes.
#[inline]
pub fn begins(rest: &[u8], text: &[u8]) -> bool {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    if text.len() < 8 || rest.len() < text.len() {
        return rest.starts_with(text);
    }
    let mut at = 0;
    while at + 8 <= text.len() {
        if word(&rest[at..at + 8]) != word(&text[at..at + 8]) {
            return false;
        }
        at += 8;
    }
    // The last word overlaps the one before it.
    let last = text.len() - 8;
    word(&rest[last..last + 8]) == word(&text[last..])
}

#[cfg(test)]
mod tests;
