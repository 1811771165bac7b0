//! These are the SQL functions of `SQLITE_ENABLE_MATH_FUNCTIONS`, which SQLite is built without: a build cannot be told so from a package.
//! They answer as SQLite's own do, NULL where there is no answer.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Result};

/// A function of one number and its name, and of two.
type Unary = (&'static str, fn(f64) -> f64);
type Binary = (&'static str, fn(f64, f64) -> f64);

/// Functions of one number.
const UNARY: [Unary; 20] = [
    ("acos", f64::acos),
    ("acosh", f64::acosh),
    ("asin", f64::asin),
    ("asinh", f64::asinh),
    ("atan", f64::atan),
    ("atanh", f64::atanh),
    ("cos", f64::cos),
    ("cosh", f64::cosh),
    ("degrees", f64::to_degrees),
    ("exp", f64::exp),
    ("ln", logarithm),
    ("log", |number| logarithm_of(number, f64::log10)),
    ("log10", |number| logarithm_of(number, f64::log10)),
    ("log2", |number| logarithm_of(number, f64::log2)),
    ("radians", f64::to_radians),
    ("sin", f64::sin),
    ("sinh", f64::sinh),
    ("sqrt", f64::sqrt),
    ("tan", f64::tan),
    ("tanh", f64::tanh),
];

/// Functions of two.
const BINARY: [Binary; 5] = [
    ("atan2", f64::atan2),
    ("log", |base, number| if base <= 0.0 { f64::NAN } else { logarithm(number) / logarithm(base) }),
    ("mod", |number, by| number % by),
    ("pow", f64::powf),
    ("power", f64::powf),
];

/// Functions that leave whole numbers as they are.
const ROUNDING: [Unary; 4] =
    [("ceil", f64::ceil), ("ceiling", f64::ceil), ("floor", f64::floor), ("trunc", f64::trunc)];

/// Sets the functions.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let how =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("pi", 0, how, |_| Ok(std::f64::consts::PI))?;
    for (name, function) in UNARY {
        connection
            .create_scalar_function(name, 1, how, move |call| Ok(answer(number(call, 0).map(function))))?;
    }
    for (name, function) in BINARY {
        connection.create_scalar_function(name, 2, how, move |call| {
            let pair = number(call, 0).zip(number(call, 1));
            Ok(answer(pair.map(|(first, second)| function(first, second))))
        })?;
    }
    for (name, function) in ROUNDING {
        connection.create_scalar_function(name, 1, how, move |call| {
            Ok(match call.get_raw(0) {
                ValueRef::Integer(whole) => Value::Integer(whole),
                _ => answer(number(call, 0).map(function)),
            })
        })?;
    }
    Ok(())
}

fn logarithm(number: f64) -> f64 {
    logarithm_of(number, f64::ln)
}

/// There is none of 0 and below.
fn logarithm_of(number: f64, function: fn(f64) -> f64) -> f64 {
    if number <= 0.0 { f64::NAN } else { function(number) }
}

/// What is no number is NULL.
fn answer(number: Option<f64>) -> Value {
    number.filter(|number| !number.is_nan()).map_or(Value::Null, Value::Real)
}

/// An argument that is a number, or a text that is one as a whole.
fn number(call: &Context<'_>, at: usize) -> Option<f64> {
    match call.get_raw(at) {
        ValueRef::Integer(whole) => Some(whole as f64),
        ValueRef::Real(real) => Some(real),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).ok()?.trim_ascii();
            // Rust knows names of numbers besides.
            let is_plain =
                text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
            text.parse().ok().filter(|_| is_plain)
        }
        _ => None,
    }
}
