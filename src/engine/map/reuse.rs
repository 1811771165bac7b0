//! This module finds what is known of items before they run: from the old run that is resumed, or from the cache
//! across runs.
//!
//! It says what became of an item and why others run again; `bypass` books it.

use super::condemned::Condemned;
use super::own_ending::OwnEnding;
use crate::data::DataError;
use crate::engine::cache::StepCache;
use crate::engine::context::Context;
use crate::engine::fingerprint::{self, StepFingerprint};
use crate::engine::input::StepInput;
use crate::engine::item_content::ItemContent;
use crate::event::{ReuseCounts, StepResult};
use crate::lua::Failure;
use crate::plan::{MapLike, Step};
use crate::store::{
    Ended, FailedItem, GatherError, Gathered, GatheredStep, Known, LinesPerItem, NewItems, Reuse, Reused,
};

/// Why items run that the old run knows.
const FAILED: &str = "failed before";
const CHANGED: &str = "item changed";
const UPSTREAM: &str = "upstream changed";

/// Why an item runs again that has ended so in the old run; `None`: it does not. `unknown`: why those run that it does not know.
pub(in crate::engine) fn why_again(ended: Ended, unknown: &'static str) -> Option<&'static str> {
    match ended {
        Ended::Well => None,
        Ended::Failed | Ended::FailedForGood => Some(FAILED),
        Ended::Changed if unknown == UPSTREAM => Some(UPSTREAM),
        Ended::Changed => Some(CHANGED),
        Ended::Open => Some(unknown),
    }
}

/// What becomes of an item.
pub(super) enum KnownEnding {
    /// It runs.
    Run,
    /// It has this many results, which were appended.
    Result { lines: u32 },
    /// It was left out, for this reason.
    Skipped(Option<String>),
    /// It stays failed.
    Failed(Box<FailedItem>),
    /// It stays as it was: not run.
    Left,
    /// It stands in the books of this run.
    Own(OwnEnding),
}

/// What is known of one step's items before they run: the old run's endings and the cache's results.
pub(super) struct ItemReuse {
    shape: LinesPerItem,
    /// The old run's items; `Err`: why none of them is of any use.
    old: Option<Result<Reuse, String>>,
    cache: Option<StepCache>,
    /// The shards' items.
    gathered: Option<GatheredStep>,
    /// Items that have killed their worker processes.
    condemned: Option<Condemned>,
    /// Why they cannot be taken over.
    fault: Option<GatherError>,
    /// Why items that the old run does not know are there.
    unknown: &'static str,
    /// Whether those stay as they are.
    leaves_unknown: bool,
    keep_permanent: bool,
    counts: ReuseCounts,
    /// What cannot be read of the old run.
    warning: Option<String>,
}

impl ItemReuse {
    /// What is known of the items of a step; `None`: nothing, all of them run.
    pub(super) fn open(
        context: &Context<'_>,
        step: &Step,
        each: &MapLike,
        fingerprint: &StepFingerprint,
        input: &StepInput<'_>,
    ) -> Option<Self> {
        let keep = context.run_store?;
        let shape = fingerprint::shape(each.kind);
        let (cache, warning) = match each.cache.then(|| keep.cache()).transpose() {
            Ok(cache) => (cache, None),
            Err(error) => (None, Some(format!("{error}; results are not reused across runs"))),
        };
        let (name, function, parts) = (&step.name, fingerprint.function, &fingerprint.parts);
        let cache = cache.map(|cache| StepCache::new(cache, &context.plan.name, name, function, parts));
        let keyed = ItemContent::of(context.plan, step.id, each).has_keys(each);
        let old = keep.old(&step.name, shape, keyed, &fingerprint.parts);
        let gathered = keep.gathered(name, shape);
        let condemned = context.options.work.as_deref().and_then(Condemned::of);
        let is_nothing = old.is_none() && cache.is_none() && warning.is_none();
        if is_nothing && gathered.is_none() && condemned.is_none() {
            return None;
        }
        let mut known = Self {
            shape,
            old: None,
            cache,
            gathered,
            condemned,
            fault: None,
            unknown: "not in the cache",
            leaves_unknown: false,
            keep_permanent: false,
            counts: ReuseCounts::default(),
            warning,
        };
        if let (Some(old), Some(resume)) = (old, keep.resume()) {
            let from_source = step.from.len() == input.sources().count();
            let redone = |result: &StepResult| result.reuse.as_ref().is_some_and(|reuse| reuse.redone > 0);
            let upstream_changed = step
                .from
                .iter()
                .any(|input| context.output(input.step).result.as_deref().is_some_and(redone));
            known.keep_permanent = resume.keep_permanent;
            match old {
                Ok(old) => {
                    known.unknown = match (old.unfinished, upstream_changed) {
                        (true, _) => "not finished",
                        (false, true) => UPSTREAM,
                        (false, false) => "new",
                    };
                    known.leaves_unknown = resume.failed_only && from_source;
                    known.old = Some(old.items);
                }
                Err(error) => {
                    known.warning = Some(format!("{error}; all items of step `{}` run again", step.name));
                    known.old = Some(Err("not readable".to_owned()));
                }
            }
        }
        Some(known)
    }

    /// Why the item with this index does not run although nobody knows its ending.
    pub(super) fn condemned(&self, index: u64) -> Option<Failure> {
        self.condemned.as_ref()?.failure(index)
    }

    /// What becomes of the item at `at`; its results are appended to `out`.
    pub(super) fn look(&mut self, items: &NewItems<'_>, at: usize, out: &mut Vec<u8>) -> KnownEnding {
        if self.fault.is_some() {
            return KnownEnding::Left;
        }
        if self.old.is_none()
            && let Some(taken) = self.look_in_shards(items, at, out)
        {
            return taken;
        }
        let mut reason = match self.look_back(items, at, out) {
            Ok(known_ending) => {
                self.counts.reused += u64::from(!matches!(known_ending, KnownEnding::Left));
                return known_ending;
            }
            Err(reason) => reason,
        };
        // What the old run had not come to may have ended in its shard; what failed there is tried again, as ever.
        if self.old.is_some()
            && reason == self.unknown
            && let Some(taken) = self.look_in_shards(items, at, out)
        {
            return taken;
        }
        if let Some(cache) = &mut self.cache {
            if let Some(known) = cache.get(items.contents[at], self.shape, out) {
                self.counts.reused += 1;
                return match known {
                    Known::Lines(lines) => KnownEnding::Result { lines },
                    Known::Skipped(reason) => KnownEnding::Skipped(reason),
                };
            }
            if self.old.is_none() {
                reason = cache.reason(items.contents[at]);
            }
        }
        self.counts.redo(reason);
        KnownEnding::Run
    }

    /// An item whose ending is known without the old run: this run has ended it in an earlier process, or it has no key. What the old
    /// run has of it is nobody else's, and counts.
    pub(super) fn claim(&mut self, items: &NewItems<'_>, at: usize) {
        let reason = match &mut self.old {
            None => return,
            Some(Err(reason)) => Some(reason.clone()),
            Some(Ok(reuse)) => match reuse.look(items, at) {
                Ended::FailedForGood if self.keep_permanent => None,
                ended => why_again(ended, self.unknown).map(str::to_owned),
            },
        };
        match reason {
            Some(reason) => self.counts.redo(reason),
            None => self.counts.reused += 1,
        }
    }

    /// By the shards alone; `None`: the item runs, as far as they know.
    fn look_in_shards(&mut self, items: &NewItems<'_>, at: usize, out: &mut Vec<u8>) -> Option<KnownEnding> {
        let is_resumed = self.old.is_some();
        let gathered = self.gathered.as_mut()?;
        let length = out.len();
        let taken = match gathered.take(items.first + at as u64, items.contents[at], out) {
            Ok(Gathered::Result { lines }) => KnownEnding::Result { lines },
            Ok(Gathered::Skipped(reason)) => KnownEnding::Skipped(reason),
            Ok(Gathered::Failed(item)) if !is_resumed => KnownEnding::Failed(item),
            Ok(Gathered::Failed(_) | Gathered::Open) => return None,
            Err(error) => {
                out.truncate(length);
                self.fault = Some(error);
                return Some(KnownEnding::Left);
            }
        };
        self.counts.reused += 1;
        Some(taken)
    }

    /// By the old run alone; `Err`: why the item runs.
    fn look_back(
        &mut self,
        items: &NewItems<'_>,
        at: usize,
        out: &mut Vec<u8>,
    ) -> Result<KnownEnding, String> {
        let reuse = match &mut self.old {
            None if self.gathered.is_some() => return Err("not done in its shard".to_owned()),
            None => return Err(self.unknown.to_owned()),
            Some(Err(reason)) => return Err(reason.clone()),
            Some(Ok(reuse)) => reuse,
        };
        let length = out.len();
        let reused = reuse.take(items, at, out).unwrap_or_else(|error| {
            self.warning.get_or_insert_with(|| error.to_string());
            out.truncate(length);
            Reused::Damaged
        });
        let upstream = self.unknown == UPSTREAM;
        match reused {
            Reused::Result { lines } => Ok(KnownEnding::Result { lines }),
            Reused::Skipped(reason) => Ok(KnownEnding::Skipped(reason)),
            Reused::FailedForGood(item) if self.keep_permanent => Ok(KnownEnding::Failed(item)),
            Reused::Failed | Reused::FailedForGood(_) => Err(FAILED.to_owned()),
            Reused::Changed if upstream => Err(UPSTREAM.to_owned()),
            Reused::Changed => Err(CHANGED.to_owned()),
            Reused::Damaged => Err("damaged".to_owned()),
            Reused::New if self.leaves_unknown => Ok(KnownEnding::Left),
            Reused::New => Err(self.unknown.to_owned()),
        }
    }

    /// The shards' items, where their endings are all that is known; none after a fault.
    pub(super) fn gathered(&mut self) -> Result<Option<&mut GatheredStep>, DataError> {
        match &self.fault {
            Some(error) => Err(DataError::Usage(error.to_string())),
            None => Ok(self.gathered.as_mut().filter(|_| self.old.is_none())),
        }
    }

    /// How many items the shards have counted, whatever else is known of them.
    pub(super) fn counted_in_shards(&self) -> Option<u64> {
        self.gathered.as_ref().map(GatheredStep::items)
    }

    /// What was taken over. `all_seen`: no item of the input is still to come.
    pub(super) fn counts(&self, all_seen: bool) -> ReuseCounts {
        let mut counts = self.counts.clone();
        if let (Some(gathered), None) = (&self.gathered, &self.old) {
            counts.shards = gathered.shards();
        }
        if let (Some(Ok(reuse)), true) = (&self.old, all_seen) {
            counts.dropped = reuse.left();
        }
        counts.sort();
        counts
    }

    /// What is wrong with the old run.
    pub(super) fn warnings(&self) -> Vec<String> {
        let of_reuse = match &self.old {
            Some(Ok(reuse)) => reuse.warnings().map(str::to_owned).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let of_cache = self.cache.iter().flat_map(StepCache::warnings).cloned();
        self.warning.iter().cloned().chain(of_reuse).chain(of_cache).collect()
    }
}
