//! This module writes one field of a table as JSON text of its column's type. `table` decides which field that is.

use crate::data::ColumnType;
use crate::data::read::decoding::not_in;
use crate::value::json::{write_float, write_integer, write_string};
use crate::value::{NoFloat, float};

/// Adds `text` to `out` as a value of type `kind`, or says why it is none.
///
/// White space around numbers and booleans does not count, nor does the case of booleans.
pub(super) fn push_field(out: &mut Vec<u8>, field: &[u8], kind: ColumnType) -> Result<(), String> {
    if kind == ColumnType::String && write_string(out, field) {
        return Ok(());
    }
    let text = std::str::from_utf8(field).map_err(|_| format!("the text is {}", not_in(None)))?;
    let bare = text.trim();
    let wanted = match kind {
        ColumnType::String => "text",
        ColumnType::Boolean => {
            if let Some(value) = [true, false].into_iter().find(|v| bare.eq_ignore_ascii_case(&v.to_string()))
            {
                out.extend_from_slice(value.to_string().as_bytes());
                return Ok(());
            }
            "`true` or `false`"
        }
        ColumnType::Integer => {
            if push_integer(out, bare) {
                return Ok(());
            }
            "an integer"
        }
        ColumnType::Number => {
            // As a float, because the integer 0 has no sign to keep.
            let negative_zero = bare.starts_with('-') && bare.bytes().skip(1).all(|byte| byte == b'0');
            if (!negative_zero && push_integer(out, bare)) || push_float(out, bare) {
                return Ok(());
            }
            "a number"
        }
    };
    if bare.is_empty() {
        return Err(format!("the field is empty, not {wanted}; with `{}?` it is null", kind.name()));
    }
    let why = (kind == ColumnType::Number).then(|| float(bare).err()).flatten();
    if let Some(why @ (NoFloat::TooLarge | NoFloat::TooSmall)) = why
        && !is_digits(bare)
    {
        let size = if why == NoFloat::TooLarge { "large" } else { "small" };
        return Err(format!(
            "`{}` is too {size} for a 64-bit float; make the column a string",
            shorten(bare)
        ));
    }
    if kind != ColumnType::Boolean && is_digits(bare) {
        return Err(format!("`{bare}` does not fit 64 bits; make the column a string"));
    }
    Err(format!("`{}` is not {wanted}", shorten(text)))
}

fn push_integer(out: &mut Vec<u8>, text: &str) -> bool {
    let Ok(value) = text.parse::<i64>() else { return false };
    write_integer(out, value);
    true
}

fn push_float(out: &mut Vec<u8>, text: &str) -> bool {
    // An integer out of range must not become a float, and `inf` and `nan` are not JSON.
    if is_digits(text) && text.trim_start_matches('-').bytes().any(|byte| byte != b'0') {
        return false;
    }
    let Ok(value) = float(text) else { return false };
    write_float(out, value);
    true
}

fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ColumnType, cases: &[(&str, Result<&str, &str>)]) {
        for (text, expect) in cases {
            let mut out = Vec::new();
            let result = push_field(&mut out, text.as_bytes(), kind);
            let json = String::from_utf8(out).expect("UTF-8");
            let seen = result.as_ref().map(|()| json.as_str()).map_err(String::as_str);
            assert_eq!(seen, *expect, "{text}");
        }
    }

    #[test]
    fn integers_have_64_bits_and_nothing_else() {
        check(
            ColumnType::Integer,
            &[
                ("9223372036854775807", Ok("9223372036854775807")),
                (" -7 ", Ok("-7")),
                ("+5", Ok("5")),
                ("007", Ok("7")),
                ("1.0", Err("`1.0` is not an integer")),
                ("1e3", Err("`1e3` is not an integer")),
                ("", Err("the field is empty, not an integer; with `integer?` it is null")),
                (
                    "9223372036854775808",
                    Err("`9223372036854775808` does not fit 64 bits; make the column a string"),
                ),
            ],
        );
    }

    #[test]
    fn numbers_are_integers_where_they_look_like_it() {
        check(
            ColumnType::Number,
            &[
                ("12", Ok("12")),
                ("1.50", Ok("1.5")),
                (".5", Ok("0.5")),
                ("1e3", Ok("1000.0")),
                ("-0", Ok("-0.0")),
                ("-0.0", Ok("-0.0")),
                ("nan", Err("`nan` is not a number")),
                ("inf", Err("`inf` is not a number")),
                ("1e999", Err("`1e999` is too large for a 64-bit float; make the column a string")),
                (" -1e-400", Err("`-1e-400` is too small for a 64-bit float; make the column a string")),
                ("0.00e-999", Ok("0.0")),
                ("0x10", Err("`0x10` is not a number")),
                (
                    "99999999999999999999",
                    Err("`99999999999999999999` does not fit 64 bits; make the column a string"),
                ),
            ],
        );
    }

    #[test]
    fn booleans_and_strings() {
        check(
            ColumnType::Boolean,
            &[("true", Ok("true")), ("FALSE", Ok("false")), ("1", Err("`1` is not `true` or `false`"))],
        );
        check(ColumnType::String, &[(" a\"b ", Ok("\" a\\\"b \"")), ("", Ok("\"\""))]);
    }
}
