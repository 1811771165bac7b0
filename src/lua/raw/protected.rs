//! `pcall` and `xpcall` are those of the VM, but that the messages which they catch say what `advice` has to say.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::advice;

/// Sets both.
pub(super) unsafe fn install(l: *mut lua_State) {
    // SAFETY: each function is pushed, with its continuation, and popped into its global.
    unsafe {
        ffi::lua_pushcclosurek(l, pcall, c"pcall".as_ptr(), 0, Some(caught));
        ffi::lua_setglobal(l, c"pcall".as_ptr());
        ffi::lua_pushcclosurek(l, xpcall, c"xpcall".as_ptr(), 0, Some(handled));
        ffi::lua_setglobal(l, c"xpcall".as_ptr());
    }
}

unsafe extern "C-unwind" fn pcall(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with a function and its arguments.
    unsafe {
        ffi::luaL_checkany(l, 1);
        ffi::lua_pcallyieldable(l, ffi::lua_gettop(l) - 1, ffi::LUA_MULTRET, 0)
    }
}

/// Goes on when the function of `pcall` has ended.
unsafe extern "C-unwind" fn caught(l: *mut lua_State, status: c_int) -> c_int {
    // SAFETY: called by the VM with the results, or with the error on top.
    unsafe {
        if status == ffi::LUA_OK {
            return with_status(l, 1);
        }
        advice::advise(l);
        failed(l)
    }
}

unsafe extern "C-unwind" fn xpcall(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with two functions, and the arguments of the first.
    unsafe {
        ffi::luaL_checktype(l, 2, ffi::LUA_TFUNCTION);
        // The handler, the function, its arguments.
        ffi::lua_pushvalue(l, 1);
        ffi::lua_pushvalue(l, 2);
        ffi::lua_pushcclosurek(l, handle, c"xpcall".as_ptr(), 1, None);
        ffi::lua_replace(l, 1);
        ffi::lua_replace(l, 2);
        ffi::lua_pcallyieldable(l, ffi::lua_gettop(l) - 2, ffi::LUA_MULTRET, 1)
    }
}

/// Calls the handler, which is the upvalue.
unsafe extern "C-unwind" fn handle(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with the error.
    unsafe {
        ffi::lua_settop(l, 1);
        advice::advise(l);
        ffi::lua_pushvalue(l, ffi::lua_upvalueindex(1));
        ffi::lua_insert(l, 1);
        ffi::lua_call(l, 1, 1);
    }
    1
}

/// Goes on when the function of `xpcall` has ended, or its handler.
unsafe extern "C-unwind" fn handled(l: *mut lua_State, status: c_int) -> c_int {
    // SAFETY: called by the VM with the handler and the results, or what the handler returned on top.
    unsafe { if status == ffi::LUA_OK { with_status(l, 2) } else { failed(l) } }
}

/// Returns true and the results from the one at `first` on.
unsafe fn with_status(l: *mut lua_State, first: c_int) -> c_int {
    // SAFETY: as for the callers.
    unsafe {
        ffi::lua_rawcheckstack(l, 1);
        ffi::lua_pushboolean(l, 1);
        ffi::lua_insert(l, first);
        ffi::lua_gettop(l) - first + 1
    }
}

/// Returns false and the error on top.
unsafe fn failed(l: *mut lua_State) -> c_int {
    // SAFETY: as for the callers.
    unsafe {
        ffi::lua_rawcheckstack(l, 1);
        ffi::lua_pushboolean(l, 0);
        ffi::lua_insert(l, -2);
    }
    2
}
