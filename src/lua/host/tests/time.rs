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

#[test]
fn zones_are_parsed_in_all_their_forms() {
    for (text, seconds) in [
        ("1970-01-01 02:00 +0200", "0"),
        ("1970-01-01 02:00 +02:00", "0"),
        ("1970-01-01 02:00 +02", "0"),
        ("1970-01-01 00:00 Z", "0"),
        ("1969-12-31 19:30 -0430", "0"),
        ("1970-01-01 00:00 -00:00", "0"),
    ] {
        check(&format!("time.parse('{text}', '%Y-%m-%d %H:%M %z')"), seconds);
        // What the text says goes before the zone.
        check(&format!("time.parse('{text}', '%F %R %z', 'Asia/Tokyo')"), seconds);
    }
    check("time.parse('%z 1970-01-02 +0000', '%%z %F %z')", "86400");
    check("time.parse('Thu, 01 Jan 1970 00:00:01 GMT', '%a, %d %b %Y %H:%M:%S %Z')", "1");
    check("time.parse('1970-01-01 UTC', '%F %Z', 'Asia/Tokyo')", "0");
    for name in ["CEST", "EST", "Europe/Berlin"] {
        check_error(
            &format!("time.parse('2024-05-01 {name}', '%Y-%m-%d %Z')"),
            &format!(
                "bad argument #1 to `time.parse` (`2024-05-01 {name}` does not match the format `%Y-%m-%d %Z`: `%Z` takes `UTC` \
                 and `GMT` only, because others such as `CST` stand for several offsets: `%z` takes an offset, and the third \
                 argument a zone such as `Europe/Berlin`)"
            ),
        );
    }
}

#[test]
fn a_time_without_an_offset_is_in_the_zone() {
    check("time.parse('2024-05-01T12:00', nil, 'Europe/Berlin')", "1714557600");
    check("time.parse('2024-05-01', nil, 'Europe/Berlin')", "1714514400");
    check("time.parse('2024-05-01T12:00Z', nil, 'Europe/Berlin')", "1714564800");
    check("time.parse('01.12.2024', '%d.%m.%Y', 'America/New_York')", "1733029200");
    // Twice there: the first time. Never there: an hour later.
    check(
        "time.format(time.parse('2024-11-03 01:30', '%F %R', 'America/New_York'))",
        "'2024-11-03T05:30:00Z'",
    );
    check(
        "time.format(time.parse('2024-03-10 02:30', '%F %R', 'America/New_York'))",
        "'2024-03-10T07:30:00Z'",
    );
    check_error(
        "time.parse('2024-05-01', nil, 'Mars/Base')",
        "bad argument #3 to `time.parse` (unknown time zone `Mars/Base`)",
    );
}

#[test]
fn dates_are_those_of_the_c_locale() {
    for (directive, text) in [
        ("%c", "Fri Mar  1 04:05:09 2024"),
        ("%x", "03/01/24"),
        ("%X", "04:05:09"),
        ("%r", "04:05:09 AM"),
        ("%Ec", "Fri Mar  1 04:05:09 2024"),
        ("%Ex %EX", "03/01/24 04:05:09"),
        ("%Od.%Om.%EY", "01.03.2024"),
        ("%D %T %e|%k|%l", "03/01/24 04:05:09  1| 4| 4"),
        ("%h %P %p %j %u %w %U %V %W %G %g %C", "Mar am AM 061 5 5 08 09 09 2024 24 20"),
        ("%s %N %%c", "1709265909 000000000 %c"),
    ] {
        check(&format!("time.format(1709265909, '{directive}')"), &format!("'{text}'"));
    }
    check("time.parse('Fri Mar  1 04:05:09 2024', '%c')", "1709265909");
    check("time.parse('Fri Mar 01 04:05:09 2024', '%c')", "1709265909");
    check("time.parse('03/01/24 04:05:09', '%x %X')", "1709265909");
    check("time.parse('03/01/24 04:05:09 PM', '%Ex %r')", "1709309109");
}

#[test]
fn years_go_up_to_9999() {
    check("time.parse('9999-12-31T23:59:59Z')", "253402300799");
    check("time.parse('9999-12-31T23:59:59')", "253402300799");
    check("time.parse('9999-12-31')", "253402214400");
    check("time.parse('9999-12-31T23:59:59+01:00')", "253402297199");
    check("time.parse('31.12.9999 23:59:59 +0100', '%d.%m.%Y %T %z')", "253402297199");
    check("time.parse('9999-12-31 12:00', '%F %R', 'Asia/Tokyo')", "253402225200");
    check("time.format(253402300799)", "'9999-12-31T23:59:59Z'");
    check("time.format(253402300799, '%c %j %A %Z')", "'Fri Dec 31 23:59:59 9999 365 Friday UTC'");
    check("time.format(253402225200, '%F %R %z', 'Asia/Tokyo')", "'9999-12-31 12:00 +0900'");
    check("time.iso(253402300799)", "'9999-12-31T23:59:59Z'");
    check("time.iso(time.parse('0001-01-01'))", "'0001-01-01T00:00:00Z'");
    check("time.iso(time.parse('-000001-01-01T00:00:00Z'))", "'-000001-01-01T00:00:00Z'");
    check_error(
        "time.iso(253402300800)",
        "bad argument #1 to `time.iso` (253402300800 seconds are outside the years -9999 to 9999)",
    );
    check_error(
        "time.format(253402300799, nil, 'Asia/Tokyo')",
        "bad argument #1 to `time.format` (the time is outside the years -9999 to 9999 there)",
    );
}

#[test]
fn try_parse_gives_nil_where_parse_fails() {
    check("time.try_parse('2024-02-30')", "nil");
    check("time.try_parse('x', '%Y')", "nil");
    check("time.try_parse('2024-05-01 CEST', '%F %Z')", "nil");
    check("time.try_parse('1970-01-01 01:00', '%F %R', 'Europe/Berlin')", "0");
    check_error(
        "time.try_parse('5', '%K')",
        "bad argument #2 to `time.try_parse` (bad format `%K`: strftime formatting failed: found unrecognized specifier directive \
         `K`)",
    );
    check_error("time.try_parse(5)", "bad argument #1 to `time.try_parse` (string expected, got number)");
    check_error(
        "time.try_parse('x', '%Y', 'x')",
        "bad argument #3 to `time.try_parse` (unknown time zone `x`)",
    );
}
