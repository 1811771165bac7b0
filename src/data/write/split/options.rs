//! These options say how items are split, and whose the files are.

use std::path::PathBuf;
use std::sync::Arc;

use super::path::SplitPath;
use crate::data::{DataError, WriteMode, WriteOptions};

/// How the items of a step are split.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitOptions {
    /// How each part is written; its target and name are those of the whole, with placeholders.
    pub each: WriteOptions,
    /// The path with its placeholders.
    pub path: SplitPath,
    /// The folder that the path starts from.
    pub root: PathBuf,
    /// Items of a part at most.
    pub rows: Option<u64>,
    /// Bytes of a part at most, of its items as JSON lines; a larger item gets a part of its own.
    pub bytes: Option<u64>,
    /// Whose files they are.
    pub owner: SplitOwner,
}

/// The step that files belong to: a later run of it takes away what it does not write again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitOwner {
    /// The pipeline file.
    pub pipeline: PathBuf,
    /// The step in it.
    pub step: Arc<str>,
}

impl SplitOptions {
    /// The folder that all parts lie in or below.
    pub(super) fn folder(&self) -> PathBuf {
        self.root.join(self.path.folder())
    }

    /// Whether the options fit each other and the format.
    ///
    /// # Errors
    /// Fails when `path`, `rows` and `bytes` contradict each other, and for what [`WriteOptions::check`] refuses.
    pub fn check(&self, has_by: bool) -> Result<(), DataError> {
        let refuse = |message: &str| Err(DataError::Usage(message.to_owned()));
        if self.each.mode != WriteMode::Replace {
            let mode = self.each.mode.name();
            return refuse(&format!("`mode: {mode}` is for one file, and `path` stands for many"));
        }
        if self.each.format.is_database() {
            let name = self.each.format.name();
            return refuse(&format!("`format: {name}` is for one file, and `path` stands for many"));
        }
        let limited = self.rows.is_some() || self.bytes.is_some();
        match (self.path.has_key(), has_by) {
            (true, false) => {
                return refuse(
                    "`path` holds `{key}`, and nothing gives the key; add `by`, such as `by: item.kind`",
                );
            }
            (false, true) => {
                return refuse("`by` gives a key, and `path` has no `{key}` where it would stand");
            }
            _ => {}
        }
        if self.path.has_part() && !limited {
            return refuse(
                "`path` holds `{part}`, and nothing says when a part is full; add `rows` or `bytes`",
            );
        }
        if limited && !self.path.has_part() {
            let key = if self.rows.is_some() { "rows" } else { "bytes" };
            return refuse(&format!(
                "`{key}` ends a part, and `path` has no `{{part}}` where its number would stand"
            ));
        }
        for (key, limit) in [("rows", self.rows), ("bytes", self.bytes)] {
            if limit == Some(0) {
                return refuse(&format!("`{key}` is 0, and a part holds at least one item"));
            }
        }
        self.each.check()
    }
}
