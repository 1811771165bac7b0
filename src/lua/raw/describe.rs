//! Error values of every kind are described: strings, tables, signals of `flow`, errors and panics of host functions.

use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_State};

use super::advice::advice;
use super::current::Current;
use super::encode::{Encoder, Manner};
use super::raised::{NO_MEMORY, Raised, Signal};
use super::whole::{self, Numeric};
use super::{frame, functions, stack};
use crate::event::FailureKind;

/// Bytes of an error message; what is longer is data.
const MESSAGE_MAX: usize = 16 * 1024;

/// Called at the place of the error, before the stack is unwound. Leaves the error value as it is.
pub(super) unsafe extern "C-unwind" fn message_handler(l: *mut lua_State) -> c_int {
    // SAFETY: one of this module's C functions, called with the error value.
    unsafe {
        let current = Current::upvalue(l);
        // An interruption has remembered where it struck first; what follows are its echoes.
        if current.guard.fired().is_none() {
            frame::remember(l, &current.frames);
        }
    }
    1
}

/// Describes the error value on top of the stack and pops it. May raise memory errors.
pub(super) unsafe fn describe(l: *mut lua_State, current: &Current, status: c_int) -> Raised {
    // SAFETY: the caller has an error value on top.
    unsafe {
        let frames = std::mem::take(&mut *current.frames.borrow_mut());
        let mut raised = if status == ffi::LUA_ERRMEM {
            Raised::memory(current)
        } else {
            match ffi::lua_type(l, -1) {
                ffi::LUA_TSTRING => from_string(l, current),
                ffi::LUA_TTABLE => from_table(l, current),
                ffi::LUA_TUSERDATA if ffi::lua_getmetatablepointer(l, -1) == current.host_error.get() => {
                    from_host(l, current)
                }
                ffi::LUA_TNIL => Raised::new(FailureKind::Error, "error raised with nil"),
                _ => other(l),
            }
        };
        ffi::lua_pop(l, 1);
        // Hidden before anything is cut off: half a secret would not be found any more.
        raised.message = raised.message.map(|message| shortened(current.mask.owned(message)));
        raised.fields = raised.fields.map(|fields| current.mask.json(&fields).into_owned());
        raised.frames = frames;
        raised.interrupted = current.guard.fired();
        if raised.interrupted.is_some() {
            raised.fields = current.last_words.take();
        }
        raised
    }
}

fn shortened(mut message: String) -> String {
    if message.len() > MESSAGE_MAX {
        let end = (0..=MESSAGE_MAX).rev().find(|at| message.is_char_boundary(*at)).unwrap_or(0);
        message.truncate(end);
        message.push('…');
    }
    message
}

unsafe fn from_string(l: *mut lua_State, current: &Current) -> Raised {
    // SAFETY: there is a string on top.
    let mut message = unsafe { stack::text(l, -1) }.unwrap_or_default();
    if message == NO_MEMORY {
        return Raised::memory(current);
    }
    if let Some(advice) = advice(message.as_bytes()) {
        message.push_str(advice);
    }
    Raised { positioned: true, ..Raised::new(FailureKind::Error, message) }
}

/// `error({…})`, the signals of `flow`, and errors of C functions, which are tables too.
unsafe fn from_table(l: *mut lua_State, current: &Current) -> Raised {
    // SAFETY: there is a table on top; fields are pushed and popped.
    unsafe {
        let table = ffi::lua_absindex(l, -1);
        let message = stack::text_field(l, table, c"message");
        let mut raised = Raised::new(FailureKind::Error, "");
        raised.positioned = message.is_some();
        stack::field(l, table, c"retryable");
        raised.retryable = ffi::lua_type(l, -1) != ffi::LUA_TBOOLEAN || ffi::lua_toboolean(l, -1) != 0;
        ffi::lua_pop(l, 1);
        if ffi::lua_getmetatablepointer(l, table) == current.signal.get() {
            raised.positioned = false;
            raised.signal = signal(l, table);
            raised.message = message;
            stack::field(l, table, c"fields");
            if ffi::lua_type(l, -1) == ffi::LUA_TTABLE {
                raised.fields = json(l, current);
            }
            ffi::lua_pop(l, 1);
            raised.kind = kind(stack::text_field(l, table, c"kind").as_deref());
            return raised;
        }
        raised.message = message
            .or_else(|| tostring(l))
            .or_else(|| json(l, current))
            .or_else(|| Some("error raised with a table".to_owned()));
        raised
    }
}

unsafe fn signal(l: *mut lua_State, table: c_int) -> Option<Signal> {
    // SAFETY: there is a table at `table`.
    unsafe {
        match stack::text_field(l, table, c"flow").as_deref() {
            Some("skip") => Some(Signal::Skip),
            Some("fail" | "refuse") => Some(Signal::Fail),
            Some("retry") => {
                stack::field(l, table, c"after");
                let after = whole::number(l, -1).map(Numeric::nearest);
                ffi::lua_pop(l, 1);
                Some(Signal::Retry(after))
            }
            _ => None,
        }
    }
}

/// The value on top as JSON, when it can be.
unsafe fn json(l: *mut lua_State, current: &Current) -> Option<String> {
    let mut out = Vec::new();
    // SAFETY: there is a value on top.
    let top = unsafe { ffi::lua_gettop(l) };
    let manner = Manner::plain(current);
    let written = unsafe { Encoder::default().write(l, -1, manner, &mut out) };
    // SAFETY: takes off what a refusal may have left.
    unsafe { ffi::lua_settop(l, top) };
    written.ok().and_then(|()| String::from_utf8(out).ok())
}

/// What `__tostring` of the table on top says, if it has one.
unsafe fn tostring(l: *mut lua_State) -> Option<String> {
    // SAFETY: there is a table on top; the call is protected.
    unsafe {
        if ffi::luaL_getmetafield(l, -1, c"__tostring".as_ptr()) == ffi::LUA_TNIL {
            return None;
        }
        ffi::lua_pushvalue(l, -2);
        let status = ffi::lua_pcall(l, 1, 1, 0);
        let text = if status == ffi::LUA_OK { stack::text(l, -1) } else { None };
        ffi::lua_pop(l, 1);
        text
    }
}

/// An error, or a panic, of a function written with `mlua`'s safe interface.
unsafe fn from_host(l: *mut lua_State, current: &Current) -> Raised {
    // SAFETY: there is an error value on top; three values are pushed and popped.
    unsafe {
        functions::inspect(l, current, ffi::lua_absindex(l, -1));
        let kind = kind(stack::text(l, -4).as_deref());
        let message = stack::text(l, -3).unwrap_or_default();
        let mut raised = if kind == FailureKind::Memory && message == NO_MEMORY {
            Raised::memory(current)
        } else {
            Raised { positioned: true, ..Raised::new(kind, message) }
        };
        raised.retryable = ffi::lua_toboolean(l, -2) != 0;
        raised.fields = stack::text(l, -1);
        ffi::lua_pop(l, 4);
        raised
    }
}

/// The kind of an error of a host function by its name.
fn kind(name: Option<&str>) -> FailureKind {
    match name {
        Some("memory") => FailureKind::Memory,
        Some("panic") => FailureKind::Panic,
        Some("program") => FailureKind::Program,
        Some("timeout") => FailureKind::Timeout,
        _ => FailureKind::Error,
    }
}

unsafe fn other(l: *mut lua_State) -> Raised {
    // SAFETY: numbers and booleans are shown, of others the type.
    unsafe {
        let kind = ffi::lua_type(l, -1);
        let name = CStr::from_ptr(ffi::lua_typename(l, kind)).to_string_lossy();
        Raised::new(
            FailureKind::Error,
            match kind {
                ffi::LUA_TNUMBER => ffi::lua_tonumber(l, -1).to_string(),
                ffi::LUA_TINTEGER => whole::integer(l, -1).unwrap_or_default().to_string(),
                ffi::LUA_TBOOLEAN => (ffi::lua_toboolean(l, -1) != 0).to_string(),
                _ => format!("error raised with a {name}"),
            },
        )
    }
}
