//! Items that workers had finished of a step whose coordinator is gone are taken into the books here: whole commits of attempts, whether
//! a record names them or not. It may be done any number of times.

use std::fs::{self, File};
use std::path::Path;

use rusqlite::{Connection, params};

use super::attempt_state::AttemptFrame;
use super::place::{self, RemotePlace};
use super::read_shard::{ReadCommit, ReadShard, items_of, read_commit};
use super::source_name::source_name;
use crate::store::endings::{self, BlockPlace};
use crate::store::rows::{self, CommitRow};
use crate::store::{StoreError, StoredRun, paths};
use crate::store::{segment, shard_row};
use crate::value::{Covered, Indices};

/// Takes what all sent steps of the run in this folder had finished into its database, and says what that is.
pub(in crate::store) fn salvage(run: &Path, connection: &mut Connection) -> Result<Vec<String>, StoreError> {
    let mut said = Vec::new();
    let Ok(steps) = fs::read_dir(paths::steps(run)) else { return Ok(said) };
    for step in steps.flatten() {
        let name = step.file_name().to_string_lossy().into_owned();
        let place = RemotePlace::open(step.path().join("remote"));
        if !place.path().is_dir() {
            continue;
        }
        let index = StoredRun::open(run)?.index(&name)?;
        let mut committed = Covered::default();
        for span in &index.spans {
            committed.add(&Indices::run(span.first, u64::from(span.count)));
        }
        let mut step = SalvagedStep { run, name, place, connection, committed };
        let items = step.take_over()?;
        if items > 0 {
            let name = &step.name;
            said.push(format!("{items} items of step `{name}` that its workers had finished are taken over"));
        }
        step.place.clear(false)?;
    }
    place::clear_items(run)?;
    Ok(said)
}

impl RemotePlace {
    /// Whole commits in the files of all attempts, of items that are not committed and are then, of a step of a run.
    ///
    /// # Errors
    /// Fails when the attempts cannot be listed. A file that cannot be read has none.
    pub fn leftovers(
        &self,
        (run, step): (&str, &str),
        committed: &mut Covered,
    ) -> Result<Vec<ReadShard>, StoreError> {
        let mut attempts = self.all_attempts()?;
        attempts.sort();
        let mut left = Vec::new();
        for (shard, attempt) in attempts {
            let source = source_name(&shard, attempt);
            let path = self.attempt(&shard, attempt);
            let tag = endings::tag_of_source(run, step, &source);
            let Ok(found) = segment::scan(&path, |_| (tag, 0)) else { continue };
            let Ok(file) = File::open(&path) else { continue };
            let (mut commits, mut own): (Vec<ReadCommit>, _) = (Vec::new(), Covered::default());
            for found in &found.commits {
                let BlockPlace { offset, length, .. } = found.place;
                let frame = AttemptFrame { offset, length, endings: found.head.blocks_length() };
                let Some(commit) = read_commit(&file, found.place, &frame) else { continue };
                let items = items_of(&commit.spans).filter(|items| !items.is_empty());
                if let Some(items) = items.filter(|items| !committed.overlaps(items)) {
                    committed.add(&items);
                    own.add(&items);
                    commits.push(commit);
                }
            }
            if !commits.is_empty() {
                left.push(ReadShard::of_commits(path, (&shard, attempt), (commits, own.indices())));
            }
        }
        Ok(left)
    }
}

struct SalvagedStep<'a> {
    run: &'a Path,
    name: String,
    place: RemotePlace,
    connection: &'a mut Connection,
    committed: Covered,
}

impl SalvagedStep<'_> {
    /// How many items were taken over.
    fn take_over(&mut self) -> Result<u64, StoreError> {
        let before = self.committed.count();
        let id = paths::id(self.run);
        for shard in self.place.leftovers((&id, &self.name), &mut self.committed)? {
            let segment = segment::link_next(&shard.path, (self.run, &self.name), 0)?;
            let database = paths::database(self.run);
            self.name(segment, &shard).map_err(|error| StoreError::sql("write", &database, error))?;
        }
        Ok(self.committed.count() - before)
    }

    fn name(&mut self, segment: u32, shard: &ReadShard) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        let sql = "SELECT coalesce(max(seq), 0) FROM commits";
        let before = transaction.query_row(sql, params![], |row| row.get::<_, i64>(0))?;
        import(&transaction, (&self.name, segment), shard, before)?;
        transaction.commit()
    }
}

/// Names the commits of a shard that was taken over, behind so many others. It gives how many there are then.
pub(in crate::store) fn import(
    connection: &Connection,
    (step, segment): (&str, u32),
    shard: &ReadShard,
    mut commits: i64,
) -> rusqlite::Result<i64> {
    for commit in &shard.commits {
        let ReadCommit { place, endings, facts, spans, lines, notes } = commit;
        let (place, endings, facts, lines) = (*place, *endings, *facts, *lines);
        let source = &*shard.source;
        commits += 1;
        let row = CommitRow { step, place, segment, source, endings, facts, spans, lines };
        rows::commit(connection, commits, &row)?;
        rows::notes(connection, step, facts.at, notes)?;
    }
    shard.row.as_ref().map_or(Ok(()), |row| shard_row::write(connection, step, row))?;
    Ok(commits)
}
