//! This module reads numbers: exact integers, correctly rounded floats. `write` prints them.

use super::cursor::JsonCursor;
use super::fault::JsonFault;
use super::scan::{self, Scan};
use crate::value::{self, NoFloat};

/// A number as the text has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
    /// A float whose text is surely the shortest one: few digits, none of them in vain.
    Shortest(f64),
}

/// Decimal digits of which every number has a float of its own.
const SHORT_DIGITS: usize = 15;
/// Smaller ones may be shorter with an exponent.
const SHORT_MIN: f64 = 1e-4;

/// With no more digits, an integer fits into 64 bits.
const SAFE_DIGITS: usize = 18;

/// Powers of ten as integers, for the digits of short numbers.
const POWERS: [u64; 16] = {
    let mut powers = [1; 16];
    let mut at = 1;
    while at < 16 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Powers of ten that a 64-bit float holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Reads the number at hand.
#[inline]
pub(super) fn number<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<Number, JsonFault> {
    let negative = reader.peek() == b'-';
    let first = reader.at + usize::from(negative);
    match scan::window(reader.bytes, first).and_then(ShortNumber::of::<S>) {
        Some(short) => {
            reader.at = first + short.len;
            Ok(short.value(negative))
        }
        None => any_number(reader),
    }
}

/// Bytes in which a [`ShortNumber`] is looked for.
pub(super) const NUMBER_BYTES: usize = 32;

/// A number without exponent whose digits are few, as nearly all are: whatever they are, it fits into 64 bits.
pub(super) struct ShortNumber<'t> {
    /// Begins with its first digit.
    window: &'t [u8; NUMBER_BYTES],
    /// Digits before the point.
    whole: usize,
    /// Digits behind it; none where there is no point.
    fraction: usize,
    /// Bytes of it.
    pub(super) len: usize,
}

impl<'t> ShortNumber<'t> {
    /// The one whose first digit the window begins with; `None` where it may be another one, or none.
    #[expect(clippy::inline_always, reason = "a call takes as long as what it does")]
    #[inline(always)]
    pub(super) fn of<S: Scan>(window: &'t [u8; NUMBER_BYTES]) -> Option<Self> {
        let digits = S::digits_16(window.first_chunk().expect("half of it"));
        let whole = digits.trailing_ones() as usize;
        let mut short = Self { window, whole, fraction: 0, len: whole };
        let mut behind = window[short.len % NUMBER_BYTES];
        if behind == b'.' {
            short.fraction = (digits >> (whole + 1)).trailing_ones() as usize;
            short.len += 1 + short.fraction;
            behind = window[short.len % NUMBER_BYTES];
            if short.fraction == 0 {
                return None;
            }
        }
        let begins_well = whole == 1 || whole > 1 && window[0] != b'0';
        // Of 16 digits there may be more.
        let ends_well = short.len < 16 && behind | 0x20 != b'e';
        (begins_well && ends_well).then_some(short)
    }

    #[inline]
    fn value(&self, negative: bool) -> Number {
        let whole = self.decimal(0, self.whole);
        if self.fraction == 0 {
            return integer(whole, negative);
        }
        let fraction = self.decimal(self.whole + 1, self.fraction);
        // With at most 14 digits, it is exact.
        let value = (whole * POWERS[self.fraction & 15] + fraction) as f64 / EXACT[self.fraction & 15];
        let value = if negative { -value } else { value };
        if value.abs() >= SHORT_MIN && !fraction.is_multiple_of(10) {
            Number::Shortest(value)
        } else {
            Number::Float(value)
        }
    }

    /// The number that `count` digits make, at most 15, from the one at `at` on.
    #[inline]
    fn decimal(&self, at: usize, count: usize) -> u64 {
        let word = |at: usize| {
            let word = &self.window[at & 15..][..8];
            u64::from_le_bytes(word.try_into().expect("eight bytes"))
        };
        if count <= 8 {
            return eight_digits(word(at) << (64 - 8 * count));
        }
        let rest = count - 8;
        eight_digits(word(at)) * POWERS[rest & 15] + eight_digits(word(at + 8) << (64 - 8 * rest))
    }
}

/// The number that eight digits make, the first of them in the lowest byte. Bytes that are zero stand for zeros.
#[inline]
fn eight_digits(word: u64) -> u64 {
    // Two neighbours make a number, then two of these, and two of those.
    let pairs = (word & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul((10 << 8) + 1) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul((100 << 16) + 1) >> 16;
    (fours & 0x0000_ffff_0000_ffff).wrapping_mul((10_000 << 32) + 1) >> 32
}

/// Reads the number at hand, digit by digit.
#[inline(never)]
fn any_number<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<Number, JsonFault> {
    let start = reader.at;
    let negative = reader.peek() == b'-';
    if negative {
        reader.at += 1;
    }
    let first = reader.at;
    let mut mantissa = 0u64;
    digits(reader, &mut mantissa)?;
    if reader.bytes[first] == b'0' && reader.at - first > 1 {
        reader.at = first + 1;
        return Err(JsonFault::Number);
    }
    if !matches!(reader.peek(), b'.' | b'e' | b'E') {
        return any_integer(reader, start, first, mantissa, negative);
    }
    let mut digit_count = reader.at - first;
    let mut exponent = 0i64;
    let mut short = false;
    if reader.peek() == b'.' {
        reader.at += 1;
        let fraction = reader.at;
        digits(reader, &mut mantissa)?;
        exponent = -((reader.at - fraction) as i64);
        digit_count += reader.at - fraction;
        short = digit_count <= SHORT_DIGITS && reader.bytes[reader.at - 1] != b'0';
    }
    if matches!(reader.peek(), b'e' | b'E') {
        exponent = exponent.saturating_add(written_exponent(reader)?);
        short = false;
    }
    let parts = if digit_count <= 19 { Some((mantissa, exponent)) } else { None };
    let value = float(reader, start, negative, parts)?;
    Ok(if short && value.abs() >= SHORT_MIN { Number::Shortest(value) } else { Number::Float(value) })
}

/// At least one digit; adds them to `mantissa`, which is right as long as there are no more than 19 of them.
#[inline]
fn digits<S: Scan>(reader: &mut JsonCursor<'_, S>, mantissa: &mut u64) -> Result<(), JsonFault> {
    let start = reader.at;
    while let digit @ b'0'..=b'9' = reader.peek() {
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        reader.at += 1;
    }
    if reader.at == start { Err(JsonFault::Number) } else { Ok(()) }
}

#[inline]
fn integer(value: u64, negative: bool) -> Number {
    match (negative, value as i64) {
        (true, 0) => Number::Float(-0.0),
        (true, value) => Number::Integer(-value),
        (false, value) => Number::Integer(value),
    }
}

fn any_integer<S: Scan>(
    reader: &mut JsonCursor<'_, S>,
    start: usize,
    first: usize,
    mantissa: u64,
    negative: bool,
) -> Result<Number, JsonFault> {
    if reader.at - first <= SAFE_DIGITS {
        return Ok(integer(mantissa, negative));
    }
    if let Ok(value) = written(reader, start).parse() {
        Ok(Number::Integer(value))
    } else {
        reader.at = start;
        Err(JsonFault::IntegerRange)
    }
}

fn written_exponent<S: Scan>(reader: &mut JsonCursor<'_, S>) -> Result<i64, JsonFault> {
    reader.at += 1;
    let negative = reader.peek() == b'-';
    if matches!(reader.peek(), b'-' | b'+') {
        reader.at += 1;
    }
    let start = reader.at;
    let mut value = 0;
    digits(reader, &mut value)?;
    // Longer ones are beyond any float, and the slow path says so.
    let value = if reader.at - start <= 9 { value as i64 } else { i64::from(u32::MAX) };
    Ok(if negative { -value } else { value })
}

/// A mantissa and a power of ten that are both exact give a correctly rounded result with one operation; the standard
/// library knows how to do the rest.
#[inline]
fn float<S: Scan>(
    reader: &mut JsonCursor<'_, S>,
    start: usize,
    negative: bool,
    parts: Option<(u64, i64)>,
) -> Result<f64, JsonFault> {
    if let Some((mantissa, exponent)) = parts
        && mantissa <= 1 << 53
        && exponent.unsigned_abs() <= 22
    {
        let power = EXACT[exponent.unsigned_abs() as usize];
        let value = if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
        return Ok(if negative { -value } else { value });
    }
    value::float(written(reader, start)).map_err(|why| {
        reader.at = start;
        if why == NoFloat::TooSmall { JsonFault::FloatTooSmall } else { JsonFault::FloatTooLarge }
    })
}

/// The text from `start` up to here, which is that of a number.
#[cold]
fn written<'r, S: Scan>(reader: &'r JsonCursor<'_, S>, start: usize) -> &'r str {
    std::str::from_utf8(&reader.bytes[start..reader.at]).expect("digits, points and signs are ASCII")
}

#[cfg(test)]
mod tests {
    use super::super::to_value;
    use proptest::prelude::*;
    use serde_json::Value;

    fn check(text: &str, expect: Result<&str, &str>) {
        match (to_value(text.as_bytes()), expect) {
            (Ok(value), Ok(expect)) => assert_eq!(value.to_string(), expect, "{text}"),
            (Err(error), Err(expect)) => assert!(error.message.contains(expect), "{text}: {error}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        for (text, expect) in [
            ("0", Ok("0")),
            ("-0", Ok("-0.0")),
            ("-0.0", Ok("-0.0")),
            ("9223372036854775807", Ok("9223372036854775807")),
            ("-9223372036854775808", Ok("-9223372036854775808")),
            ("9223372036854775808", Err("quote it")),
            ("-9223372036854775809", Err("quote it")),
            ("18446744073709551616000000000000", Err("quote it")),
            ("9007199254740993", Ok("9007199254740993")),
            ("1e3", Ok("1000.0")),
            ("1E+2", Ok("100.0")),
            ("1.5e-7", Ok("1.5e-7")),
            ("1e400", Err("too large")),
            ("-1e400", Err("too large")),
            ("0e-400", Ok("0.0")),
            ("5e-324", Ok("5e-324")),
            ("1e-400", Err("too small")),
            ("-0.01E-99999999999", Err("too small")),
            ("1e99999999999999999999", Err("too large")),
            ("0.1", Ok("0.1")),
            ("123456789012345678901234567890.5", Ok("1.2345678901234568e+29")),
            ("01", Err("invalid number")),
            ("-", Err("invalid number")),
            ("1.", Err("invalid number")),
            (".5", Err("expected a value")),
            ("1e", Err("invalid number")),
            ("+1", Err("expected a value")),
            ("NaN", Err("expected a value")),
            ("Infinity", Err("expected a value")),
        ] {
            check(text, expect);
        }
    }

    proptest! {
        #[test]
        fn for_every_float_the_reading_of_its_shortest_form_is_that_float(bits in any::<u64>()) {
            let float = f64::from_bits(bits);
            prop_assume!(float.is_finite());
            let mut text = Vec::new();
            super::super::write_float(&mut text, float);
            let Value::Number(read) = to_value(&text).expect("valid") else { panic!() };
            prop_assert_eq!(read.as_f64().expect("a float").to_bits(), bits);
        }

        #[test]
        fn for_every_decimal_the_rounding_is_that_of_the_standard_library(
            text in "-?(0|[1-9][0-9]{0,24})\\.[0-9]{1,24}([eE][+-]?[0-9]{1,2})?"
        ) {
            let Value::Number(read) = to_value(text.as_bytes()).expect("valid") else { panic!() };
            prop_assert_eq!(read.as_f64(), text.parse().ok());
        }

        #[test]
        fn for_every_integer_the_reading_is_exact(integer in any::<i64>()) {
            let Value::Number(read) = to_value(integer.to_string().as_bytes()).expect("valid") else { panic!() };
            prop_assert_eq!(read.as_i64(), Some(integer));
        }
    }
}
