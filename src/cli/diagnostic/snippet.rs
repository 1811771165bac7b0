//! This module takes the few lines of a file that a diagnostic shows and makes them ready to be drawn: long lines are
//! cut, control characters are pictured.
//!
//! miette is given these lines instead of the file, with a [`SourceCode`] of our own, because its own counts the
//! header's column in bytes, walks the whole file for every label and prints a line whole however long it is.

use std::collections::BTreeMap;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::place::{is_unsafe, picture, shown};
use crate::source::{Label, Position, SourceFile, Span};

/// Lines shown above and below a label.
const CONTEXT_LINES: usize = 1;
/// Room that the frame, the line number and the two marks of a cut take from the width.
const FRAME_WIDTH: usize = 14;

/// The lines that a diagnostic shows.
#[derive(Debug)]
pub(super) struct Snippet {
    name: String,
    text: String,
    rows: Vec<Row>,
    marks: Vec<Mark>,
}

/// One line of the file within the snippet's text, its line feed included.
#[derive(Debug)]
struct Row {
    /// From 1.
    line: usize,
    start: usize,
    end: usize,
}

/// A label within the snippet's text.
#[derive(Debug)]
struct Mark {
    span: Span,
    /// Where the label stands in the file.
    position: Position,
    text: String,
}

impl Snippet {
    /// Takes what `labels` and the lines around them need from `file`.
    pub(super) fn new(file: &SourceFile, labels: &[Label], width: usize) -> Self {
        let marks = labels
            .iter()
            .map(|label| Mark {
                span: Span::default(),
                position: file.position(label.span.start),
                text: shown(&label.text),
            })
            .collect();
        let mut snippet = Self { name: shown(file.name()), text: String::new(), rows: Vec::new(), marks };
        for (line, labelled) in lines(file, &snippet.marks) {
            snippet.push(file, line, &labelled, labels, width.saturating_sub(FRAME_WIDTH));
        }
        snippet
    }

    /// The labels in terms of the snippet, the primary one first.
    pub(super) fn labels(&self) -> impl Iterator<Item = LabeledSpan> {
        self.marks.iter().enumerate().map(|(number, mark)| {
            let text = (!mark.text.is_empty()).then(|| mark.text.clone());
            let span = (mark.span.start, mark.span.end - mark.span.start);
            match number {
                0 => LabeledSpan::new_primary_with_span(text, span),
                _ => LabeledSpan::new_with_span(text, span),
            }
        })
    }

    /// Adds a line, of which at most `width` characters are shown, and places the labels on it.
    fn push(&mut self, file: &SourceFile, line: usize, labelled: &[usize], labels: &[Label], width: usize) {
        let start = self.text.len();
        let whole = file.line_span(line);
        let text = file.line(line);
        let within = |byte: usize| floor(text, byte.clamp(whole.start, whole.end) - whole.start);
        let spans: Vec<Span> = labelled
            .iter()
            .map(|&at| Span::new(within(labels[at].span.start), within(labels[at].span.end)))
            .collect();
        let window = window(text, spans.first().map_or(0, |span| span.start), width);
        if window.start > 0 {
            self.text.push('…');
        }
        let shown_start = self.text.len();
        let shown_end = |byte: usize| {
            let byte = byte.clamp(window.start, window.end);
            shown_start
                + text[window.start..byte]
                    .chars()
                    .map(|character| visible(character).len_utf8())
                    .sum::<usize>()
        };
        for (&at, span) in labelled.iter().zip(&spans) {
            self.marks[at].span = Span::new(shown_end(span.start), shown_end(span.end));
        }
        self.text.extend(text[window.start..window.end].chars().map(visible));
        if window.end < text.len() {
            self.text.push('…');
        }
        self.text.push('\n');
        self.rows.push(Row { line, start, end: self.text.len() });
    }

    /// The rows from the one that holds `start` to the one that holds `end`, as indices.
    fn rows_of(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let row_of = |byte: usize| self.rows.partition_point(|row| row.end <= byte);
        let first = row_of(start);
        let last = row_of(end.max(start + 1) - 1).min(self.rows.len().checked_sub(1)?);
        (first <= last).then_some((first, last))
    }
}

impl SourceCode for Snippet {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let (start, end) = (span.offset(), span.offset() + span.len());
        let (mut first, mut last) = self.rows_of(start, end).ok_or(MietteError::OutOfBounds)?;
        // Without context miette asks for the place of a label, which it writes into the header.
        let position = self.marks.iter().find(|mark| before == 0 && mark.span.start == start);
        for _ in 0..before {
            first -= usize::from(first > 0 && self.rows[first - 1].line + 1 == self.rows[first].line);
        }
        for _ in 0..after {
            let next = self.rows.get(last + 1);
            last += usize::from(next.is_some_and(|next| next.line == self.rows[last].line + 1));
        }
        let (from, to) = (self.rows[first].start, self.rows[last].end);
        let (line, column) =
            position.map_or((self.rows[first].line, 1), |mark| (mark.position.line, mark.position.column));
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            &self.text.as_bytes()[from..to],
            (from, to - from).into(),
            line - 1,
            column - 1,
            last - first + 1,
        )))
    }
}

/// The lines to show, each with the labels that begin on it.
fn lines(file: &SourceFile, marks: &[Mark]) -> BTreeMap<usize, Vec<usize>> {
    let mut lines: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, mark) in marks.iter().enumerate() {
        let line = mark.position.line;
        for near in line.saturating_sub(CONTEXT_LINES).max(1)..=line + CONTEXT_LINES {
            // Nothing stands behind the last line feed.
            let empty_end = near == file.line_count() && file.line(near).is_empty();
            if near == line || (near <= file.line_count() && !empty_end) {
                lines.entry(near).or_default();
            }
        }
        lines.entry(line).or_default().push(at);
    }
    lines
}

/// The part of `text` to show: all of it, or about `width` characters around the byte at `anchor`.
fn window(text: &str, anchor: usize, width: usize) -> Span {
    if text.len() <= width || text.chars().nth(width).is_none() {
        return Span::new(0, text.len());
    }
    let before = text[..anchor].char_indices().rev().nth(width / 3).map_or(0, |(byte, _)| byte);
    let end = text[before..].char_indices().nth(width).map_or(text.len(), |(byte, _)| before + byte);
    Span::new(before, end)
}

fn visible(character: char) -> char {
    if is_unsafe(character) { picture(character) } else { character }
}

/// The last character boundary at or before `byte`.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte).rev().find(|&byte| text.is_char_boundary(byte)).unwrap_or(0)
}
