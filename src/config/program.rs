//! These types are a program as an item function, as written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::id::is_id;
use super::literal::{Repeats, TimeLimit};
use super::schema;
use super::setting::{Setting, fields, present};

/// A program that is started once and then gets items line by line; a list of its words alone stands for `run`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "program", transform = schema::short_words)]
pub struct Program {
    /// The program and its arguments; no shell is asked. A program with `/` in its name lies relative to the pipeline file,
    /// others are looked for on the search path.
    #[serde(deserialize_with = "words")]
    #[schemars(with = "Vec<String>", transform = schema::words_list, example = &["python3", "clean.py"])]
    pub run: Vec<String>,
    /// The folder in which it runs, relative to the pipeline file. Default: that of the pipeline file.
    #[serde(default, deserialize_with = "folder")]
    #[schemars(length(min = 1), example = &"tools")]
    pub cwd: Option<String>,
    /// Variables that it gets beside `PATH`, `HOME` and `LANG`; a value is a text, or `{secret: NAME}`.
    #[serde(default, deserialize_with = "variables")]
    #[schemars(with = "IndexMap<String, Variable>", transform = schema::variable_keys)]
    pub env: IndexMap<String, Variable>,
    /// How long a process may take from its start to `{"ready": true}` or its first answer. Default: 30s.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"30s", example = &"2m")]
    pub ready: Option<Setting<TimeLimit>>,
    /// So many deaths of processes in a row, with no answer in between, stop the step, which then fails. Default: 3.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 3)]
    pub restart: Option<Setting<Repeats>>,
}

/// The value of a variable: a text or a number as it stands, or that of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// As it is written.
    Text(String),
    /// That of the secret with this name.
    Secret(String),
}

/// The value of a secret.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "secret", transform = schema::short_scalar)]
struct SecretVariable {
    /// The secret under `secrets` whose value it is.
    #[schemars(length(min = 1), example = &"api_token")]
    secret: String,
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::Text(text)),
            value @ Value::Number(_) => Ok(Self::Text(value.to_string())),
            value => {
                let SecretVariable { secret } = fields(value).map_err(D::Error::custom)?;
                if secret.is_empty() {
                    Err(D::Error::custom("a name is empty"))
                } else {
                    Ok(Self::Secret(secret))
                }
            }
        }
    }
}

impl JsonSchema for Variable {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Variable".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        SecretVariable::json_schema(generator)
    }
}

/// Reads the long form, or a list of words as if it stood under `run`.
pub(super) fn program<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Program>, D::Error> {
    let long = match Value::deserialize(deserializer)? {
        words @ Value::Array(_) => Value::Object(Map::from_iter([("run".to_owned(), words)])),
        long => long,
    };
    fields(long).map(Some).map_err(D::Error::custom)
}

/// The program that is written so.
///
/// # Errors
/// Fails when none is.
pub fn program_of(written: &Value) -> Result<Program, serde_json::Error> {
    program(written)?.ok_or_else(|| serde_json::Error::custom("no program"))
}

/// At least one word; numbers are words as they are written. An argument may be empty; that the name of a program may not, the
/// plan says.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let word = |value: Value| match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(D::Error::custom(format_args!("`{other}` is no word of a command"))),
    };
    let words =
        Vec::<Value>::deserialize(deserializer)?.into_iter().map(word).collect::<Result<Vec<_>, _>>()?;
    if words.is_empty() { Err(D::Error::custom("no program is named")) } else { Ok(words) }
}

fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let folder = String::deserialize(deserializer)?;
    if folder.is_empty() { Err(D::Error::custom("a path is empty")) } else { Ok(Some(folder)) }
}

fn variables<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IndexMap<String, Variable>, D::Error> {
    let variables = IndexMap::<String, Variable>::deserialize(deserializer)?;
    match variables.keys().find(|name| name.contains('-') || !is_id(name)) {
        Some(name) => Err(D::Error::custom(format_args!("`{name}` is no name of a variable"))),
        None => Ok(variables),
    }
}
