//! These types are the steps over a whole collection as written: `reduce`, `batch`, `take`, `sort`, `unique`,
//! `group_by`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::choice::Order;
use super::literal::{Count, Positive};
use super::schema;
use super::setting::{Setting, fields, present};

/// The first items; the short form is all there is.
pub type Take = Setting<Count>;

/// Lists of up to so many items; the short form is all there is.
pub type Batch = Setting<Positive>;

/// Items in the order of a value. The short form is the expression alone.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sort", transform = schema::short_text)]
pub struct Sort {
    /// Lua expression over `item` and `index`: the value to sort by. Null comes before booleans, then numbers, strings,
    /// lists and maps; items with equal values keep their order.
    #[schemars(example = &"item.size")]
    pub by: String,
    /// `asc`, the smallest first, or `desc`. Default: `asc`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"desc")]
    pub order: Option<Setting<Order>>,
    /// Whether this was the short form.
    #[serde(skip)]
    #[schemars(skip)]
    pub short: bool,
}

/// All items to one value.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "reduce")]
pub struct Reduce {
    /// The value of `acc` for the first item, and the result for no items.
    #[schemars(example = 0)]
    pub init: Value,
    /// Lua that returns the new value of `acc`: an expression, or statements with a `return`. In scope: `acc`, `item`,
    /// `index`, `ctx`, `params`, `env` and the modules.
    #[schemars(transform = schema::lua_block("return acc + item.size"))]
    pub lua: String,
    /// Lua that makes one value of two, `a` and `b`, each made of neighbouring items from `init` on. With it, parts of
    /// the collection are worked on in parallel.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"return a + b")]
    pub combine: Option<String>,
}

/// Reads `sort: item.size` as `{by: item.size}`.
pub(super) fn short_sort<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sort>, D::Error> {
    let (value, short) = match Value::deserialize(deserializer)? {
        text @ Value::String(_) => (Value::Object(Map::from_iter([("by".to_owned(), text)])), true),
        value => (value, false),
    };
    let long: Sort = fields(value).map_err(D::Error::custom)?;
    Ok(Some(Sort { short, ..long }))
}

/// Reads `reduce`, which is a map.
pub(super) fn reduce<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Reduce>, D::Error> {
    fields(Value::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}
