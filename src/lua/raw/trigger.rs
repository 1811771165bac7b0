//! The trigger is how another thread makes a running VM stop.

use std::ptr::NonNull;

use mlua::ffi::{self, lua_State};

use super::interrupt;
use crate::lua::guard::Interrupt;

/// The interrupt of one VM, seen from other threads.
#[derive(Debug)]
pub(super) struct Trigger(NonNull<ffi::lua_Callbacks>);

// SAFETY: `lua.h` documents `interrupt` as the one callback that may be set from an arbitrary thread while the VM runs;
// nothing else behind the pointer is touched. The guard's lock keeps the VM alive meanwhile.
unsafe impl Send for Trigger {}

impl Trigger {
    /// The trigger of `l`'s VM, which must not be closed while the trigger can be pulled.
    pub(super) unsafe fn new(l: *mut lua_State) -> Option<Self> {
        // SAFETY: `l` is a live state.
        NonNull::new(unsafe { ffi::lua_callbacks(l) }).map(Self)
    }
}

impl Interrupt for Trigger {
    fn pull(&self) {
        // SAFETY: the VM is live, as `new` asks for.
        unsafe { interrupt::set(self.0) }
    }
}
