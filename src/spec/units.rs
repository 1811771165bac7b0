//! Durations, sizes and rates as people write them. Each has one exact reading and says what is allowed otherwise.

use std::time::Duration;

use crate::value::Rate;

/// A text that is no duration, size or rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{wanted}")]
pub struct UnitError {
    /// What may stand here, for example ``a duration such as `10s` ``.
    pub wanted: &'static str,
    /// What was probably meant.
    pub meant: Option<String>,
}

/// Pattern of a duration: hours, minutes, seconds and milliseconds in this order, each at most once.
pub const DURATION: &str = r"(?=[0-9])(?:[0-9]{1,5}(?:\.[0-9]{1,3})?h)?(?:[0-9]{1,7}(?:\.[0-9]{1,3})?m(?!s))?(?:[0-9]{1,9}(?:\.[0-9]{1,6})?s)?(?:[0-9]{1,9}(?:\.[0-9]{1,3})?ms)?";
/// Pattern of a size: a number and a power of 1000 or 1024.
pub const SIZE: &str = r"[0-9]{1,6}(?:\.[0-9]{1,3})?(?:KB|MB|GB|KiB|MiB|GiB)";
/// Pattern of a rate: a number of starts in a second, a minute or an hour.
pub const RATE: &str = r"0*[1-9][0-9]{0,8}/[smh]";

/// What a duration looks like.
pub const DURATION_WANTED: &str =
    "a duration is a number and a unit (`h`, `m`, `s`, `ms`), such as `500ms`, `10s` or `1h30m`";
/// What a size looks like.
pub const SIZE_WANTED: &str =
    "a size is a number and a unit (`KB`, `MB`, `GB` of 1000, `KiB`, `MiB`, `GiB` of 1024), such as `64MB`";
/// What a rate looks like.
pub const RATE_WANTED: &str =
    "a rate is a whole number from 1 to 999999999 and a period, such as `20/s`, `600/m` or `5000/h`";

/// The units of a duration from the largest: name, nanoseconds, digits before and after the point.
const DURATION_UNITS: [(&str, u64, usize, usize); 4] = [
    ("h", 3_600_000_000_000, 5, 3),
    ("m", 60_000_000_000, 7, 3),
    ("s", 1_000_000_000, 9, 6),
    ("ms", 1_000_000, 9, 3),
];

/// The units of a size.
const SIZE_UNITS: [(&str, u64); 6] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Reads `250ms`, `30s`, `5m`, `1h30m`, `1.5s`. The longest is a little over 31 years.
pub fn duration(text: &str) -> Result<Duration, UnitError> {
    duration_nanos(text)
        .map(Duration::from_nanos)
        .ok_or_else(|| UnitError { wanted: DURATION_WANTED, meant: meant_duration(text) })
}

fn duration_nanos(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut units = DURATION_UNITS.iter();
    let mut nanos = 0u64;
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let word = &after[..after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len())];
        let (_, scale, whole, part) = units.find(|(unit, ..)| *unit == word)?;
        nanos = nanos.checked_add(scaled(number, *scale, *whole, *part)?)?;
        rest = &after[word.len()..];
    }
    (!text.is_empty()).then_some(nanos)
}

/// Reads `64KB`, `10MB`, `1GB` (powers of 1000), `KiB MiB GiB` (powers of 1024), as bytes.
pub fn size(text: &str) -> Result<u64, UnitError> {
    let read = || {
        let (number, unit) = split_number(text)?;
        let (_, scale) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
        scaled(number, *scale, 6, 3)
    };
    read().ok_or_else(|| UnitError { wanted: SIZE_WANTED, meant: meant_size(text) })
}

/// Reads `20/s`, `600/m`, `5000/h`.
pub fn rate(text: &str) -> Result<Rate, UnitError> {
    let read = || {
        let (count, period) = text.split_once('/')?;
        let seconds = match period {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        let digits = count.trim_start_matches('0');
        let valid = (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        let count = valid.then(|| digits.parse().ok()).flatten()?;
        Some(Rate { count, period: Duration::from_secs(seconds) })
    };
    read().ok_or_else(|| UnitError { wanted: RATE_WANTED, meant: meant_rate(text) })
}

/// A duration in the notation that [`duration`] reads. Nanoseconds below one are cut.
pub fn format_duration(duration: Duration) -> String {
    let mut micros = duration.as_micros();
    let mut text = String::new();
    for (unit, scale) in [("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000)] {
        let count = micros / scale;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
            micros %= scale;
        }
    }
    if micros > 0 {
        return format!("{}s", duration.as_secs_f64());
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Splits off a leading decimal number.
fn split_number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// `number · scale`, rounded down, when the number has no more digits than allowed.
fn scaled(number: &str, scale: u64, whole_digits: usize, part_digits: usize) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str, most: usize| {
        ((1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u64>().ok())
            .flatten()
    };
    let fraction = u128::from(digits(part, part_digits)?) * u128::from(scale) / 10u128.pow(part.len() as u32);
    digits(whole, whole_digits)?.checked_mul(scale)?.checked_add(u64::try_from(fraction).ok()?)
}

/// A number and the word after it, as somebody may have written them.
fn loose(text: &str) -> Option<(&str, String)> {
    let (number, unit) = split_number(text.trim())?;
    Some((number, unit.trim().to_ascii_lowercase()))
}

fn meant_duration(text: &str) -> Option<String> {
    let (number, word) = loose(text)?;
    let unit = match word.as_str() {
        "" => "s",
        _ if word.starts_with("ms") || word.starts_with("mil") => "ms",
        _ if word.starts_with('s') => "s",
        _ if word.starts_with('m') => "m",
        _ if word.starts_with('h') => "h",
        _ if word == "d" || word.starts_with("day") => {
            return number.parse::<u32>().ok().map(|days| format!("{}h", u64::from(days) * 24));
        }
        _ => return None,
    };
    let meant = format!("{number}{unit}");
    duration_nanos(&meant).is_some().then_some(meant)
}

fn meant_size(text: &str) -> Option<String> {
    let (number, word) = loose(text)?;
    let unit = match word.as_str() {
        "kib" => "KiB",
        "mib" => "MiB",
        "gib" => "GiB",
        _ if word.starts_with('k') => "KB",
        "" | "b" => "MB",
        _ if word.starts_with('m') => "MB",
        _ if word.starts_with('g') => "GB",
        _ => return None,
    };
    let meant = format!("{number}{unit}");
    size(&meant).is_ok().then_some(meant)
}

fn meant_rate(text: &str) -> Option<String> {
    let (number, word) = loose(text)?;
    let word = word.trim_start_matches('/').trim_start_matches("per").trim();
    let period = match word {
        "" => "s",
        _ if word.starts_with('s') => "s",
        _ if word.starts_with('m') => "m",
        _ if word.starts_with('h') => "h",
        _ => return None,
    };
    let meant = format!("{number}/{period}");
    rate(&meant).is_ok().then_some(meant)
}
