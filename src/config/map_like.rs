//! These types are a step that runs a Lua function on every item, as written: the function, the policy, and what no
//! policy that steps share can say.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::id::PolicyName;
use super::policy::Policy;
use super::program::{Program, program};
use super::schema;
use super::setting::{Setting, fields, present, texts};

/// A function on every item, under a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct MapLike {
    /// The function.
    pub function: Function,
    /// Lua that runs once for each worker; its locals are visible to an inline function.
    pub setup: Option<String>,
    /// The policy that it takes by its name, beneath its own.
    pub named: Option<Setting<PolicyName>>,
    /// Files whose content is part of the function: paths and patterns.
    pub uses: Vec<String>,
    /// How items are worked on, as far as the step says it itself.
    pub policy: Policy,
    /// How items are known from one run to the next.
    pub memory: MemoryKeys,
    /// Whether this was the short form: the Lua itself instead of a map. For `filter` it is then an expression.
    pub short: bool,
}

/// Where an item function comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Function {
    /// `lua`, or the short form.
    Lua(String),
    /// `file`: a path, with `#name` for a field of the table that the file returns.
    File(String),
    /// `program`.
    Program(Box<Program>),
}

/// The keys of an item function that are no policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FunctionFields {
    /// The function that runs on every item, as Lua statements with a `return`. In scope: `item`, `index`, `ctx`,
    /// `params`, `env` and the modules. One of `lua`, `file` and `program` is required.
    #[serde(default, deserialize_with = "present")]
    #[schemars(transform = schema::lua_block("return item"))]
    lua: Option<String>,
    /// A file that returns the function, or `FILE#NAME` for a field of the table that it returns; relative to the
    /// pipeline file.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"lua/clean.lua", example = &"lua/lib.lua#clean", length(min = 1))]
    file: Option<String>,
    /// A program that is kept and spoken to in JSON lines, one line for each item: a list of words, or a map that also says
    /// where it runs and what it gets.
    #[serde(default, deserialize_with = "program")]
    #[schemars(with = "Program", example = &["python3", "clean.py"])]
    program: Option<Program>,
    /// Lua that runs once for each worker, before its first item; its locals are visible to `lua`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(transform = schema::lua_block("local seen = {}"))]
    setup: Option<String>,
    /// Files whose content is part of the function: paths and patterns, relative to the pipeline file. When one of them changes,
    /// `resume` runs the step again, and the cache knows nothing of it. Files that Lua reads by paths which are written out,
    /// as in `fs.read("words.json")`, count without being named here. Each path and pattern must have a file when the step
    /// starts. Of files above 256 MB, size and time of change count.
    #[serde(default, deserialize_with = "texts")]
    #[schemars(with = "Vec<String>", inner(length(min = 1)), example = &["models/*.bin"])]
    uses: Option<Vec<String>>,
}

/// The key that names a policy.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NamedPolicy {
    /// The policy under `policies` whose keys hold where the step has none of its own.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"api")]
    policy: Option<Setting<PolicyName>>,
}

/// The keys that say how items are known from one run to the next.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryKeys {
    /// Lua expression over `item`: what an item is known by from one run to the next, a string or a number. Default:
    /// its content.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"item.id")]
    pub key: Option<String>,
    /// Take over results of earlier runs with the same function, visible params and item. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub cache: Option<Setting<bool>>,
}

impl<'de> Deserialize<'de> for MapLike {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(lua) => Ok(Self {
                function: Function::Lua(lua),
                setup: None,
                named: None,
                uses: Vec::new(),
                policy: Policy::default(),
                memory: MemoryKeys::default(),
                short: true,
            }),
            Value::Object(fields) => Self::from_map(fields).map_err(D::Error::custom),
            other => Err(D::Error::custom(format_args!("`{other}` is neither Lua nor a map"))),
        }
    }
}

impl MapLike {
    /// Takes the keys out that are the step's own; what is left is the policy.
    fn from_map(mut policy: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let mut take = |keys: &[&str]| {
            let taken = keys.iter().filter_map(|key| Some(((*key).to_owned(), policy.shift_remove(*key)?)));
            Value::Object(taken.collect())
        };
        let own: FunctionFields = fields(take(&["lua", "file", "program", "setup", "uses"]))?;
        let NamedPolicy { policy: named } = fields(take(&["policy"]))?;
        let memory = fields(take(&["key", "cache"]))?;
        let function = match (own.lua, own.file, own.program) {
            (Some(lua), None, None) => Function::Lua(lua),
            (None, Some(file), None) if !file.is_empty() => Function::File(file),
            (None, None, Some(program)) => Function::Program(Box::new(program)),
            _ => {
                return Err(serde_json::Error::custom(
                    "exactly one of `lua`, `file` and `program` is needed",
                ));
            }
        };
        let policy: Policy = fields(Value::Object(policy))?;
        if matches!(function, Function::Program(_)) && (own.setup.is_some() || policy.memory.is_some()) {
            return Err(serde_json::Error::custom("`setup` and `memory` are for Lua"));
        }
        let uses = own.uses.unwrap_or_default();
        Ok(Self { function, setup: own.setup, named, uses, policy, memory, short: false })
    }
}

impl JsonSchema for MapLike {
    fn schema_name() -> Cow<'static, str> {
        "Each".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let function = FunctionFields::json_schema(generator);
        let parts = [
            NamedPolicy::json_schema(generator),
            Policy::json_schema(generator),
            MemoryKeys::json_schema(generator),
        ];
        schema::each(&function, &parts)
    }
}
