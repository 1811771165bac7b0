//! Text that is made of integers beyond 2^53 has all their digits: with `..`, by `string.format`, and where `string.gsub`
//! puts them in.

use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_State};

use super::super::current::Current;
use super::super::encode::{Encoder, Manner};
use super::super::{functions, stack};
use super::argument::{round, spell};
use super::arithmetic::delegated;

/// `a .. b`, of which at least one is an integer beyond 2^53.
pub(super) unsafe extern "C-unwind" fn concat(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with both operands.
    unsafe {
        let is_text = |index| {
            matches!(ffi::lua_type(l, index), ffi::LUA_TSTRING | ffi::LUA_TNUMBER | ffi::LUA_TINTEGER)
        };
        if !(is_text(1) && is_text(2)) {
            return delegated(l, c"__concat", || {
                let (a, b) = (functions::type_name(l, 1), functions::type_name(l, 2));
                format!("attempt to concatenate {a} with {b}")
            });
        }
        ffi::lua_settop(l, 2);
        spell(l, 1);
        spell(l, 2);
        ffi::lua_concat(l, 2);
    }
    1
}

/// Readies the arguments of `string.format`: text for `%s` and `%q`, floats for what writes floats or a character. The VM
/// itself knows the other forms.
pub(super) unsafe fn ready_format(l: *mut lua_State, top: c_int) {
    // SAFETY: the arguments lie at 1 to `top`; the format is not changed.
    unsafe {
        spell(l, 1);
        let Some(format) = stack::bytes(l, 1) else { return };
        let mut at = 1;
        let mut rest = format.iter().copied();
        while rest.by_ref().any(|byte| byte == b'%') {
            let letter = rest.by_ref().find(|byte| !b"-+ #0123456789.".contains(byte));
            if letter == Some(b'%') {
                continue;
            }
            at += 1;
            if at > top {
                return;
            }
            match letter {
                Some(b's' | b'q') => spell(l, at),
                Some(b'c' | b'e' | b'E' | b'f' | b'g' | b'G') => round(l, at),
                _ => {}
            }
        }
    }
}

/// Puts its text in the place of a table at `index` that has one of its own, as errors have that were caught; leaves other values
/// alone.
pub(super) unsafe fn speak(l: *mut lua_State, index: c_int) {
    // SAFETY: what is pushed is popped, or takes the other's place.
    unsafe {
        if ffi::lua_type(l, index) == ffi::LUA_TTABLE
            && ffi::luaL_getmetafield(l, index, c"__tostring".as_ptr()) != ffi::LUA_TNIL
        {
            ffi::lua_pop(l, 1);
            ffi::luaL_tolstring(l, index, std::ptr::null_mut());
            ffi::lua_replace(l, index);
        }
    }
}

/// Readies tables among the arguments of `string.format`, which texts in backticks call too: those become what is in them, as
/// `print` shows it, and no address.
pub(super) unsafe fn ready_tables(l: *mut lua_State, top: c_int, current: &Current) {
    // SAFETY: the arguments lie at 1 to `top`.
    unsafe {
        if !(2..=top).any(|at| ffi::lua_type(l, at) == ffi::LUA_TTABLE) {
            return;
        }
        let shows = stack::bytes(l, 1).is_some_and(|format| format.windows(2).any(|pair| pair == b"%*"));
        for at in 2..=top {
            speak(l, at);
            if !shows || ffi::lua_type(l, at) != ffi::LUA_TTABLE {
                continue;
            }
            let mut out = Vec::new();
            let written = Encoder::default().write(l, at, Manner::plain(current), &mut out);
            ffi::lua_settop(l, top);
            if written.is_ok() {
                stack::push(l, &out);
                ffi::lua_replace(l, at);
            }
        }
    }
}

/// Readies the replacement of `string.gsub`: what a table or a function of the caller gives may be an integer beyond 2^53
/// too.
pub(super) unsafe fn ready_replacement(l: *mut lua_State, top: c_int) {
    const REPLACEMENT: c_int = 3;
    // SAFETY: the arguments lie at 1 to `top`; a function takes the place of one.
    unsafe {
        if top >= REPLACEMENT && matches!(ffi::lua_type(l, REPLACEMENT), ffi::LUA_TTABLE | ffi::LUA_TFUNCTION)
        {
            const NAME: &CStr = c"gsub";
            ffi::lua_pushvalue(l, REPLACEMENT);
            ffi::lua_pushcclosurek(l, replaced, NAME.as_ptr(), 1, None);
            ffi::lua_replace(l, REPLACEMENT);
        }
    }
}

/// What the table or function in the upvalue gives for a match, as text where it is an integer beyond 2^53.
unsafe extern "C-unwind" fn replaced(l: *mut lua_State) -> c_int {
    // SAFETY: called by `string.gsub` with at least one capture; made above.
    unsafe {
        let given = ffi::lua_upvalueindex(1);
        if ffi::lua_type(l, given) == ffi::LUA_TTABLE {
            ffi::lua_settop(l, 1);
            ffi::lua_gettable(l, given);
        } else {
            let count = ffi::lua_gettop(l);
            ffi::lua_pushvalue(l, given);
            ffi::lua_insert(l, 1);
            ffi::lua_call(l, count, 1);
        }
        spell(l, 1);
    }
    1
}
