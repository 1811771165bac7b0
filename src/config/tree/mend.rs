//! This module reads a text as YAML; past each fault it patches the text and reads again, so that one run reports
//! everything.

use std::rc::Rc;
use std::sync::Arc;

use super::build::{Built, ReadStop};
use super::fault::{Mend, StopPlace, explain};
use super::{Node, Patch, margin};
use crate::source::{Diagnostic, SourceFile};

/// Faults of the YAML that are patched before giving up. People fix a few and run again.
const ROUNDS: usize = 16;

/// A text read as YAML.
pub(in crate::config) struct MendedText {
    /// The tree; its spans are of the patched text. `None` when the text is empty or beyond repair.
    pub(in crate::config) root: Option<Rc<Node>>,
    /// The text that was read.
    pub(in crate::config) patch: Patch,
    /// All findings, with spans of the text as written.
    pub(in crate::config) findings: Vec<Diagnostic>,
}

/// Reads the file's text, or `patch`, where that was changed already.
pub(in crate::config) fn read(file: &Arc<SourceFile>, mut patch: Patch) -> MendedText {
    let mut faults = Vec::new();
    let mut round = 0;
    loop {
        let (Built { root, findings, stop }, left) = margin::read(file, &patch.text);
        let fault = match (left, &stop) {
            (Some(fault), _) if round < ROUNDS => fault,
            (None, Some(ReadStop::Syntax { kind, at, read_to, open })) if round < ROUNDS => {
                explain(&StopPlace { text: &patch.text, kind, at: *at, read_to: *read_to, open })
            }
            _ => {
                faults.extend(findings.into_iter().map(|finding| translate(finding, &patch, file)));
                return MendedText { root, patch, findings: faults };
            }
        };
        let mut finding = Diagnostic::error(fault.code, file, fault.message).label(fault.span, fault.label);
        finding.help = fault.help;
        let is_repeated =
            |known: &Diagnostic| known.code == finding.code && known.code == "flowrun::yaml_tab";
        if !faults.iter().any(is_repeated) {
            faults.push(translate(finding, &patch, file));
        }
        match fault.mend {
            Mend::Stop => return MendedText { root: None, patch, findings: faults },
            Mend::Drop(line) => {
                patch.dropped = true;
                patch.replace(&[(line, String::new())]);
            }
            Mend::Replace(edits) => patch.replace(&edits),
        }
        round += 1;
    }
}

fn translate(mut finding: Diagnostic, patch: &Patch, file: &SourceFile) -> Diagnostic {
    for label in &mut finding.labels {
        label.span = patch.original(label.span, file.text());
    }
    finding
}
