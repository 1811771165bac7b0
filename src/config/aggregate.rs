//! This type is `aggregate` as written: what one item says about each group of items.

use std::borrow::Cow;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Number, Value};

use super::literal::{FieldName, Size};
use super::schema;
use super::setting::{Setting, fields, present};

/// One item for each group of items, with these fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Lua: the value by which items are grouped; without it all items are one group.
    pub by: Option<String>,
    /// The fields of the item: in the order of these keys, and under each of them in that of the file.
    pub fields: Vec<Aggregated>,
    /// Bytes of groups in memory.
    pub memory: Option<Setting<Size>>,
}

/// One field.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregated {
    /// Its name.
    pub name: String,
    /// The key under which it stands: `sum`.
    pub key: &'static str,
    /// Of a quantile, the list of its expression and its share.
    pub quantile: Option<QuantileRule>,
}

/// `[item.ms, 0.95]`: an expression and a share, which the plan checks.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantileRule(pub Vec<Value>);

impl QuantileRule {
    /// The share, as it was written; `None`: this is no expression and a share.
    pub fn share(&self) -> Option<&Number> {
        match self.0.as_slice() {
            [Value::String(_), Value::Number(share)] => Some(share),
            _ => None,
        }
    }
}

/// Names of fields, with a Lua expression each.
type Expressions = IndexMap<String, String>;

/// One item for each group of items. Its fields have the names that stand here, and `key` before them is the value of `by`. A null
/// counts for nothing but `count`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "aggregate")]
struct AggregateFields {
    /// Lua expression over `item` and `index`: the value by which items are grouped, compared as in `sort`. Without it all items
    /// are one group.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"item.country")]
    by: Option<String>,
    /// The field for the number of all items.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"n")]
    count: Option<FieldName>,
    /// Fields for sums: names, each with a Lua expression. The sum is exact and rounded once; 0 of nothing.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::total_example())]
    sum: Option<Expressions>,
    /// Fields for means: names, each with a Lua expression. The mean is rounded once, from the exact sum.
    #[serde(default, deserialize_with = "present")]
    mean: Option<Expressions>,
    /// Fields for the smallest values, in the order of `sort`: names, each with a Lua expression.
    #[serde(default, deserialize_with = "present")]
    min: Option<Expressions>,
    /// Fields for the largest values, in the order of `sort`: names, each with a Lua expression.
    #[serde(default, deserialize_with = "present")]
    max: Option<Expressions>,
    /// Fields for the first values: names, each with a Lua expression.
    #[serde(default, deserialize_with = "present")]
    first: Option<Expressions>,
    /// Fields for the last values: names, each with a Lua expression.
    #[serde(default, deserialize_with = "present")]
    last: Option<Expressions>,
    /// Fields for quantiles: names, each with a list of a Lua expression and a share from 0 to 1, such as `p95: [item.ms, 0.95]`.
    /// They are exact, and lie on the line between two neighbours.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::quantile_example())]
    quantile: Option<IndexMap<String, QuantileRule>>,
    /// Fields for how many different values there are: names, each with a Lua expression.
    #[serde(default, deserialize_with = "present")]
    distinct: Option<Expressions>,
    /// How much memory the groups may take; what is more goes to temporary files. Default: `1GB`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"256MB")]
    memory: Option<Setting<Size>>,
}

/// The keys that make fields. Their order is that of the fields: where they stand in the file says nothing, and `fmt` may change it.
const KEYS: [&str; 9] = ["count", "sum", "mean", "min", "max", "first", "last", "quantile", "distinct"];

impl<'de> Deserialize<'de> for Aggregate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let written: AggregateFields = fields(value).map_err(D::Error::custom)?;
        let all = KEYS.iter().flat_map(|key| written.fields(key)).collect();
        Ok(Self { by: written.by, fields: all, memory: written.memory })
    }
}

impl AggregateFields {
    /// The fields that stand under a key.
    fn fields(&self, key: &str) -> Vec<Aggregated> {
        let field = |name: &str, key, quantile| Aggregated { name: name.to_owned(), key, quantile };
        let named = |key, names: &Option<Expressions>| {
            names.iter().flat_map(|names| names.keys()).map(|name| field(name, key, None)).collect()
        };
        match key {
            "count" => self.count.iter().map(|name| field(&name.0, "count", None)).collect(),
            "sum" => named("sum", &self.sum),
            "mean" => named("mean", &self.mean),
            "min" => named("min", &self.min),
            "max" => named("max", &self.max),
            "first" => named("first", &self.first),
            "last" => named("last", &self.last),
            "distinct" => named("distinct", &self.distinct),
            "quantile" => {
                let rules = self.quantile.iter().flatten();
                rules.map(|(name, rule)| field(name, "quantile", Some(rule.clone()))).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl JsonSchema for Aggregate {
    fn schema_name() -> Cow<'static, str> {
        "Aggregate".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        AggregateFields::json_schema(generator)
    }
}

impl<'de> Deserialize<'de> for QuantileRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Vec::<Value>::deserialize(deserializer)?;
        if parts.iter().all(|part| part.is_string() || part.is_number()) {
            return Ok(Self(parts));
        }
        Err(D::Error::custom("a quantile is an expression and a share"))
    }
}

impl JsonSchema for QuantileRule {
    fn schema_name() -> Cow<'static, str> {
        "QuantileRule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "array", "items": { "type": ["string", "number"] } })
    }
}
