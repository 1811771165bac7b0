//! This module runs the steps of a run in their order: it decides which may start, which are skipped, and when the
//! run is over. Each step has a thread.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::Scope;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::context::{Context, Done, LOOK_UP, Message};
use super::interrupt::Interrupt;
use super::left_limits;
use super::options::RunOptions;
use super::outcome::{EngineError, Outcome};
use super::pool::{StartPool, Threads};
use super::roles::{Role, StepRoles};
use super::run_store::{self, RunStore};
use super::{handover, panic, step, usage};
use crate::data::{self, Target, WriteOptions};
use crate::event::{Event, RunStatus, StepId, StepInfo, StepResult, StepStatus};
use crate::lua::Watchdog;
use crate::plan::{Body, Plan, Step, Verb};
use crate::runtime;
use crate::store::ShardRecord;

/// Files that a run has open beside those of its steps, at least: what keeps it takes a dozen.
const FILES_MIN: usize = 20;

/// Where a step stands.
#[derive(Debug, Clone)]
enum StepPhase {
    /// Something before it has not ended.
    Waiting,
    /// A lazy source: the steps that read it may start.
    Open,
    /// It has a thread.
    Running,
    /// It has ended.
    Done(Arc<StepResult>),
}

struct RunThreads<'a, 'e> {
    context: &'a Context<'a>,
    states: Vec<StepPhase>,
    running: usize,
    interrupted: bool,
    internal_error: bool,
    on_event: &'e mut dyn FnMut(&Event),
}

/// Runs the selected steps of `plan` and tells `on_event` what happens, in one order, from this thread.
///
/// # Errors
/// Fails when the system does not give what a run needs (files, a thread, a temporary file), and when the run cannot
/// be kept or resumed. A step that fails is no error: the outcome tells of it.
pub fn run(
    plan: &Plan,
    options: &RunOptions,
    interrupt: &Arc<Interrupt>,
    on_event: &mut dyn FnMut(&Event),
) -> Result<Outcome, EngineError> {
    run_on(None, plan, options, interrupt, on_event)
}

/// The same on pools of the caller's; `None`: on threads.
pub(super) fn run_on(
    pools: Option<&dyn StartPool>,
    plan: &Plan,
    options: &RunOptions,
    interrupt: &Arc<Interrupt>,
    on_event: &mut dyn FnMut(&Event),
) -> Result<Outcome, EngineError> {
    let (begun, before) = (Instant::now(), usage::so_far());
    let mask = plan.secrets.mask();
    let mut masked = |event: &Event| {
        if mask.is_empty() { on_event(event) } else { on_event(&event.masked(mask)) }
    };
    let on_event: &mut dyn FnMut(&Event) = &mut masked;
    // What a run cannot do without, before anything is made: a limit that is too low is told, and nothing is left behind.
    runtime::start();
    spare_files()?;
    let roles = StepRoles::new(plan, &options.selected, options.shard.is_some());
    // Deep enough that reporters do not slow the workers down, bounded so that they cannot fall behind for ever.
    let (sender, receiver) = bounded(4096);
    let slow_sender = sender.clone();
    let watchdog = Watchdog::start(Box::new(move |slow| {
        // The watchdog must never wait; a notice more or less changes nothing.
        let event = Event::ItemSlow { step: slow.step, index: slow.index, elapsed: slow.elapsed };
        let _ = slow_sender.try_send(Message::Event(event));
    }))
    .map_err(|error| EngineError::System { intent: "start the watchdog", reason: error.to_string() })?;
    let watchdog = Arc::new(watchdog);
    let keep = RunStore::open(plan, options)?;
    clear_leftovers(plan, &options.selected);
    // Before the first worker: folders to write are there then, and what workers are kept from, requests and programs are not.
    let unmade = plan.permissions.begin();
    let threads = Threads { watchdog: &watchdog };
    let pools = pools.unwrap_or(&threads);
    let context = Context::new(plan, options, &roles, interrupt, (&watchdog, pools), sender);
    let context = context.with_run_store(keep.as_ref());
    let steps =
        plan.steps.iter().map(|step| StepInfo { name: Arc::clone(&step.name), verb: Some(step.verb) });
    on_event(&Event::RunStarted {
        run: Arc::clone(&options.run),
        pipeline: Arc::clone(&plan.name),
        params: Arc::clone(&plan.params),
        steps: steps.collect(),
    });
    if let Err(error) = handover::take_up_sources(&context) {
        return Err(EngineError::State(format!("the run cannot be gone on with: {error}")));
    }
    left_limits::hold(&context);
    for message in keep.iter().flat_map(|keep| keep.warnings.iter().cloned()).chain(unmade) {
        on_event(&Event::Notice { step: None, message });
    }
    let states = vec![StepPhase::Waiting; plan.steps.len()];
    let (running, on_event) = (0, &mut *on_event);
    let mut run = RunThreads {
        context: &context,
        states,
        running,
        interrupted: false,
        internal_error: false,
        on_event,
    };
    run.all(&receiver);
    let outcome = run.outcome();
    let shard = options.shard.as_ref().map(|shard| context.shard.record(shard, options.seed));
    close(keep, outcome, (begun, before, shard), on_event)
}

/// Makes sure that files can be opened at all, so that a run does not begin and then stumble over the first one.
fn spare_files() -> Result<(), EngineError> {
    // A root folder is everywhere; `/dev` is not.
    let files: std::io::Result<Vec<File>> = (0..FILES_MIN).map(|_| File::open("/")).collect();
    let files = files.map(drop);
    files
        .map_err(|error| EngineError::System { intent: "open the files of a run", reason: error.to_string() })
}

/// Removes what runs that were killed have left beside the files that this one writes, and finishes what they have left half
/// done. Files whose names only the run will tell are seen to when they are made; so is what cannot be finished.
fn clear_leftovers(plan: &Plan, selected: &[bool]) {
    for step in plan.steps.iter().filter(|step| selected[step.id.at()]) {
        match &step.body {
            Body::Ready(Verb::Write(WriteOptions { target: Target::File(path), .. })) => {
                data::clear_leftovers(path);
            }
            // What was half appended to a file that is read is taken out first.
            Body::Ready(Verb::Read(read)) if read.options.path != "-" => {
                data::take_out_half(&read.options.root.join(&read.options.path));
            }
            Body::Ready(Verb::Split(split)) => drop(data::settle_split(&split.options)),
            _ => {}
        }
    }
}

/// Puts the end of the run on the disk, then tells of it.
fn close(
    keep: Option<RunStore>,
    outcome: Outcome,
    (begun, before, shard): (Instant, Option<Duration>, Option<ShardRecord>),
    on_event: &mut dyn FnMut(&Event),
) -> Result<Outcome, EngineError> {
    if let Some(keep) = &keep {
        keep.clear_items();
    }
    let age = keep.as_ref().map_or(Duration::ZERO, |keep| keep.age);
    // An earlier process of the run has taken nobody knows what.
    let usage = if age.is_zero() { usage::since(before) } else { None };
    let kept = keep.map(|keep| keep.finish(outcome.status, begun.elapsed() + age, usage)).transpose();
    // Only what has ended well is a whole shard.
    let shard = shard.filter(|_| outcome.status == RunStatus::Succeeded);
    let kept = kept.and_then(|run| {
        let written = run.iter().zip(&shard).try_for_each(|(run, shard)| run.write_shard(shard));
        written.map(|()| run).map_err(|error| EngineError::State(run_store::stopped(&error)))
    });
    let status = if kept.is_ok() { outcome.status } else { RunStatus::Failed };
    for message in kept.iter().flatten().flat_map(|run| run.warnings().iter().cloned()) {
        on_event(&Event::Notice { step: None, message });
    }
    on_event(&Event::RunFinished { status, duration: begun.elapsed() + age, usage });
    Ok(Outcome { run_dir: kept?, ..outcome })
}

impl<'a> RunThreads<'a, '_> {
    /// Runs all selected steps.
    fn all(&mut self, receiver: &Receiver<Message>) {
        std::thread::scope(|scope| {
            loop {
                self.advance(scope);
                if self.running == 0 {
                    return;
                }
                match receiver.recv_timeout(LOOK_UP) {
                    Ok(Message::Event(event)) => (self.on_event)(&event),
                    Ok(Message::Done(done)) => self.done(*done),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                }
                self.look_for_interrupt();
            }
        });
    }

    fn look_for_interrupt(&mut self) {
        if !self.interrupted && self.context.interrupt.count() > 0 {
            self.interrupted = true;
            (self.on_event)(&Event::Interrupted { grace: self.context.options.grace });
        }
    }

    /// Starts and skips steps until nothing more can be said before another step has ended.
    fn advance<'scope>(&mut self, scope: &'scope Scope<'scope, '_>)
    where
        'a: 'scope,
    {
        let order = self.context.plan.order.clone();
        loop {
            let mut moved = false;
            for id in &order {
                if self.context.options.selected[id.at()]
                    && matches!(self.states[id.at()], StepPhase::Waiting)
                {
                    moved |= self.consider(scope, *id);
                }
            }
            // Nobody is at work and somebody waits for a source to end that only reads as others take from it.
            if !moved && self.running == 0 {
                moved = self.drain_a_source(scope);
            }
            if !moved {
                return;
            }
        }
    }

    /// `true` when the step's state has changed.
    fn consider<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, id: StepId) -> bool
    where
        'a: 'scope,
    {
        let step = &self.context.plan.steps[id.at()];
        let is_interrupted = self.interrupted || self.context.interrupt.count() > 0;
        if (is_interrupted || self.context.fault().is_some()) && handover::has_workers(self.context, step) {
            // Somebody has to tell them.
            self.start(scope, id);
            return true;
        }
        if is_interrupted {
            self.look_for_interrupt();
            self.end_idle(id, StepStatus::Cancelled, "interrupted");
            return true;
        }
        if let Some(reason) = self.context.fault().map(run_store::stopped) {
            self.end_idle(id, StepStatus::Cancelled, reason);
            return true;
        }
        if let Some(reason) = self.hindrance(step) {
            self.end_idle(id, StepStatus::Skipped, reason);
            return true;
        }
        if !self.is_ready(step) {
            return false;
        }
        if self.context.roles.roles[id.at()] == Role::LazySource {
            match step::gate(self.context, step) {
                Ok(()) => self.states[id.at()] = StepPhase::Open,
                Err(result) => self.end(id, self.context.book(id, *result)),
            }
        } else {
            self.start(scope, id);
        }
        true
    }

    /// Why a step cannot run, because of what has ended before it.
    fn hindrance(&self, step: &Step) -> Option<String> {
        let ended = |id: StepId| match &self.states[id.at()] {
            StepPhase::Done(result) => Some((result.status, &self.context.plan.steps[id.at()].name)),
            _ => None,
        };
        for input in step.inputs() {
            match ended(input.step) {
                Some((StepStatus::Succeeded, _)) | None => {}
                Some((StepStatus::Failed, _)) if input.failed => {}
                Some((status, name)) => return Some(format!("`{name}` {}", was(status))),
            }
        }
        step.needs.iter().find_map(|need| match ended(*need) {
            Some((StepStatus::Succeeded, _)) | None => None,
            Some((status, name)) => Some(format!("`{name}` {}", was(status))),
        })
    }

    fn is_ready(&self, step: &Step) -> bool {
        let done = |id: StepId| matches!(self.states[id.at()], StepPhase::Done(_));
        let selected = |id: &StepId| self.context.options.selected[id.at()];
        let readable = |input: &crate::plan::Input| {
            let lazy = self.context.roles.roles[input.step.at()] == Role::LazySource && !input.failed;
            done(input.step) || (lazy && matches!(self.states[input.step.at()], StepPhase::Open))
        };
        step.inputs().all(readable) && step.needs.iter().filter(|need| selected(need)).all(|need| done(*need))
    }

    fn drain_a_source<'scope>(&mut self, scope: &'scope Scope<'scope, '_>) -> bool
    where
        'a: 'scope,
    {
        let open = |id: &&StepId| matches!(self.states[id.at()], StepPhase::Open);
        let Some(id) = self.context.plan.order.iter().find(open).copied() else { return false };
        let is_read = self.readers(id).any(|reader| !matches!(self.states[reader.at()], StepPhase::Waiting));
        if is_read && !handover::was_read_before(self.context, self.readers(id)) {
            let reason = "nothing reads it any more";
            self.end_idle(id, StepStatus::Skipped, reason);
        } else {
            self.start(scope, id);
        }
        true
    }

    /// The selected steps that read a step's results.
    fn readers(&self, id: StepId) -> impl Iterator<Item = StepId> {
        let selected = |step: &&Step| self.context.options.selected[step.id.at()];
        let reads = move |step: &&Step| step.inputs().any(|input| input.step == id && !input.failed);
        self.context.plan.steps.iter().filter(selected).filter(reads).map(|step| step.id)
    }

    /// Gives a step its thread, or ends it where there is none to be had: what is there already is not lost with it.
    fn start<'scope>(&mut self, scope: &'scope Scope<'scope, '_>, id: StepId)
    where
        'a: 'scope,
    {
        let context = self.context;
        self.states[id.at()] = StepPhase::Running;
        self.running += 1;
        let body = move || {
            let begun = Instant::now();
            let done: Done =
                catch_unwind(AssertUnwindSafe(|| step::run(context, id))).unwrap_or_else(|panic| {
                    let reason = format!("internal error: {}", panic::message(&*panic));
                    let result = StepResult::broken(reason, begun.elapsed());
                    Done { step: id, result, sources: Vec::new(), internal_error: true }
                });
            let book = |id, result| (id, context.book(id, result));
            let sources = done.sources.into_iter().map(|(id, result)| book(id, result)).collect();
            let done = Done { result: context.book(done.step, done.result), sources, ..done };
            let _ = context.sender.send(Message::Done(Box::new(done)));
        };
        let name = context.plan.steps[id.at()].name.to_string();
        if let Err(error) = std::thread::Builder::new().name(name).spawn_scoped(scope, body) {
            self.running -= 1;
            self.end_idle(id, StepStatus::Failed, format!("cannot start a thread: {error}"));
        }
    }

    fn done(&mut self, done: Done) {
        self.running -= 1;
        self.internal_error |= done.internal_error;
        for (source, result) in done.sources {
            self.end(source, result);
        }
        self.end(done.step, done.result);
    }

    /// Ends a step that did nothing.
    fn end_idle(&mut self, id: StepId, status: StepStatus, reason: impl Into<String>) {
        let result = StepResult::without_items(status, reason, Duration::ZERO);
        self.end(id, self.context.book(id, result));
    }

    /// Notes the end of a step, which is in the books, and tells of it.
    fn end(&mut self, id: StepId, result: StepResult) {
        if matches!(self.states[id.at()], StepPhase::Done(_)) {
            return;
        }
        let result = Arc::new(result);
        self.context.output(id).result = Some(Arc::clone(&result));
        self.states[id.at()] = StepPhase::Done(Arc::clone(&result));
        (self.on_event)(&Event::StepFinished { step: id, result });
    }

    fn outcome(self) -> Outcome {
        let steps: Vec<(StepId, Arc<StepResult>)> = self
            .context
            .plan
            .steps
            .iter()
            .filter_map(|step| match &self.states[step.id.at()] {
                StepPhase::Done(result) => Some((step.id, Arc::clone(result))),
                _ => None,
            })
            .collect();
        let is = |status: StepStatus| steps.iter().any(|(_, result)| result.status == status);
        let status = if self.context.fault().is_some() {
            RunStatus::Failed
        } else if self.interrupted {
            RunStatus::Interrupted
        } else if is(StepStatus::Failed) {
            RunStatus::Failed
        } else {
            RunStatus::Succeeded
        };
        let internal_error = self.internal_error || self.context.is_broken();
        Outcome { status, steps, internal_error, run_dir: None }
    }
}

fn was(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Succeeded => "succeeded",
        StepStatus::Failed => "failed",
        StepStatus::Skipped => "was skipped",
        StepStatus::Cancelled => "was cancelled",
    }
}
