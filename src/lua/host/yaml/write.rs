//! `yaml.encode`, by way of JSON text, so that keys are sorted and numbers and null are written as everywhere.

use mlua::Value;

use crate::lua::host::call::Call;
use crate::lua::host::error::HostError;
use crate::lua::raw;
use crate::value::json;

/// `yaml.encode`
pub(super) fn encode(call: &Call<'_>, value: &Value) -> mlua::Result<Value> {
    let refuse = |why: String| HostError::refusal(format!("`{}`: {why}", call.name));
    let mut text = Vec::new();
    raw::encode(call.lua, value, &mut text)?.map_err(refuse)?;
    let tree = json::to_value(&text).map_err(|error| refuse(error.to_string()))?;
    if has_merge(&tree) {
        return Err(refuse("the key `<<` would be read as a merge of maps".to_owned()).into());
    }
    let yaml = serde_yaml::to_string(&tree).map_err(|error| refuse(error.to_string()))?;
    call.room_for(yaml.len())?;
    call.new_string(yaml)
}

fn has_merge(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Array(list) => list.iter().any(has_merge),
        serde_json::Value::Object(map) => map.iter().any(|(key, value)| key == "<<" || has_merge(value)),
        _ => false,
    }
}
