//! The endings of a commit are a block behind its results that programs reading zstd skip: it says which items the
//! commit ended and how, by digests.
//!
//! A run of millions of items is opened without unpacking their results. The block carries checksums and its own place,
//! so that a block of zeros, of another run or of another place in the file is never believed, and no other results
//! before it.

mod head;

pub(super) use self::head::{BlockHead, head_length};

use xxhash_rust::xxh3::xxh3_64;

use super::Digest;

/// Frames that begin with this (and end after as many bytes as the next four say) are skipped by zstd readers.
pub(super) const SKIPPABLE: u32 = 0x184D_2A5F;
/// Format 1: the result lines say the digests too, and notes do not follow.
const TAG_1: &[u8; 4] = b"FRE1";
const TAG: &[u8; 4] = b"FRE2";
/// Up to the first span: what says how long the rest is.
const HEAD_1_BYTES: usize = 56;
/// As [`HEAD_1_BYTES`], with the facts behind it.
pub(super) const HEAD_BYTES: usize = 88;
const SPAN_BYTES: usize = 12;
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

/// The same for what the attempt `source` at a shard of the step has written; empty: the run itself.
pub(super) fn tag_of_source(run: &str, step: &str, source: &str) -> u64 {
    if source.is_empty() { tag(run, step) } else { tag(run, &format!("{step}/{source}")) }
}

/// What a commit is, besides its items. Of format 1, nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CommitFacts {
    /// When it was made, in microseconds since 1970.
    pub(super) at: u64,
    /// Bytes of its results before they were packed.
    pub(super) bytes: u64,
    /// Results that it gives on.
    pub(super) emitted: u64,
    /// The checksum that its packed results end with; 0 where there are none.
    pub(super) checksum: u32,
    /// Bytes of the block of notes behind this one.
    pub(super) notes: u32,
}

/// The items of one commit, in the order of their indices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endings {
    pub(super) spans: Vec<EndingSpan>,
    /// One for each item; empty when all succeeded.
    pub(super) states: Vec<u8>,
    pub(super) identities: Vec<Digest>,
    /// Only for steps with `key:`; otherwise the identities are those of the contents.
    pub(super) contents: Vec<Digest>,
}

impl Endings {
    /// Appends the block to `out`.
    pub(super) fn encode(&self, place: BlockPlace, facts: &CommitFacts, out: &mut Vec<u8>) {
        let start = out.len();
        self.encode_head(place, facts, out);
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

    fn encode_head(&self, place: BlockPlace, facts: &CommitFacts, out: &mut Vec<u8>) {
        out.extend_from_slice(&SKIPPABLE.to_le_bytes());
        // The size of the block, once it is known.
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(TAG);
        let mixed = if self.states.is_empty() { 0 } else { MIXED };
        let keyed = if self.contents.is_empty() { 0 } else { KEYED };
        out.extend_from_slice(&[mixed | keyed, 0, 0, 0]);
        out.extend_from_slice(&(self.identities.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.spans.len() as u32).to_le_bytes());
        out.extend_from_slice(&place.tag.to_le_bytes());
        out.extend_from_slice(&place.segment.to_le_bytes());
        out.extend_from_slice(&facts.checksum.to_le_bytes());
        for number in [place.offset, place.length, facts.at, facts.bytes, facts.emitted] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&u64::from(facts.notes).to_le_bytes());
        for span in &self.spans {
            out.extend_from_slice(&span.first.to_le_bytes());
            out.extend_from_slice(&span.count.to_le_bytes());
        }
        out.extend_from_slice(&self.states);
    }
}
