//! These functions give points in time: now, from text, to text.

use jiff::civil::{self, DateTime, Time};
use jiff::fmt::strtime::{self, BrokenDownTime, Meridiem, PosixCustom};
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use mlua::Value;

use super::directives::{self, Pattern};

use crate::lua::host::call::Call;

/// A number has room for this much of a present time.
const MICROSECONDS: f64 = 1e6;

/// Longest `strftime` format; padding such as `%9999d` is bounded by the formatter itself.
const FORMAT_BYTES: usize = 1024;

/// 1970, where the seconds begin.
const EPOCH: DateTime = civil::datetime(1970, 1, 1, 0, 0, 0, 0);

/// Why most names of zones are refused.
const NAMES: &str = "`%Z` takes `UTC` and `GMT` only, because others such as `CST` stand for several offsets: `%z` takes an \
                     offset, and the third argument a zone such as `Europe/Berlin`";

/// `time.now`
pub(super) fn now() -> f64 {
    seconds(Timestamp::now().as_microsecond())
}

/// `time.parse`
pub(super) fn parse(call: &Call<'_>, (s, format, zone): &(Value, Value, Value)) -> mlua::Result<f64> {
    parsed(call, s, format, zone)?.map_err(|why| call.bad_because(1, &why))
}

/// `time.try_parse`: nil where the text is no such time. A wrong format or zone is an error here, too.
pub(super) fn try_parse(
    call: &Call<'_>,
    (s, format, zone): &(Value, Value, Value),
) -> mlua::Result<Option<f64>> {
    Ok(parsed(call, s, format, zone)?.ok())
}

/// The time, or why the text is none.
fn parsed(call: &Call<'_>, s: &Value, format: &Value, zone: &Value) -> mlua::Result<Result<f64, String>> {
    let text = call.text(1, s)?;
    let format = call.optional_text(2, format)?;
    let zone = time_zone(call, 3, zone)?;
    let Some(format) = format else {
        let time = parse_iso(&text, &zone);
        return Ok(time
            .map(seconds)
            .ok_or_else(|| format!("an ISO 8601 time expected, got `{}`", shown(&text))));
    };
    let format = bounded(call, 2, &format)?;
    let (patterns, has_name) = directives::for_parse(format);
    let mut why = String::new();
    for pattern in patterns {
        match parse_with(&pattern, &text, &zone) {
            Ok(time) => return Ok(Ok(seconds(time))),
            Err(error) if why.is_empty() => why = error.to_string(),
            Err(_) => {}
        }
    }
    // A format that no time can be written in is wrong whatever the text.
    let any = broken_down(0, TimeZone::UTC).map(|any| written(&any, &directives::for_format(format)));
    if let Ok(Err(error)) = any {
        return Err(bad_format(call, format, &error));
    }
    let why = if has_name { NAMES } else { &why };
    Ok(Err(format!("`{}` does not match the format `{format}`: {why}", shown(&text))))
}

/// Microseconds since 1970.
type Microseconds = i64;

fn parse_iso(text: &str, zone: &TimeZone) -> Option<Microseconds> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp.as_microsecond());
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(zoned.timestamp().as_microsecond());
    }
    // Without an offset, or in the last hours that a timestamp cannot hold.
    let pieces = Pieces::parse(text).ok()?;
    let civil = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
    match pieces.to_numeric_offset() {
        Some(offset) => Some(in_utc(civil, offset)),
        None if pieces.time_zone_annotation().is_some() => None,
        None => Some(in_zone(civil, zone)),
    }
}

fn parse_with(pattern: &Pattern, text: &str, zone: &TimeZone) -> Result<Microseconds, jiff::Error> {
    let parts = strtime::parse(&pattern.format, text)?;
    if let Some(timestamp) = parts.timestamp() {
        return Ok(timestamp.as_microsecond());
    }
    if parts.offset().is_none() && parts.iana_time_zone().is_some() {
        return Ok(parts.to_zoned()?.timestamp().as_microsecond());
    }
    let civil = match parts.to_datetime() {
        Ok(civil) => civil,
        Err(_) => parts.to_date()?.at(0, 0, 0, 0),
    };
    let offset = parts.offset().or(pattern.is_utc.then_some(Offset::UTC));
    Ok(offset.map_or_else(|| in_zone(civil, zone), |offset| in_utc(civil, offset)))
}

/// When a clock that is so far ahead of UTC shows this.
fn in_utc(civil: DateTime, offset: Offset) -> Microseconds {
    (civil.duration_since(EPOCH).as_micros() as i64) - i64::from(offset.seconds()) * 1_000_000
}

/// When the clocks of a zone show this: where they show it twice, the first time; where never, as if they had not been set on.
fn in_zone(civil: DateTime, zone: &TimeZone) -> Microseconds {
    match zone.to_timestamp(civil) {
        Ok(timestamp) => timestamp.as_microsecond(),
        Err(_) => in_utc(civil, offset_beyond(civil.year() < 0, zone)),
    }
}

/// The offset of a zone in the hours at the ends of time that a timestamp cannot hold.
fn offset_beyond(is_before: bool, zone: &TimeZone) -> Offset {
    zone.to_offset(if is_before { Timestamp::MIN } else { Timestamp::MAX })
}

/// The zone in an argument; UTC where there is none.
fn time_zone(call: &Call<'_>, at: usize, zone: &Value) -> mlua::Result<TimeZone> {
    match call.optional_text(at, zone)? {
        None => Ok(TimeZone::UTC),
        Some(name) if name.eq_ignore_ascii_case("utc") => Ok(TimeZone::UTC),
        Some(name) => TimeZone::get(&name)
            .map_err(|_| call.bad_because(at, &format!("unknown time zone `{}`", shown(&name)))),
    }
}

/// `time.format`
pub(super) fn format(call: &Call<'_>, (at, format, zone): &(Value, Value, Value)) -> mlua::Result<String> {
    let time = time(call, 1, at)?;
    let format = call.optional_text(2, format)?;
    let zone = time_zone(call, 3, zone)?;
    let refuse = |()| call.bad_because(1, "the time is outside the years -9999 to 9999 there");
    let Some(format) = format else { return iso_text(time, zone).map_err(refuse) };
    let shown = broken_down(time, zone).map_err(refuse)?;
    let format = bounded(call, 2, &format)?;
    written(&shown, &directives::for_format(format)).map_err(|error| bad_format(call, format, &error))
}

fn bad_format(call: &Call<'_>, format: &str, error: &jiff::Error) -> mlua::Error {
    call.bad_because(2, &format!("bad format `{format}`: {error}"))
}

/// What a calendar and a clock show at a time.
fn broken_down(time: Microseconds, zone: TimeZone) -> Result<BrokenDownTime, ()> {
    if let Ok(timestamp) = Timestamp::from_microsecond(time) {
        return Ok(BrokenDownTime::from(&timestamp.to_zoned(zone)));
    }
    let offset = offset_beyond(time < 0, &zone);
    let since = SignedDuration::from_micros(time) + SignedDuration::from_secs(offset.seconds().into());
    let civil = EPOCH.checked_add(since).map_err(drop)?;
    let end = if time < 0 { Timestamp::MIN } else { Timestamp::MAX };
    // The names of the zone and its offset stay.
    let mut shown = BrokenDownTime::from(&end.to_zoned(zone));
    let set = [
        shown.set_year(Some(civil.year())),
        shown.set_month(Some(civil.month())),
        shown.set_day(Some(civil.day())),
        shown.set_hour(Some(civil.hour())),
        shown.set_minute(Some(civil.minute())),
        shown.set_second(Some(civil.second())),
        shown.set_subsec_nanosecond(Some(civil.subsec_nanosecond())),
    ];
    shown.set_weekday(Some(civil.weekday()));
    shown.set_meridiem(Some(if civil.hour() < 12 { Meridiem::AM } else { Meridiem::PM }));
    if set.iter().any(Result::is_err) { Err(()) } else { Ok(shown) }
}

/// A time in a format, with dates as the C locale has them.
fn written(shown: &BrokenDownTime, format: &str) -> Result<String, jiff::Error> {
    shown.to_string_with_config(&strtime::Config::new().custom(PosixCustom::new()), format)
}

fn iso_text(time: Microseconds, zone: TimeZone) -> Result<String, ()> {
    let is_utc = zone == TimeZone::UTC;
    let Ok(timestamp) = Timestamp::from_microsecond(time) else {
        let shown = broken_down(time, zone)?;
        let format = if is_utc { "%Y-%m-%dT%H:%M:%S%.fZ" } else { "%Y-%m-%dT%H:%M:%S%.f%:z" };
        return written(&shown, format).map_err(drop);
    };
    if is_utc {
        return Ok(timestamp.to_string());
    }
    Ok(timestamp.display_with_offset(zone.to_offset(timestamp)).to_string())
}

/// `time.iso`
pub(super) fn iso(call: &Call<'_>, at: &Value) -> mlua::Result<String> {
    let time = if at.is_nil() { Timestamp::now().as_microsecond() } else { time(call, 1, at)? };
    iso_text(time, TimeZone::UTC)
        .map_err(|()| call.bad_because(1, "the time is outside the years -9999 to 9999"))
}

fn seconds(time: Microseconds) -> f64 {
    time as f64 / MICROSECONDS
}

fn time(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<Microseconds> {
    let seconds = call.number(at, value)?;
    let microseconds = (seconds * MICROSECONDS).round();
    if !microseconds.is_finite() {
        return Err(call.bad_because(at, "a finite number of seconds expected"));
    }
    let time = microseconds as i64;
    if (in_utc(DateTime::MIN, Offset::UTC)..=in_utc(DateTime::MAX, Offset::UTC)).contains(&time) {
        return Ok(time);
    }
    Err(call.bad_because(at, &format!("{seconds} seconds are outside the years -9999 to 9999")))
}

fn bounded<'t>(call: &Call<'_>, at: usize, format: &'t str) -> mlua::Result<&'t str> {
    if format.len() > FORMAT_BYTES {
        return Err(call.bad_because(at, &format!("a format of at most {FORMAT_BYTES} bytes expected")));
    }
    Ok(format)
}

/// The start of a text, for messages.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
