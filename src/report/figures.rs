//! This module writes numbers so that people can read them: durations, rates, shares, counts. It
//! does no layout.

use std::time::Duration;

use crate::event::Tally;
use crate::value::{Ratio, printable};

/// `0.04s`, `3.81s`, `1m05s`, `2h00m09s`.
pub(super) fn duration(duration: Duration) -> String {
    // Rounded once, so that 59.999 s is a minute and not `60.00s`.
    let hundredths = (duration.as_millis() + 5) / 10;
    let seconds = hundredths / 100;
    if seconds < 60 {
        return format!("{seconds}.{:02}s", hundredths % 100);
    }
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours == 0 {
        format!("{minutes}m{seconds:02}s")
    } else {
        format!("{hours}h{minutes:02}m{seconds:02}s")
    }
}

/// [`duration`] for round figures: `5s`, `1.50s`.
pub(super) fn brief(time: Duration) -> String {
    duration(time).replace(".00s", "s")
}

/// `30 ok`, `2 failed`, …: how items of a step that is running have ended, those endings that there are. `about` stands before each
/// number.
pub(super) fn endings(tally: &Tally, about: &str) -> Vec<String> {
    let named = [
        (tally.succeeded, "ok"),
        (tally.skipped, "skipped"),
        (tally.failed, "failed"),
        (tally.cancelled, "cancelled"),
        (tally.retried, "retried"),
    ];
    let there = named.into_iter().filter(|(count, _)| *count > 0);
    there.map(|(count, name)| format!("{about}{count} {name}")).collect()
}

/// The mark of counts of which some are not in the books.
pub(super) fn about(is_said: bool) -> &'static str {
    if is_said { "~" } else { "" }
}

/// `12 running · 38 queued (Priority) · 3 died`; `why`: why parts wait, as the engine says it.
pub(super) fn jobs(running: u64, (queued, why): (u64, Option<&str>), died: u64) -> String {
    let why = why.map(|why| format!(" ({})", printable(why))).unwrap_or_default();
    let queued = (queued > 0).then(|| format!("{queued} queued{why}"));
    let died = (died > 0).then(|| format!("{died} died"));
    let parts = [Some(format!("{running} running")), queued, died];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// `2623/s`, with decimals below ten; `None` where there is nothing to divide.
pub(super) fn rate(count: u64, duration: Duration) -> Option<String> {
    let seconds = duration.as_secs_f64();
    if count == 0 || seconds <= 0.0 {
        return None;
    }
    let rate = count as f64 / seconds;
    let decimals = if rate < 0.995 { 2 } else { usize::from(rate < 9.95) };
    Some(format!("{rate:.decimals$}/s"))
}

/// `10000 items`, `1 item`.
pub fn items(count: u64) -> String {
    format!("{count} item{}", if count == 1 { "" } else { "s" })
}

/// `99.93 %`: at most two decimals, and never 100 % for less than all.
pub(super) fn percent(part: u64, whole: u64) -> String {
    written(if part < whole { nearest(part, whole).min(9_999) } else { 10_000 })
}

/// [`percent`] of a share that is smaller than `ratio`: rounding must not make it look as if it were not.
pub(super) fn percent_short_of(ratio: Ratio, part: u64, whole: u64) -> String {
    let hundredths = nearest(part, whole);
    let is_misleading = hundredths >= u128::from(ratio.of(10_000));
    written(if is_misleading { hundredths.saturating_sub(1) } else { hundredths })
}

/// A share in hundredths of a percent.
fn nearest(part: u64, whole: u64) -> u128 {
    let whole = u128::from(whole.max(1));
    (u128::from(part) * 10_000 + whole / 2) / whole
}

fn written(hundredths: u128) -> String {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    match part {
        0 => format!("{whole} %"),
        part if part % 10 == 0 => format!("{whole}.{} %", part / 10),
        part => format!("{whole}.{part:02} %"),
    }
}

/// `95 %` for the ratio 0.95, with all the digits it was written with.
pub fn percent_of(ratio: Ratio) -> String {
    let text = ratio.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let (head, tail) = part.split_at(part.len().min(2));
    let whole = format!("{whole}{head:0<2}");
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if tail.is_empty() { format!("{whole} %") } else { format!("{whole}.{tail} %") }
}

/// `512 B`, `3.4 kB`, `12 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut size = count as f64 / 1e3;
    let mut unit = 0;
    // What would be written as a thousand of one unit is one of the next.
    while size >= 999.5 && unit + 1 < UNITS.len() {
        size /= 1e3;
        unit += 1;
    }
    let decimals = usize::from(size < 9.95);
    format!("{size:.decimals$} {}", UNITS[unit])
}

/// A line of the run's own log: `at_end: warn: no answer {"status":503}`
pub fn run_log(level: &str, message: &str, fields: Option<&str>) -> String {
    let fields = fields.map_or(String::new(), |fields| format!(" {fields}"));
    format!("at_end: {level}: {message}{fields}")
}

/// ` from 3 shards`; nothing where there is none.
pub(super) fn from_shards(shards: u64) -> String {
    match shards {
        0 => String::new(),
        1 => " from 1 shard".to_owned(),
        shards => format!(" from {shards} shards"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_a_stopwatch() {
        for (millis, expect) in [
            (0, "0.00s"),
            (44, "0.04s"),
            (3_811, "3.81s"),
            (59_994, "59.99s"),
            (59_996, "1m00s"),
            (65_000, "1m05s"),
            (7_209_000, "2h00m09s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), expect);
        }
    }

    #[test]
    fn shares_never_round_to_what_they_are_not() {
        for (part, whole, expect) in [
            (9962, 9969, "99.93 %"),
            (1, 2, "50 %"),
            (1, 8, "12.5 %"),
            (5, 12, "41.67 %"),
            (999_999, 1_000_000, "99.99 %"),
            (0, 0, "100 %"),
            (7, 7, "100 %"),
            (0, 7, "0 %"),
        ] {
            assert_eq!(percent(part, whole), expect);
        }
        for (ratio, part, whole, expect) in [
            ("0.95", 949_999, 1_000_000, "94.99 %"),
            ("0.95", 5, 12, "41.67 %"),
            ("1", 999_999, 1_000_000, "99.99 %"),
            ("0.5", 0, 7, "0 %"),
        ] {
            assert_eq!(percent_short_of(Ratio::parse(ratio).expect("a ratio"), part, whole), expect);
        }
    }

    #[test]
    fn a_needed_ratio_keeps_its_digits() {
        for (ratio, expect) in [
            ("0.95", "95 %"),
            ("1", "100 %"),
            ("0.5", "50 %"),
            ("0.999", "99.9 %"),
            ("0", "0 %"),
            ("0.07", "7 %"),
        ] {
            assert_eq!(percent_of(Ratio::parse(ratio).expect("a ratio")), expect);
        }
    }

    #[test]
    fn rates_have_a_decimal_only_when_small() {
        assert_eq!(rate(10_000, Duration::from_millis(3812)).as_deref(), Some("2623/s"));
        assert_eq!(rate(1, Duration::from_secs(4)).as_deref(), Some("0.25/s"));
        assert_eq!(rate(0, Duration::from_secs(4)), None);
        assert_eq!(rate(4, Duration::ZERO), None);
    }

    #[test]
    fn sizes_have_a_decimal_only_when_small() {
        for (count, expect) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (3449, "3.4 kB"),
            (12_345, "12 kB"),
            (999_499, "999 kB"),
            (12_345_678, "12 MB"),
            (2_500_000_000, "2.5 GB"),
        ] {
            assert_eq!(bytes(count), expect, "{count}");
        }
    }
}
