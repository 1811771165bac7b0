//! These are the types of the plan. Nothing in them is text that still has to be understood, but for what only a run
//! can know.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::deferred::Deferred;
use super::policy_keys::PolicyKey;
use super::test_case::TestCase;
use super::touched::Touched;
use crate::data::{
    AggregateOptions, GlobOptions, JoinRule, ReadOptions, SampleSize, SplitOptions, WriteOptions,
};
use crate::event::{self, StepId};
use crate::lua::{LuaPath, Permissions, ResultShape, Script, Wants};
use crate::program::ItemProgram;
use crate::schedule::{Policy, Resources};
use crate::source::{SourceFile, Span};
use crate::value::{Rate, Ratio, Secrets};

/// A checked pipeline with the values of one run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// `name`, or the file's stem.
    pub name: Arc<str>,
    /// `description`
    pub description: Option<String>,
    /// The pipeline file.
    pub file: Arc<SourceFile>,
    /// The files that it includes, by their paths from its folder.
    pub included: Vec<(PathBuf, Arc<SourceFile>)>,
    /// The folder that every path in the file is relative to.
    pub root: PathBuf,
    /// The folders in which Lua files are looked for.
    pub lua_path: LuaPath,
    /// `params` of this run, as the text of a JSON object.
    pub params: Arc<str>,
    /// `env` of this run, as the text of a JSON object.
    pub env: Arc<str>,
    /// What the Lua code of this run may reach.
    pub permissions: Arc<Permissions>,
    /// The rate limits of the file, by name.
    pub rate_limits: Arc<BTreeMap<String, Rate>>,
    /// `secrets` of this run, with their values.
    pub secrets: Secrets,
    /// The steps in file order, indexed by [`StepId`].
    pub steps: Vec<Step>,
    /// The steps, each after all that it depends on.
    pub order: Vec<StepId>,
    /// The tests of the file, in their order.
    pub tests: Vec<TestCase>,
    /// The files that the pipeline file names.
    pub touched: Vec<Touched>,
    /// What its Lua code may ask for of other steps.
    pub wants: Wants,
    /// Items that are read of every source at most, but for those that are only the other side of a `join`.
    pub limit: Option<u64>,
    /// What is called when a run has ended.
    pub at_end: Option<AtEnd>,
    /// Which older runs stay when one has ended well.
    pub keep: Option<Keep>,
}

/// What is called when a run has ended.
#[derive(Debug, Clone)]
pub struct AtEnd {
    /// It sees `run` and secrets, and no item.
    pub script: Arc<Script>,
    /// How long it may take.
    pub limit: Duration,
}

/// Which older runs of the pipeline stay: those within any of these bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest.
    pub runs: Option<usize>,
    /// Those that began within this time.
    pub age: Option<Duration>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Position in the file.
    pub id: StepId,
    /// Name in the file.
    pub name: Arc<str>,
    /// What it does, in a word.
    pub verb: event::Verb,
    /// `description`
    pub description: Option<String>,
    /// What it takes, in this order. Empty for sources.
    pub from: Vec<Input>,
    /// The other side of a `join`.
    pub with: Option<Input>,
    /// What must have ended well before it.
    pub needs: Vec<StepId>,
    /// Whether it runs at all.
    pub when: Option<Expression>,
    /// Limit of the whole step.
    pub deadline: Option<Duration>,
    /// Whether its items are never sent to a cluster.
    pub local: bool,
    /// Of a source, how many items are read at most; not always that of the plan.
    pub limit: Option<u64>,
    /// What it does.
    pub body: Body,
    /// Its key in the file.
    pub span: Span,
}

impl Step {
    /// A step of flowrun's own, which no file names: without condition, limit or place.
    pub fn new(name: impl Into<Arc<str>>, verb: event::Verb, from: Vec<Input>, body: Verb) -> Self {
        Self {
            id: StepId(0),
            name: name.into(),
            verb,
            description: None,
            from,
            with: None,
            needs: Vec::new(),
            when: None,
            deadline: None,
            local: false,
            limit: None,
            body: Body::Ready(body),
            span: Span::default(),
        }
    }

    /// All that it takes items from: `from`, and the other side of a `join`.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.from.iter().chain(&self.with)
    }
}

/// One input of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The step it comes from.
    pub step: StepId,
    /// `ID.failed`: the items that failed for good, instead of the results.
    pub failed: bool,
}

/// A Lua expression of the file.
#[derive(Debug, Clone)]
pub struct Expression {
    /// The expression.
    pub script: Arc<Script>,
    /// Where it stands.
    pub span: Span,
}

/// What a step does, now or once the steps before it have ended.
#[derive(Debug, Clone)]
pub enum Body {
    /// Known.
    Ready(Verb),
    /// Some `${{ }}` of it needs `steps`: call [`Plan::bind`](super::Plan) when the step is about to start.
    Deferred(Arc<Deferred>),
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Items from files.
    Read(Box<Read>),
    /// Files as items.
    Glob(Glob),
    /// Items from the pipeline file.
    Items(Items),
    /// A function on every item.
    MapLike(Box<MapLike>),
    /// Something done to the collection as a whole.
    Collect(Collect),
    /// Items to a file.
    Write(WriteOptions),
    /// Items to many files.
    Split(Box<Split>),
}

impl Verb {
    /// How items are written, to one file or to many.
    pub fn written(&self) -> Option<&WriteOptions> {
        match self {
            Self::Write(options) => Some(options),
            Self::Split(split) => Some(&split.options.each),
            _ => None,
        }
    }

    /// The same, to be changed.
    pub(super) fn written_mut(&mut self) -> Option<&mut WriteOptions> {
        match self {
            Self::Write(options) => Some(options),
            Self::Split(split) => Some(&mut split.options.each),
            _ => None,
        }
    }
}

/// How items are written to many files.
#[derive(Debug, Clone)]
pub struct Split {
    /// Where, and when a part is full.
    pub options: SplitOptions,
    /// The key of an item; `None`: all have the same.
    pub by: Option<Arc<Script>>,
}

/// What is done to a collection. No policy holds for its Lua: an error there fails the step.
#[derive(Debug, Clone)]
pub enum Collect {
    /// The first so many items.
    Take(u64),
    /// Lists of up to so many items.
    Batch(u64),
    /// Items that are drawn.
    Sample(Sample),
    /// Items with their partners of another step.
    Join(Box<Join>),
    /// One item for each group of items.
    Aggregate(Box<Aggregate>),
    /// Items in the order of the value of `by`; equal ones keep theirs.
    Sort {
        /// The value of an item.
        by: Arc<Script>,
        /// The largest first.
        descending: bool,
    },
    /// The first item of each value.
    Unique(Arc<Script>),
    /// Items `{key, items}`, in order of first appearance.
    GroupBy(Arc<Script>),
    /// One value of all items.
    Reduce(Reduce),
}

/// How items are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// How many.
    pub size: SampleSize,
    /// From which seed; `None`: from that of the run.
    pub seed: Option<u64>,
}

/// How items find their partners.
#[derive(Debug, Clone)]
pub struct Join {
    /// The value that an item looks for.
    pub by: Arc<Script>,
    /// The value that an item of the other side is found by.
    pub with_by: Arc<Script>,
    /// Whether `with_by` was written; otherwise it is `by`.
    pub has_with_by: bool,
    /// What becomes of items with and without partners.
    pub rule: JoinRule,
    /// The field that the partner becomes.
    pub name: Arc<str>,
}

/// What is made of groups of items.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// The value by which items are grouped, if they are; then the values that fields are made of.
    pub scripts: Vec<Arc<Script>>,
    /// Whether the first script is the one for groups.
    pub has_key: bool,
    /// What the fields are made of.
    pub options: AggregateOptions,
}

/// How one value is made of all items.
#[derive(Debug, Clone)]
pub struct Reduce {
    /// Where it begins, as compact JSON text.
    pub init: Arc<str>,
    /// From `acc` and `item` to the next `acc`.
    pub script: Arc<Script>,
    /// From `a` and `b` to one: with it, parts may be worked on side by side.
    pub combine: Option<Arc<Script>>,
}

/// Items from files, and what is asked of their rows.
#[derive(Debug, Clone)]
pub struct Read {
    /// What to read.
    pub options: ReadOptions,
    /// What is asked of the rows.
    pub policy: SourcePolicy,
}

/// Files as items, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Glob {
    /// What to list.
    pub options: GlobOptions,
    /// What is asked of the files.
    pub policy: SourcePolicy,
}

/// What is asked of the rows of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourcePolicy {
    /// Share of the rows that must be readable.
    pub min_success_ratio: Ratio,
    /// Rows that may be bad.
    pub max_failures: Option<u64>,
    /// Rows that there must be; `None`: one where a pattern names the files.
    pub min_items: Option<u64>,
}

impl SourcePolicy {
    /// Every row must be readable.
    pub const STRICT: Self = Self { min_success_ratio: Ratio::ONE, max_failures: None, min_items: None };
    /// Any rows will do, and none.
    pub const LENIENT: Self = Self { min_success_ratio: Ratio::ZERO, max_failures: None, min_items: Some(0) };
}

/// Items from the pipeline file.
#[derive(Debug, Clone)]
pub enum Items {
    /// Written out, each as compact JSON text.
    List(Arc<[Arc<str>]>),
    /// A script that returns the list.
    Lua {
        /// The script.
        script: Arc<Script>,
        /// Take only this many of its items.
        limit: Option<u64>,
    },
}

/// What runs on every item of a map-like step.
#[derive(Debug, Clone)]
pub enum ItemFunction {
    /// Lua.
    Lua(Arc<Script>),
    /// A program that is kept and spoken to.
    Program(Arc<ItemProgram>),
}

impl ItemFunction {
    /// Its Lua, where it is that.
    pub fn script(&self) -> Option<&Arc<Script>> {
        match self {
            Self::Lua(script) => Some(script),
            Self::Program(_) => None,
        }
    }

    /// The program, where it is one.
    pub fn program(&self) -> Option<&Arc<ItemProgram>> {
        match self {
            Self::Lua(_) => None,
            Self::Program(program) => Some(program),
        }
    }
}

/// A function on every item, under a policy.
#[derive(Debug, Clone)]
pub struct MapLike {
    /// Which verb.
    pub kind: ResultShape,
    /// The function.
    pub function: ItemFunction,
    /// `retries.when`
    pub retry_when: Option<Arc<Script>>,
    /// `key`: by what an item is known from one run to the next, when not by its content.
    pub key: Option<Arc<Script>>,
    /// Whether results of any earlier run may be taken over.
    pub cache: bool,
    /// `uses`: paths and patterns of files whose content is part of the function.
    pub uses: Arc<[String]>,
    /// The policy.
    pub policy: Policy,
    /// What one worker needs.
    pub resources: Resources,
    /// What computes how much of each rate limit of the policy an attempt takes; `None`: it takes one.
    pub costs: Vec<Option<Arc<Script>>>,
    /// The names of the rate limits that its attempts take from.
    pub limits: Arc<[Arc<str>]>,
    /// Where each key of the policy comes from.
    pub origins: Arc<[PolicyKey]>,
}
