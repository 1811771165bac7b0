//! This module adds to the schema of executors files which keys belong to which kind, and what they may be called.

use schemars::Schema;
use serde_json::{Map, Value, json};

use super::shape::ID_WANTED;
use crate::config::executor_kind::ExecutorKind;
use crate::config::id::ID;
use crate::value::Choice as _;

/// Keys that are for one kind alone stand beside that kind only, and what it needs is there.
pub(in super::super) fn by_kind(schema: &mut Schema) {
    let mut rest: Option<Value> = None;
    for kind in ExecutorKind::all() {
        let refused = kind.foreign_keys().map(|(key, owner)| {
            let message = format!("`{key}` is for `kind: {}`", owner.name());
            (key.to_owned(), json!({ "not": {}, "errorMessage": message }))
        });
        let mut then = json!({ "properties": refused.collect::<Map<String, Value>>() });
        if !kind.needed_keys().is_empty() {
            then["required"] = json!(kind.needed_keys());
        }
        // Without `required`, an entry that has no kind yet would be one of this kind.
        let is_kind = json!({ "properties": { "kind": { "const": kind.name() } }, "required": ["kind"] });
        let mut one = json!({ "if": is_kind, "then": then });
        if let Some(rest) = rest.take() {
            one["else"] = rest;
        }
        rest = Some(one);
    }
    if let Some(Value::Object(choice)) = rest {
        schema.ensure_object().extend(choice);
    }
}

/// The keys are ids, and none is the name of this process.
pub(in super::super) fn executor_names(schema: &mut Schema) {
    // The regular expressions of schemas cannot say what a text is not.
    let names = json!({
        "title": "name", "pattern": ID, "not": { "const": "local" }, "patternErrorMessage": ID_WANTED,
    });
    schema.insert("propertyNames".to_owned(), names);
}

/// An example of `node_selector`.
pub(in super::super) fn node_example() -> Value {
    json!({ "pool": "batch" })
}

/// An example of `tolerations`.
pub(in super::super) fn toleration_example() -> Value {
    json!([{ "key": "batch", "operator": "Exists" }])
}
