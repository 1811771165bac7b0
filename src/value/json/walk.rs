//! A walk goes through text that is known to be JSON: it finds keys, elements and the ends of values. It checks nothing, so
//! on other text it finds other places, and still ends.

use std::borrow::Cow;

use super::cursor::JsonCursor;
use super::text;

/// A place in a text.
#[derive(Debug, Clone)]
pub struct JsonWalk<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> JsonWalk<'t> {
    /// At the first value at or behind `at`.
    pub fn new(text: &'t [u8], at: usize) -> Self {
        let mut walk = Self { text, at };
        walk.space();
        walk
    }

    /// Where it is.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The byte at hand; 0 at the end.
    pub fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    /// Goes on to `at`.
    pub fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Steps into the container at hand.
    pub fn enter(&mut self) {
        self.at += 1;
    }

    /// Goes on to the value of the next element; `false` at the container's end, which is passed.
    pub fn element(&mut self) -> bool {
        self.space();
        if self.byte() == b',' {
            self.at += 1;
            self.space();
        }
        if matches!(self.byte(), b']' | b'}' | 0) {
            self.at = (self.at + 1).min(self.text.len());
            return false;
        }
        true
    }

    /// The next key in its quotes, as it is written, on to whose value it goes; `None` at the object's end, which is passed.
    pub fn key(&mut self) -> Option<&'t [u8]> {
        if !self.element() || self.byte() != b'"' {
            return None;
        }
        let start = self.at;
        self.string();
        let key = &self.text[start..self.at];
        self.space();
        self.at = (self.at + 1).min(self.text.len());
        self.space();
        Some(key)
    }

    /// The text of the number at hand.
    pub fn number(&self) -> &'t [u8] {
        let rest = &self.text[self.at.min(self.text.len())..];
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        &rest[..rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len())]
    }

    /// Passes the value at hand.
    pub fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.byte() {
                b'"' => self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                0 => return,
                b',' | b':' | b' ' | b'\n' | b'\t' | b'\r' => {
                    self.at += 1;
                    continue;
                }
                _ => self.word(),
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn word(&mut self) {
        self.at += 1;
        while !matches!(self.byte(), b',' | b':' | b'}' | b']' | b' ' | b'\n' | b'\t' | b'\r' | 0) {
            self.at += 1;
        }
    }

    /// Passes the string at hand.
    fn string(&mut self) {
        self.at += 1;
        while self.at < self.text.len() {
            self.at = text::plain_end(self.text, self.at);
            match self.byte() {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at = (self.at + 1).min(self.text.len());
    }

    fn space(&mut self) {
        while matches!(self.byte(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
    }
}

/// What a string in its quotes says.
pub fn unquoted(quoted: &[u8]) -> Cow<'_, [u8]> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    if unquote_into(quoted, &mut out, &mut String::new()) { Cow::Owned(out) } else { Cow::Borrowed(inner) }
}

/// Appends what a string in its quotes says; `false`, and something appended, where it is none. `scratch` is working space.
pub fn unquote_into(quoted: &[u8], out: &mut Vec<u8>, scratch: &mut String) -> bool {
    let mut cursor: JsonCursor<'_> = JsonCursor::new(quoted, scratch);
    text::unescape(&mut cursor, out, Vec::extend_from_slice).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_and_elements_are_found_in_their_order() {
        let text = br#" { "a" : [1, {"x":"]"} ,"}"], "b\"":-1.50e+3 ,"\u00e9":null,"e":{} } "#;
        let mut walk = JsonWalk::new(text, 0);
        assert_eq!(walk.byte(), b'{');
        walk.enter();
        assert_eq!(walk.key(), Some(&br#""a""#[..]));
        let mut list = walk.clone();
        list.enter();
        let mut found = Vec::new();
        while list.element() {
            found.push(list.byte());
            list.skip();
        }
        assert_eq!(found, b"1{\"");
        walk.skip();
        assert_eq!((walk.at(), list.at()), (list.at(), list.at()));
        assert_eq!(unquoted(walk.key().expect("a key")), &b"b\""[..]);
        assert_eq!(walk.number(), b"-1.50e+3");
        walk.skip();
        assert_eq!(unquoted(walk.key().expect("a key")), "é".as_bytes());
        walk.skip();
        assert_eq!(walk.key(), Some(&br#""e""#[..]));
        walk.skip();
        assert_eq!((walk.key(), walk.at()), (None, text.len() - 1));
    }

    proptest! {
        #[test]
        fn for_every_string_it_says_what_the_library_says(
            text in "\"([a é\u{10000}]|\\\\[\"\\\\/bfnrt]|\\\\u00[0-7][0-9a-f]|\\\\u20ac|\\\\ud83d\\\\ude00){0,40}\""
        ) {
            let expect: String = serde_json::from_str(&text).expect("a string");
            prop_assert_eq!(&*unquoted(text.as_bytes()), expect.as_bytes());
            let mut out = b"x".to_vec();
            prop_assert!(unquote_into(text.as_bytes(), &mut out, &mut String::new()));
            prop_assert_eq!(&out[1..], expect.as_bytes());
            let (mut written, mut rewritten) = (Vec::new(), Vec::new());
            prop_assert!(crate::value::json::write_string(&mut written, expect.as_bytes()));
            prop_assert!(crate::value::json::rewrite_string(&mut rewritten, text.as_bytes()));
            prop_assert_eq!(rewritten, written);
        }

        #[test]
        fn for_every_text_a_walk_ends(text in "[\\[\\]{}\",:\\\\a1 \u{0}é]{0,30}", from in 0..40_usize) {
            let mut walk = JsonWalk::new(text.as_bytes(), from);
            walk.skip();
            let mut walk = JsonWalk::new(text.as_bytes(), from);
            walk.enter();
            for _ in 0..40 {
                if let Some(key) = walk.key() {
                    unquoted(key);
                    walk.number();
                }
                walk.skip();
            }
        }
    }
}
