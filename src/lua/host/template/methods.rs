//! These are the methods of Python's texts, lists and maps, which templates call: those of the engine's companion, and those that
//! it does not have or has otherwise. What they make is measured first.

mod changing;
mod pieces;
mod text;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

use super::arguments::{Given, refusal};
use super::charge::measure;
use super::kept;
use super::list::TemplateList;
use super::objects;
use super::shown::ShownStyle;

/// Methods that change a list, or would change a map.
const OF_LISTS: [&str; 8] = ["append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse"];
const OF_MAPS: [&str; 5] = ["pop", "clear", "update", "setdefault", "popitem"];

/// Adds them.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.set_unknown_method_callback(|state, value, method, arguments| {
        objects::look()?;
        match value.kind() {
            ValueKind::String => {
                let text = value.as_str().unwrap_or_default();
                text::method(state, text, method, arguments)
                    .unwrap_or_else(|| pycompat::unknown_method_callback(state, value, method, arguments))
            }
            ValueKind::Map if OF_MAPS.contains(&method) => Err(unchanged_map(method)),
            ValueKind::Seq | ValueKind::Iterable if OF_LISTS.contains(&method) => {
                let list = value.downcast_object_ref::<TemplateList>();
                list.and_then(|list| changing::method(state, list, method, arguments))
                    .unwrap_or_else(|| Err(unchanged_list(method)))
            }
            ValueKind::Seq => of_list(state, value, method, arguments)
                .unwrap_or_else(|| pycompat::unknown_method_callback(state, value, method, arguments)),
            ValueKind::Map if method == "copy" => {
                Given::of(arguments, &[])?;
                Ok(value.clone())
            }
            _ => pycompat::unknown_method_callback(state, value, method, arguments),
        }
    });
}

fn unchanged_map(method: &str) -> Error {
    refusal(format!(
        "`{method}` is not there, because maps do not change here; `{{% set m = m|chain({{'k': v}}) %}}` makes a new map, in a \
         loop as a name of a `namespace`"
    ))
}

fn unchanged_list(method: &str) -> Error {
    refusal(format!(
        "`{method}` is not there, because this is a tuple, or a part of what a filter has made; `{{% set l = l|list %}}` makes a list \
         that can be changed"
    ))
}

/// A list of its own with the same values.
fn copied(state: &State, list: &Value) -> Result<Value, Error> {
    match list.downcast_object_ref::<TemplateList>() {
        Some(own) => kept::whole(state, Value::from(own.snapshot())),
        None => Ok(list.clone()),
    }
}

/// A method of a list, unless it is one that the companion has.
fn of_list(
    state: &mut State,
    list: &Value,
    method: &str,
    arguments: &[Value],
) -> Option<Result<Value, Error>> {
    Some(match method {
        "copy" => Given::of(arguments, &[]).and_then(|_| copied(state, list)),
        "index" => index(state, list, arguments),
        "count" => {
            let measured = [list].into_iter().chain(arguments).try_for_each(|value| {
                measure(state, value, ShownStyle { is_raw: true, ..ShownStyle::default() })
            });
            measured.and_then(|()| pycompat::unknown_method_callback(state, list, method, arguments))
        }
        _ => return None,
    })
}

fn index(state: &State, list: &Value, arguments: &[Value]) -> Result<Value, Error> {
    let what = match arguments {
        [what] => what,
        [] => return Err(Error::from(ErrorKind::MissingArgument)),
        _ => return Err(Error::from(ErrorKind::TooManyArguments)),
    };
    let style = ShownStyle { is_raw: true, ..ShownStyle::default() };
    measure(state, list, style)?;
    measure(state, what, style)?;
    let at = list.try_iter()?.position(|value| value == *what);
    at.map(Value::from).ok_or_else(|| refusal("the value is not in the list"))
}
