//! A forecast says what a run would take over from the cache, or by resuming an old run. It reads sources and compares
//! functions; it runs nothing and writes nothing.
//!
//! It says how much is taken over and why the rest is not. The caller puts that into words for people.

mod items;

use std::path::Path;
use std::time::{Duration, Instant};

use self::items::{Looked, each_chunk};
use super::cache::StepCache;
use super::fingerprint::{self, StepFingerprint};
use super::item_content::ItemContent;
use super::map::why_again;
use super::run_store::Old;
use crate::event::{ReuseCounts, StepId};
use crate::plan::{Body, MapLike, Plan, Step, Verb};
use crate::store::{Cache, Catalogue, Digest, NewItems, Reuse, SecretKey, StepRecord, StoreError, StoredRun};
use crate::value::Chunk;

/// How long sources are read for one forecast: somebody who asks what would happen does not want to wait for it.
const READING_MAX: Duration = Duration::from_secs(1);

/// What would become of the items of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forecast {
    /// This many would be taken over.
    Counted {
        /// As a run would say it.
        counts: ReuseCounts,
        /// Whether all items were looked at; otherwise these are the first.
        complete: bool,
    },
    /// None would, for this reason.
    None(String),
    /// Only a run can tell.
    Open {
        /// Not more than these.
        most: Option<u64>,
        /// Why.
        because: String,
    },
}

/// What is known of all steps, and what is wrong with what it is known from.
#[derive(Debug, Default)]
pub struct Forecasts {
    /// By [`StepId`]; `None`: the step takes nothing over whatever happens.
    pub steps: Vec<Option<Forecast>>,
    /// In words.
    pub warnings: Vec<String>,
}

impl Forecasts {
    /// What the cache of a state folder holds for the steps with `cache: true`.
    pub fn of_cache(plan: &Plan, selected: &[bool], state: &Path) -> Self {
        let mut asked = Asked {
            plan,
            state,
            old: None,
            until: Instant::now() + READING_MAX,
            forecasts: Self::none(plan),
        };
        asked.all(selected);
        asked.forecasts
    }

    /// What a resumption of this run would take over.
    pub fn of_resume(plan: &Plan, selected: &[bool], state: &Path, run: &str) -> Self {
        let until = Instant::now() + READING_MAX;
        let mut asked = Asked { plan, state, old: Some(run), until, forecasts: Self::none(plan) };
        asked.all(selected);
        asked.forecasts
    }

    fn none(plan: &Plan) -> Self {
        Self { steps: vec![None; plan.steps.len()], warnings: Vec::new() }
    }

    fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

/// A forecast in the making.
struct Asked<'a> {
    plan: &'a Plan,
    state: &'a Path,
    /// The run to be resumed; otherwise only the cache is asked.
    old: Option<&'a str>,
    until: Instant,
    forecasts: Forecasts,
}

impl Asked<'_> {
    fn all(&mut self, selected: &[bool]) {
        for id in self.plan.order.iter().filter(|id| selected[id.at()]) {
            let step = &self.plan.steps[id.at()];
            let forecast = match &step.body {
                Body::Ready(Verb::MapLike(each)) if self.old.is_some() || each.cache => self.step(step, each),
                Body::Deferred(_) if self.old.is_some() && is_map_like(step) => {
                    Some(open("what it does is decided by the results of other steps"))
                }
                _ => None,
            };
            self.forecasts.steps[id.at()] = forecast;
        }
    }

    /// `None`: nothing can be said.
    fn step(&mut self, step: &Step, each: &MapLike) -> Option<Forecast> {
        let files = fingerprint::file_contents(self.plan, each);
        let files =
            files.map_err(|error| self.forecasts.warn(format!("step `{}`: {error}", step.name))).ok()?;
        let key = SecretKey::look(self.state);
        let fingerprint = StepFingerprint::of(self.plan, each, key.as_ref(), &files);
        let recall = if each.cache { self.recall(step, &fingerprint) } else { None };
        match self.old {
            Some(run) => {
                let found = self.old_step(run, step, each, &fingerprint);
                let found = found.map_err(|error| self.forecasts.warn(error.to_string())).ok()?;
                Some(self.of_old(step, each, found, recall))
            }
            None => Some(self.of_cache(step, each, recall)),
        }
    }

    fn recall(&mut self, step: &Step, fingerprint: &StepFingerprint) -> Option<StepCache> {
        match Cache::look(self.state) {
            Ok(cache) => {
                let (pipeline, function) = (&self.plan.name, fingerprint.function);
                cache.map(|cache| StepCache::new(cache, pipeline, &step.name, function, &fingerprint.parts))
            }
            Err(error) => {
                self.forecasts.warn(error.to_string());
                None
            }
        }
    }

    fn old_step(
        &self,
        run: &str,
        step: &Step,
        each: &MapLike,
        fingerprint: &StepFingerprint,
    ) -> Result<(Old, Option<StepRecord>), StoreError> {
        let runs = Catalogue::new(self.state).open_line(run)?;
        let record = runs.first().and_then(|run: &StoredRun| run.step(&step.name).ok());
        let keyed = ItemContent::of(self.plan, step.id, each).has_keys(each);
        let shape = fingerprint::shape(each.kind);
        Ok((Old::of(runs, &step.name, shape, keyed, &fingerprint.parts)?, record))
    }

    fn of_cache(&mut self, step: &Step, each: &MapLike, recall: Option<StepCache>) -> Forecast {
        if let Some(because) = self.is_deep(step) {
            return match recall {
                None => Forecast::None("not in the cache".to_owned()),
                Some(recall) => match recall.other_function().filter(|_| !recall.has_any()) {
                    Some(reason) => Forecast::None(reason.to_owned()),
                    None => open(&because),
                },
            };
        }
        self.count(step, each, Look { recall, ..Look::default() })
    }

    fn of_old(
        &mut self,
        step: &Step,
        each: &MapLike,
        (old, record): (Old, Option<StepRecord>),
        recall: Option<StepCache>,
    ) -> Forecast {
        let unknown = if old.unfinished { "not finished" } else { "new" };
        let reuse = match old.items {
            Ok(reuse) => reuse,
            Err(reason) if recall.is_none() => return Forecast::None(reason),
            Err(reason) => {
                return match self.is_deep(step) {
                    Some(because) => open(&because),
                    None => self.count(step, each, Look { recall, nothing: Some(reason), ..Look::default() }),
                };
            }
        };
        reuse.warnings().for_each(|warning| self.forecasts.warn(warning.to_owned()));
        // What has failed runs again.
        let failed = record.as_ref().map_or(0, |record| record.failures);
        let most = Some(reuse.known().saturating_sub(failed));
        if each.key.is_some() {
            return Forecast::Open { most, because: "its `key` is evaluated only in a run".to_owned() };
        }
        let Some(because) = self.is_deep(step) else {
            return self.count(step, each, Look { reuse: Some(reuse), recall, unknown, nothing: None });
        };
        match record.filter(|_| self.gets_the_same(step)).and_then(|record| as_it_was(&record)) {
            Some(counts) => Forecast::Counted { counts, complete: true },
            None => Forecast::Open { most, because },
        }
    }

    /// Looks at every item of a step that reads only sources.
    fn count(&mut self, step: &Step, each: &MapLike, mut look: Look) -> Forecast {
        let (mut counts, mut contents) = (ReuseCounts::default(), Vec::new());
        let content = ItemContent::of(self.plan, step.id, each);
        let read = each_chunk(self.plan, step, self.until, &mut |chunk: &mut Chunk| {
            contents.clear();
            content.digests(chunk, &mut contents);
            content.name_items(chunk);
            let keys: Vec<Digest> = chunk.keys.iter().map(|key| Digest::of_key(key)).collect();
            let identities = if keys.is_empty() { &contents } else { &keys };
            let items = NewItems { first: chunk.first, identities, contents: &contents };
            for at in 0..contents.len() {
                match look.at(&items, at) {
                    None => counts.reused += 1,
                    Some(reason) => counts.redo(reason),
                }
            }
        });
        let complete = match read {
            Ok(Looked::All) => true,
            Ok(Looked::Some) => false,
            Err(reason) => return open(&reason),
        };
        let warnings = look.recall.iter().flat_map(StepCache::warnings).cloned().collect::<Vec<_>>();
        for warning in warnings {
            self.forecasts.warn(warning);
        }
        counts.dropped = look.reuse.filter(|_| complete).map_or(0, |reuse| reuse.left());
        counts.sort();
        Forecast::Counted { counts, complete }
    }

    /// What a step waits for before its items are known, in words.
    fn is_deep(&self, step: &Step) -> Option<String> {
        let is_source = |id: StepId| self.plan.steps[id.at()].from.is_empty();
        let deep = step.from.iter().filter(|input| input.failed || !is_source(input.step));
        let names: Vec<String> = deep
            .map(|input| {
                let failed = if input.failed { ".failed" } else { "" };
                format!("`{}{failed}`", self.plan.steps[input.step.at()].name)
            })
            .collect();
        (!names.is_empty()).then(|| format!("depends on {}", names.join(", ")))
    }

    /// Whether all that a step reads would come out as it did in the old run.
    fn gets_the_same(&self, step: &Step) -> bool {
        // What comes out of the cache may be there for the first time.
        let is_cached = |id: StepId| match &self.plan.steps[id.at()].body {
            Body::Ready(Verb::MapLike(each)) => each.cache,
            _ => false,
        };
        step.from.iter().all(|input| match &self.forecasts.steps[input.step.at()] {
            Some(Forecast::Counted { counts, complete: true }) => {
                !input.failed && !is_cached(input.step) && counts.redone == 0 && counts.dropped == 0
            }
            _ => false,
        })
    }
}

/// How one item is looked up.
#[derive(Default)]
struct Look {
    reuse: Option<Reuse>,
    recall: Option<StepCache>,
    /// Why items are there that the old run does not know.
    unknown: &'static str,
    /// Why nothing of the old run is of use.
    nothing: Option<String>,
}

impl Look {
    /// `None`: it would be reused; otherwise the reason why not.
    fn at(&mut self, items: &NewItems<'_>, at: usize) -> Option<String> {
        let reason = match &mut self.reuse {
            Some(reuse) => Some(why_again(reuse.look(items, at), self.unknown)?),
            None => self.nothing.as_deref(),
        };
        let reason = reason.map(str::to_owned);
        let content = items.contents[at];
        let Some(recall) = &mut self.recall else {
            return Some(reason.unwrap_or_else(|| "not in the cache".to_owned()));
        };
        (!recall.has(content)).then(|| reason.unwrap_or_else(|| recall.reason(content)))
    }
}

/// What becomes of a step whose input is the old one; `None`: it had not ended.
fn as_it_was(record: &StepRecord) -> Option<ReuseCounts> {
    record.total?;
    let again = [("failed before", record.failures), ("not finished", record.cancelled)];
    let reasons = again.into_iter().filter(|(_, count)| *count > 0);
    let mut counts = ReuseCounts {
        reused: record.successes + record.skipped,
        redone: record.failures + record.cancelled,
        reasons: reasons.map(|(reason, count)| (reason.to_owned(), count)).collect(),
        ..ReuseCounts::default()
    };
    counts.sort();
    Some(counts)
}

fn open(because: &str) -> Forecast {
    Forecast::Open { most: None, because: because.to_owned() }
}

fn is_map_like(step: &Step) -> bool {
    step.verb.is_map_like()
}
