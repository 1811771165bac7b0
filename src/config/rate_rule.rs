//! These types are the limits of a step's starts as written: one, or several that hold together.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::id::{ID, is_id};
use super::literal::LuaNumber;
use super::setting::{EXPRESSION, Setting, fields, is_expression, present};
use super::units;
use crate::value::Rate;

/// The limits of a step's starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateRule {
    /// This one, for the step alone.
    Rate(Rate),
    /// The one of this name under `rate_limits`.
    Name(String),
    /// Several of those under `rate_limits`, at least one.
    Several(Vec<LimitUse>),
}

/// One of several limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitUse {
    /// The name of one under `rate_limits`.
    pub limit: Setting<String>,
    /// What an attempt takes of it; one, when this is not given.
    pub cost: Option<LuaNumber>,
}

/// The name of a limit under `rate_limits`, or `{limit, cost}`: how much of it an attempt takes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LimitFields {
    /// The name of a limit under `rate_limits`.
    #[schemars(transform = limit_name, example = &"tokens")]
    limit: Setting<String>,
    /// Lua expression over `item`: how much of the limit an attempt takes, a whole number from 0, computed anew for each
    /// attempt. Above what the limit allows, or without such a number, the item fails at once. Default: 1.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"math.ceil(#item.text / 4) + 500")]
    cost: Option<LuaNumber>,
}

impl<'de> Deserialize<'de> for RateRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rule = match Value::deserialize(deserializer)? {
            Value::Array(list) if !list.is_empty() => {
                let list: Result<_, _> = list.into_iter().map(limit_use).collect();
                Some(Self::Several(list.map_err(D::Error::custom)?))
            }
            Value::String(text) => rate_rule(&text),
            _ => None,
        };
        rule.ok_or_else(|| D::Error::custom("neither a rate nor a name nor a list of names"))
    }
}

fn rate_rule(text: &str) -> Option<RateRule> {
    let name = || is_id(text).then(|| RateRule::Name(text.to_owned()));
    units::rate(text).ok().map(RateRule::Rate).or_else(name)
}

fn limit_use(value: Value) -> Result<LimitUse, serde_json::Error> {
    let (limit, cost) = match value {
        Value::String(text) if is_expression(&text) => (Setting::Expression(text), None),
        Value::String(text) => (Setting::Known(text), None),
        value => fields::<LimitFields>(value).map(|long| (long.limit, long.cost))?,
    };
    if limit.known().is_some_and(|name| !is_id(name)) {
        return Err(serde_json::Error::custom("no name of a limit"));
    }
    Ok(LimitUse { limit, cost })
}

/// What the name of a limit looks like, for editors.
const LIMIT_WANTED: &str = "the name of a limit under `rate_limits`";

/// Makes a schema accept names of limits only.
fn limit_name(schema: &mut Schema) {
    schema.insert("pattern".to_owned(), format!("{ID}|{EXPRESSION}").into());
    schema.insert("patternErrorMessage".to_owned(), LIMIT_WANTED.into());
}

impl JsonSchema for RateRule {
    fn schema_name() -> Cow<'static, str> {
        "RateRule".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut item = LimitFields::json_schema(generator);
        item.insert("type".to_owned(), ["string", "object"].into_iter().collect());
        limit_name(&mut item);
        json_schema!({
            "type": ["string", "array"],
            "pattern": format!("^(?:{}|{})$", units::RATE, ID.trim_matches(['^', '$'])),
            "patternErrorMessage":
                format!("{}; or the name of one under `rate_limits`; or a list of names", units::RATE_WANTED),
            "x-unit": "rate",
            // With plain `items`, editors write a list where mostly one text is wanted.
            "if": { "type": "array" },
            "then": { "items": item },
            "minItems": 1,
        })
    }
}
