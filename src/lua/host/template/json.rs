//! `tojson` writes JSON as Jinja2 does: keys in order, and nothing that HTML or ASCII cannot hold.

use std::fmt::Write as _;

use minijinja::value::{DynObject, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use super::arguments::refusal;
use super::charge::charge;
use super::long::number;
use super::shown::{self, ShownStyle, Values, inside};
use super::texts::INDENT_MAX;

/// Levels of a value whose keys are sorted.
const DEPTH_MAX: usize = 200;

/// Adds the filter.
pub(super) fn install(environment: &mut Environment<'static>) {
    let json = Value::from_function(filters::tojson);
    environment.add_filter("tojson", move |state: &mut State, values: Rest<ValueOrKwargs>| {
        let mut values = values.into_values();
        let indent = number(&values, "indent", INDENT_MAX)?.unwrap_or(2);
        let value = values.first_mut().ok_or_else(|| Error::from(ErrorKind::MissingArgument))?;
        charge(state, shown::size(value, ShownStyle { indent, is_raw: false })?)?;
        if has_loose_keys(value) {
            *value = sorted(value, DEPTH_MAX)?;
        }
        let text = json.call(state, &values)?;
        let text = text.as_str().unwrap_or_default();
        Ok::<_, Error>(Value::from_safe_string(if text.is_ascii() { text.to_owned() } else { ascii(text) }))
    });
}

/// Whether a map in the value has its keys in another order. Values can be nested so deep that no stack holds a walk through them.
fn has_loose_keys(value: &Value) -> bool {
    let mut open: Vec<Values> = vec![Box::new(std::iter::once(value.clone()))];
    while let Some(level) = open.last_mut() {
        let Some(value) = level.next() else {
            open.pop();
            continue;
        };
        let Some(object) = value.as_object() else { continue };
        if value.kind() == ValueKind::Map {
            let keys: Vec<Value> = object.try_iter().into_iter().flatten().collect();
            if !keys.is_sorted() {
                return true;
            }
        }
        open.extend(inside(object));
    }
    false
}

/// The value with the keys of its maps in order.
fn sorted(value: &Value, depth_max: usize) -> Result<Value, Error> {
    let Some(depth_max) = depth_max.checked_sub(1) else {
        return Err(refusal(format!(
            "`tojson` sorts the keys of maps that are nested up to {DEPTH_MAX} levels"
        )));
    };
    match value.kind() {
        ValueKind::Map => {
            let pairs = value.as_object().and_then(DynObject::try_iter_pairs).into_iter().flatten();
            let mut pairs: Vec<(Value, Value)> = pairs.collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (_, value) in &mut pairs {
                *value = sorted(value, depth_max)?;
            }
            Ok(Value::from_pairs(pairs))
        }
        ValueKind::Seq | ValueKind::Iterable => {
            value.try_iter()?.map(|value| sorted(&value, depth_max)).collect()
        }
        _ => Ok(value.clone()),
    }
}

/// JSON with `\u` in the place of what is no ASCII.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}
