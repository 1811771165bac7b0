//! A setting is a field that holds its value or the `${{ … }}` that gives it. The plan evaluates expressions.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

/// Pattern of a string that holds an expression.
pub(super) const EXPRESSION: &str = r"\$\{\{[\s\S]*\}\}";

/// Whether a string holds a `${{ … }}`.
pub fn is_expression(text: &str) -> bool {
    text.split_once("${{").is_some_and(|(_, rest)| rest.contains("}}"))
}

/// A list of paths or names, none of which is empty.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    valid_texts(deserializer, "a path or a name", |text| !text.is_empty())
}

/// A list of strings, each of which is what is wanted.
pub(super) fn valid_texts<'de, D: Deserializer<'de>>(
    deserializer: D,
    wanted: &str,
    valid: impl Fn(&str) -> bool,
) -> Result<Option<Vec<String>>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    match list.iter().find(|text| !valid(text)) {
        Some(text) => Err(D::Error::custom(format_args!("`{text}` is not {wanted}"))),
        None => Ok(Some(list)),
    }
}

/// A value as written, or the text whose `${{ … }}` will give it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting<T> {
    /// Written out.
    Known(T),
    /// A string with `${{ … }}` in it.
    Expression(String),
}

impl<T> Setting<T> {
    /// The value, unless it is still an expression.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Expression(_) => None,
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if is_expression(&text) => Ok(Self::Expression(text)),
            value => T::deserialize(value).map(Self::Known).map_err(D::Error::custom),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Setting<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("Setting<{}>", T::schema_id()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        allow_expression(&mut schema);
        schema
    }
}

/// Lets a schema accept a string with an expression beside what it accepts already.
fn allow_expression(schema: &mut Schema) {
    let object = schema.ensure_object();
    let types = match object.get("type") {
        Some(Value::Array(types)) => types.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    let text = Value::from("string");
    let pattern = match object.get("pattern").and_then(Value::as_str) {
        Some(pattern) => format!("{pattern}|{EXPRESSION}"),
        // Any other string that the type accepts as it is needs no pattern.
        None if types.contains(&text) => return,
        None => EXPRESSION.to_owned(),
    };
    if !types.contains(&text) {
        object.insert("type".to_owned(), types.iter().cloned().chain([text]).collect());
    }
    object.insert("pattern".to_owned(), pattern.into());
    if !object.contains_key("patternErrorMessage") {
        let names = types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ");
        let wanted = format!("text, where {names} or `${{{{ … }}}}` is wanted");
        object.insert("patternErrorMessage".to_owned(), wanted.into());
    }
}

/// Reads the fields of a map. Without this, a list of the fields' values would do as well.
pub(super) fn fields<T: DeserializeOwned>(value: Value) -> Result<T, serde_json::Error> {
    if value.is_object() {
        return T::deserialize(value);
    }
    Err(serde_json::Error::custom(format_args!("`{value}` is no map")))
}

/// [`fields`] as a field of another map.
pub(super) fn map<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    fields(Value::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// [`map`] as a field of another map that is there and may be an expression.
pub(super) fn present_setting<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<Setting<T>>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) if is_expression(&text) => Ok(Some(Setting::Expression(text))),
        value => fields(value).map(|map| Some(Setting::Known(map))).map_err(D::Error::custom),
    }
}

/// Reads a field that is there: unlike a plain `Option`, it does not take `null` for "not given".
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// [`map`] for a field that is there.
pub(super) fn present_map<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    map(deserializer).map(Some)
}
