//! These are the filters of Jinja2 over texts and numbers that the engine does not have, or has otherwise.

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::arguments::{Given, refusal};
use super::charge::{charge, measure};
use super::escape::text;
use super::shown::{self, ShownStyle};
use super::wrap::Wrap;
use super::{objects, python};
use crate::lua::text::decode;

/// Characters of a line, and spaces of one level.
const WIDTH_MAX: i64 = 10_000;
pub(super) const INDENT_MAX: usize = 100;

type Filter = fn(&State, &str, &[Value]) -> Result<Value, Error>;

/// Adds them.
pub(super) fn install(environment: &mut Environment<'static>) {
    let filters: [(&'static str, Filter); 6] = [
        ("truncate", truncate),
        ("wordcount", word_count),
        ("striptags", strip_tags),
        ("center", centre),
        ("wordwrap", word_wrap),
        ("indent", indent),
    ];
    for (name, filter) in filters {
        environment.add_filter(name, move |state: &mut State, values: Rest<ValueOrKwargs>| {
            let values = values.into_values();
            let (value, rest) =
                values.split_first().ok_or_else(|| Error::from(ErrorKind::MissingArgument))?;
            measure(state, value, ShownStyle::default())?;
            if value.is_undefined() {
                return Err(Error::from(ErrorKind::UndefinedError));
            }
            let result = filter(state, &text(value), rest)?;
            charge(state, result.len().unwrap_or(0))?;
            Ok(result)
        });
    }
    environment.add_filter("filesizeformat", |value: Value, rest: Rest<ValueOrKwargs>| {
        file_size(&value, &rest.into_values())
    });
    environment.add_filter("int", |value: Value, rest: Rest<ValueOrKwargs>| int(&value, &rest.into_values()));
    environment.add_filter("float", |value: Value, rest: Rest<ValueOrKwargs>| {
        let rest = rest.into_values();
        let default = Given::of(&rest, &["default"])?.value(0)?;
        Ok::<_, Error>(
            number(&value)?.map_or_else(|| default.unwrap_or_else(|| Value::from(0.0)), Value::from),
        )
    });
}

/// A number of characters, by place or name.
fn characters(given: &Given<'_>, at: usize, name: &str, default: usize) -> Result<usize, Error> {
    match given.integer(at)? {
        None => Ok(default),
        Some(number @ 0..=WIDTH_MAX) => Ok(number as usize),
        Some(_) => Err(refusal(format!("`{name}` must be a number from 0 to {WIDTH_MAX}"))),
    }
}

fn truncate(_: &State, text: &str, values: &[Value]) -> Result<Value, Error> {
    let given = Given::of(values, &["length", "killwords", "end", "leeway"])?;
    let number = |at: usize, default: usize| match given.integer(at)? {
        None => Ok(default),
        Some(number) => {
            usize::try_from(number).map_err(|_| refusal("`truncate` takes no number below 0".to_owned()))
        }
    };
    let (length, leeway) = (number(0, 255)?, number(3, 5)?);
    let end = given.text(2)?.unwrap_or_else(|| "...".to_owned());
    let Some(kept) = length.checked_sub(end.chars().count()) else {
        return Err(refusal(format!("`length` must be at least the length of `end`, got {length}")));
    };
    if text.chars().nth(length.saturating_add(leeway)).is_none() {
        return Ok(Value::from(text));
    }
    let kept = &text[..text.char_indices().nth(kept).map_or(text.len(), |(at, _)| at)];
    let whole = if given.truth(1)? { kept } else { kept.rsplit_once(' ').map_or(kept, |(words, _)| words) };
    Ok(Value::from(whole.to_owned() + &end))
}

fn word_count(_: &State, text: &str, values: &[Value]) -> Result<Value, Error> {
    Given::of(values, &[])?;
    Ok(Value::from(text.split(|sign| !python::is_word(sign)).filter(|word| !word.is_empty()).count()))
}

/// Takes comments and tags out, entities are decoded, white space becomes one space.
fn strip_tags(_: &State, text: &str, values: &[Value]) -> Result<Value, Error> {
    Given::of(values, &[])?;
    let text = without(&without(text, "<!--", "-->"), "<", ">");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(at) = memchr::memchr(b'&', rest) {
        objects::look_each()?;
        decoded.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        rest = &rest[decode(rest, &mut decoded)..];
    }
    decoded.extend_from_slice(rest);
    Ok(Value::from(String::from_utf8_lossy(&decoded).into_owned()))
}

/// A text without what stands between these two, as long as the second follows.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(open)
        && let Some(len) = rest[start..].find(close)
    {
        kept.push_str(&rest[..start]);
        rest = &rest[start + len + close.len()..];
    }
    kept + rest
}

fn centre(_: &State, text: &str, values: &[Value]) -> Result<Value, Error> {
    let width = characters(&Given::of(values, &["width"])?, 0, "width", 80)?;
    let (left, right) = python::centred(text.chars().count(), width);
    Ok(Value::from(" ".repeat(left) + text + &" ".repeat(right)))
}

fn word_wrap(state: &State, text: &str, values: &[Value]) -> Result<Value, Error> {
    let given = Given::of(values, &["width", "break_long_words", "wrapstring", "break_on_hyphens"])?;
    let is_on = |at: usize| Ok::<_, Error>(given.value(at)?.is_none_or(|value| value.is_true()));
    let wrap = Wrap {
        width: characters(&given, 0, "width", 79)?,
        breaks_long_words: is_on(1)?,
        breaks_on_hyphens: is_on(3)?,
    };
    if wrap.width == 0 {
        return Err(refusal("`width` must be a number above 0".to_owned()));
    }
    let between = given.text(2)?.unwrap_or_else(|| "\n".to_owned());
    // At most one line for each character.
    shown::fits(text.len().saturating_mul(1 + between.len()))?;
    charge(state, text.len().saturating_mul(5 + between.len()))?;
    let mut lines = Vec::new();
    for (line, _) in python::lines(text) {
        objects::look_each()?;
        lines.push(wrap.lines(line).join(&between));
    }
    Ok(Value::from(lines.join(&between)))
}

fn indent(state: &State, text: &str, values: &[Value]) -> Result<Value, Error> {
    let given = Given::of(values, &["width", "first", "blank"])?;
    let before = match given.value(0)? {
        None => " ".repeat(4),
        Some(value) => match value.as_str() {
            Some(before) if before.len() <= INDENT_MAX => before.to_owned(),
            None => match usize::try_from(value.clone()) {
                Ok(spaces) if spaces <= INDENT_MAX => " ".repeat(spaces),
                _ => return Err(refusal(format!("`width` of at most {INDENT_MAX} expected"))),
            },
            Some(_) => return Err(refusal(format!("`width` of at most {INDENT_MAX} expected"))),
        },
    };
    let (first, blank) = (given.truth(1)?, given.truth(2)?);
    let ended = text.to_owned() + "\n";
    let lines = python::lines(&ended);
    let bytes = text.len().saturating_add(lines.len().saturating_mul(before.len()));
    shown::fits(bytes)?;
    charge(state, bytes)?;
    let mut indented = String::with_capacity(bytes);
    for (at, (line, _)) in lines.into_iter().enumerate() {
        objects::look_each()?;
        if at > 0 {
            indented.push('\n');
        }
        if if at == 0 { first } else { blank || !line.is_empty() } {
            indented.push_str(&before);
        }
        indented.push_str(line);
    }
    Ok(Value::from(indented))
}

fn file_size(value: &Value, values: &[Value]) -> Result<String, Error> {
    let is_binary = Given::of(values, &["binary"])?.truth(0)?;
    let Some(bytes) = number(value)? else {
        return Err(refusal(format!("`filesizeformat` takes a number, not a {}", value.kind())));
    };
    let base: f64 = if is_binary { 1024.0 } else { 1000.0 };
    if bytes.total_cmp(&1.0).is_eq() {
        return Ok("1 Byte".to_owned());
    }
    if bytes < base {
        return Ok(format!("{:.0} Bytes", bytes.trunc()));
    }
    let mut unit = base;
    let prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    let mut prefix = "";
    for next in prefixes {
        prefix = next;
        unit *= base;
        if bytes < unit {
            break;
        }
    }
    let prefix = if is_binary { prefix.to_uppercase() + "iB" } else { format!("{prefix}B") };
    Ok(format!("{:.1} {prefix}", base * bytes / unit))
}

/// `int`: the number of a text or of a number, or else the default.
fn int(value: &Value, values: &[Value]) -> Result<Value, Error> {
    let given = Given::of(values, &["default", "base"])?;
    let base = match given.integer(1)? {
        None => 10,
        Some(base @ 2..=36) => base as u32,
        Some(_) => return Err(refusal("`base` must be a number from 2 to 36".to_owned())),
    };
    let whole = match value.as_str() {
        Some(text) => python::integer(text, base),
        None if value.is_integer() => return Ok(value.clone()),
        None => None,
    };
    // A number that is too large for one of 128 bits has no exact value here.
    let whole = match whole {
        Some(whole) => Some(whole),
        None => {
            number(value)?.map(f64::trunc).filter(|number| number.abs() < 1e38).map(|number| number as i128)
        }
    };
    let default = given.value(0)?.unwrap_or_else(|| Value::from(0));
    Ok(match whole {
        None => default,
        Some(whole) => i64::try_from(whole).map_or_else(|_| Value::from(whole), Value::from),
    })
}

/// The number that a value is or that its text says.
fn number(value: &Value) -> Result<Option<f64>, Error> {
    Ok(match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::String => value.as_str().and_then(python::number),
        ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        _ => None,
    })
}
