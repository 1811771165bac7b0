//! `unique`: the first item of each value. Digests of the values seen are kept in memory up to a bound; items whose
//! value is not among those are sorted out on the disk.

use std::collections::HashSet;
use std::sync::Arc;

use super::keyed::{next, with_values};
use super::{Cut, Frame, push_item};
use crate::data::{Sorter, push_rank};
use crate::lua::Script;
use crate::store::Digest;

/// Digests kept in memory: as many as a hash table of 8 million places holds, in about 150 MB.
const DIGESTS_MAX: usize = 7_000_000;

/// Where an item came, before its text.
const PLACE: usize = size_of::<u64>();

/// See the module.
pub(super) fn run(frame: &mut Frame<'_>, by: &Arc<Script>) -> Result<(), Cut> {
    let mut firsts = Firsts::new(frame, DIGESTS_MAX);
    let mut rank = Vec::new();
    with_values(frame, "unique", by, &mut |frame, item, value| {
        rank.clear();
        push_rank(value, false, &mut rank).map_err(|error| Cut::failed(error.to_string()))?;
        // The bytes of a rank may end in what looks like white space.
        let digest = Digest::of_key_bytes(&rank);
        if firsts.take(digest, item)? { frame.give_item(item) } else { Ok(()) }
    })?;
    firsts.finish(frame)
}

/// The values seen.
struct Firsts {
    seen: HashSet<Digest>,
    most: usize,
    /// Items with values that are not in `seen`, by digest: place and text.
    rest: Option<Sorter>,
    places: u64,
    record: Vec<u8>,
    dir: std::path::PathBuf,
}

impl Firsts {
    fn new(frame: &Frame<'_>, most: usize) -> Self {
        let dir = frame.shared.temp_dir().to_path_buf();
        Self { seen: HashSet::new(), most, rest: None, places: 0, record: Vec::new(), dir }
    }

    /// Whether the item is the first of its value for certain; otherwise it is a repetition, or decided at the end.
    fn take(&mut self, digest: Digest, item: &[u8]) -> Result<bool, Cut> {
        if self.seen.contains(&digest) {
            return Ok(false);
        }
        if self.seen.len() < self.most {
            self.seen.insert(digest);
            return Ok(true);
        }
        let rest = self.rest.get_or_insert_with(|| Sorter::new(&self.dir));
        self.record.clear();
        self.record.extend_from_slice(&self.places.to_be_bytes());
        push_item(item, &mut self.record);
        self.places += 1;
        rest.push(&digest.0.to_be_bytes(), &self.record)?;
        Ok(false)
    }

    /// Gives on what was decided late: the first item of each digest, in the order in which they came.
    fn finish(self, frame: &mut Frame<'_>) -> Result<(), Cut> {
        let Some(rest) = self.rest else { return Ok(()) };
        drop(self.seen);
        let mut by_digest = rest.finish()?;
        let mut by_place = Sorter::new(&self.dir);
        let mut last: Option<[u8; 16]> = None;
        let mut looked = 0_u32;
        while let Some((digest, record)) = by_digest.next()? {
            looked = looked.wrapping_add(1);
            if looked.is_multiple_of(4096) {
                frame.look()?;
            }
            if last.as_ref().is_none_or(|last| last != digest) {
                by_place.push(&record[..PLACE], &record[PLACE..])?;
                last = digest.try_into().ok();
            }
        }
        drop(by_digest);
        let mut by_place = by_place.finish()?;
        while let Some((_, item)) = next(frame, &mut by_place)? {
            frame.give(item)?;
        }
        Ok(())
    }
}
