//! This module bounds values that a template keeps in variables. A loop that keeps adding a level to one in a
//! `namespace` builds what no stack can show, compare or give back; so what `set` keeps goes through a function that
//! looks at its depth.

use minijinja::value::{DynObject, ObjectRepr, ValueKind};
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::names;
use super::objects::{self, TemplateList};
use super::shown::{Values, inside};
use super::tokens::{Tag, TagTokenKind};

/// Lists and maps within each other in one variable: those of Lua, and a template's own around them.
const DEPTH_MAX: usize = 150;

/// Values in one variable. A list of a list that it holds twice, forty times, takes longer to walk than anybody waits; and
/// a filter such as `sort` walks it many times, without a look at the deadline.
const VALUES_MAX: usize = 1 << 20;

/// Values that are copied in one step.
const COPIED_IN_STEP: u64 = 16;

/// Adds the functions.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function(names::KEPT, |state: &State, value: Value| made(state, measured(value, false)?));
    environment
        .add_function(names::KEPT_IN, |state: &State, value: Value| made(state, measured(value, true)?));
}

/// A list as it is, instead of what would make it out of others each time: a part of a part of a part, without end.
fn made(state: &State, value: Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Iterable {
        return Ok(value);
    }
    let list: Vec<Value> = value.try_iter()?.collect();
    state.consume_fuel(list.len() as u64 / COPIED_IN_STEP)?;
    Ok(Value::from_object(TemplateList(list)))
}

/// Where the value of a `set` lies that is more than a name or literal, and what looks at it.
pub(super) fn value(source: &str, tag: &Tag) -> Option<(usize, usize, &'static str)> {
    let (first, last) = (tag.tokens.first()?, tag.tokens.last()?);
    if !tag.is_block || &source[first.start..first.end] != "set" {
        return None;
    }
    let assign = tag.tokens.iter().position(|token| token.kind == TagTokenKind::Assign)?;
    let value = tag.tokens.get(assign + 1..)?;
    let into_namespace = tag.tokens[..assign].iter().any(|token| token.kind == TagTokenKind::Dot);
    let nests = |kind| {
        matches!(kind, TagTokenKind::Open | TagTokenKind::Pipe | TagTokenKind::Split | TagTokenKind::Sign)
    };
    let function = match value {
        _ if into_namespace => names::KEPT_IN,
        [_] => return None,
        value if value.iter().any(|token| nests(token.kind)) => names::KEPT,
        _ => names::LOOK,
    };
    Some((value.first()?.start, last.end, function))
}

/// The value, unless it is nested too deep or too large. A namespace must not get into one: it could hold itself.
fn measured(value: Value, into_namespace: bool) -> Result<Value, Error> {
    objects::look()?;
    let refuse = |why: String| Err(Error::new(ErrorKind::InvalidOperation, why));
    let mut open: Vec<Values> = vec![Box::new(std::iter::once(value.clone()))];
    let mut values = 0;
    while let Some(level) = open.last_mut() {
        let Some(value) = level.next() else {
            open.pop();
            continue;
        };
        objects::look_each()?;
        values += 1;
        if values > VALUES_MAX {
            return refuse(format!("a variable cannot hold more than {VALUES_MAX} values"));
        }
        let Some(object) = value.as_object() else { continue };
        if into_namespace && may_hold_namespace(object) {
            return refuse(
                "a namespace, a cycler or a joiner can hold texts, numbers, lists and maps only".to_owned(),
            );
        }
        let Some(inside) = inside(object) else { continue };
        if open.len() > DEPTH_MAX {
            let why = format!("a variable cannot hold lists and maps nested deeper than {DEPTH_MAX} levels");
            return refuse(why);
        }
        open.push(inside);
    }
    Ok(value)
}

/// The value, which is one that a namespace can hold: nothing that may hold others without showing them.
pub(super) fn plain(value: &Value) -> Result<Value, Error> {
    measured(value.clone(), true)
}

/// Whether it is a namespace, or what sees variables without showing them: a macro, a loop.
fn may_hold_namespace(object: &DynObject) -> bool {
    let name = object.type_name();
    object.repr() == ObjectRepr::Plain || name.ends_with("::Namespace") || name.contains("::vm::")
}
