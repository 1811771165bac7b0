//! This type is the run of one shard, where it lies. What its record says is believed as far as it follows from the shard's
//! number and how many items there are.

use std::path::{Path, PathBuf};

use super::refusal::{AGAIN, Refusal};
use crate::engine::shard::Shard;
use crate::store::{Catalogue, ShardRecord, ShardStep, StoreError, StoredRun};

/// The run of one shard.
#[derive(Debug, Clone)]
pub(super) struct ShardRun {
    /// The state folder.
    pub(super) folder: PathBuf,
    /// Its whole id.
    pub(super) run: String,
    pub(super) record: ShardRecord,
}

impl ShardRun {
    /// The run with this id in a state folder, by its record; `None`: it is no shard, or has not ended well.
    ///
    /// # Errors
    /// Says what is wrong with the record.
    pub(super) fn read(folder: &Path, run: &str) -> Result<Option<Self>, Refusal> {
        let refused = |what: String| Refusal::new(what).help(AGAIN);
        let record = Catalogue::new(folder).shard(run).map_err(|error| refused(error.to_string()))?;
        let Some(record) = record else { return Ok(None) };
        let folder = folder.to_owned();
        match contradiction(&record) {
            None => Ok(Some(Self { folder, run: run.to_owned(), record })),
            Some(what) => Err(refused(format!("run `{run}` in `{}` is no shard: {what}", folder.display()))),
        }
    }

    /// What it has noted of a step.
    pub(super) fn noted(&self, step: &str) -> Option<&ShardStep> {
        self.record.steps.iter().find(|noted| noted.step == step)
    }

    pub(super) fn open(&self) -> Result<StoredRun, StoreError> {
        Catalogue::new(&self.folder).open(&self.run)
    }

    /// `` shard 2/7 in `s2` ``
    pub(super) fn name(&self) -> String {
        format!("shard {}/{} in `{}`", self.record.number, self.record.of, self.folder.display())
    }
}

/// What of a record does not follow from the rest of it.
fn contradiction(record: &ShardRecord) -> Option<String> {
    let shard: Shard = match format!("{}/{}", record.number, record.of).parse() {
        Ok(shard) => shard,
        Err(reason) => return Some(reason),
    };
    record.steps.iter().find_map(|noted| {
        let ShardStep { step, items, first, count, .. } = noted;
        let (before, own) = shard.slice(*items);
        ((*first, *count) != (before + 1, own)).then(|| {
            format!(
                "of the {items} items of step `{step}`, shard {shard} has {own} from {} on, and not {count} from {first} on",
                before + 1
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_follow_is_found() {
        let check =
            |(number, of): (u64, u64), (items, first, count): (u64, u64, u64), expect: Option<&str>| {
                let (step, digest) = ("clean".to_owned(), String::new());
                let steps = vec![ShardStep { step, items, first, count, digest }];
                let record = ShardRecord { protocol: 1, number, of, plan: String::new(), seed: 1, steps };
                assert_eq!(contradiction(&record).as_deref(), expect, "{number}/{of}");
            };
        check((2, 3), (22, 8, 7), None);
        check((1, 3), (0, 1, 0), None);
        check((1, 1), (u64::MAX, 1, u64::MAX), None);
        check((9, 3), (22, 8, 7), Some("there are 3 shards, and none is number 9"));
        check((0, 3), (22, 8, 7), Some("shards are counted from 1, as in `1/3`"));
        check((0, 0), (22, 8, 7), Some("there must be one shard at least"));
        let of_22 = |rest: &str| {
            format!("of the 22 items of step `clean`, shard 2/3 has 7 from 8 on, and not {rest} on")
        };
        check((2, 3), (22, 8, 3), Some(&of_22("3 from 8")));
        check((2, 3), (22, 7, 7), Some(&of_22("7 from 7")));
        check((2, 3), (22, u64::MAX, 7), Some(&of_22("7 from 18446744073709551615")));
    }
}
