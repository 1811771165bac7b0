//! Beside the result goes a walk through the item's text, where that has what its values do not tell: nested maps are written
//! in the order of the map at the same place of the item, and numbers of the same value with the item's text.
//!
//! The walk never goes back. So it costs at most one pass through the text, however deep maps are nested.

use std::ffi::c_int;

use mlua::ffi;

use super::beside::Beside;
use super::{EncodedOrError, Encoding, number};
use crate::value::json::{JsonWalk, unquoted};

/// A list or map of the item that is walked through in step with one of the result.
pub(super) struct Container<'t> {
    walk: JsonWalk<'t>,
    /// How many of its values have come.
    count: usize,
    /// The walk stands at a value, and not yet behind it.
    at_value: bool,
    /// The key of that value, where it is to be asked for once more.
    again: Option<&'t [u8]>,
    ended: bool,
}

impl<'t> Container<'t> {
    /// Goes on to the next key, on whose value the walk then stands. `passed` is how far the writing of values has come.
    pub(super) fn key(&mut self, passed: usize) -> Option<&'t [u8]> {
        if let Some(key) = self.again.take() {
            return Some(key);
        }
        self.leave(passed);
        let key = if self.ended { None } else { self.walk.key() };
        self.ended = key.is_none();
        self.at_value = !self.ended;
        key
    }

    /// Lets [`Container::key`] answer this key again, which it has just answered.
    pub(super) fn unread(&mut self, key: &'t [u8]) {
        self.again = Some(key);
    }

    /// Goes on to the value of the key that `is_it` knows; what is passed on the way is not there any more.
    fn seek(&mut self, passed: usize, is_it: impl Fn(&[u8]) -> bool) -> Beside {
        while let Some(key) = self.key(passed) {
            if is_it(key) {
                return self.here();
            }
        }
        Beside::NOTHING
    }

    /// Goes on to the element with this number, from 1.
    fn element(&mut self, passed: usize, number: usize) -> Beside {
        while self.count < number && !self.ended {
            self.leave(passed);
            self.ended = !self.walk.element();
            self.at_value = !self.ended;
            self.count += 1;
        }
        if self.at_value { self.here() } else { Beside::NOTHING }
    }

    /// Passes the rest; where the container ends.
    pub(super) fn end(mut self, passed: usize) -> usize {
        while !self.ended {
            self.leave(passed);
            self.ended = !self.walk.element();
            self.at_value = !self.ended;
        }
        self.walk.at()
    }

    pub(super) fn here(&self) -> Beside {
        Beside(self.walk.at())
    }

    /// Passes the value at hand, if that has not happened while something was written beside it.
    fn leave(&mut self, passed: usize) {
        if self.at_value {
            if passed > self.walk.at() {
                self.walk.go_to(passed);
            } else {
                self.walk.skip();
            }
            self.at_value = false;
        }
    }
}

impl<'e> Encoding<'e> {
    /// The container at `beside`, if one begins there with this bracket.
    #[inline]
    pub(super) fn opened(&self, beside: Beside, bracket: u8) -> Option<Container<'e>> {
        if beside == Beside::NOTHING { None } else { self.open_container(beside, bracket) }
    }

    #[cold]
    fn open_container(&self, beside: Beside, bracket: u8) -> Option<Container<'e>> {
        let mut walk = JsonWalk::new(self.input, beside.0);
        (walk.byte() == bracket).then(|| {
            walk.enter();
            Container { walk, count: 0, at_value: false, again: None, ended: false }
        })
    }

    /// A walk through a container is over. Where that is the item itself, nothing comes behind it.
    pub(super) fn closed(&mut self, container: Option<Container<'_>>) {
        if let Some(container) = container
            && self.encoder.open.len() > 1
        {
            self.passed = container.end(self.passed);
        }
    }

    /// The walk has to begin again at `beside`.
    pub(super) fn rewound(&mut self, beside: Beside) {
        if beside != Beside::NOTHING {
            self.passed = beside.0;
        }
    }

    /// What stands in the map `input` under the key that is written as `text`, in quotes, if that matters for the value at
    /// `index`.
    pub(super) unsafe fn beside_field(&self, index: c_int, input: &mut Container<'_>, text: &[u8]) -> Beside {
        // SAFETY: there is a value at `index`.
        if !unsafe { self.matters(index) } {
            return Beside::NOTHING;
        }
        input.seek(self.passed, |key| {
            key == text || (memchr::memchr(b'\\', key).is_some() && unquoted(key) == unquoted(text))
        })
    }

    /// The same, with the key as it is.
    pub(super) unsafe fn beside_key(&self, index: c_int, input: &mut Container<'_>, key: &[u8]) -> Beside {
        // SAFETY: there is a value at `index`.
        if !unsafe { self.matters(index) } {
            return Beside::NOTHING;
        }
        input.seek(self.passed, |other| *unquoted(other) == *key)
    }

    /// The element of the list `input` with this number, likewise.
    pub(super) unsafe fn beside_element(
        &self,
        index: c_int,
        input: &mut Container<'_>,
        number: usize,
    ) -> Beside {
        // SAFETY: there is a value at `index`.
        if unsafe { self.matters(index) } { input.element(self.passed, number) } else { Beside::NOTHING }
    }

    /// Whether the item's text could change how the value at `index` is written.
    unsafe fn matters(&self, index: c_int) -> bool {
        // SAFETY: the caller has a value at `index`.
        unsafe {
            match ffi::lua_type(self.l, index) {
                ffi::LUA_TTABLE => true,
                ffi::LUA_TNUMBER => self.forms.has_number(ffi::lua_tonumber(self.l, index)),
                _ => false,
            }
        }
    }

    /// Writes a number, with the item's text where that has the same value.
    #[cold]
    pub(super) fn number_beside(&mut self, value: f64, beside: Beside) -> EncodedOrError {
        let text = JsonWalk::new(self.input, beside.0).number();
        let same = std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok());
        if same.is_some_and(|same| same.to_bits() == value.to_bits()) {
            self.out.extend_from_slice(text);
            return Ok(());
        }
        number(value, self.out)
    }
}
