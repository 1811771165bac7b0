//! This module makes a checked document from the bytes of a file. The caller reads the file.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::check;
use super::document::{Document, document};
use super::file_kind::FileKind;
use super::included::INCLUDED_KEYS;
use super::tree::{self, MAX_BYTES, Patch};
use crate::source::{Diagnostic, Severity, SourceFile, Span};

/// Findings of one file that are reported; people fix a few and run again.
const MOST_FINDINGS: usize = 100;

/// A file after all checks of this floor.
#[derive(Debug)]
pub struct Loaded {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Its content, when it could be read as YAML at all.
    pub document: Option<Document>,
    /// Whether the document was read only after faults of its YAML were patched over. It must not run.
    pub mended: bool,
    /// All findings, by position.
    pub diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// Whether nothing was found that forbids to run.
    pub fn is_valid(&self) -> bool {
        let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
        self.document.is_some() && !self.mended && !self.diagnostics.iter().any(is_error)
    }
}

/// Reads and checks a pipeline file; messages call it `name`. Any bytes end in a document or in findings.
pub fn load(bytes: &[u8], name: &str, path: &Path) -> Loaded {
    load_as(FileKind::Pipeline, bytes, name, path)
}

/// The same for a file of this kind.
pub fn load_as(kind: FileKind, bytes: &[u8], name: &str, path: &Path) -> Loaded {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    if bytes.len() > MAX_BYTES {
        // Nothing of the text is kept: it would be rendered beside the finding.
        let file = SourceFile::new(name, path, String::new());
        let found = too_long(&file, bytes.len());
        return Loaded { file, document: None, mended: false, diagnostics: vec![found] };
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(error) => {
            let file = SourceFile::new(name, path, String::from_utf8_lossy(bytes).into_owned());
            let found = not_utf8(&file, bytes, error.valid_up_to());
            return Loaded { file, document: None, mended: false, diagnostics: vec![found] };
        }
    };
    read(&SourceFile::new(name, path, text), kind)
}

fn read(file: &Arc<SourceFile>, kind: FileKind) -> Loaded {
    if let Some(line) = toml_line(file.text()) {
        let found = Diagnostic::error("flowrun::yaml_syntax", file, "the file is TOML, and a pipeline is YAML")
            .label(Span::new(line.start, line.end), "this is how TOML writes it")
            .help("write `key: value`, and what belongs to a key indented below it; `flowrun init` makes an example");
        return Loaded { file: Arc::clone(file), document: None, mended: false, diagnostics: vec![found] };
    }
    let mut patch = Patch::new(file.text().to_owned());
    let mut diagnostics: Vec<Diagnostic> = control_characters(file, &mut patch).into_iter().collect();
    let reading = tree::read(file, patch);
    diagnostics.extend(reading.findings);
    let mended = reading.patch.is_changed();
    let dropped = reading.patch.dropped;
    let document = reading.root.map(|root| document(file, &root, reading.patch, &mut diagnostics));
    match &document {
        Some(document) => diagnostics.extend(check::document(document, kind, dropped)),
        None if diagnostics.is_empty() => diagnostics.push(empty(file, kind)),
        None => {}
    }
    let is_error = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error;
    if let Some(document) = &document {
        let allowed = document.allowed();
        diagnostics.retain(|found| is_error(found) || !allowed.accepts(found.code));
    }
    Loaded { file: Arc::clone(file), document, mended, diagnostics: tidy(file, diagnostics) }
}

/// The first line of a text that is TOML by the way it begins: with `[table]` or `key = value`.
fn toml_line(text: &str) -> Option<Range<usize>> {
    let is_key = |key: &str| {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "_-.\"".contains(letter);
        !key.is_empty() && key.chars().all(is_part)
    };
    let is_pair = |line: &str| line.split_once('=').is_some_and(|(key, _)| is_key(key.trim_end()));
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next()?;
    let table = first.trim_start_matches('[').trim_end_matches(']');
    let is_head = first.starts_with('[') && first.ends_with(']') && is_key(table);
    let is_toml = is_pair(first) || is_head && lines.next().is_some_and(is_pair);
    let start = text.find(first).filter(|_| is_toml)?;
    Some(start..start + first.len())
}

/// Sorts by position, leaves out what is said twice, and keeps the list short enough to be read.
fn tidy(file: &Arc<SourceFile>, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    found.sort_by_key(|found| (found.start(), found.code));
    // A merged or aliased part is looked at wherever it is used.
    found.dedup_by(|a, b| a.code == b.code && a.labels == b.labels);
    if let Some(more) = found.len().checked_sub(MOST_FINDINGS).filter(|more| *more > 0) {
        found.truncate(MOST_FINDINGS);
        let message = format!("the file has {more} more findings");
        found.push(Diagnostic::error("flowrun::too_many", file, message).help("fix these first"));
    }
    found
}

fn too_long(file: &Arc<SourceFile>, length: usize) -> Diagnostic {
    let megabytes = length as f64 / f64::from(1 << 20);
    let message =
        format!("the file is {megabytes:.1} MiB long, more than the {} MiB allowed", MAX_BYTES >> 20);
    Diagnostic::error("flowrun::yaml_limit", file, message)
        .help("put data into a file of its own and `read` it")
}

fn not_utf8(file: &Arc<SourceFile>, bytes: &[u8], at: usize) -> Diagnostic {
    let help = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "this looks like UTF-16; save the file as UTF-8",
        _ => "save the file as UTF-8",
    };
    // Up to the fault, the text that is shown is the file's.
    let replacement = char::REPLACEMENT_CHARACTER.len_utf8();
    Diagnostic::error("flowrun::not_utf8", file, "the file is not UTF-8 text")
        .label(Span::new(at, at + replacement), format!("the byte 0x{:02x} is no character", bytes[at]))
        .help(help)
}

/// Finds characters that YAML forbids, and puts spaces in their places.
fn control_characters(file: &Arc<SourceFile>, patch: &mut Patch) -> Option<Diagnostic> {
    let text = file.text();
    let forbidden = |at: usize, c: char| match c {
        '\t' | '\n' => false,
        '\r' => !text[at + 1..].starts_with('\n'),
        c => c.is_control() && c != '\u{85}' || matches!(c, '\u{fffe}' | '\u{ffff}'),
    };
    let edits: Vec<(Range<usize>, String)> = text
        .char_indices()
        .filter(|(at, c)| forbidden(*at, *c))
        .map(|(at, c)| (at..at + c.len_utf8(), " ".to_owned()))
        .collect();
    let (first, _) = edits.first()?;
    let character = text[first.start..].chars().next()? as u32;
    let label = match edits.len() {
        1 => format!("U+{character:04X} here"),
        more => format!("U+{character:04X} here, and {} more below", more - 1),
    };
    let help =
        if character == 0x0d { "end lines with LF or CRLF" } else { "remove it, or write `\"\\x…\"`" };
    let found = Diagnostic::error("flowrun::yaml_control", file, "the file holds a control character")
        .label(Span::new(first.start, first.end), label)
        .help(help);
    patch.replace(&edits);
    Some(found)
}

fn empty(file: &Arc<SourceFile>, kind: FileKind) -> Diagnostic {
    let (message, help) = match kind {
        FileKind::Pipeline => {
            ("the file holds no pipeline", "a pipeline has at least `steps:` with one step".to_owned())
        }
        FileKind::Executors => {
            ("the file holds no executors", "an executors file has `executors:`".to_owned())
        }
        FileKind::Included => {
            let keys = INCLUDED_KEYS.join("`, `");
            ("the file holds nothing to include", format!("an included file has at least one of `{keys}`"))
        }
    };
    Diagnostic::error("flowrun::empty_file", file, message).help(help)
}
