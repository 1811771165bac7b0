//! The filter `random` draws from numbers that begin with those of the attempt, as `rand` does: the same item gets the same
//! ones, whatever the concurrency.

use std::cell::Cell;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, State, Value};

use super::arguments::refusal;
use super::charge::measure;
use super::objects;
use super::shown::ShownStyle;
use crate::lua::host::call::Call;
use crate::value::splitmix::{STEP, mix};

/// A draw of Lua's that becomes the first number: whole and exact.
const DRAWN_MAX: i64 = 1 << 53;

thread_local! {
    /// Where the numbers of the rendering on this thread stand.
    static STATE: Cell<u64> = const { Cell::new(0) };
}

/// Whether a template may draw. Others leave the numbers of the attempt alone.
pub(super) fn is_wanted(source: &str) -> bool {
    source.contains("random")
}

/// Begins a rendering that may draw.
pub(super) fn begin(call: &Call<'_>) -> mlua::Result<()> {
    let math: mlua::Table = call.lua.globals().get("math")?;
    let drawn: i64 = math.get::<mlua::Function>("random")?.call((0, DRAWN_MAX))?;
    STATE.set(drawn as u64);
    Ok(())
}

/// Adds the filter.
pub(super) fn install(environment: &mut Environment<'static>) {
    environment.add_filter("random", |state: &mut State, value: Value| {
        measure(state, &value, ShownStyle { is_raw: true, ..ShownStyle::default() })?;
        match value.kind() {
            ValueKind::String => {
                let text = value.as_str().unwrap_or_default();
                let drawn = below(text.chars().count()).and_then(|at| text.chars().nth(at));
                Ok(drawn.map_or(Value::UNDEFINED, |character| Value::from(character.to_string())))
            }
            ValueKind::Seq | ValueKind::Iterable => drawn(&value),
            ValueKind::Undefined => Err(Error::from(ErrorKind::UndefinedError)),
            other => Err(refusal(format!("`random` takes a list or a text, not a {other}"))),
        }
    });
}

/// One of a list; nothing of an empty one.
fn drawn(list: &Value) -> Result<Value, Error> {
    let count = match list.len() {
        Some(len) => len,
        None => counted(list)?,
    };
    let Some(at) = below(count) else { return Ok(Value::UNDEFINED) };
    Ok(list.try_iter()?.nth(at).unwrap_or(Value::UNDEFINED))
}

fn counted(list: &Value) -> Result<usize, Error> {
    let mut count = 0;
    for _ in list.try_iter()? {
        objects::look_each()?;
        count += 1;
    }
    Ok(count)
}

/// A number below this one.
fn below(count: usize) -> Option<usize> {
    let state = STATE.get().wrapping_add(STEP);
    STATE.set(state);
    (count > 0).then(|| ((u128::from(mix(state)) * count as u128) >> 64) as usize)
}
