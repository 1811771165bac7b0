//! These are the small types of single fields: how each is written, and which schema says so.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Number, Value};

use super::units;
use crate::data::{Quote, SampleSize};
use crate::value::{Rate, Ratio, duration};

/// Pattern of a share in percent.
pub(super) const PERCENT: &str = r"^(?:0?[0-9]{1,2}(?:\.[0-9]{1,9})?|100(?:\.0{1,9})?)%$";
/// The largest whole number that every JSON tool keeps exact.
const EXACT: u64 = (1 << 53) - 1;
/// The largest that `sbatch --nice` takes.
const NICE_MAX: u64 = 2_147_483_645;

/// A wait, which may be zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay(pub Duration);

/// A limit on time, longer than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(pub Duration);

/// A number of bytes, more than zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// Starts in a second, a minute or an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit(pub Rate);

/// A share between 0 and 1, exact as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub Ratio);

/// A whole number from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count(pub u64);

/// A whole number from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positive(pub u64);

/// How often something happens, at least once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeats(pub u32);

/// Lua that gives a number, or a whole number from 0 as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LuaNumber(pub String);

/// A number of extra tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries(pub u32);

/// What each further wait is multiplied by, at least 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Factor(pub f64);

/// A separator of one ASCII character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiter(pub u8);

/// One ASCII character that can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Character(pub u8);

/// What a line begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineStart(pub String);

/// The name of a field, with at least one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName(pub String);

/// How many items one process works on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtOnce {
    /// The number of cores.
    Auto,
    /// That many, at least 1.
    Items(u32),
}

/// A text of at least one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(pub String);

/// A path from the root of the file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsolutePath(pub String);

/// A number of GPUs, or a type and a number, as Slurm reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuRequest(pub String);

/// How much less urgent something is, within the bounds of Slurm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Niceness(pub i64);

/// Implements reading and schema for a type of one JSON value.
macro_rules! literal {
    ($type:ident, $read:expr, $schema:tt) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = Value::deserialize(deserializer)?;
                let read: fn(&Value) -> Option<Self> = $read;
                read(&value)
                    .ok_or_else(|| D::Error::custom(format_args!("`{value}` is no {}", stringify!($type))))
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

literal!(Delay, |value| units::duration(value.as_str()?).ok().map(Delay), {
    "type": "string",
    "pattern": anchored(duration::PATTERN),
    "patternErrorMessage": duration::WANTED,
    "x-unit": "duration",
});

literal!(
    TimeLimit,
    |value| units::duration(value.as_str()?).ok().filter(|limit| !limit.is_zero()).map(TimeLimit),
    {
        "type": "string",
        "pattern": anchored(duration::PATTERN),
        "patternErrorMessage": duration::WANTED,
        "x-unit": "duration",
        "not": { "pattern": "^[0.dhms]*$" },
    }
);

literal!(Size, |value| units::size(value.as_str()?).ok().filter(|size| *size > 0).map(Size), {
    "type": "string",
    "pattern": anchored(units::SIZE),
    "patternErrorMessage": units::SIZE_WANTED,
    "x-unit": "size",
    "not": { "pattern": "^[0.]*[KMG]?i?B?$" },
});

literal!(RateLimit, |value| units::rate(value.as_str()?).ok().map(RateLimit), {
    "description": "Starts of attempts in any second, minute or hour, of all steps that name this limit together.",
    "type": "string",
    "examples": ["20/s", "600/m"],
    "pattern": anchored(units::RATE),
    "patternErrorMessage": units::RATE_WANTED,
    "x-unit": "rate",
});

literal!(Share, |value| share(value.as_number()?).map(Share), {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
});

literal!(Count, |value| whole(value).filter(|count| *count <= EXACT).map(Count), {
    "type": "integer",
    "minimum": 0,
    "maximum": EXACT,
});

literal!(Positive, |value| whole(value).filter(|count| (1..=EXACT).contains(count)).map(Positive), {
    "type": "integer",
    "minimum": 1,
    "maximum": EXACT,
});

literal!(Tries, |value| u32::try_from(whole(value)?).ok().map(Tries), {
    "type": "integer",
    "minimum": 0,
    "maximum": u32::MAX,
});

literal!(Repeats, |value| u32::try_from(whole(value)?).ok().filter(|count| *count > 0).map(Repeats), {
    "type": "integer",
    "minimum": 1,
    "maximum": u32::MAX,
});

literal!(LuaNumber, |value| match value {
    Value::String(text) => Some(LuaNumber(text.clone())),
    value => whole(value).filter(|count| *count <= EXACT).map(|count| LuaNumber(count.to_string())),
}, {
    "type": ["string", "integer"],
    "minimum": 0,
    "maximum": EXACT,
});

literal!(Factor, |value| value.as_f64().filter(|factor| *factor >= 1.0).map(Factor), {
    "type": "number",
    "minimum": 1,
});

literal!(Delimiter, |value| delimiter(value.as_str()?), {
    "type": "string",
    "pattern": r"^[\t !#-~]$",
    "patternErrorMessage": "a delimiter is one ASCII character, such as `;`",
});

literal!(Character, |value| character(value.as_str()?).map(Character), {
    "type": "string",
    "pattern": "^[!-~]$",
    "patternErrorMessage": "one ASCII character, such as `\\`",
});

literal!(Quote, |value| match value.as_str()? {
    "none" => Some(Quote::None),
    text => character(text).map(Quote::Character),
}, {
    "type": "string",
    "pattern": "^(?:none|[!-~])$",
    "patternErrorMessage": "one ASCII character, such as `'`, or `none`",
    "x-values": ["none"],
});

literal!(LineStart, |value| {
    let is_usable = |text: &&str| !text.is_empty() && !text.contains(['\n', '\r']);
    Some(value.as_str()?).filter(is_usable).map(|text| LineStart(text.to_owned()))
}, {
    "type": "string",
    "minLength": 1,
    "pattern": r"^[^\n\r]*$",
    "patternErrorMessage": "the beginning of a line has no line end",
});

literal!(SampleSize, |value| match value {
    Value::String(text) => percent(text).map(SampleSize::Chance),
    value => whole(value).filter(|count| *count <= EXACT).map(SampleSize::Count),
}, {
    "type": ["integer", "string"],
    "minimum": 0,
    "maximum": EXACT,
    "pattern": PERCENT,
    "patternErrorMessage": "a whole number from 0, or a share from `0%` to `100%`",
});

literal!(FieldName, |value| {
    Some(value.as_str()?).filter(|name| !name.is_empty()).map(|name| FieldName(name.to_owned()))
}, {
    "type": "string",
    "minLength": 1,
});

literal!(Word, |value| filled(value).map(Word), {
    "type": "string",
    "minLength": 1,
});

literal!(AbsolutePath, |value| filled(value).filter(|path| path.starts_with('/')).map(AbsolutePath), {
    "type": "string",
    "pattern": "^/",
    "patternErrorMessage": "a path that begins with `/`",
});

literal!(GpuRequest, |value| match value {
    Value::String(_) => filled(value).map(GpuRequest),
    value => whole(value).filter(|count| (1..=EXACT).contains(count)).map(|count| GpuRequest(count.to_string())),
}, {
    "type": ["string", "integer"],
    "minLength": 1,
    "minimum": 1,
    "maximum": EXACT,
});

literal!(Niceness, |value| integer(value).filter(|nice| nice.unsigned_abs() <= NICE_MAX).map(Niceness), {
    "type": "integer",
    "minimum": -(NICE_MAX as i64),
    "maximum": NICE_MAX,
});

literal!(AtOnce, |value| match value {
    Value::String(text) => (text == "auto").then_some(AtOnce::Auto),
    value => u32::try_from(whole(value)?).ok().filter(|count| *count > 0).map(AtOnce::Items),
}, {
    "type": ["integer", "string"],
    "minimum": 1,
    "maximum": u32::MAX,
    "pattern": "^auto$",
    "patternErrorMessage": "a whole number from 1, or `auto`",
    "x-values": ["auto"],
});

/// The share that `2.5%` is.
fn percent(text: &str) -> Option<Ratio> {
    let number = text.strip_suffix('%')?;
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let are_digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    (are_digits(whole, 3) && are_digits(part, 9)).then(|| Ratio::parse(&format!("{number}e-2"))).flatten()
}

fn anchored(pattern: &str) -> String {
    format!("^{pattern}$")
}

/// A whole number from 0; as in JSON schema, `4.0` is one.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let float = value.as_f64().filter(|float| float.fract() == 0.0)?;
        (0.0..=EXACT as f64).contains(&float).then_some(float as u64)
    })
}

/// A whole number; as in JSON schema, `-4.0` is one.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let float = value.as_f64().filter(|float| float.fract() == 0.0)?;
        (-(EXACT as f64)..=EXACT as f64).contains(&float).then_some(float as i64)
    })
}

/// A text with something in it.
fn filled(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The ratio that a number stands for: its shortest text is the decimal that was written.
fn share(number: &Number) -> Option<Ratio> {
    // Minus zero is a number from 0, too.
    if number.as_f64() == Some(0.0) { Some(Ratio::ZERO) } else { Ratio::parse(&number.to_string()) }
}

fn delimiter(text: &str) -> Option<Delimiter> {
    match text.as_bytes() {
        [byte @ (b'\t' | b' ' | b'!' | b'#'..=b'~')] => Some(Delimiter(*byte)),
        _ => None,
    }
}

fn character(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [byte @ b'!'..=b'~'] => Some(*byte),
        _ => None,
    }
}
