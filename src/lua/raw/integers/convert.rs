//! `int` makes whole numbers of text, exact over 64 bits.

use std::ffi::c_int;

use mlua::ffi::lua_State;

use super::super::current::Current;
use super::super::whole::{self, Numeric};
use super::super::{functions, stack};

/// `int`: a whole number, or a text of one in decimal or (with `0x`) hexadecimal digits.
pub(super) unsafe extern "C-unwind" fn int(l: *mut lua_State) -> c_int {
    // SAFETY: called by the VM; the type is checked before the value is read as such.
    unsafe {
        let value = match whole::number(l, 1) {
            Some(Numeric::Whole(value)) => Ok(value),
            Some(Numeric::Float(value)) => of_float(value),
            None => match stack::bytes(l, 1) {
                Some(text) => of_text(&String::from_utf8_lossy(text)),
                None => Err(format!("number or string expected, got {}", functions::type_name(l, 1))),
            },
        };
        match value {
            Ok(value) => whole::push(l, value),
            Err(why) => functions::fail(l, Current::upvalue(l), &format!("bad argument #1 to `int` ({why})")),
        }
    }
    1
}

fn of_float(value: f64) -> Result<i64, String> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 && (-BEYOND..BEYOND).contains(&value) {
        Ok(value as i64)
    } else {
        Err(format!("whole number of 64 bits expected, got {value}"))
    }
}

fn of_text(text: &str) -> Result<i64, String> {
    let digits = text.trim();
    let (negative, bare) = match digits.strip_prefix(['+', '-']) {
        Some(bare) => (digits.starts_with('-'), bare),
        None => (false, digits),
    };
    let (radix, bare) = match bare.strip_prefix("0x").or_else(|| bare.strip_prefix("0X")) {
        Some(bare) => (16, bare),
        None => (10, bare),
    };
    let whole = !bare.is_empty() && bare.chars().all(|digit| digit.is_digit(radix));
    let value = if whole { i128::from_str_radix(bare, radix).ok() } else { None };
    let value = value.map(|value| if negative { -value } else { value });
    value.and_then(|value| i64::try_from(value).ok()).ok_or_else(|| {
        let what = if whole {
            format!("{} to {} expected", i64::MIN, i64::MAX)
        } else {
            "whole number expected".to_owned()
        };
        format!("{what}, got `{}`", shortened(text))
    })
}

/// What a message shows of a text.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 40;
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::{of_float, of_text};

    #[test]
    fn texts_of_whole_numbers_are_exact_and_all_others_refused() {
        for (text, expect) in [
            ("1234567890123456789", Ok(1_234_567_890_123_456_789)),
            (" -9223372036854775808\n", Ok(i64::MIN)),
            ("+7", Ok(7)),
            ("007", Ok(7)),
            ("0x7fffFFFFffffFFFF", Ok(i64::MAX)),
            ("-0x10", Ok(-16)),
            (
                "9223372036854775808",
                Err("-9223372036854775808 to 9223372036854775807 expected, got `9223372036854775808`"),
            ),
            ("1.0", Err("whole number expected, got `1.0`")),
            ("1e3", Err("whole number expected, got `1e3`")),
            ("", Err("whole number expected, got ``")),
            ("--1", Err("whole number expected, got `--1`")),
            ("0x", Err("whole number expected, got `0x`")),
            ("12 3", Err("whole number expected, got `12 3`")),
        ] {
            assert_eq!(of_text(text), expect.map_err(str::to_owned), "{text}");
        }
        assert!(of_text(&"9".repeat(60)).expect_err("too long").ends_with("9…`"));
    }

    #[test]
    fn floats_are_taken_when_they_are_whole_and_have_64_bits() {
        assert_eq!(of_float(-9_223_372_036_854_775_808.0), Ok(i64::MIN));
        for value in [9_223_372_036_854_775_808.0, f64::NAN, f64::INFINITY, 0.5] {
            assert!(
                of_float(value).expect_err("refused").starts_with("whole number of 64 bits expected, got")
            );
        }
    }
}
