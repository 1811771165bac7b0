//! An open file holds the unsaved text of a file in the editor, and what that text was last read as.

use std::cell::OnceCell;
use std::path::PathBuf;

use gen_lsp_types::{Position, Range, Uri};
use url::Url;

use super::layout::Layout;
use super::lines::Lines;
use crate::config::{self, FileKind};
use crate::plan;
use crate::source::Span;

/// An open file. A change makes a new one.
#[derive(Debug)]
pub(super) struct File {
    /// What the client calls it.
    pub(super) uri: Uri,
    /// What the client says it is.
    pub(super) language: String,
    /// The client's number of the text.
    pub(super) version: i32,
    /// The text without byte order mark.
    pub(super) text: String,
    /// Where it lies, or would lie if it was saved.
    pub(super) path: PathBuf,
    lines: Lines,
    layout: OnceCell<Layout>,
    document: OnceCell<Option<ParsedText>>,
}

/// A text that could be read as YAML.
#[derive(Debug)]
pub(super) struct ParsedText {
    /// Its content with places.
    pub(super) document: config::Document,
    /// Whether it was read only after faults were patched over.
    pub(super) mended: bool,
    /// Its errors, as far as the file alone shows them.
    pub(super) errors: usize,
    /// Where it names its steps and policies.
    pub(super) mentions: Vec<plan::Mention>,
}

impl File {
    /// A file with this text.
    pub(super) fn new(uri: Uri, language: String, version: i32, text: String) -> Self {
        let has_mark = text.starts_with('\u{feff}');
        let text = if has_mark { text['\u{feff}'.len_utf8()..].to_owned() } else { text };
        let lines = Lines::of(&text, has_mark);
        let path = path(&uri);
        Self { uri, language, version, text, path, lines, layout: OnceCell::new(), document: OnceCell::new() }
    }

    /// What it is to flowrun: the client says so, or it has the keys that make it one.
    pub(super) fn kind(&self) -> Option<FileKind> {
        match self.language.as_str() {
            "flowrun" => Some(FileKind::named(self.text.as_bytes())),
            "yaml" => FileKind::found(self.text.as_bytes()),
            _ => None,
        }
    }

    /// Its entries, whether or not it can be read.
    pub(super) fn layout(&self) -> &Layout {
        self.layout.get_or_init(|| Layout::of(&self.text))
    }

    /// What it says, if it can be read.
    pub(super) fn read(&self) -> Option<&ParsedText> {
        let kind = self.kind().unwrap_or(FileKind::Pipeline);
        self.document.get_or_init(|| read(kind, &self.text, &self.path)).as_ref()
    }

    /// The byte at a place.
    pub(super) fn byte(&self, position: Position) -> usize {
        self.lines.byte(&self.text, position)
    }

    /// The range of a span.
    pub(super) fn range(&self, span: Span) -> Range {
        self.lines.range(&self.text, span)
    }

    /// The text between two bytes.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }
}

/// Reads a text as a file of a kind.
pub(super) fn read(kind: FileKind, text: &str, path: &std::path::Path) -> Option<ParsedText> {
    let config::Loaded { document, mended, diagnostics, .. } =
        config::load_as(kind, text.as_bytes(), &path.to_string_lossy(), path);
    let document = document?;
    let errors = diagnostics.iter().filter(|found| found.severity == crate::source::Severity::Error).count();
    let mentions = plan::mentions(&document);
    Some(ParsedText { document, mended, errors, mentions })
}

/// Where a file lies. One that was never saved has no folder but the server's.
fn path(uri: &Uri) -> PathBuf {
    of_uri(&uri.0).unwrap_or_else(|| std::env::current_dir().unwrap_or_default().join("unsaved.yaml"))
}

/// The path that a URI names, if it is one of a file.
pub(super) fn of_uri(uri: &str) -> Option<PathBuf> {
    let url = Url::parse(uri).ok().filter(|url| url.scheme() == "file");
    url.and_then(|url| url.to_file_path().ok())
}
