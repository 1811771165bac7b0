//! The time that was lost with an attempt that has died lies between what it had on the disk last and its last sign of life.

use std::fs;
use std::path::PathBuf;

use super::place::RemotePlace;
use super::remote_file::RemoteFile;
use super::slots;
use crate::store::clock::{from_micros, seconds};
use crate::value::ShardId;

/// Seconds that were lost with this attempt at a shard. `kept`: when it has put its last whole commit down, in microseconds since 1970.
pub(super) fn lost_time(place: &RemotePlace, (shard, attempt): (&ShardId, u32), kept: Option<u64>) -> f64 {
    let slots = place.slots(shard, attempt);
    let begun = slots::read(&slots).map(|written| written.started);
    let Some(from) = kept.into_iter().chain(begun).max() else { return 0.0 };
    let signs = [slots, place.attempt(shard, attempt), place.file(&RemoteFile::Beat(shard, attempt))];
    let written = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
    let last = signs.iter().filter_map(written).max();
    last.map_or(0.0, |at| (seconds(at) - from_micros(from)).max(0.0))
}
