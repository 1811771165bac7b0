//! This module adds what derived schemas cannot say: short forms, verbs that exclude each other, names of keys,
//! editor skeletons.

use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

use super::super::literal::PERCENT;
use super::super::setting::EXPRESSION;
use crate::config::id::ID;
use crate::event::Verb;
use crate::value::Choice as _;

/// What an id looks like, for messages.
pub(in super::super) const ID_WANTED: &str =
    "an id has letters, digits, `_` and `-`, and does not start with a digit or `-`";

/// `path` alone instead of the map.
pub(in super::super) fn short_path(schema: &mut Schema) {
    widen(schema, &["string", "object"]);
    schema.insert("minLength".to_owned(), 1.into());
}

/// A text instead of the map.
pub(in super::super) fn short_text(schema: &mut Schema) {
    widen(schema, &["string", "object"]);
}

/// A whole number instead of the map.
pub(in super::super) fn short_number(schema: &mut Schema) {
    widen(schema, &["integer", "object"]);
    schema.insert("minimum".to_owned(), 0.into());
    schema.insert("maximum".to_owned(), u32::MAX.into());
}

/// A whole number from 1 or `auto` instead of the map.
pub(in super::super) fn short_at_once(schema: &mut Schema) {
    widen(schema, &["integer", "string", "object"]);
    schema.insert("minimum".to_owned(), 1.into());
    schema.insert("maximum".to_owned(), u32::MAX.into());
    schema.insert("pattern".to_owned(), format!("^auto$|{EXPRESSION}").into());
    let wanted = "a whole number from 1, `auto`, or a map with `each` and `total`";
    schema.insert("patternErrorMessage".to_owned(), wanted.into());
    schema.insert("x-values".to_owned(), json!(["auto"]));
}

/// A whole number or a share in percent instead of the map.
pub(in super::super) fn short_sample(schema: &mut Schema) {
    widen(schema, &["integer", "string", "object"]);
    schema.insert("minimum".to_owned(), 0.into());
    schema.insert("maximum".to_owned(), ((1_u64 << 53) - 1).into());
    schema.insert("pattern".to_owned(), format!("{PERCENT}|{EXPRESSION}").into());
    let wanted = "a whole number from 0, or a share from `0%` to `100%`";
    schema.insert("patternErrorMessage".to_owned(), wanted.into());
}

/// At least one of the keys.
pub(in super::super) fn some_key(schema: &mut Schema) {
    schema.insert("minProperties".to_owned(), 1.into());
}

/// Exactly one of the keys. `maxProperties` would say it shorter, but editors then offer none.
pub(in super::super) fn one_key(schema: &mut Schema) {
    schema.insert("minProperties".to_owned(), 1.into());
    let alone = json!({
        "env": { "properties": { "file": false }, "errorMessage": "give `env` or `file`, not both" },
    });
    schema.insert("dependencies".to_owned(), alone);
}

/// Editors begin a block for this Lua, which stays right when a second line comes; `lua` is what they write into it.
pub(in super::super) fn lua_block(lua: &'static str) -> impl Fn(&mut Schema) {
    move |schema| {
        let text = lua.replace('}', "\\}");
        let body = format!("|\n  ${{1:{text}}}");
        let block = json!([{ "label": "block", "description": "Lua in a block", "body": body }]);
        schema.insert("defaultSnippets".to_owned(), block);
    }
}

/// What a text that fails the pattern should have been, for editors.
pub(in super::super) fn wanted(message: &'static str) -> impl Fn(&mut Schema) {
    move |schema| {
        let holder = match schema.get_mut("items") {
            Some(Value::Object(items)) => items,
            _ => schema.ensure_object(),
        };
        holder.insert("patternErrorMessage".to_owned(), message.into());
    }
}

/// Words that editors offer, each with what it means. Unlike examples they do not fill the hover.
pub(in super::super) fn words(words: &[(&str, &str)]) -> Value {
    // `true` as a text would be offered in quotes.
    let body = |word: &str| serde_json::from_str(word).unwrap_or_else(|_| Value::from(word));
    let offered =
        |(word, doc): &(&str, &str)| json!({ "label": word, "description": doc.trim(), "body": body(word) });
    words.iter().map(offered).collect()
}

/// Any value but null instead of the map.
pub(in super::super) fn short_value(schema: &mut Schema) {
    widen(schema, &["string", "number", "boolean", "array", "object"]);
}

/// A list of words instead of the map.
pub(in super::super) fn short_words(schema: &mut Schema) {
    widen(schema, &["array", "object"]);
    words_list(schema);
}

/// A list of at least one word; a number is one, too.
pub(in super::super) fn words_list(schema: &mut Schema) {
    schema.insert("items".to_owned(), json!({ "type": ["string", "number"] }));
    schema.insert("minItems".to_owned(), 1.into());
}

/// A text or a number instead of the map.
pub(in super::super) fn short_scalar(schema: &mut Schema) {
    widen(schema, &["string", "number", "object"]);
}

/// A list, or an expression that gives one, instead of the map.
pub(in super::super) fn short_list(schema: &mut Schema) {
    widen(schema, &["array", "object", "string"]);
    schema.insert("pattern".to_owned(), EXPRESSION.into());
}

fn widen(schema: &mut Schema, types: &[&str]) {
    schema.insert("type".to_owned(), types.iter().copied().collect());
}

/// A text that matches `pattern`, or a list of such texts.
pub(in super::super) fn text_or_list(pattern: &str, wanted: &str) -> Schema {
    json_schema!({
        "type": ["string", "array"],
        "pattern": pattern,
        "patternErrorMessage": wanted,
        // With plain `items`, editors write a list where nearly always one text is wanted.
        "if": { "type": "array" },
        "then": { "items": { "type": "string", "pattern": pattern, "patternErrorMessage": wanted } },
        "minItems": 1,
    })
}

/// The keys that give an item function.
const FUNCTIONS: [&str; 3] = ["lua", "file", "program"];
const NEEDED: &str = "needs `lua`, `file` or `program`";
const ONE: &str = "give one of `lua`, `file` and `program`";

/// A map-like step: Lua directly, or a map of the function's keys and those of the other parts.
pub(in super::super) fn each(function: &Schema, parts: &[Schema]) -> Schema {
    let mut properties = Map::new();
    for part in std::iter::once(function).chain(parts) {
        if let Some(Value::Object(part)) = part.get("properties") {
            properties.extend(part.clone());
        }
    }
    json_schema!({
        "title": "function and policy",
        "type": ["string", "object"],
        "properties": properties,
        "additionalProperties": false,
        "anyOf": FUNCTIONS.map(|name| json!({ "title": name, "required": [name], "errorMessage": NEEDED })),
        "dependencies": {
            "lua": { "properties": { "file": false, "program": false }, "errorMessage": ONE },
            "file": { "properties": { "program": false }, "errorMessage": ONE },
            "program": {
                "properties": { "setup": false, "memory": false },
                "errorMessage": "`setup` and `memory` are for Lua, and `program` runs none",
            },
        },
    })
}

/// Exactly one verb, and `from` where the verb wants it. Without `oneOf`, which ruins messages and completion.
pub(in super::super) fn one_verb(schema: &mut Schema) {
    let names: Vec<&str> = Verb::all().map(Verb::name).collect();
    let none = format!("a step needs exactly one of `{}`", names.join("`, `"));
    let any: Vec<Value> =
        names.iter().map(|verb| json!({ "required": [verb], "errorMessage": none })).collect();
    let dependencies: Map<String, Value> =
        Verb::all().map(|verb| (verb.name().to_owned(), verb_alone(verb))).collect();
    schema.insert("anyOf".to_owned(), any.into());
    schema.insert("dependencies".to_owned(), dependencies.into());
}

/// What a step with this verb may not have, and must have.
fn verb_alone(verb: Verb) -> Value {
    let message = format!("this step already has `{verb}`; a step has exactly one verb");
    let mut refused: Map<String, Value> = Verb::all()
        .filter(|other| *other != verb)
        .map(|other| (other.name().to_owned(), Value::Bool(false)))
        .collect();
    if verb.is_source() {
        let message = format!("`{verb}` brings items in and takes no `from`");
        refused.insert("from".to_owned(), json!({ "not": {}, "errorMessage": message }));
        return json!({ "properties": refused, "errorMessage": message });
    }
    json!({ "properties": refused, "required": ["from"], "errorMessage": message })
}

/// The keys are ids.
pub(in super::super) fn id_keys(schema: &mut Schema) {
    let names = json!({ "title": "name", "pattern": ID, "patternErrorMessage": ID_WANTED });
    schema.insert("propertyNames".to_owned(), names);
}

/// The keys are names of environment variables.
pub(in super::super) fn variable_keys(schema: &mut Schema) {
    let wanted = "the name of a variable has letters, digits and `_`, and does not start with a digit";
    let pattern = "^[A-Za-z_][A-Za-z0-9_]*$";
    let names = json!({ "title": "NAME", "pattern": pattern, "patternErrorMessage": wanted });
    schema.insert("propertyNames".to_owned(), names);
}

/// At least one step, under an id; editors offer skeletons.
pub(in super::super) fn steps(schema: &mut Schema) {
    id_keys(schema);
    schema.insert("minProperties".to_owned(), 1.into());
    let snippets = json!([
        snippet("read step", "Items from files", &json!({ "read": "${2:data/*.jsonl}" })),
        snippet("items step", "Items written out here", &json!({ "items": ["${2:1}"] })),
        snippet("glob step", "Files as items", &json!({ "glob": "${2:raw/**/*.png}" })),
        snippet(
            "map step",
            "A Lua function on every item",
            &json!({ "from": "${2:docs}", "map": { "concurrency": 8, "lua": "|\n      ${3:return item}" } }),
        ),
        snippet(
            "filter step",
            "Items for which an expression is true",
            &json!({ "from": "${2:docs}", "filter": "${3:item.ok}" }),
        ),
        snippet(
            "write step",
            "Items to a file",
            &json!({ "from": "${2:clean}", "write": "${3:out/result.jsonl}" }),
        ),
    ]);
    schema.insert("defaultSnippets".to_owned(), snippets);
}

fn snippet(label: &str, description: &str, step: &Value) -> Value {
    json!({ "label": label, "description": description, "body": { "${1:name}": step } })
}

/// Free keys at the top level, and steps that must be there.
pub(in super::super) fn top_level(schema: &mut Schema) {
    schema.insert("patternProperties".to_owned(), json!({ "^x-": {} }));
}

/// An example of an item.
pub(in super::super) fn item_example() -> Value {
    json!({ "id": 1 })
}

/// An example of `columns` of `write`.
pub(in super::super) fn names_example() -> Value {
    json!(["id", "name"])
}

/// An example of `null_values`.
pub(in super::super) fn null_example() -> Value {
    json!(["NA", "\\N"])
}

/// An example of `params`.
pub(in super::super) fn params_example() -> Value {
    json!([18])
}

/// An example of `sum` of `aggregate`.
pub(in super::super) fn total_example() -> Value {
    json!({ "total": "item.price" })
}

/// An example of `quantile` of `aggregate`.
pub(in super::super) fn quantile_example() -> Value {
    json!({ "p95": ["item.ms", 0.95] })
}

/// An example of `x-allow`.
pub(in super::super) fn allow_example() -> Value {
    json!(["flowrun::unused_step"])
}
