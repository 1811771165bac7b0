//! This module reads durations, sizes and rates as people write them. Each has one exact reading; an error says what
//! is allowed.

use std::time::Duration;

use crate::value::{Rate, duration, scaled, split_number};

/// A text that is no duration, size or rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{wanted}")]
pub struct UnitError {
    /// What may stand here, for example ``a duration such as `10s` ``.
    pub wanted: &'static str,
    /// What was probably meant.
    pub meant: Option<String>,
}

/// Pattern of a size: a number and a power of 1000 or 1024.
pub const SIZE: &str = r"[0-9]{1,6}(?:\.[0-9]{1,3})?(?:KB|MB|GB|KiB|MiB|GiB)";
/// Pattern of a rate: a number of starts in a second, a minute or an hour.
pub const RATE: &str = r"0*[1-9][0-9]{0,8}/[smh]";

/// What a size looks like.
pub const SIZE_WANTED: &str =
    "a size is a number and a unit (`KB`, `MB`, `GB` of 1000, `KiB`, `MiB`, `GiB` of 1024), such as `64MB`";
/// What a rate looks like.
pub const RATE_WANTED: &str =
    "a rate is a whole number from 1 to 999999999 and a period, such as `20/s`, `600/m` or `5000/h`";

/// The units of a size.
const SIZE_UNITS: [(&str, u64); 6] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Reads `250ms`, `30s`, `5m`, `1h30m`, `7d12h`.
///
/// # Errors
/// Fails when the text has another form or more digits; the error says what is allowed.
pub fn duration(text: &str) -> Result<Duration, UnitError> {
    duration::parse(text).ok_or_else(|| UnitError { wanted: duration::WANTED, meant: duration::meant(text) })
}

/// Reads `64KB`, `10MB`, `1GB` (powers of 1000), `KiB MiB GiB` (powers of 1024), as bytes.
///
/// # Errors
/// Fails when the text has another form; the error says what is allowed.
pub fn size(text: &str) -> Result<u64, UnitError> {
    size_bytes(text).ok_or_else(|| UnitError { wanted: SIZE_WANTED, meant: meant_size(text) })
}

fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split_number(text)?;
    let (_, scale) = SIZE_UNITS.iter().find(|(name, _)| *name == unit)?;
    scaled(number, *scale, 6, 3)
}

/// Reads `20/s`, `600/m`, `5000/h`.
///
/// # Errors
/// Fails when the text has another form or the number is 0; the error says what is allowed.
pub fn rate(text: &str) -> Result<Rate, UnitError> {
    rate_parts(text).ok_or_else(|| UnitError { wanted: RATE_WANTED, meant: meant_rate(text) })
}

fn rate_parts(text: &str) -> Option<Rate> {
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
}

/// A number and the word after it, as somebody may have written them.
fn loose(text: &str) -> Option<(&str, String)> {
    let (number, unit) = split_number(text.trim())?;
    let is_word = !unit.contains(|c: char| c.is_ascii_digit());
    is_word.then(|| (number, unit.trim().to_ascii_lowercase()))
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
    // Nothing at all is meant nowhere.
    size_bytes(&meant).is_some_and(|bytes| bytes > 0).then_some(meant)
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
    rate_parts(&meant).is_some().then_some(meant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_powers_of_1000_or_1024() {
        for (text, bytes) in
            [("64KB", 64_000), ("10MB", 10_000_000), ("1GB", 1_000_000_000), ("1.5KiB", 1536)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for (text, meant) in [
            ("10mb", Some("10MB")),
            ("64 KiB", Some("64KiB")),
            ("100", Some("100MB")),
            ("1.5.5KB", None),
            ("9999999KB", None),
            ("0", None),
        ] {
            assert_eq!(size(text).expect_err(text).meant.as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn rates_are_starts_in_a_period() {
        assert_eq!(rate("600/m"), Ok(Rate { count: 600, period: Duration::from_secs(60) }));
        for (text, meant) in [
            ("20", Some("20/s")),
            ("20 per minute", Some("20/m")),
            ("0/s", None),
            ("0.5", None),
            ("0.5/s", None),
            ("api", None),
        ] {
            assert_eq!(rate(text).expect_err(text).meant.as_deref(), meant, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_size_is_read_as_it_was_written(number in 0u64..1_000_000, unit in 0usize..6) {
            let (name, scale) = SIZE_UNITS[unit];
            prop_assert_eq!(size(&format!("{number}{name}")), Ok(number * scale));
        }

        #[test]
        fn every_rate_is_read_as_it_was_written(count in 1u32..1_000_000_000, period in 0usize..3) {
            let period = Duration::from_secs([1, 60, 3600][period]);
            let written = Rate { count, period };
            prop_assert_eq!(rate(&written.to_string()), Ok(written));
        }

        #[test]
        fn every_text_is_read_or_refused(text in "[0-9.]{0,12}[a-zA-Z /]{0,9}[0-9smhKMGBi./ ]{0,12}") {
            let _ = (duration(&text), size(&text), rate(&text));
        }
    }
}
