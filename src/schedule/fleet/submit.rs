//! Waves: all shards that wait are submitted together, as far as the engine has room, and no more of them may run at once than
//! workers are free.

use std::time::Duration;

use super::action::{Action, JobId};
use super::ending::Failure;
use super::machine::Fleet;
use super::report::{Exit, Submission};
use super::stem::Place;
use super::wave::{Job, Sent, Wave};

impl Fleet {
    /// Whether a wave could be submitted if it were time.
    fn has_wave(&self) -> bool {
        let mut waves = self.live.iter().filter_map(|wave| self.waves.get(wave));
        // What an earlier coordinator submitted is to be found first.
        let is_lost = self.looks.is_silent() && !self.live.is_empty();
        let blocked = is_lost || waves.any(|wave| matches!(wave.sent, Sent::Inherited(_)));
        !blocked
            && !self.ending.is_ending()
            && self.submits.asking.is_none()
            && !self.waiting.is_empty()
            && self.free() > 0
            && self.room() > 0
    }

    /// Jobs that the queue still takes.
    fn room(&self) -> u32 {
        let live: u32 = self.live.iter().filter_map(|wave| self.waves.get(wave)).map(|wave| wave.live).sum();
        self.options.queue_max.max(1).saturating_sub(live)
    }

    /// When the next wave is due.
    pub(super) fn wave_at(&self) -> Option<Duration> {
        self.has_wave().then_some(self.submits.next_at)
    }

    /// The next wave, if it is time.
    pub(super) fn submit(&mut self, now: Duration) -> Option<Action> {
        if !self.has_wave() || now < self.submits.next_at {
            return None;
        }
        let size = self.options.wave_max.max(1).min(self.submits.size.unwrap_or(u32::MAX)).min(self.room());
        let throttle = self.free().min(size).min(self.waiting.len() as u32);
        let number = self.waves.last_key_value().map_or(0, |(last, _)| last + 1);
        let (mut tasks, mut jobs) = (Vec::new(), Vec::new());
        while (tasks.len() as u32) < size
            && let Some((_, stem)) = self.waiting.pop_first()
        {
            let place = Place::Working(JobId { wave: number, task: tasks.len() as u32 });
            self.stems.get_mut(stem).place = place;
            tasks.push(self.stems.get(stem).task());
            jobs.push(Job::new(stem, now));
        }
        self.waves.insert(number, Wave::new(Sent::Asking, throttle, jobs));
        self.live.insert(number);
        self.submits.asking = Some(number);
        self.submits.next_at = now + self.options.wave_every;
        Some(Action::Submit { wave: number, tasks, throttle })
    }

    /// How the submission of a wave went.
    pub fn submitted(&mut self, now: Duration, wave: u32, submission: Submission) {
        let Some(of) = self.waves.get_mut(&wave).filter(|of| of.sent == Sent::Asking) else { return };
        self.submits.asking = None;
        self.looks.soon(now);
        let size = of.jobs.len() as u32;
        match submission {
            Submission::Accepted => {
                of.sent = Sent::Yes;
                self.submits.accepted();
            }
            Submission::Unsure => of.sent = Sent::Unsure(now),
            Submission::Full(why) => {
                self.withdraw(wave);
                self.submits.refused(now, size);
                // A single job for which there is no room while none of ours takes any will never find it.
                if size == 1 && self.live.is_empty() && !self.may_appear(now) {
                    self.fail(now, Failure::Refused(why));
                }
            }
            Submission::Refused(why) => {
                self.withdraw(wave);
                self.fail(now, Failure::Refused(why));
            }
        }
    }

    /// The engine has refused this wave: its shards wait again.
    fn withdraw(&mut self, wave: u32) {
        let Some(of) = self.waves.get_mut(&wave) else { return };
        of.sent = Sent::Refused;
        for task in 0..of.jobs.len() as u32 {
            let job = JobId { wave, task };
            if let Some(stem) = self.end_job(job, Exit::Unknown)
                && self.stems.get(stem).place == Place::Working(job)
            {
                self.wait(stem);
            }
        }
    }

    /// A wave of which it was not known whether the engine has it is not there. What has been claimed was there once: that
    /// is judged as any job that ended.
    pub(super) fn absent(&mut self, now: Duration, wave: u32) {
        let Some(of) = self.waves.get_mut(&wave) else { return };
        let size = of.jobs.len() as u32;
        if let Sent::Unsure(_) = of.sent {
            self.submits.refused(now, size);
        }
        of.sent = Sent::Absent(now);
        for task in 0..size {
            let job = JobId { wave, task };
            let Some(stem) = self.end_job(job, Exit::Unknown) else { continue };
            if self.stems.get(stem).place != Place::Working(job) {
                continue;
            }
            if self.stems.get(stem).claimed {
                self.ended.push((now, job));
            } else {
                self.wait(stem);
            }
        }
    }

    /// So many jobs of the wave may run at once now: the engine has taken that.
    pub fn throttled(&mut self, wave: u32, throttle: u32) {
        let Some(wave) = self.waves.get_mut(&wave) else { return };
        if let Sent::Inherited(_) = wave.sent {
            (wave.sent, wave.throttle) = (Sent::Yes, throttle);
        }
        (wave.told, wave.throttle) = (throttle, wave.throttle.max(throttle));
    }

    /// Lets older waves use workers that are free.
    pub(super) fn raise(&mut self) {
        let mut free = self.free();
        for number in self.live.iter().copied().collect::<Vec<_>>() {
            let Some(wave) = self.waves.get_mut(&number) else { continue };
            match wave.sent {
                // What it was allowed before is not known, but that it may have what it uses.
                Sent::Inherited(_) if wave.jobs.iter().any(|job| job.mentioned.is_some()) => {
                    let throttle = wave.running().max(1);
                    self.actions.push_back(Action::Throttle { wave: number, throttle });
                }
                Sent::Yes
                    if wave.live > wave.throttle.min(wave.told)
                        && (free > 0 || wave.told < wave.throttle) =>
                {
                    // Also an order of before that was not taken.
                    let more = free.min(wave.live.saturating_sub(wave.throttle));
                    free -= more;
                    wave.throttle += more;
                    self.actions.push_back(Action::Throttle { wave: number, throttle: wave.throttle });
                }
                _ => {}
            }
        }
    }
}
