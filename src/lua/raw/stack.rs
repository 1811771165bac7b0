//! These functions do the small things on Lua's stack: strings in and out, fields of tables.

use std::ffi::{CStr, c_int};
use std::slice;

use mlua::ffi::{self, lua_State};

/// Pushes a string. May raise a memory error.
#[inline]
pub(super) unsafe fn push(l: *mut lua_State, bytes: &[u8]) {
    // SAFETY: pointer and length are those of a slice, which is never null.
    unsafe { ffi::lua_pushlstring_(l, bytes.as_ptr().cast(), bytes.len()) }
}

/// The bytes of the string at `index`; `None` for any other type. They stay valid as long as the value is reachable.
#[inline]
pub(super) unsafe fn bytes<'v>(l: *mut lua_State, index: c_int) -> Option<&'v [u8]> {
    // SAFETY: only called for strings, which are not converted, and whose data does not move.
    unsafe {
        if ffi::lua_type(l, index) != ffi::LUA_TSTRING {
            return None;
        }
        let mut len = 0;
        let data = ffi::lua_tolstring(l, index, &raw mut len);
        Some(slice::from_raw_parts(data.cast(), len))
    }
}

/// The bytes of the value at `index`, which is a string.
#[inline]
pub(super) unsafe fn bytes_of_string<'v>(l: *mut lua_State, index: c_int) -> &'v [u8] {
    // SAFETY: as for `bytes`.
    unsafe {
        let mut len = 0;
        let data = ffi::lua_tolstring(l, index, &raw mut len);
        slice::from_raw_parts(data.cast(), len)
    }
}

/// The string at `index` as text, with replacement characters for what is not UTF-8; `None` for any other type.
pub(super) unsafe fn text(l: *mut lua_State, index: c_int) -> Option<String> {
    // SAFETY: as for `bytes`.
    unsafe { bytes(l, index).map(|bytes| String::from_utf8_lossy(bytes).into_owned()) }
}

/// Pushes the field `name` of the table at `index`, without metamethods, and says its type.
pub(super) unsafe fn field(l: *mut lua_State, index: c_int, name: &CStr) -> c_int {
    // SAFETY: the caller has a table at `index`.
    unsafe { ffi::lua_rawgetfield(l, index, name.as_ptr()) }
}

/// Sets the field `name` of the table at `index` to the value on top, without metamethods, and pops it.
pub(super) unsafe fn set_field(l: *mut lua_State, index: c_int, name: &CStr) {
    // SAFETY: the caller has a table at `index`.
    unsafe { ffi::lua_rawsetfield(l, index, name.as_ptr()) }
}

/// The text of the field `name` of the table at `index`.
pub(super) unsafe fn text_field(l: *mut lua_State, index: c_int, name: &CStr) -> Option<String> {
    // SAFETY: as for `field`; the value is popped again.
    unsafe {
        field(l, index, name);
        let found = text(l, -1);
        ffi::lua_pop(l, 1);
        found
    }
}

/// Pops the value on top into the registry.
pub(super) unsafe fn anchor(l: *mut lua_State) -> c_int {
    // SAFETY: the caller has a value on top.
    unsafe {
        let reference = ffi::lua_ref(l, -1);
        ffi::lua_pop(l, 1);
        reference
    }
}

/// Pushes a value from the registry.
#[inline]
pub(super) unsafe fn anchored(l: *mut lua_State, reference: c_int) {
    // SAFETY: `reference` was made by `anchor`.
    unsafe {
        ffi::lua_rawgeti_(l, ffi::LUA_REGISTRYINDEX, reference);
    }
}
