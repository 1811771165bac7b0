//! The coordinator of one map-like step moves items between the input, the scheduler, the workers and the sink.
//!
//! The scheduler makes all decisions, and the workers run all Lua. The coordinator runs on the step's own thread.

mod at_work;
mod bypass;
mod carried;
mod chunk_size;
mod condemned;
mod costed;
mod costed_items;
mod dispatch;
mod enough;
mod finish;
mod first_items;
mod holds;
mod kept;
mod keyed;
mod keyed_chunks;
mod keys_here;
mod no_pool;
mod options;
mod own_ending;
mod own_items;
mod place;
mod replies;
mod reuse;
mod sent;
mod step_fault;
mod step_holds;
mod timing;
mod written_items;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::at_work::AtWork;
use self::chunk_size::ChunkSize;
use self::costed_items::CostedItems;
use self::first_items::FirstItems;
use self::kept::{fingerprint_of, journal_of};
use self::keyed_chunks::KeyedChunks;
use self::options::pool_options;
use self::place::Place;
use self::reuse::ItemReuse;
pub(super) use self::reuse::why_again;
pub(super) use self::step_fault::StepFault;
use self::step_fault::Unready;
use self::step_holds::StepHolds;
use self::timing::StepTiming;
use super::context::{Context, LOOK_UP};
use super::failed_item::Attempted;
use super::fingerprint;
use super::input::StepInput;
use super::item_content::ItemContent;
use super::pool::{Allowance, Limits, Pool, StepClock};
use super::remote_job::FleetJobs;
use super::row_bound::RowBound;
use super::sendable::sent_options;
use super::sink::Sink;
use super::source_status::ErrorTexts;
use super::wall_clock;
use crate::event::{Event, ReuseCounts, StepId, StepResult};
use crate::lua::{CancelLevel, ResultShape};
use crate::plan::{MapLike, Step};
use crate::runtime::clock;
use crate::schedule::{Policy, Scheduler, Start};
use crate::store::{BegunStep, ChunkEndings, LinesPerItem as Lines, RemotePlace, StepJournal};
use crate::value::{Chunk, Ratio};

/// The failed attempts of an item.
#[derive(Clone)]
struct Earlier {
    history: Vec<Attempted>,
    /// What the next attempt is told of the last one.
    last: Option<Arc<str>>,
    /// When its first attempt began, since the beginning of the step.
    since: Duration,
}

/// An item between two attempts.
struct WaitingItem {
    chunk: Chunk,
    earlier: Box<Earlier>,
}

/// What is known of a task that is out.
struct InFlight {
    /// What the scheduler said.
    start: Start,
    chunk: Arc<Chunk>,
    /// What is known of an item that is tried again; such a task is one item.
    earlier: Option<Box<Earlier>>,
    allowance: Allowance,
    /// What the journal is to be told, when there is one.
    endings: Option<ChunkEndings>,
}

struct Coordinator<'a> {
    context: &'a Context<'a>,
    step: &'a Step,
    each: &'a MapLike,
    policy: &'a Policy,
    kind: ResultShape,
    content: ItemContent,
    /// The results that anybody wants, where these are not all.
    wanted: Option<u64>,
    scheduler: Scheduler,
    /// Items that were read before it was known where they would run.
    first: VecDeque<Chunk>,
    input: StepInput<'a>,
    sink: Sink<'a>,
    pool: Box<dyn Pool>,
    clock: StepClock,
    limits: Limits,
    /// Whether its workers were told to stop, and how.
    told_to_stop: CancelLevel,
    /// Items offered to the scheduler and not yet started, by index of the first.
    fresh: BTreeMap<u64, Chunk>,
    waiting: HashMap<u64, WaitingItem>,
    /// Tasks handed in and not yet back, by number, and the items in them.
    in_flight: HashMap<u64, InFlight>,
    items_out: u64,
    /// Tasks so far, which number the next one.
    tasks: u64,
    size: ChunkSize,
    /// Where a worker process tells which items are out.
    at_work: Option<AtWork>,
    spare_chunks: Vec<Chunk>,
    input_ended: bool,
    /// There is room for items, and the input has none yet.
    starved: bool,
    /// Whether no worker is left, because the step was to stop before any was ready.
    workers_gone: bool,
    /// Its worker processes, as last told of.
    fleet: Option<FleetJobs>,
    lost: Option<StepId>,
    interrupted: Option<Duration>,
    /// When its workers were told to stop at once.
    stopped: Option<Duration>,
    /// `errors` of the step, when an expression asks for them.
    errors: ErrorTexts,
    told: Duration,
    /// How many results an item has.
    shape: Lines,
    /// How many items there are at most, while that is worked out for `stop_early`.
    bound: Option<RowBound>,
    /// Where endings are kept, if the run is.
    journal: Option<StepJournal>,
    /// What is known of items before they run.
    reuse: Option<ItemReuse>,
    /// What the run has in its books of the step, from before this process has gone on with it.
    own: Option<&'a BegunStep>,
    /// What was taken over before this process has gone on with the run.
    reused: Option<ReuseCounts>,
    /// Chunks whose items get their keys, where the step has `key:`.
    keyed: Option<KeyedChunks>,
    place: Place,
    /// What is known of the costs of items, where attempts have costs of their own.
    costed: Option<CostedItems>,
    timing: StepTiming,
    /// How long ago an earlier process of the run has begun the step.
    age: Duration,
    /// When the step began, since the run did.
    begun: Duration,
    holds: StepHolds,
}

/// The policy of a step's scheduler. What has a part of the items judges nothing.
fn judged_by(context: &Context<'_>, policy: Policy) -> Policy {
    if context.options.is_part() {
        return Policy { stop_early: false, min_success_ratio: Ratio::ZERO, ..policy };
    }
    policy
}

/// Runs a map-like step whose input has been opened.
pub(super) fn run(
    context: &Context<'_>,
    step: &Step,
    each: &MapLike,
    mut input: StepInput<'_>,
) -> StepResult {
    let begun = clock::now();
    let wants_all = context.roles.wanted[step.id.at()].is_none();
    let total = input.total(step).filter(|_| wants_all);
    context.emit(Event::StepStarted { step: step.id, total });
    let sent = sent_options(context, step, each);
    let first = sent.map(|sent| FirstItems::read(context, &mut input, sent.send_from));
    let sent = sent.filter(|_| first.as_ref().is_some_and(|first| first.are_enough));
    let place = if sent.is_some() { Place::Workers } else { Place::Here };
    let coordinator = Coordinator::new(context, (step, each), input, (begun, place));
    let coordinator = match coordinator.and_then(|coordinator| Ok(coordinator.take_up()?)) {
        Ok(coordinator) => coordinator,
        Err(error) => return StepResult::broken(error.to_string(), clock::since(begun)),
    };
    let first = first.map(|first| first.chunks).unwrap_or_default();
    let coordinator = Coordinator { first, ..coordinator };
    match sent {
        Some(sent) => coordinator.carry_out_sent(sent),
        None => coordinator.carry_out(total),
    }
}

/// Goes on with a map-like step whose items are with workers.
pub(super) fn go_on<'a>(
    context: &'a Context<'a>,
    (step, each): (&'a Step, &'a MapLike),
    input: StepInput<'a>,
    (place, begun): (&RemotePlace, &BegunStep),
) -> StepResult {
    let held = context.held(step.id).take();
    let at = held.as_ref().map_or_else(clock::now, |held| held.begun);
    let Some(sent) = sent_options(context, step, each) else {
        let reason = "its items are with workers, and nothing is sent now";
        return StepResult::broken(reason.to_owned(), Duration::ZERO);
    };
    match Coordinator::new(context, (step, each), input, (at, Place::Left)) {
        Ok(mut coordinator) => {
            if let Some(held) = held {
                coordinator.scheduler = held.scheduler;
            }
            coordinator.go_on_sent(sent, place, begun)
        }
        Err(error) => StepResult::broken(error.to_string(), clock::since(at)),
    }
}

impl<'a> Coordinator<'a> {
    fn new(
        context: &'a Context<'a>,
        (step, each): (&'a Step, &'a MapLike),
        input: StepInput<'a>,
        (begun, place): (Instant, Place),
    ) -> Result<Self, Unready> {
        let policy = &each.policy;
        let fingerprint = fingerprint_of(context, each)?;
        let fingerprint = fingerprint.as_ref();
        let journal = journal_of(context, (step, each), fingerprint)?;
        let mut reuse = fingerprint.and_then(|of| ItemReuse::open(context, step, each, of, &input));
        let work = context.options.work.as_deref();
        let timing = StepTiming::with(context.options.spans, reuse.as_mut(), work)?;
        let sink = Sink::open(context, step.id, journal.is_some())
            .behind(input.before())
            .of_sent(place != Place::Here);
        let holds = StepHolds::default();
        let options = pool_options(context, step, each, begun, &holds.gate_waits)?;
        let place = place.knowing(each, reuse.as_ref());
        let (pool, clock) = place.pool(context, options)?;
        let limits = pool.limits();
        let scheduled = judged_by(context, Policy { concurrency: limits.tasks, ..policy.clone() });
        Ok(Self {
            context,
            step,
            each,
            policy,
            kind: each.kind,
            content: ItemContent::of(context.plan, step.id, each),
            wanted: context.roles.wanted[step.id.at()],
            scheduler: context.scheduler(&scheduled, begun).behind(input.before()),
            sink,
            pool,
            clock,
            limits,
            told_to_stop: CancelLevel::Run,
            first: VecDeque::new(),
            input,
            fresh: BTreeMap::new(),
            waiting: HashMap::new(),
            in_flight: HashMap::new(),
            items_out: 0,
            tasks: 0,
            size: ChunkSize::new(limits.chunk_time.filter(|_| work.is_none_or(|work| !work.is_careful))),
            at_work: work.map(|work| AtWork::new(&work.slots)),
            spare_chunks: Vec::new(),
            input_ended: false,
            starved: false,
            workers_gone: false,
            fleet: None,
            lost: None,
            interrupted: None,
            stopped: None,
            errors: Vec::new(),
            told: Duration::ZERO,
            shape: fingerprint::shape(each.kind),
            bound: None,
            journal,
            reuse,
            own: None,
            reused: None,
            keyed: each.key.is_some().then(KeyedChunks::new),
            place,
            costed: each.costs.iter().any(Option::is_some).then(CostedItems::new),
            begun: begun.saturating_duration_since(context.begun),
            age: wall_clock::age(context.begun(step).and_then(|begun| begun.record.started)),
            holds,
            timing,
        })
    }

    fn carry_out(mut self, total: Option<u64>) -> StepResult {
        match total {
            Some(total) => self.scheduler.expect_total(total),
            // Where every item must succeed, the first failure decides.
            None if self.policy.stop_early && self.policy.min_success_ratio != Ratio::ONE => {
                self.bound = RowBound::start(self.context, self.step);
            }
            None => {}
        }
        let fault = self.drive().err();
        if fault.is_some() {
            self.fail_step();
        }
        self.offer_keyed();
        self.count_rest();
        self.scheduler.close();
        let fault = self.put_away_unstarted().err().or(fault);
        self.join_workers();
        let fault = fault.or_else(|| self.own.and_then(|_| self.deliver().err()));
        self.finish(fault)
    }

    /// The loop: start what may start, hear what comes back.
    fn drive(&mut self) -> Result<(), StepFault> {
        loop {
            self.look_outside();
            if let Some(fault) = self.context.fault() {
                return Err(StepFault::State(fault.clone()));
            }
            self.expire()?;
            self.fill()?;
            self.stop_at_enough();
            self.obey_stop();
            self.give_up_stopped();
            if self.workers_gone || (self.in_flight.is_empty() && self.scheduler.is_done()) {
                return Ok(());
            }
            self.tell_holds();
            let patience = self.patience();
            let mut next = self.pool.reply(patience, self.input.wake().filter(|_| self.starved));
            while let Some(reply) = next {
                self.hear(reply)?;
                next = self.pool.reply(Duration::ZERO, None);
            }
            self.tell_progress();
        }
    }

    /// The time since the step began.
    fn now(&self) -> Duration {
        (self.clock)()
    }

    /// Interrupts and the step's deadline.
    fn look_outside(&mut self) {
        let now = self.now();
        if self.deadline().is_some_and(|limit| now >= limit) {
            self.scheduler.deadline();
        }
        if let Some(most) = self.bound.as_ref().and_then(RowBound::found) {
            self.scheduler.expect_at_most(most);
            self.bound = None;
        }
        let interrupts = self.context.interrupt.count();
        if interrupts == 0 {
            return;
        }
        let since = *self.interrupted.get_or_insert_with(|| {
            self.scheduler.interrupt();
            now
        });
        let is_late = now.saturating_sub(since) >= self.context.options.grace;
        if (is_late && !self.context.interrupt.is_patient()) || interrupts > 1 {
            self.scheduler.grace_over();
        }
    }

    /// The step's end, by its own clock. That of a step in workers is its coordinator's business.
    fn deadline(&self) -> Option<Duration> {
        let is_mine = self.context.options.work.is_none();
        self.step.deadline.filter(|_| is_mine).map(|limit| limit.saturating_sub(self.age))
    }

    fn obey_stop(&mut self) {
        let Some(stop) = self.scheduler.stop() else { return };
        self.stop_workers(if stop.interrupt { CancelLevel::Interrupt } else { CancelLevel::Drain });
    }

    fn stop_workers(&mut self, level: CancelLevel) {
        if level > self.told_to_stop {
            self.told_to_stop = level;
            self.pool.cancel(level);
        }
    }

    /// How long to wait for the workers before something else needs doing.
    fn patience(&self) -> Duration {
        let now = self.now();
        let until = |at: Duration| at.saturating_sub(now);
        // Items that nobody wants yet are nothing to wake up for.
        let wake = self.scheduler.next_wake(now).filter(|wake| *wake > now || self.room() > 0);
        let wake = wake.map_or(LOOK_UP, until);
        let deadline = self.deadline().filter(|limit| *limit > now).map_or(LOOK_UP, until);
        wake.min(deadline).min(LOOK_UP)
    }

    fn tell_progress(&mut self) {
        let now = self.now();
        if now.saturating_sub(self.told) >= LOOK_UP {
            self.told = now;
            let (tally, total) = (self.scheduler.tally(), self.scheduler.total());
            let read = self.input.extent().filter(|_| self.wanted.is_none());
            self.context.emit(Event::Progress { step: self.step.id, tally, total, read });
            self.timing.keep(now, self.journal.as_ref());
        }
    }
}
