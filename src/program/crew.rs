//! The crew decides which process of a program gets which item, when one has taken too long, and what becomes of the items in
//! flight when a process dies. It has no clock, no thread and no process: it is told what happened, and orders what is to be
//! done.
//!
//! An attempt begins when the program must have begun with it: when every item that was sent to the same process before has
//! ended, or one that was sent later has; in a process that says that it works in parallel, when it is sent. So a program that
//! takes one item after the other loses nothing by being sent several.

mod limits;
pub(super) mod place;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use self::place::{Flying, Job, Phase, Place, Waiting};

/// What a crew is made from.
#[derive(Debug, Clone)]
pub struct CrewOptions {
    /// Processes at most.
    pub processes: usize,
    /// Items at most that are in flight in one process.
    pub lanes: usize,
    /// Items at most that are in flight in all of them.
    pub concurrency: usize,
    /// How long a process may take from its start to its first word.
    pub ready: Duration,
    /// Deaths in a row without an answer that stop the step.
    pub restart: u32,
    /// Limit of one attempt.
    pub timeout: Option<Duration>,
    /// Limit of all attempts of an item, from the beginning of the first.
    pub item_deadline: Option<Duration>,
}

/// How an attempt ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// It ran longer than `timeout`.
    Timeout,
    /// All attempts of the item together ran longer than `item_deadline`.
    Deadline,
    /// Its process is to blame, for this reason.
    Program(String),
    /// The step was stopped.
    Cancelled,
}

/// What is to be done, in the order in which it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Start this process.
    Start(usize),
    /// Send it this attempt under this number.
    Send {
        /// Which process, from 0.
        process: usize,
        /// Which attempt.
        job: u64,
        /// The number for the program.
        id: u64,
    },
    /// End this process with all that it has started, and tell when that is done.
    Kill(usize),
    /// Nothing more will be sent to this process.
    CloseInput(usize),
    /// The attempt has ended.
    Ended {
        /// Which.
        job: u64,
        /// How.
        how: End,
        /// How long it took.
        duration: Duration,
    },
    /// The attempt will not begin.
    Unbegun(u64),
    /// The program is of no use, for this reason.
    Stop(String),
}

/// An attempt that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Which; `None`: it had ended before by its deadline.
    pub job: Option<u64>,
    /// How long it took.
    pub duration: Duration,
}

/// The processes of one step, and the attempts in them.
#[derive(Debug)]
pub struct Crew {
    options: CrewOptions,
    places: Vec<Place>,
    /// Attempts that were not sent yet, in order.
    queue: VecDeque<Waiting>,
    /// Those that were in flight in a process that ended through no fault of theirs.
    again: VecDeque<Waiting>,
    /// Those that were in flight together in a process that died: each is sent alone now.
    alone: VecDeque<Waiting>,
    orders: VecDeque<Order>,
    in_flight: usize,
    next_id: u64,
    deaths: u32,
    /// The longest time from a start to a first word that was an answer.
    slowest_start: Option<Duration>,
    has_ever_answered: bool,
    is_closed: bool,
}

impl Crew {
    /// No process is started before its first item.
    pub fn new(options: CrewOptions) -> Self {
        let places = (0..options.processes.max(1)).map(|_| Place::default()).collect();
        Self {
            options,
            places,
            queue: VecDeque::new(),
            again: VecDeque::new(),
            alone: VecDeque::new(),
            orders: VecDeque::new(),
            in_flight: 0,
            next_id: 0,
            deaths: 0,
            slowest_start: None,
            has_ever_answered: false,
            is_closed: false,
        }
    }

    /// The next thing that is to be done.
    pub fn next_order(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// One more attempt.
    pub fn offer(&mut self, job: Job) {
        self.queue.push_back(Waiting { job, first_begun: None });
    }

    /// Takes back the attempts that were not sent and that `is_meant` says yes to.
    pub fn withdraw(&mut self, is_meant: impl Fn(u64) -> bool) -> Vec<u64> {
        let taken =
            self.queue.iter().map(|waiting| waiting.job.number).filter(|job| is_meant(*job)).collect();
        self.queue.retain(|waiting| !is_meant(waiting.job.number));
        taken
    }

    /// The attempts that processes are at, and when each was begun.
    pub fn begun(&self) -> impl Iterator<Item = (u64, Duration)> + '_ {
        let flying = self.places.iter().flat_map(|place| &place.flying).filter(|flying| !flying.is_over);
        flying.filter_map(|flying| Some((flying.job.number, flying.begun?)))
    }

    /// The attempts in flight in a process.
    pub fn in_flight(&self, process: usize) -> impl Iterator<Item = u64> + '_ {
        self.places[process].flying.iter().filter(|flying| !flying.is_over).map(|flying| flying.job.number)
    }

    /// Whether a process works on all that is in flight in it at once.
    pub fn is_parallel(&self, process: usize) -> bool {
        self.places[process].phase == Phase::Up { parallel: true }
    }

    /// Whether no process is there.
    pub fn is_gone(&self) -> bool {
        self.places.iter().all(|place| place.phase == Phase::Absent)
    }

    /// Sends what can be sent, and ends what has passed its limit.
    pub fn advance(&mut self, now: Duration) {
        self.enforce(now);
        while self.assign(now) {}
        self.close_idle();
    }

    /// A process has said that it is ready; `false`: it has said something before.
    pub fn ready(&mut self, process: usize, parallel: bool, now: Duration) -> bool {
        let place = &mut self.places[process];
        match place.phase {
            Phase::Starting => {
                place.phase = Phase::Up { parallel };
                place.begin(now);
                true
            }
            // What a process says that is being ended, or is only to end, is too late to matter.
            Phase::Ending | Phase::Closing | Phase::Absent => true,
            Phase::Up { .. } => false,
        }
    }

    /// A process has answered what was sent under `id`; `None`: nothing is in flight under it.
    pub fn answered(&mut self, process: usize, id: u64, now: Duration) -> Option<Answered> {
        let place = &mut self.places[process];
        let at = place.flying.iter().position(|flying| flying.id == id)?;
        if place.phase == Phase::Starting {
            place.phase = Phase::Up { parallel: false };
            let taken = now.saturating_sub(place.started);
            self.slowest_start = self.slowest_start.max(Some(taken));
        }
        place.has_answered = true;
        let flying = place.take(at, now)?;
        self.deaths = 0;
        self.has_ever_answered = true;
        self.in_flight -= 1;
        let duration = now.saturating_sub(flying.begun.unwrap_or(flying.sent));
        Some(Answered { job: (!flying.is_over).then_some(flying.job.number), duration })
    }

    /// A process has written what is no answer: what is in flight in it fails, and it is ended.
    pub fn spoke_nonsense(&mut self, process: usize, why: &str, now: Duration) {
        // What a process says that is only to end concerns nobody.
        if !matches!(self.places[process].phase, Phase::Starting | Phase::Up { .. }) {
            return;
        }
        self.kill(process);
        for flying in self.unload(process) {
            self.fail(&flying, why, now);
        }
        self.count_death(why);
    }

    /// A process has ended by itself, and nothing of it is left.
    pub fn died(&mut self, process: usize, why: &str, now: Duration) {
        let phase = std::mem::replace(&mut self.places[process].phase, Phase::Absent);
        if phase != Phase::Closing {
            self.lose(process, why, now);
        }
    }

    /// Whether a process is being ended because that was ordered.
    pub fn is_ending(&self, process: usize) -> bool {
        self.places[process].phase == Phase::Ending
    }

    /// Whether the process at hand has answered anything.
    pub fn has_answered(&self, process: usize) -> bool {
        self.places[process].has_answered
    }

    /// A process has ended by itself and well after it had answered: what it was sent meanwhile it has not come to, and is sent
    /// again.
    pub fn left(&mut self, process: usize) {
        self.places[process].phase = Phase::Absent;
        let unread: Vec<Waiting> = self.unload(process).iter().map(Flying::waiting).collect();
        self.run_again(unread);
    }

    /// A process that was to be ended is no more.
    pub fn ended(&mut self, process: usize) {
        self.places[process].phase = Phase::Absent;
    }

    /// Nothing more is sent that was not sent before; with `interrupts`, what is in flight ends too.
    pub fn stop(&mut self, interrupts: bool, now: Duration) {
        for waiting in std::mem::take(&mut self.queue) {
            self.orders.push_back(Order::Unbegun(waiting.job.number));
        }
        if !interrupts {
            return;
        }
        for waiting in std::mem::take(&mut self.again).into_iter().chain(std::mem::take(&mut self.alone)) {
            self.end(waiting.job.number, End::Cancelled, Duration::ZERO);
        }
        for process in 0..self.places.len() {
            if !matches!(self.places[process].phase, Phase::Absent | Phase::Ending) {
                self.kill(process);
            }
            for flying in self.unload(process) {
                let duration = flying.duration(now);
                self.end(flying.job.number, End::Cancelled, duration);
            }
        }
    }

    /// No more attempts will be offered.
    pub fn close(&mut self) {
        self.is_closed = true;
    }

    /// Processes with nothing to do are let go, once nothing more will come.
    fn close_idle(&mut self) {
        let is_through = self.queue.is_empty() && self.again.is_empty() && self.alone.is_empty();
        // While anything is in flight its process may die, and what it had come to another one.
        let mut flying = self.places.iter().flat_map(|place| &place.flying);
        if !self.is_closed || !is_through || flying.any(|flying| !flying.is_over) {
            return;
        }
        for (process, place) in self.places.iter_mut().enumerate() {
            if matches!(place.phase, Phase::Starting | Phase::Up { .. }) {
                place.phase = Phase::Closing;
                self.orders.push_back(Order::CloseInput(process));
            }
        }
    }

    /// Sends one attempt; `false`: none can be sent now.
    fn assign(&mut self, now: Duration) -> bool {
        if self.in_flight >= self.options.concurrency {
            return false;
        }
        let is_alone = !self.alone.is_empty();
        let lanes = if is_alone { 1 } else { self.options.lanes };
        let places = self.places.iter().enumerate();
        let free = places.filter(|(_, place)| place.is_free(lanes));
        let Some((process, _)) = free.min_by_key(|(_, place)| place.preference()) else { return false };
        let lists = [&mut self.alone, &mut self.again, &mut self.queue];
        let Some(waiting) = lists.into_iter().find_map(VecDeque::pop_front) else { return false };
        let place = &mut self.places[process];
        place.is_alone = is_alone;
        if place.phase == Phase::Absent {
            place.phase = Phase::Starting;
            place.has_answered = false;
            place.started = now;
            self.orders.push_back(Order::Start(process));
        }
        self.next_id += 1;
        place.add(&waiting, self.next_id, now);
        self.in_flight += 1;
        self.orders.push_back(Order::Send { process, job: waiting.job.number, id: self.next_id });
        true
    }

    fn kill(&mut self, process: usize) {
        self.places[process].phase = Phase::Ending;
        self.orders.push_back(Order::Kill(process));
    }

    /// Takes all attempts out of a process that have not ended.
    fn unload(&mut self, process: usize) -> Vec<Flying> {
        let place = &mut self.places[process];
        place.is_alone = false;
        let flying = std::mem::take(&mut place.flying);
        self.in_flight -= flying.len();
        flying.into_iter().filter(|flying| !flying.is_over).collect()
    }

    /// A process is gone through its own fault. One attempt in it: it has failed. Several: nobody knows which it was.
    fn lose(&mut self, process: usize, why: &str, now: Duration) {
        let flying = self.unload(process);
        let is_first = !self.places[process].has_answered && self.deaths == 0 && !self.has_ever_answered;
        match &flying[..] {
            [one] => self.fail(one, why, now),
            // A program that never answers at all is no item's fault, and all of them would die alone.
            several if is_first && self.options.restart <= 1 => {
                for one in several {
                    self.fail(one, why, now);
                }
            }
            several => self.alone.extend(several.iter().map(Flying::waiting)),
        }
        // While it is looked for which of several items it was, deaths are expected.
        if flying.len() < 2 || is_first {
            self.count_death(why);
        }
    }

    fn count_death(&mut self, why: &str) {
        self.deaths += 1;
        if self.deaths == self.options.restart.max(1) {
            self.orders.push_back(Order::Stop(why.to_owned()));
        }
    }

    fn fail(&mut self, flying: &Flying, why: &str, now: Duration) {
        self.end(flying.job.number, End::Program(why.to_owned()), flying.duration(now));
    }

    fn end(&mut self, job: u64, how: End, duration: Duration) {
        self.orders.push_back(Order::Ended { job, how, duration });
    }
}
