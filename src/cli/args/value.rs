//! These types parse the values of single arguments.

use std::time::Duration;

use crate::value::duration;

/// `NAME=VALUE`; the value may hold further equals signs, or be empty.
pub(super) fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a name, `=` and a value are expected".to_owned()),
    }
}

/// `NAME=VALUE`, or `NAME` with the value of that variable of flowrun's own.
pub(super) fn variable(text: &str) -> Result<(String, String), String> {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    match text.split_once('=') {
        Some((name, value)) if is_name(name) => Ok((name.to_owned(), value.to_owned())),
        None if is_name(text) => {
            let value = std::env::var(text);
            let value = value.map_err(|_| format!("it is not set here; give it a value: `{text}=VALUE`"))?;
            Ok((text.to_owned(), value))
        }
        _ => Err("write `NAME=VALUE`, or `NAME` for the value that is set here".to_owned()),
    }
}

/// Something.
pub(super) fn filled(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("something is expected".to_owned()) } else { Ok(text.to_owned()) }
}

/// A host, perhaps with a port.
pub(super) fn host(text: &str) -> Result<String, String> {
    let is_other = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '@');
    if text.is_empty() || text.contains(is_other) {
        return Err("a host is expected, as in `api.example.org` or `localhost:8080`".to_owned());
    }
    Ok(text.to_owned())
}

/// A number of things.
pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "a whole number from 0 is expected".to_owned())
}

/// A duration as in pipeline files.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| duration::WANTED.to_owned())
}
