//! These types are a step as written: the common keys and exactly one verb.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::aggregate::Aggregate;
use super::collection::{Batch, Reduce, Sort, Take, reduce, short_sort};
use super::files::{Glob, Items, Read, Write, short_path, short_pattern};
use super::id::{ID, INPUT, is_id, is_input};
use super::join::Join;
use super::literal::TimeLimit;
use super::map_like::MapLike;
use super::sample::{Sample, short_sample};
use super::schema;
use super::setting::{Setting, map, present, present_map};
use crate::event;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What it is for, for people.
    pub description: Option<String>,
    /// Its inputs as written: `clean`, `clean.failed`. Empty for sources, and for them only.
    pub from: Vec<String>,
    /// Ids that must have ended before.
    pub needs: Vec<String>,
    /// Lua expression: whether the step runs.
    pub when: Option<String>,
    /// Limit of the whole step.
    pub deadline: Option<Setting<TimeLimit>>,
    /// Whether its items are never sent to a cluster.
    pub local: Option<Setting<bool>>,
    /// What it does.
    pub verb: Verb,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Verb {
    /// Items from files.
    Read(Box<Read>),
    /// Files as items.
    Glob(Glob),
    /// Items from the pipeline file.
    Items(Items),
    /// One result for each item.
    Map(Box<MapLike>),
    /// A list of results for each item.
    FlatMap(Box<MapLike>),
    /// The items for which the function is true.
    Filter(Box<MapLike>),
    /// All items to one value.
    Reduce(Box<Reduce>),
    /// Lists of neighbouring items.
    Batch(Batch),
    /// The first items.
    Take(Take),
    /// Items that are drawn.
    Sample(Sample),
    /// Items with their partners of another step.
    Join(Box<Join>),
    /// One item for each group of items.
    Aggregate(Box<Aggregate>),
    /// Items in the order of a value.
    Sort(Box<Sort>),
    /// The first item of each value: a Lua expression.
    Unique(String),
    /// Items gathered by a value: a Lua expression.
    GroupBy(String),
    /// Items to a file.
    Write(Box<Write>),
}

impl Verb {
    /// Which it is.
    pub fn kind(&self) -> event::Verb {
        match self {
            Self::Read(_) => event::Verb::Read,
            Self::Glob(_) => event::Verb::Glob,
            Self::Items(_) => event::Verb::Items,
            Self::Map(_) => event::Verb::Map,
            Self::FlatMap(_) => event::Verb::FlatMap,
            Self::Filter(_) => event::Verb::Filter,
            Self::Reduce(_) => event::Verb::Reduce,
            Self::Batch(_) => event::Verb::Batch,
            Self::Take(_) => event::Verb::Take,
            Self::Sample(_) => event::Verb::Sample,
            Self::Join(_) => event::Verb::Join,
            Self::Aggregate(_) => event::Verb::Aggregate,
            Self::Sort(_) => event::Verb::Sort,
            Self::Unique(_) => event::Verb::Unique,
            Self::GroupBy(_) => event::Verb::GroupBy,
            Self::Write(_) => event::Verb::Write,
        }
    }

    /// The key in the file.
    pub fn name(&self) -> &'static str {
        self.kind().name()
    }

    /// Whether it brings items in, and so takes no `from`.
    pub fn is_source(&self) -> bool {
        self.kind().is_source()
    }

    /// The function and policy of a map-like verb.
    pub fn each(&self) -> Option<&MapLike> {
        match self {
            Self::Map(each) | Self::FlatMap(each) | Self::Filter(each) => Some(each),
            _ => None,
        }
    }
}

/// One step of the pipeline: where its items come from and exactly one verb that says what it does with them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "step", transform = schema::one_verb)]
struct StepFields {
    /// What the step is for, for people.
    #[serde(default, deserialize_with = "present")]
    description: Option<String>,
    /// The step whose results this one takes: `clean`, or `clean.failed` for the items that failed there; a list is
    /// joined in its order. Required, except for `read`, `glob` and `items`, where it is not allowed.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"docs")]
    from: Option<Inputs>,
    /// Steps that must have ended well before this one starts, with no data taken from them.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"docs")]
    needs: Option<Names>,
    /// Lua expression over `params`, `env` and `steps`: when it is false, the step and all that read from it are
    /// skipped.
    #[serde(default, deserialize_with = "present")]
    when: Option<Condition>,
    /// Limit of the whole step. Unfinished items are then cancelled and the step fails. Default: no limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"5m", example = &"1h30m")]
    deadline: Option<Setting<TimeLimit>>,
    /// Never send the items of this step to a cluster: its function needs something of this machine. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    local: Option<Setting<bool>>,
    /// Read items from files.
    #[serde(default, deserialize_with = "short_path")]
    read: Option<Read>,
    /// Take the files that match a pattern as items.
    #[serde(default, deserialize_with = "short_pattern")]
    glob: Option<Glob>,
    /// Items written out here as a list, or `{lua: …}` that returns one.
    #[serde(default, deserialize_with = "present")]
    items: Option<Items>,
    /// Run a Lua function on every item; each result is an item of this step.
    #[serde(default, deserialize_with = "present")]
    map: Option<MapLike>,
    /// Run a Lua function on every item that returns a list; its elements are items of this step.
    #[serde(default, deserialize_with = "present")]
    flat_map: Option<MapLike>,
    /// Keep the items for which a Lua expression, or the function in a map, is true.
    #[serde(default, deserialize_with = "present")]
    filter: Option<MapLike>,
    /// Make one value of all items: `init`, and Lua that returns the next value of `acc` for each item.
    #[serde(default, deserialize_with = "reduce")]
    reduce: Option<Reduce>,
    /// Gather neighbouring items in lists of up to this many.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 100)]
    batch: Option<Batch>,
    /// Keep the first items, so many of them. A source is read no further, and a function whose results only `take` steps
    /// read is called no further; its step is judged by the items that it was called for.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 10)]
    take: Option<Take>,
    /// Draw items, and keep their order: so many, evenly, or each with a chance, such as `1%`. They are drawn by the seed of the
    /// run, so that a resumed run draws the same.
    #[serde(default, deserialize_with = "short_sample")]
    #[schemars(example = 1000, example = &"1%")]
    sample: Option<Sample>,
    /// Give each item its partner, the item of another step that has the same value of a Lua expression.
    #[serde(default, deserialize_with = "present_map")]
    join: Option<Join>,
    /// Make one item of each group of items: counts, sums, means, extremes, quantiles.
    #[serde(default, deserialize_with = "present")]
    aggregate: Option<Aggregate>,
    /// Put the items in the order of the value of a Lua expression, or of `by` in a map.
    #[serde(default, deserialize_with = "short_sort")]
    #[schemars(example = &"item.size")]
    sort: Option<Sort>,
    /// Keep the first item for each value of a Lua expression.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"item.id")]
    unique: Option<String>,
    /// Gather the items by the value of a Lua expression: items `{key, items}`, in order of first appearance.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"item.lang")]
    group_by: Option<String>,
    /// Write the items to a file.
    #[serde(default, deserialize_with = "short_path")]
    write: Option<Write>,
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields: StepFields = map(deserializer)?;
        let verbs = [
            fields.read.map(|read| Verb::Read(Box::new(read))),
            fields.glob.map(Verb::Glob),
            fields.items.map(Verb::Items),
            fields.map.map(|each| Verb::Map(Box::new(each))),
            fields.flat_map.map(|each| Verb::FlatMap(Box::new(each))),
            fields.filter.map(|each| Verb::Filter(Box::new(each))),
            fields.reduce.map(|reduce| Verb::Reduce(Box::new(reduce))),
            fields.batch.map(Verb::Batch),
            fields.take.map(Verb::Take),
            fields.sample.map(Verb::Sample),
            fields.join.map(|join| Verb::Join(Box::new(join))),
            fields.aggregate.map(|aggregate| Verb::Aggregate(Box::new(aggregate))),
            fields.sort.map(|sort| Verb::Sort(Box::new(sort))),
            fields.unique.map(Verb::Unique),
            fields.group_by.map(Verb::GroupBy),
            fields.write.map(|write| Verb::Write(Box::new(write))),
        ];
        let mut verbs = verbs.into_iter().flatten();
        let (Some(verb), None) = (verbs.next(), verbs.next()) else {
            return Err(D::Error::custom("a step has exactly one verb"));
        };
        if verb.is_source() == fields.from.is_some() {
            return Err(D::Error::custom(format_args!("`from` does not fit to `{}`", verb.name())));
        }
        Ok(Self {
            description: fields.description,
            from: fields.from.map(|inputs| inputs.0).unwrap_or_default(),
            needs: fields.needs.map(|names| names.0).unwrap_or_default(),
            when: fields.when.map(|condition| condition.0),
            deadline: fields.deadline,
            local: fields.local,
            verb,
        })
    }
}

impl JsonSchema for Step {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        StepFields::json_schema(generator)
    }
}

/// `from`: one input or a list of them.
struct Inputs(Vec<String>);

/// `needs`: one id or a list of them.
struct Names(Vec<String>);

/// `when`: Lua, or a boolean, which is Lua too.
struct Condition(String);

/// One text or a list of at least one, each of which passes `valid`.
fn texts(value: Value, valid: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let texts: Vec<String> = match value {
        Value::String(one) => vec![one],
        Value::Array(many) => {
            many.into_iter().map(|each| each.as_str().map(str::to_owned)).collect::<Option<_>>()?
        }
        _ => return None,
    };
    (!texts.is_empty() && texts.iter().all(|text| valid(text))).then_some(texts)
}

impl<'de> Deserialize<'de> for Inputs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        texts(Value::deserialize(deserializer)?, is_input)
            .map(Self)
            .ok_or_else(|| D::Error::custom("an input is the id of a step, or `ID.failed`"))
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        texts(Value::deserialize(deserializer)?, is_id)
            .map(Self)
            .ok_or_else(|| D::Error::custom("not the id of a step"))
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(lua) => Ok(Self(lua)),
            Value::Bool(constant) => Ok(Self(constant.to_string())),
            _ => Err(D::Error::custom("a condition is Lua")),
        }
    }
}

impl JsonSchema for Inputs {
    fn schema_name() -> Cow<'static, str> {
        "Inputs".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::text_or_list(INPUT, "the id of a step, or `ID.failed` for the items that failed there")
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schema::text_or_list(ID, "the id of a step")
    }
}

impl JsonSchema for Condition {
    fn schema_name() -> Cow<'static, str> {
        "Condition".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": ["string", "boolean"], "examples": ["params.full"] })
    }
}
