//! This module copies a list or a map that goes from an item to its result as it is.

use super::{Sink, read, write_float, write_integer, write_string};

/// Entries of a map within which equal keys are looked for.
const KEYS_MAX: usize = 64;

/// What is to be known of a text that was copied.
pub trait Seen {
    /// A map.
    fn map(&mut self);
    /// A number whose text may not be the shortest.
    fn number(&mut self, value: f64, text: &[u8]);
}

/// Appends one value, which is JSON, as flowrun writes what it has read: without white space, strings with no more escapes
/// than they need, numbers letter for letter, keys in their order. `false`, and something appended, where that is not known
/// well enough: a map has a key twice, or may have.
///
/// `scratch` and `keys` are working space.
pub fn copy(
    text: &[u8],
    out: &mut Vec<u8>,
    (scratch, keys): (&mut String, &mut Vec<u64>),
    seen: &mut impl Seen,
) -> bool {
    keys.clear();
    let mut copy = Copy { out, seen, keys, repeats: false };
    read(text, scratch, &mut copy).is_ok() && !copy.repeats
}

struct Copy<'o, S> {
    out: &'o mut Vec<u8>,
    seen: &'o mut S,
    /// Digests of the keys of the maps that are open.
    keys: &'o mut Vec<u64>,
    repeats: bool,
}

impl<S: Seen> Copy<'_, S> {
    /// Ends a container of `count` values, each with a comma behind it.
    fn end(&mut self, count: usize, bracket: u8) {
        match self.out.last_mut() {
            Some(last) if count > 0 => *last = bracket,
            _ => self.out.push(bracket),
        }
    }
}

impl<S: Seen> Sink for Copy<'_, S> {
    /// How many digests there were when the container began.
    type Mark = usize;

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }
    fn boolean(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }
    fn integer(&mut self, value: i64) {
        write_integer(self.out, value);
    }
    fn float(&mut self, value: f64, text: Option<&[u8]>) {
        match text {
            Some(text) => {
                self.seen.number(value, text);
                self.out.extend_from_slice(text);
            }
            None => write_float(self.out, value),
        }
    }
    fn string(&mut self, value: &str) {
        write_string(self.out, value.as_bytes());
    }
    fn begin_array(&mut self) -> usize {
        self.out.push(b'[');
        self.keys.len()
    }
    fn element(&mut self, _mark: usize, _count: usize) {
        self.out.push(b',');
    }
    fn end_array(&mut self, _mark: usize, count: usize) {
        self.end(count, b']');
    }
    fn begin_object(&mut self) -> usize {
        self.seen.map();
        self.out.push(b'{');
        self.keys.len()
    }
    fn key(&mut self, key: &str) -> bool {
        self.keys.push(xxhash_rust::xxh3::xxh3_64(key.as_bytes()));
        write_string(self.out, key.as_bytes());
        self.out.push(b':');
        true
    }
    fn entry(&mut self, _mark: usize, _count: usize) {
        self.out.push(b',');
    }
    fn end_object(&mut self, mark: usize, count: usize) {
        let keys = &mut self.keys[mark..];
        keys.sort_unstable();
        self.repeats |= keys.len() > KEYS_MAX || keys.windows(2).any(|pair| pair[0] == pair[1]);
        self.keys.truncate(mark);
        self.end(count, b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was copied, what was seen of it, and whether it counts.
    fn copied(text: &str) -> String {
        #[derive(Default)]
        struct Noted(String);
        impl Seen for Noted {
            fn map(&mut self) {
                self.0.push('m');
            }
            fn number(&mut self, _value: f64, text: &[u8]) {
                self.0.push_str(&String::from_utf8_lossy(text));
            }
        }
        let (mut out, mut noted) = (Vec::new(), Noted::default());
        let space = (&mut String::new(), &mut Vec::new());
        let whole = copy(text.as_bytes(), &mut out, space, &mut noted);
        if whole { format!("{} {}", String::from_utf8(out).expect("UTF-8"), noted.0) } else { "-".to_owned() }
    }

    #[test]
    fn a_value_is_copied_as_it_would_be_written() {
        for (text, expect) in [
            ("[ ]", "[] "),
            ("{ }", "{} m"),
            ("[1, 2.5 , 1.0, -0]", "[1,2.5,1.0,-0] 1.0-0"),
            (r#"{"b" : "\u00e9\/", "a": [[], {}]}"#, r#"{"b":"é/","a":[[],{}]} mm"#),
            (r#"[{"a":1},{"a":1}]"#, r#"[{"a":1},{"a":1}] mm"#),
            (r#"{"a":{"a":1},"b":{"a":1}}"#, r#"{"a":{"a":1},"b":{"a":1}} mmm"#),
            (r#"[{"a":1,"a":2}]"#, "-"),
            (r#"{"a":1,"\u0061":2}"#, "-"),
            ("[1", "-"),
        ] {
            assert_eq!(copied(text), expect, "{text}");
        }
    }
}
