//! This type is `join` as written: each item of one step gets the item of another that has the same value.

use schemars::JsonSchema;
use serde::Deserialize;

use super::id::InputName;
use super::literal::{FieldName, Size};
use super::setting::{Setting, present};
use crate::data::{JoinHow, JoinMany};

/// Items with their partners of another step.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "join")]
pub struct Join {
    /// The step whose items are the partners: `customers`, or `customers.failed` for the items that failed there. They are read
    /// first, and `--limit` does not cut what is read only so.
    #[schemars(example = &"customers")]
    pub with: InputName,
    /// Lua expression over `item` and `index`: the value that finds the partner. Values are compared as in `sort`; null finds
    /// none.
    #[schemars(example = &"item.customer")]
    pub by: String,
    /// Lua expression over `item` and `index` of `with`: the value that it is found by. Default: `by`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"item.id")]
    pub with_by: Option<String>,
    /// Which items are given on: `left`, all, with null where there is no partner; `inner`, those with a partner; `semi`, the
    /// same, without it; `anti`, those that have none. Default: `left`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"inner")]
    pub how: Option<Setting<JoinHow>>,
    /// What becomes of an item with several partners: `error`, the step fails; `first`, it gets the first one; `all`, it is given
    /// on with each of them. Default: `error`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"first")]
    pub many: Option<Setting<JoinMany>>,
    /// The field of the item that its partner becomes. Default: the step's name in `with`.
    #[serde(default, rename = "as", deserialize_with = "present")]
    #[schemars(example = &"customer")]
    pub name: Option<Setting<FieldName>>,
    /// How much memory the items of `with` may take; what is more goes to temporary files. Default: `1GB`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"256MB")]
    pub memory: Option<Setting<Size>>,
}
