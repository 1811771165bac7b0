//! `time` gives points in time as seconds since 1970 (UTC), with microseconds as the fraction.
//!
//! It does not wait: `time.sleep` is in the VM already.

mod clock;
mod directives;

use mlua::{MultiValue, Value};

use super::call::Call;
use super::function::{Function, Module};
use crate::value::duration;

const TIME: Module = Module("time");

pub(super) const FUNCTIONS: &[Function] = &[
    TIME.rust("now", "(): number", |bind| bind.to(|_, _: &MultiValue| Ok(clock::now()))).explained(
        "The time now, in seconds since 1970.",
        "time.now() > 1700000000",
        "true",
    ),
    TIME.rust("parse", "(s: string, format: string?, zone: string?): number", |bind| bind.to(clock::parse))
        .explained(
            "Seconds of a time in ISO 8601 or RFC 3339, or in a `strftime` format (`%c`, `%x`, `%X` and `%r` as in the C \
             locale). Where it has no offset it is in an IANA time zone (UTC if none), where no time of day, midnight. \
             `%z` takes `+0200`, `+02:00` and `Z`; `%Z` takes `UTC` and `GMT` only, because other names stand for \
             several offsets. Years up to 9999.",
            r#"time.parse("2024-05-01T12:00:00+02:00"), time.parse("01.05.2024 12:00", "%d.%m.%Y %H:%M", "Europe/Berlin")"#,
            "1714557600, 1714557600",
        ),
    TIME.rust("try_parse", "(s: string, format: string?, zone: string?): number?", |bind| {
        bind.to(clock::try_parse)
    })
    .explained(
        "As `time.parse`, but nil where the text is no such time.",
        r#"time.try_parse("2024-02-30"), time.try_parse("1970-01-02")"#,
        "nil, 86400",
    ),
    TIME.rust("format", "(seconds: number, format: string?, zone: string?): string", |bind| bind.to(clock::format))
        .explained(
            "The time in a `strftime` format (ISO 8601 if none; names and `%c` as in the C locale) and an IANA time zone \
             (UTC if none).",
            r#"time.format(1714557600, "%d.%m.%Y %H:%M %Z", "Europe/Berlin")"#,
            r#""01.05.2024 12:00 CEST""#,
        ),
    TIME.rust("iso", "(seconds: number?): string", |bind| bind.to(clock::iso)).explained(
        "The time (now, if none is given) in ISO 8601, UTC.",
        "time.iso(1714557600.5)",
        r#""2024-05-01T10:00:00.5Z""#,
    ),
    TIME.rust("duration", "(s: string): number", |bind| bind.to(seconds)).explained(
        "Seconds of a duration such as `250ms`, `30s`, `5m`, `1h30m`, `7d12h`, as pipeline files have them.",
        r#"time.duration("1h30m")"#,
        "5400",
    ),
    TIME.given("sleep", "(seconds: number)").explained(
        "Waits without holding a worker's thread, until the deadline at most.",
        "time.sleep(0.01)",
        "",
    ),
];

/// `time.duration`
fn seconds(call: &Call<'_>, s: &Value) -> mlua::Result<f64> {
    let text = call.text(1, s)?;
    duration::parse(&text).map(|duration| duration.as_secs_f64()).ok_or_else(|| {
        let shown: String = text.chars().take(60).collect();
        call.bad_because(1, &format!("a duration such as `30s` or `1h30m` expected, got `{shown}`"))
    })
}
