//! `pcall` and `xpcall` are those of the VM, but for what they catch: messages say what `advice` has to say, errors of host
//! functions are tables like all others with fields, and what `flow.skip` and `flow.fail` decide is not caught at all.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::current::Current;
use super::{advice, decode, functions, stack};

/// Sets both.
pub(super) unsafe fn install(l: *mut lua_State, current: &Current) {
    let current = std::ptr::from_ref(current).cast_mut().cast();
    // SAFETY: each function is pushed, with its continuation, and popped into its global; `current` outlives the state.
    unsafe {
        ffi::lua_pushlightuserdata(l, current);
        ffi::lua_pushcclosurek(l, pcall, c"pcall".as_ptr(), 1, Some(caught));
        ffi::lua_setglobal(l, c"pcall".as_ptr());
        ffi::lua_pushlightuserdata(l, current);
        ffi::lua_pushcclosurek(l, xpcall, c"xpcall".as_ptr(), 1, Some(handled));
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
        let current = Current::upvalue(l);
        if decides(l, current) {
            ffi::lua_error(l)
        }
        make_plain(l, current);
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
        ffi::lua_pushvalue(l, ffi::lua_upvalueindex(1));
        ffi::lua_pushvalue(l, 2);
        ffi::lua_pushcclosurek(l, handle, c"xpcall".as_ptr(), 2, None);
        ffi::lua_replace(l, 1);
        ffi::lua_replace(l, 2);
        ffi::lua_pcallyieldable(l, ffi::lua_gettop(l) - 2, ffi::LUA_MULTRET, 1)
    }
}

/// Calls the handler, which is the second upvalue, unless there is nothing to handle.
unsafe extern "C-unwind" fn handle(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with the error.
    unsafe {
        ffi::lua_settop(l, 1);
        let current = Current::upvalue(l);
        if decides(l, current) {
            return 1;
        }
        make_plain(l, current);
        advice::advise(l);
        ffi::lua_pushvalue(l, ffi::lua_upvalueindex(2));
        ffi::lua_insert(l, 1);
        ffi::lua_call(l, 1, 1);
    }
    1
}

/// Goes on when the function of `xpcall` has ended, or its handler.
unsafe extern "C-unwind" fn handled(l: *mut lua_State, status: c_int) -> c_int {
    // SAFETY: called by the VM with the handler and the results, or what the handler returned on top.
    unsafe {
        if status == ffi::LUA_OK {
            return with_status(l, 2);
        }
        if decides(l, Current::upvalue(l)) {
            ffi::lua_error(l)
        }
        failed(l)
    }
}

/// Whether the error on top is what `flow.skip` or `flow.fail` raised: what they decide about the item stands.
unsafe fn decides(l: *mut lua_State, current: &Current) -> bool {
    // SAFETY: looks at the value on top.
    unsafe {
        if ffi::lua_type(l, -1) != ffi::LUA_TTABLE
            || ffi::lua_getmetatablepointer(l, -1) != current.signal.get()
        {
            return false;
        }
        stack::field(l, -1, c"flow");
        let decides = matches!(stack::bytes(l, -1), Some(b"skip" | b"fail"));
        ffi::lua_pop(l, 1);
        decides
    }
}

/// Makes a table with fields of the error on top, if it is one of a host function: such a table can be concatenated, printed
/// and returned. May raise a memory error.
unsafe fn make_plain(l: *mut lua_State, current: &Current) {
    // SAFETY: there is a value on top, which the table replaces; `inspect` pushes four values.
    unsafe {
        if ffi::lua_type(l, -1) != ffi::LUA_TUSERDATA
            || ffi::lua_getmetatablepointer(l, -1) != current.host_error.get()
        {
            return;
        }
        let error = ffi::lua_absindex(l, -1);
        ffi::lua_rawcheckstack(l, 8);
        functions::inspect(l, current, error);
        ffi::lua_createtable(l, 0, 4);
        for (at, name) in [(error + 1, c"kind"), (error + 2, c"message"), (error + 3, c"retryable")] {
            ffi::lua_pushvalue(l, at);
            stack::set_field(l, -2, name);
        }
        if let Some(fields) = stack::text(l, error + 4) {
            decode::push_known(l, current.array_anchor.get(), &fields);
            stack::set_field(l, -2, c"fields");
        }
        stack::anchored(l, current.signal_anchor.get());
        ffi::lua_setmetatable(l, -2);
        ffi::lua_replace(l, error);
        ffi::lua_settop(l, error);
    }
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
