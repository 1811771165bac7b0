//! This module reads numbers: exact integers, correctly rounded floats. `write` prints them.

use super::cursor::JsonCursor;
use super::fault::JsonFault;
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

/// Powers of ten that a 64-bit float holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Reads the number at hand.
#[inline]
pub(super) fn number(reader: &mut JsonCursor<'_>) -> Result<Number, JsonFault> {
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
        return integer(reader, start, first, mantissa, negative);
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
fn digits(reader: &mut JsonCursor<'_>, mantissa: &mut u64) -> Result<(), JsonFault> {
    let start = reader.at;
    while let digit @ b'0'..=b'9' = reader.peek() {
        *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        reader.at += 1;
    }
    if reader.at == start { Err(JsonFault::Number) } else { Ok(()) }
}

#[inline]
fn integer(
    reader: &mut JsonCursor<'_>,
    start: usize,
    first: usize,
    mantissa: u64,
    negative: bool,
) -> Result<Number, JsonFault> {
    if reader.at - first <= 18 {
        let value = mantissa as i64;
        return Ok(match (negative, value) {
            (true, 0) => Number::Float(-0.0),
            (true, _) => Number::Integer(-value),
            (false, _) => Number::Integer(value),
        });
    }
    if let Ok(value) = reader.text[start..reader.at].parse() {
        Ok(Number::Integer(value))
    } else {
        reader.at = start;
        Err(JsonFault::IntegerRange)
    }
}

fn written_exponent(reader: &mut JsonCursor<'_>) -> Result<i64, JsonFault> {
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
fn float(
    reader: &mut JsonCursor<'_>,
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
    value::float(&reader.text[start..reader.at]).map_err(|why| {
        reader.at = start;
        if why == NoFloat::TooSmall { JsonFault::FloatTooSmall } else { JsonFault::FloatTooLarge }
    })
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
