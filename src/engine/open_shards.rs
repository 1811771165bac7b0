//! Open shards are those that are not in the books of a run. They are known by the folder that its workers share: which there are,
//! who is at work on them, how far they say that they are, and why those that wait do.

use std::collections::{BTreeMap, BTreeSet};

use super::remote_job::{self, BeatFile, FleetFile, FleetJobs};
use crate::event::Tally;
use crate::store::{LastError, RemoteFile, RemotePlace, ShardJob, ShardRow, StoreError};
use crate::value::{Indices, ShardId};

/// The shards of the step with this folder that are not in the books of its run, in the order of their items. `known`: those that are.
///
/// # Errors
/// Fails when what the coordinator or its workers have written cannot be read.
pub fn open_shards(place: &RemotePlace, known: &BTreeSet<String>) -> Result<Vec<ShardRow>, StoreError> {
    if !place.has_shards() {
        return Ok(Vec::new());
    }
    let mut attempts: BTreeMap<ShardId, u32> = BTreeMap::new();
    for (shard, attempt) in place.all_attempts()? {
        let newest = attempts.entry(shard).or_default();
        *newest = attempt.max(*newest);
    }
    let (open, mut rows) = shards(place, known)?;
    let jobs = jobs(place);
    for (shard, items) in open {
        let tries = attempts.get(&shard).copied().unwrap_or(0);
        let beat = read_beat(place, &shard, tries);
        let why = (tries == 0).then(|| jobs.as_ref()?.why.as_deref().map(str::to_owned)).flatten();
        rows.push(ShardRow {
            shard: shard.to_string(),
            first: items.iter().next().map_or(0, |stretch| stretch.first),
            count: items.count(),
            state: if tries > 0 { "running" } else { "waiting" },
            attempts: tries,
            job: beat.as_ref().map(|beat| ShardJob {
                wave: beat.job.0,
                task: beat.job.1,
                id: beat.id.clone(),
            }),
            node: beat.map(|beat| beat.node),
            started: None,
            ended: None,
            why,
            lost: 0.0,
        });
    }
    rows.sort_by_key(|row| row.first);
    Ok(rows)
}

/// The shards without a record, with their items; and those with one that is not in the books yet.
fn shards(
    place: &RemotePlace,
    known: &BTreeSet<String>,
) -> Result<(BTreeMap<ShardId, Indices>, Vec<ShardRow>), StoreError> {
    let mut done = Vec::new();
    let mut open: BTreeMap<ShardId, Indices> = remote_job::cut(place)?.into_iter().collect();
    // A chain comes in its order, and children after their parents.
    for shard in place.done()? {
        let Some(record) = place.record(&shard)? else { continue };
        let items = open.remove(&shard).unwrap_or_default();
        if !known.contains(&shard.to_string()) {
            done.push(ShardRow::of(&record, &items.without(&record.rest)));
        }
        match shard.next().filter(|_| record.goes_on) {
            Some(next) => drop(open.insert(next, record.rest)),
            None if record.rest.is_empty() => {}
            None => {
                let split = RemoteFile::Split(&shard);
                let children: Vec<Indices> = remote_job::read(place, &split)?.unwrap_or_default();
                let named = (0..).zip(children);
                open.extend(named.filter_map(|(number, items)| Some((shard.child(number)?, items))));
            }
        }
    }
    Ok((open, done))
}

/// What coordinator and workers of a step say of it that is not in the books.
#[derive(Debug, Default)]
pub struct SaidOfStep {
    /// Its jobs, where the coordinator has said anything of them.
    pub jobs: Option<FleetJobs>,
    /// How items have ended, by the beats of the workers at work.
    pub tally: Tally,
    /// What went wrong last with them.
    pub last_error: Option<LastError>,
}

/// What is said of the step with this folder, beyond its shards that are in the books of its run.
///
/// # Errors
/// Fails when the folder cannot be read.
pub fn said_of(place: &RemotePlace, known: &BTreeSet<String>) -> Result<SaidOfStep, StoreError> {
    if !place.has_shards() {
        return Ok(SaidOfStep::default());
    }
    let mut said = SaidOfStep { jobs: jobs(place), ..SaidOfStep::default() };
    // A later attempt at a shard has taken over what an earlier one had.
    let newest: BTreeMap<ShardId, u32> = {
        let mut beats = place.beats()?;
        beats.sort_unstable();
        beats.into_iter().collect()
    };
    for (shard, attempt) in newest.into_iter().filter(|(shard, _)| !known.contains(&shard.to_string())) {
        let Some(beat) = read_beat(place, &shard, attempt) else { continue };
        said.tally.add(&beat.tally);
        let errors = said.last_error.take().into_iter().chain(beat.errors);
        said.last_error = errors.max_by(|one, other| one.at.total_cmp(&other.at));
    }
    Ok(said)
}

/// How the jobs stand; what cannot be read was not said.
fn jobs(place: &RemotePlace) -> Option<FleetJobs> {
    let file: FleetFile = remote_job::read(place, &RemoteFile::Fleet).ok().flatten()?;
    Some(file.jobs)
}

/// What the worker on a shard has said last; what cannot be read was not said.
fn read_beat(place: &RemotePlace, shard: &ShardId, attempt: u32) -> Option<BeatFile> {
    remote_job::read(place, &RemoteFile::Beat(shard, attempt)).ok().flatten()
}
