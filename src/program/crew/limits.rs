//! This module knows when attempts have taken too long.

use std::time::Duration;

use super::place::{Flying, Phase, Place, Waiting};
use super::{Crew, End};

/// Of a program that never says that it is ready, a start may take this many times as long as the slowest so far, and this long
/// in any case.
const START_FACTOR: u32 = 10;
const START_LEAST: Duration = Duration::from_secs(10);

impl Crew {
    /// When something is next to be ended.
    pub fn next_limit(&self) -> Option<Duration> {
        let starts = self.places.iter().filter_map(|place| Some(self.start_limit(place)?.0));
        let flying = self.places.iter().filter(|place| is_alive(place)).flat_map(|place| &place.flying);
        starts.chain(flying.filter_map(|flying| Some(self.limit(flying)?.0))).min()
    }

    /// When the attempt has taken too long, and what that is called.
    fn limit(&self, flying: &Flying) -> Option<(Duration, End)> {
        let timeout =
            flying.begun.zip(self.options.timeout).map(|(begun, limit)| (begun + limit, End::Timeout));
        let deadline = flying.deadline(self.options.item_deadline).map(|at| (at, End::Deadline));
        // Of two at the same time the timeout is told.
        [timeout, deadline.filter(|_| !flying.is_over)].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    fn is_overdue(&self, flying: &Flying, now: Duration) -> bool {
        self.limit(flying).is_some_and(|(at, _)| now >= at)
    }

    /// When a process that has said nothing has taken too long, and what its first attempt is then said to have done.
    fn start_limit(&self, place: &Place) -> Option<(Duration, Option<End>)> {
        if place.phase != Phase::Starting {
            return None;
        }
        let ready = place.started + self.options.ready;
        // Where starts are known to take so long, the rest of the time is the item's.
        let own = self.slowest_start.zip(self.options.timeout).map(|(start, timeout)| {
            let start = (start * START_FACTOR).max(START_LEAST).min(self.options.ready);
            (place.started + start + timeout, Some(End::Timeout))
        });
        Some(own.filter(|(at, _)| *at < ready).unwrap_or((ready, None)))
    }

    /// Ends what has taken too long by now.
    pub(super) fn enforce(&mut self, now: Duration) {
        for process in 0..self.places.len() {
            let place = &self.places[process];
            match self.start_limit(place).filter(|(at, _)| now >= *at) {
                Some((_, None)) => {
                    let why = format!(
                        "it said nothing within {:?} of its start (`ready`); is standard output flushed after each line?",
                        self.options.ready
                    );
                    self.kill(process);
                    self.lose(process, &why, now);
                }
                Some((_, Some(end))) => self.end_first(process, &end, now),
                None if is_alive(place) && place.flying.iter().any(|flying| self.is_overdue(flying, now)) => {
                    self.end_overdue(process, now);
                }
                None => {}
            }
        }
    }

    /// Ends a process for what it is at; what else is in flight in it runs again.
    fn end_first(&mut self, process: usize, end: &End, now: Duration) {
        self.kill(process);
        let mut innocent = Vec::new();
        for (at, flying) in self.unload(process).iter().enumerate() {
            if at == 0 {
                self.end(flying.job.number, end.clone(), flying.duration(now));
            } else {
                innocent.push(flying.waiting());
            }
        }
        self.run_again(innocent);
    }

    /// Ends the attempts that are overdue, and their process, if it has begun with one of them.
    fn end_overdue(&mut self, process: usize, now: Duration) {
        let is_overdue: Vec<bool> =
            self.places[process].flying.iter().map(|flying| self.is_overdue(flying, now)).collect();
        let flying = self.places[process].flying.iter();
        if !flying.zip(&is_overdue).any(|(flying, is_overdue)| *is_overdue && flying.begun.is_some()) {
            return self.pass_over(process, &is_overdue, now);
        }
        let ends: Vec<Option<End>> = self.places[process]
            .flying
            .iter()
            .zip(is_overdue)
            .filter(|(flying, _)| !flying.is_over)
            .map(|(flying, is_overdue)| self.limit(flying).filter(|_| is_overdue).map(|(_, end)| end))
            .collect();
        self.kill(process);
        let mut innocent = Vec::new();
        for (flying, end) in self.unload(process).iter().zip(ends) {
            match end {
                Some(end) => self.end(flying.job.number, end, flying.duration(now)),
                None => innocent.push(flying.waiting()),
            }
        }
        self.run_again(innocent);
    }

    /// Attempts have passed the deadline of their items before the process came to them: they have ended, and the process will
    /// answer in vain.
    fn pass_over(&mut self, process: usize, is_overdue: &[bool], now: Duration) {
        let mut over = Vec::new();
        for (flying, _) in
            self.places[process].flying.iter_mut().zip(is_overdue).filter(|(_, is_overdue)| **is_overdue)
        {
            flying.is_over = true;
            over.push((flying.job.number, flying.duration(now)));
        }
        for (job, duration) in over {
            self.end(job, End::Deadline, duration);
        }
    }

    /// They come before all that was not sent yet.
    pub(super) fn run_again(&mut self, innocent: Vec<Waiting>) {
        for waiting in innocent.into_iter().rev() {
            self.again.push_front(waiting);
        }
    }
}

fn is_alive(place: &Place) -> bool {
    matches!(place.phase, Phase::Starting | Phase::Up { .. })
}
