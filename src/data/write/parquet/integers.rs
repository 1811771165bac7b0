//! This module finds the integer that is stored for a value: itself, or the days, parts of a second or digits that a text
//! stands for.

use arrow_schema::TimeUnit;
use serde_json::Value;

use super::beyond_json::BeyondJson;
use super::decimals::decimal_digits;
use super::texts::{Moment, parse_date, parse_duration, parse_time};
use super::words::{LeafType, declare, unread};
use crate::data::read::{Digits, IntegerKind};

/// Milliseconds of a day.
const DAY_MILLIS: i64 = 86_400_000;

/// What is stored for a value of a leaf that counts.
pub(super) fn stored_integer(
    leaf: &LeafType,
    kind: IntegerKind,
    beyond_json: BeyondJson,
    value: &Value,
    path: &str,
) -> Result<i64, String> {
    use IntegerKind::{Signed, SignedText, Unsigned, UnsignedOrText, UnsignedText};
    match (kind, value) {
        (Unsigned, Value::String(digits)) if beyond_json == BeyondJson::Numbers && leaf.bits == 64 => {
            // It has the bits of an integer with a sign.
            digits.parse::<u64>().map(|value| value as i64).map_err(|_| leaf.misfit(value, path))
        }
        (Signed | SignedText | Unsigned | UnsignedText | UnsignedOrText, Value::Number(number)) => {
            let integer = number.as_i64().ok_or_else(|| leaf.misfit(value, path))?;
            within(leaf, !matches!(kind, Signed | SignedText), integer, path)
        }
        (IntegerKind::Decimal(scale), Value::String(_) | Value::Number(_)) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let digits = decimal_digits(&text, leaf.precision, scale);
            let stored = digits.and_then(|digits| digits.parse().ok()).filter(|stored| leaf.holds(*stored));
            stored.ok_or_else(|| leaf.no_decimal(scale, &text, path))
        }
        (Signed | SignedText | Unsigned | UnsignedText | UnsignedOrText, _) => Err(leaf.misfit(value, path)),
        (_, Value::String(text)) => {
            let stored = counted(kind, text, path)?;
            if leaf.holds(stored) { Ok(stored) } else { Err(unread(path, text, "a date", "2024-02-29")) }
        }
        _ => Err(leaf.misfit(value, path)),
    }
}

/// The count that a text stands for.
fn counted(kind: IntegerKind, text: &str, path: &str) -> Result<i64, String> {
    match kind {
        IntegerKind::Date => parse_date(text).ok_or_else(|| unread(path, text, "a date", "2024-02-29")),
        IntegerKind::DateMillis => parse_date(text)
            .and_then(|days| days.checked_mul(DAY_MILLIS))
            .ok_or_else(|| unread(path, text, "a date", "2024-02-29")),
        IntegerKind::TimeOfDay(digits) => {
            parse_time(text, unit(digits)).ok_or_else(|| unread(path, text, "a time of day", "12:30:00.5"))
        }
        IntegerKind::Timestamp { digits, utc } => timestamp(text, unit(digits), utc, path),
        IntegerKind::Duration(digits) => {
            parse_duration(text, unit(digits)).ok_or_else(|| unread(path, text, "a duration", "PT1.500S"))
        }
        IntegerKind::Signed
        | IntegerKind::Unsigned
        | IntegerKind::SignedText
        | IntegerKind::UnsignedText
        | IntegerKind::UnsignedOrText
        | IntegerKind::Decimal(_) => Err(unread(path, text, "a number", "1")),
    }
}

/// An integer, if the leaf is wide enough.
fn within(leaf: &LeafType, is_unsigned: bool, value: i64, path: &str) -> Result<i64, String> {
    let bits = u32::from(leaf.bits).clamp(1, 64);
    let (least, most) = match (is_unsigned, bits) {
        (true, 64) => (0, i64::MAX),
        (true, bits) => (0, (1 << bits) - 1),
        (false, bits) => (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits)),
    };
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(format!(
        "column `{path}` holds integers from {least} to {most}, and this one is {value}{}",
        declare(path)
    ))
}

fn timestamp(text: &str, unit: TimeUnit, zoned: bool, path: &str) -> Result<i64, String> {
    let Some(moment) = Moment::parse(text) else {
        return Err(unread(path, text, "a timestamp", "2024-02-29T12:30:00Z"));
    };
    if moment.has_zone != zoned {
        let (held, found) = if zoned { ("", "none") } else { ("out", "one") };
        return Err(format!("column `{path}` holds timestamps with{held} a zone, and `{text}` has {found}"));
    }
    moment.count(unit).ok_or_else(|| {
        let unit = match unit {
            TimeUnit::Second => "seconds",
            TimeUnit::Millisecond => "milliseconds",
            TimeUnit::Microsecond => "microseconds",
            TimeUnit::Nanosecond => "nanoseconds",
        };
        format!("column `{path}` holds timestamps in {unit}, and `{text}` is none")
    })
}

fn unit(digits: Digits) -> TimeUnit {
    match digits {
        0 => TimeUnit::Second,
        3 => TimeUnit::Millisecond,
        6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}
