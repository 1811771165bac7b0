//! Open shards are those that are not in the books of a run. They are known by the folder that its workers share: which there are,
//! and who is at work on them.

use std::collections::{BTreeMap, BTreeSet};

use super::remote_job::{self, BeatFile};
use crate::store::{RemoteFile, RemotePlace, ShardJob, ShardRow, StoreError};
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
    for (shard, items) in open {
        let tries = attempts.get(&shard).copied().unwrap_or(0);
        let beat = read_beat(place, &shard, tries);
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
            why: None,
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

/// What the worker on a shard has said last; what cannot be read was not said.
fn read_beat(place: &RemotePlace, shard: &ShardId, attempt: u32) -> Option<BeatFile> {
    remote_job::read(place, &RemoteFile::Beat(shard, attempt)).ok().flatten()
}
