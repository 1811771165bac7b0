//! These types are a test as written: one step's function on items that are written out, and what shall come of it.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::id::{ID, is_id};
use super::schema;
use super::setting::{map, present};
use crate::event::FailureKind;

/// One test: a step's function runs on the given item or items, and what comes of it is compared.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "test")]
pub struct TestCase {
    /// What the test shows, as a sentence; reports name it so.
    #[schemars(example = &"tags go, text stays")]
    pub name: String,
    /// The `map`, `flat_map` or `filter` step whose function runs, with its setup, timeout and limits, without retries; or the
    /// `reduce` or `aggregate` step that gets all items.
    #[serde(deserialize_with = "step")]
    #[schemars(regex(pattern = ID), transform = schema::wanted("the id of a step"))]
    pub step: String,
    /// The item that the function gets. One of `item` and `items` is required.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::item_example(), example = &"a text")]
    pub item: Option<Value>,
    /// Several items, one after the other, when one test shall cover them; `expect` is then a list. A `reduce` or `aggregate` step
    /// gets all of them, in this order.
    #[serde(default, deserialize_with = "present")]
    pub items: Option<Vec<Value>>,
    /// The result: of `map` what the function returns, of `flat_map` the list of results, of `filter` `true`, `false` or
    /// the item that is kept. With `items`, the list of all results in their order; of `reduce` and `aggregate`, a single one may
    /// stand alone. Numbers are compared by value.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::item_example(), example = &"a text")]
    pub expect: Option<Value>,
    /// Every item shall fail so: `kind` is that of the failure, `message` a part of its text.
    #[serde(default, deserialize_with = "some_error")]
    pub expect_error: Option<ExpectedError>,
    /// Every item shall be left out by `flow.skip`, or not kept by a `filter`. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    pub expect_skipped: Option<bool>,
    /// Parameters for this test alone; the others have their defaults.
    #[serde(default, deserialize_with = "map_of_values")]
    #[schemars(with = "Map<String, Value>")]
    pub params: Map<String, Value>,
}

/// How an item shall fail.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "expected error")]
pub struct ExpectedError {
    /// `error`, `timeout`, `deadline`, `memory`, `bad_row`, `result` or `panic`. Default: any.
    #[serde(default, deserialize_with = "present")]
    pub kind: Option<FailureKind>,
    /// A part of the message. Default: any message.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"index")]
    pub message: Option<String>,
}

fn step<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if is_id(&id) { Ok(id) } else { Err(D::Error::custom(format_args!("`{id}` is no id"))) }
}

fn some_error<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ExpectedError>, D::Error> {
    map(deserializer).map(Some)
}

fn map_of_values<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    Map::deserialize(deserializer)
}

/// Reads the list of tests.
pub(super) fn tests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TestCase>, D::Error> {
    let tests = Vec::<Value>::deserialize(deserializer)?;
    tests.into_iter().map(|test| super::setting::fields(test).map_err(D::Error::custom)).collect()
}
