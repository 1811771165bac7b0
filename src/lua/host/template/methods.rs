//! These are the methods of Python's texts, lists and maps, which templates call: those of the engine's companion, and those that
//! it does not have or has otherwise. What they make is measured first.

mod pieces;
mod text;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, State, Value};
use minijinja_contrib::pycompat;

use super::arguments::{Given, refusal};
use super::charge::measure;
use super::objects;
use super::shown::ShownStyle;

/// Methods that would change a list or map.
const CHANGING: [&str; 12] = [
    "append",
    "extend",
    "insert",
    "pop",
    "remove",
    "clear",
    "sort",
    "reverse",
    "update",
    "setdefault",
    "popitem",
    "add",
];

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
            ValueKind::Seq | ValueKind::Map if CHANGING.contains(&method) => Err(unchanged(value, method)),
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

fn unchanged(value: &Value, method: &str) -> Error {
    let instead = if value.kind() == ValueKind::Map {
        "`{% set m = m|chain({'k': v}) %}` makes a new map"
    } else {
        "`{% set l = l + [x] %}` makes a new list"
    };
    let why = format!(
        "`{method}` is not there, because lists and maps do not change here; {instead}, in a loop as a name of a `namespace`"
    );
    refusal(why)
}

/// A method of a list, unless it is one that the companion has.
fn of_list(
    state: &mut State,
    list: &Value,
    method: &str,
    arguments: &[Value],
) -> Option<Result<Value, Error>> {
    Some(match method {
        "copy" => Given::of(arguments, &[]).map(|_| list.clone()),
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
