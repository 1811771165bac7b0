//! This module makes calls into Lua that are not the hot path: loaded chunks, `retries.when`, expressions.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};
use mlua::{Function, Table};

use super::encode::{Encoder, Manner};
use super::handle::{Callee, KeptValue};
use super::{decode, describe, raised::Raised, stack, vm::Vm};
use crate::event::FailureKind;

/// A value to call a function with.
#[derive(Debug, Clone, Copy)]
pub(in crate::lua) enum Argument<'a> {
    /// JSON text, known to be valid.
    Json(&'a str),
    Number(f64),
    /// What the VM keeps.
    Kept(KeptValue),
    Nil,
}

/// What to do with the first value that a function returns.
pub(in crate::lua) enum Take<'a> {
    Truth(&'a mut bool),
    /// As JSON text.
    Json(&'a mut Vec<u8>),
    /// Keep it, whatever it is, instead of what was kept there.
    Kept(&'a mut KeptValue),
    /// Keep it, if it is a function, or the function in this field of it, if it is a table.
    Function(Option<&'a str>, &'a mut Option<Callee>),
    /// Keep both functions that it returns.
    Functions(&'a mut Option<[Callee; 2]>),
}

impl Vm {
    /// Keeps a function for later calls.
    pub(in crate::lua) fn keep(&self, function: &Function) -> mlua::Result<Callee> {
        let mut reference = 0;
        // SAFETY: the function is the one value on the stack.
        unsafe { self.lua().exec_raw::<()>(function, |l| reference = ffi::lua_ref(l, -1))? };
        Ok(Callee(reference))
    }

    /// Pushes JSON text as a value of the safe interface, for tables that are made once.
    pub(in crate::lua) fn decode(&self, text: &str) -> mlua::Result<Table> {
        let array = self.current.array_anchor.get();
        // SAFETY: the metatable is taken off again below the value.
        unsafe {
            self.lua().exec_raw((), |l| {
                stack::anchored(l, array);
                if decode::push_json(l, -1, text.as_bytes(), &mut String::new()).is_err() {
                    ffi::lua_settop(l, 0);
                    ffi::lua_createtable(l, 0, 0);
                    return;
                }
                ffi::lua_remove(l, -2);
            })
        }
    }

    /// Calls `callee`. An error comes back described; so does a value that cannot be taken.
    pub(in crate::lua) fn call(
        &self,
        callee: Callee,
        arguments: &[Argument<'_>],
        mut take: Take<'_>,
    ) -> Result<(), Raised> {
        let mut outcome = Ok(());
        // SAFETY: everything that may raise runs protected; `outcome` and `take` are owned here.
        let status = unsafe {
            self.protected(&mut |l| {
                stack::anchored(l, self.handler);
                stack::anchored(l, callee.0);
                for argument in arguments {
                    self.push_argument(l, *argument);
                }
                let count = if matches!(take, Take::Functions(_)) { 2 } else { 1 };
                let status = ffi::lua_pcall(l, arguments.len() as c_int, count, 1);
                outcome = if status == ffi::LUA_OK && self.current.guard.fired().is_none() {
                    self.take(l, &mut take)
                } else {
                    Err(describe::describe(l, &self.current, status))
                };
            })
        };
        if status != ffi::LUA_OK {
            outcome = Err(Raised::memory(&self.current));
        }
        if let Err(raised) = &outcome {
            self.recover(raised.kind == FailureKind::Memory);
        }
        outcome
    }

    unsafe fn push_argument(&self, l: *mut lua_State, argument: Argument<'_>) {
        // SAFETY: pushes exactly one value.
        unsafe {
            match argument {
                Argument::Nil => ffi::lua_pushnil(l),
                Argument::Kept(kept) => stack::anchored(l, kept.0),
                Argument::Number(number) => ffi::lua_pushnumber(l, number),
                Argument::Json(text) => decode::push_known(l, self.current.array_anchor.get(), text),
            }
        }
    }

    unsafe fn take(&self, l: *mut lua_State, take: &mut Take<'_>) -> Result<(), Raised> {
        // SAFETY: there is one value on top.
        unsafe {
            match take {
                Take::Truth(truth) => {
                    **truth = is_true(l, -1);
                    Ok(())
                }
                Take::Json(out) => {
                    let manner = Manner::plain(&self.current);
                    let written = Encoder::default().write(l, -1, manner, out);
                    written.map_err(|error| error.raised(&self.current, "the value as text"))
                }
                Take::Kept(kept) => {
                    let next = KeptValue(ffi::lua_ref(l, -1));
                    ffi::lua_unref(l, kept.0);
                    **kept = next;
                    Ok(())
                }
                Take::Functions(callees) => {
                    if ffi::lua_type(l, -1) == ffi::LUA_TFUNCTION {
                        **callees = Some([Callee(ffi::lua_ref(l, -2)), Callee(ffi::lua_ref(l, -1))]);
                    }
                    Ok(())
                }
                Take::Function(field, callee) => {
                    if let Some(name) = field
                        && ffi::lua_type(l, -1) == ffi::LUA_TTABLE
                    {
                        stack::push(l, name.as_bytes());
                        ffi::lua_rawget(l, -2);
                    }
                    if ffi::lua_type(l, -1) == ffi::LUA_TFUNCTION {
                        **callee = Some(Callee(ffi::lua_ref(l, -1)));
                    }
                    Ok(())
                }
            }
        }
    }
}

/// Lua's truth, with JSON null counting as nothing.
pub(super) unsafe fn is_true(l: *mut lua_State, index: c_int) -> bool {
    // SAFETY: the caller has a value at `index`.
    unsafe {
        ffi::lua_toboolean(l, index) != 0
            && !(ffi::lua_type(l, index) == ffi::LUA_TLIGHTUSERDATA
                && ffi::lua_tolightuserdata(l, index).is_null())
    }
}
