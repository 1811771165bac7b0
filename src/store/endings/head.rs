//! The head of a block of endings says how each item of a commit ended and where the rest of the block lies. This module
//! reads what the block says, in this format and the one before.

use xxhash_rust::xxh3::xxh3_64;

use super::{
    BlockPlace, CommitFacts, DIGEST_BYTES, EndingKind, EndingSpan, Endings, HEAD_1_BYTES, HEAD_BYTES, KEYED,
    MIXED, SKIPPABLE, SPAN_BYTES, TAG, TAG_1,
};
use crate::store::Digest;

/// The part of a block that says which items it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct BlockHead {
    pub(in crate::store) spans: Vec<EndingSpan>,
    pub(in crate::store) states: Vec<u8>,
    /// Items.
    pub(in crate::store) rows: u32,
    /// `None`: it is one of format 1.
    pub(in crate::store) facts: Option<CommitFacts>,
    /// Its own bytes.
    pub(in crate::store) length: usize,
    keyed: bool,
}

/// How many bytes the head of a block takes whose first [`HEAD_BYTES`] are these; `None`: it is none.
pub(in crate::store) fn head_length(bytes: &[u8]) -> Option<usize> {
    if number(bytes, 0)? as u32 != SKIPPABLE {
        return None;
    }
    let mixed = bytes.get(12)? & MIXED != 0;
    let (rows, spans) = (number(bytes, 16)? as u32 as usize, number(bytes, 20)? as u32 as usize);
    let length = fixed_bytes(bytes)? + spans * SPAN_BYTES + if mixed { rows } else { 0 } + 8;
    (length <= 8 + (number(bytes, 4)? as u32) as usize).then_some(length)
}

/// Bytes before the first span.
fn fixed_bytes(bytes: &[u8]) -> Option<usize> {
    match bytes.get(8..12)? {
        tag if tag == TAG => Some(HEAD_BYTES),
        tag if tag == TAG_1 => Some(HEAD_1_BYTES),
        _ => None,
    }
}

impl BlockHead {
    /// Reads the head of a block that stands at `place`; `None`: it is damaged or does not belong there.
    pub(in crate::store) fn decode(bytes: &[u8], place: BlockPlace) -> Option<Self> {
        let (length, fixed) = (head_length(bytes)?, fixed_bytes(bytes)?);
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
        let (rows, spans) = (number(bytes, 16)? as u32, number(bytes, 20)? as u32 as usize);
        let states_at = fixed + spans * SPAN_BYTES;
        let spans: Vec<EndingSpan> =
            bytes[fixed..states_at].chunks_exact(SPAN_BYTES).filter_map(span).collect();
        let states = bytes[states_at..length - 8].to_vec();
        let whole = spans.iter().map(|span| u64::from(span.count)).sum::<u64>() == u64::from(rows);
        let known = states.iter().all(|byte| EndingKind::from_byte(*byte).is_some());
        let facts = if fixed == HEAD_BYTES { Some(facts(bytes)?) } else { None };
        let keyed = bytes[12] & KEYED != 0;
        let head = Self { spans, states, rows, facts, length, keyed };
        // Whoever skips the block goes by a length that no checksum covers.
        let is_as_long = head.block_length() == 8 + u64::from(number(bytes, 4)? as u32);
        (written == place && whole && known && is_as_long).then_some(head)
    }

    /// The endings that it begins, with the digests of their items.
    pub(in crate::store) fn endings(&self, identities: Vec<Digest>, contents: Vec<Digest>) -> Endings {
        Endings { spans: self.spans.clone(), states: self.states.clone(), identities, contents }
    }

    /// How item `row` ended.
    pub(in crate::store) fn state(&self, row: usize) -> EndingKind {
        self.states.get(row).and_then(|byte| EndingKind::from_byte(*byte)).unwrap_or(EndingKind::Succeeded)
    }

    /// How many items ended so.
    pub(in crate::store) fn count(&self, kind: EndingKind) -> u64 {
        (0..self.rows as usize).filter(|row| self.state(*row) == kind).count() as u64
    }

    /// Bytes behind the head.
    pub(in crate::store) fn body_length(&self) -> usize {
        self.rows as usize * DIGEST_BYTES * if self.keyed { 2 } else { 1 } + 8
    }

    /// Bytes of the block.
    pub(in crate::store) fn block_length(&self) -> u64 {
        (self.length + self.body_length()) as u64
    }

    /// Bytes of all blocks behind the results: this one, and the notes.
    pub(in crate::store) fn blocks_length(&self) -> u64 {
        self.block_length() + self.facts.map_or(0, |facts| u64::from(facts.notes))
    }

    /// Reads what stands behind the head: identities, and contents where they are something else.
    pub(in crate::store) fn digests(&self, body: &[u8]) -> Option<(Vec<Digest>, Vec<Digest>)> {
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

fn span(bytes: &[u8]) -> Option<EndingSpan> {
    Some(EndingSpan { first: number(bytes, 0)?, count: number(bytes, 8)? as u32 })
}

fn facts(bytes: &[u8]) -> Option<CommitFacts> {
    Some(CommitFacts {
        at: number(bytes, 56)?,
        bytes: number(bytes, 64)?,
        emitted: number(bytes, 72)?,
        checksum: number(bytes, 36)? as u32,
        notes: u32::try_from(number(bytes, 80)?).ok()?,
    })
}

/// Eight bytes at `at`, as a number; the last ones of a text may be four.
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
    use crate::store::endings::Endings;

    const PLACE: BlockPlace = BlockPlace { tag: 9, segment: 2, offset: 1000, length: 77 };
    const FACTS: CommitFacts = CommitFacts { at: 5, bytes: 1 << 40, emitted: 6, checksum: 7, notes: 8 };

    fn read(bytes: &[u8], place: BlockPlace) -> Option<Endings> {
        let head = BlockHead::decode(bytes, place)?;
        let (identities, contents) = head.digests(bytes.get(head.length..)?)?;
        assert_eq!((head.facts, head.blocks_length()), (Some(FACTS), bytes.len() as u64 + 8));
        Some(Endings { spans: head.spans, states: head.states, identities, contents })
    }

    fn endings(rows: u32, keyed: bool, mixed: bool) -> Endings {
        let digest = |row: u32| Digest::of(&row.to_le_bytes());
        Endings {
            spans: vec![
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
        endings(3, true, true).encode(PLACE, &FACTS, &mut bytes);
        assert_eq!(zstd::stream::decode_all(bytes.as_slice()).expect("valid"), b"");
        assert_eq!(bytes.len(), 8 + u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize);
    }

    #[test]
    fn a_block_is_believed_only_at_its_place() {
        let mut bytes = Vec::new();
        endings(3, false, false).encode(PLACE, &FACTS, &mut bytes);
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
            written.encode(PLACE, &FACTS, &mut bytes);
            prop_assert_eq!(read(&bytes, PLACE), Some(written.clone()));
            prop_assert_eq!(read(&bytes[..cut.index(bytes.len())], PLACE), None);
            let at = flip.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let found = read(&bytes, PLACE);
            prop_assert!(found.is_none() || found == Some(written), "byte {}", at);
        }
    }
}
