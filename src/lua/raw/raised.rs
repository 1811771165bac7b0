//! What was raised, and from where: error values of every kind, and the stack at the moment of the error.

use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_State};

use super::current::Current;
use super::encode::{Encoder, Manner};
use super::{functions, stack};
use crate::event::FailureKind;
use crate::lua::guard::Reason;

/// Frames kept of a deep stack, from its inner and its outer end.
const FRAMES_INNER: c_int = 12;
const FRAMES_OUTER: c_int = 8;

/// Bytes of an error message; what is longer is data.
const MESSAGE_MAX: usize = 16 * 1024;

/// What Luau says when its allocator refuses.
pub(super) const NO_MEMORY: &str = "not enough memory";

/// One level of the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua) struct Frame {
    /// Name of the chunk.
    pub(in crate::lua) chunk: String,
    /// Line in the chunk.
    pub(in crate::lua) line: usize,
    /// Name of the function, where it has one.
    pub(in crate::lua) function: Option<String>,
}

/// What the `flow` functions ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lua) enum Signal {
    Skip,
    Fail,
    /// Again after so many seconds, when given.
    Retry(Option<f64>),
}

/// An error that nothing caught.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::lua) struct Raised {
    pub(in crate::lua) kind: FailureKind,
    /// As raised: strings still carry the position that `error` puts in front.
    pub(in crate::lua) message: Option<String>,
    /// Whether the message may begin with a position.
    pub(in crate::lua) positioned: bool,
    pub(in crate::lua) retryable: bool,
    pub(in crate::lua) signal: Option<Signal>,
    /// Fields of `flow.fail`, as JSON.
    pub(in crate::lua) fields: Option<String>,
    /// Why the attempt was interrupted, if it was.
    pub(in crate::lua) interrupted: Option<Reason>,
    /// Innermost first.
    pub(in crate::lua) frames: Vec<Frame>,
}

impl Raised {
    fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: Some(message.into()),
            positioned: false,
            retryable: true,
            signal: None,
            fields: None,
            interrupted: None,
            frames: Vec::new(),
        }
    }

    /// The VM's memory ran out.
    pub(super) fn memory(current: &Current) -> Self {
        Self::new(FailureKind::Memory, current.memory.exceeded(current.running.get()))
    }

    /// So does `what` alone.
    pub(super) fn too_large(current: &Current, what: &str) -> Self {
        Self::new(FailureKind::Memory, current.memory.exceeded(what))
    }

    pub(in crate::lua) fn error(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Error, message)
    }

    /// A fault of flowrun itself.
    pub(in crate::lua) fn panic(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Panic, message)
    }

    /// A returned value that cannot be the result.
    pub(in crate::lua) fn result(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Result, message)
    }
}

/// Keeps the stack of `l` for the error that is on its way.
pub(super) unsafe fn remember_frames(l: *mut lua_State, current: &Current) {
    let Ok(mut frames) = current.frames.try_borrow_mut() else { return };
    frames.clear();
    // SAFETY: `lua_getinfo` fills what it is asked for, and says when there is no such level.
    unsafe {
        let depth = ffi::lua_stackdepth(l);
        for level in 0..depth {
            if level >= FRAMES_INNER && level < depth - FRAMES_OUTER {
                continue;
            }
            let mut info: ffi::lua_Debug = std::mem::zeroed();
            if ffi::lua_getinfo(l, level, c"sln".as_ptr(), &raw mut info) == 0 {
                break;
            }
            if info.currentline <= 0 || info.source.is_null() {
                continue;
            }
            let chunk = CStr::from_ptr(info.source).to_string_lossy();
            let function =
                (!info.name.is_null()).then(|| CStr::from_ptr(info.name).to_string_lossy().into_owned());
            frames.push(Frame {
                chunk: chunk.trim_start_matches(['@', '=']).to_owned(),
                line: info.currentline as usize,
                function,
            });
        }
    }
}

/// Called at the place of the error, before the stack is unwound. Leaves the error value as it is.
pub(super) unsafe extern "C-unwind" fn message_handler(l: *mut lua_State) -> c_int {
    // SAFETY: one of this module's C functions, called with the error value.
    unsafe {
        let current = Current::upvalue(l);
        // An interruption has remembered where it struck first; what follows are its echoes.
        if current.guard.fired().is_none() {
            remember_frames(l, current);
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
    let message = unsafe { stack::text(l, -1) }.unwrap_or_default();
    if message == NO_MEMORY {
        return Raised::memory(current);
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
            if stack::text_field(l, table, c"kind").as_deref() == Some("memory") {
                raised.kind = FailureKind::Memory;
            }
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
            Some("fail") => Some(Signal::Fail),
            Some("retry") => {
                stack::field(l, table, c"after");
                let after = ffi::lua_tonumber(l, -1);
                let given = ffi::lua_type(l, -1) == ffi::LUA_TNUMBER;
                ffi::lua_pop(l, 1);
                Some(Signal::Retry(given.then_some(after)))
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
        let kind = match stack::text(l, -3).as_deref() {
            Some("memory") => FailureKind::Memory,
            Some("panic") => FailureKind::Panic,
            Some("timeout") => FailureKind::Timeout,
            _ => FailureKind::Error,
        };
        let message = stack::text(l, -2).unwrap_or_default();
        let mut raised = if kind == FailureKind::Memory && message == NO_MEMORY {
            Raised::memory(current)
        } else {
            Raised { positioned: true, ..Raised::new(kind, message) }
        };
        raised.retryable = ffi::lua_toboolean(l, -1) != 0;
        ffi::lua_pop(l, 3);
        raised
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
                ffi::LUA_TBOOLEAN => (ffi::lua_toboolean(l, -1) != 0).to_string(),
                _ => format!("error raised with a {name}"),
            },
        )
    }
}
