//! This module lets Lua code use integers beyond 2^53, a type that Luau has but gives no operators.
//!
//! Operators come from a metatable of the type, functions of the standard library from wrappers that turn such arguments
//! into what the function takes. Comparison with an ordinary number stays an error of the VM, which asks no metatable
//! there: `tbl.less` compares any two numbers.

mod argument;
mod arithmetic;
mod convert;
mod library;
mod math;
mod order;
mod packing;
mod pieces;
mod refusal;
#[cfg(test)]
mod tests;
mod text;
mod wrapped;

use mlua::ffi::{self, lua_State};

use super::current::Current;
use super::{functions, stack};

/// Gives the type its metatable, wraps the standard library, and sets `int` and `tbl.less`.
pub(super) unsafe fn install(l: *mut lua_State, current: &Current) {
    // SAFETY: every value that is pushed is popped into a field, a global or the type.
    unsafe {
        library::install(l, current);
        functions::push(l, current, c"int", convert::int);
        ffi::lua_setglobal(l, c"int".as_ptr());
        ffi::lua_createtable(l, 0, 16);
        functions::push(l, current, c"less", order::less);
        stack::set_field(l, -2, c"less");
        ffi::lua_setglobal(l, c"tbl".as_ptr());

        ffi::lua_pushinteger64(l, i64::MAX);
        ffi::lua_createtable(l, 0, 12);
        for (name, function) in arithmetic::METAMETHODS {
            functions::push(l, current, name, *function);
            stack::set_field(l, -2, name);
        }
        functions::push(l, current, c"__concat", text::concat);
        stack::set_field(l, -2, c"__concat");
        functions::push(l, current, c"__lt", order::lt);
        stack::set_field(l, -2, c"__lt");
        functions::push(l, current, c"__le", order::le);
        stack::set_field(l, -2, c"__le");
        ffi::lua_setreadonly(l, -1, 1);
        ffi::lua_setmetatable(l, -2);
        ffi::lua_pop(l, 1);
    }
}
