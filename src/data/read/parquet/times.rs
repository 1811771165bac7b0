//! This module writes dates, times and spans as ISO 8601 text, for every count that a column can hold: in the proleptic
//! Gregorian calendar, with a sign before years that have not four digits, and always with the digits of the column's
//! unit, so that texts of four-digit years sort as the times do.

use std::io::Write as _;

use super::kind::Digits;

const DAY: i64 = 86_400;
const JULIAN_1970: i64 = 2_440_588;

/// Appends the date so many days after 1970-01-01.
pub(super) fn push_date(out: &mut Vec<u8>, days: i64) {
    let (year, month, day) = civil(days);
    match year {
        0..=9999 => push_digits(out, year as u64, 4),
        // Writing into memory does not fail.
        _ => write!(out, "{year:+05}").unwrap_or(()),
    }
    out.push(b'-');
    push_digits(out, month, 2);
    out.push(b'-');
    push_digits(out, day, 2);
}

/// Appends the date that begins so many milliseconds after 1970.
pub(super) fn push_date_millis(out: &mut Vec<u8>, millis: i64) -> Result<(), String> {
    if millis % (DAY * 1000) != 0 {
        return Err(format!("a date is no whole number of days: {millis} milliseconds"));
    }
    push_date(out, millis / (DAY * 1000));
    Ok(())
}

/// Appends the date and time at a count of parts of a second since 1970.
pub(super) fn push_timestamp(out: &mut Vec<u8>, count: i64, digits: Digits) {
    let parts = parts(digits);
    push_second(out, count.div_euclid(parts), count.rem_euclid(parts) as u64, digits);
}

/// Appends the date and time of nanoseconds of a Julian day.
pub(super) fn push_int96(out: &mut Vec<u8>, bytes: [u8; 12]) {
    let (nanos, day) = bytes.split_at(8);
    let nanos = i64::from_le_bytes(nanos.try_into().expect("eight bytes"));
    let day = i64::from(i32::from_le_bytes(day.try_into().expect("four bytes"))) - JULIAN_1970;
    let parts = parts(9);
    push_second(out, day * DAY + nanos.div_euclid(parts), nanos.rem_euclid(parts) as u64, 9);
}

/// Appends the time of day at a count of parts of a second since midnight.
pub(super) fn push_time_of_day(out: &mut Vec<u8>, count: i64, digits: Digits) -> Result<(), String> {
    let parts = parts(digits);
    // ISO 8601 knows the end of a day.
    if !(0..=DAY * parts).contains(&count) {
        let unit = unit(digits);
        return Err(format!("a time of day lies outside of the day: {count} {unit} since midnight"));
    }
    push_clock(out, count / parts, (count % parts) as u64, digits);
    Ok(())
}

/// Appends a span such as `PT1.500S` or `-PT1.500S`.
pub(super) fn push_duration(out: &mut Vec<u8>, count: i64, digits: Digits) {
    let (parts, size) = (parts(digits).unsigned_abs(), count.unsigned_abs());
    out.extend_from_slice(if count < 0 { b"-PT" } else { b"PT" });
    let _ = write!(out, "{}", size / parts);
    push_fraction(out, size % parts, digits);
    out.push(b'S');
}

/// Appends months, days and milliseconds, such as `P1M2DT3.5S`; what is zero is left out.
pub(super) fn push_interval(out: &mut Vec<u8>, bytes: [u8; 12]) {
    let field = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let (months, days, millis) = (field(0), field(4), field(8));
    out.push(b'P');
    for (count, letter) in [(months, 'M'), (days, 'D')] {
        if count > 0 {
            let _ = write!(out, "{count}{letter}");
        }
    }
    if millis > 0 || (months, days) == (0, 0) {
        let _ = write!(out, "T{}", millis / 1000);
        if millis % 1000 > 0 {
            let fraction = format!("{:03}", millis % 1000);
            let _ = write!(out, ".{}", fraction.trim_end_matches('0'));
        }
        out.push(b'S');
    }
}

fn push_second(out: &mut Vec<u8>, second: i64, fraction: u64, digits: Digits) {
    push_date(out, second.div_euclid(DAY));
    out.push(b'T');
    push_clock(out, second.rem_euclid(DAY), fraction, digits);
}

fn push_clock(out: &mut Vec<u8>, second: i64, fraction: u64, digits: Digits) {
    let second = second as u64;
    push_digits(out, second / 3600, 2);
    out.push(b':');
    push_digits(out, second / 60 % 60, 2);
    out.push(b':');
    push_digits(out, second % 60, 2);
    push_fraction(out, fraction, digits);
}

fn push_fraction(out: &mut Vec<u8>, fraction: u64, digits: Digits) {
    if digits > 0 {
        out.push(b'.');
        push_digits(out, fraction, usize::from(digits));
    }
}

/// Appends so many digits, zeros in front.
fn push_digits(out: &mut Vec<u8>, mut value: u64, count: usize) {
    let start = out.len();
    out.resize(start + count, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

fn parts(digits: Digits) -> i64 {
    10_i64.pow(u32::from(digits))
}

fn unit(digits: Digits) -> &'static str {
    match digits {
        0 => "seconds",
        3 => "milliseconds",
        6 => "microseconds",
        _ => "nanoseconds",
    }
}

/// Year, month and day so many days after 1970-01-01. The years begin in March, so that the leap day is their last.
fn civil(days: i64) -> (i64, u64, u64) {
    const ERA: i64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, next) = (day - (153 * month + 2) / 5 + 1, i64::from(month >= 10));
    let month = if next == 1 { month - 9 } else { month + 3 };
    (era * 400 + year + next, month as u64, day as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn dates_follow_the_calendar_over_the_whole_range() {
        let date = |days| text(|out| push_date(out, days));
        for (days, expect) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (-25_509, "1900-02-28"),
            (-25_508, "1900-03-01"),
            (2_932_896, "9999-12-31"),
            (2_932_897, "+10000-01-01"),
            (-719_528, "0000-01-01"),
            (-719_529, "-0001-12-31"),
            (i64::from(i32::MAX), "+5881580-07-11"),
            (i64::from(i32::MIN), "-5877641-06-23"),
        ] {
            assert_eq!(date(days), expect);
        }
        // Every day of four centuries follows the one before.
        let mut before = civil(-146_098);
        for days in -146_097..146_097 {
            let (year, month, day) = civil(days);
            let expect = match before {
                (year, 12, 31) => (year + 1, 1, 1),
                (year, month, day) if day == month_days(year, month) => (year, month + 1, 1),
                (year, month, day) => (year, month, day + 1),
            };
            assert_eq!((year, month, day), expect, "{days}");
            before = expect;
        }
    }

    fn month_days(year: i64, month: u64) -> u64 {
        match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    #[test]
    fn times_have_the_digits_of_their_unit() {
        for (count, digits, expect) in [
            (5, 0, "1970-01-01T00:00:05"),
            (-1, 3, "1969-12-31T23:59:59.999"),
            (1_000_000, 6, "1970-01-01T00:00:01.000000"),
            (i64::MAX, 9, "2262-04-11T23:47:16.854775807"),
            (i64::MIN, 9, "1677-09-21T00:12:43.145224192"),
            (i64::MAX, 6, "+294247-01-10T04:00:54.775807"),
            (i64::MIN, 6, "-290308-12-21T19:59:05.224192"),
            (i64::MAX, 0, "+292277026596-12-04T15:30:07"),
        ] {
            assert_eq!(text(|out| push_timestamp(out, count, digits)), expect);
        }
    }

    #[test]
    fn the_oldest_form_of_times_covers_all_its_days() {
        let int96 = |nanos: i64, day: i32| {
            let mut bytes = [0; 12];
            bytes[..8].copy_from_slice(&nanos.to_le_bytes());
            bytes[8..].copy_from_slice(&day.to_le_bytes());
            text(|out| push_int96(out, bytes))
        };
        assert_eq!(int96(1, 2_440_588), "1970-01-01T00:00:00.000000001");
        assert_eq!(int96(86_399_999_999_999, 5_373_484), "9999-12-31T23:59:59.999999999");
        assert_eq!(int96(0, 0), "-4713-11-24T00:00:00.000000000");
        assert_eq!(int96(-1, 2_440_588), "1969-12-31T23:59:59.999999999");
        assert_eq!(int96(0, i32::MAX), "+5874898-06-03T00:00:00.000000000");
    }

    #[test]
    fn a_time_of_day_stays_within_the_day() {
        let time = |count, digits| {
            let mut out = Vec::new();
            push_time_of_day(&mut out, count, digits).map(|()| String::from_utf8(out).expect("text"))
        };
        assert_eq!(time(3_723_004, 3), Ok("01:02:03.004".to_owned()));
        assert_eq!(time(86_399_999_999, 6), Ok("23:59:59.999999".to_owned()));
        assert_eq!(time(86_400, 0), Ok("24:00:00".to_owned()));
        let found = "a time of day lies outside of the day: 259200000000 microseconds since midnight";
        assert_eq!(time(259_200_000_000, 6), Err(found.to_owned()));
        assert!(time(-1, 9).is_err());
    }

    #[test]
    fn spans_are_text() {
        assert_eq!(text(|out| push_duration(out, -1500, 3)), "-PT1.500S");
        assert_eq!(text(|out| push_duration(out, i64::MIN, 9)), "-PT9223372036.854775808S");
        assert_eq!(text(|out| push_duration(out, 259_200, 0)), "PT259200S");
        let interval = |months: u32, days: u32, millis: u32| {
            let fields = [months, days, millis].map(u32::to_le_bytes).concat();
            text(|out| push_interval(out, fields.try_into().expect("twelve")))
        };
        assert_eq!(interval(1, 2, 3500), "P1M2DT3.5S");
        assert_eq!(interval(14, 0, 0), "P14M");
        assert_eq!(interval(0, 0, 0), "PT0S");
        assert_eq!(interval(0, 0, 7), "PT0.007S");
        assert_eq!(interval(u32::MAX, u32::MAX, u32::MAX), "P4294967295M4294967295DT4294967.295S");
    }

    #[test]
    fn dates_in_milliseconds_are_whole_days() {
        assert_eq!(text(|out| push_date_millis(out, -86_400_000).expect("a day")), "1969-12-31");
        assert!(push_date_millis(&mut Vec::new(), 1).is_err());
    }
}
