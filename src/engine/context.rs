//! This type holds what the step threads of one run share: the plan, the outputs so far, how its sources stand, the
//! event channel.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::interrupt::Interrupt;
use super::options::RunOptions;
use super::pool::StartPool;
use super::roles::StepRoles;
use super::run_store::{self, RunStore};
use super::shard::ShardNotes;
use super::source_status::{ErrorTexts, SourceStatus};
use super::stored_results::StoredResults;
use crate::data::{Counted, ItemFrame, Stored, Writer};
use crate::event::{Event, StepId, StepResult, StepStatus};
use crate::lua::{Gate, Gates, Scope, Watchdog};
use crate::plan::{Plan, Step};
use crate::runtime::clock;
use crate::schedule::{Guest, LimitId, Policy, RateLimits, RateUse, Scheduler};
use crate::store::{BegunStep, Digest, FailedItem, LinesPerItem, StepJournal, StepSpec, StoreError};
use crate::value::{Mask, Rate};

/// How long to wait for rows, workers or a script before looking up, and how often to tell how far a step is: soon enough
/// for people, and no work that could be measured.
pub(super) const LOOK_UP: Duration = Duration::from_millis(50);

/// From step threads to the thread that owns the run.
pub(super) enum Message {
    /// Something happened.
    Event(Event),
    /// A step thread is through.
    Done(Box<Done>),
}

/// What a step thread leaves behind.
pub(super) struct Done {
    /// Which step.
    pub(super) step: StepId,
    /// How it ended.
    pub(super) result: StepResult,
    /// Sources that nobody reads any more, with how they ended.
    pub(super) sources: Vec<(StepId, StepResult)>,
    /// Whether it is there because the step's thread panicked.
    pub(super) internal_error: bool,
}

/// What later steps can read of a step that has ended.
#[derive(Default)]
pub(super) struct StepOutput {
    /// Its results, when somebody wants them.
    pub(super) results: Option<StoredResults>,
    /// Its failed items, when somebody wants them.
    pub(super) failed: Option<Arc<Stored>>,
    /// `errors`, index → message, when an expression asks for them.
    pub(super) errors: ErrorTexts,
    /// How it ended.
    pub(super) result: Option<Arc<StepResult>>,
}

impl StepOutput {
    /// How many results it has left, or failed items; `None`: nobody has kept them.
    pub(super) fn count(&self, failed: bool) -> Option<u64> {
        if failed {
            return self.failed.as_ref().map(|stored| stored.count());
        }
        self.results.as_ref().map(StoredResults::count)
    }
}

/// A writer that was fed by the step before it and now waits for that step's verdict.
pub(super) struct FinishedWriter {
    /// `Err`: it could not write, and this is why.
    pub(super) writer: Result<Box<dyn Writer>, String>,
    /// Items it took.
    pub(super) count: u64,
}

/// A source that was counted.
pub(super) struct CountedSource {
    pub(super) counted: Counted,
    /// Of its items.
    pub(super) digest: Digest,
}

/// The items of a source as worker processes read them, with indices of its own.
pub(super) struct FramedSource {
    pub(super) frames: Vec<ItemFrame>,
    pub(super) bytes: u64,
}

/// The scheduler of a step whose workers were left, which holds what they may take of the limits that steps share.
pub(super) struct HeldLimits {
    pub(super) scheduler: Scheduler,
    /// When its clock began.
    pub(super) begun: Instant,
}

/// What the step threads of one run share.
pub(super) struct Context<'a> {
    pub(super) plan: &'a Plan,
    pub(super) options: &'a RunOptions,
    pub(super) roles: &'a StepRoles,
    pub(super) interrupt: &'a Arc<Interrupt>,
    pub(super) watchdog: &'a Arc<Watchdog>,
    /// Starts the workers of map-like steps.
    pub(super) pools: &'a dyn StartPool,
    pub(super) sender: Sender<Message>,
    /// Where the run is kept, if it is.
    pub(super) run_store: Option<&'a RunStore>,
    journals: Vec<Mutex<Option<StepJournal>>>,
    outputs: Vec<Mutex<StepOutput>>,
    source_statuses: Vec<Mutex<SourceStatus>>,
    fused: Vec<Mutex<Option<FinishedWriter>>>,
    /// What was counted of sources, where only a slice of them is read.
    counted: Vec<Mutex<Option<Arc<CountedSource>>>>,
    /// What was framed of sources, for steps that are sent.
    framed: Vec<Mutex<Option<Arc<FramedSource>>>>,
    /// What is held for steps whose workers were left.
    held: Vec<Mutex<Option<HeldLimits>>>,
    /// Held by the step whose items run in worker processes.
    pub(super) sending: Mutex<()>,
    /// What the run of a shard has worked on.
    pub(super) shard: ShardNotes,
    /// The rate limits of the run, on the clock that began with it, and those that steps share by name.
    limits: RateLimits,
    shared_limits: HashMap<Arc<str>, LimitId>,
    /// Where requests wait for those.
    pub(super) gates: Gates,
    pub(super) begun: Instant,
    /// Whether something was found that nothing of this program makes.
    broken: AtomicBool,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        options: &'a RunOptions,
        roles: &'a StepRoles,
        interrupt: &'a Arc<Interrupt>,
        (watchdog, pools): (&'a Arc<Watchdog>, &'a dyn StartPool),
        sender: Sender<Message>,
    ) -> Self {
        let (limits, begun) = (RateLimits::default(), clock::now());
        let add = |(name, rate): (&String, &Rate)| (name.as_str().into(), limits.add(*rate));
        let shared_limits = plan.rate_limits.iter().map(add).collect();
        Self {
            outputs: plan.steps.iter().map(|_| Mutex::default()).collect(),
            source_statuses: plan
                .steps
                .iter()
                .map(|step| Mutex::new(SourceStatus::new(step, roles, options)))
                .collect(),
            fused: plan.steps.iter().map(|_| Mutex::default()).collect(),
            counted: plan.steps.iter().map(|_| Mutex::default()).collect(),
            framed: plan.steps.iter().map(|_| Mutex::default()).collect(),
            held: plan.steps.iter().map(|_| Mutex::default()).collect(),
            sending: Mutex::default(),
            shard: ShardNotes::default(),
            journals: plan.steps.iter().map(|_| Mutex::default()).collect(),
            gates: gates(&limits, &shared_limits, begun),
            limits,
            shared_limits,
            begun,
            broken: AtomicBool::new(false),
            run_store: None,
            plan,
            options,
            roles,
            interrupt,
            watchdog,
            pools,
            sender,
        }
    }

    /// The same, kept there.
    pub(super) fn with_run_store(mut self, run_store: Option<&'a RunStore>) -> Self {
        self.run_store = run_store;
        self
    }

    /// The scheduler of a step that begins, under the limits that it shares with others and those of its own.
    pub(super) fn scheduler(&self, policy: &Policy, begun: Instant) -> Scheduler {
        let shared = |limit: &RateUse| self.shared_limits.get(limit.name.as_ref()?).copied();
        let limits = policy.rate_limits.iter();
        let limits: Vec<LimitId> =
            limits.map(|limit| shared(limit).unwrap_or_else(|| self.limits.add(limit.rate))).collect();
        let begun = begun.saturating_duration_since(self.begun);
        Scheduler::new(policy, self.options.seed).sharing(&self.limits, &limits, begun)
    }

    /// What is held of the limits of a step whose workers were left.
    pub(super) fn held(&self, step: StepId) -> MutexGuard<'_, Option<HeldLimits>> {
        lock(&self.held[step.at()])
    }

    /// Tells the reporters. A run whose owner has gone away has nobody left to tell.
    pub(super) fn emit(&self, event: Event) {
        let _ = self.sender.send(Message::Event(event));
    }

    pub(super) fn notice(&self, step: StepId, message: String) {
        self.emit(Event::Notice { step: Some(step), message });
    }

    /// The output of a step.
    pub(super) fn output(&self, step: StepId) -> MutexGuard<'_, StepOutput> {
        lock(&self.outputs[step.at()])
    }

    /// The status of a source.
    pub(super) fn source_status(&self, step: StepId) -> MutexGuard<'_, SourceStatus> {
        lock(&self.source_statuses[step.at()])
    }

    /// What was counted of a source. Whoever counts it keeps the others waiting, who would count it too.
    pub(super) fn counted(&self, source: StepId) -> MutexGuard<'_, Option<Arc<CountedSource>>> {
        lock(&self.counted[source.at()])
    }

    /// What was framed of a source. Whoever frames it keeps the others waiting, who would do the same.
    pub(super) fn framed(&self, source: StepId) -> MutexGuard<'_, Option<Arc<FramedSource>>> {
        lock(&self.framed[source.at()])
    }

    /// Where a writer waits for its producer's verdict.
    pub(super) fn fused(&self, step: StepId) -> MutexGuard<'_, Option<FinishedWriter>> {
        lock(&self.fused[step.at()])
    }

    /// What was kept of a step before this process has gone on with the run; `None`: nothing.
    pub(super) fn begun(&self, step: &Step) -> Option<&'a BegunStep> {
        self.run_store?.begun(&step.name)
    }

    /// Why the run cannot go on because it cannot be kept, if so.
    pub(super) fn fault(&self) -> Option<&StoreError> {
        self.run_store.and_then(RunStore::fault)
    }

    /// Something was found that nothing of this program makes.
    pub(super) fn break_down(&self) {
        self.broken.store(true, Ordering::SeqCst);
    }

    /// Whether that was so.
    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::SeqCst)
    }

    /// Leaves a step's journal to the code that books the step's end.
    pub(super) fn leave_journal(&self, step: StepId, journal: Option<StepJournal>) {
        *lock(&self.journals[step.at()]) = journal;
    }

    /// Keeps a row that a source cannot read. What goes wrong stops the run by [`Context::fault`].
    pub(super) fn keep_bad_row(&self, source: StepId, index: u64, key: String, item: FailedItem) {
        let Some(run_store) = self.run_store else { return };
        let mut journal = lock(&self.journals[source.at()]);
        if journal.is_none() {
            let step = &self.plan.steps[source.at()];
            let (name, verb) = (Arc::clone(&step.name), step.verb.name());
            let spec = StepSpec {
                name,
                verb,
                shape: LinesPerItem::One,
                keyed: false,
                fingerprint: Vec::new(),
                cache: None,
            };
            *journal = run_store.step(spec).ok();
        }
        if let Some(journal) = &*journal {
            let _ = journal.failed(index, key, item);
        }
    }

    /// Books the end of a step: it is reported only when it is on the disk.
    pub(super) fn book(&self, step: StepId, result: StepResult) -> StepResult {
        let result = result.masked(self.mask());
        let Some(run_store) = self.run_store else { return result };
        let journal = lock(&self.journals[step.at()]).take();
        match run_store.book(&self.plan.steps[step.at()].name, journal, &result) {
            Err(error) if result.status == StepStatus::Succeeded => {
                StepResult { status: StepStatus::Failed, reason: Some(run_store::stopped(&error)), ..result }
            }
            _ => result,
        }
    }

    /// Where intermediate results go that do not fit in memory.
    pub(super) fn temp_dir(&self) -> &'a Path {
        &self.options.temp_dir
    }

    /// What hides secrets.
    pub(super) fn mask(&self) -> &'a Mask {
        self.plan.secrets.mask()
    }

    /// What the Lua of steps has in scope besides the item: secrets too, which expressions do not see.
    pub(super) fn step_scope(&self, steps: Option<Arc<str>>) -> Scope {
        let permissions = Arc::clone(&self.plan.permissions);
        Scope { shows_secrets: true, permissions, ..self.scope(steps) }
    }

    /// What expressions have in scope. They decide, and so they may look wherever the file permits, but write no file.
    pub(super) fn scope(&self, steps: Option<Arc<str>>) -> Scope {
        Scope {
            secrets: self.plan.secrets.clone(),
            shows_run: false,
            shows_secrets: false,
            params: Arc::clone(&self.plan.params),
            env: Arc::clone(&self.plan.env),
            steps,
            run: serde_json::json!({ "id": &*self.options.run }).to_string().into(),
            permissions: Arc::new(self.plan.permissions.reading()),
        }
    }
}

/// One of the limits, for requests.
#[derive(Debug)]
struct RequestGate {
    guest: Guest,
    /// When the clock of the limits began.
    begun: Instant,
}

impl Gate for RequestGate {
    fn pass(&self) -> Result<(), Duration> {
        let now = clock::since(self.begun);
        self.guest.take(now).map_err(|again| again.saturating_sub(now))
    }
}

/// Where requests wait for the limits that have names.
fn gates(limits: &RateLimits, shared: &HashMap<Arc<str>, LimitId>, begun: Instant) -> Gates {
    let gate = |(name, limit): (&Arc<str>, &LimitId)| {
        let gate: Box<dyn Gate> = Box::new(RequestGate { guest: limits.guest(*limit), begun });
        (name.to_string(), gate)
    };
    shared.iter().map(gate).collect()
}

/// A panic of another step thread ends that step; what it left here is still whole, each change being one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
