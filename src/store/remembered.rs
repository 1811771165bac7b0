//! The cache learns what a worker has found out when its shard is taken over: by the content of each item, what became of it. The
//! worker itself knows no cache.

use std::collections::HashMap;
use std::fs::File;

use super::cache::Remembered;
use super::endings::EndingKind;
use super::remote::ReadCommit;
use super::{Digest, ReadShard, line, segment};

/// What the cache keeps of the items of a shard. A commit that cannot be read costs a later run some work.
pub(super) fn of_shard(shard: &ReadShard) -> Vec<(Digest, Remembered)> {
    let Ok(file) = File::open(&shard.path) else { return Vec::new() };
    let mut remembered = Vec::new();
    for commit in &shard.commits {
        remembered.extend(of_commit(&file, commit).unwrap_or_default());
    }
    remembered
}

/// `None`: it is damaged.
fn of_commit(file: &File, commit: &ReadCommit) -> Option<Vec<(Digest, Remembered)>> {
    let head = segment::read_head(file, commit.place)?;
    let (identities, contents) = segment::read_digests(file, commit.place, &head)?;
    // Where items have no keys they are known by their contents.
    let contents = if contents.is_empty() { identities } else { contents };
    let text = segment::read_results(file, commit.place, &head)?;
    let mut lines = text.split(|byte| *byte == b'\n');
    let skipped = commit.notes.skipped.iter().map(|(index, _, reason)| (*index, reason));
    let skipped: HashMap<u64, &Option<String>> = skipped.collect();
    let indices = commit.spans.iter().flat_map(|span| span.first..span.first + u64::from(span.count));
    let mut remembered = Vec::new();
    for (row, index) in indices.enumerate() {
        let content = *contents.get(row)?;
        match head.state(row) {
            EndingKind::Succeeded => {
                let line = lines.next().and_then(line::parse).filter(|line| line.index == index)?;
                remembered.push((content, Remembered::Value(line.value.unwrap_or_default().to_vec())));
            }
            EndingKind::Skipped => {
                remembered.push((content, Remembered::Skipped((*skipped.get(&index)?).clone())));
            }
            EndingKind::Failed | EndingKind::FailedForGood => {}
        }
    }
    Some(remembered)
}
