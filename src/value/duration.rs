//! A duration is written as numbers with units, such as `500ms`, `1.5h` or `7d12h`, the same wherever one is written: in
//! pipeline files, on the command line and in Lua.

use std::time::Duration;

use super::decimal::{scaled, split_number};

/// What a duration looks like.
pub const WANTED: &str =
    "a duration is a number and a unit (`d`, `h`, `m`, `s`, `ms`), such as `10s` or `1h30m`";

/// The pattern of a number with its unit, or of that and smaller ones behind it.
macro_rules! pattern {
    (d) => { r"[0-9]{1,4}(?:\.[0-9]{1,3})?d" };
    (h) => { r"[0-9]{1,5}(?:\.[0-9]{1,3})?h" };
    (m) => { r"[0-9]{1,7}(?:\.[0-9]{1,3})?m" };
    (s) => { r"[0-9]{1,9}(?:\.[0-9]{1,6})?s" };
    (ms) => { r"[0-9]{1,9}(?:\.[0-9]{1,3})?ms" };
    ($first:ident $($smaller:ident)+) => { concat!(pattern!($first), $("(?:", pattern!($smaller), ")?"),+) };
}

/// Pattern of a duration: days, hours, minutes, seconds and milliseconds in this order, each at most once. Without
/// lookaround, so that matching takes linear time on any text.
pub const PATTERN: &str = concat!(
    "(?:",
    pattern!(d h m s ms),
    "|",
    pattern!(h m s ms),
    "|",
    pattern!(m s ms),
    "|",
    pattern!(s ms),
    "|",
    pattern!(ms),
    ")",
);

/// The units from the largest: name, nanoseconds, digits before and after the point. So many digits of all units together
/// are less than a century, which leaves room for sums and products.
const UNITS: [(&str, u64, usize, usize); 5] = [
    ("d", 86_400_000_000_000, 4, 3),
    ("h", 3_600_000_000_000, 5, 3),
    ("m", 60_000_000_000, 7, 3),
    ("s", 1_000_000_000, 9, 6),
    ("ms", 1_000_000, 9, 3),
];

/// Reads `250ms`, `30s`, `5m`, `1h30m`, `1.5s`, `7d12h`; `None`: the text has another form, or more digits.
pub fn parse(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut nanos = 0u64;
    while !rest.is_empty() {
        let (number, after) = split_number(rest)?;
        let word = &after[..after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len())];
        let (_, scale, whole, part) = units.find(|(unit, ..)| *unit == word)?;
        nanos = nanos.checked_add(scaled(number, *scale, *whole, *part)?)?;
        rest = &after[word.len()..];
    }
    (!text.is_empty()).then(|| Duration::from_nanos(nanos))
}

/// A duration in this notation. Nanoseconds below one are cut.
pub fn format(duration: Duration) -> String {
    let mut micros = duration.as_micros();
    if micros == 0 || !micros.is_multiple_of(1_000) {
        return format!("{}s", duration.as_secs_f64());
    }
    let part = |(unit, scale): (&str, u128)| {
        let count = micros / scale;
        micros %= scale;
        if count > 0 { format!("{count}{unit}") } else { String::new() }
    };
    UNITS.map(|(unit, nanos, ..)| (unit, u128::from(nanos) / 1_000)).map(part).concat()
}

/// What was probably meant by a text that is no duration: a number and a word for a unit.
pub fn meant(text: &str) -> Option<String> {
    let (number, word) = split_number(text.trim())?;
    let word = word.trim().to_ascii_lowercase();
    let unit = match word.as_str() {
        _ if word.contains(|c: char| c.is_ascii_digit()) => return None,
        "" => "s",
        _ if word.starts_with("ms") || word.starts_with("mil") => "ms",
        _ if word.starts_with('s') => "s",
        _ if word.starts_with('m') => "m",
        _ if word.starts_with('h') => "h",
        _ if word == "d" || word.starts_with("day") => "d",
        _ => return None,
    };
    let meant = format!("{number}{unit}");
    parse(&meant).is_some().then_some(meant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_exactly() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            ("30s", 30_000_000_000),
            ("5m", 300_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("1d", 86_400_000_000_000),
            ("7d12h", 648_000_000_000_000),
            ("1d1h1m1s1ms", 90_061_001_000_000),
            ("1.5s", 1_500_000_000),
            ("0.000001s", 1_000),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn durations_are_shown_as_people_write_them() {
        for text in ["90d", "1d", "7d12h", "23h", "1h30m", "30s", "250ms", "1m0.5s", "0s"] {
            let shown = format(parse(text).expect("a duration"));
            assert_eq!(shown, text.replace("1m0.5s", "1m500ms"), "{text}");
        }
    }

    #[test]
    fn the_longest_duration_is_less_than_a_century() {
        let longest = parse("9999d99999h9999999m999999999s999999999ms").expect("a duration");
        assert!(longest < Duration::from_secs(100 * 365 * 86_400));
    }

    #[test]
    fn what_is_no_duration_names_what_was_meant() {
        for (text, expect) in [
            ("10 secondz", Some("10s")),
            ("10", Some("10s")),
            ("5 minutes", Some("5m")),
            ("200 millis", Some("200ms")),
            ("2 days", Some("2d")),
            ("1H", Some("1h")),
            ("1m1h", None),
            ("12h7d", None),
            ("1s1s", None),
            ("1h30", None),
            ("", None),
            ("s", None),
            ("1..5s", None),
            ("1.s", None),
            (".5s", None),
            ("-1s", None),
            ("100000h", None),
            ("10000d", None),
            ("soon", None),
        ] {
            assert_eq!((parse(text), meant(text).as_deref()), (None, expect), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_duration_is_read_as_it_was_written(millis in 0u64..100_000_000_000) {
            let exact = Duration::from_millis(millis);
            prop_assert_eq!(parse(&format(exact)), Some(exact));
        }

        #[test]
        fn every_text_is_read_or_refused(text in "[0-9.]{0,12}[a-zA-Z ]{0,9}[0-9smhd. ]{0,12}") {
            let _ = (parse(&text), meant(&text));
        }
    }
}
