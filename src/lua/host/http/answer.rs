//! This module makes of an answer what Lua code gets.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use mlua::{Lua, Value};

use super::download::Download;
use crate::lua::async_op::Completion;
use crate::lua::host::outside::Account;
use crate::lua::host_error::HostError;
use crate::runtime::http::Answer;

/// Characters of a body that an error keeps: what a service says of a refusal is short, and a page of HTML is no help.
const BEGINNING_MAX: usize = 1000;

/// An answer that counts as memory until Lua code has it.
pub(super) struct CountedAnswer {
    pub(super) answer: Answer,
    /// The file that its body was written to.
    pub(super) download: Option<Download>,
    pub(super) _account: Account,
}

/// Makes the table, or raises the error, when it is back at the VM.
pub(super) fn completion(counted: Result<CountedAnswer, HostError>) -> Completion {
    Box::new(move |lua| {
        let CountedAnswer { answer, download, _account } = counted?;
        if let Some(download) = download.filter(|_| answer.body.is_none()) {
            download.finish()?;
        }
        table(lua, &answer)
    })
}

fn table(lua: &Lua, answer: &Answer) -> mlua::Result<Value> {
    let headers = lua.create_table()?;
    for (name, value) in &answer.headers {
        headers.raw_set(name.as_str(), lua.create_string(value)?)?;
    }
    let table = lua.create_table()?;
    table.raw_set("status", answer.status)?;
    table.raw_set("ok", (200..300).contains(&answer.status))?;
    table.raw_set("headers", headers)?;
    if let Some(body) = &answer.body {
        table.raw_set("body", lua.create_string(body)?)?;
    }
    let cookies = answer.cookies.iter().map(|cookie| lua.create_string(cookie));
    table.raw_set("cookies", cookies.collect::<mlua::Result<Vec<_>>>()?)?;
    table.raw_set("url", answer.url.as_str())?;
    table.raw_set("ms", (answer.taken.as_secs_f64() * 1e6).round() / 1e3)?;
    Ok(Value::Table(table))
}

/// Longer waits are as good as this one, which is more than thirty years.
const SECONDS_MAX: f64 = 1e9;

/// The seconds that a `Retry-After` asks for: a number of them, or a date in one of the three forms of RFC 9110.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<f64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // However many digits there are.
        return text.parse::<f64>().ok().map(|seconds| seconds.min(SECONDS_MAX));
    }
    let date = date(text, now)?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    Some(date.duration_since(now).as_secs_f64().clamp(0.0, SECONDS_MAX))
}

/// A date in UTC. The day of the week says nothing that is needed.
fn date(text: &str, now: Timestamp) -> Option<DateTime> {
    let Some((_, rest)) = text.split_once(", ") else {
        // `Sun Nov  6 08:49:37 1994`, as `asctime` writes it.
        let (_, rest) = text.split_once(' ')?;
        return strtime::parse("%b %e %H:%M:%S %Y", rest.trim_start()).ok()?.to_datetime().ok();
    };
    let rest =
        rest.trim_start().strip_suffix("GMT").or_else(|| rest.trim_start().strip_suffix("UTC"))?.trim_end();
    if let Ok(time) = strtime::parse("%d %b %Y %H:%M:%S", rest) {
        return time.to_datetime().ok();
    }
    // `Sunday, 06-Nov-94 08:49:37 GMT`: a year that seems to be more than 50 years ahead is the last one that ended so.
    let time = strtime::parse("%d-%b-%y %H:%M:%S", rest).ok()?.to_datetime().ok()?;
    let this_year = now.to_zoned(TimeZone::UTC).year();
    let century = this_year - this_year % 100;
    let year = century + time.year().rem_euclid(100);
    let year = if year > this_year + 50 { year - 100 } else { year };
    time.with().year(year).build().ok()
}

/// How a body begins, as text; nothing of an empty one. A service says there why it refuses.
pub(super) fn beginning(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&body[..body.len().min(BEGINNING_MAX * 4)]);
    let beginning: String = text.chars().take(BEGINNING_MAX).collect();
    (!beginning.is_empty()).then_some(beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2015-10-21T07:28:00Z".parse().expect("a time");
        for (text, expect) in [
            ("120", Some(120.0)),
            (" 0 ", Some(0.0)),
            ("Wed, 21 Oct 2015 07:28:30 GMT", Some(30.0)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0.0)),
            ("Wednesday, 21-Oct-15 07:28:30 GMT", Some(30.0)),
            ("Tuesday, 06-Nov-94 08:49:37 GMT", Some(0.0)),
            ("Monday, 21-Oct-30 07:28:00 GMT", Some(473_385_600.0)),
            ("Wed Oct 21 07:28:30 2015", Some(30.0)),
            ("Fri Nov  6 07:28:00 2015", Some(1_382_400.0)),
            ("Thu, 31 Dec 9998 23:59:59 GMT", Some(1e9)),
            ("4294967296", Some(1e9)),
            ("999999999999999999999999999999999999", Some(1e9)),
            ("+5", None),
            ("1.5", None),
            ("Wed, 31 Feb 2016 07:28:30 GMT", None),
            ("Wed, 21 Oct 2015 07:28:30", None),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), expect, "{text}");
        }
    }
}
