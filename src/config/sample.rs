//! This type is `sample` as written: how many items are drawn, and from which seed.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::literal::Count;
use super::schema;
use super::setting::{Setting, fields, present};
use crate::data::SampleSize;

/// Items that are drawn. The short form is the count alone.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sample", transform = schema::short_sample)]
pub struct Sample {
    /// How many items are drawn, evenly from all; or with which chance each is, such as `1%`.
    #[schemars(example = 1000, example = &"1%")]
    pub count: Setting<SampleSize>,
    /// What is drawn depends on this and on the places of the items alone. Default: the seed of the run.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 1)]
    pub seed: Option<Setting<Count>>,
    /// Whether this was the short form.
    #[serde(skip)]
    #[schemars(skip)]
    pub short: bool,
}

/// Reads `sample: 1000` as `{count: 1000}`.
pub(super) fn short_sample<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Sample>, D::Error> {
    let (value, short) = match Value::deserialize(deserializer)? {
        map @ Value::Object(_) => (map, false),
        count => (Value::Object(Map::from_iter([("count".to_owned(), count)])), true),
    };
    let long: Sample = fields(value).map_err(D::Error::custom)?;
    Ok(Some(Sample { short, ..long }))
}
