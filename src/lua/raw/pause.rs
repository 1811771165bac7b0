//! These C functions wait: `time.sleep`, and the wait for an operation. Where the item's own coroutine runs, it is
//! suspended; anywhere else the thread is held, and let go when the attempt has to end.

use std::ffi::c_int;
use std::time::Duration;

use mlua::ffi::{self, lua_State};

use super::current::{Current, Wait};
use super::whole::{self, Numeric};
use super::{frame, functions, stack, trigger::Trigger};
use crate::lua::async_op::{self, Pending};
use crate::lua::guard::{Interrupt, Reason};
use crate::runtime::clock;

/// A wait that holds its thread looks at the guard this often.
const NAP: Duration = Duration::from_millis(5);
/// Longer sleeps are as good as this one.
const SLEEP_MAX: Duration = Duration::from_secs(100 * 365 * 86_400);

/// `time.sleep`
pub(super) unsafe extern "C-unwind" fn sleep(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; yielding is asked for only where it is possible.
    unsafe {
        let current = Current::upvalue(l);
        let Some(seconds) = whole::number(l, 1).map(Numeric::nearest) else {
            let got = functions::type_name(l, 1);
            let message = format!("bad argument #1 to `time.sleep` (number expected, got {got})");
            functions::fail(l, current, &message);
        };
        if seconds.is_nan() || seconds < 0.0 {
            let message = format!("`time.sleep` takes a number of seconds from 0, not {seconds}");
            functions::fail(l, current, &message);
        }
        let length = Duration::try_from_secs_f64(seconds).unwrap_or(SLEEP_MAX).min(SLEEP_MAX);
        let until = clock::now() + length;
        if may_suspend(l, current) {
            current.wait.set(Some(Wait::Until(until)));
            return ffi::lua_yield(l, 0);
        }
        loop {
            let now = clock::now();
            if let Some(reason) = current.guard.due(now) {
                interrupted(l, current, reason);
            }
            if now >= until {
                return 0;
            }
            std::thread::sleep(NAP.min(until - now));
        }
    }
}

/// Waits for the operation that a host function has just put into the slot; it takes the completion from there afterwards.
pub(super) unsafe extern "C-unwind" fn wait(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; yielding is asked for only where it is possible.
    unsafe {
        let current = Current::upvalue(l);
        let Some(begin) = current.slot.unstarted() else { return 0 };
        if may_suspend(l, current) {
            let in_flight = current.operations.send(begin(current.deadline.get().is_some()));
            current.wait.set(Some(Wait::Elsewhere(in_flight)));
            return ffi::lua_yield(l, 0);
        }
        let async_op = begin(current.deadline.get().is_some());
        // What is owned here is gone before anything is raised.
        match async_op::attend(async_op, NAP, || current.guard.due(clock::now())) {
            Ok(completion) => current.slot.put(Some(Pending::Done(completion))),
            Err((reason, last_words)) => {
                current.last_words.set(last_words);
                interrupted(l, current, reason)
            }
        }
    }
    0
}

/// Whether what runs is the item's own coroutine, at a place where it can be suspended.
unsafe fn may_suspend(l: *mut lua_State, current: &Current) -> bool {
    // SAFETY: asks only.
    l == current.coroutine.get() && unsafe { ffi::lua_isyieldable(l) } != 0
}

/// Ends the attempt from within a wait.
pub(super) unsafe fn interrupted(l: *mut lua_State, current: &Current, reason: Reason) -> ! {
    // SAFETY: called by a C function that the VM runs, which owns nothing.
    unsafe {
        if let Some(trigger) = Trigger::new(l) {
            trigger.pull();
        }
        if current.guard.fire(reason) {
            frame::remember(l, &current.frames);
        }
        stack::push(l, b"interrupted");
        ffi::lua_error(l)
    }
}
