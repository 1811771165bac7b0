//! This module writes lists: tables whose keys are 1, 2, … without holes.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::beside::Beside;
use super::site::Site;
use super::{EncodedOrError, Encoding, refuse};

/// What is wrong with a table that is both.
pub(super) const BOTH_KEYS: &str = "has both list and map keys: put the list under a key of its own; two maps are joined by `tbl.merge(a, b)`";

/// How many elements the list at `index` has, or why it is none.
pub(in crate::lua::raw) unsafe fn len(l: *mut lua_State, index: c_int) -> Result<usize, String> {
    // SAFETY: the caller has a table at `index`.
    unsafe {
        if ffi::lua_rawiter(l, index, 0) < 0 {
            return Ok(0);
        }
        let listed = ffi::lua_type(l, -2) == ffi::LUA_TNUMBER;
        ffi::lua_pop(l, 2);
        if !listed {
            return Err("is a map, not a list".to_owned());
        }
        let len = ffi::lua_objlen(l, index);
        check(l, index, len).map(|()| len).map_err(|error| error.what)
    }
}

impl Encoding<'_> {
    /// Writes the table at `index` as a list, if it is one.
    pub(super) unsafe fn list<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        beside: Beside,
    ) -> EncodedOrError {
        let l = self.l;
        let start = self.out.len();
        let mut input = if BESIDE { self.opened(beside, b'[') } else { None };
        self.out.push(b'[');
        // SAFETY: there is a table at `index`; elements are pushed with their keys, written and popped.
        unsafe {
            let top = ffi::lua_gettop(l);
            for count in 1.. {
                // In the order of the table, the elements of a list that was built as such come by their positions.
                let at = ffi::lua_rawiter(l, index, count - 1);
                if at < 0 {
                    break;
                }
                let listed = at == count && ffi::lua_type(l, top + 1) == ffi::LUA_TNUMBER;
                if !listed || ffi::lua_tonumber(l, top + 1).to_bits() != f64::from(count).to_bits() {
                    ffi::lua_settop(l, top);
                    self.out.truncate(start);
                    self.rewound(beside);
                    return self.scattered::<BESIDE>(index, site, beside);
                }
                if count > 1 {
                    self.out.push(b',');
                }
                let below = match &mut input {
                    None => Beside::NOTHING,
                    Some(input) => self.beside_element(top + 2, input, count as usize),
                };
                self.value::<BESIDE>(top + 2, site, below)
                    .map_err(|error| error.below(&format!("[{count}]")))?;
                ffi::lua_settop(l, top);
            }
        }
        self.out.push(b']');
        self.closed(input);
        Ok(())
    }

    /// Elements that the table holds in no order, which may still be a list.
    #[cold]
    unsafe fn scattered<const BESIDE: bool>(
        &mut self,
        index: c_int,
        site: Option<Site>,
        beside: Beside,
    ) -> EncodedOrError {
        let l = self.l;
        let mut input = if BESIDE { self.opened(beside, b'[') } else { None };
        // SAFETY: as for `list`.
        unsafe {
            let len = ffi::lua_objlen(l, index);
            check(l, index, len)?;
            self.out.push(b'[');
            for at in 1..=len {
                if at > 1 {
                    self.out.push(b',');
                }
                ffi::lua_rawgeti_(l, index, at as c_int);
                let top = ffi::lua_gettop(l);
                let below = match &mut input {
                    None => Beside::NOTHING,
                    Some(input) => self.beside_element(top, input, at),
                };
                self.value::<BESIDE>(top, site, below).map_err(|error| error.below(&format!("[{at}]")))?;
                ffi::lua_settop(l, top - 1);
            }
            self.out.push(b']');
            self.closed(input);
            Ok(())
        }
    }
}

/// Whether the keys of the table at `index` are 1 to `len` and nothing else.
unsafe fn check(l: *mut lua_State, index: c_int, len: usize) -> EncodedOrError {
    // SAFETY: the caller has a table at `index`.
    unsafe {
        let mut at = 0;
        let mut count = 0;
        loop {
            at = ffi::lua_rawiter(l, index, at);
            if at < 0 {
                break;
            }
            count += 1;
            let number = ffi::lua_type(l, -2) == ffi::LUA_TNUMBER;
            let key = if number { ffi::lua_tonumber(l, -2) } else { 0.0 };
            ffi::lua_pop(l, 2);
            if !number {
                return refuse(BOTH_KEYS);
            }
            if key.fract() != 0.0 || key < 1.0 {
                return refuse(format!("has the number {key} as a key"));
            }
            if key > len as f64 {
                return refuse(format!(
                    "is a list with holes (there is no element {}); a map whose keys are numbers has them as text, \
                     `t[tostring(key)]`",
                    len + 1
                ));
            }
        }
        if count < len { refuse("is a list with holes") } else { Ok(()) }
    }
}
