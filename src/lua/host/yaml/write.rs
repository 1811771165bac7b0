//! `yaml.encode` writes a value by way of JSON text, so that keys are sorted and numbers and null are written as
//! everywhere.

use mlua::Value;

use super::emit;
use crate::lua::host::call::Call;
use crate::lua::host::tally::Bounded;
use crate::lua::host_error::HostError;
use crate::value::json;

/// `yaml.encode`
pub(super) fn encode(call: &Call<'_>, value: &Value) -> mlua::Result<Value> {
    let refuse = |why: String| HostError::refusal(format!("`{}`: {why}", call.name));
    let text = call.json(value)?;
    // The tree and the text, which is read back in parts.
    let _claim = call.claim(json::tree_bytes(&text).saturating_add(text.len()))?;
    call.checkpoint()?;
    let tree = json::to_value(&text).map_err(|error| refuse(error.to_string()))?;
    drop(text);
    call.checkpoint()?;
    let mut yaml = Bounded::new(call);
    match emit::document(&mut yaml, &tree) {
        Ok(()) => yaml.finish(),
        Err(error) => Err(yaml.fault().unwrap_or_else(|| refuse(error.to_string()).into())),
    }
}
