//! Refusals read as those of the VM do.

use mlua::ffi::{self, lua_State};

use super::super::stack;

/// Raises an error as the VM does: text, with the place in front.
pub(super) unsafe fn fail(l: *mut lua_State, message: &str) -> ! {
    // SAFETY: pushes the place and the message, and raises both as one.
    unsafe {
        ffi::luaL_where(l, 1);
        stack::push(l, message.as_bytes());
        ffi::lua_concat(l, 2);
        ffi::lua_error(l)
    }
}
