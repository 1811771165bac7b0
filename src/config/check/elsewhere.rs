//! This module knows words of other tools, in keys and in values, and what is written here in their place.

use serde_json::Value;

use crate::config::id::is_input;
use crate::config::{shown, units};
use crate::data::{DeclaredType, Format};
use crate::value::Choice as _;

/// What people coming from other tools write as keys, and what it is called here.
const KEYS: [(&str, &str); 12] = [
    ("retry_delay", "`retries: {max: …, delay: …}`"),
    ("max_retries", "`retries`"),
    ("timeout_per_item", "`timeout`"),
    ("workers", "`concurrency`"),
    ("parallelism", "`concurrency`"),
    ("max_workers", "`concurrency`"),
    ("depends_on", "`from` for data, `needs` for order"),
    ("input", "`from`"),
    ("inputs", "`from`"),
    ("script", "`lua`"),
    ("code", "`lua`"),
    ("run", "`lua`"),
];

/// The same for files, with a key that has to be known at the place.
const FILE_KEYS: [(&str, &str, &str); 29] = [
    ("cpus", "`cores`", "cores"),
    ("cpus_per_task", "`cores`", "cores"),
    ("ncpus", "`cores`", "cores"),
    ("mem", "`memory`", "memory"),
    ("walltime", "`time`", "time"),
    ("gres", "`gpus`", "gpus"),
    ("queue", "`partition`", "partition"),
    ("jobs", "`workers`", "workers"),
    ("max_jobs", "`workers`", "workers"),
    ("sbatch", "`extra`", "extra"),
    ("partition_by", "`by`", "upsert_by"),
    ("partition", "`by`", "upsert_by"),
    ("key", "`by`", "upsert_by"),
    ("max_rows", "`rows`", "rows"),
    ("max_items", "`rows`", "rows"),
    ("rows_per_file", "`rows`", "rows"),
    ("chunk_size", "`rows`", "rows"),
    ("max_bytes", "`bytes`", "bytes"),
    ("append", "`mode: append`", "mode"),
    ("overwrite", "`mode: replace`, the default", "mode"),
    ("replace", "`mode: replace`, the default", "mode"),
    ("upsert", "`mode: upsert` with `upsert_by`", "mode"),
    ("primary_key", "`upsert_by`", "upsert_by"),
    ("sep", "`delimiter`", "delimiter"),
    ("separator", "`delimiter`", "delimiter"),
    ("indent", "`pretty`", "pretty"),
    ("quotechar", "`quote`", "quote"),
    ("sql", "`query`", "query"),
    ("na_values", "`null_values`", "null_values"),
];

/// The types of columns, and what is written here.
const TYPES: [(&[&str], &str); 8] = [
    (
        &[
            "int", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bigint",
            "smallint", "long",
        ],
        "integer",
    ),
    (&["float", "float16", "float32", "float64", "double", "real"], "number"),
    (&["str", "text", "varchar", "char", "utf8", "uuid"], "string"),
    (&["bool"], "boolean"),
    (&["datetime", "timestamptz", "datetime64"], "timestamp"),
    (&["decimal", "numeric"], "decimal(12,2)"),
    (&["list", "array"], "[string]"),
    (&["map", "object", "struct"], "{lat: number, lon: number}"),
];

/// What a key of another tool is called in a map with the keys `known`.
pub(super) fn key_here(key: &str, known: &[&str]) -> Option<&'static str> {
    let of_map = FILE_KEYS.iter().find(|(other, _, needs)| *other == key && known.contains(needs));
    of_map.map(|(_, name, _)| *name)
}

/// What a key of another tool is called somewhere.
pub(super) fn key(key: &str) -> Option<&'static str> {
    KEYS.iter().find(|(other, _)| *other == key).map(|(_, name)| *name)
}

/// The one of `words` that a value at a place means in other tools, without what stands behind a type.
pub(super) fn value(pointer: &str, words: &[&str], given: &str) -> Option<String> {
    let lower = given.to_ascii_lowercase();
    let known = |word: &&str| words.contains(word);
    match pointer.rsplit('/').next()? {
        // A column may have any name.
        _ if is_type(pointer) => column_type(&lower, words),
        "format" => {
            let bare = lower.trim_start_matches('.');
            let of_extension = Format::all().find(|format| format.extensions().contains(&bare));
            let name = match bare {
                "jsonlines" | "json_lines" => "jsonl",
                "text" => "lines",
                _ => of_extension?.name(),
            };
            Some(name).filter(known).map(str::to_owned)
        }
        "mode" => {
            let name = match &*lower {
                "overwrite" | "truncate" => "replace",
                "add" | "insert" => "append",
                "merge" | "update" => "upsert",
                _ => return None,
            };
            Some(name).filter(known).map(str::to_owned)
        }
        "compression" => {
            let name = match lower.trim_start_matches('.') {
                "gz" => "gzip",
                "zst" => "zstd",
                _ => return None,
            };
            Some(name).filter(known).map(str::to_owned)
        }
        _ => None,
    }
}

/// Whether the type of a column stands at a place.
pub(super) fn is_type(pointer: &str) -> bool {
    let mut parts = pointer.rsplit('/').skip(1);
    parts.next() == Some("columns") && matches!(parts.next(), Some("read" | "write"))
}

/// The types that `write` alone has. What `read` lacks, it leaves as text.
const WRITTEN_ONLY: [&str; 6] =
    ["timestamp", "date", "time", "decimal(12,2)", "[string]", "{lat: number, lon: number}"];

fn is_read_as_text(word: &str, words: &[&str]) -> bool {
    WRITTEN_ONLY.contains(&word) && !words.contains(&word)
}

/// The type of another tool by the name that it has here, where it has one.
fn translated(bare: &str) -> &str {
    let bare = if bare.starts_with("decimal(") { "decimal" } else { bare };
    TYPES.iter().find(|(others, _)| others.contains(&bare)).map_or(bare, |(_, word)| word)
}

/// What else is to be said about a type that means another one.
pub(super) fn type_help(pointer: &str, words: &[&str], given: &str) -> Option<String> {
    let bare = given.trim_end_matches(['?', '!']).to_ascii_lowercase();
    let word = translated(&bare);
    (is_type(pointer) && is_read_as_text(word, words)).then(|| {
        "what is no number and no boolean is read as text; `columns` of `write` gives it a type".to_owned()
    })
}

fn column_type(given: &str, words: &[&str]) -> Option<String> {
    let bare = given.trim_end_matches(['?', '!']);
    let ending = &given[bare.len()..];
    let word = translated(bare);
    let word = if is_read_as_text(word, words) { "string" } else { word };
    let ending = if ending == "!" && !words.contains(&WRITTEN_ONLY[0]) { "" } else { ending };
    words.contains(&word).then(|| format!("{word}{ending}"))
}

/// A type that was written without quotes, and so became a list or a map, as the text that it should have been.
pub(super) fn unquoted_type(value: &Value) -> Option<String> {
    let text = type_text(value)?;
    DeclaredType::parse(&text).is_ok().then_some(text)
}

fn type_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => match elements.as_slice() {
            [element] => format!("[{}]", type_text(element)?),
            _ => return None,
        },
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| Some(format!("{name}: {}", type_text(value)?));
            format!("{{{}}}", fields.iter().map(field).collect::<Option<Vec<_>>>()?.join(", "))
        }
        _ => return None,
    })
}

/// Whether a text is the beginning of a decimal that YAML has cut at its comma.
pub(super) fn is_cut_decimal(given: &str) -> bool {
    given.starts_with("decimal(") && !given.contains(')')
}

/// Whether a key is the rest of such a decimal: `2)` behind `decimal(12`.
pub(super) fn is_rest_of_decimal(root: &Value, pointer: &str) -> bool {
    let Some((parent, key)) = pointer.rsplit_once('/').filter(|_| is_type(pointer)) else { return false };
    let columns = root.pointer(parent).and_then(Value::as_object);
    let is_rest = key.contains(')') && !key.contains('(');
    is_rest && columns.is_some_and(|all| all.values().filter_map(Value::as_str).any(is_cut_decimal))
}

/// What is said of a text in a list of rate limits that is no name, and what to do: most likely it is a rate, which may
/// stand alone.
pub(super) fn limit_name(given: &str) -> (&'static str, String) {
    match units::rate(given) {
        Ok(rate) => (
            "a rate that holds together with others needs a name",
            format!(
                "declare it at the top of the file, `rate_limits: {{ requests: {rate} }}`, and name it here"
            ),
        ),
        Err(_) => ("not a name", "write the name of one under `rate_limits`".to_owned()),
    }
}

/// A text as the list that was meant.
pub(super) fn as_list(given: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ' | ',');
    if given.chars().all(is_plain) && !given.trim().is_empty() {
        format!("[{}]", shown(given.trim()))
    } else {
        shown(&Value::from(vec![given]).to_string())
    }
}

/// Names with commas or blanks between them, as a list has them; `None`: it is one name, or something else.
pub(super) fn several(given: &str) -> Option<String> {
    let names: Vec<&str> = given.split([',', ' ']).filter(|name| !name.is_empty()).collect();
    (names.len() > 1 && names.iter().all(|name| is_input(name))).then(|| shown(&names.join(", ")))
}
