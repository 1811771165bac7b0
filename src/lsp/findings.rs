//! This module turns what `flowrun check` finds in an unsaved text into what editors show, with the repairs that
//! findings offer.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use gen_lsp_types::{DiagnosticRelatedInformation, DiagnosticSeverity, Location, Range, TextEdit, Uri};
use url::Url;

use super::file::File;
use super::lines::Lines;
use crate::config::{self, FileKind};
use crate::plan::{self, Inputs};
use crate::source::{Diagnostic, Severity, SourceFile};
use crate::value::{Mask, Secrets};

/// What was found, by the file that it is about: that of the pipeline, and the Lua files that it names.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// All files that something was found in, and the pipeline in any case.
    pub(super) by_file: BTreeMap<String, Vec<gen_lsp_types::Diagnostic>>,
    /// What can be repaired in the pipeline.
    pub(super) fixes: Vec<Fix>,
}

/// A repair.
#[derive(Debug, Clone)]
pub(super) struct Fix {
    /// What is done, for people.
    pub(super) title: String,
    /// The finding that it ends.
    pub(super) found: gen_lsp_types::Diagnostic,
    /// How.
    pub(super) edit: TextEdit,
}

/// Checks the text of a file as `flowrun check` would if it was saved.
pub(super) fn check(file: &File, inputs: &Inputs) -> Findings {
    let mut findings = Findings::default();
    findings.by_file.entry(file.uri.0.clone()).or_default();
    let Some(kind) = file.kind() else { return findings };
    let loaded = config::load_as(kind, file.text.as_bytes(), &file.path.to_string_lossy(), &file.path);
    let (diagnostics, secrets) = match kind {
        FileKind::Pipeline => {
            let loaded = plan::load(loaded, inputs);
            (loaded.diagnostics, loaded.secrets)
        }
        FileKind::Included => (plan::check_included(loaded), Secrets::default()),
        FileKind::Executors => (loaded.diagnostics, Secrets::default()),
    };
    let mask = secrets.mask();
    for found in &diagnostics {
        let is_own = found.file.path() == file.path;
        let (uri, place): (Uri, &dyn Fn(crate::source::Span) -> Range) = if is_own {
            (file.uri.clone(), &|span| file.range(span))
        } else {
            let Some(uri) = uri(found.file.path()) else { continue };
            (uri, &|span| range(&found.file, span))
        };
        let shown = shown(found, &uri, place, mask);
        if is_own && let Some((title, edit)) = repair(found, &shown) {
            findings.fixes.push(Fix { title, found: shown.clone(), edit });
        }
        let list = findings.by_file.entry(uri.0.clone()).or_default();
        if !list.contains(&shown) {
            list.push(shown);
        }
    }
    findings
}

/// The range of a span in a file that is not open.
pub(super) fn range(file: &Arc<SourceFile>, span: crate::source::Span) -> Range {
    Lines::of(file.text(), false).range(file.text(), span)
}

/// What clients call a file.
pub(super) fn uri(path: &Path) -> Option<Uri> {
    Some(Uri(Url::from_file_path(path).ok()?.into()))
}

/// A finding in the editor's terms. There is one line of text for it, so the words at its place go there too.
fn shown(
    found: &Diagnostic,
    uri: &Uri,
    place: &dyn Fn(crate::source::Span) -> Range,
    mask: &Mask,
) -> gen_lsp_types::Diagnostic {
    let mut message = found.message.clone();
    if let Some(label) = found.labels.first().filter(|label| !label.text.is_empty()) {
        message = format!("{message}: {}", label.text);
    }
    if let Some(help) = &found.help {
        message = format!("{message}\nhelp: {help}");
    }
    let related: Vec<_> = found
        .labels
        .iter()
        .skip(1)
        .map(|label| DiagnosticRelatedInformation {
            location: Location::new(uri.clone(), place(label.span)),
            message: mask.owned(label.text.clone()),
        })
        .collect();
    gen_lsp_types::Diagnostic {
        range: found.labels.first().map(|label| place(label.span)).unwrap_or_default(),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(found.code.into()),
        source: Some("flowrun".to_owned()),
        message: mask.owned(message).into(),
        related_information: (!related.is_empty()).then_some(related),
        ..gen_lsp_types::Diagnostic::default()
    }
}

/// What a finding that asks "did you mean" means.
fn repair(found: &Diagnostic, shown: &gen_lsp_types::Diagnostic) -> Option<(String, TextEdit)> {
    let label = found.labels.first()?;
    let meant = meant(&label.text).or_else(|| meant(found.help.as_deref()?))?;
    let written = found.file.text().get(label.span.start..label.span.end)?;
    let new = replacement(written, meant)?;
    let title = format!("replace `{written}` with `{new}`");
    Some((title, TextEdit::new(shown.range, new)))
}

/// `load` of `` did you mean `load`? ``
fn meant(text: &str) -> Option<&str> {
    text.split_once("did you mean `")?.1.split_once("`?").map(|(meant, _)| meant)
}

/// What is meant, in the quotes and with the ending of what is written: `lod.failed` is more than the name that is wrong.
fn replacement(written: &str, meant: &str) -> Option<String> {
    let quote = ["\"", "'"].into_iter().find(|quote| {
        written.len() >= 2
            && written.starts_with(quote)
            && written.ends_with(quote)
            && !meant.contains(['"', '\'', '\\'])
    });
    let quote = quote.unwrap_or_default();
    let inner = &written[quote.len()..written.len() - quote.len()];
    if inner.is_empty() || inner.contains('\n') {
        return None;
    }
    let ending = match inner.split_once('#') {
        // A Lua file, with the name of a function in it.
        Some((path, _)) if !meant.contains('#') => &inner[path.len()..],
        _ if inner.ends_with(".failed") && !meant.ends_with(".failed") => ".failed",
        _ => "",
    };
    Some(format!("{quote}{meant}{ending}{quote}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repairs_keep_quotes_and_endings() {
        let check = |written, meant, expect| assert_eq!(replacement(written, meant).as_deref(), expect);
        check("lod", "load", Some("load"));
        check("'lod.failed'", "load", Some("'load.failed'"));
        check("\"lod\"", "load", Some("\"load\""));
        check("lua/a.luaa", "lua/a.lua", Some("lua/a.lua"));
        check("b.lua#f", "a.lua", Some("a.lua#f"));
        check("", "load", None);
        assert_eq!(meant("no: did you mean `*a`?"), Some("*a"));
        assert_eq!(meant("no step has this name"), None);
    }
}
