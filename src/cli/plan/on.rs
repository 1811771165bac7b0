//! `plan --on NAME` says of each step whether it is sent to the executor: in how many shards, to how many workers, and how
//! many items that makes at once.

use std::sync::OnceLock;

use super::Count;
use crate::cli::console::Console;
use crate::cli::executors::{ChosenExecutor, array_size, each};
use crate::cli::load;
use crate::config::{Executor, ExecutorEngine};
use crate::data::{self, GlobBy, GlobOptions};
use crate::engine::{self, Interrupt};
use crate::plan::{Body, MapLike, Plan, Step, Verb};
use crate::value::{Chunk, duration};

/// What is told of an executor; without one, nothing.
pub(super) struct Sending<'a> {
    console: &'a Console,
    chosen: Option<&'a ChosenExecutor>,
    /// How many tasks one array of Slurm has at most, asked once.
    array: OnceLock<Option<u64>>,
}

impl<'a> Sending<'a> {
    pub(super) fn to(chosen: Option<&'a ChosenExecutor>, console: &'a Console) -> Self {
        Self { console, chosen, array: OnceLock::new() }
    }

    /// The lines about a step that gets `count` items.
    pub(super) fn lines(&self, plan: &Plan, step: &Step, count: Option<Count>) -> Vec<String> {
        let Some(chosen) = self.chosen else { return Vec::new() };
        let Body::Ready(Verb::MapLike(map_like)) = &step.body else {
            let is_source = step.verb.is_source();
            return if is_source || step.verb.is_map_like() { Vec::new() } else { vec!["here".to_owned()] };
        };
        if let Some(reason) = engine::stays_here(plan, step, map_like, chosen.executor.send_from) {
            return vec![format!("here: {reason}")];
        }
        let known = count.filter(|count| count.exact).map(|count| count.most);
        let items = known.or_else(|| engine::count_items(plan, step, &Interrupt::default()).ok().flatten());
        let most = items.or(count.map(|count| count.most));
        if let Some(most) = most.filter(|most| *most < chosen.executor.send_from) {
            let up_to = if items.is_some() { "" } else { "up to " };
            return vec![format!("here: {up_to}{most} items, and {} are sent", chosen.executor.send_from)];
        }
        let executor = for_step(&chosen.executor, map_like);
        let workers = engine::workers_at_once(plan, step, map_like, executor.workers(load::cores()));
        let shards = items.map(|items| engine::shards_of(plan, step, (items, bytes(plan, step)), workers));
        self.sent((&chosen.name, &executor), (map_like, workers), shards)
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
    let sources = step.from.iter().map(|input| &plan.steps[input.step.at()]);
    let sizes = sources.map(|source| match &source.body {
        Body::Ready(Verb::Read(read)) if read.options.path != "-" => {
            let (pattern, root) = (read.options.path.clone(), read.options.root.clone());
            file_sizes(&GlobOptions { pattern, root, by: GlobBy::Modified, limit: None }).unwrap_or(0)
        }
        _ => 0,
    });
    sizes.fold(0, u64::saturating_add)
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
