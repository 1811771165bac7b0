//! The functions of `math` that give one of their arguments, or a whole number, are exact; the others take the nearest
//! float.

use std::cmp::Ordering;
use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::super::whole::{self, Numeric};
use super::order::compare;
use super::refusal::fail;

/// Leaves the results of a function on the stack and says how many; `None` leaves the call to the VM's own function, with
/// the arguments as they are.
pub(super) type Exact = unsafe fn(*mut lua_State, c_int) -> Option<c_int>;

/// `math.floor`, `ceil`, `round`: an integer is all that already.
pub(super) unsafe fn itself(l: *mut lua_State, _top: c_int) -> Option<c_int> {
    // SAFETY: copies the first argument, which is there.
    unsafe {
        whole::integer(l, 1)?;
        ffi::lua_pushvalue(l, 1);
    }
    Some(1)
}

/// `math.modf`: the number, and no fraction.
pub(super) unsafe fn parts(l: *mut lua_State, _top: c_int) -> Option<c_int> {
    // SAFETY: as for `itself`.
    unsafe {
        whole::integer(l, 1)?;
        ffi::lua_pushvalue(l, 1);
        ffi::lua_pushnumber(l, 0.0);
    }
    Some(2)
}

/// `math.abs`, which wraps around at the smallest integer, as in Lua 5.4.
pub(super) unsafe fn abs(l: *mut lua_State, _top: c_int) -> Option<c_int> {
    // SAFETY: pushes the result.
    unsafe { whole::push(l, whole::integer(l, 1)?.wrapping_abs()) };
    Some(1)
}

/// `math.sign`
pub(super) unsafe fn sign(l: *mut lua_State, _top: c_int) -> Option<c_int> {
    // SAFETY: pushes the result.
    unsafe { whole::push(l, whole::integer(l, 1)?.signum()) };
    Some(1)
}

/// `math.max`
pub(super) unsafe fn max(l: *mut lua_State, top: c_int) -> Option<c_int> {
    // SAFETY: as for the caller.
    unsafe { furthest(l, top, Ordering::Greater) }
}

/// `math.min`
pub(super) unsafe fn min(l: *mut lua_State, top: c_int) -> Option<c_int> {
    // SAFETY: as for the caller.
    unsafe { furthest(l, top, Ordering::Less) }
}

/// The first argument that no other is beyond in this direction. Where one is no number, the VM says so.
unsafe fn furthest(l: *mut lua_State, top: c_int, direction: Ordering) -> Option<c_int> {
    // SAFETY: the arguments lie at 1 to `top`.
    unsafe {
        let mut best = (1, whole::number(l, 1)?);
        for at in 2..=top {
            let number = whole::number(l, at)?;
            if compare(number, best.1) == Some(direction) {
                best = (at, number);
            }
        }
        ffi::lua_pushvalue(l, best.0);
    }
    Some(1)
}

/// `math.clamp`
pub(super) unsafe fn clamp(l: *mut lua_State, _top: c_int) -> Option<c_int> {
    // SAFETY: the arguments are checked to be numbers.
    unsafe {
        let (value, low, high) = (whole::number(l, 1)?, whole::number(l, 2)?, whole::number(l, 3)?);
        if compare(low, high).is_none_or(Ordering::is_gt) {
            fail(l, "invalid argument #3 to 'clamp' (max must be greater than or equal to min)");
        }
        let at = match (compare(value, low), compare(value, high)) {
            (Some(Ordering::Less), _) => 2,
            (_, Some(Ordering::Greater)) => 3,
            _ => 1,
        };
        ffi::lua_pushvalue(l, at);
    }
    Some(1)
}

/// `math.fmod`: the rest has the sign of the first, and is exact between whole numbers.
pub(super) unsafe fn fmod(l: *mut lua_State, _top: c_int) -> Option<c_int> {
    // SAFETY: the arguments are checked to be numbers.
    unsafe {
        let (Numeric::Whole(a), Numeric::Whole(b)) = (whole::number(l, 1)?, whole::number(l, 2)?) else {
            return None;
        };
        if b == 0 {
            fail(l, "invalid argument #2 to 'fmod' (zero)");
        }
        whole::push(l, a.wrapping_rem(b));
    }
    Some(1)
}

/// `tonumber` of a number alone: the nearest float. A text in another base is the VM's.
pub(super) unsafe fn tonumber(l: *mut lua_State, top: c_int) -> Option<c_int> {
    // SAFETY: pushes the result.
    unsafe {
        let integer = whole::integer(l, 1)?;
        if top > 1 && ffi::lua_type(l, 2) != ffi::LUA_TNIL {
            return None;
        }
        ffi::lua_pushnumber(l, integer as f64);
    }
    Some(1)
}
