//! This module writes maps: tables whose keys are strings, written in a fixed order.

use std::ffi::{CStr, c_int};

use mlua::ffi;

use super::beside::Beside;
use super::entry::MapEntry;
use super::site::{Site, segment};
use super::{EncodedOrError, Encoding, KeyOrder, Shapes, number, refuse};
use crate::lua::raw::keys::Keys;
use crate::lua::raw::{stack, whole};
use crate::value::json;

impl Encoding<'_> {
    /// Writes the table at `index` as a map, if it is one, and learns its layout.
    pub(super) unsafe fn map<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        order: Option<(&mut KeyOrder, &Shapes)>,
        beside: Beside,
    ) -> EncodedOrError {
        let mut input = if BESIDE { self.opened(beside, b'{') } else { None };
        if order.is_none()
            && let Some(input) = input.take()
        {
            // SAFETY: there is a table at `index`.
            return unsafe { self.map_in_step(index, site, input) };
        }
        let from = self.encoder.entries.len();
        let number = order.as_ref().map_or(0, |(order, _)| order.number());
        let keys = order.map(|(order, shapes)| order.keys(shapes));
        // SAFETY: there is a table at `index`; entries are pushed and popped in pairs.
        unsafe {
            self.collect(index, keys)?;
            let entries = &mut self.encoder.entries[from..];
            entries.sort_unstable_by(|a, b| a.rank.cmp(&b.rank).then_with(|| a.key().cmp(b.key())));
            // An order that is not known by number must not be remembered.
            let site = site.filter(|_| keys.is_none() || number != 0);
            let site = site.and_then(|site| self.learn(index, site, number, from));
            self.out.push(b'{');
            for at in from..self.encoder.entries.len() {
                let entry = self.encoder.entries[at];
                if at > from {
                    self.out.push(b',');
                }
                self.write_key(&entry)?;
                ffi::lua_rawiter(self.l, index, entry.at);
                let top = ffi::lua_gettop(self.l);
                let below = site.and_then(|site| self.encoder.layouts.below(site, at - from));
                let beside = match &mut input {
                    None => Beside::NOTHING,
                    Some(input) => self.beside_key(top, input, entry.key()),
                };
                self.value::<BESIDE>(top, below, beside)
                    .map_err(|error| error.below(&segment(entry.key())))?;
                ffi::lua_settop(self.l, top - 2);
            }
        }
        self.out.push(b'}');
        self.encoder.entries.truncate(from);
        self.closed(input);
        Ok(())
    }

    /// Writes the key of an entry, and the colon.
    pub(super) fn write_key(&mut self, entry: &MapEntry) -> EncodedOrError {
        if !json::write_string(self.out, entry.key()) {
            return refuse("has a key that is not valid UTF-8");
        }
        self.out.push(b':');
        Ok(())
    }

    /// Gathers the entries of the table at `index`, if it is a map.
    pub(super) unsafe fn collect(&mut self, index: c_int, order: Option<&Keys>) -> EncodedOrError {
        let l = self.l;
        // SAFETY: as for `map`.
        unsafe {
            let mut at = 0;
            loop {
                let next = ffi::lua_rawiter(l, index, at);
                if next < 0 {
                    return Ok(());
                }
                let Some(key) = stack::bytes(l, -2) else {
                    if let Some(integer) = whole::integer(l, -2) {
                        return refuse(format!("has the number {integer} as a key"));
                    }
                    let kind = CStr::from_ptr(ffi::lua_typename(l, ffi::lua_type(l, -2))).to_string_lossy();
                    return refuse(if kind == "number" {
                        super::list::BOTH_KEYS.to_owned()
                    } else {
                        format!("has a key of type {kind}")
                    });
                };
                let rank = order.map_or(u32::MAX, |order| order.rank(key));
                self.encoder.entries.push(MapEntry { key: key.as_ptr(), len: key.len(), at: next - 1, rank });
                ffi::lua_pop(l, 2);
                at = next;
            }
        }
    }

    /// A table that was marked as a map: whole numbers among its keys become strings.
    pub(super) unsafe fn object<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        order: Option<(&mut KeyOrder, &Shapes)>,
        beside: Beside,
    ) -> EncodedOrError {
        let l = self.l;
        // SAFETY: builds one table on the stack and pops it again.
        unsafe {
            let mut at = 0;
            loop {
                at = ffi::lua_rawiter(l, index, at);
                if at < 0 {
                    return self.map::<BESIDE>(index, site, order, beside);
                }
                let number = matches!(ffi::lua_type(l, -2), ffi::LUA_TNUMBER | ffi::LUA_TINTEGER);
                ffi::lua_pop(l, 2);
                if number {
                    break;
                }
            }
            ffi::lua_createtable(l, 0, 8);
            let copy = ffi::lua_gettop(l);
            self.rename(index, copy)?;
            self.map::<BESIDE>(copy, None, order, beside)?;
            ffi::lua_settop(l, copy - 1);
            Ok(())
        }
    }

    unsafe fn rename(&mut self, index: c_int, copy: c_int) -> EncodedOrError {
        let l = self.l;
        // SAFETY: there are tables at both places.
        unsafe {
            let mut at = 0;
            loop {
                at = ffi::lua_rawiter(l, index, at);
                if at < 0 {
                    return Ok(());
                }
                if let Some(integer) = whole::integer(l, -2) {
                    stack::push(l, integer.to_string().as_bytes());
                    ffi::lua_replace(l, -3);
                } else if ffi::lua_type(l, -2) == ffi::LUA_TNUMBER {
                    let mut name = Vec::new();
                    number(ffi::lua_tonumber(l, -2), &mut name)?;
                    stack::push(l, &name);
                    ffi::lua_replace(l, -3);
                }
                ffi::lua_rawset(l, copy);
            }
        }
    }
}
