//! This module makes the folder of a run that begins: all of it before the first item, so that a full or read-only
//! disk is found out while nothing has happened yet. The committer writes to it afterwards.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use super::clock::now;
use super::lock::Lock;
use super::record::{RecordFile, RecordLine, RunBegin};
use super::segment::sync_folder;
use super::{LogEntry, StoreError, database, format, paths, private, repair, rows};

/// What is known of a run before anything happens.
#[derive(Debug, Clone)]
pub struct RunInfo<'a> {
    /// Short, and sorted by time.
    pub id: &'a str,
    /// Name of the pipeline.
    pub pipeline: &'a str,
    /// The pipeline file.
    pub file: &'a Path,
    /// Its text.
    pub text: &'a str,
    /// Other files that it is made of, with their texts, by their paths from the pipeline's folder.
    pub files: &'a [(PathBuf, Arc<str>)],
    /// Parameters as a JSON object.
    pub params: &'a str,
    /// Seed of jitter and random numbers.
    pub seed: u64,
    /// The run that this one resumes.
    pub parent: Option<&'a str>,
    /// Version of flowrun.
    pub flowrun: &'a str,
    /// Version of the pipeline language.
    pub language: u32,
    /// Name and verb of each step, in file order.
    pub steps: &'a [(Arc<str>, &'static str)],
}

/// The folder of a run, held by its process alone.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    id: String,
    pipeline: String,
    connection: Connection,
    record: RecordFile,
    warnings: Vec<String>,
    /// Commits that the database named when it was opened; `None`: it was made.
    commits: Option<i64>,
    /// Written, and not yet known to be on the disk.
    unsynced: Vec<(PathBuf, File)>,
    _lock: Lock,
}

impl RunDir {
    /// Makes the folder. Everything is written then, so that there is room for it; the database is on the disk, the
    /// copies of the pipeline with the first commit, so that no run begins with a dozen waits.
    ///
    /// # Errors
    /// Fails when the folder is there already, and when it or a file in it cannot be made; nothing of it is left
    /// then, as far as it can be removed.
    pub fn create(state: &Path, info: &RunInfo<'_>) -> Result<Self, StoreError> {
        make_state(state)?;
        let path = paths::run(state, info.id);
        private::folder(&path).map_err(|error| StoreError::io("create", &path, error))?;
        let made = fill(&path, info);
        if made.is_err() {
            // Half a run would be in the way of lists; what cannot be removed is no worse than before.
            let _ = fs::remove_dir_all(&path);
        }
        let Filled { lock, connection, record, unsynced } = made?;
        sync_folder(&paths::runs(state))?;
        let (id, pipeline, warnings) = (info.id.to_owned(), info.pipeline.to_owned(), Vec::new());
        Ok(Self { path, id, pipeline, connection, record, warnings, commits: None, unsynced, _lock: lock })
    }

    /// Opens the folder of a run whose process is gone, to go on with it.
    ///
    /// # Errors
    /// Fails with [`StoreError::Live`] while a process is at work on it, and when it cannot be read or put in order.
    pub fn reopen(state: &Path, id: &str) -> Result<Self, StoreError> {
        let path = paths::run(state, id);
        let lock = Lock::take(&path)?;
        let (connection, warnings) = repair::to_go_on(&path)?;
        let asked = connection.query_row(
            "SELECT pipeline, (SELECT coalesce(max(seq), 0) FROM commits) FROM run",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        );
        let (pipeline, commits) =
            asked.map_err(|error| StoreError::sql("read", &paths::database(&path), error))?;
        let record = RecordFile::reopen(paths::record(&path))?;
        let (id, unsynced) = (id.to_owned(), Vec::new());
        Ok(Self {
            path,
            id,
            pipeline,
            connection,
            record,
            warnings,
            commits: Some(commits),
            unsynced,
            _lock: lock,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The run's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Name of the pipeline.
    pub(super) fn pipeline(&self) -> &str {
        &self.pipeline
    }

    /// What went wrong without harm to this run.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Keeps what `--output json` prints.
    ///
    /// # Errors
    /// Fails when the file cannot be written.
    pub fn write_summary(&self, json: &str) -> Result<(), StoreError> {
        self.write_beside(&paths::summary(&self.path), json)
    }

    /// Writes a file of the run's folder that is there as a whole or not at all.
    pub(super) fn write_beside(&self, path: &Path, json: &str) -> Result<(), StoreError> {
        private::replace(path, json.as_bytes()).map_err(|error| StoreError::io("write", path, error))?;
        sync_folder(&self.path)
    }

    /// Keeps lines of the run's own log, of which there are any when it has ended.
    ///
    /// # Errors
    /// Fails when they cannot be written.
    pub fn keep_log(&mut self, lines: &[LogEntry]) -> Result<(), StoreError> {
        if lines.is_empty() {
            return Ok(());
        }
        let line = RecordLine::RunLog(lines.to_vec());
        self.record.append(std::iter::once(&line))?;
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            rows::line(&transaction, &line)?;
            transaction.commit()
        };
        write().map_err(|error| StoreError::sql("write", &paths::database(&self.path), error))
    }

    /// Commits that the database named when it was opened.
    pub(super) fn commits(&self) -> i64 {
        self.commits.unwrap_or(0)
    }

    /// Whether another process has begun it.
    pub(super) fn is_reopened(&self) -> bool {
        self.commits.is_some()
    }

    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(super) fn record(&mut self) -> &mut RecordFile {
        &mut self.record
    }

    pub(super) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// Waits until the copies of the pipeline, and how the run began, are on the disk.
    pub(super) fn sync_copies(&mut self) -> Result<(), StoreError> {
        if self.unsynced.is_empty() {
            return Ok(());
        }
        for (path, file) in self.unsynced.drain(..) {
            file.sync_all().map_err(|error| StoreError::io("sync", &path, error))?;
        }
        self.record.sync()?;
        sync_folder(&paths::pipeline(&self.path))
    }
}

/// Makes the state folder, where it is missing.
pub(super) fn make_state(state: &Path) -> Result<(), StoreError> {
    let runs = paths::runs(state);
    private::within(state, &runs).map_err(|error| StoreError::io("create", &runs, error))?;
    let ignore = state.join(".gitignore");
    if !ignore.exists() {
        write(&ignore, b"*\n")?;
    }
    Ok(())
}

/// What a new folder holds.
struct Filled {
    lock: Lock,
    connection: Connection,
    record: RecordFile,
    unsynced: Vec<(PathBuf, File)>,
}

fn fill(path: &Path, info: &RunInfo<'_>) -> Result<Filled, StoreError> {
    let lock = Lock::take(path)?;
    let begin = begin(info, now());
    let mut unsynced = Vec::new();
    let mut keep = |path: PathBuf, content: &str| {
        let file = write(&path, content.as_bytes())?;
        unsynced.push((path, file));
        Ok::<(), StoreError>(())
    };
    let pipeline = paths::pipeline(path);
    for folder in [&pipeline, &paths::steps(path)] {
        private::folder(folder).map_err(|error| StoreError::io("create", folder, error))?;
    }
    let name = info.file.file_name().unwrap_or("pipeline.yaml".as_ref());
    keep(pipeline.join(name), info.text)?;
    let own = [pipeline.join(name), paths::params(path), paths::record(path)];
    let mut taken: BTreeSet<PathBuf> = own.into_iter().collect();
    for (file, text) in info.files {
        let mut copy = pipeline.join(inside(file));
        while !taken.insert(copy.clone()) {
            copy = elsewhere(&pipeline, &copy);
        }
        let folder = copy.parent().unwrap_or(&pipeline);
        private::folders(folder).map_err(|error| StoreError::io("create", folder, error))?;
        keep(copy, text)?;
    }
    keep(paths::params(path), info.params)?;
    // Before the database: a run that is killed in between is known by it.
    let record = RecordFile::create(paths::record(path), begin.clone())?;
    let connection = make_database(path, &begin)?;
    sync_folder(path)?;
    Ok(Filled { lock, connection, record, unsynced })
}

/// How a run begins, for its database and its record.
fn begin(info: &RunInfo<'_>, started: f64) -> RunBegin {
    RunBegin {
        format: format::RUN,
        id: info.id.to_owned(),
        pipeline: info.pipeline.to_owned(),
        file: info.file.to_string_lossy().into_owned(),
        started,
        params: info.params.to_owned(),
        seed: info.seed.to_string(),
        parent: info.parent.map(str::to_owned),
        flowrun: info.flowrun.to_owned(),
        language: info.language,
        steps: info.steps.iter().map(|(name, verb)| (Arc::clone(name), (*verb).to_owned())).collect(),
    }
}

fn make_database(path: &Path, begin: &RunBegin) -> Result<Connection, StoreError> {
    let database = paths::database(path);
    let mut connection = database::create(&database)?;
    let mut filled = || -> rusqlite::Result<()> {
        let transaction = connection.transaction()?;
        database::tables(&transaction)?;
        rows::begin_run(&transaction, begin)?;
        transaction.commit()
    };
    filled().map_err(|error| StoreError::sql("create", &database, error))?;
    Ok(connection)
}

/// Another place for a copy where a file that lies outside of the pipeline's folder has the name of one in it.
pub(super) fn elsewhere(pipeline: &Path, copy: &Path) -> PathBuf {
    pipeline.join("outside").join(copy.strip_prefix(pipeline).unwrap_or(copy))
}

/// A path that cannot lead out of the folder it is joined to.
pub(super) fn inside(path: &Path) -> PathBuf {
    let normal = |component: Component<'_>| match component {
        Component::Normal(name) => Some(name.to_owned()),
        _ => None,
    };
    path.components().filter_map(normal).collect()
}

/// Writes a small file.
fn write(path: &Path, content: &[u8]) -> Result<File, StoreError> {
    let written = private::file(path).and_then(|mut file| {
        file.write_all(content)?;
        Ok(file)
    });
    written.map_err(|error| StoreError::io("write", path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info<'a>(id: &'a str, file: &'a Path, files: &'a [(PathBuf, Arc<str>)]) -> RunInfo<'a> {
        RunInfo {
            id,
            pipeline: "p",
            file,
            text: "steps: {}\n",
            files,
            params: "{\"a\":1}",
            seed: u64::MAX,
            parent: None,
            flowrun: "0.1.0",
            language: 1,
            steps: &[],
        }
    }

    #[test]
    fn a_run_keeps_the_pipeline_as_it_was() {
        let dir = tempfile::tempdir().expect("a folder");
        let state = dir.path().join("deep/.flowrun");
        let files = [
            ("../p.yaml".into(), "env: {}".into()),
            ("lua/a.lua".into(), "return 1".into()),
            ("../../b.lua".into(), "return 2".into()),
            ("../lua/a.lua".into(), "return 3".into()),
        ];
        let run = RunDir::create(&state, &info("r1", Path::new("/x/p.yaml"), &files)).expect("room");
        run.write_summary("{}\n").expect("room");
        let text = |path: &str| fs::read_to_string(state.join(path)).expect(path);
        assert_eq!(text(".gitignore"), "*\n");
        assert_eq!(text("runs/r1/pipeline/p.yaml"), "steps: {}\n");
        assert_eq!(text("runs/r1/pipeline/lua/a.lua"), "return 1");
        assert_eq!(text("runs/r1/pipeline/b.lua"), "return 2", "copies stay inside");
        assert_eq!(text("runs/r1/pipeline/outside/p.yaml"), "env: {}", "none takes the place of another");
        assert_eq!(text("runs/r1/pipeline/outside/lua/a.lua"), "return 3");
        assert_eq!(text("runs/r1/pipeline/params.json"), "{\"a\":1}");
        assert_eq!(text("runs/r1/summary.json"), "{}\n");
    }

    #[test]
    fn two_runs_do_not_share_a_folder() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = RunDir::create(dir.path(), &info("r1", Path::new("p"), &[])).expect("room");
        let error = RunDir::create(dir.path(), &info("r1", Path::new("p"), &[])).expect_err("taken");
        assert!(error.to_string().starts_with("cannot create `"), "{error}");
        assert!(first.path().join("run.db").exists(), "the first run is untouched");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named_with_the_intent() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("file");
        fs::write(&file, "").expect("room");
        let error =
            RunDir::create(&file.join("state"), &info("r1", Path::new("p"), &[])).expect_err("no folder");
        let expect = format!("cannot create `{}/state/runs`: Not a directory (os error 20)", file.display());
        assert_eq!(error.to_string(), expect);
    }
}
