//! These types are the steps that touch files, and items written out, as written: `read`, `glob`, `items`, `write`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::{Map, Value};

use super::columns::Columns;
use super::id::StepName;
use super::literal::{Character, Count, Delimiter, LineStart, Positive, Share, Size};
use super::schema;
use super::setting::{Setting, fields, is_expression, present, present_map};
use super::write_columns::WriteColumns;
use crate::data::{
    ColumnCompression, Compression, Format, GlobBy, LineEnd, Quote, Quoting, Ragged, WriteMode,
};

/// Items from one file, or from all files that match a pattern, in sorted order.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "read", transform = schema::short_path)]
pub struct Read {
    /// A file or a pattern, relative to the pipeline file; `-` is standard input.
    #[schemars(example = &"data/*.jsonl", example = &"-", length(min = 1))]
    pub path: String,
    /// How items lie in the file: {formats to read}. Default: from the extension.
    #[serde(default, deserialize_with = "present")]
    pub format: Option<Setting<Format>>,
    /// `gzip`, `zstd` or `none`. Default: from the extension (`.gz`, `.zst`).
    #[serde(default, deserialize_with = "present")]
    pub compression: Option<Setting<Compression>>,
    /// The columns of {formats with columns} to take: names, such as `[id, name]`, or names with types, such as
    /// `{id: integer, price: number?}`. With `?`, an empty field is null. The items have them in this order. Without a
    /// header they are the names. Default: all columns, those of {formats of text columns} as strings.
    #[serde(default, deserialize_with = "present")]
    pub columns: Option<Setting<Columns>>,
    /// The encoding of the text, as the WHATWG Encoding Standard names it, such as `latin1` or `shift_jis`. A byte order
    /// mark says another. Bytes that cannot be decoded make a bad row. Default: `utf-8`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"latin1")]
    pub encoding: Option<Setting<String>>,
    /// The separator of {formats of text columns}, one ASCII character. Default: a comma for `csv`, a tab for `tsv`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &";")]
    pub delimiter: Option<Setting<Delimiter>>,
    /// Whether the first row of {formats of text columns} names the columns. Default: `true`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = false)]
    pub header: Option<Setting<bool>>,
    /// Where the list of items lies in a `json` document: `features`, or `data.rows[0].items`; a name with points or brackets in it
    /// is written `["a.b"]`. It is read as a stream, however large. Default: the document is the list, or, when it is an object, one
    /// item of at most 1 GiB.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"features")]
    pub at: Option<Setting<String>>,
    /// What is asked of a {formats of databases} file: one `SELECT`, whose rows are the items. Bytes are hexadecimal digits.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"SELECT id, name FROM users WHERE age > ?")]
    pub query: Option<Setting<String>>,
    /// The values of the `?` in `query`, in order. Default: none.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::params_example())]
    pub params: Option<Setting<Vec<Value>>>,
    /// Encloses fields of {formats of text columns}: one character, or `none`. Default: `"` for `csv`; `none` for `tsv`,
    /// where `\t`, `\n`, `\r` and `\\` stand for characters.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"'")]
    pub quote: Option<Setting<Quote>>,
    /// The character of {formats of text columns} that takes the meaning from the one behind it, in quotes and out of them.
    /// Default: two quotes in a field in quotes are one.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"\\")]
    pub escape: Option<Setting<Character>>,
    /// Lines of {formats of text columns} that begin with this text are passed over. Default: no such lines.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"#")]
    pub comment: Option<Setting<LineStart>>,
    /// Lines of {formats of text columns} to pass over before the header, or before the first row. Default: 0.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 3)]
    pub skip: Option<Setting<Count>>,
    /// Whether blanks around the names and fields of {formats of text columns} go. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub trim: Option<Setting<bool>>,
    /// Rows of {formats of text columns} with too few or too many fields: `error`, they are bad rows, or `pad`, missing
    /// fields are null and further ones a list `_rest`. Default: `error`.
    #[serde(default, deserialize_with = "present")]
    pub ragged: Option<Setting<Ragged>>,
    /// Texts of {formats of text columns} that are null in columns whose type has a `?`. Default: none but empty fields.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::null_example())]
    pub null_values: Option<Setting<Vec<String>>>,
    /// Fields that are added to each item and say where it was read, such as `{file: source_file, line: source_line}`.
    #[serde(default, deserialize_with = "present_map")]
    pub origin: Option<Origin>,
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

/// Names of the fields that say where an item was read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "origin")]
pub struct Origin {
    /// The field for the file: its path as the pattern has it, `-` for standard input. Default: no such field.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"source_file")]
    pub file: Option<String>,
    /// The field for the first line of the row, from 1; in a Parquet file its row. Default: no such field.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"source_line")]
    pub line: Option<String>,
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

/// Items to a file, which is replaced or added to as a whole when the step ends well; with `{key}` or `{part}` in the path to
/// many files.
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
    /// Lua expression over `item` and `index`: the key of an item, a string, a number or a boolean, which stands at `{key}` in
    /// `path`. Items of one key go to files of their own. In the name `/` and control characters are percent-encoded, so are
    /// `.` and `..`; an empty key is `_`. Default: no key.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"item.country")]
    pub by: Option<String>,
    /// How many items a file has at most; the next ones go to a further part, whose number stands at `{part}` in `path`, from 1
    /// for each key. `{part:05}` fills it up to five digits. Default: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 20000)]
    pub rows: Option<Setting<Positive>>,
    /// How large the items of a file are together at most, counted as JSON lines, before they are compressed. An item that is
    /// larger has a file of its own. Default: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"256MB")]
    pub bytes: Option<Setting<Size>>,
    /// What becomes of a file that is there already: `replace` puts a new one in its place, `append` adds the items to
    /// {formats that can grow}, all of them or none, and `upsert` puts them in the place of rows of a {formats of databases} table
    /// that are known by the same values. Default: `replace`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"append")]
    pub mode: Option<Setting<WriteMode>>,
    /// The table of a {formats of databases} file; it is made where it is missing. Rows are written in one transaction.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"users")]
    pub table: Option<Setting<String>>,
    /// The columns by which `mode: upsert` knows a row.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::names_example())]
    pub upsert_by: Option<Setting<Vec<String>>>,
    /// Indent the values of {formats with indents}. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub pretty: Option<Setting<bool>>,
    /// Write exactly one item as itself, instead of a list, to `json`; none or two fail the step. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub single: Option<Setting<bool>>,
    /// The separator of {formats of text columns}, one ASCII character. Default: a comma for `csv`, a tab for `tsv`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &";")]
    pub delimiter: Option<Setting<Delimiter>>,
    /// Which fields of {formats of text columns} are in quotes: `needed`, `all` or `none`. Default: `needed` for `csv`, where with
    /// `none` a value that needs quotes fails the step; `none` for `tsv`, which then has `\t`, `\n`, `\r` and `\\` for characters.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"all")]
    pub quoting: Option<Setting<Quoting>>,
    /// Begin {formats of text columns} with a byte order mark, by which Excel knows UTF-8. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub bom: Option<Setting<bool>>,
    /// What ends the lines of {formats of text columns}: `lf` or `crlf`. Default: `lf`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"crlf")]
    pub line_end: Option<Setting<LineEnd>>,
    /// Take the keys of all items for the columns of {formats of text columns}, in order of first appearance. Default: `false`,
    /// those of the first item, and a later one with another key fails the step.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub all_columns: Option<Setting<bool>>,
    /// The columns of {formats with columns}, in this order: names, such as `[id, name]`, or for {formats of typed columns}
    /// names with types, such as `{id: integer, price: number, at: timestamp, tags: "[string]"}`. With `!` behind a type,
    /// null fails the step. Default: the keys of the first item; for `parquet` those of the first 10,000 items.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::names_example())]
    pub columns: Option<Setting<WriteColumns>>,
    /// The `read` step whose columns the file gets, with their types where it is {formats of typed columns}: one of Parquet
    /// files, or one whose `columns` says them. In place of `columns`. Default: no such step.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"docs")]
    pub columns_of: Option<StepName>,
    /// How the columns of {formats of typed columns} are compressed: `zstd`, `snappy`, `gzip` or `none`. Default: `snappy`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"zstd")]
    pub compression: Option<Setting<ColumnCompression>>,
    /// How large a group of rows of {formats of typed columns} becomes in memory, compressed. Default: 64 MiB.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"32MB")]
    pub row_group: Option<Setting<Size>>,
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
