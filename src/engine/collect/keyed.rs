//! These steps compute the value of an expression for each item: `sort`, `unique` and `group_by`. `data` keeps the
//! items in order.

use std::sync::Arc;
use std::time::Duration;

use super::frame::StepFrame;
use super::workers::{CollectJob, JobError, MakeJob, Workers};
use crate::data::{DataError, Distinct, Groups, Sorted, Sorter, push_sort_key};
use crate::engine::lookout::Cut;
use crate::engine::step_results;
use crate::lua::{
    Attempt, AttemptEnding, Guard, JointEvaluation, LogLine, Memory, Script, ScriptError, Watchdog, Worker,
    WorkerOptions,
};
use crate::schedule::Policy;
use crate::store::Digest;
use crate::value::Chunk;
use crate::value::json::one_line;

/// `sort`
pub(super) fn sort(frame: &mut StepFrame<'_>, by: &Arc<Script>, descending: bool) -> Result<(), Cut> {
    let mut sorter = Sorter::new(frame.space.clone());
    let (mut sort_key, mut line) = (Vec::new(), Vec::new());
    with_values(frame, "sort", by, &mut |_, item, value| {
        sort_key.clear();
        push_sort_key(value, descending, &mut sort_key).map_err(|error| Cut::failed(error.to_string()))?;
        Ok(sorter.push(&sort_key, one_line(item, &mut line))?)
    })?;
    give_all(frame, sorter.finish()?)
}

/// `unique`
pub(super) fn unique(frame: &mut StepFrame<'_>, by: &Arc<Script>) -> Result<(), Cut> {
    let mut firsts = Distinct::new(frame.space.clone());
    let (mut sort_key, mut line) = (Vec::new(), Vec::new());
    with_values(frame, "unique", by, &mut |frame, item, value| {
        sort_key.clear();
        push_sort_key(value, false, &mut sort_key).map_err(|error| Cut::failed(error.to_string()))?;
        let item = one_line(item, &mut line);
        if firsts.take(Digest::of_bytes(&sort_key).0, item)? { frame.give(item) } else { Ok(()) }
    })?;
    match firsts.finish(&mut || frame.look())? {
        Some(late) => give_all(frame, late),
        None => Ok(()),
    }
}

/// `group_by`
pub(super) fn group_by(frame: &mut StepFrame<'_>, by: &Arc<Script>) -> Result<(), Cut> {
    let mut groups = Groups::new(frame.space.clone());
    let mut line = Vec::new();
    with_values(frame, "group_by", by, &mut |_, item, value| {
        Ok(groups.push(value, one_line(item, &mut line))?)
    })?;
    let groups = groups.finish(&mut || frame.look())?;
    give_all(frame, groups)
}

/// Gives the values of all records on, in order.
pub(super) fn give_all(frame: &mut StepFrame<'_>, mut sorted: Sorted) -> Result<(), Cut> {
    // Sorting may have taken a while.
    frame.look()?;
    while let Some((_, item)) = sorted.next()? {
        frame.give(item)?;
    }
    Ok(())
}

/// Items that are looked at before their turn: what is fetched of them fits into the nearest cache.
const AHEAD: usize = 32;

/// Takes an item and the JSON text of its value.
type ItemTaker<'t> = dyn FnMut(&mut StepFrame<'_>, &[u8], &[u8]) -> Result<(), Cut> + 't;

/// Takes an item and the JSON texts of its values.
type ValuesTaker<'t> = dyn FnMut(&mut StepFrame<'_>, &[u8], &[&[u8]]) -> Result<(), Cut> + 't;

/// Gives every item with the JSON text of its value to `take`, in order.
pub(super) fn with_values(
    frame: &mut StepFrame<'_>,
    key: &'static str,
    by: &Arc<Script>,
    take: &mut ItemTaker<'_>,
) -> Result<(), Cut> {
    with_each_value(frame, key, std::slice::from_ref(by), &mut |_| (), &mut |frame, item, values| {
        take(frame, item, values[0])
    })
}

/// Gives every item with the JSON texts of its values to `take`, in order. Before that `ahead` gets the first value of that item and
/// of those behind it.
pub(super) fn with_each_value(
    frame: &mut StepFrame<'_>,
    key: &'static str,
    scripts: &[Arc<Script>],
    ahead: &mut dyn FnMut(&[&[u8]]),
    take: &mut ValuesTaker<'_>,
) -> Result<(), Cut> {
    let options = options(frame)?;
    let scripts = scripts.to_vec();
    let count = scripts.len();
    let maker: MakeJob = Arc::new(move |number, guard, watchdog| {
        let options = WorkerOptions { worker: number, ..options.clone() };
        Ok(Box::new(Valuers::new(key, &scripts, options, (guard, watchdog))?) as Box<dyn CollectJob>)
    });
    let threads = frame.context.options.cores.max(1);
    let mut workers = Workers::start(frame, key, threads, &maker)?;
    workers.carry(frame, &mut |frame, chunk, out| {
        let ends = memchr::memchr_iter(b'\n', out);
        let mut start = 0;
        let lines: Vec<&[u8]> = ends.map(|end| &out[std::mem::replace(&mut start, end + 1)..end]).collect();
        let mut values = Vec::with_capacity(count);
        for at in 0..chunk.len() {
            if count > 0 && at.is_multiple_of(AHEAD) {
                ahead(&lines[at..(at + AHEAD).min(chunk.len())]);
            }
            values.clear();
            // The values of one expression stand together.
            values.extend((0..count).map(|script| lines[script * chunk.len() + at]));
            take(frame, chunk.item(at), &values)?;
        }
        Ok(())
    })
}

/// What the Lua of a step over a collection finds: the environment of item functions, without a policy.
pub(super) fn options(frame: &StepFrame<'_>) -> Result<WorkerOptions, DataError> {
    let context = frame.context;
    let steps = context.roles.wants.scope.then(|| step_results::steps(context)).transpose()?;
    let scope = context.step_scope(steps);
    let memory = Memory::fixed(Policy::default().memory);
    Ok(WorkerOptions {
        seed: context.options.seed,
        logs: context.options.logs,
        ..WorkerOptions::new(Arc::clone(&frame.step.name), scope, memory)
    })
}

/// Evaluates the expression for every item of a chunk: one line each.
struct Valuer {
    key: &'static str,
    worker: Worker,
}

impl Valuer {
    fn new(
        key: &'static str,
        by: &Script,
        options: &WorkerOptions,
        guard: &Arc<Guard>,
        watchdog: &Watchdog,
    ) -> Result<Self, ScriptError> {
        Ok(Self { key, worker: Worker::new(by, options, guard, watchdog)? })
    }
}

impl Valuer {
    /// Appends the values of the first `count` items.
    fn work(&mut self, chunk: &Chunk, count: usize, out: &mut Vec<u8>) -> Result<(), JobError> {
        let attempt = Attempt { number: 1, item_deadline: None, last: None };
        let mut ended: Option<(usize, AttemptEnding)> = None;
        let mut end = |at: usize, _: usize, how: AttemptEnding, _: Duration| {
            ended = Some((at, how));
            false
        };
        let (done, _) = self.worker.run(chunk, 0..count, &attempt, Duration::MAX, out, &mut end);
        match ended {
            Some((at, how)) => Err(JobError { at: Some(at), error: Box::new(how.into_error(self.key)) }),
            None if done < count => Err(JobError {
                at: Some(done),
                error: Box::new(AttemptEnding::Cancelled.into_error(self.key)),
            }),
            None => Ok(()),
        }
    }
}

/// Evaluates several expressions: all at once where none of them needs Lua, else one after the other.
struct Valuers {
    key: &'static str,
    scripts: Vec<Arc<Script>>,
    options: WorkerOptions,
    guard: Arc<Guard>,
    watchdog: Arc<Watchdog>,
    joint: Option<JointEvaluation>,
    /// The values of one chunk by expression.
    values: Vec<Vec<u8>>,
    /// Made when they are needed.
    made: Vec<Valuer>,
}

impl Valuers {
    fn new(
        key: &'static str,
        scripts: &[Arc<Script>],
        options: WorkerOptions,
        (guard, watchdog): (&Arc<Guard>, &Arc<Watchdog>),
    ) -> Result<Self, ScriptError> {
        let mut valuers = Self {
            key,
            scripts: scripts.to_vec(),
            options,
            guard: Arc::clone(guard),
            watchdog: Arc::clone(watchdog),
            joint: JointEvaluation::of(scripts),
            values: vec![Vec::new(); scripts.len()],
            made: Vec::new(),
        };
        if valuers.joint.is_none() {
            valuers.make()?;
        }
        Ok(valuers)
    }

    fn make(&mut self) -> Result<(), ScriptError> {
        if self.made.is_empty() {
            let Self { key, options, guard, watchdog, .. } = self;
            let valuer = |by: &Arc<Script>| Valuer::new(key, by, options, guard, watchdog);
            self.made = self.scripts.iter().map(valuer).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// Works on a chunk without Lua; `false`, and nothing appended, where it is needed.
    fn work_at_once(&mut self, chunk: &Chunk, out: &mut Vec<u8>) -> bool {
        let Some(joint) = &mut self.joint else { return false };
        self.values.iter_mut().for_each(Vec::clear);
        if joint.evaluate(chunk, &mut self.values) {
            self.values.iter().for_each(|values| out.extend_from_slice(values));
            return true;
        }
        false
    }
}

impl CollectJob for Valuers {
    fn work(&mut self, chunk: &Chunk, out: &mut Vec<u8>) -> Result<(), JobError> {
        if self.work_at_once(chunk, out) {
            return Ok(());
        }
        self.make()?;
        let (mut count, mut first) = (chunk.len(), None);
        for valuer in &mut self.made {
            // Of several errors the one with the first item counts, whatever the order of expressions.
            if let Err(error) = valuer.work(chunk, count, out) {
                count = error.at.unwrap_or(0);
                first = Some(error);
            }
        }
        first.map_or(Ok(()), Err)
    }

    fn take_logs(&mut self) -> Vec<LogLine> {
        self.made.iter_mut().flat_map(|valuer| valuer.worker.take_logs()).collect()
    }
}
