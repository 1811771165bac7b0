//! This module turns a step as written, all of whose expressions have values, into what it does, with every default
//! filled in.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;

use super::places::{DocumentPart, PlacedDocument};
use super::policies::{self, Policies};
use super::rate_limits::Limits;
use super::scripts::Scripts;
use super::step::{Collect, Glob, ItemFunction, Items, MapLike, SourcePolicy, Verb};
use super::{codes, paths, policy_keys};
use crate::config::{self, Setting, WriteColumns};
use crate::data::{Compression, DeclaredType, Format, GlobOptions, Target, TypedOptions, WriteOptions};
use crate::lua::{ResultShape, Script};
use crate::schedule::{Policy, Resources, Retries};
use crate::source::Diagnostic;
use crate::value::Ratio;

/// What every step of a plan is built with.
#[derive(Debug, Clone)]
pub(super) struct StepBuilder<'a> {
    pub(super) places: &'a PlacedDocument,
    pub(super) scripts: &'a Scripts,
    pub(super) root: &'a PathBuf,
    /// What lies beneath the policies of map-like steps.
    pub(super) policies: &'a Policies,
    /// Limits that steps may name.
    pub(super) limits: &'a Limits,
    /// First items of every source.
    pub(super) limit: Option<u64>,
    pub(super) cores: usize,
}

/// Names of columns that are written, and a type for each where types are declared.
type DeclaredColumns = (Option<Vec<String>>, Option<Vec<DeclaredType>>);

/// What is built, or why not.
pub(super) type Built<T> = Result<T, Findings>;

/// All that is wrong with what was to be built, as far as that can be told.
pub(super) struct Findings(pub(super) Vec<Diagnostic>);

impl From<Diagnostic> for Findings {
    fn from(finding: Diagnostic) -> Self {
        Self(vec![finding])
    }
}

impl StepBuilder<'_> {
    /// What the step at `pointer` does.
    pub(super) fn verb(&self, pointer: &str, verb: &config::Verb) -> Built<Verb> {
        let at = format!("{pointer}/{}", verb.name());
        match verb {
            config::Verb::Read(read) => self.read(&at, read).map(|read| Verb::Read(Box::new(read))),
            config::Verb::Glob(glob) => self.glob(&at, glob).map(Verb::Glob),
            config::Verb::Items(items) => self.items(&at, items).map(Verb::Items),
            config::Verb::Map(each) => self.each(&at, ResultShape::Map, each),
            config::Verb::FlatMap(each) => self.each(&at, ResultShape::FlatMap, each),
            config::Verb::Filter(each) => self.each(&at, ResultShape::Filter, each),
            config::Verb::Reduce(reduce) => self.reduce(&at, reduce).map(Verb::Collect),
            config::Verb::Batch(size) => self.batch(&at, size).map(Verb::Collect),
            config::Verb::Take(count) => self.take(&at, count).map(Verb::Collect),
            config::Verb::Sample(sample) => self.sample(&at, sample).map(Verb::Collect),
            config::Verb::Join(join) => self.join(&at, join).map(Verb::Collect),
            config::Verb::Aggregate(aggregate) => self.aggregate(&at, aggregate).map(Verb::Collect),
            config::Verb::Sort(sort) => self.sort(&at, sort).map(Verb::Collect),
            config::Verb::Unique(_) => Ok(Verb::Collect(Collect::Unique(self.script(&at)?))),
            config::Verb::GroupBy(_) => Ok(Verb::Collect(Collect::GroupBy(self.script(&at)?))),
            config::Verb::Write(write) => self.write_verb(&at, write),
        }
    }

    /// The value of a field. A string that an expression gave may look like an expression again: one is enough.
    pub(super) fn known<T: Clone>(&self, at: &str, setting: Option<&Setting<T>>) -> Built<Option<T>> {
        match setting {
            None => Ok(None),
            Some(Setting::Known(value)) => Ok(Some(value.clone())),
            Some(Setting::Expression(text)) => {
                let message = format!("an expression gives another expression, `{text}`");
                let label = "evaluated once only";
                Err(self.places.error(codes::EXPRESSION, message, &DocumentPart::Value(at), label).into())
            }
        }
    }

    fn glob(&self, at: &str, glob: &config::Glob) -> Built<Glob> {
        let root = match &glob.root {
            Some(root) => paths::absolute(self.root, root),
            None => self.root.clone(),
        };
        let counts = [glob.max_failures.as_ref(), glob.min_items.as_ref()];
        let policy = self.source_policy(at, glob.min_success_ratio.as_ref(), counts)?;
        let by = self.known(&format!("{at}/by"), glob.by.as_ref())?.unwrap_or_default();
        let options = GlobOptions { pattern: glob.pattern.clone(), root, by, limit: self.limit };
        Ok(Glob { options, policy })
    }

    /// How many rows of a source may be bad, and how many there must be.
    pub(super) fn source_policy(
        &self,
        at: &str,
        ratio: Option<&Setting<config::Share>>,
        [max_failures, min_items]: [Option<&Setting<config::Count>>; 2],
    ) -> Built<SourcePolicy> {
        let ratio = self.known(&format!("{at}/min_success_ratio"), ratio)?;
        let max_failures = self.known(&format!("{at}/max_failures"), max_failures)?;
        let min_items = self.known(&format!("{at}/min_items"), min_items)?;
        Ok(SourcePolicy {
            min_success_ratio: ratio.map_or(Ratio::ONE, |share| share.0),
            max_failures: max_failures.map(|count| count.0),
            min_items: min_items.map(|count| count.0),
        })
    }

    fn items(&self, at: &str, items: &config::Items) -> Built<Items> {
        match items {
            config::Items::List(list) => {
                let limit = self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
                Ok(Items::List(list.iter().take(limit).map(|item| Arc::from(item.to_string())).collect()))
            }
            config::Items::Lua(_) => {
                Ok(Items::Lua { script: self.script(&format!("{at}/lua"))?, limit: self.limit })
            }
            config::Items::Expression(text) => {
                self.known::<Value>(at, Some(&Setting::Expression(text.clone())))?;
                Ok(Items::List(Arc::from([])))
            }
        }
    }

    fn each(&self, at: &str, kind: ResultShape, each: &config::MapLike) -> Built<Verb> {
        let function = self.function(at, each)?;
        let name = self.known(&format!("{at}/policy"), each.named.as_ref())?.map(|name| name.0);
        let when = policies::pointers(at, name.as_deref(), "retries/when");
        let retry_when = when.iter().find_map(|pointer| self.scripts.get(pointer));
        let key = self.scripts.get(&format!("{at}/key"));
        let cache = self.known(&format!("{at}/cache"), each.memory.cache.as_ref())?.unwrap_or(false);
        let written = self.written(at, each)?;
        let costs = self.costs(at, name.as_deref(), &written)?;
        let policy = self.whole_policy(at, &written)?;
        let limits = policy.rate_limits.iter().filter_map(|limit| limit.name.clone()).collect();
        let uses = each.uses.as_slice().into();
        Ok(Verb::MapLike(Box::new(MapLike {
            kind,
            function,
            retry_when,
            key,
            cache,
            uses,
            policy,
            resources: self.resources(at, &written)?,
            costs,
            limits,
            origins: policy_keys::of(self.places, at, name.as_deref()),
        })))
    }

    /// What runs on every item.
    fn function(&self, at: &str, each: &config::MapLike) -> Built<ItemFunction> {
        let pointer = match (&each.function, each.short) {
            (config::Function::Lua(_), true) => at.to_owned(),
            (config::Function::Lua(_), false) => format!("{at}/lua"),
            (config::Function::File(_), _) => format!("{at}/file"),
            (config::Function::Program(program), _) => {
                return Ok(ItemFunction::Program(Arc::new(self.program(&format!("{at}/program"), program)?)));
            }
        };
        let mut script = self.script(&pointer)?;
        if let Some(setup) = self.scripts.block(&format!("{at}/setup")) {
            script = Arc::new(Script::clone(&script).with_setup(setup));
        }
        Ok(ItemFunction::Lua(script))
    }

    pub(super) fn script(&self, pointer: &str) -> Built<Arc<Script>> {
        self.scripts.get(pointer).ok_or_else(|| {
            let message = "this Lua was not compiled".to_owned();
            self.places.error(codes::LUA_SYNTAX, message, &DocumentPart::Value(pointer), "").into()
        })
    }

    /// The step's own policy over the one that it takes, and that over the defaults.
    pub(super) fn written(&self, at: &str, each: &config::MapLike) -> Built<config::Policy> {
        let pointer = format!("{at}/policy");
        let name = self.known(&pointer, each.named.as_ref())?.map(|name| name.0);
        match self.policies.beneath(name.as_deref()) {
            Some(beneath) => Ok(each.policy.clone().over(&beneath)),
            None => Err(policies::unknown(self.places, &pointer, &name.unwrap_or_default()).into()),
        }
    }

    /// The policy of the step whose verb is at `at`, by all that was `written` for it.
    pub(super) fn whole_policy(&self, at: &str, written: &config::Policy) -> Built<Policy> {
        let retries = self.retries(at, written.retries.as_ref())?;
        let field = |key: &str| format!("{at}/{key}");
        let timeout = self.known(&field("timeout"), written.timeout.as_ref())?;
        let item_deadline = self.known(&field("item_deadline"), written.item_deadline.as_ref())?;
        let slow_after = self.known(&field("slow_after"), written.slow_after.as_ref())?;
        let standard = Policy::default();
        let ratio = self.known(&field("min_success_ratio"), written.min_success_ratio.as_ref())?;
        let (each, total) = self.at_once(at, written)?;
        Ok(Policy {
            concurrency: each.min(total.unwrap_or(usize::MAX)),
            total,
            lanes: self
                .known(&field("lanes"), written.lanes.as_ref())?
                .map_or(standard.lanes, |lanes| lanes.0 as usize),
            retries,
            timeout: timeout.map(|limit| limit.0),
            item_deadline: item_deadline.map(|limit| limit.0),
            min_success_ratio: ratio.map_or(standard.min_success_ratio, |share| share.0),
            max_failures: self
                .known(&field("max_failures"), written.max_failures.as_ref())?
                .map(|count| count.0),
            fail_fast: self
                .known(&field("fail_fast"), written.fail_fast.as_ref())?
                .unwrap_or(standard.fail_fast),
            stop_early: self.known(&field("stop_early"), written.stop_early.as_ref())?.unwrap_or(false),
            rate_limits: self.start_limits(at, written)?,
            breaker: self.breaker(at, written)?,
            memory: self
                .known(&field("memory"), written.memory.as_ref())?
                .map_or(standard.memory, |size| size.0),
            slow_after: slow_after.map(|limit| limit.0),
        })
    }

    /// Items at once in a process, and in all that work on the step together.
    fn at_once(&self, at: &str, written: &config::Policy) -> Built<(usize, Option<usize>)> {
        let at = format!("{at}/concurrency");
        let standard = Policy::default().concurrency;
        let Some(written) = self.known(&at, written.concurrency.as_ref())? else {
            return Ok((standard, None));
        };
        let each = match self.known(&format!("{at}/each"), written.each.as_ref())? {
            None => standard,
            Some(config::AtOnce::Auto) => self.cores.max(1),
            Some(config::AtOnce::Items(items)) => items as usize,
        };
        let total = self.known(&format!("{at}/total"), written.total.as_ref())?;
        Ok((each, total.map(|total| total.0 as usize)))
    }

    /// What one worker needs.
    fn resources(&self, at: &str, written: &config::Policy) -> Built<Resources> {
        let at = format!("{at}/resources");
        let Some(written) = self.known(&at, written.resources.as_ref())? else {
            return Ok(Resources::default());
        };
        let field = |key: &str| format!("{at}/{key}");
        Ok(Resources {
            cores: self.known(&field("cores"), written.cores.as_ref())?.map(|cores| cores.0),
            memory: self.known(&field("memory"), written.memory.as_ref())?.map(|size| size.0),
            gpus: self.known(&field("gpus"), written.gpus.as_ref())?.map(|request| request.0),
            time: self.known(&field("time"), written.time.as_ref())?.map(|limit| limit.0),
        })
    }

    fn retries(&self, at: &str, written: Option<&Setting<config::Retries>>) -> Built<Retries> {
        let at = format!("{at}/retries");
        let standard = Retries::default();
        let Some(written) = self.known(&at, written)? else { return Ok(standard) };
        let field = |key: &str| format!("{at}/{key}");
        let delay = self.known(&field("delay"), written.delay.as_ref())?;
        let factor = self.known(&field("factor"), written.factor.as_ref())?;
        let max_delay = self.known(&field("max_delay"), written.max_delay.as_ref())?;
        Ok(Retries {
            max: self.known(&field("max"), Some(&written.max))?.map_or(standard.max, |tries| tries.0),
            delay: delay.map_or(standard.delay, |delay| delay.0),
            factor: factor.map_or(standard.factor, |factor| factor.0),
            max_delay: max_delay.map_or(standard.max_delay, |delay| delay.0),
            jitter: self.known(&field("jitter"), written.jitter.as_ref())?.unwrap_or(standard.jitter),
            budget: self.known(&field("budget"), written.budget.as_ref())?.map(|count| count.0),
        })
    }

    /// How one file is written.
    pub(super) fn write(&self, at: &str, write: &config::Write) -> Built<WriteOptions> {
        let format = match self.known(&format!("{at}/format"), write.format.as_ref())? {
            Some(format) => format,
            None => Format::of_path(&write.path).map_err(|error| {
                let spot = format!("{at}/path");
                let label = "no format has this extension";
                self.places.error(
                    codes::UNKNOWN_FORMAT,
                    error.to_string(),
                    &DocumentPart::Value(&spot),
                    label,
                )
            })?,
        };
        let (columns, declared) = self.columns(&format!("{at}/columns"), write.columns.as_ref())?;
        let typed = TypedOptions {
            types: declared,
            source: None,
            columns_of: write.columns_of.as_ref().map(|step| step.0.as_str().into()),
            compression: self.known(&format!("{at}/compression"), write.compression.as_ref())?,
            row_group: self.known(&format!("{at}/row_group"), write.row_group.as_ref())?.map(|size| size.0),
        };
        let options = WriteOptions {
            target: match write.path.as_str() {
                "-" => Target::Stdout,
                path => Target::File(paths::absolute(self.root, path)),
            },
            name: write.path.as_str().into(),
            format,
            compression: Compression::of_path(&write.path),
            pretty: self.known(&format!("{at}/pretty"), write.pretty.as_ref())?.unwrap_or(false),
            single: self.known(&format!("{at}/single"), write.single.as_ref())?.unwrap_or(false),
            mode: self.known(&format!("{at}/mode"), write.mode.as_ref())?.unwrap_or_default(),
            table: self.table(at, write)?,
            rows: self.row_style(at, write)?,
            columns,
            typed,
        };
        options.check().map_err(|error| self.bad_option(at, &error.to_string()))?;
        Ok(options)
    }

    /// The columns that are written, with the types that are declared for them.
    fn columns(&self, at: &str, columns: Option<&Setting<WriteColumns>>) -> Built<DeclaredColumns> {
        let declared = match self.known(at, columns)? {
            None => return Ok((None, None)),
            Some(WriteColumns::Named(names)) => return Ok((Some(names), None)),
            Some(WriteColumns::Typed(declared)) => declared,
        };
        let (mut types, mut found) = (Vec::new(), Vec::new());
        for (name, text) in &declared {
            match DeclaredType::parse(text) {
                Ok(kind) => types.push(kind),
                Err(reason) => {
                    let spot = format!("{at}/{}", config::escape_key(name));
                    let part = DocumentPart::Value(&spot);
                    found.push(self.places.error(codes::BAD_OPTION, reason, &part, "this type"));
                }
            }
        }
        if !found.is_empty() {
            return Err(Findings(found));
        }
        Ok((Some(declared.into_keys().collect()), Some(types)))
    }

    /// The finding on an option of the step at `at` that its files refuse.
    pub(super) fn bad_option(&self, at: &str, reason: &str) -> Diagnostic {
        // The files' own checks begin with the option's name.
        let key = reason.split('`').nth(1).and_then(|name| name.split(':').next()).unwrap_or_default();
        let pointer = format!("{at}/{key}");
        self.places.error(codes::BAD_OPTION, reason.to_owned(), &DocumentPart::Key(&pointer), "this option")
    }
}
