//! The endings of a commit are a block behind its results that programs reading zstd skip: it says which items the
//! commit ended and how.
//!
//! It says by digests what the result lines say in words, so that a run of millions of items can be opened without
//! unpacking their results. It carries checksums and its own place, so that a block of zeros, of another run or of
//! another place in the file is never believed.

use xxhash_rust::xxh3::xxh3_64;

use super::Digest;

/// Frames that begin with this (and end after as many bytes as the next four say) are skipped by zstd readers.
pub(super) const SKIPPABLE: u32 = 0x184D_2A5F;
const TAG: &[u8; 4] = b"FRE1";
/// Up to the first run: what says how long the rest is.
pub(super) const HEAD_BYTES: usize = 56;
const RUN_BYTES: usize = 12;
const DIGEST_BYTES: usize = 16;
const KEYED: u8 = 1;
const MIXED: u8 = 2;

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum EndingKind {
    /// It has a line among the results.
    Succeeded,
    /// It has a row in `skipped`.
    Skipped,
    /// It has a row in `failures`.
    Failed,
    /// As [`EndingKind::Failed`], by `flow.fail`.
    FailedForGood,
}

impl EndingKind {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Succeeded, Self::Skipped, Self::Failed, Self::FailedForGood].get(usize::from(byte)).copied()
    }
}

/// Items with consecutive indices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndingSpan {
    pub(super) first: u64,
    pub(super) count: u32,
}

/// Where a block stands. Part of it, so that it is believed nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockPlace {
    /// Says which run and step: see [`tag`].
    pub(super) tag: u64,
    pub(super) segment: u32,
    /// Where the commit's results begin in the segment.
    pub(super) offset: u64,
    /// How long they are; the block follows.
    pub(super) length: u64,
}

/// Tells steps of all runs apart.
pub(super) fn tag(run: &str, step: &str) -> u64 {
    xxh3_64(format!("{run}/{step}").as_bytes())
}

/// The items of one commit, in the order of their indices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endings {
    pub(super) runs: Vec<EndingSpan>,
    /// One for each item; empty when all succeeded.
    pub(super) states: Vec<u8>,
    pub(super) identities: Vec<Digest>,
    /// Only for steps with `key:`; otherwise the identities are those of the contents.
    pub(super) contents: Vec<Digest>,
}

impl Endings {
    /// Appends the block to `out`.
    pub(super) fn encode(&self, place: BlockPlace, out: &mut Vec<u8>) {
        let rows = self.identities.len();
        let start = out.len();
        out.extend_from_slice(&SKIPPABLE.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(TAG);
        let mixed = if self.states.is_empty() { 0 } else { MIXED };
        let keyed = if self.contents.is_empty() { 0 } else { KEYED };
        out.extend_from_slice(&[mixed | keyed, 0, 0, 0]);
        out.extend_from_slice(&(rows as u32).to_le_bytes());
        out.extend_from_slice(&(self.runs.len() as u32).to_le_bytes());
        out.extend_from_slice(&place.tag.to_le_bytes());
        out.extend_from_slice(&place.segment.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&place.offset.to_le_bytes());
        out.extend_from_slice(&place.length.to_le_bytes());
        for run in &self.runs {
            out.extend_from_slice(&run.first.to_le_bytes());
            out.extend_from_slice(&run.count.to_le_bytes());
        }
        out.extend_from_slice(&self.states);
        let head = xxh3_64(&out[start + 8..]);
        out.extend_from_slice(&head.to_le_bytes());
        let body = out.len();
        for digest in self.identities.iter().chain(&self.contents) {
            out.extend_from_slice(&digest.0.to_le_bytes());
        }
        let body = xxh3_64(&out[body..]);
        out.extend_from_slice(&body.to_le_bytes());
        let size = (out.len() - start - 8) as u32;
        out[start + 4..start + 8].copy_from_slice(&size.to_le_bytes());
    }
}

/// The part of a block that says which items it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlockHead {
    pub(super) runs: Vec<EndingSpan>,
    pub(super) states: Vec<u8>,
    /// Items.
    pub(super) rows: u32,
    keyed: bool,
}

/// How many bytes the head of a block takes whose first [`HEAD_BYTES`] are these; `None`: it is none.
pub(super) fn head_length(bytes: &[u8]) -> Option<usize> {
    if number(bytes, 0)? as u32 != SKIPPABLE || bytes.get(8..12)? != TAG {
        return None;
    }
    let mixed = bytes.get(12)? & MIXED != 0;
    let (rows, runs) = (number(bytes, 16)? as u32 as usize, number(bytes, 20)? as u32 as usize);
    let length = HEAD_BYTES + runs * RUN_BYTES + if mixed { rows } else { 0 } + 8;
    (length <= 8 + (number(bytes, 4)? as u32) as usize).then_some(length)
}

impl BlockHead {
    /// Reads the head of a block that stands at `place`; `None`: it is damaged or does not belong there.
    pub(super) fn decode(bytes: &[u8], place: BlockPlace) -> Option<Self> {
        let length = head_length(bytes)?;
        let checked = bytes.get(8..length - 8)?;
        if xxh3_64(checked) != number(bytes, length - 8)? {
            return None;
        }
        let written = BlockPlace {
            tag: number(bytes, 24)?,
            segment: number(bytes, 32)? as u32,
            offset: number(bytes, 40)?,
            length: number(bytes, 48)?,
        };
        let (rows, runs) = (number(bytes, 16)? as u32, number(bytes, 20)? as u32 as usize);
        let states_at = HEAD_BYTES + runs * RUN_BYTES;
        let runs: Vec<EndingSpan> = bytes[HEAD_BYTES..states_at]
            .chunks_exact(RUN_BYTES)
            .map(|run| {
                let first = number(run, 0).expect("a run has twelve bytes");
                EndingSpan { first, count: u32::from_le_bytes([run[8], run[9], run[10], run[11]]) }
            })
            .collect();
        let states = bytes[states_at..length - 8].to_vec();
        let whole = runs.iter().map(|run| u64::from(run.count)).sum::<u64>() == u64::from(rows);
        let known = states.iter().all(|byte| EndingKind::from_byte(*byte).is_some());
        let keyed = bytes[12] & KEYED != 0;
        (written == place && whole && known).then_some(Self { runs, states, rows, keyed })
    }

    /// How item `row` ended.
    pub(super) fn state(&self, row: usize) -> EndingKind {
        self.states.get(row).and_then(|byte| EndingKind::from_byte(*byte)).unwrap_or(EndingKind::Succeeded)
    }

    /// Bytes behind the head.
    pub(super) fn body_length(&self) -> usize {
        self.rows as usize * DIGEST_BYTES * if self.keyed { 2 } else { 1 } + 8
    }

    /// Reads what stands behind the head: identities, and contents where they are something else.
    pub(super) fn digests(&self, body: &[u8]) -> Option<(Vec<Digest>, Vec<Digest>)> {
        let bytes = body.get(..self.body_length() - 8)?;
        if xxh3_64(bytes) != number(body, bytes.len())? {
            return None;
        }
        let mut identities: Vec<Digest> = bytes
            .chunks_exact(DIGEST_BYTES)
            .map(|digest| Digest(u128::from_le_bytes(digest.try_into().expect("sixteen bytes"))))
            .collect();
        let contents = identities.split_off(self.rows as usize);
        Some((identities, contents))
    }
}

/// Eight bytes at `at`, as a number.
fn number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?;
    let mut eight = [0; 8];
    let count = bytes.len().min(8);
    eight[..count].copy_from_slice(&bytes[..count]);
    (count >= 4).then(|| u64::from_le_bytes(eight))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: BlockPlace = BlockPlace { tag: 9, segment: 2, offset: 1000, length: 77 };

    fn read(bytes: &[u8], place: BlockPlace) -> Option<Endings> {
        let head = BlockHead::decode(bytes, place)?;
        let (identities, contents) = head.digests(bytes.get(head_length(bytes)?..)?)?;
        Some(Endings { runs: head.runs, states: head.states, identities, contents })
    }

    fn endings(rows: u32, keyed: bool, mixed: bool) -> Endings {
        let digest = |row: u32| Digest::of(&row.to_le_bytes());
        Endings {
            runs: vec![
                EndingSpan { first: 5, count: rows.min(2) },
                EndingSpan { first: 90, count: rows - rows.min(2) },
            ],
            states: if mixed { (0..rows).map(|row| (row % 4) as u8).collect() } else { Vec::new() },
            identities: (0..rows).map(digest).collect(),
            contents: if keyed { (100..100 + rows).map(digest).collect() } else { Vec::new() },
        }
    }

    #[test]
    fn a_block_is_skipped_by_zstd_readers() {
        let mut bytes = Vec::new();
        endings(3, true, true).encode(PLACE, &mut bytes);
        assert_eq!(zstd::stream::decode_all(bytes.as_slice()).expect("valid"), b"");
        assert_eq!(bytes.len(), 8 + u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize);
    }

    #[test]
    fn a_block_is_believed_only_at_its_place() {
        let mut bytes = Vec::new();
        endings(3, false, false).encode(PLACE, &mut bytes);
        assert_eq!(read(&bytes, PLACE), Some(endings(3, false, false)));
        for place in [
            BlockPlace { tag: 8, ..PLACE },
            BlockPlace { segment: 1, ..PLACE },
            BlockPlace { offset: 1001, ..PLACE },
            BlockPlace { length: 76, ..PLACE },
        ] {
            assert_eq!(read(&bytes, place), None);
        }
    }

    proptest! {
        #[test]
        fn for_every_block_what_is_read_is_what_was_written_or_nothing(
            rows in 1..40_u32,
            keyed in any::<bool>(),
            mixed in any::<bool>(),
            flip in any::<prop::sample::Index>(),
            bit in 0..8_u8,
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = Vec::new();
            let written = endings(rows, keyed, mixed);
            written.encode(PLACE, &mut bytes);
            prop_assert_eq!(read(&bytes, PLACE), Some(written.clone()));
            prop_assert_eq!(read(&bytes[..cut.index(bytes.len())], PLACE), None);
            let at = flip.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let found = read(&bytes, PLACE);
            prop_assert!(found.is_none() || found == Some(written), "byte {}", at);
        }
    }
}
