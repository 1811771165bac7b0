//! This module puts values into texts with `%` fields: by the filter `format`, and by `%` between a text and its values.

use minijinja::value::{DynObject, Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use super::charge::{call, charge};
use super::names;
use super::shown::{self, ShownStyle};

/// Adds the filter, and the function that stands for the sign.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("format", |state: &mut State, values: Rest<ValueOrKwargs>| {
        format(state, &values.into_values())
    });
    environment.add_function(names::FORMAT, |state: &mut State, text: Value, value: Value| {
        let mut values = vec![text];
        match value.kind() {
            ValueKind::Map => values.push(named(&value)?),
            ValueKind::Seq if value.is_tuple() => values.extend(value.try_iter()?),
            _ => values.push(value),
        }
        format(state, &values)
    });
}

/// `format`, with a text of `%` fields. A named value may be shown in many places.
fn format(state: &mut State, values: &[Value]) -> Result<Value, Error> {
    let text = values.first().and_then(Value::as_str).unwrap_or_default();
    widths(text)?;
    let mut most = 0;
    for value in values {
        most = most.max(shown::size(value, ShownStyle::default())?);
    }
    let bytes = text.len().saturating_add(text.matches("%(").count().saturating_mul(most));
    shown::fits(bytes)?;
    charge(state, bytes)?;
    let mut whole = values.to_vec();
    for at in whole_numbers(text) {
        if let Some(value) = whole.get_mut(at + 1)
            && value.kind() == ValueKind::Number
            && !value.is_integer()
            && let Ok(number) = f64::try_from(value.clone())
            && number.abs() < 1e18
        {
            *value = Value::from(number as i64);
        }
    }
    call(state, &Value::from_function(filters::format), &whole, ShownStyle::default())
}

/// Which values `%d` and its like show, of those that are shown one after the other.
fn whole_numbers(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let mut at = 0;
    let mut fields = text.split('%').skip(1);
    while let Some(field) = fields.next() {
        let is_in_field =
            |sign: char| matches!(sign, '0'..='9' | '-' | '+' | ' ' | '#' | '.' | 'l' | 'L' | 'h');
        match field.trim_start_matches(is_in_field).chars().next() {
            // Two `%` are one.
            None if field.is_empty() => {
                fields.next();
                continue;
            }
            Some('d' | 'i' | 'u') => places.push(at),
            _ => {}
        }
        at += 1;
    }
    places
}

/// The values of a map as named arguments.
pub(super) fn named(map: &Value) -> Result<Value, Error> {
    let Some(pairs) = map.as_object().and_then(DynObject::try_iter_pairs) else {
        return Err(Error::new(ErrorKind::InvalidOperation, format!("a map expected, not a {}", map.kind())));
    };
    Ok(pairs.map(|(name, value)| (name.to_string(), value)).collect::<Kwargs>().into())
}

/// Refuses a width or a precision that the engine cannot write.
pub(super) fn widths(text: &str) -> Result<(), Error> {
    if text.split(|sign: char| !sign.is_ascii_digit()).all(|digits| digits.len() <= 4) {
        return Ok(());
    }
    let why = "`format` takes widths and precisions up to 9999";
    Err(Error::new(ErrorKind::InvalidOperation, why))
}
