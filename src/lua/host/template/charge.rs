//! A value is measured and charged as steps before the engine makes text of it.

use minijinja::{Error, State, Value};

use super::objects;
use super::shown::{self, ShownStyle};

/// Bytes for which a step is charged, as the engine does it.
pub(super) const STEP_BYTES: usize = 64;

/// Looks at what a list or map becomes, and has it paid for.
pub(super) fn measure(state: &State, value: &Value, style: ShownStyle) -> Result<(), Error> {
    objects::look()?;
    if value.as_object().is_none() {
        return Ok(());
    }
    charge(state, shown::size(value, style)?)
}

/// Has so many bytes paid for.
pub(super) fn charge(state: &State, bytes: usize) -> Result<(), Error> {
    state.consume_fuel((bytes / STEP_BYTES) as u64)
}

/// Calls a filter or a test with values that are measured first.
pub(super) fn call(
    state: &mut State,
    function: &Value,
    values: &[Value],
    style: ShownStyle,
) -> Result<Value, Error> {
    for value in values {
        measure(state, value, style)?;
    }
    function.call(state, values)
}
