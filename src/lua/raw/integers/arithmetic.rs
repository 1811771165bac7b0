//! Arithmetic of integers beyond 2^53 is that of Lua 5.4: between whole numbers it is exact and wraps around at 64 bits,
//! `/` and `^` give floats, and with a fraction on either side everything is a float.

use std::ffi::{CStr, c_int};

use mlua::ffi::{self, lua_CFunction, lua_State};

use super::super::whole::{self, Numeric};
use super::super::{functions, stack};
use super::refusal::fail;

/// The operators, by the fields of the metatable.
pub(super) const METAMETHODS: &[(&CStr, lua_CFunction)] = &[
    (c"__add", operate::<'+'>),
    (c"__sub", operate::<'-'>),
    (c"__mul", operate::<'*'>),
    (c"__div", operate::<'/'>),
    (c"__idiv", operate::<'i'>),
    (c"__mod", operate::<'%'>),
    (c"__pow", operate::<'^'>),
    (c"__unm", operate::<'u'>),
];

/// `a OPERATOR b`, of which at least one is an integer beyond 2^53. `i` stands for `//`, `u` for the minus of one operand.
unsafe extern "C-unwind" fn operate<const OPERATOR: char>(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with both operands.
    unsafe {
        let (Some(a), Some(b)) = (operand(l, 1), operand(l, 2)) else {
            let name = field(OPERATOR);
            return delegated(l, name, || {
                let (a, b) = (functions::type_name(l, 1), functions::type_name(l, 2));
                format!("attempt to perform arithmetic ({}) on {a} and {b}", &name.to_string_lossy()[2..])
            });
        };
        match (a, b) {
            (Numeric::Whole(a), Numeric::Whole(b)) if !matches!(OPERATOR, '/' | '^') => {
                match wrapped(OPERATOR, a, b) {
                    Some(result) => whole::push(l, result),
                    None if OPERATOR == '%' => fail(l, "attempt to perform 'n%%0'"),
                    None => fail(l, "attempt to perform 'n//0'"),
                }
            }
            _ => ffi::lua_pushnumber(l, rounded(OPERATOR, a.nearest(), b.nearest())),
        }
    }
    1
}

/// The result in 64 bits; `None` for a division by zero.
fn wrapped(operator: char, a: i64, b: i64) -> Option<i64> {
    Some(match operator {
        '+' => a.wrapping_add(b),
        '-' => a.wrapping_sub(b),
        '*' => a.wrapping_mul(b),
        'u' => a.wrapping_neg(),
        _ if b == 0 => return None,
        '%' => modulo(a, b),
        // Towards minus infinity.
        _ => a.wrapping_div(b).wrapping_sub(i64::from(a.wrapping_rem(b) != 0 && (a < 0) != (b < 0))),
    })
}

/// The rest that has the sign of `b`, which is not 0.
fn modulo(a: i64, b: i64) -> i64 {
    let rest = a.wrapping_rem(b);
    if rest != 0 && (rest < 0) != (b < 0) { rest.wrapping_add(b) } else { rest }
}

/// As the VM does it with ordinary numbers.
fn rounded(operator: char, a: f64, b: f64) -> f64 {
    match operator {
        '+' => a + b,
        '-' => a - b,
        '*' => a * b,
        '/' => a / b,
        '^' => a.powf(b),
        'u' => -a,
        '%' => a - (a / b).floor() * b,
        _ => (a / b).floor(),
    }
}

fn field(operator: char) -> &'static CStr {
    match operator {
        '+' => c"__add",
        '-' => c"__sub",
        '*' => c"__mul",
        '/' => c"__div",
        '%' => c"__mod",
        '^' => c"__pow",
        'u' => c"__unm",
        _ => c"__idiv",
    }
}

/// A number, or a string that reads as one, as the VM takes it; exact where it has all digits of an integer.
unsafe fn operand(l: *mut lua_State, index: c_int) -> Option<Numeric> {
    // SAFETY: asks for values, and changes none.
    unsafe {
        if let Some(number) = whole::number(l, index) {
            return Some(number);
        }
        let text = stack::bytes(l, index)?;
        if let Some(integer) = std::str::from_utf8(text).ok().and_then(|text| text.trim().parse().ok()) {
            return Some(Numeric::Whole(integer));
        }
        let mut is_number = 0;
        let number = ffi::lua_tonumberx(l, index, &raw mut is_number);
        (is_number != 0).then_some(number.into())
    }
}

/// What the other operand's own metamethod `name` makes of both; an error with the message where it has none.
pub(super) unsafe fn delegated(l: *mut lua_State, name: &CStr, message: impl FnOnce() -> String) -> c_int {
    // SAFETY: the operands lie at 1 and 2; their method is called with both.
    unsafe {
        for index in [1, 2] {
            if whole::integer(l, index).is_none()
                && ffi::luaL_getmetafield(l, index, name.as_ptr()) != ffi::LUA_TNIL
            {
                ffi::lua_pushvalue(l, 1);
                ffi::lua_pushvalue(l, 2);
                ffi::lua_call(l, 2, 1);
                return 1;
            }
        }
        fail(l, &message())
    }
}
