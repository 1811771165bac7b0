//! This module holds the `json` module in C functions, because the safe interface would round 64-bit integers.

use std::ffi::c_int;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::current::Current;
use super::encode::{self, Encoder, Manner, Why};
use super::{decode, functions, interrupt, pause, stack};
use crate::value::json;

/// Lines of `json.lines` between two looks at the deadline.
const SAFEPOINT_LINES: usize = 1 << 10;

/// Pushes the module.
pub(super) unsafe fn push_module(l: *mut lua_State, current: &Current) {
    // SAFETY: fills a table on the stack.
    unsafe {
        ffi::lua_createtable(l, 0, 6);
        functions::push(l, current, c"decode", json_decode);
        stack::set_field(l, -2, c"decode");
        functions::push(l, current, c"encode", json_encode);
        stack::set_field(l, -2, c"encode");
        functions::push(l, current, c"lines", json_lines);
        stack::set_field(l, -2, c"lines");
        functions::push(l, current, c"array", json_array);
        stack::set_field(l, -2, c"array");
        functions::push(l, current, c"object", json_object);
        stack::set_field(l, -2, c"object");
        ffi::lua_pushlightuserdata(l, ptr::null_mut());
        stack::set_field(l, -2, c"null");
    }
}

unsafe fn text_argument<'v>(l: *mut lua_State, current: &Current, function: &str) -> &'v [u8] {
    // SAFETY: arguments stay on the stack while the function runs.
    unsafe {
        if let Some(bytes) = stack::bytes(l, 1) {
            return bytes;
        }
        let got = functions::type_name(l, 1);
        functions::fail(l, current, &format!("bad argument #1 to `{function}` (string expected, got {got})"))
    }
}

unsafe extern "C-unwind" fn json_decode(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe {
        let current = Current::upvalue(l);
        let text = text_argument(l, current, "json.decode");
        stack::anchored(l, current.array_anchor.get());
        if let Err(error) = decode::push_json(l, -1, text, &mut String::new()) {
            functions::fail(l, current, &format!("`json.decode`: {error}"));
        }
    }
    1
}

unsafe extern "C-unwind" fn json_lines(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; the list lies at 3, each line's value above it.
    unsafe {
        let current = Current::upvalue(l);
        let text = text_argument(l, current, "json.lines");
        ffi::lua_settop(l, 1);
        stack::anchored(l, current.array_anchor.get());
        ffi::lua_createtable(l, 0, 0);
        ffi::lua_pushvalue(l, 2);
        ffi::lua_setmetatable(l, 3);
        let mut count = 0;
        for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if (at + 1).is_multiple_of(SAFEPOINT_LINES) {
                interrupt::safepoint(l);
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            if let Err(error) = decode::push_json(l, 2, line, &mut String::new()) {
                functions::fail(l, current, &format!("`json.lines`: {error} of line {}", at + 1));
            }
            count += 1;
            ffi::lua_rawseti_(l, 3, count);
        }
        ffi::lua_settop(l, 3);
    }
    1
}

unsafe extern "C-unwind" fn json_encode(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe {
        let current = Current::upvalue(l);
        if ffi::lua_gettop(l) == 0 {
            functions::fail(l, current, "bad argument #1 to `json.encode` (value expected)");
        }
        let mut out = Vec::new();
        let written = Encoder::default().write(l, 1, Manner::plain(current), &mut out);
        if let Err(error) = written {
            drop(out);
            match error.reason {
                Why::Value => functions::fail(l, current, &format!("`json.encode`: {error}")),
                Why::Memory => too_large(l, current),
                Why::Due(reason) => pause::interrupted(l, current, reason),
            }
        }
        if option(l, c"pretty") {
            let mut pretty = Vec::new();
            let fits = json::pretty_within(&out, &mut pretty, encode::room(current));
            out = pretty;
            if !fits {
                drop(out);
                too_large(l, current);
            }
        }
        stack::push(l, &out);
    }
    1
}

unsafe fn too_large(l: *mut lua_State, current: &Current) -> ! {
    let message = current.memory.exceeded("`json.encode`");
    // SAFETY: called by a C function that owns nothing any more.
    unsafe { functions::fail_as(l, current, b"memory", &message) }
}

/// Whether the table at 2, if there is one, has a true field `name`. `sort_keys` needs no looking at: keys are always
/// sorted.
unsafe fn option(l: *mut lua_State, name: &std::ffi::CStr) -> bool {
    // SAFETY: checked to be a table; the field is popped again.
    unsafe {
        if ffi::lua_type(l, 2) != ffi::LUA_TTABLE {
            return false;
        }
        stack::field(l, 2, name);
        let set = ffi::lua_toboolean(l, -1) != 0;
        ffi::lua_pop(l, 1);
        set
    }
}

unsafe extern "C-unwind" fn json_array(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe {
        let current = Current::upvalue(l);
        marked(l, current, "json.array");
        stack::anchored(l, current.array_anchor.get());
        ffi::lua_setmetatable(l, 1);
    }
    1
}

unsafe extern "C-unwind" fn json_object(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM.
    unsafe {
        let current = Current::upvalue(l);
        marked(l, current, "json.object");
        stack::anchored(l, current.object_anchor.get());
        ffi::lua_setmetatable(l, 1);
    }
    1
}

/// Leaves the table that the function was given, or a new one, alone on the stack.
unsafe fn marked(l: *mut lua_State, current: &Current, function: &str) {
    // SAFETY: works on the function's own stack.
    unsafe {
        match ffi::lua_type(l, 1) {
            ffi::LUA_TNONE | ffi::LUA_TNIL => {
                ffi::lua_settop(l, 0);
                ffi::lua_createtable(l, 0, 0);
            }
            ffi::LUA_TTABLE => ffi::lua_settop(l, 1),
            _ => {
                let got = functions::type_name(l, 1);
                functions::fail(
                    l,
                    current,
                    &format!("bad argument #1 to `{function}` (table expected, got {got})"),
                )
            }
        }
    }
}
