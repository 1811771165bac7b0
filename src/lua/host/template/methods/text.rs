//! These are the methods of Python's texts.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, State, Value};
use minijinja_contrib::pycompat;

use super::super::arguments::{Given, refusal};
use super::super::charge::{charge, measure};
use super::super::shown::{self, ShownStyle};
use super::super::{fields, long, objects, python};
use super::pieces::{split, split_lines};

/// Characters to which a text is filled up.
const WIDTH_MAX: i64 = 10_000;

/// A method of a text, unless it is one that the companion has.
pub(super) fn method(
    state: &mut State,
    text: &str,
    method: &str,
    arguments: &[Value],
) -> Option<Result<Value, Error>> {
    let none = |value: Value| Given::of(arguments, &[]).map(|_| value);
    Some(match method {
        "swapcase" => none(Value::from(python::swapped_case(text))),
        "casefold" => none(Value::from(text.to_lowercase().replace('ß', "ss").replace('ς', "σ"))),
        "title" => none(Value::from(python::title(text))),
        "istitle" => none(Value::from(text.contains(char::is_alphabetic) && python::title(text) == text)),
        "isdecimal" => none(Value::from(!text.is_empty() && text.chars().all(char::is_numeric))),
        "isprintable" => none(Value::from(!text.contains(char::is_control))),
        "isidentifier" => none(Value::from(
            !text.is_empty() && !text.starts_with(char::is_numeric) && text.chars().all(python::is_word),
        )),
        "center" | "ljust" | "rjust" | "zfill" => filled(text, method, arguments),
        "partition" | "rpartition" => parted(text, method, arguments),
        "removeprefix" | "removesuffix" => removed(text, method, arguments),
        "split" | "rsplit" => split(state, text, method, arguments),
        "splitlines" => split_lines(state, text, arguments),
        "expandtabs" => expanded(state, text, arguments),
        "find" | "rfind" | "index" | "rindex" | "count" => found(text, method, arguments),
        "startswith" | "endswith" => stands(text, method, arguments),
        "strip" | "lstrip" | "rstrip" => stripped(state, text, method, arguments),
        "replace" => replaced(state, text, arguments),
        "join" => joined(state, text, arguments),
        "format" | "format_map" => formatted(state, text, method, arguments),
        _ => return None,
    })
}

fn filled(text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let names: &'static [&'static str] = if method == "zfill" { &["width"] } else { &["width", "fillchar"] };
    let given = Given::of(arguments, names)?;
    given.needed(0)?;
    let width = given.integer(0)?.unwrap_or(0);
    if width > WIDTH_MAX {
        return Err(refusal(format!("`{method}` takes a width up to {WIDTH_MAX}")));
    }
    let width = usize::try_from(width).unwrap_or(0);
    let fill = if method == "zfill" { None } else { given.text(1)? }.unwrap_or_else(|| " ".to_owned());
    if fill.chars().count() != 1 {
        return Err(refusal("`fillchar` must be one character"));
    }
    let len = text.chars().count();
    let missing = width.saturating_sub(len);
    if method == "zfill" {
        let signed = usize::from(text.starts_with(['-', '+']));
        return Ok(Value::from(text[..signed].to_owned() + &"0".repeat(missing) + &text[signed..]));
    }
    let (left, right) = match method {
        "ljust" => (0, missing),
        "rjust" => (missing, 0),
        _ => python::centred(len, width),
    };
    Ok(Value::from(fill.repeat(left) + text + &fill.repeat(right)))
}

fn parted(text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let by = Given::of(arguments, &["sep"])?.needed_text(0)?;
    if by.is_empty() {
        return Err(refusal("the separator is empty"));
    }
    let parts = if method == "partition" { text.split_once(&*by) } else { text.rsplit_once(&*by) };
    let parts = match parts {
        Some((before, behind)) => [before, &by, behind],
        None if method == "partition" => [text, "", ""],
        None => ["", "", text],
    };
    Ok(Value::from(Tuple::from(parts.map(Value::from))))
}

fn removed(text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let end = Given::of(arguments, &["affix"])?.needed_text(0)?;
    let rest = if method == "removeprefix" { text.strip_prefix(&*end) } else { text.strip_suffix(&*end) };
    Ok(Value::from(rest.unwrap_or(text)))
}

fn expanded(state: &State, text: &str, arguments: &[Value]) -> Result<Value, Error> {
    let given = Given::of(arguments, &["tabsize"])?;
    let size = given.integer(0)?.unwrap_or(8);
    if size > WIDTH_MAX {
        return Err(refusal(format!("`expandtabs` takes a width up to {WIDTH_MAX}")));
    }
    let size = usize::try_from(size).unwrap_or(0);
    let bytes = text.len().saturating_add(text.matches('\t').count().saturating_mul(size));
    shown::fits(bytes)?;
    charge(state, bytes)?;
    let (mut expanded, mut column) = (String::with_capacity(bytes), 0);
    for character in text.chars() {
        match character {
            '\t' if size == 0 => {}
            '\t' => {
                let spaces = size - column % size;
                expanded.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            other => {
                column = if matches!(other, '\n' | '\r') { 0 } else { column + 1 };
                expanded.push(other);
            }
        }
    }
    Ok(Value::from(expanded))
}

fn found(text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let given = Given::of(arguments, &["sub", "start", "end"])?;
    let what = given.needed_text(0)?;
    let part = python::part(text, given.integer(1)?, given.integer(2)?);
    if method == "count" {
        return Ok(Value::from(part.map_or(0, |(start, end)| text[start..end].matches(&*what).count())));
    }
    let at = part.and_then(|(start, end)| {
        let text = &text[start..end];
        let at = if method.starts_with('r') { text.rfind(&*what) } else { text.find(&*what) };
        at.map(|at| start + at)
    });
    match at {
        Some(at) => Ok(Value::from(text[..at].chars().count())),
        None if method.ends_with("find") => Ok(Value::from(-1)),
        None => Err(refusal("the text is not in it")),
    }
}

fn stands(text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let given = Given::of(arguments, &["prefix", "start", "end"])?;
    let what = given.needed(0)?;
    let Some((start, end)) = python::part(text, given.integer(1)?, given.integer(2)?) else {
        return Ok(Value::from(false));
    };
    let text = &text[start..end];
    let stands = |what: &Value| match what.as_str() {
        Some(what) if method == "startswith" => Ok(text.starts_with(what)),
        Some(what) => Ok(text.ends_with(what)),
        None => Err(refusal(format!("`{method}` takes a text or several of them, not a {}", what.kind()))),
    };
    if !matches!(what.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return stands(&what).map(Value::from);
    }
    for what in what.try_iter()? {
        objects::look_each()?;
        if stands(&what)? {
            return Ok(Value::from(true));
        }
    }
    Ok(Value::from(false))
}

fn stripped(state: &State, text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    let signs = Given::of(arguments, &["chars"])?.text(0)?;
    // Each character is looked for among those to be taken off.
    charge(state, text.len().saturating_mul(signs.as_ref().map_or(1, String::len)))?;
    let is_off =
        |sign: char| signs.as_ref().map_or_else(|| sign.is_whitespace(), |signs| signs.contains(sign));
    Ok(Value::from(match method {
        "lstrip" => text.trim_start_matches(is_off),
        "rstrip" => text.trim_end_matches(is_off),
        _ => text.trim_matches(is_off),
    }))
}

fn replaced(state: &mut State, text: &str, arguments: &[Value]) -> Result<Value, Error> {
    let given = Given::of(arguments, &["old", "new", "count"])?;
    let (old, new) = (Value::from(given.needed_text(0)?), Value::from(given.needed_text(1)?));
    let count = given.integer(2)?.unwrap_or(-1);
    long::replace(state, &[Value::from(text), old, new, Value::from(count)])
}

fn joined(state: &mut State, text: &str, arguments: &[Value]) -> Result<Value, Error> {
    let values = Given::of(arguments, &["iterable"])?.needed(0)?;
    measure(state, &values, ShownStyle { is_raw: true, ..ShownStyle::default() })?;
    let mut joined = String::new();
    for (at, value) in values.try_iter()?.enumerate() {
        let Some(value) = value.as_str() else {
            return Err(refusal(format!("`join` takes texts, and one of them is a {}", value.kind())));
        };
        if at > 0 {
            joined.push_str(text);
        }
        joined.push_str(value);
        charge(state, text.len() + value.len())?;
        shown::fits(joined.len())?;
        objects::look_each()?;
    }
    Ok(Value::from(joined))
}

/// `format`. A value may be shown in many places.
fn formatted(state: &mut State, text: &str, method: &str, arguments: &[Value]) -> Result<Value, Error> {
    fields::widths(text)?;
    let mut most = 0;
    for value in arguments {
        measure(state, value, ShownStyle::default())?;
        most = most.max(shown::size(value, ShownStyle::default())?);
    }
    let bytes = text.len().saturating_add(text.matches('{').count().saturating_mul(most));
    shown::fits(bytes)?;
    charge(state, bytes)?;
    if method == "format_map" {
        let map = Given::of(arguments, &["mapping"])?.needed(0)?;
        let named = fields::named(&map)?;
        return pycompat::unknown_method_callback(state, &Value::from(text), "format", &[named]);
    }
    pycompat::unknown_method_callback(state, &Value::from(text), "format", arguments)
}
