//! This module makes the JSON schemas of pipeline files, and of files that they include, from the types. They are shaped for editors: see the decisions in
//! `ARCHITECTURE.md`.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::executors::Executors;
use super::included::Included;
use super::pipeline::Pipeline;

mod executors;
mod shape;
mod tidy;

pub(super) use executors::{by_kind, executor_names, node_example, toleration_example};
pub(super) use shape::{
    ID_WANTED, allow_example, each, id_keys, item_example, lua_block, names_example, null_example, one_key,
    one_verb, params_example, quantile_example, short_at_once, short_list, short_number, short_path,
    short_sample, short_scalar, short_text, short_value, short_words, some_key, steps, text_or_list,
    top_level, total_example, variable_keys, wanted, words, words_list,
};

/// The schema as it is made from the types.
pub fn schema() -> Value {
    schema_of::<Pipeline>()
}

/// The same of the files that pipelines include.
pub fn included_schema() -> Value {
    schema_of::<Included>()
}

/// The same of executors files.
pub fn executors_schema() -> Value {
    schema_of::<Executors>()
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true);
    let settings = settings.with_transform(tidy::tidy);
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    schema.to_value()
}

/// The published schema: what `flowrun schema` prints and `schemas/pipeline.schema.json` holds.
pub fn schema_text() -> &'static str {
    include_str!("../../schemas/pipeline.schema.json")
}

/// The same of the files that pipelines include: what `flowrun schema --include` prints.
pub fn included_schema_text() -> &'static str {
    include_str!("../../schemas/include.schema.json")
}

/// The same of executors files: what `flowrun schema --executors` prints.
pub fn executors_schema_text() -> &'static str {
    include_str!("../../schemas/executors.schema.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The committed schemas are what the types say. `UPDATE_EXPECT=1` rewrites them.
    #[test]
    fn the_published_schema_is_made_from_the_types() {
        let schemas =
            [("pipeline", schema()), ("include", included_schema()), ("executors", executors_schema())];
        for (name, schema) in schemas {
            let mut generated = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
            generated.push('\n');
            let path = format!("{}/schemas/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(path, &generated).expect("the schemas folder is writable");
                continue;
            }
            let committed = std::fs::read_to_string(path).expect("the schema is committed");
            assert!(generated == committed, "run `UPDATE_EXPECT=1 cargo test published_schema`");
        }
    }

    /// Calls `visit` on a schema and all schemas in it, with their pointers.
    fn walk(schema: &Value, at: &str, visit: &mut dyn FnMut(&Value, &str)) {
        visit(schema, at);
        for part in ["properties", "patternProperties"] {
            for (key, inner) in schema[part].as_object().into_iter().flatten() {
                walk(inner, &format!("{at}/{part}/{key}"), visit);
            }
        }
        for part in ["items", "additionalProperties"] {
            if schema[part].is_object() {
                walk(&schema[part], &format!("{at}/{part}"), visit);
            }
        }
    }

    #[test]
    fn the_schemas_are_draft_7_and_spare_editors_what_misleads_them() {
        spares_editors(&schema());
        spares_editors(&included_schema());
        spares_editors(&executors_schema());
    }

    fn spares_editors(schema: &Value) {
        assert!(jsonschema::draft7::meta::is_valid(schema));
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        walk(schema, "", &mut |schema, at| {
            for keyword in ["$ref", "oneOf", "allOf", "default", "definitions", "format"] {
                assert!(schema.get(keyword).is_none(), "{keyword} at {at}");
            }
            let types = schema["type"].as_array().into_iter().flatten();
            assert!(types.chain([&schema["type"]]).all(|kind| kind != "null"), "null at {at}");
        });
    }

    #[test]
    fn every_key_is_described() {
        let mut described = |schema: &Value, at: &str| {
            for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
                let description = inner["description"].as_str().unwrap_or_default();
                assert!(
                    description.ends_with('.') && !description.contains('\n'),
                    "{key} at {at}: {description}"
                );
            }
        };
        walk(&schema(), "", &mut described);
        walk(&executors_schema(), "", &mut described);
    }
}
