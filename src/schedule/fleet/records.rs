//! Commit records are the only thing that is believed, and therefore what is looked at most strictly: a record has to be of a
//! shard that can exist, and hold items of that shard that nobody else has committed.

use std::time::Duration;

use super::action::Action;
use super::ending::Failure;
use super::machine::Fleet;
use super::record_fault::RecordFault;
use super::report::Record;
use super::stem::Place;
use super::wave::Job;
use crate::event::Why;
use crate::value::Indices;
use crate::value::ShardId;

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Its items are committed now, by this record alone.
    Imported,
    /// The shard has its record. This one is an echo or a lie.
    Known,
    /// It goes on from a record that is not visible yet. It is to be told again after that.
    Early,
}

impl Fleet {
    /// A record of this name is there.
    ///
    /// # Errors
    /// It cannot be. The machine takes in no record after that and ends.
    pub fn record(&mut self, now: Duration, name: &str, record: &Record) -> Result<Heard, RecordFault> {
        if let Some(fault) = self.ending.fault() {
            return Err(fault.clone());
        }
        if self.ending.is_complete() {
            return Ok(Heard::Known);
        }
        let heard = self.take(now, name, record);
        heard.map_err(|what| {
            let fault = RecordFault { name: name.into(), what };
            self.end_at_fault(now, fault.clone());
            fault
        })
    }

    fn take(&mut self, now: Duration, name: &str, record: &Record) -> Result<Heard, &'static str> {
        let id = ShardId::parse(name).ok_or("it has no name of a shard")?;
        if *record.shard != *name {
            return Err("it says that it is of another shard");
        }
        let Some(stem) = self.open_stem(&id)? else { return Ok(self.unready(&id)) };
        let items = &self.stems.get(stem).items;
        check(record, items)?;
        if self.covered.overlaps(&record.done) {
            return Err("it has items that are committed already");
        }
        self.covered.add(&record.done);
        self.tally.add(&record.tally);
        self.claims += 1;
        if record.goes_on {
            self.go_on(stem, &id, record.rest.clone())?;
        } else {
            self.close(now, stem, record)?;
        }
        self.complete(now);
        Ok(Heard::Imported)
    }

    /// The stem whose open shard this is. `None`: the shard was or will be open.
    fn open_stem(&self, id: &ShardId) -> Result<Option<u32>, &'static str> {
        if let Some(number) = self.stems.find(id) {
            let stem = self.stems.get(number);
            let is_closed = stem.place == Place::Closed;
            return match id.link().cmp(&stem.id.link()) {
                std::cmp::Ordering::Greater if is_closed => Err("it goes on where nothing was left"),
                std::cmp::Ordering::Equal if !is_closed => Ok(Some(number)),
                _ => Ok(None),
            };
        }
        let parent = id.parent().ok_or("the step has no such shard")?;
        let is_past = self.stems.find(&parent).is_some_and(|number| {
            let stem = self.stems.get(number);
            stem.place == Place::Closed || parent.link() < stem.id.link()
        });
        if is_past {
            return Err("the shard that it would be a child of has no such child");
        }
        // Whether its parent can still come decides.
        self.open_stem(&parent).map(|_| None)
    }

    fn unready(&self, id: &ShardId) -> Heard {
        let stem = self.stems.find(id).map(|number| self.stems.get(number));
        match stem {
            Some(stem) if id.link() <= stem.id.link() => Heard::Known,
            _ => Heard::Early,
        }
    }

    /// The worker of this record goes on.
    fn go_on(&mut self, stem: u32, id: &ShardId, rest: Indices) -> Result<(), &'static str> {
        let next = id.next().ok_or("its worker goes on under a name that is too long")?;
        self.stems.get_mut(stem).go_on(next.clone(), rest);
        if let Place::Inspected(..) = self.stems.get(stem).place {
            self.actions.push_back(Action::Inspect { shard: next });
        }
        Ok(())
    }

    /// The last record of a chain: what it left is for children.
    fn close(&mut self, now: Duration, stem: u32, record: &Record) -> Result<(), &'static str> {
        self.leave(stem);
        let mut working = None;
        if let Place::Working(job) = self.stems.get(stem).place {
            working = Some(job).filter(|job| self.job(*job).is_some_and(Job::is_live));
        }
        let slots = u64::from(self.free()) + u64::from(working.is_some());
        let is_other = self.stems.get(stem).pace.as_ref().is_some_and(|pace| pace.attempt != record.attempt);
        if let Some(id) = working.filter(|_| is_other) {
            self.cancel_job(now, id);
        } else if let Some(job) = working.and_then(|job| self.job_mut(job)) {
            job.idle_since = Some(now);
        }
        let rest = &record.rest;
        if !rest.is_empty() {
            let wanted = slots.saturating_sub(self.waiting.len() as u64).max(1);
            self.split(now, stem, rest, wanted)?;
        }
        self.stems.get_mut(stem).close();
        Ok(())
    }

    /// Cuts what a shard left, unless it was cut before.
    fn split(&mut self, now: Duration, stem: u32, rest: &Indices, wanted: u64) -> Result<(), &'static str> {
        let id = self.stems.get(stem).id.clone();
        let kept = self.ending.kept_split(&id);
        if kept.is_none() && self.ending.halt().is_some() {
            return Ok(());
        }
        let is_new = kept.is_none();
        let children = kept.unwrap_or_else(|| rest.divide(wanted));
        let items: Vec<(u64, u64)> = children.iter().flat_map(Indices::iter).map(Into::into).collect();
        if Indices::new(items).as_ref() != Some(rest) {
            return Err("what it left was cut into something else");
        }
        let ids: Option<Vec<ShardId>> = (0..).zip(&children).map(|(number, _)| id.child(number)).collect();
        let Some(ids) = ids else {
            self.fail(now, Failure::TooDeep(id));
            return Ok(());
        };
        for (child, items) in ids.into_iter().zip(&children) {
            let trouble = self.stems.get(stem).inherited(items);
            self.open(child, items.clone(), trouble);
        }
        if is_new {
            self.actions.push_back(Action::Split { parent: id, children });
        }
        Ok(())
    }
}

/// What has to be true of a record of a shard with these items.
fn check(record: &Record, items: &Indices) -> Result<(), &'static str> {
    if record.done.is_empty() {
        return Err("it commits nothing");
    }
    let is_split = record.done.common(&record.rest).is_empty() && record.done.with(&record.rest) == *items;
    if !is_split {
        return Err("its items and what it leaves are not those of the shard");
    }
    if record.tally.ended() != record.done.count() {
        return Err("its counters are not those of its items");
    }
    if record.rest.is_empty() && record.goes_on {
        return Err("its worker goes on with nothing");
    }
    if !record.rest.is_empty() && record.why == Why::End {
        return Err("it is the end of a shard of which something is left");
    }
    Ok(())
}
