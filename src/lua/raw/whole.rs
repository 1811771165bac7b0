//! These functions put whole numbers onto Lua's stack and take them from there: up to 2^53 they are ordinary numbers,
//! beyond that integers of 64 bits, a type of their own. No value has both forms.

use std::ffi::c_int;
use std::ptr;

use mlua::ffi::{self, lua_State};

/// Whole numbers up to here are exact as 64-bit floats.
const EXACT_MAX: u64 = 1 << 53;

/// What a number on the stack is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Numeric {
    /// An integer beyond 2^53, or an ordinary number without fraction up to there.
    Whole(i64),
    /// Any other ordinary number.
    Float(f64),
}

impl Numeric {
    /// As a float, rounded to the nearest.
    pub(super) fn nearest(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

impl From<f64> for Numeric {
    fn from(value: f64) -> Self {
        if value.fract() == 0.0 && value.abs() <= EXACT_MAX as f64 {
            Self::Whole(value as i64)
        } else {
            Self::Float(value)
        }
    }
}

/// Pushes a whole number in its form.
#[inline]
pub(super) unsafe fn push(l: *mut lua_State, value: i64) {
    // SAFETY: pushes one value.
    unsafe {
        if value.unsigned_abs() <= EXACT_MAX {
            ffi::lua_pushnumber(l, value as f64);
        } else {
            ffi::lua_pushinteger64(l, value);
        }
    }
}

/// The integer beyond 2^53 at `index`; `None` for any other value.
#[inline]
pub(super) unsafe fn integer(l: *mut lua_State, index: c_int) -> Option<i64> {
    // SAFETY: the type is checked before the value is read as such.
    unsafe {
        (ffi::lua_type(l, index) == ffi::LUA_TINTEGER)
            .then(|| ffi::lua_tointeger64(l, index, ptr::null_mut()))
    }
}

/// The number at `index`, in either form; `None` for any other value, also for a string.
pub(super) unsafe fn number(l: *mut lua_State, index: c_int) -> Option<Numeric> {
    // SAFETY: as for `integer`.
    unsafe {
        match ffi::lua_type(l, index) {
            ffi::LUA_TNUMBER => Some(ffi::lua_tonumber(l, index).into()),
            ffi::LUA_TINTEGER => Some(Numeric::Whole(ffi::lua_tointeger64(l, index, ptr::null_mut()))),
            _ => None,
        }
    }
}
