//! This module finds whole numbers in a piece of Lua that the VM does not hold as they are written: beyond 2^53 they are
//! rounded, and never equal to an integer of an item.

use std::ops::Range;

use super::lexer::{TokenKind, substitutions, tokens};

/// Whole numbers up to here are exact as 64-bit floats.
const EXACT_MAX: u128 = 1 << 53;

/// A whole number beyond 2^53 that is written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BigLiteral {
    /// The bytes of the text where it stands.
    pub span: Range<usize>,
    /// Its digits, as `int` takes them; `None` where it has more than 64 bits.
    pub exact: Option<String>,
}

/// All of them, in the order of the text. Floats, with a point or an exponent, are meant as such.
pub fn big_literals(text: &str) -> Vec<BigLiteral> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Number => {
                let negative = at > 0 && tokens[at - 1].text(text) == "-";
                if let Some(value) = beyond(token.text(text)) {
                    found.push(BigLiteral { span: token.span.clone(), exact: exact(value, negative) });
                }
            }
            TokenKind::Template => {
                let template = token.text(text);
                for inner in substitutions(template).unwrap_or_default() {
                    let start = token.span.start + inner.start;
                    found.extend(big_literals(&template[inner]).into_iter().map(|mut literal| {
                        literal.span = literal.span.start + start..literal.span.end + start;
                        literal
                    }));
                }
            }
            _ => {}
        }
    }
    found
}

/// The value of a number, if it is a whole one beyond 2^53.
fn beyond(number: &str) -> Option<u128> {
    let digits = number.replace('_', "");
    let (radix, bare) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ => (10, digits.as_str()),
    };
    let whole = !bare.is_empty() && bare.chars().all(|digit| digit.is_digit(radix));
    // What has more than 128 bits is beyond all of this.
    let value = whole.then(|| u128::from_str_radix(bare, radix).unwrap_or(u128::MAX))?;
    (value > EXACT_MAX).then_some(value)
}

/// Its digits, if it has 64 bits; a minus before it makes a difference only for the smallest integer.
fn exact(value: u128, negative: bool) -> Option<String> {
    let smallest = negative && value == u128::from(i64::MIN.unsigned_abs());
    (i64::try_from(value).is_ok() || smallest).then(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::big_literals;

    fn check(text: &str, expect: &[(&str, Option<&str>)]) {
        let found = big_literals(text);
        let found: Vec<_> = found.iter().map(|one| (&text[one.span.clone()], one.exact.as_deref())).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn whole_numbers_beyond_two_to_the_53rd_are_found_and_no_others() {
        check(
            "return 9007199254740992 + 9007199254740993",
            &[("9007199254740993", Some("9007199254740993"))],
        );
        check("x = 1_234_567_890_123_456_789", &[("1_234_567_890_123_456_789", Some("1234567890123456789"))]);
        check("x = 0x7fff_ffff_ffff_ffff", &[("0x7fff_ffff_ffff_ffff", Some("9223372036854775807"))]);
        check("x = -9223372036854775808", &[("9223372036854775808", Some("9223372036854775808"))]);
        check("x = 9223372036854775808", &[("9223372036854775808", None)]);
        check("x = 0xffffffffffffffffffffffffffffffffff", &[("0xffffffffffffffffffffffffffffffffff", None)]);
        check("x = `{item == 12345678901234567}`", &[("12345678901234567", Some("12345678901234567"))]);
        for fine in [
            "1e300",
            "12345678901234567.0",
            "0b1010",
            "'12345678901234567'",
            "-- 12345678901234567",
            "int('12345678901234567')",
            "0x",
            "9007199254740992",
        ] {
            check(fine, &[]);
        }
    }
}
