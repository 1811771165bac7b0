//! The engine's filters, tests and functions that a nested list makes work on without end look at what they are given before
//! they begin.

use minijinja::value::{Rest, ValueOrKwargs};
use minijinja::{Environment, Error, State, Value, filters, functions, tests};

use super::charge::{call, measure};
use super::objects::{self, Map, TemplateList};
use super::shown::ShownStyle;
use super::{long, names};

/// Adds them all.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function(names::LOOK, |values: Rest<Value>| -> Result<Value, Error> {
        objects::look()?;
        Ok(values.first().cloned().unwrap_or_default())
    });
    environment.add_function(names::SHOWN, |state: &State, value: Value| {
        measure(state, &value, ShownStyle::default()).map(|()| value)
    });
    environment.add_function(names::WHOLE, |state: &State, value: Value| -> Result<Value, Error> {
        objects::look()?;
        let is_ours = value.downcast_object_ref::<TemplateList>().is_some()
            || value.downcast_object_ref::<Map>().is_some();
        if !is_ours {
            measure(state, &value, ShownStyle { is_raw: true, ..ShownStyle::default() })?;
        }
        Ok(value)
    });
    environment.add_function("namespace", |state: &State, values: Rest<ValueOrKwargs>| {
        namespace(state, &values.into_values())
    });
    // It would show the whole state of the engine.
    environment.remove_global("debug");
    environment.set_formatter(|out, state, value| {
        measure(state, value, ShownStyle::default())?;
        minijinja::escape_formatter(out, state, value)
    });
    into_text(environment);
    comparing(environment);
    long::install(environment);
}

/// Filters and tests that make one text of what they are given.
fn into_text(environment: &mut Environment<'static>) {
    let shown = ShownStyle::default();
    for (name, filter) in [
        ("upper", Value::from_function(filters::upper)),
        ("lower", Value::from_function(filters::lower)),
        ("title", Value::from_function(filters::title)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("string", Value::from_function(filters::string)),
        ("escape", Value::from_function(filters::escape)),
        ("e", Value::from_function(filters::escape)),
        ("safe", Value::from_function(filters::safe)),
    ] {
        measured_filter(environment, name, filter, shown);
    }
    measured_filter(
        environment,
        "pprint",
        Value::from_function(filters::pprint),
        ShownStyle { indent: 4, ..shown },
    );
    measured_filter(
        environment,
        "join",
        Value::from_function(filters::join),
        ShownStyle { is_raw: true, ..shown },
    );
    for (name, test) in [
        ("startingwith", Value::from_function(tests::is_startingwith)),
        ("endingwith", Value::from_function(tests::is_endingwith)),
        ("lower", Value::from_function(tests::is_lower)),
        ("upper", Value::from_function(tests::is_upper)),
        ("in", Value::from_function(tests::is_in)),
    ] {
        measured_test(environment, name, test, shown);
    }
}

/// Filters and tests that compare what they are given, in all its depth.
fn comparing(environment: &mut Environment<'static>) {
    let whole = ShownStyle { is_raw: true, ..ShownStyle::default() };
    for (name, filter) in [
        ("unique", Value::from_function(filters::unique)),
        ("min", Value::from_function(filters::min)),
        ("max", Value::from_function(filters::max)),
        ("groupby", Value::from_function(filters::groupby)),
        ("dictsort", Value::from_function(filters::dictsort)),
    ] {
        measured_filter(environment, name, filter, whole);
    }
    let pairs: [(&[&'static str], Value); 6] = [
        (&["eq", "equalto", "=="], Value::from_function(tests::is_eq)),
        (&["ne", "!="], Value::from_function(tests::is_ne)),
        (&["lt", "lessthan", "<"], Value::from_function(tests::is_lt)),
        (&["le", "<="], Value::from_function(tests::is_le)),
        (&["gt", "greaterthan", ">"], Value::from_function(tests::is_gt)),
        (&["ge", ">="], Value::from_function(tests::is_ge)),
    ];
    for (names, test) in pairs {
        for name in names {
            measured_test(environment, name, test.clone(), whole);
        }
    }
}

fn measured_filter(
    environment: &mut Environment<'static>,
    name: &'static str,
    filter: Value,
    style: ShownStyle,
) {
    environment.add_filter(name, move |state: &mut State, values: Rest<ValueOrKwargs>| {
        call(state, &filter, &values.into_values(), style)
    });
}

fn measured_test(environment: &mut Environment<'static>, name: &'static str, test: Value, style: ShownStyle) {
    environment.add_test(name, move |state: &mut State, values: Rest<ValueOrKwargs>| {
        call(state, &test, &values.into_values(), style)
    });
}

/// A namespace holds what it is given anew.
fn namespace(state: &State, values: &[Value]) -> Result<Value, Error> {
    objects::look()?;
    let entries = values.first().and_then(Value::len).unwrap_or(0);
    state.consume_fuel(entries as u64 * 2)?;
    let (defaults,) = minijinja::value::from_args(values)?;
    functions::namespace(defaults)
}
