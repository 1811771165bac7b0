//! A step that is sent away reads its input here, sorts out what is known, and writes the rest down for worker processes. Then
//! it waits for what they commit, and judges.

use std::sync::{Arc, MutexGuard, TryLockError};
use std::time::Duration;

use super::{Coordinator, StepFault};
use crate::engine::context::LOOK_UP;
use crate::engine::failed_item;
use crate::engine::fingerprint;
use crate::engine::handover;
use crate::engine::living;
use crate::engine::rate_parts::{rate_holds, workers_at_once};
use crate::engine::remote_job::{self, FleetJobs, PROTOCOL, RemoteJob, SourcesFile};
use crate::engine::sent::{Books, Dispatcher, LeftFleet, SentFault, SentOptions};
use crate::engine::step_results;
use crate::engine::wall_clock;
use crate::event::{Event, StepId, StepResult, Tally};
use crate::lua::CancelLevel;
use crate::plan::Body;
use crate::runtime::clock;
use crate::schedule::StopReason;
use crate::schedule::fleet::Halt;
use crate::store::{BegunStep, CommitRecord, ImportAnswer, ReadShard, RemoteFile, RemotePlace, StoreError};
use crate::value::{Covered, Indices};

/// The longest time between two turns: an engine that knows something says so when it is asked.
const TURN: Duration = Duration::from_millis(20);
/// What is booked of a record.
struct StepBooks<'a, 'c> {
    coordinator: &'c mut Coordinator<'a>,
    answers: Vec<ImportAnswer>,
}

impl Books for StepBooks<'_, '_> {
    fn import(&mut self, record: &CommitRecord, shard: ReadShard) -> Result<(), SentFault> {
        self.answers.push(self.coordinator.import(shard, (record.tally, record.emitted))?);
        self.coordinator.timing.add(&record.timing);
        Ok(())
    }
}

impl<'a> Coordinator<'a> {
    /// Carries a sent step out.
    pub(super) fn carry_out_sent(mut self, sent: &SentOptions) -> StepResult {
        let fault = self.send(&self.options(sent)).err();
        self.end_sent(fault)
    }

    /// Goes on with a sent step that an earlier process of the run has left to its workers.
    pub(super) fn go_on_sent(
        mut self,
        sent: &SentOptions,
        place: &RemotePlace,
        begun: &BegunStep,
    ) -> StepResult {
        let taken = self.take_back(&self.options(sent), place, begun);
        if taken.is_err() {
            // Nobody will hear of them any more.
            let state = self.context.run_store.expect("what is sent is kept").state();
            let _ = living::end_workers(state, &self.context.options.run, self.context.options.grace);
        }
        self.end_sent(taken.err())
    }

    /// Those of this step.
    fn options(&self, sent: &SentOptions) -> SentOptions {
        sent.for_step(self.each, workers_at_once(self.context.plan, self.step, self.each, sent.workers))
    }

    fn end_sent(mut self, fault: Option<StepFault>) -> StepResult {
        if fault.is_some() {
            self.scheduler.source_failed();
        }
        self.count_rest();
        self.scheduler.close();
        self.finish(fault)
    }

    /// Takes over what a worker has finished: how its items have ended, and the results that it gives on.
    fn import(
        &mut self,
        shard: ReadShard,
        (tally, emitted): (Tally, u64),
    ) -> Result<ImportAnswer, StoreError> {
        let has_key = self.content.has_keys(self.each);
        for (index, key, item) in shard.failures() {
            if self.context.roles.wants.errors {
                self.errors.push((index, Arc::clone(&item.message)));
            }
            self.context.emit(failed_item::event(self.step.id, index, has_key.then_some(key), item));
        }
        self.sink.count_ended(shard.done(), emitted);
        let journal = self.journal.as_ref().expect("what is sent is kept");
        let answer = journal.import(shard)?;
        self.scheduler.passed(&tally);
        Ok(answer)
    }

    fn send(&mut self, sent: &SentOptions) -> Result<(), StepFault> {
        let place = self.context.run_store.expect("what is sent is kept").remote(&self.step.name)?;
        let written = self.write_items(&place)?;
        let items = Indices::new(written.runs).expect("items come in the order of their indices");
        let done = if items.is_empty() || self.scheduler.stop().is_some() {
            Ok(Indices::default())
        } else {
            self.dispatch_all(&place, sent, (&items, written.bytes))
        };
        self.put_in_order(&place, &items, done)
    }

    /// Takes the workers back of an earlier process.
    fn take_back(
        &mut self,
        sent: &SentOptions,
        place: &RemotePlace,
        begun: &BegunStep,
    ) -> Result<(), StepFault> {
        let sources: SourcesFile = remote_job::demand(place, &RemoteFile::Sources)?;
        let job: RemoteJob = remote_job::demand(place, &RemoteFile::Job)?;
        if job.plan != sent.plan {
            let reason = "its workers have planned another pipeline; `flowrun cancel` ends them";
            return Err(StepFault::Script(reason.to_owned()));
        }
        // What was known of items was looked up when they were cut.
        (self.reuse, self.reused, self.input_ended) = (None, sources.reuse, true);
        let left = LeftFleet::read(place, (&self.context.options.run, &self.step.name), begun)?;
        let items = left.items();
        self.scheduler.passed(&begun.tally());
        self.count_taken(begun, left.taken());
        self.errors = handover::tell_failures(self.context, self.step)?;
        self.expect(items.without(&begun.items).count());
        let done = match self.take_turn(sent) {
            Some(_turn) => {
                place.write_secrets(&sent.secrets)?;
                let of = (&*self.context.options.run, &*self.step.name, self.step.id.at());
                let dispatcher = Dispatcher::go_on(place.clone(), of, left, sent)?;
                self.see_through(place, dispatcher, &items)
            }
            None => Ok(begun.items.common(&items)),
        };
        self.put_in_order(place, &items, done)
    }

    /// How many items there will be. Where only the first results are wanted nobody knows how many it takes, and there are no more.
    fn expect(&mut self, open: u64) {
        let all = self.scheduler.tally().ended() + open;
        match self.wanted {
            Some(_) => self.scheduler.expect_at_most(all),
            None => self.scheduler.expect_total(all),
        }
    }

    /// Counts the results that stand in the books: those of shards that were taken over, and of items that were known before.
    fn count_taken(&mut self, begun: &BegunStep, taken: &[(Indices, u64)]) {
        let (mut known, mut results) = (begun.items.clone(), begun.record.emitted);
        for (items, emitted) in taken {
            self.sink.count_ended(items, *emitted);
            known = known.without(items);
            results = results.saturating_sub(*emitted);
        }
        self.sink.count_ended(&known, results);
    }

    /// Nothing more is sent: what was done is given on, and what was not is in the books.
    fn put_in_order(
        &mut self,
        place: &RemotePlace,
        items: &Indices,
        done: Result<Indices, StepFault>,
    ) -> Result<(), StepFault> {
        if done.is_err() {
            // Whatever has become of it, nobody reads them any more.
            place.remove(&RemoteFile::Secrets)?;
        }
        let mut left = items.without(&done?);
        if self.scheduler.stop().is_some_and(|stop| stop.reason == StopReason::Enough) {
            // What nobody asked for is none of this step's.
            left = Indices::default();
        }
        self.book_unstarted(&left);
        self.deliver()?;
        place.clear(left.is_empty() && self.fleet.as_ref().is_none_or(|fleet| fleet.died == 0))?;
        Ok(())
    }

    /// Has the items worked on, and says which were.
    fn dispatch_all(
        &mut self,
        place: &RemotePlace,
        sent: &SentOptions,
        (items, bytes): (&Indices, u64),
    ) -> Result<Indices, StepFault> {
        self.expect(items.count());
        let Some(_turn) = self.take_turn(sent) else { return Ok(Indices::default()) };
        place.write_secrets(&sent.secrets)?;
        self.note_sources(place)?;
        remote_job::make_once(place, &RemoteFile::Job, &self.remote_job(sent)?)?;
        let of = (&*self.context.options.run, &*self.step.name, self.step.id.at());
        let dispatcher = Dispatcher::start(place.clone(), of, (items, bytes), (sent, self.wanted))?;
        self.see_through(place, dispatcher, items)
    }

    /// Writes down what was read of sources, which stands in the books in a moment.
    fn note_sources(&self, place: &RemotePlace) -> Result<(), StepFault> {
        self.context.run_store.expect("what is sent is kept").flush()?;
        let name = |source: StepId| self.context.plan.steps[source.at()].name.to_string();
        let rows = |source: StepId| (name(source), self.context.source_status(source).rows());
        let file = SourcesFile {
            protocol: PROTOCOL,
            rows: self.input.sources().map(rows).collect(),
            reuse: self.reuse.as_ref().map(|reuse| reuse.counts(true)),
        };
        Ok(remote_job::make_once(place, &RemoteFile::Sources, &file)?)
    }

    /// Waits for the workers, and takes over what they have finished; gives the items that are committed.
    fn see_through(
        &mut self,
        place: &RemotePlace,
        mut dispatcher: Dispatcher,
        items: &Indices,
    ) -> Result<Indices, StepFault> {
        let worked = self.wait_for(&mut dispatcher);
        self.scheduler.release_limits(self.now());
        if worked.is_err() {
            dispatcher.abandon();
        }
        let mut committed = dispatcher.committed();
        // Its engine ends what is left of its workers.
        drop(dispatcher);
        if committed != *items && !matches!(worked, Err(StepFault::State(_) | StepFault::Internal(_))) {
            committed = self.take_over_leftovers(place, &committed)?;
        }
        worked.map(|()| committed)
    }

    /// Takes over what workers had on the disk and never handed over. It gives all items that are committed then.
    fn take_over_leftovers(
        &mut self,
        place: &RemotePlace,
        committed: &Indices,
    ) -> Result<Indices, StepFault> {
        let mut covered = Covered::default();
        covered.add(committed);
        let of = (&*self.context.options.run, &*self.step.name);
        for shard in place.leftovers(of, &mut covered)? {
            let told = (shard.tally(), shard.emitted());
            self.import(shard, told)?.wait()?;
        }
        Ok(covered.indices())
    }

    /// Waits until no other step of the run has workers: an executor has so many for all of them. Then it waits for its parts of
    /// the limits that steps share, which are its own until its workers have ended. `None`: the step stops.
    fn take_turn(&mut self, sent: &SentOptions) -> Option<MutexGuard<'a, ()>> {
        let context = self.context;
        let holds = rate_holds(context.plan, self.step, self.policy, sent);
        let mut turn = None;
        loop {
            turn = turn.or_else(|| match context.sending.try_lock() {
                Ok(turn) => Some(turn),
                Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            });
            if turn.is_some() && self.scheduler.hold_limits(self.now(), &holds) {
                return turn;
            }
            self.look_outside();
            if self.scheduler.stop().is_some() || context.fault().is_some() {
                return None;
            }
            self.tell_progress();
            std::thread::sleep(TURN);
        }
    }

    /// Books what workers commit until the step has come to its end.
    fn wait_for(&mut self, dispatcher: &mut Dispatcher) -> Result<(), StepFault> {
        let before = self.scheduler.tally().less(&dispatcher.tally());
        let mut answers: Vec<ImportAnswer> = Vec::new();
        let (begun, haste) = (clock::now(), dispatcher.haste());
        let now = || clock::since(begun) * haste;
        let outcome = loop {
            self.look_outside();
            if let Some(fault) = self.context.fault() {
                return Err(StepFault::State(fault.clone()));
            }
            self.stop_at_enough();
            self.stop_dispatcher(dispatcher, now());
            let mut books = StepBooks { coordinator: self, answers: std::mem::take(&mut answers) };
            let outcome = dispatcher.turn(&now, &mut books)?;
            answers = books.answers;
            if let Some(outcome) = outcome {
                break outcome;
            }
            self.tell_sent(dispatcher, (&before, now()));
            let wake = dispatcher.next_wake().map_or(TURN, |wake| wake.saturating_sub(now()));
            std::thread::sleep(wake.min(TURN));
        };
        for answer in answers {
            answer.wait()?;
        }
        self.stop_at_enough();
        self.fleet = Some(dispatcher.counts(now()).into());
        dispatcher.fault(outcome).map_or(Ok(()), |fault| Err(fault.into()))
    }

    /// Tells the fleet that the step stops, if it does.
    fn stop_dispatcher(&mut self, dispatcher: &mut Dispatcher, now: Duration) {
        let Some(stop) = self.scheduler.stop() else { return };
        let halt = if stop.interrupt { Halt::Interrupt } else { Halt::Drain };
        self.told_to_stop = if stop.interrupt { CancelLevel::Interrupt } else { CancelLevel::Drain };
        dispatcher.stop(now, halt);
        if self.context.interrupt.count() > 1 {
            dispatcher.cancel(now);
        }
    }

    /// Tells how far the workers are.
    fn tell_sent(&mut self, dispatcher: &Dispatcher, (before, now): (&Tally, Duration)) {
        if now.saturating_sub(self.told) < LOOK_UP {
            return;
        }
        self.told = now;
        let mut tally = dispatcher.tally();
        tally.add(before);
        let total = self.scheduler.total();
        self.context.emit(Event::Progress { step: self.step.id, tally, total, read: None });
        let jobs = FleetJobs::from(dispatcher.counts(now));
        if self.fleet.as_ref() != Some(&jobs) {
            dispatcher.tell_jobs(&jobs);
            let FleetJobs { running, queued, why, died } = jobs.clone();
            self.fleet = Some(jobs);
            self.context.emit(Event::Fleet { step: self.step.id, running, queued, why, died });
        }
        self.timing.keep(now, self.journal.as_ref());
    }

    fn remote_job(&self, sent: &SentOptions) -> Result<RemoteJob, StepFault> {
        let plan = self.context.plan;
        let is_deferred = matches!(self.step.body, Body::Deferred(_));
        let steps = (self.context.roles.wants.scope || is_deferred)
            .then(|| step_results::steps(self.context))
            .transpose()?;
        let keep = self.context.run_store.expect("what is sent is kept");
        let files = fingerprint::file_contents(plan, self.each)?;
        let fingerprint = keep.fingerprint(plan, self.each, &files)?;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Ok(RemoteJob {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plan: sent.plan.clone(),
            run: self.context.options.run.to_string(),
            step: self.step.name.to_string(),
            position: self.step.id.at(),
            seed: self.context.options.seed,
            file: sent.file.clone(),
            state: std::path::absolute(keep.state()).unwrap_or_else(|_| keep.state().to_path_buf()),
            steps: steps.map(|steps| steps.to_string()),
            fingerprint: fingerprint.parts,
            workers: sent.workers,
            cores: sent.cores,
            commit_ms: millis(sent.commit),
            grace_ms: millis(sent.grace),
            time_ms: sent.time.map(millis),
            deadline: self.deadline().map(|limit| wall_clock::at(limit.saturating_sub(self.now()))),
        })
    }

    /// Items that nobody has committed were cancelled.
    fn book_unstarted(&mut self, left: &Indices) {
        for run in left.iter() {
            self.keep_cancelled(run.first, run.count);
        }
        self.scheduler.passed(&Tally { cancelled: left.count(), ..Tally::default() });
    }

    /// Gives the results on, from where they lie.
    pub(super) fn deliver(&mut self) -> Result<(), StepFault> {
        let keep = self.context.run_store.expect("what is sent is kept");
        keep.flush()?;
        self.sink.deliver(keep, &self.step.name)?;
        Ok(())
    }
}
