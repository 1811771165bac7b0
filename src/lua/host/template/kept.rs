//! This module bounds values that a template keeps in variables. A loop that keeps adding a level to one in a
//! `namespace` builds what no stack can show, compare or give back; so what `set` keeps goes through a function that
//! looks at its depth.

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::list::{DEPTH_MAX, TemplateList, measure};
use super::names;
use super::objects;
use super::shown::hides_values;
use super::tokens::{Tag, TagTokenKind};

/// Values that are copied in one step.
const COPIED_IN_STEP: u64 = 16;

/// Adds the functions.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment
        .add_function(names::KEPT, |state: &State, value: Value| whole(state, measured(value, false)?));
    environment
        .add_function(names::KEPT_IN, |state: &State, value: Value| whole(state, measured(value, true)?));
}

/// A list as it is, instead of what would make it out of others each time: a part of a part of a part, without end. What the
/// engine has made becomes a list that can be changed.
pub(super) fn whole(state: &State, value: Value) -> Result<Value, Error> {
    let is_made = value.kind() == ValueKind::Iterable || value.downcast_object_ref::<Vec<Value>>().is_some();
    if !is_made {
        return Ok(value);
    }
    let list: Vec<Value> = value.try_iter()?.collect();
    state.consume_fuel(list.len() as u64 / COPIED_IN_STEP)?;
    TemplateList::of_new(list)
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
    // The variable is no level itself.
    measure(&value, DEPTH_MAX + 1, "variable", &|object| {
        if into_namespace && hides_values(object) {
            let why = "a namespace, a cycler or a joiner can hold texts, numbers, lists and maps only";
            return Err(Error::new(ErrorKind::InvalidOperation, why));
        }
        Ok(())
    })?;
    Ok(value)
}

/// The value, which is one that a namespace can hold: nothing that may hold others without showing them.
pub(super) fn plain(value: &Value) -> Result<Value, Error> {
    measured(value.clone(), true)
}
