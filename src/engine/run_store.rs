//! This module keeps a run on the disk: it makes the run's folder before anything runs, and holds its committer and
//! the old run that it goes on with.
//!
//! The coordinators decide what is kept of an item; the run decides what a fault of the store means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::fingerprint::{LANGUAGE, StepFingerprint};
use super::gather::Gathering;
use super::options::{ResumeOptions, RunOptions, StateOptions};
use super::outcome::EngineError;
use super::{plan_files, wall_clock};
use crate::data::FileContent;
use crate::event::{RunStatus, StepResult, Timing, Usage, Why};
use crate::plan::{MapLike, Plan, Verb};
use crate::store::{
    AppendNote, BegunStep, Cache, Catalogue, Committer, Failure, Fingerprint, GatheredStep, LinesPerItem,
    RemotePlace, Results, Reuse, RunDir, RunInfo, SecretKey, ShardCommit, StepJournal, StepSpec, StoreError,
    StoredRun, Unusable, Whence, keep_lua,
};

/// The kept run: its folder, its committer, and the old run that it resumes, if any.
pub(super) struct RunStore {
    committer: Committer,
    /// Its id.
    run: Arc<str>,
    dir: PathBuf,
    resume: Option<ResumeOptions>,
    gather: Option<Arc<Gathering>>,
    /// What was kept of its steps before this process has gone on with it, by their names.
    begun: BTreeMap<String, BegunStep>,
    /// Whether this process goes on with it.
    is_attached: bool,
    /// How long ago the first process has begun it.
    pub(super) age: Duration,
    /// What is wrong with the old run.
    pub(super) warnings: Vec<String>,
}

/// What an old run knows of a step.
pub(super) struct Old {
    /// Its items; `Err`: none of them is of any use, for this reason.
    pub(super) items: Result<Reuse, String>,
    /// Whether it had not come to the end of all items.
    pub(super) unfinished: bool,
}

impl RunStore {
    /// Makes the folder of the run and looks at the old one; `None`: nothing is to be kept.
    pub(super) fn open(plan: &Plan, options: &RunOptions) -> Result<Option<Self>, EngineError> {
        let Some(state) = &options.state else { return Ok(None) };
        let what = if state.attach { "the run cannot be gone on with" } else { "the run cannot be kept" };
        let failed = |error: StoreError| EngineError::State(format!("{what}: {error}"));
        let mut warnings = Vec::new();
        if let Some(resume) = &state.resume {
            let (runs, said) = Catalogue::new(&state.dir).open_to_resume(&resume.run).map_err(|error| {
                EngineError::State(format!("run `{}` cannot be resumed: {error}", resume.run))
            })?;
            warnings.extend(said);
            warnings.extend(runs.iter().flat_map(StoredRun::warnings).cloned());
        }
        let run =
            if state.attach { RunDir::reopen(&state.dir, &options.run) } else { make(plan, options, state) };
        let run = run.map_err(failed)?;
        let (mut begun, mut started) = (Vec::new(), None);
        if state.attach {
            let run = Catalogue::new(&state.dir).open(&options.run).map_err(failed)?;
            (begun, started) = (run.begun_steps().map_err(failed)?, Some(run.record().started));
        }
        let folder = run.path().to_owned();
        let committer = Committer::start(run).map_err(|error| {
            // Nothing has run, so the run must not be offered as one to go on with.
            if !state.attach {
                let _ = std::fs::remove_dir_all(&folder);
            }
            EngineError::System { intent: "keep the run", reason: error.to_string() }
        })?;
        Ok(Some(Self {
            committer,
            run: Arc::clone(&options.run),
            dir: state.dir.clone(),
            resume: state.resume.clone(),
            gather: state.gather.clone(),
            begun: begun.into_iter().map(|begun| (begun.record.step.clone(), begun)).collect(),
            is_attached: state.attach,
            age: wall_clock::age(started),
            warnings,
        }))
    }

    /// What keeps the items of a worker process, which has a file alone.
    pub(super) fn of_attempt(committer: Committer, (run, state): (&str, &Path)) -> Self {
        Self {
            committer,
            run: run.into(),
            dir: state.to_path_buf(),
            resume: None,
            gather: None,
            begun: BTreeMap::new(),
            is_attached: false,
            age: Duration::ZERO,
            warnings: Vec::new(),
        }
    }

    /// Commits what an attempt has as its shard.
    pub(super) fn commit_shard(&self, why: Why, carry: Vec<Whence>) -> Result<ShardCommit, StoreError> {
        self.committer.commit_shard(why, carry)
    }

    /// The state folder.
    pub(super) fn state(&self) -> &Path {
        &self.dir
    }

    /// Whether the run is put together from those of shards.
    pub(super) fn is_gathering(&self) -> bool {
        self.gather.is_some()
    }

    /// Makes the folder that the workers of a step share with its coordinator.
    pub(super) fn remote(&self, step: &str) -> Result<RemotePlace, StoreError> {
        let run = self.folder();
        if self.is_attached {
            // What was left half written when nobody worked on it yet.
            RemotePlace::of_step(&run, step).clear(true)?;
        }
        RemotePlace::create(&run, step)
    }

    /// The folder of the run, by a path that is good everywhere: workers have folders of their own.
    fn folder(&self) -> PathBuf {
        let state = std::path::absolute(&self.dir).unwrap_or_else(|_| self.dir.clone());
        state.join("runs").join(&*self.run)
    }

    /// What was kept of a step before this process has gone on with the run; `None`: nothing.
    pub(super) fn begun(&self, step: &str) -> Option<&BegunStep> {
        self.begun.get(step)
    }

    /// The folder of a step whose items were with workers when the first process of the run was gone.
    pub(super) fn left_with_workers(&self, step: &str) -> Option<RemotePlace> {
        self.begun(step).filter(|begun| !begun.has_ended())?;
        Some(RemotePlace::of_step(&self.folder(), step)).filter(RemotePlace::has_shards)
    }

    /// How long the items of a step of this run took.
    pub(super) fn timing(&self, step: &str) -> Result<Option<Timing>, StoreError> {
        Catalogue::new(&self.dir).open(&self.run)?.timing(step)
    }

    /// Removes what workers have read. What cannot be removed is no part of the run, and goes with it.
    pub(super) fn clear_items(&self) {
        let _ = RemotePlace::clear_items(&self.dir, &self.run);
    }

    /// Puts all that was told so far on the disk.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        self.committer.checkpoint().map(drop)
    }

    /// The failures of a step of this run behind an index, at most so many.
    pub(super) fn failures(&self, step: &str, after: u64, limit: u64) -> Result<Vec<Failure>, StoreError> {
        Catalogue::new(&self.dir).open(&self.run)?.failures(step, after, limit)
    }

    /// How the old run is resumed, if there is one.
    pub(super) fn resume(&self) -> Option<&ResumeOptions> {
        self.resume.as_ref()
    }

    /// What the shards that the run is made of have come to of a step; `None`: nothing is gathered, or not of this step.
    pub(super) fn gathered(&self, step: &str, shape: LinesPerItem) -> Option<GatheredStep> {
        self.gather.as_ref()?.step(step, shape)
    }

    /// What the results of a step depend on.
    pub(super) fn fingerprint(
        &self,
        plan: &Plan,
        each: &MapLike,
        files: &[FileContent],
    ) -> Result<StepFingerprint, StoreError> {
        let has_secrets = plan.secrets.iter().next().is_some();
        let key = has_secrets.then(|| SecretKey::open(&self.dir)).transpose()?;
        Ok(StepFingerprint::of(plan, each, key.as_ref(), files))
    }

    /// Begins to keep the items of a step.
    pub(super) fn step(&self, spec: StepSpec) -> Result<StepJournal, StoreError> {
        self.committer.step(spec)
    }

    /// Books the end of a step and waits until it is on the disk.
    pub(super) fn book(
        &self,
        name: &str,
        journal: Option<StepJournal>,
        result: &StepResult,
    ) -> Result<(), StoreError> {
        match journal {
            Some(journal) => journal.finish(result),
            None => self.committer.end_step(name, result),
        }
    }

    /// Keeps that a step is about to append to a file, and waits until that is on the disk.
    pub(super) fn append(&self, note: AppendNote) -> Result<(), StoreError> {
        self.committer.append(note)
    }

    /// The old run and those that it went on with, the newest first.
    pub(super) fn earlier_runs(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.before()?.iter().map(|run| run.record().id.clone()).collect())
    }

    /// What was kept before this process has begun: of this run, and of those that it goes on with, the newest first.
    fn before(&self) -> Result<Vec<StoredRun>, StoreError> {
        let catalogue = Catalogue::new(&self.dir);
        let own = self.is_attached.then(|| catalogue.open(&self.run)).transpose()?;
        let resumed = self.resume.as_ref().map(|resume| catalogue.open_to_resume(&resume.run)).transpose()?;
        Ok(own.into_iter().chain(resumed.map(|(runs, _)| runs).into_iter().flatten()).collect())
    }

    /// What the old run, or one that it went on with, had to do with a file that a step appends to, with its id.
    pub(super) fn appended(
        &self,
        step: &str,
        file: &str,
    ) -> Result<Option<(String, AppendNote)>, StoreError> {
        for run in self.before()? {
            let note = match run.step(step) {
                Ok(record) => record.appended,
                Err(StoreError::NoStep { .. }) => None,
                Err(error) => return Err(error),
            };
            if let Some(note) = note.filter(|note| note.file == file) {
                return Ok(Some((run.record().id.clone(), note)));
            }
        }
        Ok(None)
    }

    /// The results of a step of this run whose end has been booked.
    pub(super) fn results(&self, step: &str) -> Result<Results, StoreError> {
        Catalogue::new(&self.dir).open(&self.run)?.results(step)
    }

    /// Keeps the Lua files of a step whose verb was only known now.
    pub(super) fn keep_deferred(&self, run: &str, verb: &Verb) -> Result<(), StoreError> {
        keep_lua(&self.dir, run, &plan_files::of_verb(verb))
    }

    /// Why nothing is kept any more, if so.
    pub(super) fn fault(&self) -> Option<&StoreError> {
        self.committer.fault()
    }

    /// The cache across runs.
    pub(super) fn cache(&self) -> Result<Cache, StoreError> {
        Cache::open(&self.dir)
    }

    /// What the old run knows of a step; `None`: there is no old run.
    pub(super) fn old(
        &self,
        step: &str,
        shape: LinesPerItem,
        keyed: bool,
        fingerprint: &Fingerprint,
    ) -> Option<Result<Old, StoreError>> {
        let resume = self.resume.as_ref()?;
        Some(self.open_old(resume, step, shape, keyed, fingerprint))
    }

    fn open_old(
        &self,
        resume: &ResumeOptions,
        step: &str,
        shape: LinesPerItem,
        keyed: bool,
        fingerprint: &Fingerprint,
    ) -> Result<Old, StoreError> {
        let (runs, _) = Catalogue::new(&self.dir).open_to_resume(&resume.run)?;
        Old::of(runs, step, shape, keyed, fingerprint)
    }

    /// Writes everything down that is not yet on the disk, how the run ended too.
    pub(super) fn finish(
        self,
        status: RunStatus,
        duration: Duration,
        usage: Option<Usage>,
    ) -> Result<RunDir, EngineError> {
        let run = self.committer.finish(status, duration, usage);
        let run = run.map_err(|error| EngineError::State(stopped(&error)))?;
        Ok(run.expect("a run has a folder"))
    }
}

impl Old {
    /// What a run and those that it resumed, the newest first, know of a step.
    pub(super) fn of(
        runs: Vec<StoredRun>,
        step: &str,
        shape: LinesPerItem,
        keyed: bool,
        fingerprint: &Fingerprint,
    ) -> Result<Self, StoreError> {
        let record = match runs.first().map(|run| run.step(step)) {
            Some(Ok(record)) => Some(record),
            Some(Err(StoreError::NoStep { .. })) | None => None,
            Some(Err(error)) => return Err(error),
        };
        let known = record.is_some();
        let unfinished = record.is_some_and(|record| !record.is_whole());
        let items = Reuse::open(runs, step, shape, keyed, fingerprint)?.map_err(|unusable| match unusable {
            Unusable::Unknown if known => "not finished".to_owned(),
            Unusable::Unknown => "new".to_owned(),
            Unusable::Changed(parts) => format!("{} changed", parts.join(" and ")),
        });
        Ok(Self { items, unfinished })
    }
}

/// What is said of a run that cannot be kept any more.
pub(super) fn stopped(error: &StoreError) -> String {
    format!("the run is stopped because it cannot be kept: {error}")
}

fn make(plan: &Plan, options: &RunOptions, state: &StateOptions) -> Result<RunDir, StoreError> {
    let selected = plan.steps.iter().filter(|step| options.selected[step.id.at()]);
    let steps: Vec<(Arc<str>, &'static str)> =
        selected.map(|step| (Arc::clone(&step.name), step.verb.name())).collect();
    let mask = plan.secrets.mask();
    let file = plan.file.path().canonicalize().unwrap_or_else(|_| plan.file.path().to_path_buf());
    RunDir::create(
        &state.dir,
        &RunInfo {
            id: &options.run,
            pipeline: &plan.name,
            file: &file,
            text: &mask.text(plan.file.text()),
            files: &plan_files::of(plan),
            params: &mask.json(&plan.params),
            seed: options.seed,
            parent: state.resume.as_ref().map(|resume| resume.run.as_str()),
            flowrun: state.version,
            language: LANGUAGE,
            steps: &steps,
        },
    )
}
