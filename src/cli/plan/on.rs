//! `plan --on NAME` says of each step whether it is sent to the executor: in how many shards, to how many workers, and how
//! many items that makes at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::Count;
use crate::cli::console::Console;
use crate::cli::executors::{ChosenExecutor, array_size, each};
use crate::cli::load;
use crate::config::{Executor, ExecutorEngine};
use crate::data::{self, GlobBy, GlobOptions};
use crate::engine;
use crate::event::StepId;
use crate::plan::{Body, Input, MapLike, Plan, Step, Verb};
use crate::report;
use crate::value::{Chunk, duration};

/// What is told of an executor; without one, nothing.
pub(super) struct Sending<'a> {
    console: &'a Console,
    chosen: Option<&'a ChosenExecutor>,
    /// How many tasks one array of Slurm has at most, asked once.
    array: OnceLock<Option<u64>>,
    /// How many items sources have that were counted.
    rows: RefCell<BTreeMap<StepId, Option<u64>>>,
}

impl<'a> Sending<'a> {
    pub(super) fn to(chosen: Option<&'a ChosenExecutor>, console: &'a Console) -> Self {
        Self { console, chosen, array: OnceLock::new(), rows: RefCell::default() }
    }

    /// The lines about a step that gets `count` items.
    pub(super) fn lines(
        &self,
        (plan, selected): (&Plan, &[bool]),
        step: &Step,
        count: Option<Count>,
    ) -> Vec<String> {
        let Some(chosen) = self.chosen else { return Vec::new() };
        let Body::Ready(Verb::MapLike(map_like)) = &step.body else {
            return if step.verb.is_source() {
                self.source((plan, selected), (step, chosen)).into_iter().collect()
            } else if step.verb.is_map_like() {
                Vec::new()
            } else {
                vec!["here".to_owned()]
            };
        };
        let known = count.filter(|count| count.exact).map(|count| count.most);
        let items = known.or_else(|| self.items(plan, step));
        let most = items.or(count.map(|count| count.most));
        if let Some(reason) = here((plan, step, map_like), chosen, (items, most)) {
            return vec![format!("here: {reason}")];
        }
        let executor = for_step(&chosen.executor, map_like);
        let workers = engine::workers_at_once(plan, step, map_like, executor.workers(load::cores()));
        let shards = items.map(|items| engine::shards_of(plan, step, (items, bytes(plan, step)), workers));
        self.sent((&chosen.name, &executor), (map_like, workers), shards)
    }

    /// How many items a step gets that reads sources only.
    fn items(&self, plan: &Plan, step: &Step) -> Option<u64> {
        let items = |input: &Input| {
            let is_source = !input.failed && plan.steps[input.step.at()].verb.is_source();
            is_source.then(|| self.rows(plan, input.step))?
        };
        step.from.iter().map(items).sum()
    }

    fn rows(&self, plan: &Plan, source: StepId) -> Option<u64> {
        let mut rows = self.rows.borrow_mut();
        let count = || engine::count_source(&plan.steps[source.at()]).ok().flatten();
        *rows.entry(source).or_insert_with(count)
    }

    /// How the items of a source come to workers; `None`: they do not.
    fn source(
        &self,
        (plan, selected): (&Plan, &[bool]),
        (source, chosen): (&Step, &ChosenExecutor),
    ) -> Option<String> {
        let runs = |step: &&Step| selected[step.id.at()];
        let takes = |step: &&Step| step.from.iter().any(|input| input.step == source.id && !input.failed);
        let is_sent = |step: &Step| {
            let Body::Ready(Verb::MapLike(map_like)) = &step.body else { return false };
            let items = self.items(plan, step);
            here((plan, step, map_like), chosen, (items, items)).is_none()
        };
        plan.steps.iter().filter(runs).filter(takes).any(is_sent).then_some(())?;
        let rows = self.rows(plan, source.id).map(report::items);
        let is_enterable =
            matches!(&source.body, Body::Ready(Verb::Read(read)) if data::is_enterable(&read.options));
        let size = Some(source_bytes(source)).filter(|bytes| *bytes > 0).map(report::bytes);
        let way = if is_enterable { "cut where they lie" } else { "written down for workers" };
        let parts = [rows, size, Some(way.to_owned())].into_iter().flatten();
        Some(format!("to workers: {}", parts.collect::<Vec<_>>().join(", ")))
    }

    fn sent(
        &self,
        (name, executor): (&str, &Executor),
        (step, workers): (&MapLike, u32),
        shards: Option<u64>,
    ) -> Vec<String> {
        let at_once = at_once(executor, step);
        let cut = match shards {
            Some(shards) => format!("{shards} shard{}, ", if shards == 1 { "" } else { "s" }),
            None => format!("with {} items or more ", executor.send_from),
        };
        let busy = u64::from(workers).min(shards.unwrap_or(u64::MAX));
        let product = busy.saturating_mul(at_once);
        let mut parts =
            vec![format!("on {}: {cut}{busy} workers × {at_once} = {product} items at once", name)];
        if let ExecutorEngine::Slurm(slurm) = &executor.engine {
            parts.extend(slurm.partition.as_ref().map(|name| format!("partition {name}")));
        }
        parts.push(each(executor));
        let commit = format!("committed every {}", duration::format(executor.commit));
        let arrays = shards.and_then(|shards| self.arrays(executor, shards));
        vec![parts.join(", "), arrays.into_iter().chain([commit]).collect::<Vec<_>>().join(", ")]
    }

    /// `1 array (MaxArraySize 1001)`, where Slurm says so.
    fn arrays(&self, executor: &Executor, shards: u64) -> Option<String> {
        if !matches!(executor.engine, ExecutorEngine::Slurm(_)) {
            return None;
        }
        let size = (*self.array.get_or_init(|| array_size(self.console))).filter(|size| *size > 0)?;
        let arrays = shards.div_ceil(size);
        Some(format!("{arrays} array{} (MaxArraySize {size})", if arrays == 1 { "" } else { "s" }))
    }
}

/// The executor with what the step needs in the place of its own.
fn for_step(executor: &Executor, step: &MapLike) -> Executor {
    let needs = &step.resources;
    let mut executor = executor.clone();
    executor.cores = needs.cores.unwrap_or(executor.cores);
    executor.memory = needs.memory.unwrap_or(executor.memory);
    executor.time = executor.time.map(|time| needs.time.map_or(time, |needed| needed.max(time)));
    executor
}

/// Items at once in each worker.
fn at_once(executor: &Executor, step: &MapLike) -> u64 {
    let is_auto = step.origins.iter().any(|key| {
        matches!(key.key.as_str(), "concurrency" | "concurrency.each") && key.value.as_deref() == Some("auto")
    });
    let each = if is_auto { executor.cores as usize } else { step.policy.concurrency };
    step.policy.total.map_or(each, |total| each.min(total)) as u64
}

/// Bytes of the files that the step's sources read, as far as they can be listed.
fn bytes(plan: &Plan, step: &Step) -> u64 {
    let sizes = step.from.iter().map(|input| source_bytes(&plan.steps[input.step.at()]));
    sizes.fold(0, u64::saturating_add)
}

/// Bytes of the files that a source reads, as far as they can be listed.
fn source_bytes(source: &Step) -> u64 {
    match &source.body {
        Body::Ready(Verb::Read(read)) if read.options.path != "-" => {
            let (pattern, root) = (read.options.path.clone(), read.options.root.clone());
            file_sizes(&GlobOptions { pattern, root, by: GlobBy::Modified, limit: None }).unwrap_or(0)
        }
        _ => 0,
    }
}

/// Why a step that gets so many items, or at most so many, is not sent; `None`: it is.
fn here(
    (plan, step, map_like): (&Plan, &Step, &MapLike),
    chosen: &ChosenExecutor,
    (items, most): (Option<u64>, Option<u64>),
) -> Option<String> {
    let send_from = chosen.executor.send_from;
    let reason = engine::stays_here(plan, step, map_like, send_from);
    if reason.is_some() {
        return reason;
    }
    let most = most.filter(|most| *most < send_from)?;
    let up_to = if items.is_some() { "" } else { "up to " };
    Some(format!("{up_to}{most} items, and {send_from} are sent"))
}

fn file_sizes(options: &GlobOptions) -> Option<u64> {
    let mut reader = data::glob(options).ok()?;
    let (mut bytes, mut goes_on) = (0_u64, true);
    while goes_on {
        let (mut chunk, mut bad) = (Chunk::default(), Vec::new());
        goes_on = reader.read(4096, usize::MAX, &mut chunk, &mut bad).ok()?;
        let size =
            |item: &[u8]| serde_json::from_slice::<serde_json::Value>(item).ok()?.get("size")?.as_u64();
        bytes = (0..chunk.len()).filter_map(|at| size(chunk.item(at))).fold(bytes, u64::saturating_add);
    }
    Some(bytes)
}
