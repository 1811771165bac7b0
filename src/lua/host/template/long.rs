//! The engine's filters that a number or a long text makes work on without end, or make without end, have limits.

use minijinja::value::{DynObject, Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters};

use super::arguments::by_name;
use super::charge::{call, charge, measure};
use super::shown::{self, ShownStyle};
use super::{names, objects};

/// Lists that `slice` makes, and values to which `batch` fills up its last list.
const PARTS_MAX: usize = 100_000;

/// Elements of a list that `+`, `*` or `chain` makes; it takes no memory until it is gone through.
const LIST_MAX: usize = 1 << 20;

/// Attributes by which `sort` sorts.
const KEYS_MAX: usize = 16;

/// A list that is not too long, or anything else.
fn list(value: Value) -> Result<Value, Error> {
    objects::look()?;
    let len = value.as_object().and_then(|_| value.len()).unwrap_or(0);
    if len > LIST_MAX { Err(too_long()) } else { Ok(value) }
}

fn too_long() -> Error {
    let why = format!("`+`, `*` and `chain` cannot make a list of more than {LIST_MAX} elements");
    Error::new(ErrorKind::InvalidOperation, why)
}

/// Filters that a number makes large.
pub(super) fn install(environment: &mut Environment<'static>) {
    for (name, filter) in
        [("slice", Value::from_function(filters::slice)), ("batch", Value::from_function(filters::batch))]
    {
        environment.add_filter(name, move |state: &mut State, values: Rest<ValueOrKwargs>| {
            objects::look()?;
            let values = values.into_values();
            if name == "slice" || values.len() > 2 {
                number(&values, "count", PARTS_MAX)?;
            }
            filter.call(state, &values)
        });
    }
    for (name, filter) in
        [("split", Value::from_function(filters::split)), ("lines", Value::from_function(filters::lines))]
    {
        environment.add_filter(name, move |state: &mut State, values: Rest<ValueOrKwargs>| {
            let values = values.into_values();
            let text = values.first().and_then(Value::as_str).unwrap_or_default();
            let by = values.get(1).and_then(Value::as_str);
            state.consume_fuel(if name == "lines" { pieces(text, Some("\n")) } else { pieces(text, by) })?;
            call(state, &filter, &values, ShownStyle::default())
        });
    }
    environment.add_filter("replace", |state: &mut State, values: Rest<ValueOrKwargs>| {
        replace(state, &values.into_values())
    });
    environment.add_filter("sum", sum);
    environment.add_function(names::LIST, list);
    chain_and_sort(environment);
    let trim = Value::from_function(filters::trim);
    environment.add_filter("trim", move |state: &mut State, values: Rest<ValueOrKwargs>| {
        let values = values.into_values();
        let len = |at: usize| values.get(at).and_then(Value::as_str).map_or(1, str::len);
        // Each character is looked for among those to be taken off.
        charge(state, len(0).saturating_mul(len(1)))?;
        call(state, &trim, &values, ShownStyle::default())
    });
}

fn chain_and_sort(environment: &mut Environment<'static>) {
    let (chain, sort) = (Value::from_function(filters::chain), Value::from_function(filters::sort));
    environment.add_filter("chain", move |state: &mut State, values: Rest<ValueOrKwargs>| {
        objects::look()?;
        let values = values.into_values();
        let len = values.iter().fold(0, |sum: usize, value| sum.saturating_add(value.len().unwrap_or(0)));
        if len > LIST_MAX {
            return Err(too_long());
        }
        if values.iter().any(|value| value.kind() != ValueKind::Map) {
            return chain.call(state, &values);
        }
        // One map, not maps in maps that are gone through for each name.
        state.consume_fuel(len as u64)?;
        let pairs = values.iter().filter_map(Value::as_object).filter_map(DynObject::try_iter_pairs);
        Ok(Value::from_pairs(pairs.flatten()))
    });
    environment.add_filter("sort", move |state: &mut State, values: Rest<ValueOrKwargs>| {
        let values = by_name(&values.into_values(), &["reverse", "case_sensitive", "attribute"])?;
        let named = values.last().filter(|value| value.is_kwargs());
        let by = named.and_then(|named| named.get_attr("attribute").ok());
        if by.as_ref().and_then(Value::as_str).is_some_and(|by| by.split(',').count() > KEYS_MAX) {
            let why = format!("`attribute` with at most {KEYS_MAX} names expected");
            return Err(Error::new(ErrorKind::InvalidOperation, why));
        }
        call(state, &sort, &values, ShownStyle { is_raw: true, ..ShownStyle::default() })
    });
}

/// The first argument of a filter where it is a number, or the one of this name; refused above the limit.
pub(super) fn number(values: &[Value], name: &str, most: usize) -> Result<Option<usize>, Error> {
    let named = values.last().filter(|value| value.is_kwargs()).and_then(|named| named.get_attr(name).ok());
    let given = values.get(1).filter(|value| !value.is_kwargs()).cloned().or(named);
    let Some(given) = given.filter(|value| value.kind() == ValueKind::Number) else { return Ok(None) };
    match usize::try_from(given) {
        Ok(number) if number <= most => Ok(Some(number)),
        _ => Err(Error::new(ErrorKind::InvalidOperation, format!("`{name}` of at most {most} expected"))),
    }
}

/// Into how many pieces a text is split.
fn pieces(text: &str, by: Option<&str>) -> u64 {
    let count = match by {
        Some(by) => text.matches(by).count() + 1,
        None => text.split_whitespace().count(),
    };
    count as u64
}

/// `replace`, with a count by place or name.
pub(super) fn replace(state: &mut State, values: &[Value]) -> Result<Value, Error> {
    for value in values {
        measure(state, value, ShownStyle::default())?;
    }
    let (text, from, to, count, named): (Value, Value, Value, Option<i64>, Kwargs) =
        minijinja::value::from_args(values)?;
    let count = match count {
        None => named.get::<Option<i64>>("count")?,
        count => count,
    };
    named.assert_all_used()?;
    let count = count.and_then(|count| usize::try_from(count).ok());
    let is_safe = [&text, &from, &to].iter().any(|value| value.is_safe())
        && !matches!(state.auto_escape(), minijinja::AutoEscape::None);
    let mut as_text = |value: Value| match value.as_str() {
        Some(text) if !is_safe || value.is_safe() => Ok(text.to_owned()),
        None if value.is_undefined() => Err(Error::from(ErrorKind::UndefinedError)),
        None if !is_safe => Ok(value.to_string()),
        _ => state.format(value),
    };
    let from = from.to_string();
    let (text, to) = (as_text(text)?, as_text(to)?);
    if to.len() > from.len() {
        let found = text.matches(&*from).take(count.unwrap_or(usize::MAX)).count();
        let bytes = text.len().saturating_add(found.saturating_mul(to.len() - from.len()));
        shown::fits(bytes)?;
        charge(state, bytes)?;
    }
    let replaced = text.replacen(&*from, &to, count.unwrap_or(usize::MAX));
    Ok(if is_safe { Value::from_safe_string(replaced) } else { Value::from(replaced) })
}

/// `sum` of numbers, or of lists to one list. The engine's copies the list again and again.
fn sum(
    state: &mut State,
    values: Value,
    attribute: Option<String>,
    start: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    objects::look()?;
    let attribute = match attribute {
        None => named.get::<Option<String>>("attribute")?,
        attribute => attribute,
    };
    let start = match start {
        None => named.get::<Option<Value>>("start")?.unwrap_or_else(|| Value::from(0)),
        start => start.unwrap_or_default(),
    };
    named.assert_all_used()?;
    match start.kind() {
        ValueKind::Seq | ValueKind::Iterable if !start.is_tuple() => {}
        ValueKind::Number | ValueKind::Bool => {
            return filters::sum(state, values, attribute.as_deref(), Some(start), named);
        }
        kind => {
            let why = format!("`sum` can add numbers to a number and lists to a list, not to a {kind}");
            return Err(Error::new(ErrorKind::InvalidOperation, why));
        }
    }
    let mut all: Vec<Value> = start.try_iter()?.collect();
    state.consume_fuel(all.len() as u64)?;
    for value in values.try_iter()? {
        let list = match &attribute {
            Some(attribute) => attribute.split('.').try_fold(value, |value, part| value.get_attr(part))?,
            None => value,
        };
        if list.is_undefined() {
            continue;
        }
        if !matches!(list.kind(), ValueKind::Seq | ValueKind::Iterable) {
            let why = format!("`sum` cannot add a {} to a list", list.kind());
            return Err(Error::new(ErrorKind::InvalidOperation, why));
        }
        objects::look_each()?;
        for value in list.try_iter()? {
            state.consume_fuel(1)?;
            all.push(value);
        }
    }
    Ok(Value::from(all))
}
