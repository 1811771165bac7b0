//! These tests cover `time`.

use super::{check, check_error};

#[test]
fn parse_takes_iso_in_all_its_forms() {
    for (text, seconds) in [
        ("1970-01-01", "0"),
        ("1970-01-01T00:00:01", "1"),
        ("1970-01-01 00:00:01Z", "1"),
        ("1970-01-01T01:00:00+01:00", "0"),
        ("1970-01-01T00:00:00.25Z", "0.25"),
        ("1969-12-31T23:59:59Z", "-1"),
        ("2024-02-29T00:00:00Z", "1709164800"),
        ("2024-05-01T12:00+02:00[Europe/Berlin]", "1714557600"),
    ] {
        check(&format!("time.parse('{text}')"), seconds);
    }
    check_error(
        "time.parse('yesterday')",
        "bad argument #1 to `time.parse` (an ISO 8601 time expected, got `yesterday`)",
    );
    check_error(
        "time.parse('2023-02-29')",
        "bad argument #1 to `time.parse` (an ISO 8601 time expected, got `2023-02-29`)",
    );
}

#[test]
fn parse_takes_a_format() {
    check("time.parse('01.05.2024', '%d.%m.%Y')", "1714521600");
    check("time.parse('01.05.2024 12:00', '%d.%m.%Y %H:%M')", "1714564800");
    check("time.parse('1 May 2024 12:00 +0200', '%d %b %Y %H:%M %z')", "1714557600");
    check("time.parse('1714557600', '%s')", "1714557600");
    check("time.parse('2024-05-01 12:00 Europe/Berlin', '%Y-%m-%d %H:%M %Q')", "1714557600");
    for call in ["time.parse('x', '%Y')", "time.parse('12:00', '%H:%M')", "time.parse('2024', '%K')"] {
        check(&format!("(pcall(function() return {call} end))"), "false");
    }
}

#[test]
fn format_is_iso_unless_told() {
    check("time.format(0)", "'1970-01-01T00:00:00Z'");
    check("time.format(0, nil, 'Europe/Berlin')", "'1970-01-01T01:00:00+01:00'");
    check("time.format(0, '%Y-%m-%d')", "'1970-01-01'");
    check("time.format(0, '%H:%M', 'America/New_York')", "'19:00'");
    check("time.format(0, '%H:%M', 'utc')", "'00:00'");
    check_error(
        "time.format(0, '%H', 'Mars/Base')",
        "bad argument #3 to `time.format` (unknown time zone `Mars/Base`)",
    );
    check_error("time.format(0/0)", "bad argument #1 to `time.format` (a finite number of seconds expected)");
    check_error(
        "time.format(1e15)",
        "bad argument #1 to `time.format` (1000000000000000 seconds are outside the years -9999 to 9999)",
    );
}

#[test]
fn iso_has_as_many_digits_as_it_needs() {
    check("time.iso(0.1)", "'1970-01-01T00:00:00.1Z'");
    check("time.iso(1714557600.123456)", "'2024-05-01T10:00:00.123456Z'");
    check("time.iso(-0.5)", "'1969-12-31T23:59:59.5Z'");
    check("math.abs(time.parse(time.iso()) - time.now()) < 60", "true");
}

#[test]
fn a_duration_has_units() {
    check("time.duration('250ms')", "0.25");
    check("time.duration('7d12h')", "648000");
    check_error(
        "time.duration('soon')",
        "bad argument #1 to `time.duration` (a duration such as `30s` or `1h30m` expected, got `soon`)",
    );
}
