//! A map whose keys are those of a known layout is written by it; the layout of another one is learned.

use std::ffi::c_int;

use mlua::ffi;

use super::beside::Beside;
use super::layouts::{FIELDS_MAX, Guess, LAYOUTS_MAX, LayoutField};
use super::site::{Site, segment};
use super::{EncodedOrError, Encoding};
use crate::value::json;

impl Encoding<'_> {
    /// Writes the table at `index` by the layout that is expected at `site`. `false`, and nothing written, when the
    /// table is another.
    pub(super) unsafe fn known_map<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        order: u32,
        beside: Beside,
    ) -> Result<bool, Box<super::Unwritable>> {
        let Some(at) = site.map(|site| site.0 as usize) else { return Ok(false) };
        let Some(guess) = self.encoder.layouts.guesses.get_mut(at) else { return Ok(false) };
        let (first, count) = (guess.fields.0 as usize, guess.fields.1 as usize);
        if count == 0 || guess.order != order {
            return Ok(false);
        }
        // SAFETY: there is a table at `index`; the stack grows by itself.
        unsafe {
            let top = ffi::lua_gettop(self.l);
            if !self.spread(index, first, count) {
                ffi::lua_settop(self.l, top);
                self.encoder.layouts.miss(at);
                return Ok(false);
            }
            let guess = &mut self.encoder.layouts.guesses[at];
            guess.hits = guess.hits.saturating_add(1);
            self.write_fields::<BESIDE>(top, first, count, beside)?;
            ffi::lua_settop(self.l, top);
        }
        Ok(true)
    }

    /// Pushes all pairs of the table, as long as they are those of the layout.
    #[inline]
    pub(super) unsafe fn spread(&mut self, index: c_int, first: usize, count: usize) -> bool {
        let l = self.l;
        let mut at = 0;
        // SAFETY: as for `known_map`.
        unsafe {
            for field in &self.encoder.layouts.fields[first..first + count] {
                at = ffi::lua_rawiter(l, index, at);
                if at < 0 || ffi::lua_topointer(l, -2) != field.key {
                    return false;
                }
            }
            ffi::lua_rawiter(l, index, at) < 0
        }
    }

    /// Writes the pairs above `top` in the order of the layout.
    #[inline]
    unsafe fn write_fields<const BESIDE: bool>(
        &mut self,
        top: c_int,
        first: usize,
        count: usize,
        beside: Beside,
    ) -> EncodedOrError {
        let mut input = if BESIDE { self.opened(beside, b'{') } else { None };
        self.out.push(b'{');
        for at in first..first + count {
            let layouts = &self.encoder.layouts;
            let place = layouts.fields[at].written as usize;
            let field = layouts.fields[first + place];
            let text = &layouts.bytes[field.text.0 as usize..field.text.1 as usize];
            self.out.extend_from_slice(text);
            let index = top + 2 * place as c_int + 2;
            let below = match &mut input {
                None => Beside::NOTHING,
                // SAFETY: the value lies above its key; here and below.
                Some(input) => unsafe { self.beside_field(index, input, &text[..text.len() - 1]) },
            };
            let written = unsafe { self.value::<BESIDE>(index, Some(field.site), below) };
            written.map_err(|error| {
                let text = &self.encoder.layouts.bytes[field.text.0 as usize..field.text.1 as usize];
                error.below(&segment(unquoted(text)))
            })?;
            self.out.push(b',');
        }
        if let Some(last) = self.out.last_mut() {
            *last = b'}';
        }
        self.closed(input);
        Ok(())
    }

    /// Remembers the layout of the table at `index`, whose sorted entries are those from `from` on, and that it stands
    /// at `site`; `None` when there is no room for it.
    pub(super) unsafe fn learn(&mut self, index: c_int, site: Site, order: u32, from: usize) -> Option<Site> {
        if self.keys == 0 {
            return None;
        }
        let entries = &self.encoder.entries[from..];
        let layouts = &mut self.encoder.layouts;
        if layouts.guesses.is_empty() {
            layouts.guesses.push(Guess::default());
        }
        let guess = layouts.guesses[site.0 as usize];
        if entries.len() > FIELDS_MAX || layouts.count >= LAYOUTS_MAX || guess.closed {
            return None;
        }
        if entries.iter().any(|entry| std::str::from_utf8(entry.key()).is_err()) {
            return None;
        }
        let first = layouts.fields.len() as u32;
        let mut in_table: Vec<usize> = (0..entries.len()).collect();
        in_table.sort_unstable_by_key(|&at| entries[at].at);
        for &at in &in_table {
            let start = layouts.bytes.len() as u32;
            json::write_string(&mut layouts.bytes, entries[at].key());
            layouts.bytes.push(b':');
            let text = (start, layouts.bytes.len() as u32);
            let below = Site(layouts.guesses.len() as u32);
            layouts.guesses.push(Guess::default());
            // SAFETY: pushes the pair, keeps the key alive, and pops both.
            let key = unsafe {
                ffi::lua_rawiter(self.l, index, entries[at].at);
                let key = ffi::lua_topointer(self.l, -2);
                ffi::lua_pop(self.l, 1);
                layouts.kept += 1;
                ffi::lua_rawseti_(self.l, self.keys, layouts.kept);
                key
            };
            layouts.fields.push(LayoutField { key, text, written: 0, site: below });
        }
        for (place, &at) in in_table.iter().enumerate() {
            layouts.fields[first as usize + at].written = place as u32;
        }
        layouts.count += 1;
        let guess = &mut layouts.guesses[site.0 as usize];
        guess.fields = (first, entries.len() as u32);
        guess.order = order;
        Some(site)
    }
}

/// The key in its quotes, as far as it needs no escapes; paths are for people.
fn unquoted(text: &[u8]) -> &[u8] {
    &text[1..text.len() - 2]
}
