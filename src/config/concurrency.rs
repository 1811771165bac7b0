//! This type is how many items a step works on at once, as written: in one process, and in all that work on it together.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::literal::{AtOnce, Repeats};
use super::schema;
use super::setting::{Setting, fields, is_expression, present};

/// How many items a step works on at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concurrency {
    /// In each process that works on it.
    pub each: Option<Setting<AtOnce>>,
    /// In all of them together.
    pub total: Option<Setting<Repeats>>,
}

/// How many items are worked on at once: in each process, and in all processes of a cluster together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "concurrency", transform = schema::short_at_once)]
struct ConcurrencyFields {
    /// Items at once in each process that works on the step: a number, or `auto` for the number of its cores. Default: 4.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 8, example = &"auto")]
    each: Option<Setting<AtOnce>>,
    /// Items at once in all processes together, wherever they run. Default: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 100)]
    total: Option<Setting<Repeats>>,
}

impl Concurrency {
    /// This, with what it leaves open taken from `base`.
    pub(super) fn over(self, base: Self) -> Self {
        Self { each: self.each.or(base.each), total: self.total.or(base.total) }
    }

    /// The number of items in each process, where it is written out.
    pub fn written(&self) -> Option<u32> {
        match self.each {
            Some(Setting::Known(AtOnce::Items(items))) => Some(items),
            _ => None,
        }
    }

    /// Whether it is the number of cores.
    pub fn is_auto(&self) -> bool {
        matches!(self.each, Some(Setting::Known(AtOnce::Auto)))
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_object() {
            let ConcurrencyFields { each, total } = fields(value).map_err(D::Error::custom)?;
            return Ok(Self { each, total });
        }
        let each = match value {
            Value::String(text) if is_expression(&text) => Setting::Expression(text),
            value => Setting::Known(AtOnce::deserialize(value).map_err(D::Error::custom)?),
        };
        Ok(Self { each: Some(each), total: None })
    }
}

impl JsonSchema for Concurrency {
    fn schema_name() -> Cow<'static, str> {
        "Concurrency".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ConcurrencyFields::json_schema(generator)
    }
}
