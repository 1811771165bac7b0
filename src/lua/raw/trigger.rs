//! The interrupt: how another thread makes a running VM stop. Whether it has to stop is the guard's business.

use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Instant;

use mlua::ffi::{self, lua_State};

use super::{current::Current, raised, stack};

/// The interrupt of one VM.
#[derive(Debug)]
pub(in crate::lua) struct Trigger(NonNull<ffi::lua_Callbacks>);

// SAFETY: `lua.h` documents `interrupt` as the one callback that may be set from an arbitrary thread while the VM runs;
// nothing else behind the pointer is touched. The guard's lock keeps the VM alive meanwhile.
unsafe impl Send for Trigger {}

impl Trigger {
    /// The trigger of `l`'s VM, which must not be closed while the trigger can be pulled.
    pub(super) unsafe fn new(l: *mut lua_State) -> Option<Self> {
        // SAFETY: `l` is a live state.
        NonNull::new(unsafe { ffi::lua_callbacks(l) }).map(Self)
    }

    /// Makes the VM call the interrupt at its next safepoint and at every one after it.
    pub(in crate::lua) fn pull(&self) {
        self.set(interrupt as *mut c_void);
    }

    /// Lets the VM run freely again.
    pub(super) fn release(&self) {
        self.set(ptr::null_mut());
    }

    fn set(&self, function: *mut c_void) {
        // SAFETY: the field is a nullable function pointer, as wide and as aligned as a pointer, and the VM reads it as
        // one word.
        unsafe {
            let field = ptr::addr_of_mut!((*self.0.as_ptr()).interrupt).cast::<*mut c_void>();
            AtomicPtr::from_ptr(field).store(function, Ordering::Release);
        }
    }
}

/// Runs on the VM's thread. Raises an error when the attempt has to end, and stays in place until it has: `pcall` can
/// catch the error, but nothing can go on. Takes itself off when it came too late and hit an innocent attempt.
unsafe extern "C-unwind" fn interrupt(l: *mut lua_State, gc: c_int) {
    // The collector calls too, and must not see errors.
    if gc >= 0 {
        return;
    }
    // SAFETY: called by the VM with the running state.
    unsafe {
        ffi::lua_rawcheckstack(l, 2);
        let Some(current) = Current::find(l) else { return };
        match current.guard.due(Instant::now()) {
            Some(reason) => {
                if current.guard.fire(reason) {
                    raised::remember_frames(l, current);
                }
                stack::push(l, b"interrupted");
                ffi::lua_error(l);
            }
            None => {
                if let Some(trigger) = Trigger::new(l) {
                    trigger.release();
                }
            }
        }
    }
}
