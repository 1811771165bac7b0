//! The history of a pipeline is its runs in one state folder, the newest first, and what has become of each.
//!
//! A pipeline is known by the name of its file, because project and runs may have been moved together.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;

use super::exit::{Complaint, Fault};
use super::params;
use super::request::Request;
use crate::store::{Catalogue, RunRecord};

/// The runs of a pipeline file, or of all, the newest first.
pub(super) struct History {
    records: Vec<RunRecord>,
    catalogue: Catalogue,
}

impl History {
    /// Reads it; without a file, it is that of all runs in the folder.
    pub(super) fn read(catalogue: &Catalogue, file: Option<&Path>) -> Result<Self, Fault> {
        let (mut records, newer) = catalogue.list_all()?;
        if let Some(error) = newer.into_iter().next() {
            // It may be the one that is meant, or one that has brought the others to success.
            return Err(error.into());
        }
        let name = file.and_then(Path::file_name);
        records.retain(|record| name.is_none_or(|name| file_name(record) == Some(name)));
        Ok(Self { records, catalogue: catalogue.clone() })
    }

    /// The newest run that did not end well, is over, and was neither resumed nor replaced by one that did.
    pub(super) fn unfinished(&self) -> Option<&RunRecord> {
        let mut done: Vec<&str> = Vec::new();
        for record in self.over() {
            if !ended_well(record) && !done.contains(&record.id.as_str()) && !self.is_replaced(record) {
                return Some(record);
            }
            // What a good run has resumed, directly or not, is done with; that is older and comes later in the list.
            done.extend(record.parent.as_deref());
        }
        None
    }

    /// Whether a later run was asked for the same and ended well.
    fn is_replaced(&self, record: &RunRecord) -> bool {
        let Some(asked) = self.asked(record) else { return false };
        self.good_since(record).any(|later| self.asked(later).as_ref() == Some(&asked))
    }

    /// The runs of the same file that ended well and began after this one, the newest first.
    pub(super) fn good_since(&self, record: &RunRecord) -> impl Iterator<Item = &RunRecord> {
        let later = self.records.iter().take_while(|later| later.id != record.id);
        later.filter(|later| ended_well(later) && file_name(later) == file_name(record))
    }

    /// The runs that did not end well, are over, and that no later one has gone on with or was asked for the same; the
    /// oldest first.
    pub(super) fn unsettled(&self) -> Vec<&RunRecord> {
        let (mut settled, mut resumed) = (HashSet::new(), HashSet::new());
        let mut found = Vec::new();
        for record in &self.records {
            let is_newest = self.asked(record).is_none_or(|asked| settled.insert(asked));
            let is_over = record.status != "running" && !ended_well(record);
            if is_over && is_newest && !resumed.contains(record.id.as_str()) {
                found.push(record);
            }
            resumed.extend(record.parent.as_deref());
        }
        found.reverse();
        found
    }

    /// What was asked for by runs that ended well, each the last of its kind, with their ids.
    pub(super) fn done(&self) -> HashMap<String, String> {
        let mut last = HashMap::new();
        for record in &self.records {
            if let Some(asked) = self.asked(record) {
                last.entry(asked).or_insert(record);
            }
        }
        last.retain(|_, record| ended_well(record));
        last.into_iter().map(|(asked, record)| (asked, record.id.clone())).collect()
    }

    /// The runs that `keep` never removes: the last good one of each set of parameters, and those that did not end well and
    /// were not replaced by one that did; and shards.
    pub(super) fn spared(&self) -> HashSet<String> {
        let (mut spared, mut sets, mut well) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut done: HashSet<&str> = HashSet::new();
        // Nobody knows whether a shard has been gathered.
        let is_shard = |record: &&RunRecord| !matches!(self.catalogue.shard(&record.id), Ok(None));
        spared.extend(self.records.iter().filter(is_shard).map(|record| record.id.clone()));
        for record in self.over() {
            let asked = self.asked(record);
            if ended_well(record) {
                well.extend(asked);
                if sets.insert(params::sorted(&record.params)) {
                    spared.insert(record.id.clone());
                }
            } else if !done.contains(record.id.as_str()) && asked.is_none_or(|asked| !well.contains(&asked)) {
                spared.insert(record.id.clone());
                continue;
            }
            // What a good run has resumed, directly or not, is done with.
            done.extend(record.parent.as_deref());
        }
        spared
    }

    /// Without the runs that are not meant.
    pub(super) fn only(mut self, is_meant: impl Fn(&RunRecord) -> bool) -> Self {
        self.records.retain(is_meant);
        self
    }

    pub(super) fn into_records(self) -> Vec<RunRecord> {
        self.records
    }

    /// What a run was asked for.
    fn asked(&self, record: &RunRecord) -> Option<String> {
        Request::kept(self.catalogue.request(&record.id).as_deref(), "{}").asked(&record.params)
    }

    /// The newest run that ended well although items failed, and that no run has gone on with.
    pub(super) fn tolerant(&self) -> Option<&RunRecord> {
        let has_gone_on = |id: &str| self.records.iter().any(|record| record.parent.as_deref() == Some(id));
        self.over().find(|record| ended_well(record) && record.failures > 0 && !has_gone_on(&record.id))
    }

    /// Complains where no run is over.
    pub(super) fn demand_one(&self) -> Result<&RunRecord, Complaint> {
        let none = || {
            Complaint::new("no run that is over is kept here")
                .help("`flowrun FILE` runs a pipeline; `flowrun runs` lists the runs")
        };
        self.over().next().ok_or_else(none)
    }

    /// The runs that are over.
    pub(super) fn over(&self) -> impl Iterator<Item = &RunRecord> {
        self.records.iter().filter(|record| record.status != "running")
    }

    /// The newest run.
    pub(super) fn latest(&self) -> Option<&RunRecord> {
        self.records.first()
    }
}

/// What a run's pipeline is known by.
fn file_name(record: &RunRecord) -> Option<&OsStr> {
    Path::new(&record.file).file_name()
}

/// Whether a run came to its end and no step failed.
fn ended_well(record: &RunRecord) -> bool {
    record.status == "succeeded"
}
