//! These methods change a list, as Python's do.

use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use crate::lua::host::template::arguments::{Given, refusal};
use crate::lua::host::template::charge::measure;
use crate::lua::host::template::kept;
use crate::lua::host::template::list::{TemplateList, VALUES_MAX};
use crate::lua::host::template::objects;
use crate::lua::host::template::shown::ShownStyle;

/// Values that are moved or copied in one step.
const MOVED_IN_STEP: u64 = 16;

/// Calls a method that changes a list; `None`: it has none of this name.
pub(super) fn method(
    state: &State,
    list: &TemplateList,
    method: &str,
    arguments: &[Value],
) -> Option<Result<Value, Error>> {
    let none = |done: Result<(), Error>| done.map(|()| Value::from(()));
    Some(match method {
        "append" => none(append(state, list, arguments)),
        "extend" => none(extend(state, list, arguments)),
        "insert" => none(insert(state, list, arguments)),
        "pop" => pop(list, arguments),
        "remove" => none(remove(state, list, arguments)),
        "clear" => none(Given::of(arguments, &[]).map(|_| list.values().clear())),
        "reverse" => none(Given::of(arguments, &[]).map(|_| list.values().reverse())),
        "sort" => none(sort(state, list, arguments)),
        _ => return None,
    })
}

fn append(state: &State, list: &TemplateList, arguments: &[Value]) -> Result<(), Error> {
    let [value] = exactly(arguments)?;
    let value = taken(state, list, value)?;
    room(list, 1)?;
    list.values().push(value);
    Ok(())
}

fn extend(state: &State, list: &TemplateList, arguments: &[Value]) -> Result<(), Error> {
    let [values] = exactly(arguments)?;
    measure(state, values, ShownStyle { is_raw: true, ..ShownStyle::default() })?;
    let mut more = Vec::new();
    for value in values.try_iter()? {
        more.push(taken(state, list, &value)?);
        room(list, more.len())?;
    }
    list.values().extend(more);
    Ok(())
}

fn insert(state: &State, list: &TemplateList, arguments: &[Value]) -> Result<(), Error> {
    let [at, value] = exactly(arguments)?;
    let at = whole(at)?;
    let value = taken(state, list, value)?;
    room(list, 1)?;
    let mut values = list.values();
    let at = place(at, values.len()).min(values.len());
    values.insert(at, value);
    Ok(())
}

fn pop(list: &TemplateList, arguments: &[Value]) -> Result<Value, Error> {
    let given = Given::of(arguments, &["index"])?;
    let at = given.integer(0)?.unwrap_or(-1);
    let mut values = list.values();
    if values.is_empty() {
        return Err(refusal("nothing can be taken from an empty list"));
    }
    let len = values.len() as i64;
    if at < -len || at >= len {
        return Err(refusal(format!("the list has no place {at}")));
    }
    let at = place(at, values.len());
    Ok(values.remove(at))
}

fn remove(state: &State, list: &TemplateList, arguments: &[Value]) -> Result<(), Error> {
    let [value] = exactly(arguments)?;
    let style = ShownStyle { is_raw: true, ..ShownStyle::default() };
    let values = list.snapshot();
    charge(state, values.len())?;
    values.iter().chain([value]).try_for_each(|value| measure(state, value, style))?;
    let at = values.iter().position(|other| other == value);
    let at = at.ok_or_else(|| refusal("the value is not in the list"))?;
    list.values().remove(at);
    Ok(())
}

fn sort(state: &State, list: &TemplateList, arguments: &[Value]) -> Result<(), Error> {
    let given = Given::of(arguments, &["reverse"])?;
    let is_reversed = given.truth(0)?;
    let mut values = list.snapshot();
    charge(state, values.len())?;
    let style = ShownStyle { is_raw: true, ..ShownStyle::default() };
    values.iter().try_for_each(|value| measure(state, value, style))?;
    let kind = values.first().map(Value::kind);
    if let Some(other) = values.iter().map(Value::kind).find(|other| Some(*other) != kind) {
        let kind = kind.unwrap_or(ValueKind::Undefined);
        return Err(refusal(format!("a {kind} and a {other} have no order")));
    }
    values.sort_by(|a, b| if is_reversed { b.cmp(a) } else { a.cmp(b) });
    *list.values() = values;
    Ok(())
}

/// The value, if the list can take it.
fn taken(state: &State, list: &TemplateList, value: &Value) -> Result<Value, Error> {
    objects::look_each()?;
    state.consume_fuel(1)?;
    let value = if value.as_object().is_some() { kept::whole(state, value.clone())? } else { value.clone() };
    list.bound(&value)?;
    Ok(value)
}

fn room(list: &TemplateList, more: usize) -> Result<(), Error> {
    let len = list.values().len();
    if len + more > VALUES_MAX {
        return Err(refusal(format!("a list cannot hold more than {VALUES_MAX} values")));
    }
    Ok(())
}

fn charge(state: &State, len: usize) -> Result<(), Error> {
    objects::look()?;
    state.consume_fuel(len as u64 / MOVED_IN_STEP + 1)
}

fn exactly<const N: usize>(arguments: &[Value]) -> Result<&[Value; N], Error> {
    use minijinja::ErrorKind::{MissingArgument, TooManyArguments};
    let kind = if arguments.len() < N { MissingArgument } else { TooManyArguments };
    arguments.try_into().map_err(|_| Error::from(kind))
}

fn whole(value: &Value) -> Result<i64, Error> {
    let wrong = || refusal(format!("a whole number is expected, not a {}", value.kind()));
    i64::try_from(value.clone()).map_err(|_| wrong())
}

/// A place that may be counted from the end; before the beginning is the beginning.
fn place(at: i64, len: usize) -> usize {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    usize::try_from(if at < 0 { (at + len).max(0) } else { at }).unwrap_or(usize::MAX)
}
