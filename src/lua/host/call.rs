//! A call is one call of a host function: it checks arguments, takes results, and keeps long work stoppable and
//! bounded.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use mlua::{BorrowedBytes, BorrowedStr, LuaString, Value};

use super::list::ValueList;
use super::state::HostState;
use crate::event::LogLevel;
use crate::lua::guard::Guard;
use crate::lua::host_error::HostError;
use crate::lua::permissions::PATH_MAX;
use crate::lua::raw::{self, Current};

/// Results below this are not checked against the VM's limit before they are handed over.
const UNCHECKED_BYTES: usize = 1 << 20;

/// Steps of a loop over small pieces between two checkpoints.
const CHECKPOINT_STEPS: usize = 1024;

/// The VM, the shared state, and the name for messages.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) lua: &'a mlua::Lua,
    pub(super) state: &'a HostState,
    pub(super) name: Name,
}

impl<'a> Call<'a> {
    /// An argument that must be a string.
    pub(super) fn string<'v>(&self, at: usize, value: &'v Value) -> mlua::Result<&'v LuaString> {
        match value {
            Value::String(string) => Ok(string),
            other => Err(self.bad(at, "string", other)),
        }
    }

    /// The bytes of a string argument, not copied.
    pub(super) fn bytes(&self, at: usize, value: &Value) -> mlua::Result<BorrowedBytes> {
        Ok(self.string(at, value)?.as_bytes())
    }

    /// A string argument that must be UTF-8, because the function counts or changes characters.
    pub(super) fn text(&self, at: usize, value: &Value) -> mlua::Result<BorrowedStr> {
        let string = self.string(at, value)?;
        string.to_str().map_err(|_| {
            let bytes = string.as_bytes();
            let valid = std::str::from_utf8(&bytes).map_or_else(|error| error.valid_up_to(), str::len);
            self.bad_because(at, &format!("valid UTF-8 expected, byte {} is not", valid + 1))
        })
    }

    /// Refuses a path that no system call takes, before it is copied into places and messages.
    pub(super) fn path_len(&self, at: usize, len: usize) -> mlua::Result<()> {
        if len <= PATH_MAX {
            return Ok(());
        }
        Err(self.bad_because(at, &format!("a path of at most {PATH_MAX} bytes expected, this one has {len}")))
    }

    /// Like [`Call::string`], but nil is `None`.
    pub(super) fn optional_string<'v>(
        &self,
        at: usize,
        value: &'v Value,
    ) -> mlua::Result<Option<&'v LuaString>> {
        if value.is_nil() { Ok(None) } else { self.string(at, value).map(Some) }
    }

    /// Like [`Call::text`], but nil is `None`.
    pub(super) fn optional_text(&self, at: usize, value: &Value) -> mlua::Result<Option<BorrowedStr>> {
        if value.is_nil() { Ok(None) } else { self.text(at, value).map(Some) }
    }

    /// An argument that must be a whole number.
    pub(super) fn integer(&self, at: usize, value: &Value) -> mlua::Result<i64> {
        match value {
            Value::Integer(integer) => Ok(*integer),
            other => Err(self.bad(at, "integer", other)),
        }
    }

    /// Like [`Call::integer`], but nil is `None`.
    pub(super) fn optional_integer(&self, at: usize, value: &Value) -> mlua::Result<Option<i64>> {
        if value.is_nil() { Ok(None) } else { self.integer(at, value).map(Some) }
    }

    /// An argument that bounds the number of pieces; nil is no bound.
    pub(super) fn pieces_max(&self, at: usize, value: &Value) -> mlua::Result<usize> {
        match self.optional_integer(at, value)? {
            None => Ok(usize::MAX),
            Some(max) if max > 0 => Ok(max as usize),
            Some(max) => {
                Err(self.bad_because(at, &format!("a number of pieces above 0 expected, got {max}")))
            }
        }
    }

    /// An argument that must be a number.
    pub(super) fn number(&self, at: usize, value: &Value) -> mlua::Result<f64> {
        match value {
            Value::Integer(integer) => Ok(*integer as f64),
            Value::Number(number) => Ok(*number),
            other => Err(self.bad(at, "number", other)),
        }
    }

    /// The error for an argument of the wrong type.
    pub(super) fn bad(&self, at: usize, expected: &str, got: &Value) -> mlua::Error {
        self.bad_because(at, &format!("{expected} expected, got {}", describe(got)))
    }

    /// The error for an argument that is wrong in another way.
    pub(super) fn bad_because(&self, at: usize, why: &str) -> mlua::Error {
        HostError::error(format!("bad argument #{at} to `{}` ({why})", self.name)).into()
    }

    /// The error for work that failed.
    pub(super) fn fail(&self, why: &str) -> mlua::Error {
        HostError::error(format!("`{}` {why}", self.name)).into()
    }

    /// The error for work that no other attempt can do either.
    pub(super) fn refuse(&self, why: &str) -> mlua::Error {
        HostError::refusal(format!("`{}` {why}", self.name)).into()
    }

    /// A value as JSON text, from which encoders of other formats go on.
    pub(super) fn json(&self, value: &Value) -> mlua::Result<Vec<u8>> {
        let mut text = Vec::new();
        match raw::encode(self.lua, value, &mut text)? {
            Ok(()) => Ok(text),
            Err(raw::Unfit::Value(why)) => Err(HostError::refusal(format!("`{}`: {why}", self.name)).into()),
            Err(raw::Unfit::Memory) => Err(self.too_much().into()),
            Err(raw::Unfit::Due) => {
                self.checkpoint()?;
                Err(self.fail("took too long"))
            }
        }
    }

    /// A new Lua string with what `fill` writes.
    pub(super) fn build(&self, fill: impl FnOnce(&mut Vec<u8>) -> mlua::Result<()>) -> mlua::Result<Value> {
        self.state.with_scratch(|out| {
            fill(out)?;
            self.new_string(out)
        })
    }

    /// A new Lua string.
    pub(super) fn new_string(&self, bytes: impl AsRef<[u8]>) -> mlua::Result<Value> {
        self.lua.create_string(bytes).map(Value::String)
    }

    /// A new empty list.
    pub(super) fn list(&self) -> mlua::Result<ValueList<'a>> {
        ValueList::new(self.lua, &self.state.array)
    }

    /// Raises the watchdog's error when the attempt is overdue or cancelled.
    pub(super) fn checkpoint(&self) -> mlua::Result<()> {
        self.state.checkpoint.call(())
    }

    /// What says when the running attempt has to end, where there is a worker.
    pub(super) fn guard(&self) -> Option<Arc<Guard>> {
        self.lua.app_data_ref::<Rc<Current>>().map(|current| Arc::clone(&current.guard))
    }

    /// Ends the attempt when its time is over, although the watchdog may not have looked yet.
    pub(super) fn end_when_due(&self) -> mlua::Result<()> {
        match self.guard() {
            Some(guard) if guard.is_due() => {
                guard.pull();
                self.checkpoint()
            }
            _ => Ok(()),
        }
    }

    /// [`Call::checkpoint`] at every so many steps of a loop over small pieces.
    pub(super) fn checkpoint_each(&self, step: usize) -> mlua::Result<()> {
        if step.is_multiple_of(CHECKPOINT_STEPS) { self.checkpoint() } else { Ok(()) }
    }

    /// Raises an error when a result of `len` bytes cannot fit the VM any more, before Rust allocates it.
    pub(super) fn room_for(&self, len: usize) -> mlua::Result<()> {
        if len <= UNCHECKED_BYTES {
            return Ok(());
        }
        let limit = self.memory_limit()?;
        let all = || self.lua.used_memory().saturating_add(self.outside_used()).saturating_add(len);
        let is_full = || limit != 0 && all() > limit;
        // What earlier calls left behind counts until it is collected.
        if is_full() && (len > limit || self.lua.gc_collect().is_err() || is_full()) {
            return Err(self.too_much().into());
        }
        Ok(())
    }

    /// Bytes that the VM may hold; 0 is no limit.
    pub(super) fn memory_limit(&self) -> mlua::Result<usize> {
        // mlua tells the limit only while it replaces it.
        let limit = self.lua.set_memory_limit(0)?;
        self.lua.set_memory_limit(limit)?;
        Ok(limit)
    }
}

/// A line of warning in the item's log, where there is a worker.
pub(super) fn warn(lua: &mlua::Lua, line: &str) {
    if let Some(current) = lua.app_data_ref::<Rc<Current>>() {
        current.log(LogLevel::Warn, line.as_bytes(), None);
    }
}

/// The type of a value as messages name it.
pub(super) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) | Value::Number(_) => "number",
        Value::LightUserData(pointer) if pointer.0.is_null() => "null",
        other => other.type_name(),
    }
}

/// Name of a function as messages show it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) module: &'static str,
    pub(super) function: &'static str,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.module {
            "" => f.write_str(self.function),
            // Types begin with a capital, and their functions are methods.
            module if module.starts_with(|first: char| first.is_ascii_uppercase()) => {
                write!(f, "{module}:{}", self.function)
            }
            module => write!(f, "{module}.{}", self.function),
        }
    }
}

/// Ties a Rust function to one VM.
pub(super) struct Bind<'a> {
    pub(super) lua: &'a mlua::Lua,
    pub(super) state: &'a Rc<HostState>,
    pub(super) name: Name,
}

impl Bind<'_> {
    /// Makes `body` callable from Lua; missing arguments arrive as nil, extra ones are dropped, as Lua does.
    pub(super) fn to<A, R>(&self, body: fn(&Call<'_>, &A) -> mlua::Result<R>) -> mlua::Result<mlua::Function>
    where
        A: mlua::FromLuaMulti + 'static,
        R: mlua::IntoLuaMulti + 'static,
    {
        let state = Rc::clone(self.state);
        let name = self.name;
        self.lua
            .create_function(move |lua, arguments: A| body(&Call { lua, state: &state, name }, &arguments))
    }
}
