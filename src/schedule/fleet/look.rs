//! Looks: the engine is asked for all jobs now and then, and an answer moves them on. Answers may come late or in another
//! order than they were asked for; silence says nothing at all.

use std::time::Duration;

use super::action::{Action, JobId};
use super::looks::EVERY;
use super::machine::Fleet;
use super::report::{Exit, JobState, Seen};
use super::stem::Place;
use super::wave::{Phase, Sent, Wave};

/// The waits after an engine did not answer: the first one, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A job that the engine does not know is alive while it has given a sign in this time.
const SIGN_MAX: Duration = Duration::from_secs(300);
/// A wave that an engine did not answer about may still be on its way for so long.
const ARRIVES_WITHIN: Duration = Duration::from_secs(5);
/// A job that is to end is told so again after this time.
const CANCEL_EVERY: Duration = Duration::from_secs(10);
/// A worker with nothing to do ends by itself in this time, unless it hangs.
const LEAVES_WITHIN: Duration = Duration::from_secs(60);

impl Fleet {
    /// When the next question is due.
    pub(super) fn look_at(&self) -> Option<Duration> {
        let mut waves = self.live.iter().filter_map(|wave| self.waves.get(wave));
        waves.any(|wave| wave.sent != Sent::Asking).then(|| self.looks.due())
    }

    /// The next question, if it is time.
    pub(super) fn look(&mut self, now: Duration) -> Option<Action> {
        self.look_at().filter(|at| *at <= now)?;
        self.looks.asked = Some(now);
        let wanted = |(number, wave): (&u32, &Wave)| {
            (self.live.contains(number) || wave.may_appear(now)).then_some(*number)
        };
        Some(Action::Look { waves: self.waves.iter().filter_map(wanted).collect() })
    }

    /// Whether there may be jobs of a wave that the engine did not know.
    pub(super) fn may_appear(&self, now: Duration) -> bool {
        self.waves.values().any(|wave| wave.may_appear(now))
    }

    /// Somebody knows that a job has ended: there is no use in waiting until it is time to look.
    pub fn look_now(&mut self, now: Duration) {
        if self.looks.asked.is_none() && !self.looks.is_silent() {
            self.looks.next_at = self.looks.next_at.min(now);
        }
    }

    /// The engine did not answer.
    pub fn silent(&mut self, now: Duration) {
        self.looks.asked = None;
        let wait = BACKOFF.0 * 2_u32.pow(self.looks.silences.min(6));
        self.looks.silences += 1;
        self.looks.next_at = now + wait.min(BACKOFF.1);
    }

    /// The engine's answer to a question that was asked at `asked`: what it says of each job that it knows.
    pub fn looked(&mut self, now: Duration, asked: Duration, seen: &[Seen]) {
        if self.looks.answered.is_some_and(|answered| asked <= answered) {
            return;
        }
        self.looks.answered = Some(asked);
        self.looks.silences = 0;
        self.looks.asked = self.looks.asked.filter(|open| *open > asked);
        let mut changed = false;
        for seen in seen {
            changed |= self.see(now, asked, seen);
        }
        changed |= self.miss(now, asked);
        self.dismiss(now);
        self.raise();
        let interval = if changed { EVERY.0 } else { self.looks.interval.mul_f64(1.5) };
        self.looks.interval = interval.clamp(EVERY.0, EVERY.1);
        self.looks.next_at = now + self.looks.interval;
        self.list_soon(now);
    }

    /// Whether anything is new about the job.
    fn see(&mut self, now: Duration, asked: Duration, seen: &Seen) -> bool {
        let id = seen.job;
        let Some(job) = self.job_mut(id) else { return false };
        job.mentioned = Some(asked);
        if let Some(wave) = self.waves.get_mut(&id.wave)
            && !matches!(wave.sent, Sent::Inherited(_))
        {
            wave.sent = Sent::Yes;
        }
        if let JobState::Ended(exit) = seen.state {
            let ended = self.end_job(id, exit).is_some();
            if ended {
                self.ended.push((now, id));
            }
            return ended;
        }
        self.revive(id);
        let Some(job) = self.job_mut(id) else { return false };
        job.sign = now;
        let phase = match (&seen.state, &job.phase) {
            (JobState::Queued(why), Phase::Queued(since, _))
            | (JobState::Held, Phase::Queued(since, why)) => Phase::Queued(*since, why.clone()),
            (JobState::Queued(why), _) => Phase::Queued(now, why.clone()),
            (JobState::Held, _) => Phase::Queued(now, None),
            (JobState::Running | JobState::Ended(_), _) => Phase::Running,
        };
        let is_new = std::mem::discriminant(&phase) != std::mem::discriminant(&job.phase);
        job.ran |= phase == Phase::Running;
        job.phase = phase;
        if seen.state == JobState::Held {
            self.cancel_job(now, id);
        }
        is_new
    }

    /// A job that had ended has not. It gets its shard back, unless another one has it.
    fn revive(&mut self, id: JobId) {
        let Some(job) = self.job_mut(id).filter(|job| !job.is_live()) else { return };
        job.phase = Phase::Sent;
        let stem = job.stem;
        self.ended.retain(|(_, ended)| *ended != id);
        if let Some(wave) = self.waves.get_mut(&id.wave) {
            wave.live += 1;
            self.live.insert(id.wave);
        }
        let is_free = match self.stems.get(stem).place {
            Place::Waiting(_) => true,
            Place::Lagging(last, _) | Place::Inspected(last, _) => last == id,
            Place::Working(_) | Place::Closed => false,
        };
        if is_free {
            self.leave(stem);
            self.stems.get_mut(stem).place = Place::Working(id);
        }
    }

    /// The jobs that the answer does not mention.
    fn miss(&mut self, now: Duration, asked: Duration) -> bool {
        let mut changed = false;
        for number in self.live.iter().copied().collect::<Vec<_>>() {
            let Some(wave) = self.waves.get(&number) else { continue };
            let is_unknown = wave.jobs.iter().all(|job| job.mentioned.is_none());
            match wave.sent {
                Sent::Unsure(since) | Sent::Inherited(since)
                    if is_unknown && asked >= since + ARRIVES_WITHIN =>
                {
                    self.absent(now, number);
                    changed = true;
                }
                Sent::Yes | Sent::Inherited(_) => {
                    let jobs = (0..).zip(&wave.jobs).filter(|(_, job)| job.is_live());
                    let lost = jobs.filter(|(_, job)| {
                        job.mentioned != Some(asked) && now.saturating_sub(job.sign) >= SIGN_MAX
                    });
                    for task in lost.map(|(task, _)| task).collect::<Vec<u32>>() {
                        let id = JobId { wave: number, task };
                        self.end_job(id, Exit::Unknown);
                        self.ended.push((now, id));
                        changed = true;
                    }
                }
                Sent::Asking | Sent::Unsure(_) | Sent::Absent(_) | Sent::Refused => {}
            }
        }
        changed
    }

    /// Ends the jobs that have nothing to do and do not end by themselves, or that must not start any more.
    fn dismiss(&mut self, now: Duration) {
        let mut useless = Vec::new();
        let is_ending = self.ending.is_ending();
        for id in self.live_jobs().map(|(id, _)| id).collect::<Vec<_>>() {
            let Some(job) = self.job(id) else { continue };
            let works = self.stems.get(job.stem).place == Place::Working(id);
            let (queued, since) = (matches!(job.phase, Phase::Queued(..)), job.idle_since);
            let hangs = since.is_some_and(|since| now.saturating_sub(since) >= LEAVES_WITHIN);
            // Its own record shows that a worker is on its way out.
            let is_leaving = since.is_some() && !queued && !hangs;
            if (!works && !is_leaving) || (queued && is_ending) || self.ending.cancels(now) {
                useless.push(id);
            }
        }
        for id in useless {
            self.cancel_job(now, id);
        }
    }

    /// Tells a job to end, unless it was told a moment ago.
    pub(super) fn cancel_job(&mut self, now: Duration, id: JobId) {
        let Some(job) = self.job_mut(id) else { return };
        if job.cancelled.is_some_and(|at| now < at + CANCEL_EVERY) || !job.is_live() {
            return;
        }
        job.cancelled = Some(now);
        match self.actions.back_mut() {
            Some(Action::Cancel { jobs }) => jobs.push(id),
            _ => self.actions.push_back(Action::Cancel { jobs: vec![id] }),
        }
    }

    /// The stem of a job that has ended now; `None`: it had ended before.
    pub(super) fn end_job(&mut self, id: JobId, exit: Exit) -> Option<u32> {
        let wave = self.waves.get_mut(&id.wave)?;
        let job = wave.jobs.get_mut(id.task as usize).filter(|job| job.is_live())?;
        job.phase = Phase::Ended(exit);
        wave.live -= 1;
        if wave.live == 0 {
            self.live.remove(&id.wave);
        }
        Some(job.stem)
    }
}
