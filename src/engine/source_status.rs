//! A status counts the rows and bad rows of a source that is read lazily, and gives its verdict. There is one status
//! however many steps read the source.

use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failed_item;
use super::options::RunOptions;
use super::roles::{Role, StepRoles};
use crate::data::{BadRow, DataError, Spool, Stored};
use crate::event::{StepResult, StepStatus, Tally};
use crate::plan::{Body, SourcePolicy, Step, Verb};
use crate::runtime::clock;
use crate::store::Failure;
use crate::value::Ratio;

/// `errors` of a step: index → message.
pub(super) type ErrorTexts = Vec<(u64, Arc<str>)>;

/// The counts of a source's rows and bad rows, and the verdict on it. All steps that read the source share it.
pub(super) struct SourceStatus {
    /// The step's name.
    name: Arc<str>,
    policy: SourcePolicy,
    /// Rows that there must be when the source was read to its end.
    min_items: u64,
    /// Rows that are read at most.
    limit: Option<u64>,
    keeps_failed: bool,
    temp_dir: PathBuf,
    deadline: Option<Duration>,
    opened: Option<Instant>,
    readers: u32,
    rows: u64,
    failed: u64,
    /// The bad row with which the verdict was lost before all rows were seen: nothing is known of the rows behind it.
    lost_at: Option<u64>,
    reading: Duration,
    failed_rows: Option<Spool>,
    errors: ErrorTexts,
    /// Bad rows that an earlier process of the run has found, until this one has told of them.
    untold: Vec<Failure>,
    fault: Option<String>,
    /// What was worth a notice so far.
    notices: Vec<String>,
    /// All rows were seen, as far as a limit lets them.
    ended: bool,
    /// All rows were seen, and they are not what was asked for.
    sealed: bool,
}

impl SourceStatus {
    /// Clean books.
    pub(super) fn new(step: &Step, roles: &StepRoles, options: &RunOptions) -> Self {
        let mut status = Self {
            name: Arc::clone(&step.name),
            policy: SourcePolicy::STRICT,
            min_items: 0,
            limit: None,
            keeps_failed: roles.failed_kept[step.id.at()]
                && matches!(roles.roles[step.id.at()], Role::LazySource | Role::StoredSource),
            temp_dir: options.temp_dir.clone(),
            deadline: step.deadline,
            opened: None,
            readers: 0,
            rows: 0,
            failed: 0,
            lost_at: None,
            reading: Duration::ZERO,
            failed_rows: None,
            errors: Vec::new(),
            untold: Vec::new(),
            fault: None,
            notices: Vec::new(),
            ended: false,
            sealed: false,
        };
        if let Body::Ready(verb) = &step.body {
            status.judge_by(verb);
        }
        status
    }

    /// Judges the source as `verb` says, parts of which may be known only when the step starts (`${{ steps… }}` in it).
    pub(super) fn judge_by(&mut self, verb: &Verb) {
        (self.policy, self.limit) = match verb {
            Verb::Read(read) => (read.policy, read.options.limit),
            Verb::Glob(glob) => (glob.policy, glob.options.limit),
            _ => (SourcePolicy::STRICT, None),
        };
    }

    /// The source has been opened, and `notice` says that no file matches its pattern. Gives what is worth a warning then.
    pub(super) fn expect_rows(
        &mut self,
        is_pattern: bool,
        notice: Option<&str>,
    ) -> Result<Option<String>, DataError> {
        self.min_items = self.policy.min_items.unwrap_or(u64::from(is_pattern));
        match notice {
            Some(notice) if self.min_items > 0 => {
                Err(DataError::Usage(format!("{notice}; `min_items: 0` allows that")))
            }
            notice => Ok(notice.map(str::to_owned)),
        }
    }

    /// Whether this is said of the source for the first time.
    pub(super) fn is_news(&mut self, notice: &str) -> bool {
        let is_news = !self.notices.iter().any(|other| other == notice);
        if is_news {
            self.notices.push(notice.to_owned());
        }
        is_news
    }

    /// Another step reads the source from now on. `true` for the first of all.
    pub(super) fn open(&mut self) -> bool {
        self.readers += 1;
        let first = self.opened.is_none();
        self.opened.get_or_insert_with(clock::now);
        first
    }

    /// A reader has seen `rows` rows in all, and spent `reading` on the last of them.
    pub(super) fn seen(&mut self, rows: u64, reading: Duration) {
        self.rows = self.rows.max(rows);
        self.reading += reading;
        let late = self.deadline.zip(self.opened).is_some_and(|(limit, opened)| clock::since(opened) > limit);
        if late && self.fault.is_none() {
            self.fault = Some("deadline".to_owned());
        }
    }

    /// The rows so far, as the reader that has seen this many of them knows them; `None` when another one is further.
    pub(super) fn tally_at(&self, rows: u64) -> Option<Tally> {
        (rows == self.rows && rows > 0).then(|| self.tally())
    }

    /// The rows so far by their endings. Behind the one with which the source was lost none may be called readable.
    fn tally(&self) -> Tally {
        let readable = self.rows.saturating_sub(self.failed);
        let succeeded = self.lost_at.map_or(readable, |known| readable.min(known - self.bad_up_to(known)));
        let cancelled = readable - succeeded;
        Tally { succeeded, failed: self.failed, cancelled, ..Tally::default() }
    }

    /// How many of the first rows are bad.
    fn bad_up_to(&self, rows: u64) -> u64 {
        self.errors.partition_point(|(index, _)| *index <= rows) as u64
    }

    /// Books a bad row; `false` when it was in the books already, by another reader of the source.
    pub(super) fn bad_row(&mut self, row: &BadRow) -> Result<bool, DataError> {
        // Workers tell of the rows of their chunks in any order.
        let Err(at) = self.errors.binary_search_by_key(&row.index, |(index, _)| *index) else {
            return Ok(false);
        };
        self.errors.insert(at, (row.index, row.message.as_str().into()));
        self.failed += 1;
        if self.lost_at.is_none() && self.bears_no_more() {
            self.lost_at = Some(row.index);
        }
        if self.keeps_failed {
            let mut line = Vec::new();
            failed_item::push_bad_row(&mut line, row);
            let spool = self.failed_rows.get_or_insert_with(|| Spool::new(&self.temp_dir));
            spool.write(&line, 1)?;
        }
        Ok(true)
    }

    /// Takes up what an earlier process of the run has read: so many rows, of which these are bad.
    pub(super) fn take_up(&mut self, rows: u64, bad: Vec<Failure>) -> Result<(), DataError> {
        if self.ended {
            return Ok(());
        }
        self.rows = rows;
        for Failure { index, key, item } in &bad {
            self.errors.push((*index, Arc::clone(&item.message)));
            self.failed += 1;
            if self.keeps_failed {
                let mut line = Vec::new();
                failed_item::push_failed(&mut line, *index, key, item);
                let spool = self.failed_rows.get_or_insert_with(|| Spool::new(&self.temp_dir));
                spool.write(&line, 1)?;
            }
        }
        self.untold = bad;
        self.conclude();
        Ok(())
    }

    /// The bad rows that nobody was told of yet.
    pub(super) fn take_untold(&mut self) -> Vec<Failure> {
        mem::take(&mut self.untold)
    }

    /// Rows seen so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// The file itself cannot be read any further.
    pub(super) fn broke(&mut self, reason: String) {
        self.fault.get_or_insert(reason);
    }

    /// A reader has seen the last row: the verdict is final, and a bad one cuts off the steps that read the source.
    pub(super) fn conclude(&mut self) {
        self.ended = true;
        self.sealed |= self.failure().is_some();
    }

    /// Whether the verdict is bad already, whatever the rows to come are like.
    pub(super) fn is_lost(&self) -> bool {
        self.fault.is_some() || self.sealed || self.bears_no_more()
    }

    /// Whether there are more bad rows than there may be, whatever the others are like.
    fn bears_no_more(&self) -> bool {
        (self.failed > 0 && self.policy.min_success_ratio == Ratio::ONE)
            || self.policy.max_failures.is_some_and(|max| self.failed > max)
    }

    /// Why the source fails, now that all rows were seen.
    pub(super) fn failure(&self) -> Option<String> {
        if let Some(fault) = &self.fault {
            return Some(fault.clone());
        }
        let need = self.policy.min_success_ratio.of(self.rows);
        let good = self.tally().succeeded;
        if let Some(max) = self.policy.max_failures.filter(|max| self.failed > *max) {
            return Some(format!("{} rows are bad, at most {max} may be", self.failed));
        }
        if good < need {
            let rows = if self.failed == 1 { "row is" } else { "rows are" };
            let known = match self.lost_at {
                Some(known) => {
                    let reads_on = format!("--set {}.min_success_ratio=0", self.name);
                    format!(
                        "{good} of the first {known} readable, where reading stopped; all are needed; `{reads_on}` reads on"
                    )
                }
                None => format!("{good} of {} readable, {need} needed", self.rows),
            };
            return Some(format!("{} {rows} bad ({known})", self.failed));
        }
        self.too_few()
    }

    /// What is said of too few rows. How many there are is known only when nothing has ended the reading before.
    fn too_few(&self) -> Option<String> {
        let all_seen = self.ended && self.limit.is_none_or(|limit| self.rows < limit);
        (all_seen && self.rows < self.min_items).then(|| {
            let rows = if self.rows == 1 { "row" } else { "rows" };
            let way_out = if self.policy.min_items.is_none() { "; `min_items: 0` allows that" } else { "" };
            format!("{} {rows} in all, `min_items` is {}{way_out}", self.rows, self.min_items)
        })
    }

    /// A step reads no more. `true` when it was the last one.
    pub(super) fn close(&mut self) -> bool {
        let read = self.readers > 0;
        self.readers = self.readers.saturating_sub(1);
        read && self.readers == 0
    }

    /// The bad rows as items, and `errors` of the step.
    pub(super) fn take_failed(&mut self) -> Result<(Option<Stored>, ErrorTexts), DataError> {
        let spool = match (self.failed_rows.take(), self.keeps_failed) {
            (None, true) => Some(Spool::new(&self.temp_dir)),
            (spool, _) => spool,
        };
        Ok((spool.map(Spool::finish).transpose()?, self.errors.clone()))
    }

    /// The result of the source as a step: its rows, its bad rows and its verdict.
    pub(super) fn result(&self) -> StepResult {
        let failure = self.failure();
        let status = if failure.is_some() { StepStatus::Failed } else { StepStatus::Succeeded };
        let tally = self.tally();
        StepResult {
            emitted: tally.succeeded,
            needed: Some((self.policy.min_success_ratio, self.policy.min_success_ratio.of(self.rows))),
            age: self.opened.map(clock::since),
            ..StepResult::new(status, failure, tally, self.reading)
        }
    }
}
