//! This module makes a database again from segments and record, for the day `run.db` cannot be read.
//!
//! Of a run of format 1 it cannot bring back what only the database knew (failures, reasons of skips, logs, verdicts);
//! which items ended and how is not lost.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use rusqlite::Connection;

use super::endings::EndingKind;
use super::notes::SkippedRow;
use super::record::{self, RecordLine, RunBegin, StepBegin};
use super::rows::{self, CommitRow};
use super::segment::{FoundCommit, ScannedSegment};
use super::title::StepTitle;
use super::{StoreError, database, endings, format, paths, segment};

/// The database of the run in this folder, as far as it can be made out, and what could not. Nothing on the disk is changed.
///
/// # Errors
/// Fails with [`StoreError::Newer`] when the run was kept by a newer flowrun, and when its segments cannot be read.
pub(super) fn in_memory(run: &Path) -> Result<(Connection, Vec<String>), StoreError> {
    let connection = Connection::open_in_memory();
    let connection = connection.map_err(|error| StoreError::sql("rebuild", run, error))?;
    let lost = fill(&connection, run)?;
    Ok((connection, lost))
}

/// Fills a database without tables. Says what is lost.
pub(super) fn fill(connection: &Connection, run: &Path) -> Result<Vec<String>, StoreError> {
    let (lines, damaged) = record::read(run)?;
    // A process that dies leaves half a commit behind, one that ends does not.
    let has_ended = lines.iter().any(|line| matches!(line, RecordLine::RunEnd(_)));
    let mut rebuilt = Rebuilt {
        connection,
        run,
        id: paths::id(run),
        seq: 0,
        steps: BTreeSet::new(),
        has_ended,
        lost: Vec::new(),
    };
    if damaged > 0 {
        let what = format!("{damaged} lines of its record are damaged, and what they said is lost");
        rebuilt.lost.push(what);
    }
    rebuilt.sql(connection.execute_batch("BEGIN IMMEDIATE"))?;
    rebuilt.sql(database::tables(connection))?;
    rebuilt.run_row(&lines)?;
    for line in &lines {
        rebuilt.line(line)?;
    }
    for step in folders(&paths::steps(run))? {
        rebuilt.strange_step(&step)?;
    }
    rebuilt.sql(connection.execute_batch("COMMIT"))?;
    Ok(rebuilt.lost)
}

/// Names of the folders in a folder, sorted.
fn folders(path: &Path) -> Result<Vec<String>, StoreError> {
    let mut names = Vec::new();
    let Ok(entries) = fs::read_dir(path) else { return Ok(names) };
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::io("read", path, error))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// A database in the making.
struct Rebuilt<'a> {
    connection: &'a Connection,
    run: &'a Path,
    id: String,
    seq: i64,
    /// Those whose segments have been read.
    steps: BTreeSet<String>,
    /// The run came to its end.
    has_ended: bool,
    /// What damage took away.
    lost: Vec<String>,
}

impl Rebuilt<'_> {
    fn sql<T>(&self, done: rusqlite::Result<T>) -> Result<T, StoreError> {
        done.map_err(|error| StoreError::sql("rebuild", &paths::database(self.run), error))
    }

    /// How the run began. Without a word of that, it is known by its folder.
    fn run_row(&self, lines: &[RecordLine]) -> Result<(), StoreError> {
        let begin = lines.iter().find_map(|line| match line {
            RecordLine::RunBegin(begin) => Some(begin.clone()),
            _ => None,
        });
        let begin = begin.unwrap_or_else(|| RunBegin { language: 1, ..RunBegin::default() });
        self.sql(rows::begin_run(self.connection, &RunBegin { id: self.id.clone(), ..begin }))
    }

    /// What happened, in the order in which it did: the end of a step is the last word about its counters.
    fn line(&mut self, line: &RecordLine) -> Result<(), StoreError> {
        match line {
            RecordLine::RunBegin(_) => Ok(()),
            RecordLine::StepBegin(begin) => {
                self.sql(rows::line(self.connection, line))?;
                self.segments(&begin.step, &mut |_, _| Ok(()))
            }
            RecordLine::StepEnd(end) => {
                self.strange_step(&end.step)?;
                self.sql(rows::line(self.connection, line))
            }
            RecordLine::StepAppend(_) | RecordLine::RunEnd(_) | RecordLine::RunLog(_) => {
                self.sql(rows::line(self.connection, line))
            }
        }
    }

    /// A step whose beginning is not recorded is what its segments say of it, and has not ended as far as is known.
    fn strange_step(&mut self, step: &str) -> Result<(), StoreError> {
        let mut is_known = false;
        self.segments(step, &mut |rebuilt, title| {
            if is_known {
                return Ok(());
            }
            is_known = true;
            let StepTitle { verb, shape, keyed, fingerprint, .. } = title;
            let begin = StepBegin { step: step.into(), at: None, verb, shape, keyed, fingerprint };
            rebuilt.sql(rows::begin_step(rebuilt.connection, &begin))?;
            let sql = "UPDATE steps SET status = 'cancelled' WHERE step = ?1";
            rebuilt.sql(rebuilt.connection.execute(sql, [step])).map(drop)
        })
    }

    /// Reads the segments of a step, once; `begin` is given the title of each.
    fn segments(
        &mut self,
        step: &str,
        begin: &mut dyn FnMut(&Self, StepTitle) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if !self.steps.insert(step.to_owned()) {
            return Ok(());
        }
        let files = folders(&paths::step(self.run, step))?;
        let mut numbers: Vec<u32> = files.iter().filter_map(|file| paths::segment_number(file)).collect();
        numbers.sort_unstable();
        let mut without = 0;
        for number in numbers {
            let path = paths::segment(self.run, step, number);
            let place = |title: &str| {
                let source = StepTitle::parse(title).map(|title| title.source).unwrap_or_default();
                let segment = if source.is_empty() { number } else { 0 };
                (endings::tag_of_source(&self.id, step, &source), segment)
            };
            let ScannedSegment { title, commits, left } = segment::scan(&path, place)?;
            if left > 0 && self.has_ended {
                let what = format!("{left} bytes of segment {number} of step `{step}` are damaged");
                self.lost.push(format!("{what}, and what was kept in them is left out"));
            }
            let title = title.as_deref().and_then(StepTitle::parse);
            let Some(title) = title else { continue };
            format::check_run(&self.id, title.flowrun)?;
            let source = title.source.clone();
            begin(self, title)?;
            let file = File::open(&path).map_err(|error| StoreError::io("read", &path, error))?;
            for found in commits {
                without += u64::from(!self.commit((step, &source, number), &file, &found)?);
            }
        }
        if without > 0 {
            let what = format!("what {without} commits of step `{step}` said of its items is damaged");
            self.lost
                .push(format!("{what}: of failed items and skipped ones, retries and logs not all is known"));
        }
        Ok(())
    }

    /// Whether all is known that the commit said of its items.
    fn commit(
        &mut self,
        (step, source, segment): (&str, &str, u32),
        file: &File,
        found: &FoundCommit,
    ) -> Result<bool, StoreError> {
        let FoundCommit { place, head } = found;
        self.seq += 1;
        let row = CommitRow {
            step,
            place: *place,
            segment,
            source,
            endings: head.blocks_length(),
            facts: head.facts.unwrap_or_default(),
            spans: &head.spans,
            lines: head.count(EndingKind::Succeeded),
        };
        self.sql(rows::commit(self.connection, self.seq, &row))?;
        let notes = segment::read_notes(file, *place, head);
        self.sql(match &notes {
            Some(notes) => rows::notes(self.connection, step, row.facts.at, notes),
            None => self.endings(step, file, found),
        })?;
        // Format 1 has no notes.
        Ok(notes.is_some() || head.facts.is_none())
    }

    /// Without notes, skipped items are known by their digest, and failed ones are counted.
    fn endings(&self, step: &str, file: &File, found: &FoundCommit) -> rusqlite::Result<()> {
        let FoundCommit { place, head } = found;
        let failed = head.count(EndingKind::Failed) + head.count(EndingKind::FailedForGood);
        let skipped = head.count(EndingKind::Skipped);
        rows::count(self.connection, step, failed, skipped, 0)?;
        if skipped == 0 {
            return Ok(());
        }
        let digests = segment::read_digests(file, *place, head);
        let identities = digests.map(|(identities, _)| identities).unwrap_or_default();
        let indices = head.spans.iter().flat_map(|span| span.first..span.first + u64::from(span.count));
        let skips: Vec<SkippedRow> = indices
            .enumerate()
            .filter(|(row, _)| head.state(*row) == EndingKind::Skipped)
            .map(|(row, index)| {
                (index, identities.get(row).map(ToString::to_string).unwrap_or_default(), None)
            })
            .collect();
        rows::skips(self.connection, step, &skips)
    }
}
