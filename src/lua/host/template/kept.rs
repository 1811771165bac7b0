//! This module bounds values that a template keeps in variables. A loop that keeps adding a level to one in a
//! `namespace` builds what no stack can show, compare or give back; so what `set` keeps goes through a function that
//! looks at its depth.

use std::fmt::Write;

use minijinja::value::{DynObject, ObjectRepr};
use minijinja::{Environment, Error, ErrorKind, Value};

use super::tokens::{Kind, Tag, Tags};

/// Lists and maps within each other in one variable: those of Lua, and a template's own around them.
const DEPTH_MAX: usize = 150;

/// Values in one variable. A list of a list that it holds twice, forty times, takes longer to walk than anybody waits; and
/// a filter such as `sort` walks it many times, without a look at the deadline.
const VALUES_MAX: usize = 1 << 20;

/// The functions that a value goes through, for variables and for parts of namespaces. No template has such names.
const NAMES: [&str; 2] = ["__flowrun_kept", "__flowrun_kept_in"];

/// Adds the functions.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_function(NAMES[0], |value: Value| measured(value, false));
    environment.add_function(NAMES[1], |value: Value| measured(value, true));
}

/// Whether these words of a source are about what was put into it.
pub(super) fn is_put_in(words: &str) -> bool {
    words.contains(NAMES[0])
}

/// The source with each value that `set` keeps put through the function. Lines stay as they are.
pub(super) fn rewritten(source: &str) -> String {
    let mut text = String::with_capacity(source.len() + source.len() / 8);
    let mut copied = 0;
    for tag in Tags::of(source) {
        let Some((start, end, name)) = kept(source, &tag) else { continue };
        // Two brackets: `a, b` is one value.
        let _ = write!(text, "{}{name}(({}))", &source[copied..start], &source[start..end]);
        copied = end;
    }
    text.push_str(&source[copied..]);
    text
}

/// Where the value of a `set` lies that may nest deeper than what it is made of, and what looks at it.
fn kept(source: &str, tag: &Tag) -> Option<(usize, usize, &'static str)> {
    let (first, last) = (tag.tokens.first()?, tag.tokens.last()?);
    if !tag.is_block || &source[first.start..first.end] != "set" {
        return None;
    }
    let assign = tag.tokens.iter().position(|token| token.kind == Kind::Assign)?;
    let value = tag.tokens.get(assign + 1..)?;
    let into_namespace = tag.tokens[..assign].iter().any(|token| token.kind == Kind::Dot);
    let nests = |kind| matches!(kind, Kind::Open | Kind::Pipe | Kind::Split);
    let is_looked_at = into_namespace || value.iter().any(|token| nests(token.kind));
    is_looked_at.then_some((value.first()?.start, last.end, NAMES[usize::from(into_namespace)]))
}

/// The value, unless it is nested too deep or too large. A namespace must not get into one: it could hold itself.
fn measured(value: Value, into_namespace: bool) -> Result<Value, Error> {
    let refuse = |why: String| Err(Error::new(ErrorKind::InvalidOperation, why));
    let mut open: Vec<Values> = vec![Box::new(std::iter::once(value.clone()))];
    let mut values = 0;
    while let Some(level) = open.last_mut() {
        let Some(value) = level.next() else {
            open.pop();
            continue;
        };
        values += 1;
        if values > VALUES_MAX {
            return refuse(format!("a variable cannot hold more than {VALUES_MAX} values"));
        }
        let Some(object) = value.as_object() else { continue };
        if into_namespace && may_hold_namespace(object) {
            return refuse("a namespace can hold texts, numbers, lists and maps only".to_owned());
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

/// Whether it is a namespace, or what sees variables without showing them: a macro, a loop.
fn may_hold_namespace(object: &DynObject) -> bool {
    let name = object.type_name();
    object.repr() == ObjectRepr::Plain || name.ends_with("::Namespace") || name.contains("::vm::")
}

type Values = Box<dyn Iterator<Item = Value>>;

/// The elements of a list, or the keys and values of a map.
fn inside(object: &DynObject) -> Option<Values> {
    match object.repr() {
        ObjectRepr::Plain => None,
        ObjectRepr::Map => Some(Box::new(object.try_iter_pairs()?.flat_map(|(key, value)| [key, value]))),
        _ => Some(object.try_iter()?),
    }
}
