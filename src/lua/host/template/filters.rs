//! The engine's filters, tests and functions that a nested list makes work on without end look at what they are given before
//! they begin.

use minijinja::value::{Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters, functions, tests};
use minijinja_contrib::globals;

use super::arguments::by_name;
use super::charge::{call, measure};
use super::cycler::Cycler;
use super::objects;
use super::shown::ShownStyle;
use super::{escape, fields, json, kept, long, methods, names, random, texts, urlize};

/// Bytes of a line that `pprint` writes.
const LINE_MAX: usize = 80;

/// Adds them all.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function(names::LOOK, |values: Rest<Value>| -> Result<Value, Error> {
        objects::look()?;
        Ok(values.first().cloned().unwrap_or_default())
    });
    environment.add_function(names::SHOWN, |state: &State, value: Value| -> Result<Value, Error> {
        measure(state, &value, ShownStyle::default())?;
        let is_fraction = value.kind() == ValueKind::Number && !value.is_integer();
        Ok(if is_fraction { Value::from(escape::text(&value)) } else { value })
    });
    environment.add_function(names::WHOLE, |state: &State, value: Value| -> Result<Value, Error> {
        measure(state, &value, ShownStyle { is_raw: true, ..ShownStyle::default() })?;
        Ok(value)
    });
    environment.add_function(names::NEW, |state: &State, value: Value| kept::whole(state, value));
    environment.add_function("namespace", |state: &State, values: Rest<ValueOrKwargs>| {
        namespace(state, &values.into_values())
    });
    // It would show the whole state of the engine.
    environment.remove_global("debug");
    into_text(environment);
    comparing(environment);
    long::install(environment);
    fields::install(environment);
    texts::install(environment);
    escape::install(environment);
    urlize::install(environment);
    random::install(environment);
    json::install(environment);
    counters(environment);
    methods::install(environment);
}

/// What gives one value after another, and what tells whether something is called.
fn counters(environment: &mut Environment<'static>) {
    environment.add_function("cycler", |values: Rest<Value>| {
        let values = values.iter().map(kept::plain).collect::<Result<Vec<_>, _>>()?;
        Cycler::of(values)
    });
    environment.add_function("joiner", |between: Option<Value>| {
        Ok::<_, Error>(globals::joiner(between.map(|value| kept::plain(&value)).transpose()?))
    });
    environment.add_test("callable", |value: &Value| {
        let is_macro = value.as_object().is_some_and(|object| object.type_name().ends_with("::Macro"));
        is_macro || value.kind() == ValueKind::Plain
    });
}

/// Filters and tests that make one text of what they are given.
fn into_text(environment: &mut Environment<'static>) {
    let shown = ShownStyle::default();
    for (name, filter) in [
        ("upper", Value::from_function(filters::upper)),
        ("lower", Value::from_function(filters::lower)),
        ("title", Value::from_function(filters::title)),
        ("capitalize", Value::from_function(filters::capitalize)),
        ("safe", Value::from_function(filters::safe)),
    ] {
        measured_filter(environment, name, filter, shown);
    }
    environment.add_filter("string", move |state: &mut State, value: Value| {
        measure(state, &value, shown)?;
        match value.kind() {
            ValueKind::String => Ok(value),
            ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
            _ => Ok(Value::from(escape::text(&value))),
        }
    });
    let pprint = Value::from_function(filters::pprint);
    environment.add_filter("pprint", move |state: &mut State, value: Value| {
        measure(state, &value, ShownStyle { indent: 4, ..shown })?;
        // What fits on a line stands on one.
        let line = if value.as_object().is_some() { value.to_string() } else { String::new() };
        if (1..=LINE_MAX).contains(&line.len()) {
            Ok(Value::from(line))
        } else {
            pprint.call(state, &[value])
        }
    });
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
    measured_filter(environment, "groupby", Value::from_function(filters::groupby), whole);
    let by_attribute: &'static [&'static str] = &["case_sensitive", "attribute"];
    for (name, filter, names) in [
        ("unique", Value::from_function(filters::unique), by_attribute),
        ("min", Value::from_function(filters::min), by_attribute),
        ("max", Value::from_function(filters::max), by_attribute),
        ("dictsort", Value::from_function(filters::dictsort), &["case_sensitive", "by", "reverse"]),
    ] {
        environment.add_filter(name, move |state: &mut State, values: Rest<ValueOrKwargs>| {
            call(state, &filter, &by_name(&values.into_values(), names)?, whole)
        });
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
