//! This module makes texts safe for HTML and for URLs, in the way of Jinja2 and its `MarkupSafe`.

use std::fmt::Write as _;

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::arguments::{Given, refusal};
use super::charge::{charge, measure};
use super::shown::ShownStyle;
use super::{objects, python};

/// What stays as it is in a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What stays as it is in a path.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// Adds the filters, and says how values are written.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.set_formatter(written);
    for name in ["escape", "e", "forceescape"] {
        environment.add_filter(name, move |state: &mut State, value: Value| {
            measure(state, &value, ShownStyle::default())?;
            if value.is_safe() && name != "forceescape" {
                return Ok(value);
            }
            let text = text(&value);
            charge(state, text.len())?;
            Ok::<_, Error>(Value::from_safe_string(escaped(&text)))
        });
    }
    environment.add_filter("urlencode", |state: &mut State, value: Value| {
        measure(state, &value, ShownStyle::default())?;
        encoded(state, &value)
    });
    environment.add_filter("xmlattr", |state: &mut State, values: Rest<ValueOrKwargs>| {
        attributes(state, &values.into_values())
    });
}

/// Writes a value where it stands in the template.
fn written(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    measure(state, value, ShownStyle::default())?;
    let escapes = matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe();
    if escapes && value.as_str().is_some() {
        return Ok(out.write_str(&escaped(&text(value)))?);
    }
    if value.kind() == ValueKind::Number && !value.is_integer() {
        return Ok(out.write_str(&text(value))?);
    }
    if escapes && value.kind() != ValueKind::Undefined {
        return Ok(out.write_str(&escaped(&text(value)))?);
    }
    minijinja::escape_formatter(out, state, value)
}

/// A value as text, its numbers as Python writes them.
pub(super) fn text(value: &Value) -> String {
    let number =
        (value.kind() == ValueKind::Number && !value.is_integer()).then(|| f64::try_from(value.clone()));
    match number {
        Some(Ok(number)) => python::float(number),
        _ => value.to_string(),
    }
}

/// A text for HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&#34;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// `urlencode` of a text for a path; of a map or of pairs, a query.
fn encoded(state: &State, value: &Value) -> Result<String, Error> {
    let in_query = |value: &Value| utf8_percent_encode(&text(value), QUERY).to_string().replace("%20", "+");
    let pairs: Vec<(Value, Value)> = match value.kind() {
        ValueKind::Map => {
            let pairs = value.as_object().and_then(minijinja::value::DynObject::try_iter_pairs);
            pairs.into_iter().flatten().collect()
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|pair| unpacked(&pair)).collect::<Result<_, _>>()?
        }
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        _ => {
            let text = text(value);
            charge(state, text.len() * 3)?;
            return Ok(utf8_percent_encode(&text, PATH).to_string());
        }
    };
    let mut query = String::new();
    for (name, value) in pairs {
        objects::look_each()?;
        let separator = if query.is_empty() { "" } else { "&" };
        let _ = write!(query, "{separator}{}={}", in_query(&name), in_query(&value));
    }
    charge(state, query.len())?;
    Ok(query)
}

fn unpacked(pair: &Value) -> Result<(Value, Value), Error> {
    if pair.len() != Some(2) {
        return Err(refusal("pairs of a name and a value expected"));
    }
    Ok((pair.get_item_by_index(0)?, pair.get_item_by_index(1)?))
}

/// `xmlattr`: a map as attributes, without those that are none.
fn attributes(state: &State, values: &[Value]) -> Result<Value, Error> {
    let (map, rest) = values.split_first().ok_or_else(|| Error::from(ErrorKind::MissingArgument))?;
    let given = Given::of(rest, &["autospace"])?;
    measure(state, map, ShownStyle::default())?;
    let pairs = map
        .as_object()
        .filter(|_| map.kind() == ValueKind::Map)
        .and_then(minijinja::value::DynObject::try_iter_pairs);
    let Some(pairs) = pairs else {
        let why = format!("`xmlattr` takes a map, not a {}", map.kind());
        return Err(refusal(why));
    };
    let mut attributes = String::new();
    for (name, value) in pairs.filter(|(_, value)| !value.is_none() && !value.is_undefined()) {
        let name = text(&name);
        if name.contains(|sign: char| sign.is_ascii_whitespace() || matches!(sign, '/' | '>' | '=')) {
            let why = format!("`{}` is no name of an attribute", name.escape_debug());
            return Err(refusal(why));
        }
        let value = if value.is_safe() { value.to_string() } else { escaped(&text(&value)) };
        let space = if attributes.is_empty() && given.value(0)?.is_some_and(|space| !space.is_true()) {
            ""
        } else {
            " "
        };
        let _ = write!(attributes, "{space}{}=\"{value}\"", escaped(&name));
    }
    charge(state, attributes.len())?;
    Ok(Value::from_safe_string(attributes))
}
