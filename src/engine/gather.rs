//! The runs of all shards of a plan are found in their folders here. They are put together only where they are all there and
//! belong together, and where this machine sees the same items.

mod find;
mod refusal;
mod shard_run;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use self::refusal::Refusal;
use self::refusal::{AGAIN, BY_CONTENT, ONE_PLAN, SAME_ITEMS};
use self::shard_run::ShardRun;
use super::fingerprint::{self, StepFingerprint};
use super::interrupt::Interrupt;
use super::plan_files;
use super::shard::{self, Shard};
use crate::plan::{Body, MapLike, Plan, Step, Verb};
use crate::store::{GatheredShard, GatheredStep, LinesPerItem, ShardStep, StoredRun, differences};

/// The runs of all shards of a plan, in their order.
#[derive(Debug, Clone)]
pub struct Gathering {
    shards: Vec<ShardRun>,
}

impl Gathering {
    /// Finds the runs of the shards of a pipeline file in their state folders: of each shard the last one that has ended well.
    /// `say` is told what was passed over.
    ///
    /// # Errors
    /// Says which shards are missing, damaged or not finished, and which do not belong together.
    pub fn find(folders: &[PathBuf], file: &Path, say: &mut dyn FnMut(String)) -> Result<Self, Vec<Refusal>> {
        find::find(folders, file, say).map(|shards| Self { shards })
    }

    /// The run of one shard alone, to be compared with a plan; `None`: it is none, has not ended well or is damaged.
    pub fn of_one(folder: &Path, run: &str) -> Option<Self> {
        let shard = ShardRun::read(folder, run).ok().flatten()?;
        Some(Self { shards: vec![shard] })
    }

    /// Whether the first shard is this one, with these steps.
    pub fn is_of(&self, shard: Shard, steps: &[&str]) -> bool {
        let record = &self.shards[0].record;
        let noted: BTreeSet<&str> = record.steps.iter().map(|noted| noted.step.as_str()).collect();
        (record.number, record.of) == (shard.number(), shard.of()) && noted == steps.iter().copied().collect()
    }

    /// Seed of all shards.
    pub fn seed(&self) -> u64 {
        self.shards[0].record.seed
    }

    /// How many shards there are.
    pub fn count(&self) -> usize {
        self.shards.len()
    }

    /// The state folders of all shards, each once, by paths that are good in every folder.
    pub fn folders(&self) -> Vec<PathBuf> {
        let absolute =
            |shard: &ShardRun| std::path::absolute(&shard.folder).unwrap_or_else(|_| shard.folder.clone());
        let mut folders: Vec<PathBuf> = self.shards.iter().map(absolute).collect();
        folders.sort();
        folders.dedup();
        folders
    }

    /// State folder and id of the run of the first shard.
    pub fn first_run(&self) -> (&Path, &str) {
        (&self.shards[0].folder, &self.shards[0].run)
    }

    /// Makes sure that the shards are of this plan, that they are whole, and that this machine has the items that they have
    /// worked on. `digest` is that of the plan. All sources that can be read twice are read for that; one that cannot be read
    /// is left to the run to tell. Ends early, without a refusal, when the run is interrupted.
    ///
    /// # Errors
    /// Says what is different.
    pub fn check(&self, plan: &Plan, digest: &str, interrupt: &Interrupt) -> Result<(), Vec<Refusal>> {
        let other = self.shards.iter().filter(|shard| shard.record.plan != digest);
        let refusals: Vec<Refusal> = other.map(|shard| other_plan(shard, plan)).collect();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let mut refusals = Vec::new();
        for step in &plan.steps {
            let (Some(noted), Body::Ready(Verb::MapLike(each))) = (self.noted(&step.name), &step.body) else {
                continue;
            };
            refusals.extend(self.changed(plan, step, each));
            refusals.extend(self.damaged(&step.name, fingerprint::shape(each.kind), interrupt));
            refusals.extend(other_items(plan, step, noted, interrupt));
        }
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }

    /// What the first shard has noted of a step; it is the same in all but for the slice.
    fn noted(&self, step: &str) -> Option<&ShardStep> {
        self.shards[0].noted(step)
    }

    /// Which shards had another function, other parameters or other files.
    fn changed(&self, plan: &Plan, step: &Step, each: &MapLike) -> Vec<Refusal> {
        let files = match fingerprint::file_contents(plan, each) {
            Ok(files) => files,
            Err(error) => return vec![Refusal::new(format!("step `{}`: {error}", step.name))],
        };
        let own = StepFingerprint::of(plan, each, None, &files).parts;
        let refused = |shard: &ShardRun| {
            let theirs = match shard.open().and_then(|run| run.step(&step.name)) {
                Ok(record) => record.fingerprint,
                Err(error) => return Some(error.into()),
            };
            let mut parts = differences(&theirs, &own);
            // Digests of secrets are made with a key that each state folder has for itself.
            parts.retain(|part| part != "secrets");
            let text = parts.join(" and ");
            (!parts.is_empty()).then(|| {
                Refusal::new(format!("{} had another {text} for step `{}`", shard.name(), step.name))
            })
        };
        self.shards.iter().filter_map(refused).collect()
    }

    /// Which shards lack endings of a step that their runs had come to, or have damaged ones.
    fn damaged(&self, step: &str, shape: LinesPerItem, interrupt: &Interrupt) -> Vec<Refusal> {
        let Some(mut gathered) = self.step(step, shape) else { return Vec::new() };
        gathered
            .check(&|| interrupt.count() > 0)
            .into_iter()
            .map(|what| Refusal::new(what).help(AGAIN))
            .collect()
    }

    /// What the shards have come to of a step; `None`: they have not worked on it.
    pub(super) fn step(&self, step: &str, shape: LinesPerItem) -> Option<GatheredStep> {
        let items = self.noted(step)?.items;
        let mut shards = Vec::new();
        for shard in &self.shards {
            let noted = shard.noted(step)?;
            shards.push(GatheredShard {
                state: shard.folder.clone(),
                run: shard.run.clone(),
                name: shard.name(),
                first: noted.first,
                count: noted.count,
            });
        }
        Some(GatheredStep::new(shards, (step, items), shape))
    }
}

/// The steps that a step takes items from.
fn inputs_of(plan: &Plan, step: &Step) -> Vec<bool> {
    let is_input = |other: &Step| step.from.iter().any(|input| input.step == other.id);
    plan.steps.iter().map(is_input).collect()
}

/// The shard is of another plan; where that is known, it is said what is different.
fn other_plan(shard: &ShardRun, plan: &Plan) -> Refusal {
    let what = shard.open().ok().and_then(|run| difference(&run, plan));
    let what = what.map(|what| format!(": {what}")).unwrap_or_default();
    Refusal::new(format!("{} is of another plan{what}", shard.name())).help(ONE_PLAN)
}

/// What of a run's copies is not as the plan has it.
fn difference(run: &StoredRun, plan: &Plan) -> Option<String> {
    let mask = plan.secrets.mask();
    let copies = run.sources();
    let is_same = |text: &str, path: &Path| {
        copies.iter().any(|(copy, kept)| Path::new(copy).file_name() == path.file_name() && kept == text)
    };
    let file = plan.file.path();
    if !is_same(&mask.text(plan.file.text()), file) {
        return Some(format!("`{}` was another one there", plan.file.name()));
    }
    let is_lua = |path: &Path| path.extension().is_some_and(|kind| kind == "lua");
    let files = plan_files::of(plan);
    if let Some((path, _)) = files.iter().find(|(path, text)| is_lua(path) && !is_same(text, path)) {
        return Some(format!("`{}` was another one there", path.display()));
    }
    let (here, there) = (mask.json(&plan.params), run.record().params.clone());
    (*here != *there).then(|| format!("its parameters were {there}, and here they are {here}"))
}

/// Whether this machine has other items for a step.
fn other_items(plan: &Plan, step: &Step, noted: &ShardStep, interrupt: &Interrupt) -> Option<Refusal> {
    let (items, digest) = shard::count_alone(plan, step, interrupt).ok().flatten()?;
    let name = &step.name;
    if items != noted.items {
        return Some(
            Refusal::new(format!(
                "the shards counted {} items for step `{name}`, and here are {items}",
                noted.items
            ))
            .help(SAME_ITEMS),
        );
    }
    (digest != noted.digest).then(|| {
        let is_by_time = !shard::known_by_time(plan, &inputs_of(plan, step)).is_empty();
        Refusal::new(format!("the shards have read other items for step `{name}` than there are here"))
            .help(if is_by_time { BY_CONTENT } else { SAME_ITEMS })
    })
}
