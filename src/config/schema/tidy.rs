//! This module takes out of a generated schema what misleads editors: `null` beside optional keys, and pasted
//! defaults.

use schemars::Schema;
use schemars::transform::transform_subschemas;
use serde_json::{Map, Value};

use crate::data::Format;

/// Tidies a schema and all its parts.
pub(super) fn tidy(schema: &mut Schema) {
    if let Some(object) = schema.as_object_mut() {
        // Editors paste every default of a map that they complete; descriptions name them instead.
        object.shift_remove("default");
        // Widths of integers mean nothing to people; the bounds are given.
        object.shift_remove("format");
        strip_null(object);
        if let Some(description) = object.get("description").and_then(Value::as_str) {
            // Lines are wrapped for the source code, and paragraphs are not used.
            let joined = filled(&description.split_whitespace().collect::<Vec<_>>().join(" "));
            if joined.contains('`') {
                object.insert("markdownDescription".to_owned(), joined.clone().into());
            }
            object.insert("description".to_owned(), joined.into());
        }
        reorder(object);
    }
    transform_subschemas(&mut tidy, schema);
}

/// A description with the lists of formats that it names, so that a new format is named in all of them.
fn filled(description: &str) -> String {
    if !description.contains("{formats") {
        return description.to_owned();
    }
    let lists = [
        ("{formats}", Format::choices()),
        ("{formats to read}", Format::choices_to_read()),
        ("{formats with columns}", Format::names_of(Format::has_columns)),
        ("{formats of typed columns}", Format::names_of(Format::has_types)),
        ("{formats of text columns}", Format::names_of(Format::is_table)),
        ("{formats of databases}", Format::names_of(Format::is_database)),
        ("{formats that can grow}", Format::names_of(Format::can_grow)),
        ("{formats with indents}", Format::names_of(Format::is_indented)),
    ];
    lists.iter().fold(description.to_owned(), |text, (name, list)| text.replace(name, list))
}

/// What people look for first comes first.
fn reorder(object: &mut Map<String, Value>) {
    let mut old = std::mem::take(object);
    for key in ["$schema", "title", "description", "markdownDescription", "type"] {
        if let Some(value) = old.shift_remove(key) {
            object.insert(key.to_owned(), value);
        }
    }
    object.extend(old);
}

/// A key that may be left out is not a key that may be null.
fn strip_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            object.insert("type".to_owned(), one);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(mut options)) = object.shift_remove("anyOf") else { return };
    options.retain(|option| option.get("type").is_none_or(|kind| kind != "null"));
    match options.as_mut_slice() {
        [Value::Object(one)] => {
            for (key, value) in std::mem::take(one) {
                object.entry(key).or_insert(value);
            }
        }
        _ => {
            object.insert("anyOf".to_owned(), options.into());
        }
    }
}
