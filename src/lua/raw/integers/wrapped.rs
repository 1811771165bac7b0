//! A wrapper keeps the function that it stands for in an upvalue.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

/// Where the replaced function is; the first upvalue is that of all C functions here.
pub(super) const ORIGINAL: c_int = ffi::lua_upvalueindex(2);

/// Calls the function that the running one replaces, on its stack.
pub(super) unsafe fn original(l: *mut lua_State) -> c_int {
    // SAFETY: `wrap` put a C function there; those of the standard library have no upvalues of their own.
    unsafe {
        match ffi::lua_tocfunction(l, ORIGINAL) {
            Some(function) => function(l),
            None => 0,
        }
    }
}
