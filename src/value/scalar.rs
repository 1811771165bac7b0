//! This module gives the meaning of a plain scalar of YAML: the core schema of version 1.2, as editors read it. It
//! does no parsing.

use super::float::{NoFloat, float};

/// The value of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, finite.
    Float(f64),
    /// A text.
    Text(String),
}

/// A scalar that has no value here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// A whole number outside of 64 bits.
    BigInteger,
    /// `.inf`, `.nan`, or a number so large that it becomes one of them.
    NotFinite,
    /// A number so small that it becomes zero.
    TooSmall,
    /// The text does not fit to its tag.
    Tag,
}

/// The value of a plain scalar without a tag: `no` is a text, `010` is ten.
///
/// # Errors
/// Fails when the text is a number that no [`Scalar`] can hold.
pub fn plain(text: &str) -> Result<Scalar, Unfit> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Scalar::Null),
        "true" | "True" | "TRUE" => return Ok(Scalar::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Scalar::Bool(false)),
        _ => {}
    }
    if let Some(integer) = integer(text) {
        return integer.map(Scalar::Int);
    }
    if is_special_float(text) {
        return Err(Unfit::NotFinite);
    }
    if is_float(text) {
        // Rust reads the same decimals, but for a sign and a missing digit beside the point, which it allows as well.
        return float(text).map(Scalar::Float).map_err(|why| match why {
            NoFloat::TooSmall => Unfit::TooSmall,
            NoFloat::TooLarge | NoFloat::Text => Unfit::NotFinite,
        });
    }
    Ok(Scalar::Text(text.to_owned()))
}

/// The value of a scalar with a tag of the core schema, given without its namespace.
///
/// # Errors
/// Fails when the text does not fit to its tag, and when it is a number that no [`Scalar`] can hold.
pub fn tagged(text: &str, tag: Option<&str>) -> Result<Scalar, Unfit> {
    let kind = plain(text);
    match (tag, kind) {
        (Some("str"), _) => Ok(Scalar::Text(text.to_owned())),
        (Some("null"), Ok(Scalar::Null)) => Ok(Scalar::Null),
        (Some("bool"), Ok(kind @ Scalar::Bool(_)))
        | (Some("int"), Ok(kind @ Scalar::Int(_)))
        | (Some("float"), Ok(kind @ Scalar::Float(_))) => Ok(kind),
        (Some("float"), Ok(Scalar::Int(whole))) => Ok(Scalar::Float(whole as f64)),
        (_, Err(unfit)) => Err(unfit),
        _ => Err(Unfit::Tag),
    }
}

/// Whole numbers: decimal, `0o17`, `0x1F`. `None` when the text is no such number.
fn integer(text: &str) -> Option<Result<i64, Unfit>> {
    let (digits, radix) = match text.as_bytes() {
        [b'0', b'o', ..] => (&text[2..], 8),
        [b'0', b'x', ..] => (&text[2..], 16),
        _ => (text, 10),
    };
    let bare = if radix == 10 { digits.strip_prefix(['+', '-']).unwrap_or(digits) } else { digits };
    if bare.is_empty() || !bare.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(i64::from_str_radix(digits, radix).map_err(|_| Unfit::BigInteger))
}

fn is_special_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = !whole.is_empty() || !part.is_empty();
    has_digits
        && digits(whole)
        && digits(part)
        && exponent.is_none_or(|power| !power.is_empty() && digits(power))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match plain(text) {
            Ok(kind) => format!("{kind:?}"),
            Err(unfit) => format!("{unfit:?}"),
        }
    }

    #[test]
    fn plain_scalars_mean_what_editors_read() {
        for (text, meaning) in [
            ("no", "Text(\"no\")"),
            ("on", "Text(\"on\")"),
            ("True", "Bool(true)"),
            ("~", "Null"),
            ("010", "Int(10)"),
            ("0o10", "Int(8)"),
            ("0x1F", "Int(31)"),
            ("-7", "Int(-7)"),
            ("+7", "Int(7)"),
            ("1_000", "Text(\"1_000\")"),
            ("0b11", "Text(\"0b11\")"),
            ("9223372036854775807", "Int(9223372036854775807)"),
            ("9223372036854775808", "BigInteger"),
            ("-9223372036854775809", "BigInteger"),
            ("1.", "Float(1.0)"),
            (".5", "Float(0.5)"),
            ("-0.0", "Float(-0.0)"),
            ("1e3", "Float(1000.0)"),
            ("1e400", "NotFinite"),
            ("1e-400", "TooSmall"),
            (".nan", "NotFinite"),
            ("-.inf", "NotFinite"),
            (".", "Text(\".\")"),
            ("1.2.3", "Text(\"1.2.3\")"),
            ("e3", "Text(\"e3\")"),
            ("infinity", "Text(\"infinity\")"),
            ("2024-01-01", "Text(\"2024-01-01\")"),
        ] {
            assert_eq!(read(text), meaning, "{text}");
        }
    }
}
