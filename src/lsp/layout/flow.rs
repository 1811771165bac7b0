//! This module reads maps in braces and lists in brackets, on one line or several.

use super::line::{quote_end, unquoted};
use super::{Bracket, OpenConstruct, Scan};
use crate::source::Span;

impl Scan<'_> {
    /// Reads on within braces or brackets, or opens them, up to the end of the line.
    pub(super) fn brackets(&mut self, mut at: usize, end: usize) -> OpenConstruct {
        while at < end {
            let byte = self.text.as_bytes()[at];
            match byte {
                b' ' | b'\t' => at += 1,
                b'#' => return OpenConstruct::Nothing,
                b'{' | b'[' => {
                    self.open_bracket(byte == b'{', at);
                    at += 1;
                }
                b'}' | b']' => {
                    if let Some(bracket) = self.flow.pop() {
                        self.last = at + 1;
                        self.close(bracket.depth);
                    }
                    if self.flow.is_empty() {
                        return OpenConstruct::Nothing;
                    }
                    at += 1;
                }
                b',' => {
                    self.comma(at);
                    at += 1;
                }
                _ => match self.token(at, end) {
                    (next, None) => at = next,
                    (_, Some(unfinished)) => return unfinished,
                },
            }
        }
        self.expected(at)
    }

    fn open_bracket(&mut self, is_map: bool, at: usize) {
        // At the top of a file nothing is indented less.
        let indent = self.top().map_or(usize::MAX, |entry| entry.indent);
        self.flow.push(Bracket { is_map, depth: self.open.len(), indent });
        if !is_map {
            self.push(None, Span::new(at, at + 1), indent);
        }
    }

    fn comma(&mut self, at: usize) {
        let Some(bracket) = self.flow.last() else { return };
        let (is_map, depth, indent) = (bracket.is_map, bracket.depth, bracket.indent);
        self.last = at;
        self.close(depth);
        if !is_map {
            self.push(None, Span::new(at, at + 1), indent);
        }
    }

    /// What may begin at a place where nothing stands yet.
    fn expected(&self, at: usize) -> OpenConstruct {
        let is_key =
            self.flow.last().is_some_and(|bracket| bracket.is_map && bracket.depth == self.open.len());
        if is_key { OpenConstruct::Word(at) } else { OpenConstruct::Value(at) }
    }

    /// Reads a key or a value. Where the line ends within it, or right behind it, that is what can be gone on with.
    fn token(&mut self, at: usize, end: usize) -> (usize, Option<OpenConstruct>) {
        let is_key = matches!(self.expected(at), OpenConstruct::Word(_));
        let rest = &self.text[at..end];
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        let content = at + usize::from(quote.is_some());
        let closed = quote.and_then(|quote| quote_end(&rest[1..], quote));
        let length = match (quote, closed) {
            (Some(_), Some(length)) => length,
            (Some(_), None) => rest.len() - 1,
            (None, _) => plain_end(rest),
        };
        let after = content + length + usize::from(closed.is_some());
        let is_open = closed.is_none() && after == end;
        let text = &self.text[content..content + length];
        let text = if quote.is_some() { text } else { text.trim_end() };
        if !is_key {
            self.set_value(Span::new(content, content + text.len()));
            return (after, is_open.then_some(OpenConstruct::Value(content)));
        }
        let behind = self.text[after..end].trim_start();
        if behind.starts_with(':') {
            let name = unquoted(text);
            let indent = self.flow.last().map_or(0, |bracket| bracket.indent);
            let key_end = if quote.is_some() { after } else { at + text.len() };
            self.push(Some(name), Span::new(at, key_end), indent);
            return (end - behind.len() + 1, None);
        }
        (after, is_open.then_some(OpenConstruct::Word(content)))
    }
}

/// Where a plain text ends within braces or brackets.
fn plain_end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let ends = |at: usize| match bytes[at] {
        b',' | b'[' | b']' | b'{' | b'}' => true,
        b':' => matches!(bytes.get(at + 1), None | Some(b' ' | b'\t' | b',' | b'[' | b']' | b'{' | b'}')),
        b'#' => bytes[at - 1] == b' ',
        _ => false,
    };
    // What can begin nothing is taken as a text all the same: reading has to go on.
    (1..bytes.len()).find(|&at| ends(at)).unwrap_or(bytes.len())
}
