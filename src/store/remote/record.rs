//! The record of a shard says which frames of which attempt are its results, and what it has left undone. It is a JSON text
//! with a checksum behind it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::attempt_state::{AttemptFrame, AttemptState};
use crate::event::{Tally, Timing, Why};
use crate::value::{Indices, ShardId};

/// Version of what a record says.
const PROTOCOL: u32 = 1;

/// What an item that goes back unfinished has behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whence {
    /// Which item, from 1.
    #[serde(rename = "i")]
    pub index: u64,
    /// Attempts that have failed.
    pub attempts: u32,
    /// One `{kind, message, duration}` for each, as a JSON list.
    pub history: String,
    /// Whole jobs that were over before it was, though it ran from their beginning on.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub outlived: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Who has made a record, for people.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Doer {
    /// Its job: wave and task.
    pub job: (u32, u32),
    /// What the engine calls it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The machine.
    pub node: String,
    /// When it began with the shard, and when it was done with it, in seconds since 1970.
    pub started: f64,
    /// The same for its end.
    pub ended: f64,
    /// Seconds that were lost with attempts before it that have died.
    #[serde(default)]
    pub lost: f64,
}

/// The record of one shard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CommitRecord {
    protocol: u32,
    /// Which shard.
    pub shard: ShardId,
    /// Which attempt at it.
    #[serde(rename = "k")]
    pub attempt: u32,
    /// Bytes of the attempt's file that count.
    pub bytes: u64,
    /// Its frames.
    pub frames: Vec<AttemptFrame>,
    /// Its items by their endings.
    pub tally: Tally,
    /// Results that it gives on.
    pub emitted: u64,
    /// How long its items took.
    pub timing: Timing,
    /// Items that have not ended.
    pub rest: Indices,
    /// Those of them that had been tried.
    pub carry: Vec<Whence>,
    /// Whether the same process goes on with the rest.
    pub goes_on: bool,
    /// Why it was made.
    pub why: Why,
    /// Who has made it.
    #[serde(default)]
    pub by: Doer,
}

impl CommitRecord {
    /// Of an attempt as it stands, at a shard of these items. One that has nothing left is the end of its shard, whatever it
    /// was made for.
    pub fn of((shard, attempt): (ShardId, u32), items: &Indices, state: &AttemptState, why: Why) -> Self {
        let rest = state.left_of(items);
        let AttemptState { frames, bytes, tally, emitted, timing, .. } = state.clone();
        let (carry, goes_on) = (Vec::new(), why == Why::Commit && !rest.is_empty());
        let why = if rest.is_empty() { Why::End } else { why };
        Self {
            protocol: PROTOCOL,
            shard,
            attempt,
            bytes,
            frames,
            tally,
            emitted,
            timing,
            rest,
            carry,
            goes_on,
            why,
            by: Doer::default(),
        }
    }

    /// The same, with what items that it leaves have behind them.
    pub(super) fn carrying(self, carry: Vec<Whence>) -> Self {
        // The first word about an item is the newest.
        let mut known = BTreeSet::new();
        let is_new = |whence: &Whence| self.rest.contains(whence.index) && known.insert(whence.index);
        let mut carry = carry;
        carry.retain(is_new);
        Self { carry, ..self }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("numbers and texts are JSON");
        let checksum = xxh3_64(&text);
        text.extend_from_slice(format!("\n{checksum:016x}\n").as_bytes());
        text
    }

    /// `Err` says what is wrong with it.
    pub(super) fn decode(bytes: &[u8], shard: &ShardId) -> Result<Self, String> {
        let torn = || "it is cut off or its checksum is wrong".to_owned();
        let (text, checksum) = bytes.split_at_checked(bytes.len().saturating_sub(18)).ok_or_else(torn)?;
        if format!("\n{:016x}\n", xxh3_64(text)).as_bytes() != checksum {
            return Err(torn());
        }
        let record: Self =
            serde_json::from_slice(text).map_err(|error| format!("it is no record of a shard: {error}"))?;
        match record {
            Self { protocol, .. } if protocol != PROTOCOL => {
                Err(format!("it is a record of version {protocol}"))
            }
            Self { shard: ref named, .. } if named != shard => {
                Err(format!("it is the record of shard {named}"))
            }
            record => Ok(record),
        }
    }
}
