//! An argument that is an integer beyond 2^53 gives way to what the VM's own function takes in its place.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::super::{stack, whole};

/// Whether one of the arguments is an integer beyond 2^53.
#[inline]
pub(super) unsafe fn takes_integers(l: *mut lua_State, top: c_int) -> bool {
    // SAFETY: asks for types only.
    (1..=top).any(|at| unsafe { ffi::lua_type(l, at) } == ffi::LUA_TINTEGER)
}

/// Puts the text of the integer beyond 2^53 at `index` in its place; leaves other values alone.
pub(super) unsafe fn spell(l: *mut lua_State, index: c_int) {
    // SAFETY: one value is pushed, and takes the other's place.
    unsafe {
        if let Some(integer) = whole::integer(l, index) {
            stack::push(l, itoa::Buffer::new().format(integer).as_bytes());
            ffi::lua_replace(l, index);
        }
    }
}

/// Puts the nearest float in the place of the integer beyond 2^53 at `index`; leaves other values alone.
pub(super) unsafe fn round(l: *mut lua_State, index: c_int) {
    // SAFETY: as for `spell`.
    unsafe {
        if let Some(integer) = whole::integer(l, index) {
            ffi::lua_pushnumber(l, integer as f64);
            ffi::lua_replace(l, index);
        }
    }
}

/// Puts the nearest number of 32 bits in the place of the integer at `index`: all of them are beyond any string or table.
pub(super) unsafe fn place(l: *mut lua_State, index: c_int) {
    // SAFETY: one value is pushed, and takes the other's place.
    unsafe {
        if let Some(integer) = whole::integer(l, index) {
            ffi::lua_pushnumber(l, f64::from(if integer < 0 { -i32::MAX } else { i32::MAX }));
            ffi::lua_replace(l, index);
        }
    }
}
