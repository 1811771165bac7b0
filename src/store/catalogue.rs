//! The catalogue knows all runs of a state folder: which there are, which one is meant, how much room they take, and
//! which may go.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::clock::seconds;
use super::lock::{self, Lock};
use super::{RemotePlace, RunRecord, StoreError, StoredRun, paths, program_copy, repair, run_record};

/// Ids that an error about an ambiguous one names.
const NAMED_MAX: usize = 5;

/// The runs of one state folder.
#[derive(Debug, Clone)]
pub struct Catalogue {
    state: PathBuf,
}

/// A run that was removed, or would be.
#[derive(Debug, Clone, PartialEq)]
pub struct Pruned {
    /// What it said of itself.
    pub record: RunRecord,
    /// Bytes that its files took.
    pub bytes: u64,
}

impl Catalogue {
    /// Of this state folder, which need not exist.
    pub fn new(state: &Path) -> Self {
        Self { state: state.to_path_buf() }
    }

    /// Ids of all runs, the oldest first.
    ///
    /// # Errors
    /// Fails when the folder of runs is there and cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StoreError> {
        let runs = paths::runs(&self.state);
        let entries = match fs::read_dir(&runs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("read", &runs, error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| StoreError::io("read", &runs, error))?;
            // A folder without a database is one that is being made or removed at this moment.
            let signs = [paths::database, paths::record, paths::old_record];
            if signs.iter().any(|sign| sign(&entry.path()).exists()) {
                ids.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        ids.sort();
        Ok(ids)
    }

    /// All runs, the newest first, but for those that a newer flowrun has kept.
    ///
    /// # Errors
    /// Fails when the folder of runs cannot be read, or neither the database of a run nor its segments.
    pub fn list(&self) -> Result<Vec<RunRecord>, StoreError> {
        Ok(self.list_all()?.0)
    }

    /// The same, and what is to be said of runs that a newer flowrun has kept: an error for each.
    ///
    /// # Errors
    /// Fails as [`Catalogue::list`] does.
    pub fn list_all(&self) -> Result<(Vec<RunRecord>, Vec<StoreError>), StoreError> {
        let (mut records, mut newer) = (Vec::new(), Vec::new());
        for id in self.ids()?.into_iter().rev() {
            match self.record(&id) {
                Ok(record) => records.push(record),
                // Removed by somebody else since it was listed.
                Err(_) if !self.path(&id).exists() => {}
                Err(error @ StoreError::Newer { .. }) => newer.push(error),
                Err(error) => return Err(error),
            }
        }
        Ok((records, newer))
    }

    /// What a run says of itself, by its whole id, if it can be read.
    pub fn look(&self, id: &str) -> Option<RunRecord> {
        // No id is no run, though there is a folder of that name.
        if id.is_empty() { None } else { self.record(id).ok() }
    }

    pub(super) fn record(&self, id: &str) -> Result<RunRecord, StoreError> {
        run_record::record_alone(&self.path(id))
    }

    /// The run that is meant by an id, the beginning of one, or `latest`.
    ///
    /// # Errors
    /// Fails with [`StoreError::NoRun`] when no run is meant, with [`StoreError::Ambiguous`] when several are, and
    /// when the folder of runs cannot be read.
    pub fn find(&self, wanted: &str) -> Result<String, StoreError> {
        let ids = self.ids()?;
        let none = || StoreError::NoRun { wanted: wanted.to_owned(), folder: self.state.clone() };
        if wanted == "latest" {
            return ids.last().cloned().ok_or_else(none);
        }
        let lower = wanted.to_lowercase();
        if ids.contains(&lower) {
            return Ok(lower);
        }
        let mut fitting = ids.into_iter().filter(|id| !lower.is_empty() && id.starts_with(&lower));
        let Some(first) = fitting.next() else { return Err(none()) };
        let others: Vec<String> = fitting.take(NAMED_MAX - 1).collect();
        if others.is_empty() {
            return Ok(first);
        }
        let runs = std::iter::once(first).chain(others).collect();
        Err(StoreError::Ambiguous { wanted: wanted.to_owned(), runs })
    }

    /// Opens a run by its whole id.
    ///
    /// # Errors
    /// Fails with [`StoreError::NoRun`] when there is no such run, and when neither its database nor its segments can
    /// be read.
    pub fn open(&self, id: &str) -> Result<StoredRun, StoreError> {
        let path = self.path(id);
        if !path.is_dir() {
            return Err(StoreError::NoRun { wanted: id.to_owned(), folder: self.state.clone() });
        }
        StoredRun::open(&path)
    }

    /// Puts a run in order whose process is gone, and opens it together with those that it resumed, the newest first:
    /// what [`super::Reuse`] reads from. Runs that were removed meanwhile end the line.
    ///
    /// # Errors
    /// Fails with [`StoreError::Live`] while a process is at work on one of the runs, with [`StoreError::NoRun`] when
    /// there is no such run, and when a run cannot be read or put in order.
    pub fn open_to_resume(&self, id: &str) -> Result<(Vec<StoredRun>, Vec<String>), StoreError> {
        let mut said = Vec::new();
        let mut runs = vec![self.repaired(id, &mut said)?];
        while let Some(parent) = runs.last().and_then(|run| run.record().parent.clone()) {
            let known = runs.iter().any(|run| run.record().id == parent);
            if known || !self.path(&parent).is_dir() {
                break;
            }
            runs.push(self.repaired(&parent, &mut said)?);
        }
        Ok((runs, said))
    }

    /// A run together with those that it resumed, the newest first, as they lie there: for those who only look.
    ///
    /// # Errors
    /// Fails when the run itself cannot be opened. One before it that cannot be opened ends the line.
    pub fn open_line(&self, id: &str) -> Result<Vec<StoredRun>, StoreError> {
        let mut runs = vec![self.open(id)?];
        while let Some(parent) = runs.last().and_then(|run| run.record().parent.clone()) {
            let known = runs.iter().any(|run| run.record().id == parent);
            match self.open(&parent) {
                Ok(run) if !known => runs.push(run),
                _ => break,
            }
        }
        Ok(runs)
    }

    /// A run that is over needs no putting in order, and may lie where nothing can be written.
    fn repaired(&self, id: &str, said: &mut Vec<String>) -> Result<StoredRun, StoreError> {
        let run = self.open(id)?;
        if let Some(holder) = run.record().holder.clone() {
            return Err(StoreError::Live { run: id.to_owned(), holder });
        }
        if run.record().ended.is_some() && run.warnings().is_empty() {
            return Ok(run);
        }
        drop(run);
        said.extend(repair::repair(&self.path(id))?);
        self.open(id)
    }

    /// Bytes that a run's files take.
    pub fn size(&self, id: &str) -> u64 {
        bytes_below(&self.path(id))
    }

    /// Removes runs beyond the newest `keep` that began before `before`; without a bound, it is not asked. Runs that
    /// are still going on stay, those too whose workers are and whose coordinator is gone, and so do those that the rest stands on: what a kept run resumed and had not taken over
    /// when it was cut off.
    /// `removes`: otherwise it is only said which would go.
    ///
    /// # Errors
    /// Fails when the runs cannot be listed, and at the first run that cannot be removed.
    pub fn prune(
        &self,
        keep: Option<usize>,
        older_than: Option<Duration>,
        now: SystemTime,
        removes: bool,
    ) -> Result<Vec<Pruned>, StoreError> {
        let records = self.list()?;
        if removes {
            return self.prune_of(records, (keep, older_than), now, |_| true);
        }
        Ok(self.removable(records, (keep, older_than), now, |_| true))
    }

    /// Removes of these runs, the newest first, those that the same bounds let go and that `may_go`.
    ///
    /// # Errors
    /// Fails at the first run that cannot be removed.
    pub fn prune_of(
        &self,
        records: Vec<RunRecord>,
        bounds: (Option<usize>, Option<Duration>),
        now: SystemTime,
        may_go: impl Fn(&RunRecord) -> bool,
    ) -> Result<Vec<Pruned>, StoreError> {
        let mut pruned = Vec::new();
        for one in self.removable(records, bounds, now, may_go) {
            if self.remove(&one.record.id)? {
                pruned.push(one);
            }
        }
        Ok(pruned)
    }

    fn removable(
        &self,
        records: Vec<RunRecord>,
        (keep, older_than): (Option<usize>, Option<Duration>),
        now: SystemTime,
        may_go: impl Fn(&RunRecord) -> bool,
    ) -> Vec<Pruned> {
        let before = older_than.map(|age| seconds(now) - age.as_secs_f64());
        let mut needed: Vec<String> = Vec::new();
        let mut removable = Vec::new();
        for (at, record) in records.into_iter().enumerate() {
            let beyond = keep.is_none_or(|keep| at >= keep);
            let old = before.is_none_or(|before| record.started < before);
            let asked = keep.is_some() || before.is_some();
            // Whose workers may be at work is not over, though nobody coordinates them.
            let is_left = RemotePlace::all(&self.state, &record.id).iter().any(RemotePlace::is_in_use);
            let is_held = record.holder.is_some() || is_left;
            let free = !is_held && !needed.contains(&record.id) && may_go(&record);
            if asked && beyond && old && free {
                let bytes = self.size(&record.id);
                removable.push(Pruned { record, bytes });
                continue;
            }
            // Parents are older, so they come later in the list.
            let stands = record.parent.is_some() && self.was_cut_off(&record);
            needed.extend(record.parent.filter(|_| stands));
        }
        removable
    }

    /// Removes the programs that workers of its runs were, unless there may be any. Gives the bytes that they took.
    ///
    /// # Errors
    /// Fails when the folder of runs cannot be read.
    pub fn remove_programs(&self) -> Result<u64, StoreError> {
        let is_in_use = |id: &String| RemotePlace::all(&self.state, id).iter().any(RemotePlace::is_in_use);
        if !self.live()?.is_empty() || self.ids()?.iter().any(is_in_use) {
            return Ok(0);
        }
        Ok(program_copy::remove_programs(&self.state))
    }

    /// Whether a run may have had more items to take over from the one that it resumed.
    fn was_cut_off(&self, record: &RunRecord) -> bool {
        let unfinished = |run: StoredRun| {
            let steps = run.steps().unwrap_or_default();
            steps
                .iter()
                .any(|step| step.cancelled > 0 || ["cancelled", "running"].contains(&step.status.as_str()))
        };
        match record.status.as_str() {
            "succeeded" => false,
            "failed" => self.open(&record.id).is_ok_and(unfinished),
            _ => true,
        }
    }

    /// `false`: a process is at work on it after all.
    fn remove(&self, id: &str) -> Result<bool, StoreError> {
        let path = self.path(id);
        let lock = match Lock::take(&path) {
            Ok(lock) => Some(lock),
            Err(StoreError::Live { .. }) => return Ok(false),
            Err(_) if lock::holder(&path).is_some() => return Ok(false),
            // The folder decides whether it can be removed.
            Err(_) => None,
        };
        // A run that is half removed must not be taken for one: its name goes first.
        let gone = path.with_file_name(format!(".{id}.removed"));
        fs::rename(&path, &gone).map_err(|error| StoreError::io("remove", &path, error))?;
        drop(lock);
        fs::remove_dir_all(&gone).map_err(|error| StoreError::io("remove", &path, error))?;
        Ok(true)
    }

    pub(super) fn path(&self, id: &str) -> PathBuf {
        paths::run(&self.state, id)
    }
}

fn bytes_below(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => bytes_below(&entry.path()),
        _ => entry.metadata().map_or(0, |metadata| metadata.len()),
    };
    entries.flatten().map(size).sum()
}

#[cfg(test)]
mod tests;
