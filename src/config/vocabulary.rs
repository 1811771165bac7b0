//! The vocabulary is what the published schema says about the place of a key: what may stand there, and what it means.

use std::sync::LazyLock;

use serde_json::Value;

use super::schema::schema_text;

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(schema_text()).expect("the published schema is JSON"));

/// What may stand at a path of keys, `None` for an item of a list.
pub fn at(path: &[Option<&str>]) -> Option<&'static Value> {
    let mut schema: &'static Value = &SCHEMA;
    for part in path {
        let next = match part {
            Some(name) => {
                let known = schema.get("properties").and_then(|known| known.get(*name));
                known.or_else(|| schema.get("additionalProperties"))
            }
            // Where a text may stand too, what is said of a list stands under `then`.
            None => schema.get("items").or_else(|| schema.get("then")?.get("items")),
        };
        schema = next.filter(|next| next.is_object())?;
    }
    Some(schema)
}

/// The keys that may stand in a map, with what the schema says about each.
pub fn keys(schema: &'static Value) -> impl Iterator<Item = (&'static str, &'static Value)> {
    let known = schema.get("properties").and_then(Value::as_object);
    known.into_iter().flatten().map(|(name, schema)| (name.as_str(), schema))
}

/// The words that may stand as a value.
pub fn values(schema: &Value) -> Vec<String> {
    let mut values = Vec::new();
    if types(schema).any(|name| name == "boolean") {
        values.extend(["true".to_owned(), "false".to_owned()]);
    }
    for key in ["enum", "x-values"] {
        for value in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
            values.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
    }
    values
}

/// The types that a value may have.
pub fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let kind = schema.get("type");
    let list = kind.and_then(Value::as_array).into_iter().flatten();
    kind.into_iter().chain(list).filter_map(Value::as_str)
}

/// The documentation.
pub fn doc(schema: &Value) -> Option<&str> {
    ["markdownDescription", "description"].into_iter().find_map(|key| schema.get(key)?.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_names_of_any_kind_and_lists() {
        let names = |path: &[Option<&str>]| at(path).map(|schema| keys(schema).count() > 0);
        assert_eq!(names(&[]), Some(true));
        assert_eq!(names(&[Some("steps"), Some("x"), Some("map"), Some("retries")]), Some(true));
        assert_eq!(names(&[Some("tests"), None]), Some(true));
        assert_eq!(names(&[Some("steps"), Some("x"), Some("from"), None]), Some(false));
        assert_eq!(names(&[Some("nothing")]), None);
        let fail_fast = at(&[Some("defaults"), Some("map"), Some("fail_fast")]).expect("a key");
        assert_eq!(values(fail_fast), ["true", "false", "drain"]);
    }
}
