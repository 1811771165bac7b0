//! These C functions know the running item: `ctx`, and the behaviour of `null` and of errors.

use std::ffi::{CStr, c_int};
use std::ptr;

use mlua::ffi::{self, lua_CFunction, lua_State};

use super::current::Current;
use super::raised::NO_MEMORY;
use super::{decode, stack};
use crate::runtime::clock;

/// Pushes `function` with `current` as its upvalue. May raise a memory error.
pub(super) unsafe fn push(
    l: *mut lua_State,
    current: &Current,
    name: &'static CStr,
    function: lua_CFunction,
) {
    // SAFETY: `current` outlives the state; `name` is static.
    unsafe {
        ffi::lua_pushlightuserdata(l, ptr::from_ref(current).cast_mut().cast());
        ffi::lua_pushcclosurek(l, function, name.as_ptr(), 1, None);
    }
}

/// Raises an error with the fields that errors of host functions have.
pub(super) unsafe fn fail(l: *mut lua_State, current: &Current, message: &str) -> ! {
    // SAFETY: as for `fail_as`.
    unsafe { fail_as(l, current, b"error", message) }
}

/// Such an error of another kind.
pub(super) unsafe fn fail_as(l: *mut lua_State, current: &Current, kind: &[u8], message: &str) -> ! {
    // SAFETY: pushes a table and raises it.
    unsafe {
        ffi::lua_createtable(l, 0, 3);
        stack::push(l, kind);
        stack::set_field(l, -2, c"kind");
        stack::push(l, message.as_bytes());
        stack::set_field(l, -2, c"message");
        ffi::lua_pushboolean(l, 1);
        stack::set_field(l, -2, c"retryable");
        stack::anchored(l, current.signal_anchor.get());
        ffi::lua_setmetatable(l, -2);
        ffi::lua_error(l)
    }
}

/// The type of the value at `index` as messages name it.
pub(super) unsafe fn type_name(l: *mut lua_State, index: c_int) -> String {
    // SAFETY: asks for a type only.
    unsafe {
        match ffi::lua_type(l, index) {
            ffi::LUA_TNONE => "nil".to_owned(),
            ffi::LUA_TINTEGER => "number".to_owned(),
            ffi::LUA_TLIGHTUSERDATA if ffi::lua_tolightuserdata(l, index).is_null() => "null".to_owned(),
            other => CStr::from_ptr(ffi::lua_typename(l, other)).to_string_lossy().into_owned(),
        }
    }
}

/// `ctx.attempt`, `ctx.last` and `ctx.key`, which differ from item to item; the other fields are plain.
pub(super) unsafe extern "C-unwind" fn ctx_index(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with the table and the key.
    unsafe {
        let current = Current::upvalue(l);
        match stack::bytes(l, 2) {
            Some(b"attempt") => ffi::lua_pushnumber(l, f64::from(current.attempt.get())),
            Some(b"last") => match current.last.borrow().clone() {
                // Each look gives a table of its own.
                Some(last) => decode::push_known(l, current.array_anchor.get(), &last),
                None => ffi::lua_pushnil(l),
            },
            Some(b"key") => {
                // As in records of failed items and in the journal: by content, unless a key was given.
                let content = || format!("{:032x}", xxhash_rust::xxh3::xxh3_128(current.item()));
                let key = current.key().map_or_else(content, str::to_owned);
                stack::push(l, key.as_bytes());
            }
            _ => ffi::lua_pushnil(l),
        }
    }
    1
}

/// `ctx.remaining()`: seconds until the deadline, infinite without one.
pub(super) unsafe extern "C-unwind" fn remaining(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe {
        let left = Current::upvalue(l)
            .deadline
            .get()
            .map_or(f64::INFINITY, |deadline| deadline.saturating_duration_since(clock::now()).as_secs_f64());
        ffi::lua_pushnumber(l, left);
    }
    1
}

/// Indexing `json.null`.
pub(super) unsafe extern "C-unwind" fn null_index(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with null and the key.
    unsafe {
        ffi::luaL_where(l, 1);
        let place = stack::text(l, -1).unwrap_or_default();
        let message = match stack::text(l, 2) {
            Some(key) => format!("{place}attempt to index JSON null with '{key}'"),
            None => format!("{place}attempt to index JSON null"),
        };
        stack::push(l, message.as_bytes());
        ffi::lua_error(l)
    }
}

/// `tostring(json.null)`.
pub(super) unsafe extern "C-unwind" fn null_tostring(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe { stack::push(l, b"null") }
    1
}

/// `tostring` of an error table: its message.
pub(super) unsafe extern "C-unwind" fn signal_tostring(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with the table.
    unsafe {
        if ffi::lua_type(l, 1) != ffi::LUA_TTABLE || stack::field(l, 1, c"message") != ffi::LUA_TSTRING {
            stack::push(l, b"error");
        }
    }
    1
}

/// `kind`, `message`, `retryable` and `fields` of an error that a function of `mlua`'s safe interface raised.
pub(super) unsafe extern "C-unwind" fn error_index(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with the error and the key.
    unsafe {
        let wanted = match stack::bytes(l, 2) {
            Some(b"kind") => -4,
            Some(b"message") => -3,
            Some(b"retryable") => -2,
            Some(b"fields") => -1,
            _ => {
                ffi::lua_pushnil(l);
                return 1;
            }
        };
        let current = Current::upvalue(l);
        inspect(l, current, 1);
        match stack::text(l, -1).filter(|_| wanted == -1) {
            Some(fields) => decode::push_known(l, current.array_anchor.get(), &fields),
            None => ffi::lua_pushvalue(l, wanted),
        }
    }
    1
}

/// `tostring` of such an error: its message, without a traceback.
pub(super) unsafe extern "C-unwind" fn error_tostring(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with the error.
    unsafe {
        inspect(l, Current::upvalue(l), 1);
        ffi::lua_pushvalue(l, -3);
    }
    1
}

/// Pushes kind, message, retryable and fields (JSON text, or nil) of the error at `error`.
pub(super) unsafe fn inspect(l: *mut lua_State, current: &Current, error: c_int) {
    // SAFETY: the anchors are those of functions and a table; both calls are protected.
    unsafe {
        stack::anchored(l, current.panics_anchor.get());
        ffi::lua_pushvalue(l, error);
        if ffi::lua_rawget(l, -2) == ffi::LUA_TNIL {
            ffi::lua_pop(l, 2);
            stack::anchored(l, current.tostring_anchor.get());
            ffi::lua_pushvalue(l, error);
            if ffi::lua_pcall(l, 1, 1, 0) != ffi::LUA_OK {
                ffi::lua_pop(l, 1);
                stack::push(l, b"a host function panicked");
            }
            stack::anchored(l, current.inspect_anchor.get());
            ffi::lua_pushvalue(l, error);
            // Looking into a panic makes `mlua` raise it again, which tells it from an error, and uses it up.
            match ffi::lua_pcall(l, 1, 4, 0) {
                ffi::LUA_OK => {
                    ffi::lua_remove(l, -5);
                    return;
                }
                ffi::LUA_ERRMEM => {
                    ffi::lua_pop(l, 2);
                    stack::push(l, b"memory");
                    stack::push(l, NO_MEMORY.as_bytes());
                    ffi::lua_pushboolean(l, 1);
                    ffi::lua_pushnil(l);
                    return;
                }
                _ => {}
            }
            ffi::lua_pop(l, 1);
            stack::anchored(l, current.panics_anchor.get());
            ffi::lua_pushvalue(l, error);
            ffi::lua_pushvalue(l, -3);
            ffi::lua_rawset(l, -3);
            ffi::lua_insert(l, -2);
        }
        stack::push(l, b"panic");
        ffi::lua_replace(l, -3);
        ffi::lua_pushboolean(l, 1);
        ffi::lua_pushnil(l);
    }
}
