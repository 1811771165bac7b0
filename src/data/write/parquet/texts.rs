//! This module reads the texts of typed columns: dates, times, spans and bytes. Nothing is rounded: what the column's unit
//! does not hold is an error.

use arrow_schema::TimeUnit;

const DAY: i64 = 86_400;
/// The Julian day that begins at noon of 1970-01-01 and stands for it.
const JULIAN_1970: i64 = 2_440_588;

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

    /// Nanoseconds of a Julian day and the day; `None` beyond its 32 bits.
    pub(super) fn int96(self) -> Option<[u8; 12]> {
        let nanos = self.second.rem_euclid(DAY) * 1_000_000_000 + i64::from(self.nanos);
        let day = i32::try_from(self.second.div_euclid(DAY) + JULIAN_1970).ok()?;
        let mut bytes = [0; 12];
        bytes[..8].copy_from_slice(&nanos.to_le_bytes());
        bytes[8..].copy_from_slice(&day.to_le_bytes());
        Some(bytes)
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
    i64::try_from(counted(second, nanos, unit)?).ok()
}

/// In 128 bits, because the first moments of the range lie a second before what 64 bits hold.
fn counted(second: impl Into<i128>, nanos: u32, unit: TimeUnit) -> Option<i128> {
    let parts: u32 = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let size = 1_000_000_000 / parts;
    nanos.is_multiple_of(size).then(|| second.into() * i128::from(parts) + i128::from(nanos / size))
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
    let nanos = fraction.map_or(Some(0), parse_fraction)?;
    let ends_day = hour == 24 && (minute, seconds, nanos) == (0, 0, 0);
    if (hour > 23 && !ends_day) || minute > 59 || seconds > 59 {
        return None;
    }
    Some((hour * 3600 + minute * 60 + seconds, nanos))
}

/// The nanoseconds that digits behind the point stand for.
fn parse_fraction(digits: &str) -> Option<u32> {
    let fits = is_digits(digits) && digits.len() <= 9;
    fits.then(|| Some(digits.parse::<u32>().ok()? * 10_u32.pow(9 - digits.len() as u32))).flatten()
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
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

/// The count of units of a span such as `PT1.500S` or `-PT1.500S`.
pub(super) fn parse_duration(text: &str, unit: TimeUnit) -> Option<i64> {
    let (is_negative, span) = text.strip_prefix('-').map_or((false, text), |span| (true, span));
    let (second, nanos) = seconds(span.strip_prefix("PT")?.strip_suffix('S')?)?;
    let count = counted(second, nanos, unit)?;
    i64::try_from(if is_negative { -count } else { count }).ok()
}

/// Months, days and milliseconds of a text such as `P1M2DT3.5S`.
pub(super) fn parse_interval(text: &str) -> Option<[u32; 3]> {
    let span = text.strip_prefix('P')?;
    let (date, time) = span.split_once('T').map_or((span, None), |(date, time)| (date, Some(time)));
    let (months, days) = date.split_once('M').map_or(("0", date), |(months, days)| (months, days));
    let days = if days.is_empty() { "0" } else { days.strip_suffix('D')? };
    let millis = match time {
        None if date.is_empty() => return None,
        None => 0,
        Some(time) => {
            let (second, nanos) = seconds(time.strip_suffix('S')?)?;
            u32::try_from(counted(second, nanos, TimeUnit::Millisecond)?).ok()?
        }
    };
    let whole = |text: &str| is_digits(text).then(|| text.parse().ok()).flatten();
    Some([whole(months)?, whole(days)?, millis])
}

/// Whole seconds and nanoseconds of a number such as `1.500`.
fn seconds(text: &str) -> Option<(u64, u32)> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let second = is_digits(whole).then(|| whole.parse().ok()).flatten()?;
    Some((second, fraction.map_or(Some(0), parse_fraction)?))
}

/// The sixteen bytes of a text such as `123e4567-e89b-12d3-a456-426614174000`.
pub(super) fn parse_uuid(text: &str) -> Option<Vec<u8>> {
    let parts: Vec<&str> = text.split('-').collect();
    let has_lengths = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]);
    has_lengths.then(|| parse_hex(&parts.concat())).flatten()
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
    fn spans_are_counted_in_their_unit() {
        for (text, unit, expect) in [
            ("PT1.500S", TimeUnit::Millisecond, Some(1500)),
            ("-PT1.500S", TimeUnit::Millisecond, Some(-1500)),
            ("-PT9223372036.854775808S", TimeUnit::Nanosecond, Some(i64::MIN)),
            ("PT9223372036.854775808S", TimeUnit::Nanosecond, None),
            ("PT259200S", TimeUnit::Second, Some(259_200)),
            ("PT0.5S", TimeUnit::Second, None),
            ("PT1M", TimeUnit::Second, None),
            ("PT+1S", TimeUnit::Second, None),
            ("1.5", TimeUnit::Second, None),
        ] {
            assert_eq!(parse_duration(text, unit), expect, "{text}");
        }
        for (text, expect) in [
            ("P1M2DT3.5S", Some([1, 2, 3500])),
            ("P14M", Some([14, 0, 0])),
            ("P2D", Some([0, 2, 0])),
            ("PT0S", Some([0, 0, 0])),
            ("PT0.007S", Some([0, 0, 7])),
            ("P4294967295M4294967295DT4294967.295S", Some([u32::MAX; 3])),
            ("P4294967296M", None),
            ("PT0.0001S", None),
            ("P", None),
            ("PM", None),
            ("P1", None),
            ("PT", None),
        ] {
            assert_eq!(parse_interval(text), expect, "{text}");
        }
    }

    #[test]
    fn uuids_and_the_oldest_times_are_bytes() {
        let bytes = parse_uuid("00112233-4455-6677-8899-aabbccddeeff").expect("a UUID");
        assert_eq!(bytes, (0..16).map(|at| at * 0x11).collect::<Vec<u8>>());
        for text in ["", "00112233445566778899aabbccddeeff", "0011223-34455-6677-8899-aabbccddeeff"] {
            assert_eq!(parse_uuid(text), None, "{text}");
        }
        let int96 = |text| {
            Moment::parse(text).and_then(Moment::int96).map(|bytes| {
                let (nanos, day) = bytes.split_at(8);
                let day = i32::from_le_bytes(day.try_into().expect("four"));
                (i64::from_le_bytes(nanos.try_into().expect("eight")), day)
            })
        };
        assert_eq!(int96("1970-01-01T00:00:00.000000001"), Some((1, 2_440_588)));
        assert_eq!(int96("1969-12-31T23:59:59.999999999"), Some((86_399_999_999_999, 2_440_587)));
        assert_eq!(int96("+5874898-06-03T00:00:00"), Some((0, i32::MAX)));
        assert_eq!(int96("+5874898-06-04T00:00:00"), None);
    }
}
