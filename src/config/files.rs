//! These types are the steps that touch files, and items written out, as written: `read`, `glob`, `items`, `write`.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use super::literal::{Count, Delimiter, Share};
use super::schema;
use super::setting::{Setting, fields, is_expression, present};
use crate::data::{ColumnType, Compression, Format, GlobBy};

/// Items from one file, or from all files that match a pattern, in sorted order.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "read", transform = schema::short_path)]
pub struct Read {
    /// A file or a pattern, relative to the pipeline file; `-` is standard input.
    #[schemars(example = &"data/*.jsonl", example = &"-", length(min = 1))]
    pub path: String,
    /// How items lie in the file: {formats}. Default: from the extension.
    #[serde(default, deserialize_with = "present")]
    pub format: Option<Setting<Format>>,
    /// `gzip`, `zstd` or `none`. Default: from the extension (`.gz`, `.zst`).
    #[serde(default, deserialize_with = "present")]
    pub compression: Option<Setting<Compression>>,
    /// The columns of {formats with columns} to take, with their types, such as `{id: integer, name: string}`; the items
    /// have them in this order. Default: all columns, those of {formats of text columns} as strings.
    #[serde(default, deserialize_with = "present")]
    #[schemars(transform = schema::columns)]
    pub columns: Option<Setting<IndexMap<String, ColumnType>>>,
    /// The separator of {formats of text columns}, one ASCII character. Default: a comma for `csv`, a tab for `tsv`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &";")]
    pub delimiter: Option<Setting<Delimiter>>,
    /// Whether the first row of {formats of text columns} names the columns. Default: `true`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = false)]
    pub header: Option<Setting<bool>>,
    /// Where the list of items lies in a `json` document: `features`, or `data.rows[0].items`; a name with points or brackets in it
    /// is written `["a.b"]`. Default: the document is the list.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"features")]
    pub at: Option<Setting<String>>,
    /// Share of the rows that must be readable, from 0 to 1. Default: 1, the first bad row fails the step.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 0.99)]
    pub min_success_ratio: Option<Setting<Share>>,
    /// The step fails when more rows than this cannot be read. Default: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 10)]
    pub max_failures: Option<Setting<Count>>,
    /// The step fails when there are fewer rows than this in all, unless `--limit` or a `take` ended the reading. Default: 1
    /// for a pattern, so that one without any file fails; 0 for a single file.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 0)]
    pub min_items: Option<Setting<Count>>,
}

/// Files as items: `{path, relative, name, stem, ext, size, modified}`, sorted by path. A file that cannot be looked at is a
/// failed item.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "glob", transform = schema::short_path)]
pub struct Glob {
    /// A pattern with `*`, `**`, `?`, `[a-z]`, `{a,b}`.
    #[schemars(example = &"raw/**/*.{jpg,png}", length(min = 1))]
    pub pattern: String,
    /// The folder that the pattern starts from, relative to the pipeline file. Default: the pipeline file's folder.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"raw", length(min = 1))]
    pub root: Option<String>,
    /// The step fails when fewer files than this match, unless `--limit` or a `take` ended the listing. Default: 1.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 0)]
    pub min_items: Option<Setting<Count>>,
    /// By what a file is known from one run to the next, beside `relative`: `modified` for its size and the time of its last
    /// change, or `content` for a digest of its bytes, which the item then has as `digest`. Default: `modified`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"content")]
    pub by: Option<Setting<GlobBy>>,
    /// Share of the files that must be there and have a name in UTF-8, from 0 to 1. Default: 1.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 0.99)]
    pub min_success_ratio: Option<Setting<Share>>,
    /// The step fails when more files than this cannot be items. Default: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 10)]
    pub max_failures: Option<Setting<Count>>,
}

/// Items to a file, which is replaced as a whole when the step ends well.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "write", transform = schema::short_path)]
pub struct Write {
    /// The file, relative to the pipeline file; `-` is standard output. `.gz` and `.zst` compress.
    #[schemars(example = &"out/clean.jsonl", example = &"-", length(min = 1))]
    pub path: String,
    /// How items lie in the file: {formats}. Default: from the extension.
    #[serde(default, deserialize_with = "present")]
    pub format: Option<Setting<Format>>,
    /// Indent the values of {formats with indents}. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub pretty: Option<Setting<bool>>,
    /// The columns of {formats with columns}, in this order. Default: the keys of the first item; for `parquet` those
    /// of the first 10,000 items.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::names_example())]
    pub columns: Option<Setting<Vec<String>>>,
}

/// Reads `read: data.jsonl` as `{path: data.jsonl}`.
pub(super) fn short_path<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    short_form(deserializer, "path")
}

/// Reads `glob: "*.png"` as `{pattern: "*.png"}`.
pub(super) fn short_pattern<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    short_form(deserializer, "pattern")
}

/// Reads the long form, or the short form as if its one key had been given.
fn short_form<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
    key: &str,
) -> Result<Option<T>, D::Error> {
    let long = match Value::deserialize(deserializer)? {
        text @ Value::String(_) => Value::Object(Map::from_iter([(key.to_owned(), text)])),
        long => long,
    };
    if ["path", "pattern", "root"].iter().any(|key| long[key].as_str().is_some_and(str::is_empty)) {
        return Err(D::Error::custom("a path is empty"));
    }
    fields(long).map(Some).map_err(D::Error::custom)
}

/// Items from the pipeline file.
#[derive(Debug, Clone, PartialEq)]
pub enum Items {
    /// Written out.
    List(Vec<Value>),
    /// `{lua: …}`: statements that return a list.
    Lua(String),
    /// A `${{ … }}` that gives the list.
    Expression(String),
}

/// The long form of `items`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "items", transform = schema::short_list)]
struct ItemsFields {
    /// Lua statements that return the list of items. In scope: `params`, `env` and the modules.
    #[schemars(transform = schema::lua_block("return { 1, 2, 3 }"))]
    lua: String,
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(items) => Ok(Self::List(items)),
            Value::String(text) if is_expression(&text) => Ok(Self::Expression(text)),
            value => fields(value).map(|ItemsFields { lua }| Self::Lua(lua)).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for Items {
    fn schema_name() -> Cow<'static, str> {
        "Items".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ItemsFields::json_schema(generator)
    }
}
