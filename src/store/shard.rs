//! The record of a run of one shard says which items it has worked on. It is there once the run has ended well, so a run
//! without it is no whole shard.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Catalogue, Digest, RunDir, StoreError, paths};

/// Version of what a record says. Another one is not understood.
pub const SHARD_PROTOCOL: u32 = 1;

/// What the run of one shard has worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardRecord {
    /// [`SHARD_PROTOCOL`] of the flowrun that wrote it.
    pub protocol: u32,
    /// Which shard, from 1.
    pub number: u64,
    /// How many there are.
    pub of: u64,
    /// Digest of the plan.
    pub plan: String,
    /// Seed of jitter and random numbers.
    pub seed: u64,
    /// The steps that it has worked on, by name.
    pub steps: Vec<ShardStep>,
}

/// The slice of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardStep {
    /// The step's name.
    pub step: String,
    /// Items of the step in all.
    pub items: u64,
    /// Index of the first item of the slice, from 1.
    pub first: u64,
    /// Items of the slice.
    pub count: u64,
    /// Digest of all items of the step, not of the slice alone.
    pub digest: String,
}

/// A record as it is kept. What was changed by accident is not believed.
#[derive(Serialize, Deserialize)]
struct KeptRecord {
    #[serde(flatten)]
    record: ShardRecord,
    /// Digest of the record alone, as JSON.
    checksum: String,
}

impl KeptRecord {
    fn of(record: &ShardRecord) -> Self {
        let json = serde_json::to_vec(record).expect("numbers and texts are JSON");
        Self { record: record.clone(), checksum: Digest::of_bytes(&json).to_string() }
    }
}

impl RunDir {
    /// Keeps what the run of a shard has worked on.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn write_shard(&self, record: &ShardRecord) -> Result<(), StoreError> {
        let json = serde_json::to_string(&KeptRecord::of(record)).expect("numbers and texts are JSON");
        self.write_beside(&paths::shard(self.path()), &json)
    }
}

impl Catalogue {
    /// What a run, by its whole id, has worked on as a shard; `None`: it is none, or has not ended well.
    ///
    /// # Errors
    /// Fails when the record is there and cannot be read, or is of another version.
    pub fn shard(&self, id: &str) -> Result<Option<ShardRecord>, StoreError> {
        read(&paths::shard(&self.path(id)))
    }
}

fn read(path: &Path) -> Result<Option<ShardRecord>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => String::new(),
        Err(error) => return Err(StoreError::io("read", path, error)),
    };
    parse(&text).map(Some).map_err(|reason| StoreError::damaged(path, reason))
}

fn parse(text: &str) -> Result<ShardRecord, String> {
    let none = |error: serde_json::Error| format!("it is no record of a shard: {error}");
    let value: serde_json::Value = serde_json::from_str(text).map_err(none)?;
    let version = &value["protocol"];
    if version.is_u64() && *version != SHARD_PROTOCOL {
        return Err(format!(
            "it is a record of version {version}, and this flowrun knows version {SHARD_PROTOCOL}"
        ));
    }
    let kept: KeptRecord = serde_json::from_value(value).map_err(none)?;
    if KeptRecord::of(&kept.record).checksum != kept.checksum {
        return Err("what it says does not go with its checksum".to_owned());
    }
    Ok(kept.record)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> ShardRecord {
        let step = |step: &str| ShardStep {
            step: step.to_owned(),
            items: 7,
            first: 3,
            count: 2,
            digest: "d1".to_owned(),
        };
        let steps = vec![step("clean"), step("words")];
        ShardRecord {
            protocol: SHARD_PROTOCOL,
            number: 2,
            of: 3,
            plan: "p1".to_owned(),
            seed: u64::MAX,
            steps,
        }
    }

    #[test]
    fn for_every_byte_that_is_damaged_a_record_is_what_was_written_or_refused() {
        let text = serde_json::to_string(&KeptRecord::of(&record())).expect("JSON");
        assert_eq!(parse(&text), Ok(record()));
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(damaged) = String::from_utf8(bytes) else { continue };
                let read = parse(&damaged);
                assert!(read.is_err() || read == Ok(record()), "{damaged}");
            }
            assert!(parse(&text[..at]).is_err(), "{at}");
        }
    }

    #[test]
    fn what_is_no_record_of_this_version_is_told() {
        for (text, expect) in [
            ("", "it is no record of a shard: EOF"),
            ("{}", "it is no record of a shard: missing field"),
            ("{\"protocol\":9}", "it is a record of version 9, and this flowrun knows version 1"),
        ] {
            let reason = parse(text).expect_err(text);
            assert!(reason.starts_with(expect), "{reason}");
        }
    }
}
