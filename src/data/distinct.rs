//! This module finds the first record of each digest. Digests are kept in memory up to a bound; records whose digest
//! is not among those are sorted out on the disk. The caller makes the digests.

use std::collections::HashSet;

use crate::data::spill_space::SpillSpace;
use crate::data::{DataError, Sorted, Sorter};

/// Digests kept in memory: as many as a hash table of 8 million places holds, in about 150 MB.
const DIGESTS_MAX: usize = 7_000_000;
/// Where a record came, before its text.
const PLACE: usize = size_of::<u64>();
/// Records between two looks at what else there is to do.
const STRIDE: u64 = 4096;

/// The records of a list whose digest comes for the first time: certain at once, or found at the end on the disk.
#[derive(Debug)]
pub struct Distinct {
    space: SpillSpace,
    seen: HashSet<u128>,
    most: usize,
    sorter_max: Option<usize>,
    /// Records whose digests are not in `seen`: by digest, place and text.
    rest: Option<Sorter>,
    places: u64,
    buffer: Vec<u8>,
}

impl Distinct {
    /// Nothing has been seen; temporary files, when needed, go to `space`.
    pub fn new(space: impl Into<SpillSpace>) -> Self {
        Self {
            space: space.into(),
            seen: HashSet::new(),
            most: DIGESTS_MAX,
            sorter_max: None,
            rest: None,
            places: 0,
            buffer: Vec::new(),
        }
    }

    /// Whether the record is the first of its digest for certain. Otherwise it is a repetition, or one of those that
    /// [`Distinct::finish`] decides about.
    ///
    /// # Errors
    /// Fails when the temporary file cannot be made or written.
    pub fn take(&mut self, digest: u128, record: &[u8]) -> Result<bool, DataError> {
        if self.seen.contains(&digest) {
            return Ok(false);
        }
        if self.seen.len() < self.most {
            self.seen.insert(digest);
            return Ok(true);
        }
        if self.rest.is_none() {
            self.rest = Some(self.sorter());
        }
        let Some(rest) = &mut self.rest else { return Ok(false) };
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.places.to_be_bytes());
        self.buffer.extend_from_slice(record);
        self.places += 1;
        rest.push(&digest.to_be_bytes(), &self.buffer)?;
        Ok(false)
    }

    /// The first records that were not certain, as values, in the order in which they came. `look` is called now and
    /// then and may end it.
    ///
    /// # Errors
    /// Fails when the temporary files cannot be made, written or read, and with the error of `look`.
    pub fn finish<E: From<DataError>>(
        mut self,
        look: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<Option<Sorted>, E> {
        self.seen = HashSet::new();
        let Some(rest) = self.rest.take() else { return Ok(None) };
        let mut by_digest = rest.finish()?;
        let mut by_place = self.sorter();
        let mut last: Option<[u8; 16]> = None;
        let mut passed = 0_u64;
        while let Some((digest, record)) = by_digest.next()? {
            passed += 1;
            if passed.is_multiple_of(STRIDE) {
                look()?;
            }
            if last.as_ref().is_none_or(|last| last != digest) {
                by_place.push(&record[..PLACE], &record[PLACE..])?;
                last = digest.try_into().ok();
            }
        }
        drop(by_digest);
        Ok(Some(by_place.finish()?))
    }

    fn sorter(&self) -> Sorter {
        let sorter = Sorter::new(self.space.clone());
        match self.sorter_max {
            Some(bytes) => sorter.with_memory(bytes),
            None => sorter,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn for_any_records_and_any_bound_the_first_of_each_digest_stays_in_its_place(
            digests in prop::collection::vec(0..20_u128, 0..100),
            most in 0..25_usize,
            bytes in 0..2000_usize,
        ) {
            let dir = tempfile::tempdir().expect("a folder");
            let mut firsts = Distinct { most, sorter_max: Some(bytes), ..Distinct::new(dir.path()) };
            let (mut seen, mut expect, mut known) = (Vec::new(), Vec::new(), HashSet::new());
            for (at, digest) in digests.into_iter().enumerate() {
                let record = at.to_string().into_bytes();
                if firsts.take(digest, &record).expect("writable") {
                    seen.push(record.clone());
                }
                if known.insert(digest) {
                    expect.push(record);
                }
            }
            let late = firsts.finish::<DataError>(&mut || Ok(())).expect("readable");
            if let Some(mut late) = late {
                while let Some((_, record)) = late.next().expect("readable") {
                    seen.push(record.to_vec());
                }
            }
            prop_assert_eq!(seen, expect);
        }
    }
}
