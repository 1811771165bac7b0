//! This module makes of an answer what Lua code gets.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use mlua::{Lua, Value};

use crate::lua::async_op::Completion;
use crate::lua::host::outside::Account;
use crate::lua::host_error::HostError;
use crate::runtime::http::Answer;

/// Characters of a body that an error keeps: what a service says of a refusal is short, and a page of HTML is no help.
const BEGINNING_MAX: usize = 1000;

/// An answer that counts as memory until Lua code has it.
pub(super) struct CountedAnswer {
    pub(super) answer: Answer,
    pub(super) _account: Account,
}

/// Makes the table, or raises the error, when it is back at the VM.
pub(super) fn completion(counted: Result<CountedAnswer, HostError>) -> Completion {
    Box::new(move |lua| counted.map_err(mlua::Error::from).and_then(|counted| table(lua, &counted.answer)))
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
    table.raw_set("body", lua.create_string(&answer.body)?)?;
    table.raw_set("url", answer.url.as_str())?;
    table.raw_set("ms", (answer.taken.as_secs_f64() * 1e6).round() / 1e3)?;
    Ok(Value::Table(table))
}

/// The seconds that a `Retry-After` asks for: a number of them, or a date.
pub(super) fn retry_after(text: &str, now: Timestamp) -> Option<f64> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(f64::from(seconds));
    }
    let date = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(date.duration_since(now).as_secs_f64().max(0.0))
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
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, now), expect, "{text}");
        }
    }
}
