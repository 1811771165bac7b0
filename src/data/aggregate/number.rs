//! A number is an integer of 64 bits or a float. Its key is ten bytes that sort as the number does and from which it can be made
//! again.

use crate::data::sort_key::{integer_parts, ordered_bits};
use crate::value::json;

/// A JSON number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Float(f64),
}

/// A number as bytes that sort as it does; of equal numbers, integers come first.
pub(super) type NumberKey = [u8; 10];

impl Number {
    /// The number that a JSON text is; `None`: it is another value.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let is_start = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
        if !text.first().is_some_and(is_start) {
            return None;
        }
        let text = std::str::from_utf8(text).ok()?;
        // `-0` is a float.
        match text.parse() {
            Ok(integer) if text != "-0" => Some(Self::Integer(integer)),
            _ => text.parse().ok().filter(|float: &f64| float.is_finite()).map(Self::Float),
        }
    }

    /// Appends it as JSON.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(integer) => json::write_integer(out, integer),
            Self::Float(float) => json::write_float(out, float),
        }
    }

    /// The largest float that is not above it, and what is left.
    pub(super) fn parts(self) -> (f64, u16) {
        match self {
            Self::Float(float) => (float, 0),
            Self::Integer(integer) => integer_parts(integer),
        }
    }

    pub(super) fn key(self) -> NumberKey {
        let (float, rest) = self.parts();
        let rest = rest << 1 | u16::from(matches!(self, Self::Float(_)));
        let mut key = [0; 10];
        key[..8].copy_from_slice(&ordered_bits(float).to_be_bytes());
        key[8..].copy_from_slice(&rest.to_be_bytes());
        key
    }

    pub(super) fn of_key(key: NumberKey) -> Self {
        let number = key.iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        let (ordered, rest) = ((number >> 16) as u64, number as u16);
        let bits = if ordered >> 63 == 1 { ordered & !(1 << 63) } else { !ordered };
        let float = f64::from_bits(bits);
        if rest & 1 == 1 {
            return Self::Float(float);
        }
        Self::Integer((float as i128 + i128::from(rest >> 1)) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_numbers_do_and_give_them_back() {
        let sorted = [
            Number::Float(f64::MIN),
            Number::Integer(i64::MIN),
            Number::Integer(-9_007_199_254_740_993),
            Number::Float(-9_007_199_254_740_992.0),
            Number::Integer(-1),
            Number::Float(-5e-324),
            Number::Integer(0),
            Number::Float(0.0),
            Number::Float(5e-324),
            Number::Integer(1),
            Number::Float(1.0),
            Number::Float(1.5),
            Number::Integer(9_007_199_254_740_993),
            Number::Integer(i64::MAX - 1),
            Number::Integer(i64::MAX),
            Number::Float(9_223_372_036_854_775_808.0),
        ];
        for pair in sorted.windows(2) {
            assert!(pair[0].key() < pair[1].key(), "{pair:?}");
        }
        for number in sorted {
            assert_eq!(Number::of_key(number.key()), number);
        }
    }

    #[test]
    fn numbers_are_told_from_other_values() {
        assert_eq!(Number::parse(b" -7 "), Some(Number::Integer(-7)));
        assert_eq!(Number::parse(b"9223372036854775808"), Some(Number::Float(9_223_372_036_854_775_808.0)));
        assert_eq!(Number::parse(b"1e2"), Some(Number::Float(100.0)));
        let negative = Number::parse(b"-0").expect("a number");
        assert!(matches!(negative, Number::Float(zero) if zero.is_sign_negative()));
        for text in ["null", "\"1\"", "true", "[1]", "nan", "inf", "+1", "1e999"] {
            assert_eq!(Number::parse(text.as_bytes()), None, "{text}");
        }
    }
}
