//! This module reads the values that a run brings along as YAML text: `--set`, list and map parameters, params files.
//!
//! The floor below reads pipeline files, with positions; here a message without one has to do.

use serde_json::{Map, Number, Value};
use serde_yaml::Value as Yaml;

/// Reads one YAML value as JSON. What JSON cannot hold is refused, with a reason in lower case and no period.
///
/// # Errors
/// Fails when the text is no YAML, and when its value has no form in JSON.
pub fn read_value(text: &str) -> Result<Value, String> {
    let mut yaml: Yaml = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    yaml.apply_merge().map_err(|error| error.to_string())?;
    json(yaml)
}

fn json(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::String(text) => text.into(),
        Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, _) if number.is_u64() => return Err(format!("{number} is outside 64 bits; quote it")),
            (None, float) => Value::Number(
                float.and_then(Number::from_f64).ok_or_else(|| format!("{number} is no finite number"))?,
            ),
        },
        Yaml::Sequence(list) => Value::Array(list.into_iter().map(json).collect::<Result<_, _>>()?),
        Yaml::Mapping(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| Ok((self::key(key)?, json(value)?)))
                .collect::<Result<Map<_, _>, String>>()?,
        ),
        Yaml::Tagged(tagged) => return Err(format!("the tag `{}` is not understood", tagged.tag)),
    })
}

/// Keys are strings in JSON; a plain `1:` is taken as it is written.
fn key(key: Yaml) -> Result<String, String> {
    match key {
        Yaml::String(text) => Ok(text),
        Yaml::Bool(value) => Ok(value.to_string()),
        Yaml::Number(number) => Ok(number.to_string()),
        _ => Err("a key of a map is neither text nor a number".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn yaml_becomes_the_same_json() {
        for (text, expect) in [
            ("2", json!(2)),
            ("9223372036854775807", json!(9_223_372_036_854_775_807_i64)),
            ("0.5", json!(0.5)),
            ("drain", json!("drain")),
            ("true", json!(true)),
            ("", json!(null)),
            ("[1, a]", json!([1, "a"])),
            ("{max: 3, 1: x}", json!({"max": 3, "1": "x"})),
        ] {
            assert_eq!(read_value(text), Ok(expect), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        for text in [".inf", ".nan", "18446744073709551615", "!x 1", "{[1]: 2}", "[", "a: 1\na: 2"] {
            assert!(read_value(text).is_err(), "{text}");
        }
    }
}
