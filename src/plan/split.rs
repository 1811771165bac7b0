//! This module turns a `write` with placeholders in its path into what it does. `resolve` gives it the options that every
//! `write` has.

use super::resolve::{Built, StepBuilder};
use super::step::{Split, Verb};
use crate::config;
use crate::data::{SplitOptions, SplitOwner, SplitPath};

impl StepBuilder<'_> {
    /// What a `write` does: one file, or many.
    pub(super) fn write_verb(&self, at: &str, write: &config::Write) -> Built<Verb> {
        let refused = |reason: &str| self.bad_option(at, reason);
        let path = SplitPath::parse(&write.path).map_err(|reason| refused(&reason))?;
        let rows = self.known(&format!("{at}/rows"), write.rows.as_ref())?.map(|count| count.0);
        let bytes = self.known(&format!("{at}/bytes"), write.bytes.as_ref())?.map(|size| size.0);
        let Some(path) = path else {
            let keys = [("by", write.by.is_some()), ("rows", rows.is_some()), ("bytes", bytes.is_some())];
            if let Some((key, _)) = keys.into_iter().find(|(_, given)| *given) {
                let missing = if key == "by" { "{key}" } else { "{part}" };
                return Err(
                    refused(&format!("`{key}` is for many files, and `path` has no `{missing}`")).into()
                );
            }
            return self.write(at, write).map(Verb::Write);
        };
        let step = at.strip_suffix("/write").and_then(|step| step.strip_prefix("/steps/")).unwrap_or(at);
        let owner = SplitOwner {
            pipeline: self.root.join(self.places.document.file.path().file_name().unwrap_or_default()),
            step: step.replace("~1", "/").replace("~0", "~").into(),
        };
        let each = self.write(at, write)?;
        let options = SplitOptions { each, path, root: self.root.clone(), rows, bytes, owner };
        options.check(write.by.is_some()).map_err(|error| refused(&error.to_string()))?;
        let by = write.by.as_ref().map(|_| self.script(&format!("{at}/by"))).transpose()?;
        Ok(Verb::Split(Box::new(Split { options, by })))
    }
}
