//! The interrupt ends the running attempt, or its turn, at the next safepoint. The guard decides whether it has to.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Instant;

use mlua::ffi::{self, lua_State};

use super::current::{Current, Wait};
use super::{frame, stack};
use crate::runtime::clock;

/// Where a function cannot be suspended (in comparators, in coroutines of its own) but its turn is over, the clock is
/// asked at one of so many safepoints: it costs more than all the rest.
const BLIND: u32 = 64;
/// After so many safepoints (about a millisecond) the function runs unhindered until the watchdog pulls again, so that
/// one that can never be suspended takes at most twice as long.
const TRIES_MAX: u32 = 50_000;

/// Makes the VM of `callbacks` call the interrupt at its next safepoint and at every one after it.
///
/// `callbacks` are those of a VM that is not closed meanwhile; any thread may ask for this.
pub(super) unsafe fn set(callbacks: NonNull<ffi::lua_Callbacks>) {
    // SAFETY: as the caller promises.
    unsafe { store(callbacks, interrupt as *mut c_void) }
}

/// Lets the VM of `l` run freely again.
pub(super) unsafe fn release(l: *mut lua_State) {
    // SAFETY: `l` is a live state, whose callbacks live as long.
    unsafe {
        if let Some(callbacks) = NonNull::new(ffi::lua_callbacks(l)) {
            store(callbacks, ptr::null_mut());
        }
    }
}

unsafe fn store(callbacks: NonNull<ffi::lua_Callbacks>, function: *mut c_void) {
    // SAFETY: the field is a nullable function pointer, as wide and as aligned as a pointer, and the VM reads it as
    // one word.
    unsafe {
        let field = ptr::addr_of_mut!((*callbacks.as_ptr()).interrupt).cast::<*mut c_void>();
        AtomicPtr::from_ptr(field).store(function, Ordering::Release);
    }
}

/// What long work in Rust passes on its way: raises an error when the attempt has to end.
pub(super) unsafe fn safepoint(l: *mut lua_State) {
    // SAFETY: the caller's state is the running one.
    unsafe {
        if let Some(current) = Current::find(l) {
            stop_when_due(l, current, clock::now());
        }
    }
}

unsafe fn stop_when_due(l: *mut lua_State, current: &Current, now: Instant) {
    let Some(reason) = current.guard.due(now) else { return };
    // SAFETY: the caller's state is the running one; the error unwinds.
    unsafe {
        if current.guard.fire(reason) {
            frame::remember(l, &current.frames);
        }
        stack::push(l, b"interrupted");
        ffi::lua_error(l);
    }
}

/// Runs on the VM's thread. Raises an error when the attempt has to end, and stays in place until it has: `pcall` can
/// catch the error, but nothing can go on. Suspends the item when its turn is over, as soon as it runs where it can be
/// suspended. Takes itself off when it came too late and hit another attempt.
unsafe extern "C-unwind" fn interrupt(l: *mut lua_State, gc: c_int) {
    // The collector calls too, and must not see errors.
    if gc >= 0 {
        return;
    }
    // SAFETY: called by the VM with the running state.
    unsafe {
        let Some(current) = Current::find(l) else { return };
        let own = l == current.coroutine.get() && ffi::lua_isyieldable(l) != 0;
        let tries = current.tries.get();
        if !own && !tries.is_multiple_of(BLIND) && current.guard.fired().is_none() {
            current.tries.set(tries.wrapping_add(1));
            return;
        }
        let now = clock::now();
        stop_when_due(l, current, now);
        let over = current.guard.turn_is_over(now);
        if over && !own && tries < TRIES_MAX {
            current.tries.set(tries.wrapping_add(1));
            return;
        }
        current.tries.set(0);
        release(l);
        if over && own {
            current.wait.set(Some(Wait::Turn(now)));
            ffi::lua_yield(l, 0);
        }
    }
}
