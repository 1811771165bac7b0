//! The runs of all shards of a plan are found in their folders here. They are put together only where they are all there and
//! belong together, and where this machine sees the same items.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::fingerprint::{self, StepFingerprint};
use super::interrupt::Interrupt;
use super::shard;
use crate::plan::{Body, MapLike, Plan, Step, Verb};
use crate::store::{
    Catalogue, GatheredStep, LinesPerItem, RunRecord, ShardRecord, ShardStep, StoreError, differences,
};

/// Why shards cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Lower case, names in backticks, no period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Refusal {
    fn new(message: String) -> Self {
        Self { message, help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::new(error.to_string())
    }
}

/// The run of one shard.
#[derive(Debug, Clone)]
struct ShardRun {
    /// The state folder.
    folder: PathBuf,
    /// Its whole id.
    run: String,
    record: ShardRecord,
}

/// The runs of all shards of a plan, in their order.
#[derive(Debug, Clone)]
pub struct Gathering {
    shards: Vec<ShardRun>,
}

impl Gathering {
    /// Finds the runs of the shards in their state folders: of each shard the last one that has ended well.
    ///
    /// # Errors
    /// Says which shards are missing or not finished, and which do not belong together.
    pub fn find(folders: &[PathBuf]) -> Result<Self, Vec<Refusal>> {
        let (mut found, mut refusals) = (BTreeMap::new(), Vec::new());
        let mut unfinished = Vec::new();
        for folder in folders {
            match shards_in(folder) {
                Ok((shards, others)) => {
                    unfinished.extend(others);
                    for shard in shards {
                        keep_newer(&mut found, shard);
                    }
                }
                Err(refusal) => refusals.push(refusal),
            }
        }
        let shards: Vec<ShardRun> = found.into_values().collect();
        if refusals.is_empty() {
            refusals = apart(&shards);
        }
        if refusals.is_empty() {
            refusals = missing(&shards, &unfinished);
        }
        if refusals.is_empty() { Ok(Self { shards }) } else { Err(refusals) }
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

    /// Makes sure that the shards are of this plan, and that this machine has the items that they have worked on. `digest`
    /// is that of the plan. All sources that can be read twice are read for that; one that cannot be read is left to the
    /// run to tell. Ends early, without a refusal, when the run is interrupted.
    ///
    /// # Errors
    /// Says what is different.
    pub fn check(&self, plan: &Plan, digest: &str, interrupt: &Interrupt) -> Result<(), Vec<Refusal>> {
        let other = self.shards.iter().filter(|shard| shard.record.plan != digest);
        let refusals: Vec<Refusal> = other.map(other_plan).collect();
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let mut refusals = Vec::new();
        for step in &plan.steps {
            let (Some(noted), Body::Ready(Verb::MapLike(each))) = (self.noted(&step.name), &step.body) else {
                continue;
            };
            refusals.extend(self.changed(plan, step, each));
            refusals.extend(other_items(plan, step, noted, interrupt));
        }
        if refusals.is_empty() { Ok(()) } else { Err(refusals) }
    }

    /// What the first shard has noted of a step; it is the same in all but for the slice.
    fn noted(&self, step: &str) -> Option<&ShardStep> {
        self.shards[0].record.steps.iter().find(|noted| noted.step == step)
    }

    /// Which shards had another function, other parameters or other files.
    fn changed(&self, plan: &Plan, step: &Step, each: &MapLike) -> Vec<Refusal> {
        // Where a file of `uses` is missing, the run says so.
        let Ok(files) = fingerprint::file_contents(plan, each) else { return Vec::new() };
        let own = StepFingerprint::of(plan, each, None, &files).parts;
        let refused = |shard: &ShardRun| {
            let record = Catalogue::new(&shard.folder).open(&shard.run).and_then(|run| run.step(&step.name));
            let theirs = match record {
                Ok(record) => record.fingerprint,
                Err(error) => return Some(error.into()),
            };
            let mut parts = differences(&theirs, &own);
            // Digests of secrets are made with a key that each state folder has for itself.
            parts.retain(|part| part != "secrets");
            let (number, of) = (shard.record.number, shard.record.of);
            let text = parts.join(" and ");
            (!parts.is_empty()).then(|| {
                Refusal::new(format!("shard {number}/{of} had another {text} for step `{}`", step.name))
            })
        };
        self.shards.iter().filter_map(refused).collect()
    }

    /// What the shards have come to of a step; `None`: they have not worked on it.
    pub(super) fn step(&self, step: &str, shape: LinesPerItem) -> Option<Result<GatheredStep, StoreError>> {
        let items = self.noted(step)?.items;
        let mut runs = Vec::new();
        for shard in &self.shards {
            let noted = shard.record.steps.iter().find(|noted| noted.step == step)?;
            match Catalogue::new(&shard.folder).open(&shard.run) {
                Ok(run) => runs.push((run, noted.first, noted.count)),
                Err(error) => return Some(Err(error)),
            }
        }
        Some(GatheredStep::open(runs, (step, items), shape))
    }
}

/// The runs of shards in a state folder that have ended well, and those that have not.
type Found = (Vec<ShardRun>, Vec<(PathBuf, RunRecord)>);

fn shards_in(folder: &Path) -> Result<Found, Refusal> {
    let catalogue = Catalogue::new(folder);
    let records = if folder.is_dir() { catalogue.list()? } else { Vec::new() };
    let (mut shards, mut others) = (Vec::new(), Vec::new());
    for record in records {
        match catalogue.shard(&record.id)? {
            Some(shard) => {
                let run = record.id.clone();
                shards.push(ShardRun { folder: folder.to_owned(), run, record: shard });
            }
            None if record.status != "succeeded" => others.push((folder.to_owned(), record)),
            None => {}
        }
    }
    if shards.is_empty() && others.is_empty() {
        let message = format!("there is no run of a shard in `{}`", folder.display());
        return Err(Refusal::new(message)
            .help("`flowrun run FILE --shard I/N --state-dir D` makes one, where D is that folder"));
    }
    Ok((shards, others))
}

/// Of two runs of one shard the later one counts; ids are sorted by time.
fn keep_newer(found: &mut BTreeMap<(u64, u64), ShardRun>, shard: ShardRun) {
    let place = (shard.record.of, shard.record.number);
    if found.get(&place).is_none_or(|known| known.run < shard.run) {
        found.insert(place, shard);
    }
}

/// What keeps shards from belonging together.
fn apart(shards: &[ShardRun]) -> Vec<Refusal> {
    let Some(first) = shards.first() else { return Vec::new() };
    let mut refusals = Vec::new();
    for other in &shards[1..] {
        let (one, two) = (name(first), name(other));
        if other.record.of != first.record.of {
            refusals.push(Refusal::new(format!("{one} and {two} are shards of different numbers of them")));
        } else if other.record.plan != first.record.plan {
            refusals.push(Refusal::new(format!("{one} and {two} are of different plans")).help(
                "the pipeline with its files, parameters, `--set` and `--limit` must be the same for all",
            ));
        } else if other.record.seed != first.record.seed {
            let seeds = (first.record.seed, other.record.seed);
            refusals.push(Refusal::new(format!("{one} has the seed {}, {two} has {}", seeds.0, seeds.1)));
        } else if let Some(refusal) = other_sources(first, other) {
            refusals.push(refusal);
        }
    }
    refusals
}

/// Two shards that have seen different items.
fn other_sources(first: &ShardRun, other: &ShardRun) -> Option<Refusal> {
    let (one, two) = (name(first), name(other));
    let names = |shard: &ShardRun| -> Vec<String> {
        shard.record.steps.iter().map(|step| step.step.clone()).collect()
    };
    if names(first) != names(other) {
        return Some(Refusal::new(format!("{one} and {two} have worked on different steps")));
    }
    let pairs = first.record.steps.iter().zip(&other.record.steps);
    for (ours, theirs) in pairs {
        if ours.items != theirs.items {
            let counts = (ours.items, theirs.items);
            return Some(Refusal::new(format!(
                "{one} counted {} items for step `{}`, {two} counted {}",
                counts.0, ours.step, counts.1
            )));
        }
        if ours.digest != theirs.digest {
            return Some(Refusal::new(format!(
                "{one} and {two} have read different items for step `{}`",
                ours.step
            )));
        }
    }
    None
}

/// Which shards are not there.
fn missing(shards: &[ShardRun], unfinished: &[(PathBuf, RunRecord)]) -> Vec<Refusal> {
    let of = shards.first().map_or(0, |shard| shard.record.of);
    let has = |number: u64| shards.iter().any(|shard| shard.record.number == number);
    let numbers: Vec<u64> = (1..=of).filter(|number| !has(*number)).take(NAMED_MAX + 1).collect();
    if !shards.is_empty() && numbers.is_empty() {
        return Vec::new();
    }
    let hint = unfinished.iter().map(|(folder, run)| {
        let folder = folder.display();
        format!("run `{}` in `{folder}` has not ended well: `flowrun resume {} --state-dir {folder}` goes on with it", run.id, run.id)
    });
    let hint: Vec<String> = hint.collect();
    if shards.is_empty() {
        return vec![Refusal::new("no shard has ended well".to_owned()).help(hint.join("\n"))];
    }
    let (noun, verb) = if numbers.len() == 1 { ("shard", "is") } else { ("shards", "are") };
    let named: Vec<String> = numbers.iter().take(NAMED_MAX).map(|number| format!("{number}/{of}")).collect();
    let more = if numbers.len() > NAMED_MAX { " and more" } else { "" };
    let message = format!("{noun} {}{more} {verb} missing", named.join(", "));
    let make = format!(
        "`flowrun run FILE --shard {} --state-dir D` makes it, and D belongs behind the others",
        named[0]
    );
    vec![Refusal::new(message).help(if hint.is_empty() { make } else { hint.join("\n") })]
}

/// Numbers of shards that are named, at most.
const NAMED_MAX: usize = 20;

fn name(shard: &ShardRun) -> String {
    let ShardRecord { number, of, .. } = shard.record;
    format!("shard {number}/{of} in `{}`", shard.folder.display())
}

fn other_plan(shard: &ShardRun) -> Refusal {
    Refusal::new(format!("{} is of another plan", name(shard)))
        .help("the pipeline with its files, parameters, `--set` and `--limit` must be the same as here")
}

/// Whether this machine has other items for a step.
fn other_items(plan: &Plan, step: &Step, noted: &ShardStep, interrupt: &Interrupt) -> Option<Refusal> {
    let (items, digest) = shard::count_alone(plan, step, interrupt).ok().flatten()?;
    let name = &step.name;
    if items != noted.items {
        return Some(Refusal::new(format!(
            "the shards counted {} items for step `{name}`, and here are {items}",
            noted.items
        )));
    }
    (digest != noted.digest).then(|| {
        Refusal::new(format!("the shards have read other items for step `{name}` than there are here"))
    })
}
