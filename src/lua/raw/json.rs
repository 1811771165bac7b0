//! This module holds the `json` module in C functions, because the safe interface would round 64-bit integers.

use std::ffi::c_int;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::current::Current;
use super::decode::{self, Learned};
use super::encode::{self, Encoder, Manner, Why};
use super::{functions, interrupt, pause, stack};
use crate::value::json;

/// Lines of `json.lines` between two looks at the deadline.
const SAFEPOINT_LINES: usize = 1 << 10;

/// Longer texts are read as if they were like no other, with looks at the deadline on the way.
const LEARNED_MAX: usize = 64 << 10;
/// Working space of one call that is kept for the next.
const KEPT_BYTES: usize = 1 << 20;

/// What the module keeps from call to call: what texts and values were like, and working space. Who uses it takes it; where an
/// error leaves a function meanwhile, the next call begins anew.
#[derive(Default)]
struct JsonSpace {
    encoder: Encoder,
    learned: Learned,
    out: Vec<u8>,
    scratch: String,
}

impl JsonSpace {
    /// That of the calls before.
    fn taken(current: &Current) -> Box<Self> {
        current.json.take().and_then(|space| space.downcast().ok()).unwrap_or_default()
    }

    /// Lets the next call find it.
    fn put_back(mut self: Box<Self>, current: &Current) {
        if self.out.capacity() > KEPT_BYTES {
            self.out = Vec::new();
        }
        if self.scratch.capacity() > KEPT_BYTES {
            self.scratch = String::new();
        }
        current.json.set(Some(self));
    }
}

/// Pushes the module.
pub(super) unsafe fn push_module(l: *mut lua_State, current: &Current) {
    // SAFETY: fills a table on the stack.
    unsafe {
        for kept in [&current.shapes_anchor, &current.layouts_anchor] {
            ffi::lua_createtable(l, 0, 0);
            kept.set(stack::anchor(l));
        }
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

/// The text that a function was given, without the byte order mark that a file may begin with.
unsafe fn text_argument<'v>(l: *mut lua_State, current: &Current, function: &str) -> &'v [u8] {
    // SAFETY: arguments stay on the stack while the function runs.
    unsafe {
        if let Some(bytes) = stack::bytes(l, 1) {
            return bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
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
        let mut space = JsonSpace::taken(current);
        let pushed = if text.len() <= LEARNED_MAX {
            stack::anchored(l, current.shapes_anchor.get());
            decode::push_item(l, (-2, -1), text, &mut space.scratch, &mut space.learned)
        } else {
            decode::push_json(l, -1, text, &mut space.scratch)
        };
        space.put_back(current);
        if let Err(error) = pushed {
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
        ffi::lua_settop(l, 2);
        stack::anchored(l, current.layouts_anchor.get());
        let mut space = JsonSpace::taken(current);
        space.out.clear();
        let manner = Manner { keys: 3, ..Manner::plain(current) };
        if let Err(error) = space.encoder.write(l, 1, manner, &mut space.out) {
            space.put_back(current);
            match error.reason {
                Why::Value => functions::fail(l, current, &format!("`json.encode`: {error}")),
                Why::Memory => too_large(l, current),
                Why::Due(reason) => pause::interrupted(l, current, reason),
            }
        }
        if option(l, c"pretty") {
            let mut pretty = Vec::new();
            let fits = json::pretty_within(&space.out, &mut pretty, encode::room(current));
            space.out = pretty;
            if !fits {
                space.put_back(current);
                too_large(l, current);
            }
        }
        stack::push(l, &space.out);
        space.put_back(current);
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
