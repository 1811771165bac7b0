//! This module runs items as coroutines: it starts them, suspends them while they wait, resumes and drops them. The
//! worker decides when.

use std::ffi::c_int;
use std::ptr;

use mlua::ffi::{self, lua_State};

use super::current::Wait;
use super::handle::{Callee, Coroutine};
use super::items::ChunkCursor;
use super::raised::Raised;
use super::vm::Vm;
use super::{decode, describe, frame, stack};
use crate::event::FailureKind;
use crate::lua::async_op::{Completion, Pending};
use crate::lua::guard::Reason;
use crate::value::json::JsonError;

/// How a start or a resumption ended.
#[derive(Debug)]
pub(in crate::lua) enum Resumed {
    /// It waits.
    Waiting(Coroutine, Wait),
    /// It ended well; the cursor has its results.
    Finished,
    /// The item is not JSON.
    BadRow(JsonError),
    /// It ended in an error.
    Raised(Box<Raised>),
}

impl Vm {
    /// Starts the item at hand of `cursor` under the limits that the guard was given.
    pub(in crate::lua) fn start(&self, callee: Callee, cursor: &mut ChunkCursor<'_>) -> Resumed {
        let mut started = None;
        let mut bad = None;
        // SAFETY: everything that may raise runs protected; what is owned is owned out here.
        let status = unsafe {
            self.protected(&mut |l| {
                stack::anchored(l, self.current.array_anchor.get());
                stack::anchored(l, self.shapes);
                let text = cursor.chunk.item(cursor.at);
                let work = &mut *self.work.borrow_mut();
                if let Err(error) = decode::push_item(l, (1, 2), text, &mut work.scratch, &mut work.learned) {
                    bad = Some(error);
                    return;
                }
                let coroutine = self.fresh(l);
                stack::anchored(l, callee.0);
                ffi::lua_pushvalue(l, 3);
                ffi::lua_pushnumber(l, (cursor.chunk.first + cursor.at as u64) as f64);
                stack::anchored(l, self.ctx);
                ffi::lua_xmove(l, coroutine.thread, 4);
                started = Some(coroutine);
            })
        };
        match (bad, started) {
            (Some(error), _) => Resumed::BadRow(error),
            (None, Some(coroutine)) if status == ffi::LUA_OK => self.resume_with(coroutine, 3, cursor),
            _ => {
                self.recover(true);
                Resumed::Raised(Box::new(Raised::memory(&self.current)))
            }
        }
    }

    /// Goes on with a suspended item; `completion` is what it was waiting for, when that was an operation.
    pub(in crate::lua) fn resume(
        &self,
        mut coroutine: Coroutine,
        completion: Option<Completion>,
        cursor: &mut ChunkCursor<'_>,
    ) -> Resumed {
        if let Some(completion) = completion {
            coroutine.pending = Some(Pending::Done(completion));
        }
        self.resume_with(coroutine, 0, cursor)
    }

    fn resume_with(
        &self,
        mut coroutine: Coroutine,
        arguments: c_int,
        cursor: &mut ChunkCursor<'_>,
    ) -> Resumed {
        let index = cursor.chunk.first + cursor.at as u64;
        self.current.begin(index, cursor.chunk.item(cursor.at), cursor.chunk.key(cursor.at));
        self.current.random.set(coroutine.random.take());
        self.current.slot.put(coroutine.pending.take());
        self.current.coroutine.set(coroutine.thread);
        self.current.wait.set(None);
        self.current.tries.set(0);
        // SAFETY: the coroutine is suspended; `lua_resume` protects what it runs.
        let status = unsafe { ffi::lua_resume_(coroutine.thread, self.l, arguments) };
        self.current.coroutine.set(ptr::null_mut());
        let fired = self.current.guard.fired();
        let wait = self.current.wait.take();
        if status == ffi::LUA_YIELD
            && fired.is_none()
            && let Some(wait) = wait
        {
            coroutine.random = self.current.random.get();
            coroutine.pending = self.current.slot.take();
            return Resumed::Waiting(coroutine, wait);
        }
        let outcome = self.finish(&coroutine, status, cursor);
        self.release(coroutine, outcome.is_ok());
        match outcome {
            Ok(()) => Resumed::Finished,
            Err(raised) => {
                self.recover(raised.kind == FailureKind::Memory);
                Resumed::Raised(Box::new(raised))
            }
        }
    }

    /// Takes the results, or the error, from a coroutine that has ended.
    fn finish(
        &self,
        coroutine: &Coroutine,
        status: c_int,
        cursor: &mut ChunkCursor<'_>,
    ) -> Result<(), Raised> {
        let thread = coroutine.thread;
        let mut outcome = Ok(());
        // SAFETY: as for `start`; values move to the main thread before anything is done with them.
        let protected = unsafe {
            self.protected(&mut |l| {
                let interrupted = self.current.guard.fired().is_some();
                if status == ffi::LUA_OK && !interrupted {
                    // Other items may have been read meanwhile.
                    let work = &mut *self.work.borrow_mut();
                    work.learned.order.read(cursor.chunk.item(cursor.at), &mut work.scratch);
                    stack::anchored(l, self.layouts);
                    let count = ffi::lua_gettop(thread).min(1);
                    ffi::lua_settop(thread, count);
                    ffi::lua_xmove(thread, l, count);
                    outcome = self.emit(l, (1, 1), cursor, work);
                    return;
                }
                if !interrupted {
                    frame::remember(thread, &self.current.frames);
                }
                if status == ffi::LUA_OK || status == ffi::LUA_YIELD {
                    ffi::lua_pushnil(l);
                } else {
                    ffi::lua_xmove(thread, l, 1);
                }
                let mut raised = describe::describe(l, &self.current, status);
                if status == ffi::LUA_YIELD && !interrupted {
                    raised.message =
                        Some("`coroutine.yield` outside of a coroutine of the function's own".to_owned());
                }
                outcome = Err(raised);
            })
        };
        if protected == ffi::LUA_OK { outcome } else { Err(Raised::memory(&self.current)) }
    }

    /// Lets go of a suspended item whose deadline has passed; answers where it was waiting.
    pub(in crate::lua) fn expire(&self, coroutine: Coroutine, reason: Reason, wait: Wait) -> Raised {
        // SAFETY: the thread is suspended, its stack is as it left it.
        unsafe { frame::remember(coroutine.thread, &self.current.frames) };
        self.release(coroutine, false);
        let frames = std::mem::take(&mut *self.current.frames.borrow_mut());
        let fields = wait.give_up();
        Raised { interrupted: Some(reason), frames, fields, ..Raised::error("interrupted") }
    }

    /// Lets go of a suspended item.
    pub(in crate::lua) fn abandon(&self, coroutine: Coroutine) {
        self.release(coroutine, false);
    }

    /// A coroutine with an empty stack. May raise a memory error.
    unsafe fn fresh(&self, l: *mut lua_State) -> Coroutine {
        if let Some(coroutine) = self.pool.borrow_mut().pop() {
            return coroutine;
        }
        // SAFETY: the new thread is on top, and goes into the registry.
        unsafe {
            let thread = ffi::lua_newthread(l);
            Coroutine { thread, anchor: stack::anchor(l), random: None, pending: None }
        }
    }

    /// Lets go of a coroutine; one that has ended well may be used again.
    fn release(&self, mut coroutine: Coroutine, has_ended_well: bool) {
        /// Coroutines kept for reuse; more wait at once only where concurrency is extreme.
        const POOL_MAX: usize = 1024;
        coroutine.pending = None;
        let mut pool = self.pool.borrow_mut();
        // SAFETY: the thread does not run; resetting closes its upvalues and raises nothing.
        unsafe {
            if has_ended_well && pool.len() < POOL_MAX && self.has_room() && self.reset(coroutine.thread) {
                pool.push(coroutine);
            } else {
                ffi::lua_unref(self.l, coroutine.anchor);
            }
        }
    }

    /// Whether the memory is far from full: Luau does not expect that a thread runs out of it while it is emptied by another.
    fn has_room(&self) -> bool {
        /// What an empty thread takes, many times over.
        const THREAD_BYTES: usize = 1 << 20;
        self.lua().used_memory().saturating_add(THREAD_BYTES) < self.current.memory.bytes()
    }

    /// Empties a thread for reuse; `false` when it could not be.
    unsafe fn reset(&self, thread: *mut lua_State) -> bool {
        // SAFETY: resetting may allocate, so it is protected.
        unsafe { self.protected(&mut |_| ffi::lua_resetthread(thread)) == ffi::LUA_OK }
    }
}
