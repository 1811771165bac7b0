//! This module passes values that nobody wants: they are checked as strictly as those that are read, and nothing is made of
//! them.

use super::cursor::JsonCursor;
use super::fault::JsonFault;
use super::plain::{self, PlainKey};
use super::scan::Scan;
use super::{number, text};

impl<S: Scan> JsonCursor<'_, S> {
    /// Passes the value at hand, which lies in `depth` others, and fails where reading it would.
    #[inline]
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), JsonFault> {
        match plain::value_len::<S>(self.bytes, self.at) {
            Some(len) => {
                self.at += len;
                Ok(())
            }
            None => self.skip_any(depth),
        }
    }

    #[inline(never)]
    fn skip_any(&mut self, depth: usize) -> Result<(), JsonFault> {
        match self.peek() {
            b'"' => text::skip(self),
            b'-' | b'0'..=b'9' => number::number(self).map(drop),
            b'{' => self.skip_object(depth),
            b'[' => self.skip_array(depth),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => Err(JsonFault::Value),
        }
    }

    #[inline(never)]
    fn skip_array(&mut self, depth: usize) -> Result<(), JsonFault> {
        self.enter(depth)?;
        if self.token() != b']' {
            loop {
                self.skip(depth + 1)?;
                if !self.goes_on(b']', JsonFault::ArrayEnd)? {
                    break;
                }
            }
        }
        self.at += 1;
        Ok(())
    }

    #[inline(never)]
    fn skip_object(&mut self, depth: usize) -> Result<(), JsonFault> {
        self.enter(depth)?;
        if self.token() != b'}' {
            while self.skip_entry(depth + 1)? {}
        }
        self.at += 1;
        Ok(())
    }

    /// Passes the key at hand, its colon and the white space around.
    #[inline]
    pub(super) fn skip_key(&mut self) -> Result<(), JsonFault> {
        if self.peek() != b'"' {
            return Err(JsonFault::Key);
        }
        text::skip(self)?;
        self.colon()?;
        self.token();
        Ok(())
    }

    /// Passes the entry at hand and what stands before the next; `false` at the object's end, which is not passed.
    #[inline]
    fn skip_entry(&mut self, depth: usize) -> Result<bool, JsonFault> {
        let Some(key) = PlainKey::at::<S>(self.bytes, self.at) else {
            self.skip_key()?;
            self.skip_any(depth)?;
            return self.goes_on(b'}', JsonFault::ObjectEnd);
        };
        self.at += key.len;
        match key.value_len::<S>() {
            Some(len) if key.goes_on(len) => {
                self.at += len + 1;
                return Ok(true);
            }
            Some(len) => self.at += len,
            None => {
                self.token();
                self.skip_any(depth)?;
            }
        }
        self.goes_on(b'}', JsonFault::ObjectEnd)
    }
}
