//! This module reads the texts of typed columns: dates, times and decimals. Nothing is rounded: what the column's unit
//! does not hold is an error.

use arrow_schema::TimeUnit;

const DAY: i64 = 86_400;

/// A date and time as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Whole seconds since 1970; in UTC, where there is a zone.
    second: i64,
    nanos: u32,
    pub(super) has_zone: bool,
}

impl Moment {
    /// Reads `2024-02-29T12:30:00.5Z`, with an offset such as `+02:00`, or without a zone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', ' '])?;
        let (clock, offset) = match (time.strip_suffix('Z'), time.rfind(['+', '-'])) {
            (Some(clock), _) => (clock, Some(0)),
            (None, Some(at)) => (&time[..at], Some(offset(&time[at..])?)),
            (None, None) => (time, None),
        };
        let (second, nanos) = clock_time(clock)?;
        let second = parse_date(date)?.checked_mul(DAY)?.checked_add(second - offset.unwrap_or(0))?;
        Some(Self { second, nanos, has_zone: offset.is_some() })
    }

    /// Whether microseconds do not hold it.
    pub(super) fn needs_nanos(self) -> bool {
        !self.nanos.is_multiple_of(1000)
    }

    /// The count of units since 1970; `None` when it is between two of them or beyond 64 bits.
    pub(super) fn count(self, unit: TimeUnit) -> Option<i64> {
        whole(self.second, self.nanos, unit)
    }
}

/// The days from 1970-01-01 to a date such as `2024-02-29`; other than four-digit years have a sign.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    // `-MM-DD` ends it.
    let (year_text, rest) = text.split_at_checked(text.len().checked_sub(6)?)?;
    let signed = year_text.starts_with(['+', '-']);
    let digits = year_text.trim_start_matches(['+', '-']);
    let is_year = digits.bytes().all(|byte| byte.is_ascii_digit())
        && if signed { (4..=12).contains(&digits.len()) } else { digits.len() == 4 };
    let year: i64 = if is_year { year_text.parse().ok()? } else { return None };
    let [b'-', rest @ ..] = rest.as_bytes() else { return None };
    let [m1, m2, b'-', d1, d2] = rest else { return None };
    let (month, day) = (pair(*m1, *m2)?, pair(*d1, *d2)?);
    if !(1..=12).contains(&month) || day < 1 || day > month_days(year, month) {
        return None;
    }
    // The years begin in March, so that the leap day is their last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let days = 365 * of_era + of_era / 4 - of_era / 100 + (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + days - 719_468)
}

/// The count of units from midnight to a time such as `12:30:00.5`.
pub(super) fn parse_time(text: &str, unit: TimeUnit) -> Option<i64> {
    let (second, nanos) = clock_time(text)?;
    whole(second, nanos, unit)
}

fn whole(second: i64, nanos: u32, unit: TimeUnit) -> Option<i64> {
    let parts: i64 = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let size = 1_000_000_000 / parts;
    let nanos = i64::from(nanos);
    // Through 128 bits: the first moments of the range lie a second before what 64 bits hold.
    let count = i128::from(second) * i128::from(parts) + i128::from(nanos / size);
    (nanos % size == 0).then(|| i64::try_from(count).ok()).flatten()
}

fn clock_time(text: &str) -> Option<(i64, u32)> {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(clock, part)| (clock, Some(part)));
    let [h1, h2, b':', m1, m2, rest @ ..] = clock.as_bytes() else { return None };
    let seconds = match rest {
        [] if fraction.is_none() => 0,
        [b':', s1, s2] => pair(*s1, *s2)?,
        _ => return None,
    };
    let (hour, minute) = (pair(*h1, *h2)?, pair(*m1, *m2)?);
    let nanos = match fraction {
        None => 0,
        Some(digits)
            if (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            digits.parse::<u32>().ok()? * 10_u32.pow(9 - digits.len() as u32)
        }
        Some(_) => return None,
    };
    let ends_day = hour == 24 && (minute, seconds, nanos) == (0, 0, 0);
    if (hour > 23 && !ends_day) || minute > 59 || seconds > 59 {
        return None;
    }
    Some((hour * 3600 + minute * 60 + seconds, nanos))
}

/// Seconds of an offset such as `+02:00`.
fn offset(text: &str) -> Option<i64> {
    let (sign, digits) = text.split_at(1);
    let (hour, minute) = match digits.as_bytes() {
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (pair(*h1, *h2)?, pair(*m1, *m2)?),
        [h1, h2] => (pair(*h1, *h2)?, 0),
        _ => return None,
    };
    let size = hour * 3600 + minute * 60;
    (hour <= 23 && minute <= 59).then_some(if sign == "-" { -size } else { size })
}

fn pair(high: u8, low: u8) -> Option<i64> {
    (high.is_ascii_digit() && low.is_ascii_digit())
        .then(|| i64::from(high - b'0') * 10 + i64::from(low - b'0'))
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        2 if year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The digits of a decimal, sign in front, with exactly so many behind the point that is left out: `-1.5` with two is
/// `-150`. `None` when the text is no number or has more digits than that in all or behind the point.
pub(super) fn decimal_digits(text: &str, precision: u8, scale: u8) -> Option<String> {
    let (sign, bare) = text.strip_prefix('-').map_or(("", text), |bare| ("-", bare));
    let (number, exponent) = match bare.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (bare, 0),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let is_number = !whole.is_empty() && (!part.is_empty() || !number.contains('.'));
    let digits = format!("{whole}{part}");
    if !is_number
        || digits.len() > 400
        || exponent.abs() > 400
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    // Digits that have to follow, or those that are too many and have to be zeros.
    let missing = i32::from(scale) - (part.len() as i32 - exponent);
    let mut digits = digits;
    if missing >= 0 {
        digits.extend(std::iter::repeat_n('0', missing as usize));
    } else {
        let kept = digits.len().saturating_sub(missing.unsigned_abs() as usize);
        if digits[kept..].bytes().any(|byte| byte != b'0') {
            return None;
        }
        digits.truncate(kept);
    }
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    (digits.len() <= usize::from(precision)).then(|| format!("{sign}{digits}"))
}

/// The bytes that hexadecimal digits stand for.
pub(super) fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_in_days() {
        for (text, days) in [
            ("1970-01-01", Some(0)),
            ("1969-12-31", Some(-1)),
            ("2000-02-29", Some(11_016)),
            ("+10000-01-01", Some(2_932_897)),
            ("-0001-12-31", Some(-719_529)),
            ("0000-01-01", Some(-719_528)),
            ("+5881580-07-11", Some(i64::from(i32::MAX))),
            ("1900-02-29", None),
            ("2024-13-01", None),
            ("2024-1-01", None),
            ("10000-01-01", None),
            ("24-01-01", None),
            ("äöü-01-01", None),
            ("", None),
        ] {
            assert_eq!(parse_date(text), days, "{text}");
        }
    }

    #[test]
    fn moments_are_counted_in_their_unit() {
        let count = |text, unit| Moment::parse(text).and_then(|moment| moment.count(unit));
        assert_eq!(count("1970-01-01T00:00:01.5Z", TimeUnit::Millisecond), Some(1500));
        assert_eq!(count("1970-01-01T02:00:00+02:00", TimeUnit::Second), Some(0));
        assert_eq!(count("1969-12-31 23:59:59.999999999", TimeUnit::Nanosecond), Some(-1));
        assert_eq!(count("1677-09-21T00:12:43.145224192", TimeUnit::Nanosecond), Some(i64::MIN));
        assert_eq!(count("1970-01-01T00:00:00.0001", TimeUnit::Millisecond), None);
        assert_eq!(count("9999-12-31T00:00:00", TimeUnit::Nanosecond), None);
        for text in [
            "2024-01-01",
            "2024-01-01T",
            "2024-01-01T25:00:00",
            "2024-01-01T10:00:00.",
            "2024-01-01T10:00:60Z",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
        assert_eq!(parse_time("24:00:00", TimeUnit::Second), Some(86_400));
        assert_eq!(parse_time("01:02", TimeUnit::Second), Some(3720));
    }

    #[test]
    fn decimals_keep_their_digits() {
        for (text, precision, scale, expect) in [
            ("1.5", 5, 2, Some("150")),
            ("-0.05", 5, 2, Some("-5")),
            ("1.500", 5, 1, Some("15")),
            ("1e3", 5, 0, Some("1000")),
            ("1.5e-1", 5, 2, Some("15")),
            ("0", 1, 0, Some("0")),
            ("1.55", 5, 1, None),
            ("1000", 3, 0, None),
            ("x", 3, 0, None),
            ("1.", 3, 0, None),
            ("", 3, 0, None),
        ] {
            assert_eq!(decimal_digits(text, precision, scale).as_deref(), expect, "{text}");
        }
    }
}
