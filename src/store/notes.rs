//! The notes of a commit are a block behind its endings that programs reading zstd skip: they say of its items what
//! digests cannot say, so that a database can be made again from segments alone.
//!
//! A commit of which there is nothing to note has none. The block carries its place and a checksum, like the endings.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::endings::BlockPlace;
use super::packed::{self, Compressor};
use super::{FailedItem, LogEntry, RetriedItem};
use crate::event::{Tally, Timing};

/// Notes are skipped as endings are, and told from them by the last four bits.
const SKIPPABLE: u32 = 0x184D_2A5E;
const TAG: &[u8; 4] = b"FRN1";
/// Up to the packed text.
const HEAD_BYTES: usize = 40;

/// A failure with its item's index and key.
pub(super) type FailedRow = (u64, String, Box<FailedItem>);

/// A skipped item: index, key and reason.
pub(super) type SkippedRow = (u64, String, Option<String>);

/// All that there is to say of a commit besides results and digests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Notes {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) failed: Vec<FailedRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) skipped: Vec<SkippedRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) retried: Vec<RetriedItem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logs: Vec<LogEntry>,
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) logs_left_out: u64,
    /// First index and count of items that were not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cancelled: Vec<(u64, u64)>,
    /// How long items took so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timing: Option<Timing>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives fields by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Notes {
    /// How the items of a commit have ended, so many of which succeeded.
    pub(super) fn tally(&self, succeeded: u64) -> Tally {
        Tally {
            succeeded,
            failed: self.failed.len() as u64,
            skipped: self.skipped.len() as u64,
            // An item is tried again for the first time once.
            retried: self.retried.iter().filter(|item| item.attempt == 1).count() as u64,
            ..Tally::default()
        }
    }

    /// The text of the block, packed; empty when there is nothing to note.
    pub(super) fn pack(&self, compressor: &mut Compressor) -> std::io::Result<Vec<u8>> {
        if *self == Self::default() {
            return Ok(Vec::new());
        }
        let text = serde_json::to_vec(self).expect("texts and numbers are JSON");
        compressor.pack(&text)
    }

    /// Reads a block that stands behind the endings at `place`; `None`: it is damaged or does not belong there.
    pub(super) fn decode(block: &[u8], place: BlockPlace) -> Option<Self> {
        let (checked, checksum) = block.split_last_chunk()?;
        let text = checked.strip_prefix(head(place, block.len()).as_slice())?;
        if xxh3_64(&checked[8..]) != u64::from_le_bytes(*checksum) {
            return None;
        }
        serde_json::from_slice(&packed::unpack(text)?).ok()
    }
}

/// Bytes of the block that a packed text makes; none for nothing.
pub(super) fn block_length(packed: &[u8]) -> usize {
    if packed.is_empty() { 0 } else { HEAD_BYTES + packed.len() + 8 }
}

/// Appends the block of a packed text to `out`, unless there is nothing to note.
pub(super) fn encode(packed: &[u8], place: BlockPlace, out: &mut Vec<u8>) {
    if packed.is_empty() {
        return;
    }
    let start = out.len();
    out.extend_from_slice(&head(place, block_length(packed)));
    out.extend_from_slice(packed);
    let checksum = xxh3_64(&out[start + 8..]);
    out.extend_from_slice(&checksum.to_le_bytes());
}

/// How a block of so many bytes begins.
fn head(place: BlockPlace, length: usize) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    head.extend_from_slice(&SKIPPABLE.to_le_bytes());
    head.extend_from_slice(&(length.saturating_sub(8) as u32).to_le_bytes());
    head.extend_from_slice(TAG);
    head.extend_from_slice(&place.segment.to_le_bytes());
    for number in [place.tag, place.offset, place.length] {
        head.extend_from_slice(&number.to_le_bytes());
    }
    head
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{FailureKind, LogLevel};
    use crate::store::tests::fixture::failed;

    const PLACE: BlockPlace = BlockPlace { tag: 9, segment: 2, offset: 1000, length: 77 };

    fn notes(count: u64) -> Notes {
        let mut timing = Timing::default();
        timing.record(1, count, std::time::Duration::from_micros(7));
        Notes {
            failed: (0..count)
                .map(|at| (at, format!("k{at}"), Box::new(failed("a\"\n", at % 2 == 0))))
                .collect(),
            skipped: vec![(7, "k".to_owned(), None), (9, "é".to_owned(), Some("reason".to_owned()))],
            retried: vec![RetriedItem {
                index: 1,
                attempt: 2,
                kind: FailureKind::BadRow,
                message: "m".into(),
            }],
            logs: vec![LogEntry {
                index: 3,
                level: LogLevel::Warn,
                message: "\u{1}".to_owned(),
                fields: None,
            }],
            logs_left_out: count,
            cancelled: vec![(4, u64::MAX)],
            timing: Some(timing),
        }
    }

    fn block(notes: &Notes) -> Vec<u8> {
        let packed = notes.pack(&mut Compressor::default()).expect("room");
        let mut bytes = Vec::new();
        encode(&packed, PLACE, &mut bytes);
        assert_eq!(bytes.len(), block_length(&packed));
        bytes
    }

    #[test]
    fn nothing_to_note_takes_no_room() {
        assert_eq!(block(&Notes::default()), b"");
    }

    #[test]
    fn a_block_is_skipped_by_zstd_readers_and_believed_only_at_its_place() {
        let bytes = block(&notes(2));
        assert_eq!(zstd::stream::decode_all(bytes.as_slice()).expect("valid"), b"");
        assert_eq!(Notes::decode(&bytes, PLACE), Some(notes(2)));
        for place in [
            BlockPlace { tag: 8, ..PLACE },
            BlockPlace { segment: 1, ..PLACE },
            BlockPlace { offset: 1001, ..PLACE },
            BlockPlace { length: 76, ..PLACE },
        ] {
            assert_eq!(Notes::decode(&bytes, place), None);
        }
    }

    proptest! {
        #[test]
        fn for_every_damage_notes_are_what_was_written_or_nothing(
            count in 0..5_u64,
            flip in any::<prop::sample::Index>(),
            bit in 0..8_u8,
            cut in any::<prop::sample::Index>(),
        ) {
            let (written, mut bytes) = (notes(count), block(&notes(count)));
            prop_assert_eq!(Notes::decode(&bytes, PLACE), Some(written));
            prop_assert_eq!(Notes::decode(&bytes[..cut.index(bytes.len())], PLACE), None);
            let at = flip.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Notes::decode(&bytes, PLACE), None, "byte {}", at);
        }
    }
}
