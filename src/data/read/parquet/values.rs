//! This module writes single values as JSON text, exact or not at all. `times` and `decimals` hold the longer ones.

use super::decimals;
use super::kind::{BytesKind, IntegerKind, NotANumber, NotFiniteAs};
use super::times;
use crate::value::{ITEM_BYTES_MAX, json};

/// Appends what an integer means; one of 32 bits is `short`.
pub(super) fn push_integer(
    out: &mut Vec<u8>,
    value: i64,
    kind: IntegerKind,
    short: bool,
) -> Result<(), String> {
    let unsigned = if short { u64::from(value as u32) } else { value as u64 };
    match kind {
        IntegerKind::Signed => json::write_integer(out, value),
        IntegerKind::Unsigned | IntegerKind::UnsignedOrText => match i64::try_from(unsigned) {
            Ok(value) => json::write_integer(out, value),
            Err(_) if kind == IntegerKind::UnsignedOrText => {
                return quoted(out, |out| push_integer_text(out, value, unsigned, kind));
            }
            Err(_) => {
                return Err(format!(
                    "{unsigned} does not fit in a signed integer of 64 bits; give the column the type `string` in `columns`"
                ));
            }
        },
        _ => return quoted(out, |out| push_integer_text(out, value, unsigned, kind)),
    }
    Ok(())
}

/// Appends an integer whose meaning is text.
fn push_integer_text(out: &mut Vec<u8>, value: i64, unsigned: u64, kind: IntegerKind) -> Result<(), String> {
    match kind {
        IntegerKind::Signed | IntegerKind::SignedText => json::write_integer(out, value),
        IntegerKind::Unsigned | IntegerKind::UnsignedText | IntegerKind::UnsignedOrText => {
            out.extend_from_slice(itoa::Buffer::new().format(unsigned).as_bytes());
        }
        IntegerKind::Date => times::push_date(out, value),
        IntegerKind::DateMillis => return times::push_date_millis(out, value),
        IntegerKind::TimeOfDay(digits) => return times::push_time_of_day(out, value, digits),
        IntegerKind::Timestamp { digits, utc } => {
            times::push_timestamp(out, value, digits);
            if utc {
                out.push(b'Z');
            }
        }
        IntegerKind::Duration(digits) => times::push_duration(out, value, digits),
        IntegerKind::Decimal(scale) => decimals::push_integer(out, value, scale),
    }
    Ok(())
}

/// Appends a float.
pub(super) fn push_float(out: &mut Vec<u8>, value: f64, not_finite: NotFiniteAs) -> Result<(), String> {
    let Some(none) = NotANumber::of(value) else {
        json::write_float(out, value);
        return Ok(());
    };
    match not_finite {
        NotFiniteAs::Null => out.extend_from_slice(b"null"),
        NotFiniteAs::Words => {
            json::write_string(out, none.word().as_bytes());
        }
        NotFiniteAs::Refused => {
            let name = if none == NotANumber::Nan { "NaN" } else { "infinite" };
            return Err(format!("the value is {name}, which JSON has no number for"));
        }
    }
    Ok(())
}

/// Appends what bytes mean.
pub(super) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8], kind: BytesKind) -> Result<(), String> {
    if bytes.len() > ITEM_BYTES_MAX {
        return Err("the value is too long".to_owned());
    }
    let twelve = || <[u8; 12]>::try_from(bytes).map_err(|_| format!("a value has {} bytes", bytes.len()));
    match kind {
        BytesKind::Text if json::write_string(out, bytes) => Ok(()),
        BytesKind::Text => Err("the text is not UTF-8".to_owned()),
        BytesKind::Raw => quoted(out, |out| {
            json::push_hex(out, bytes);
            Ok(())
        }),
        BytesKind::Uuid => quoted(out, |out| {
            push_uuid(out, bytes);
            Ok(())
        }),
        BytesKind::Decimal(scale) => quoted(out, |out| decimals::push_bytes(out, bytes, scale)),
        BytesKind::Interval => {
            let fields = twelve()?;
            quoted(out, |out| {
                times::push_interval(out, fields);
                Ok(())
            })
        }
        BytesKind::Int96 => {
            let fields = twelve()?;
            quoted(out, |out| {
                times::push_int96(out, fields);
                Ok(())
            })
        }
    }
}

fn quoted(out: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>) -> Result<(), String>) -> Result<(), String> {
    out.push(b'"');
    push(out)?;
    out.push(b'"');
    Ok(())
}

/// As RFC 9562 writes it.
fn push_uuid(out: &mut Vec<u8>, bytes: &[u8]) {
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        json::push_hex(out, &[*byte]);
    }
}
