//! A stem is a shard of the first cut or a child, with the whole chain that grows from it. Only the last shard of the chain
//! is open, so the state of a stem is that of one shard.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::action::{JobId, Task};
use crate::event::Tally;
use crate::value::Indices;
use crate::value::ShardId;

/// Workers that an item killed alone before it is given up: one death may be chance.
const DEATHS_ALONE: u32 = 2;

/// How the last job came back without a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Return {
    /// Its worker died.
    Died,
    /// It counts as no attempt: a lost node, or a worker that gave everything back.
    GaveBack,
}

/// Where a shard is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In the queue for the next wave, under this number.
    Waiting(u64),
    /// With a job.
    Working(JobId),
    /// Its job has ended well, so a record should become visible until then.
    Lagging(JobId, Duration),
    /// Its job has ended without a record, and what it left is being looked at.
    Inspected(JobId, Return),
    /// All of its chain is committed, or handed on to children.
    Closed,
}

/// How far an attempt is, from its beats.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    pub(super) attempt: u32,
    pub(super) stamp: u64,
    /// When the first and the newest beat were heard, and what was done at the first.
    pub(super) first: Duration,
    pub(super) newest: Duration,
    pub(super) done_first: u64,
    pub(super) tally: Tally,
    pub(super) node: Option<Arc<str>>,
}

/// What went wrong with a shard so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble {
    /// Deaths in a row that brought nothing new.
    pub(super) deaths: u32,
    /// Other fruitless returns in a row.
    pub(super) returns: u32,
    /// Items in whole frames of all attempts.
    pub(super) rows: u64,
    /// Items that were at work when a worker died.
    pub(super) suspects: Indices,
    /// Of these, how often each died alone: on this shard, and on those that it comes from.
    pub(super) alone: BTreeMap<u64, u32>,
    pub(super) alone_before: BTreeMap<u64, u32>,
    pub(super) node: Option<Arc<str>>,
}

impl Trouble {
    fn deaths_alone(&self, item: u64) -> u32 {
        let of = |counts: &BTreeMap<u64, u32>| counts.get(&item).copied().unwrap_or(0);
        of(&self.alone) + of(&self.alone_before)
    }

    /// What of it matters to a shard that has these items of the present one.
    fn inherited(&self, items: &Indices) -> Option<Box<Self>> {
        let suspects = self.suspects.common(items);
        let counted = self.alone.keys().chain(self.alone_before.keys());
        let kept = counted.filter(|item| !Indices::run(**item, 1).common(items).is_empty());
        let alone_before = kept.map(|item| (*item, self.deaths_alone(*item))).collect();
        (!suspects.is_empty()).then(|| Box::new(Self { suspects, alone_before, ..Self::default() }))
    }
}

/// A shard and its chain.
#[derive(Debug)]
pub(super) struct Stem {
    /// The open shard; of a closed stem the last one.
    pub(super) id: ShardId,
    /// Its items; none once it is closed.
    pub(super) items: Indices,
    pub(super) place: Place,
    /// Whether any attempt on the open shard has claimed its number.
    pub(super) claimed: bool,
    pub(super) pace: Option<Box<Pace>>,
    pub(super) trouble: Option<Box<Trouble>>,
}

impl Stem {
    /// A shard that nobody has worked on.
    pub(super) fn new(id: ShardId, items: Indices, place: Place, trouble: Option<Box<Trouble>>) -> Self {
        Self { id, items, place, claimed: false, pace: None, trouble }
    }

    /// The chain has grown by one record, and these items are left.
    pub(super) fn go_on(&mut self, id: ShardId, rest: Indices) {
        self.trouble = self.inherited(&rest);
        (self.id, self.items, self.claimed, self.pace) = (id, rest, false, None);
    }

    /// What of its trouble matters to a shard with these of its items.
    pub(super) fn inherited(&self, items: &Indices) -> Option<Box<Trouble>> {
        self.trouble.as_ref().and_then(|trouble| trouble.inherited(items))
    }

    /// Nothing of it is open any more.
    pub(super) fn close(&mut self) {
        self.place = Place::Closed;
        (self.items, self.pace, self.trouble) = (Indices::default(), None, None);
    }

    /// What a job is to do.
    pub(super) fn task(&self) -> Task {
        let (mut careful, mut condemned) = (Indices::default(), Indices::default());
        if let Some(trouble) = &self.trouble {
            let counted = trouble.alone.keys().chain(trouble.alone_before.keys());
            let guilty = counted.filter(|item| trouble.deaths_alone(**item) >= DEATHS_ALONE);
            condemned = guilty.fold(condemned, |set, item| set.with(&Indices::run(*item, 1)));
            condemned = condemned.common(&self.items);
            careful = trouble.suspects.common(&self.items).without(&condemned);
        }
        Task { shard: self.id.clone(), items: self.items.clone(), careful, condemned }
    }

    /// How long its worker will still need at the speed of its beats, where there is anything to take away from it.
    pub(super) fn time_left(&self) -> Option<Duration> {
        let pace = self.pace.as_ref()?;
        let left = self.items.count().saturating_sub(pace.tally.ended());
        let done = pace.tally.ended().saturating_sub(pace.done_first).max(1);
        let spent = pace.newest.saturating_sub(pace.first);
        (left > 1).then(|| spent.mul_f64(left as f64 / done as f64))
    }
}

/// All stems.
#[derive(Debug, Default)]
pub(super) struct Stems {
    list: Vec<Stem>,
    places: HashMap<ShardId, u32>,
}

impl Stems {
    /// Adds one; its number.
    pub(super) fn add(&mut self, stem: Stem) -> u32 {
        let number = self.list.len() as u32;
        self.places.insert(stem.id.stem(), number);
        self.list.push(stem);
        number
    }

    /// The number of the stem that this shard belongs to.
    pub(super) fn find(&self, id: &ShardId) -> Option<u32> {
        self.places.get(&id.stem()).copied()
    }

    pub(super) fn get(&self, number: u32) -> &Stem {
        &self.list[number as usize]
    }

    pub(super) fn get_mut(&mut self, number: u32) -> &mut Stem {
        &mut self.list[number as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Stem)> {
        (0..).zip(&self.list)
    }
}
