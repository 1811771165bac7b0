//! This module folds: a value stays in the VM while a function takes items into it, one after the other. The worker
//! decides what becomes of the value in the end.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::encode::{Encoder, Manner};
use super::handle::{Callee, KeptValue};
use super::raised::Raised;
use super::vm::{Vm, WorkingSpace};
use super::{decode, describe, stack};
use crate::event::FailureKind;
use crate::lua::guard::{CancelLevel, Limits};
use crate::runtime::clock;
use crate::value::Chunk;
use crate::value::json::JsonError;

/// Why a fold stopped before its chunk's end.
#[derive(Debug)]
pub(in crate::lua) enum FoldHalt {
    /// The step is to stop.
    Cancelled,
    /// The item at hand is not JSON.
    BadRow(JsonError),
    /// The function raised, or gave nothing back.
    Raised(Box<Raised>),
}

impl Vm {
    /// Keeps the value of a JSON text; invalid text is nil.
    pub(in crate::lua) fn keep_json(&self, text: &str) -> Result<KeptValue, Raised> {
        let array = self.current.array_anchor.get();
        let mut kept = KeptValue(ffi::LUA_REFNIL);
        // SAFETY: everything that may raise runs protected; `kept` is owned here.
        let status = unsafe {
            self.protected(&mut |l| {
                stack::anchored(l, array);
                if decode::push_json(l, 1, text.as_bytes(), &mut String::new()).is_err() {
                    ffi::lua_settop(l, 1);
                    ffi::lua_pushnil(l);
                }
                kept = KeptValue(stack::anchor(l));
            })
        };
        if status == ffi::LUA_OK { Ok(kept) } else { Err(Raised::memory(&self.current)) }
    }

    /// Writes a value as JSON text.
    pub(in crate::lua) fn write(&self, kept: KeptValue, out: &mut Vec<u8>) -> Result<(), Raised> {
        let mut outcome = Ok(());
        // SAFETY: everything that may raise runs protected; `outcome` and `out` are owned out here.
        let status = unsafe {
            self.protected(&mut |l| {
                stack::anchored(l, kept.0);
                let manner = Manner::plain(&self.current);
                let written = Encoder::default().write(l, -1, manner, out);
                outcome = written.map_err(|error| error.raised(&self.current, "the value as text"));
            })
        };
        if status == ffi::LUA_OK { outcome } else { Err(Raised::memory(&self.current)) }
    }

    /// Lets go of a value.
    pub(in crate::lua) fn let_go(&self, kept: KeptValue) {
        // SAFETY: frees a slot of the registry; raises nothing.
        unsafe { ffi::lua_unref(self.l, kept.0) };
    }

    /// Calls `callee` with the kept value, each item of `chunk`, its index and `ctx`, and keeps what it returns instead.
    /// After an error, what is kept is what was kept before the chunk; `at` is the place of the item.
    pub(in crate::lua) fn fold(
        &self,
        callee: Callee,
        kept: &mut KeptValue,
        chunk: &Chunk,
        at: &mut usize,
    ) -> Result<(), FoldHalt> {
        let mut outcome = Ok(());
        let work = &mut *self.work.borrow_mut();
        self.current.deadline.set(None);
        let started = clock::now();
        self.current.guard.enter(&Limits { index: chunk.first, started, deadline: None, notice: None });
        // SAFETY: everything that may raise runs protected, and all that is owned is owned out here.
        let status = unsafe {
            self.protected(&mut |l| {
                stack::anchored(l, self.handler);
                stack::anchored(l, callee.0);
                stack::anchored(l, self.ctx);
                stack::anchored(l, self.current.array_anchor.get());
                stack::anchored(l, self.shapes);
                stack::anchored(l, kept.0);
                outcome = self.fold_items(l, chunk, at, work);
                if outcome.is_ok() {
                    let next = KeptValue(stack::anchor(l));
                    ffi::lua_unref(l, kept.0);
                    *kept = next;
                }
            })
        };
        self.current.guard.leave();
        if status != ffi::LUA_OK {
            outcome = Err(FoldHalt::Raised(Box::new(Raised::memory(&self.current))));
        }
        if let Err(FoldHalt::Raised(raised)) = &outcome {
            self.recover(raised.kind == FailureKind::Memory);
        }
        outcome
    }

    /// With handler, function, `ctx`, the metatable of lists, the table of keys of items, and the value at 1 to 6.
    unsafe fn fold_items(
        &self,
        l: *mut lua_State,
        chunk: &Chunk,
        at: &mut usize,
        work: &mut WorkingSpace,
    ) -> Result<(), FoldHalt> {
        while *at < chunk.len() {
            if self.current.guard.cancel.level() != CancelLevel::Run {
                return Err(FoldHalt::Cancelled);
            }
            // SAFETY: the stack is as said above.
            unsafe { self.fold_item(l, chunk, *at, work)? };
            *at += 1;
        }
        Ok(())
    }

    unsafe fn fold_item(
        &self,
        l: *mut lua_State,
        chunk: &Chunk,
        at: usize,
        work: &mut WorkingSpace,
    ) -> Result<(), FoldHalt> {
        const VALUE: c_int = 6;
        let (index, text) = (chunk.first + at as u64, chunk.item(at));
        self.current.begin(index, text, None);
        // SAFETY: see `fold_items` for what lies on the stack.
        unsafe {
            ffi::lua_pushvalue(l, 2);
            ffi::lua_pushvalue(l, VALUE);
            let WorkingSpace { scratch, learned, .. } = work;
            if let Err(error) = decode::push_item(l, (4, 5), text, scratch, learned) {
                return Err(FoldHalt::BadRow(error));
            }
            ffi::lua_pushnumber(l, index as f64);
            ffi::lua_pushvalue(l, 3);
            let status = ffi::lua_pcall(l, 4, ffi::LUA_MULTRET, 1);
            if status != ffi::LUA_OK || self.current.guard.fired().is_some() {
                if status == ffi::LUA_OK {
                    // It was interrupted and returned all the same, perhaps nothing.
                    ffi::lua_pushnil(l);
                }
                return Err(FoldHalt::Raised(Box::new(describe::describe(l, &self.current, status))));
            }
            if ffi::lua_gettop(l) == VALUE {
                let forgotten = "the function returned no value; did you forget `return`?";
                return Err(FoldHalt::Raised(Box::new(Raised::result(forgotten))));
            }
            ffi::lua_settop(l, VALUE + 1);
            ffi::lua_replace(l, VALUE);
            Ok(())
        }
    }
}
