//! `table.insert`, `table.concat` and `table.sort` take integers beyond 2^53 as elements. The VM's own functions go first:
//! looking through each list before would cost as much again.

use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::super::current::Current;
use super::super::{functions, stack, whole};
use super::argument::{place, spell, takes_integers};
use super::order;
use super::wrapped::{ORIGINAL, original};

/// `table.insert`: of three arguments the second is a place, of two it is the element.
pub(super) unsafe fn insert(l: *mut lua_State, top: c_int) -> Option<c_int> {
    if top == 3 {
        // SAFETY: the arguments lie at 1 to 3.
        unsafe { place(l, 2) };
    }
    None
}

/// `table.concat`
pub(super) unsafe extern "C-unwind" fn concat(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; made by `library::wrap`.
    unsafe {
        let top = ffi::lua_gettop(l).min(4);
        ffi::lua_settop(l, top);
        if takes_integers(l, top) {
            spell(l, 2);
            place(l, 3);
            place(l, 4);
        }
        if attempted(l, top, 1) {
            return 1;
        }
        if !refused(l, b"table for 'concat'") || !spelled(l) {
            rethrown(l);
        }
        ffi::lua_settop(l, top);
        original(l)
    }
}

/// Puts a copy of the table at 1 in its place, whose integers beyond 2^53 are text; `false`, and all as it was, where the
/// table has none.
unsafe fn spelled(l: *mut lua_State) -> bool {
    // SAFETY: there is a table at 1; one value is pushed, and what is pushed beside it is popped.
    unsafe {
        ffi::lua_clonetable(l, 1);
        let copy = ffi::lua_gettop(l);
        ffi::lua_setreadonly(l, copy, 0);
        let (mut at, mut found) = (0, false);
        loop {
            at = ffi::lua_rawiter(l, copy, at);
            if at < 0 {
                break;
            }
            if whole::integer(l, -1).is_some() {
                found = true;
                spell(l, copy + 2);
                // The key is there already, so the table keeps its shape and the iteration its place.
                ffi::lua_rawset(l, copy);
            } else {
                ffi::lua_pop(l, 2);
            }
        }
        if found {
            ffi::lua_replace(l, 1);
        } else {
            ffi::lua_pop(l, 1);
        }
        found
    }
}

/// `table.sort`: where numbers of both forms meet, they are compared exactly.
pub(super) unsafe extern "C-unwind" fn sort(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; made by `library::wrap`.
    unsafe {
        let top = ffi::lua_gettop(l);
        if top > 1 && ffi::lua_type(l, 2) != ffi::LUA_TNIL {
            return original(l);
        }
        ffi::lua_settop(l, top.min(1));
        if attempted(l, top.min(1), 0) {
            return 0;
        }
        if !(refused(l, b"attempt to compare") && refused(l, b"integer")) {
            rethrown(l);
        }
        ffi::lua_settop(l, 1);
        functions::push(l, Current::upvalue(l), c"less", order::lt);
        original(l)
    }
}

/// Calls the replaced function with copies of the arguments. `true`: it left `results`; `false`: its error lies on top.
unsafe fn attempted(l: *mut lua_State, top: c_int, results: c_int) -> bool {
    // SAFETY: the arguments lie at 1 to `top`; a C function has room for more than twice as many values.
    unsafe {
        ffi::lua_pushvalue(l, ORIGINAL);
        for at in 1..=top {
            ffi::lua_pushvalue(l, at);
        }
        ffi::lua_pcall(l, top, results, 0) == ffi::LUA_OK
    }
}

/// Whether the error on top is text that has these words.
unsafe fn refused(l: *mut lua_State, words: &[u8]) -> bool {
    // SAFETY: there is an error on top.
    unsafe { stack::bytes(l, -1).is_some_and(|message| memchr::memmem::find(message, words).is_some()) }
}

/// Raises the error on top again; one of the VM's own gets the place of the call, which it could not see.
unsafe fn rethrown(l: *mut lua_State) -> ! {
    // SAFETY: as for `refused`.
    unsafe {
        if !refused(l, super::super::raised::NO_MEMORY.as_bytes()) && stack::bytes(l, -1).is_some() {
            ffi::luaL_where(l, 1);
            ffi::lua_insert(l, -2);
            ffi::lua_concat(l, 2);
        }
        ffi::lua_error(l)
    }
}
