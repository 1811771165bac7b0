//! This module writes a nested map in the order of the map at the same place of the item; new keys follow, sorted.
//!
//! Mostly the keys are those of the map before, in the same order: then they need no sorting, and their text is copied. The
//! first key of the item that is another one ends that, and nothing has to be taken back: what is written until then is what
//! the item has until then.

use std::ffi::c_int;

use mlua::ffi;

use super::beside::Beside;
use super::in_step::Container;
use super::site::{Site, segment};
use super::{EncodedOrError, Encoding};
use crate::value::json::unquoted;

/// What the number of an order begins with that was learned here; behind it stands how many keys were the item's.
const IN_STEP: u32 = 1 << 31;

/// The rank of an entry that is not written yet.
const UNWRITTEN: u32 = u32::MAX;

/// A layout that a map is written by.
#[derive(Clone, Copy, Default)]
struct Expected {
    /// Its first field, and how many there are.
    first: usize,
    count: usize,
    /// How many of them are keys of the item, which come first.
    old: usize,
}

impl Encoding<'_> {
    /// Writes the table at `index` as a map, if it is one, in the order of the map `input`.
    pub(super) unsafe fn map_in_step(
        &mut self,
        index: c_int,
        site: Option<Site>,
        mut input: Container<'_>,
    ) -> EncodedOrError {
        self.out.push(b'{');
        // SAFETY: there is a table at `index`, which nothing changes meanwhile; the stack grows by itself.
        unsafe {
            let top = ffi::lua_gettop(self.l);
            let expected = self.expected(index, site).unwrap_or_default();
            let written = self.fields_in_step(top, expected, &mut input)?;
            ffi::lua_settop(self.l, top);
            if expected.count > 0 && written == expected.count {
                self.passed = input.end(self.passed);
            } else {
                self.rest_in_step(index, (site, expected, written), input)?;
            }
        }
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = b'}',
            _ => self.out.push(b'}'),
        }
        Ok(())
    }

    /// The layout that is expected at `site`, with its pairs on the stack, if the table has them.
    unsafe fn expected(&mut self, index: c_int, site: Option<Site>) -> Option<Expected> {
        let at = site?.0 as usize;
        let guess = *self.encoder.layouts.guesses.get(at)?;
        let (first, count) = (guess.fields.0 as usize, guess.fields.1 as usize);
        if count == 0 || guess.order & IN_STEP == 0 {
            return None;
        }
        // SAFETY: as for `map_in_step`.
        if !unsafe { self.spread(index, first, count) } {
            self.encoder.layouts.miss(at);
            return None;
        }
        Some(Expected { first, count, old: (guess.order & !IN_STEP) as usize })
    }

    /// Writes the pairs above `top` as long as the keys of `input` are those that are expected; says how many it wrote.
    unsafe fn fields_in_step(
        &mut self,
        top: c_int,
        expected: Expected,
        input: &mut Container<'_>,
    ) -> Result<usize, Box<super::Unwritable>> {
        let Expected { first, count, old } = expected;
        for at in 0..count {
            let layouts = &self.encoder.layouts;
            let place = layouts.fields[first + at].written as usize;
            let field = layouts.fields[first + place];
            let text = &layouts.bytes[field.text.0 as usize..field.text.1 as usize];
            let wanted = if at < old { &text[..text.len() - 1] } else { b"" };
            let Some(beside) = self.next_in_step(wanted, (first, count), input) else { return Ok(at) };
            self.out.extend_from_slice(text);
            // SAFETY: the value lies above its key.
            let written =
                unsafe { self.value::<true>(top + 2 * place as c_int + 2, Some(field.site), beside) };
            written.map_err(|error| {
                let text = &self.encoder.layouts.bytes[field.text.0 as usize..field.text.1 as usize - 1];
                error.below(&segment(&unquoted(text)))
            })?;
            self.out.push(b',');
        }
        Ok(count)
    }

    /// Goes on to the key `wanted`, or, where that is empty, to the end: what stands beside the next value then. `None`: another
    /// key of the map comes before.
    fn next_in_step(
        &self,
        wanted: &[u8],
        (first, count): (usize, usize),
        input: &mut Container<'_>,
    ) -> Option<Beside> {
        let layouts = &self.encoder.layouts;
        while let Some(key) = input.key(self.passed) {
            if key == wanted {
                return Some(input.here());
            }
            let known = layouts.fields[first..first + count]
                .iter()
                .any(|field| layouts.bytes[field.text.0 as usize..field.text.1 as usize - 1] == *key);
            // One that the result does not have is passed over. With escapes it may be any.
            if known || memchr::memchr(b'\\', key).is_some() {
                input.unread(key);
                return None;
            }
        }
        wanted.is_empty().then_some(Beside::NOTHING)
    }

    /// Writes what is not written yet of the table at `index`, and learns its layout.
    unsafe fn rest_in_step(
        &mut self,
        index: c_int,
        (site, expected, written): (Option<Site>, Expected, usize),
        mut input: Container<'_>,
    ) -> EncodedOrError {
        if let Some(site) = site.filter(|_| expected.count > 0) {
            self.encoder.layouts.miss(site.0 as usize);
        }
        let from = self.encoder.entries.len();
        // SAFETY: as for `map_in_step`.
        unsafe { self.collect(index, None)? };
        let to = self.encoder.entries.len();
        self.encoder.entries[from..].sort_unstable_by(|a, b| a.key().cmp(b.key()));
        for at in 0..written {
            self.mark(from, expected.first, at);
        }
        let mut rank = written as u32;
        while let Some(key) = input.key(self.passed) {
            let key = unquoted(key);
            let found = self.encoder.entries[from..to].binary_search_by(|entry| entry.key().cmp(&key));
            let Ok(at) = found else { continue };
            // SAFETY: as for `map_in_step`.
            rank += u32::from(unsafe { self.entry(index, (from + at, rank), input.here())? });
        }
        self.passed = input.end(self.passed);
        let old = rank;
        for at in from..to {
            // SAFETY: as for `map_in_step`.
            rank += u32::from(unsafe { self.entry(index, (at, rank), Beside::NOTHING)? });
        }
        self.encoder.entries[from..to].sort_unstable_by_key(|entry| entry.rank);
        if let Some(site) = site {
            // SAFETY: as for `map_in_step`.
            unsafe { self.learn(index, site, IN_STEP | old, from) };
        }
        self.encoder.entries.truncate(from);
        Ok(())
    }

    /// Marks the entry, among those from `from` on, that was written as the `at`th field of the layout.
    fn mark(&mut self, from: usize, first: usize, at: usize) {
        let layouts = &self.encoder.layouts;
        let field = layouts.fields[first + layouts.fields[first + at].written as usize];
        let key = unquoted(&layouts.bytes[field.text.0 as usize..field.text.1 as usize - 1]);
        let entries = &mut self.encoder.entries[from..];
        if let Ok(found) = entries.binary_search_by(|entry| entry.key().cmp(&key)) {
            entries[found].rank = at as u32;
        }
    }

    /// Writes one of the collected entries of the table at `index` as the one with this rank; `false`: it is written already.
    unsafe fn entry(
        &mut self,
        index: c_int,
        (at, rank): (usize, u32),
        beside: Beside,
    ) -> Result<bool, Box<super::Unwritable>> {
        let entry = self.encoder.entries[at];
        if entry.rank != UNWRITTEN {
            return Ok(false);
        }
        self.encoder.entries[at].rank = rank;
        self.write_key(&entry)?;
        // SAFETY: as for `map_in_step`; the pair is pushed and popped.
        unsafe {
            ffi::lua_rawiter(self.l, index, entry.at);
            let top = ffi::lua_gettop(self.l);
            self.value::<true>(top, None, beside).map_err(|error| error.below(&segment(entry.key())))?;
            ffi::lua_settop(self.l, top - 2);
        }
        self.out.push(b',');
        Ok(true)
    }
}
