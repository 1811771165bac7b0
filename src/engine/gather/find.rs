//! This module finds the runs of shards in state folders: those of one pipeline file that belong together. Folders may hold
//! other runs too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::refusal::{BY_CONTENT, ONE_PLAN, Refusal, SAME_ITEMS};
use super::shard_run::ShardRun;
use crate::engine::shard::Shard;
use crate::store::{Catalogue, RunRecord};

/// Shards that are named as missing, at most.
const NAMED_MAX: usize = 20;

/// A run of a shard that has not ended well.
struct Unfinished {
    folder: PathBuf,
    run: RunRecord,
    shard: Shard,
}

/// What there is of the shards of a pipeline file.
#[derive(Default)]
struct Found {
    runs: Vec<ShardRun>,
    unfinished: Vec<Unfinished>,
    /// Records that are not to be believed.
    damaged: Vec<Refusal>,
}

impl Found {
    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.unfinished.is_empty() && self.damaged.is_empty()
    }

    fn add(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.unfinished.extend(other.unfinished);
        self.damaged.extend(other.damaged);
    }
}

/// The runs of all shards of a pipeline file, in their order: of each shard the last one that has ended well. `say` is told
/// what was passed over.
pub(super) fn find(
    folders: &[PathBuf],
    file: &Path,
    say: &mut dyn FnMut(String),
) -> Result<Vec<ShardRun>, Vec<Refusal>> {
    let (mut found, mut refusals) = (Found::default(), Vec::new());
    for folder in folders {
        match shards_of(folder, file, say) {
            Ok(more) => found.add(more),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    if let Some(whole) = whole(&found.runs) {
        found.damaged.into_iter().for_each(|damaged| say(format!("passed over: {}", damaged.message)));
        return Ok(whole);
    }
    let mut newest = BTreeMap::new();
    for run in &found.runs {
        keep_newer(&mut newest, (run.record.of, run.record.number), run);
    }
    let shards: Vec<ShardRun> = newest.into_values().collect();
    let apart = apart(&shards);
    let mut refusals = found.damaged;
    refusals.extend(if apart.is_empty() { missing(&shards, &found.unfinished, file) } else { apart });
    Err(refusals)
}

/// The shards in a state folder, or in those below a folder that is none. Those below may be others' too.
fn shards_of(folder: &Path, file: &Path, say: &mut dyn FnMut(String)) -> Result<Found, Refusal> {
    let is_state = |folder: &Path| folder.join("runs").is_dir();
    let (mut found, mut others) = (Found::default(), Vec::new());
    if is_state(folder) {
        found = shards_in(folder, file)?;
    } else {
        if !folder.is_dir() {
            return Err(Refusal::new(format!("there is no folder `{}`", folder.display())));
        }
        let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut below: Vec<PathBuf> = below.filter(|path| is_state(path)).collect();
        below.sort();
        for folder in below {
            match shards_in(&folder, file) {
                Ok(more) if more.is_empty() => others.push(format!("`{}`", folder.display())),
                Ok(more) => found.add(more),
                Err(refusal) => say(format!("passed over `{}`: {}", folder.display(), refusal.message)),
            }
        }
    }
    let (folder, file) = (folder.display(), file.display());
    if found.is_empty() {
        let message = format!("there is no run of a shard of `{file}` in `{folder}`");
        return Err(Refusal::new(message)
            .help(format!("`flowrun run {file} --shard I/N --state-dir {folder}` makes one")));
    }
    if !others.is_empty() {
        let hold = if others.len() == 1 { "which holds" } else { "which hold" };
        say(format!("passed over {}, {hold} no shard of `{file}`", others.join(", ")));
    }
    Ok(found)
}

/// The runs of shards in a state folder.
fn shards_in(folder: &Path, file: &Path) -> Result<Found, Refusal> {
    let catalogue = Catalogue::new(folder);
    let mut found = Found::default();
    for run in catalogue.list()? {
        if Path::new(&run.file).file_name() != file.file_name() {
            continue;
        }
        match ShardRun::read(folder, &run.id) {
            Ok(Some(shard)) => found.runs.push(shard),
            Ok(None) => {
                let shard = catalogue.request(&run.id).as_deref().and_then(shard_of);
                let unfinished = shard.map(|shard| Unfinished { folder: folder.to_owned(), run, shard });
                found.unfinished.extend(unfinished);
            }
            Err(refusal) => found.damaged.push(refusal),
        }
    }
    Ok(found)
}

/// Of two runs of one shard the later one counts; ids are sorted by time.
fn keep_newer<K: Ord>(found: &mut BTreeMap<K, ShardRun>, place: K, run: &ShardRun) {
    if found.get(&place).is_none_or(|known| known.run < run.run) {
        found.insert(place, run.clone());
    }
}

/// The newest shards that are all there and belong together, unless a folder has none of them.
fn whole(runs: &[ShardRun]) -> Option<Vec<ShardRun>> {
    let mut groups: BTreeMap<_, BTreeMap<u64, ShardRun>> = BTreeMap::new();
    for run in runs {
        let record = &run.record;
        let group = (record.of, record.plan.clone(), record.seed);
        keep_newer(groups.entry(group).or_default(), record.number, run);
    }
    let has_all = |group: &BTreeMap<u64, ShardRun>| {
        let of = group.values().next().map_or(0, |run| run.record.of);
        let is_in = |folder: &Path| group.values().any(|run| run.folder == folder);
        group.len() as u64 == of
            && runs.iter().all(|run| is_in(&run.folder))
            && apart(&group.values().cloned().collect::<Vec<_>>()).is_empty()
    };
    let newest = |group: &BTreeMap<u64, ShardRun>| group.values().map(|run| run.run.clone()).max();
    let whole = groups.into_values().filter(has_all).max_by_key(newest)?;
    Some(whole.into_values().collect())
}

/// What keeps shards from belonging together.
fn apart(shards: &[ShardRun]) -> Vec<Refusal> {
    let Some((first, others)) = shards.split_first() else { return Vec::new() };
    others.iter().filter_map(|other| difference(first, other)).collect()
}

fn difference(first: &ShardRun, other: &ShardRun) -> Option<Refusal> {
    let (one, two) = (first.name(), other.name());
    let (ours, theirs) = (&first.record, &other.record);
    if ours.of != theirs.of {
        return Some(
            Refusal::new(format!("{one} and {two} are shards of different numbers of them"))
                .help("name only the folders of shards that belong together"),
        );
    }
    if ours.plan != theirs.plan {
        return Some(Refusal::new(format!("{one} and {two} are of different plans")).help(ONE_PLAN));
    }
    if ours.seed != theirs.seed {
        return Some(
            Refusal::new(format!("{one} has the seed {}, {two} has {}", ours.seed, theirs.seed))
                .help("all need the same `--seed`, or none"),
        );
    }
    if ours.steps.iter().map(|step| &step.step).ne(theirs.steps.iter().map(|step| &step.step)) {
        return Some(
            Refusal::new(format!("{one} and {two} have worked on different steps"))
                .help("`--only` and `--until` must be the same for all"),
        );
    }
    let mut pairs = ours.steps.iter().zip(&theirs.steps);
    let (mine, yours) =
        pairs.find(|(mine, yours)| (mine.items, &mine.digest) != (yours.items, &yours.digest))?;
    let step = &mine.step;
    Some(if mine.items == yours.items {
        Refusal::new(format!("{one} and {two} have read different items for step `{step}`"))
            .help(format!("{SAME_ITEMS}. Where they are files, {BY_CONTENT}"))
    } else {
        Refusal::new(format!(
            "{one} counted {} items for step `{step}`, {two} counted {}",
            mine.items, yours.items
        ))
        .help(SAME_ITEMS)
    })
}

/// Which shards are not there, each with what makes it.
fn missing(shards: &[ShardRun], unfinished: &[Unfinished], file: &Path) -> Vec<Refusal> {
    let Some(of) = shards.first().map(|shard| shard.record.of) else {
        return unfinished.iter().map(cut_off).collect();
    };
    let has = |number: u64| {
        let is_unfinished = |run: &Unfinished| (run.shard.number(), run.shard.of()) == (number, of);
        shards.iter().any(|shard| shard.record.number == number) || unfinished.iter().any(is_unfinished)
    };
    let numbers: Vec<u64> = (1..=of).filter(|number| !has(*number)).take(NAMED_MAX).collect();
    let make = |number: &u64| {
        Refusal::new(format!("shard {number}/{of} is missing")).help(format!(
            "`flowrun run {} --shard {number}/{of} --state-dir D` makes it, and D belongs behind the others",
            file.display()
        ))
    };
    unfinished.iter().map(cut_off).chain(numbers.iter().map(make)).collect()
}

/// The shard that a run was asked for; `None`: it is none.
fn shard_of(request: &str) -> Option<Shard> {
    let request: serde_json::Value = serde_json::from_str(request).ok()?;
    request.get("shard")?.as_str()?.parse().ok()
}

fn cut_off(Unfinished { folder, run, shard }: &Unfinished) -> Refusal {
    let (id, folder) = (&run.id, folder.display());
    if run.status == "running" {
        return Refusal::new(format!(
            "shard {shard} is missing: its run `{id}` in `{folder}` is still going on"
        ))
        .help(format!("`flowrun show {id} --state-dir {folder}` says how far it is"));
    }
    Refusal::new(format!("shard {shard} is missing: its run `{id}` in `{folder}` has not ended well"))
        .help(format!("`flowrun resume {id} --state-dir {folder}` goes on with it"))
}
