//! Numbers of both forms are compared here: exactly, as whole numbers and fractions, not as floats.

use std::cmp::Ordering;
use std::ffi::c_int;

use mlua::ffi::{self, lua_State};

use super::super::current::Current;
use super::super::whole::{self, Numeric};
use super::super::{functions, stack};
use super::refusal::fail;

/// The order of two numbers; `None` where one is not a number.
pub(super) fn compare(a: Numeric, b: Numeric) -> Option<Ordering> {
    match (a, b) {
        (Numeric::Whole(a), Numeric::Whole(b)) => Some(a.cmp(&b)),
        (Numeric::Float(a), Numeric::Float(b)) => a.partial_cmp(&b),
        (Numeric::Whole(a), Numeric::Float(b)) => whole_to_float(a, b),
        (Numeric::Float(a), Numeric::Whole(b)) => whole_to_float(b, a).map(Ordering::reverse),
    }
}

/// Exact, where turning the integer into a float would round.
fn whole_to_float(whole: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        return None;
    }
    if float >= BEYOND {
        return Some(Ordering::Less);
    }
    if float < -BEYOND {
        return Some(Ordering::Greater);
    }
    Some(whole.cmp(&(float.trunc() as i64)).then_with(|| 0.0_f64.total_cmp(&(float.fract() + 0.0))))
}

/// `a < b`, where the VM asks for it: both are integers beyond 2^53.
pub(super) unsafe extern "C-unwind" fn lt(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with both operands.
    unsafe { ordered(l, "<", Ordering::is_lt) }
}

/// `a <= b`, likewise.
pub(super) unsafe extern "C-unwind" fn le(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM with both operands.
    unsafe { ordered(l, "<=", Ordering::is_le) }
}

unsafe fn ordered(l: *mut lua_State, operator: &str, holds: fn(Ordering) -> bool) -> c_int {
    // SAFETY: as for the callers.
    unsafe {
        let (Some(a), Some(b)) = (whole::number(l, 1), whole::number(l, 2)) else {
            let (a, b) = (functions::type_name(l, 1), functions::type_name(l, 2));
            fail(l, &format!("attempt to compare {a} {operator} {b}"))
        };
        ffi::lua_pushboolean(l, c_int::from(compare(a, b).is_some_and(holds)));
    }
    1
}

/// `tbl.less`: any two numbers, or two strings.
pub(super) unsafe extern "C-unwind" fn less(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; types are checked before values are read as such.
    unsafe {
        let is_less = if let Some(a) = whole::number(l, 1) {
            let Some(b) = whole::number(l, 2) else { bad(l, 2, "number") };
            compare(a, b).is_some_and(Ordering::is_lt)
        } else if let Some(a) = stack::bytes(l, 1) {
            let Some(b) = stack::bytes(l, 2) else { bad(l, 2, "string") };
            a < b
        } else {
            bad(l, 1, "number or string")
        };
        ffi::lua_pushboolean(l, c_int::from(is_less));
    }
    1
}

unsafe fn bad(l: *mut lua_State, at: c_int, expected: &str) -> ! {
    // SAFETY: called by `less`.
    unsafe {
        let got = functions::type_name(l, at);
        let message = format!("bad argument #{at} to `tbl.less` ({expected} expected, got {got})");
        functions::fail(l, Current::upvalue(l), &message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whole numbers and floats around the places where floats begin to round.
    fn numeric() -> impl Strategy<Value = Numeric> {
        let near = |center: i64| (-3i64..=3).prop_map(move |by| center.saturating_add(by));
        prop_oneof![
            any::<i64>().prop_map(Numeric::Whole),
            prop_oneof![near(0), near(1 << 53), near(-(1 << 53)), near(i64::MAX), near(i64::MIN)]
                .prop_map(Numeric::Whole),
            any::<f64>().prop_map(Numeric::Float),
            prop_oneof![near(1 << 53), near(i64::MAX), near(i64::MIN)]
                .prop_map(|at| Numeric::Float(at as f64)),
            (-9i64..9).prop_map(|halves| Numeric::Float(halves as f64 / 2.0)),
        ]
    }

    /// By 128 bits, of which a float's whole part and its fraction are told apart.
    fn slowly(value: Numeric) -> Option<(i128, f64)> {
        match value {
            Numeric::Whole(whole) => Some((i128::from(whole), 0.0)),
            Numeric::Float(float) if float.is_nan() => None,
            // Larger ones are cut off at the ends, where all whole numbers are nearer to 0.
            Numeric::Float(float) => {
                Some((float.floor() as i128, if float.is_finite() { float - float.floor() } else { 0.0 }))
            }
        }
    }

    proptest! {
        #[test]
        fn for_every_two_numbers_the_order_is_that_of_their_exact_values(a in numeric(), b in numeric()) {
            if let (Numeric::Float(a), Numeric::Float(b)) = (a, b) {
                prop_assert_eq!(compare(a.into(), b.into()), a.partial_cmp(&b));
            } else {
                let expect = slowly(a).zip(slowly(b)).and_then(|(a, b)| a.partial_cmp(&b));
                prop_assert_eq!(compare(a, b), expect);
            }
            prop_assert_eq!(compare(b, a), compare(a, b).map(Ordering::reverse));
        }
    }
}
