//! Judgement: what a job's end means for its shard. Records are listed again before that, because an engine may know that a
//! worker has ended before its last record can be seen.

use std::collections::BTreeMap;
use std::time::Duration;

use super::action::{Action, JobId};
use super::ending::Failure;
use super::machine::Fleet;
use super::report::{Exit, Inspection};
use super::stem::{Place, Return, Trouble};
use super::wave::{Job, Phase};
use crate::value::Indices;
use crate::value::ShardId;

/// Network file systems show a new name so late.
pub(super) const LAG_MAX: Duration = Duration::from_secs(120);
/// Jobs that may come back with nothing done, though nobody died, before the step is given up. So many preemptions in a row
/// with no item done are no accident.
const RETURNS_MAX: u32 = 100;
/// Jobs that end before anything was ever claimed, before the nodes are said not to see the folder.
const UNSEEN_MAX: u32 = 3;
/// A worker's status: its shard has a record.
const DONE: u8 = 0;
/// A worker's status: it could not write to the run's folder, or not read its input.
const CANNOT_KEEP: u8 = 74;
/// A worker's status: it has done nothing, and nothing is lost.
const GAVE_BACK: u8 = 75;
/// A worker's status: the step itself does not work, whatever its items are.
const BROKEN: u8 = 69;
/// A worker's status: it is of another version, or plans another pipeline.
const WRONG_PROGRAM: u8 = 78;

impl Fleet {
    /// All names that were there when the listing began at `began` have been told.
    pub fn listed(&mut self, now: Duration, began: Duration) {
        let (due, later) =
            std::mem::take(&mut self.ended).into_iter().partition(|(heard, _)| *heard <= began);
        self.ended = later;
        for (heard, job) in due {
            self.judge(now, heard, job);
        }
        let lagging: Vec<u32> = self.lagging.iter().copied().collect();
        for stem in lagging {
            if let Place::Lagging(job, until) = self.stems.get(stem).place
                && until <= began
            {
                let is_good = |job: &Job| job.phase == Phase::Ended(Exit::Code(DONE)) || !job.ran;
                let back = if self.job(job).is_none_or(is_good) { Return::GaveBack } else { Return::Died };
                self.unseen += u32::from(self.claims == 0 && back == Return::GaveBack);
                self.give_up(stem, job, back);
            }
        }
        self.ask_for_rest(now);
        self.listed_until(now);
    }

    fn judge(&mut self, now: Duration, heard: Duration, id: JobId) {
        let Some(job) = self.job(id) else { return };
        let (stem, Phase::Ended(exit)) = (job.stem, &job.phase) else { return };
        let (exit, was_cancelled, ran) = (*exit, job.cancelled.is_some(), job.ran);
        if self.stems.get(stem).place != Place::Working(id) {
            return;
        }
        let claimed = self.stems.get(stem).claimed;
        match exit {
            Exit::Code(WRONG_PROGRAM) => self.wrong_program(now, stem),
            Exit::Code(BROKEN) => self.broken(now, stem),
            Exit::Code(CANNOT_KEEP) if self.claims > 0 => self.cannot_keep(now, stem),
            Exit::Code(DONE) => self.lag(stem, id, heard),
            Exit::Unknown if claimed => self.lag(stem, id, heard),
            Exit::Code(GAVE_BACK) | Exit::Lost => self.give_up(stem, id, Return::GaveBack),
            // The engine has lost it before it ran.
            Exit::Unknown if !ran => self.give_up(stem, id, Return::GaveBack),
            Exit::Code(_) | Exit::Killed | Exit::Unknown if was_cancelled => {
                self.give_up(stem, id, Return::GaveBack);
            }
            Exit::Code(_) | Exit::Killed | Exit::Unknown => {
                self.died += 1;
                // Jobs that an engine forgot may have had no time for a claim.
                self.unseen += u32::from(self.claims == 0 && exit != Exit::Unknown);
                self.give_up(stem, id, Return::Died);
            }
        }
    }

    fn wrong_program(&mut self, now: Duration, stem: u32) {
        let shard = self.stems.get(stem).id.clone();
        self.wait(stem);
        self.fail(now, Failure::WrongProgram(shard));
    }

    fn broken(&mut self, now: Duration, stem: u32) {
        let shard = self.stems.get(stem).id.clone();
        self.wait(stem);
        self.fail(now, Failure::Broken(shard));
    }

    fn cannot_keep(&mut self, now: Duration, stem: u32) {
        let shard = self.stems.get(stem).id.clone();
        self.wait(stem);
        self.fail(now, Failure::CannotKeep(shard));
    }

    /// The worker ended well: its record will show.
    fn lag(&mut self, stem: u32, job: JobId, heard: Duration) {
        self.lagging.insert(stem);
        self.stems.get_mut(stem).place = Place::Lagging(job, self.ending.lag_end(heard + LAG_MAX));
    }

    /// There is no record, and there will be none from this job.
    fn give_up(&mut self, stem: u32, job: JobId, back: Return) {
        self.leave(stem);
        if self.ending.is_ending() {
            return self.wait(stem);
        }
        self.stems.get_mut(stem).place = Place::Inspected(job, back);
        self.actions.push_back(Action::Inspect { shard: self.stems.get(stem).id.clone() });
    }

    /// What the attempts on this shard left.
    pub fn inspected(&mut self, now: Duration, shard: &ShardId, found: &Inspection) {
        let Some(number) = self.stems.find(shard) else { return };
        let stem = self.stems.get(number);
        let Place::Inspected(_, back) = stem.place else { return };
        if stem.id != *shard {
            return;
        }
        let slots = found.slots.iter().filter(|slot| slot.job.is_none_or(|job| self.is_guilty(job)));
        let slots: Vec<Indices> = slots.map(|slot| slot.items.common(&stem.items)).collect();
        let node = stem.pace.as_ref().and_then(|pace| pace.node.clone());
        self.claims += u64::from(found.attempts);
        let stem = self.stems.get_mut(number);
        stem.claimed |= found.attempts > 0;
        let trouble = stem.trouble.get_or_insert_default();
        let is_news = trouble.learn(found.rows, &slots);
        let count = if back == Return::Died { &mut trouble.deaths } else { &mut trouble.returns };
        *count = if is_news { 0 } else { *count + 1 };
        trouble.node = node.or(trouble.node.take());
        let (deaths, returns, node) = (trouble.deaths, trouble.returns, trouble.node.clone());
        (stem.pace, stem.place) = (None, Place::Closed);
        let items = stem.items.clone();
        self.wait(number);
        if self.claims == 0 && self.unseen >= UNSEEN_MAX {
            return self.fail(now, Failure::Unseen);
        }
        if deaths >= self.options.attempts.max(1) {
            let shard = shard.clone();
            self.fail(now, Failure::Died { shard, items, node, times: deaths });
        } else if returns >= RETURNS_MAX {
            self.fail(now, Failure::Fruitless { shard: shard.clone(), items, times: returns });
        }
    }

    /// Whether items that were at work in this job may have killed its worker.
    fn is_guilty(&self, job: JobId) -> bool {
        self.job(job).is_none_or(|job| {
            let died = !matches!(job.phase, Phase::Ended(Exit::Lost) | Phase::Sent | Phase::Running);
            died && job.cancelled.is_none()
        })
    }
}

impl Trouble {
    /// Whether anything is new about a shard whose attempts left so many rows, and died with these items at work.
    fn learn(&mut self, rows: u64, slots: &[Indices]) -> bool {
        let suspects = slots.iter().fold(self.suspects.clone(), |all, items| all.with(items));
        let mut alone = BTreeMap::new();
        for item in slots.iter().filter_map(Indices::single) {
            *alone.entry(item).or_insert(0) += 1;
        }
        let died_again =
            alone.iter().any(|(item, times)| *times > self.alone.get(item).copied().unwrap_or(0));
        let is_news = rows > self.rows || suspects != self.suspects || died_again;
        self.rows = rows.max(self.rows);
        (self.suspects, self.alone) = (suspects, alone);
        is_news
    }
}
