//! This type says how a scalar was written, and where the bytes of its text stand in the file.

use std::ops::Range;
use std::sync::OnceLock;

use crate::config::tree::{Style, Written};
use crate::source::{LineStarts, SourceFile, Span};

/// How a scalar was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its notation.
    pub style: Style,
    /// Where it stands: quotes included, the header of a block not.
    pub span: Span,
    /// Line of the file on which the first line of the text stands, from 1.
    pub line: usize,
    /// Spaces that YAML takes away from each line of a block.
    pub indent: usize,
    /// Whether each line of the text is one line of the file.
    pub exact: bool,
    /// A comment that follows a plain scalar on its line: where Lua's `#` may have been meant.
    pub comment: Option<Span>,
    /// Its place in the text that was read; differs from `span` when that was patched.
    read: Span,
    /// Made when somebody asks for the first place in a text whose notation has other bytes than the text.
    aligned: OnceLock<Aligned>,
}

/// Where the bytes of a text stand in its notation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Aligned {
    lines: LineStarts,
    /// For each byte of the text, and its end, the byte of the file as read.
    places: Vec<u32>,
}

impl Scalar {
    /// Describes a scalar of the text `read`, whose value is `text`. Spans are of that text.
    pub(super) fn new(read: &SourceFile, span: Span, written: Written, text: &str) -> Self {
        let Written { style, indent } = written;
        let is_block = matches!(style, Style::Literal | Style::Folded);
        let source = &read.text()[span.start..span.end];
        let span = Span::new(span.start, span.start + source.trim_end_matches(['\n', '\r']).len());
        let first = read.line_of(span.start);
        let line = match text.find(|c| c != '\n') {
            // Blank lines at the start of a block are in its text, but not in its span.
            Some(blank) if is_block => first.saturating_sub(blank).max(1),
            None if is_block => first + 1,
            _ => first,
        };
        let exact = style == Style::Literal || !read.text()[span.start..span.end].contains('\n');
        let comment = (style == Style::Plain).then(|| comment_after(read.text(), span)).flatten();
        Self { style, span, line, indent, exact, comment, read: span, aligned: OnceLock::new() }
    }

    /// Takes the places to where they are in the file as written.
    pub(super) fn moved(self, to: impl Fn(Span) -> Span) -> Self {
        Self { span: to(self.span), comment: self.comment.map(to), ..self }
    }

    /// The place, in the text that was read, of `columns` (bytes) of the line of `text` that stands on `line`.
    pub(super) fn locate(&self, read: &SourceFile, text: &str, line: usize, columns: &Range<usize>) -> Span {
        let index = line.saturating_sub(self.line);
        if self.style == Style::Literal {
            let line = read.line_span(self.line + index);
            let place = |column: usize| floor(read.text(), (line.start + self.indent + column).min(line.end));
            return Span::new(place(columns.start), place(columns.end));
        }
        let Aligned { lines, places } = self.aligned.get_or_init(|| self.align(read, text));
        let start = lines.start(index + 1).unwrap_or(text.len());
        let end = lines.start(index + 2).map_or(text.len(), |next| next - 1);
        let place = |column: usize| places[floor(text, (start + column).min(end))] as usize;
        Span::new(place(columns.start), place(columns.end))
    }

    /// Walks along the notation and the text side by side.
    fn align(&self, read: &SourceFile, text: &str) -> Aligned {
        let quote = usize::from(matches!(self.style, Style::SingleQuoted | Style::DoubleQuoted));
        let start = (self.read.start + quote).min(self.read.end);
        let source = &read.text()[start..self.read.end];
        let mut places = Vec::with_capacity(text.len() + 1);
        let mut at = 0;
        let mut run = Blank::default();
        for c in text.chars() {
            places.extend(std::iter::repeat_n((start + at) as u32, c.len_utf8()));
            at += self.joined(&source[at..]);
            run = run.at(source, at);
            let blank = run.end - at;
            let folded = run.feed.is_some_and(|feed| feed >= at);
            at += match (c.is_whitespace(), source[at..].chars().next()) {
                // One space of the text may be a line end and much indentation in the notation.
                (true, _) if folded => blank,
                (true, Some(next)) if !next.is_whitespace() && next != '\\' => 0,
                _ => {
                    let skipped = if folded { blank } else { 0 };
                    skipped + self.width(&source[at + skipped..])
                }
            };
        }
        places.push((start + at) as u32);
        Aligned { lines: LineStarts::of(text), places }
    }

    /// Bytes of an escaped line end, which stands for nothing.
    fn joined(&self, source: &str) -> usize {
        let ends = ["\\\n", "\\\r\n"];
        match ends.iter().find_map(|end| source.strip_prefix(end)) {
            Some(rest) if self.style == Style::DoubleQuoted => source.len() - rest.trim_start().len(),
            _ => 0,
        }
    }

    /// Bytes that the notation takes for the next character.
    fn width(&self, source: &str) -> usize {
        let width = match (self.style, source.as_bytes()) {
            (Style::DoubleQuoted, [b'\\', escape, ..]) => match escape {
                b'x' => 4,
                b'u' => 6,
                b'U' => 10,
                _ => 1 + source[1..].chars().next().map_or(0, char::len_utf8),
            },
            (Style::SingleQuoted, [b'\'', b'\'', ..]) => 2,
            _ => source.chars().next().map_or(0, char::len_utf8),
        };
        floor(source, width.min(source.len()))
    }
}

/// A run of white space in a notation; looked at once, however many of its characters are asked about.
#[derive(Default)]
struct Blank {
    end: usize,
    /// Its last line feed.
    feed: Option<usize>,
}

impl Blank {
    /// The run in which `at` lies; one without bytes when no white space stands there.
    fn at(self, source: &str, at: usize) -> Self {
        if at < self.end {
            return self;
        }
        let rest = &source[at..];
        let end = at + rest.len() - rest.trim_start().len();
        Self { end, feed: source[at..end].rfind('\n').map(|feed| at + feed) }
    }
}

/// A comment on the line on which a plain scalar, or nothing, ends.
fn comment_after(text: &str, span: Span) -> Option<Span> {
    // Nothing stands right behind its key or dash.
    let mark = usize::from(span.start == span.end && text[span.end..].starts_with([':', '-']));
    let rest = &text[span.end + mark..];
    let start = span.end + mark + rest.len() - rest.trim_start_matches([' ', '\t']).len();
    // Looked at first: a long list in brackets is one line, and to look for its end at each item would take for ever.
    let rest = text[start..].strip_prefix('#')?;
    let comment = &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())];
    Some(Span::new(start, start + 1 + comment.trim_end().len()))
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
