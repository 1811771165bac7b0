//! These functions give points in time: now, from text, to text.

use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use mlua::Value;

use crate::lua::host::call::Call;

/// A number has room for this much of a present time.
const MICROSECONDS: f64 = 1e6;

/// Longest `strftime` format; padding such as `%9999d` is bounded by the formatter itself.
const FORMAT_BYTES: usize = 1024;

/// `time.now`
pub(super) fn now() -> f64 {
    seconds(Timestamp::now())
}

/// `time.parse`
pub(super) fn parse(call: &Call<'_>, (s, format): &(Value, Value)) -> mlua::Result<f64> {
    let text = call.text(1, s)?;
    let Some(format) = call.optional_text(2, format)? else {
        return parse_iso(&text).map(seconds).ok_or_else(|| {
            call.bad_because(1, &format!("an ISO 8601 time expected, got `{}`", shown(&text)))
        });
    };
    let format = bounded(call, 2, &format)?;
    parse_with(format, &text).map(seconds).map_err(|error| {
        call.bad_because(1, &format!("`{}` does not match the format `{format}`: {error}", shown(&text)))
    })
}

fn parse_iso(text: &str) -> Option<Timestamp> {
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Some(timestamp);
    }
    if let Ok(zoned) = text.parse::<Zoned>() {
        return Some(zoned.timestamp());
    }
    let civil =
        text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|date| date.at(0, 0, 0, 0))).ok()?;
    TimeZone::UTC.to_timestamp(civil).ok()
}

fn parse_with(format: &str, text: &str) -> Result<Timestamp, jiff::Error> {
    let parts = strtime::parse(format, text)?;
    if parts.offset().is_some() || parts.timestamp().is_some() {
        return parts.to_timestamp();
    }
    if parts.iana_time_zone().is_some() {
        return Ok(parts.to_zoned()?.timestamp());
    }
    let civil = match parts.to_datetime() {
        Ok(civil) => civil,
        Err(_) => parts.to_date()?.at(0, 0, 0, 0),
    };
    TimeZone::UTC.to_timestamp(civil)
}

/// `time.format`
pub(super) fn format(call: &Call<'_>, (at, format, zone): &(Value, Value, Value)) -> mlua::Result<String> {
    let timestamp = timestamp(call, 1, at)?;
    let format = call.optional_text(2, format)?;
    let zone = match call.optional_text(3, zone)? {
        None => TimeZone::UTC,
        Some(name) if name.eq_ignore_ascii_case("utc") => TimeZone::UTC,
        Some(name) => TimeZone::get(&name)
            .map_err(|_| call.bad_because(3, &format!("unknown time zone `{}`", shown(&name))))?,
    };
    let is_utc = zone == TimeZone::UTC;
    let zoned = timestamp.to_zoned(zone);
    match format {
        Some(format) => {
            let format = bounded(call, 2, &format)?;
            strtime::format(format, &zoned)
                .map_err(|error| call.bad_because(2, &format!("bad format `{format}`: {error}")))
        }
        None if is_utc => Ok(timestamp.to_string()),
        None => Ok(timestamp.display_with_offset(zoned.offset()).to_string()),
    }
}

/// `time.iso`
pub(super) fn iso(call: &Call<'_>, at: &Value) -> mlua::Result<String> {
    let timestamp = if at.is_nil() { round(Timestamp::now()) } else { timestamp(call, 1, at)? };
    Ok(timestamp.to_string())
}

fn seconds(timestamp: Timestamp) -> f64 {
    timestamp.as_microsecond() as f64 / MICROSECONDS
}

fn round(timestamp: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(timestamp.as_microsecond()).unwrap_or(timestamp)
}

fn timestamp(call: &Call<'_>, at: usize, value: &Value) -> mlua::Result<Timestamp> {
    let seconds = call.number(at, value)?;
    let microseconds = (seconds * MICROSECONDS).round();
    if !microseconds.is_finite() {
        return Err(call.bad_because(at, "a finite number of seconds expected"));
    }
    Timestamp::from_microsecond(microseconds as i64)
        .map_err(|_| call.bad_because(at, &format!("{seconds} seconds are outside the years -9999 to 9999")))
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
