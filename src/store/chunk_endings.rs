//! Endings of a chunk are what a step tells the committer, in the form in which they come out of the workers.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Digest;
use crate::event::{FailureKind, LogLevel, Place};
use crate::value::Choice as _;

/// How many result lines an item of a step has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinesPerItem {
    /// Exactly one: `map`.
    One,
    /// One or none, and nothing is worked out twice for it: `filter`.
    Optional,
    /// Any number: `flat_map`.
    Many,
}

impl LinesPerItem {
    /// The name in the database.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Optional => "optional",
            Self::Many => "many",
        }
    }

    /// The shape of that name.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::One, Self::Optional, Self::Many].into_iter().find(|shape| shape.name() == name)
    }
}

/// What decides, beside the items, whether a step's old results can be used again: name and digest of the function,
/// the params it can see, the language version, … in any order. The names are the reasons that people read
/// (`function`, `params`, `upstream`, …).
pub type Fingerprint = Vec<(String, String)>;

/// A step as the store needs to know it.
#[derive(Debug, Clone)]
pub struct StepSpec {
    /// Name in the pipeline file.
    pub name: Arc<str>,
    /// `map`, `filter`, …
    pub verb: &'static str,
    /// How many result lines an item has.
    pub shape: LinesPerItem,
    /// Whether items are known by `key:`; then [`ChunkEndings::keys`] holds a key for each.
    pub keyed: bool,
    /// What its results depend on.
    pub fingerprint: Fingerprint,
    /// The function's digest, when results also go to the cache across runs.
    pub cache: Option<Digest>,
}

/// The endings of items with consecutive indices. Made by [`super::StepJournal::spare`], so that buffers are used
/// again.
#[derive(Debug, Default)]
pub struct ChunkEndings {
    /// Index of the first item, from 1.
    pub first: u64,
    /// Content of each item, by its digest: as many as there are items.
    pub contents: Vec<Digest>,
    /// Key of each item, for steps with `key:`; empty otherwise.
    pub keys: Vec<Box<str>>,
    /// Digest of each key, when `keys` are not what the items are known by: keys with secrets are written with `***`.
    pub identities: Vec<Digest>,
    /// Result lines of the items that succeeded, each a JSON value and a line feed.
    pub out: Vec<u8>,
    /// Lines of each item that succeeded, in order, for [`LinesPerItem::Optional`] and [`LinesPerItem::Many`]; empty otherwise.
    pub lines: Vec<u32>,
    /// Items that did not succeed, by their place, ascending.
    pub ends: Vec<ItemEnding>,
}

impl ChunkEndings {
    /// Forgets all items and keeps the buffers.
    pub(super) fn clear(&mut self) {
        self.contents.clear();
        self.keys.clear();
        self.identities.clear();
        self.out.clear();
        self.lines.clear();
        self.ends.clear();
    }
}

/// The ending of an item that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemEnding {
    /// Place in the chunk, from 0.
    pub at: u32,
    /// What became of it.
    pub how: Ending,
}

/// How an item ended that did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// `flow.skip`, with the reason given.
    Skipped(Option<String>),
    /// It failed for good.
    Failed(Box<FailedItem>),
    /// Nothing that is to be kept: it will be tried again, was cancelled, or is a bad row of the source.
    Open,
}

/// An item that failed for good, as `ID.failed` yields it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FailedItem {
    /// What failed.
    #[serde(serialize_with = "write_kind", deserialize_with = "read_kind")]
    pub kind: FailureKind,
    /// Without position.
    pub message: Arc<str>,
    /// Where, when known.
    pub place: Option<Place>,
    /// The call stack, one place a line.
    pub traceback: String,
    /// The fields of `flow.fail`, as a JSON object.
    pub fields: Option<String>,
    /// The item's JSON text.
    pub item: String,
    /// Attempts in all.
    pub attempts: u32,
    /// One `{kind, message, duration}` for each attempt, as a JSON list.
    pub history: String,
    /// All attempts and waits together.
    pub duration: Duration,
    /// Whether `flow.fail` said that another attempt makes no sense.
    pub permanent: bool,
}

/// A failed attempt of an item that is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetriedItem {
    /// Which item, from 1.
    pub index: u64,
    /// Number of the attempt that failed, from 1.
    pub attempt: u32,
    /// What failed.
    #[serde(serialize_with = "write_kind", deserialize_with = "read_kind")]
    pub kind: FailureKind,
    /// Why.
    pub message: Arc<str>,
}

/// A line of an item's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Which item, from 1.
    pub index: u64,
    /// How loud.
    pub level: LogLevel,
    /// The text.
    pub message: String,
    /// The fields as a JSON object, when given.
    pub fields: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives fields by reference")]
fn write_kind<S: Serializer>(kind: &FailureKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

fn read_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FailureKind, D::Error> {
    let name = Cow::<str>::deserialize(deserializer)?;
    FailureKind::parse(&name).ok_or_else(|| de::Error::custom("no such kind of failure"))
}
