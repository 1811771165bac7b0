//! This module reads one line in block style: dashes, a key, and the text behind it. Other modules read braces and
//! brackets.

use super::{LayoutEntry, OpenConstruct, Scan};
use crate::source::Span;

impl Scan<'_> {
    /// Reads the line between two bytes, its end not included.
    pub(super) fn line(&mut self, start: usize, end: usize) -> OpenConstruct {
        let line = &self.text[start..end];
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len();
        let is_blank = body.trim().is_empty();
        if let Some(column) = self.block {
            if indent > column {
                self.last = if is_blank { self.last } else { end };
                return OpenConstruct::Block;
            }
            if !is_blank {
                self.block = None;
            }
        }
        if let Some(spot) = self.still_in_brackets(start + indent, end, indent) {
            return spot;
        }
        if is_blank {
            return self.blank(start, end, indent);
        }
        if body.starts_with('#') {
            return OpenConstruct::Nothing;
        }
        if indent == 0 && (body.starts_with("---") || body.starts_with("...") || body.starts_with('%')) {
            self.close(0);
            return OpenConstruct::Nothing;
        }
        let spot = self.content(start, start + indent, end);
        self.last = end;
        spot
    }

    /// A line within brackets that an earlier one has opened. What is indented less cannot belong to them, whoever wrote it has
    /// not closed them yet.
    fn still_in_brackets(&mut self, at: usize, end: usize, indent: usize) -> Option<OpenConstruct> {
        let bracket = self.flow.last()?;
        let body = &self.text[at..end];
        let is_blank = body.trim().is_empty();
        let belongs = bracket.indent == usize::MAX || indent > bracket.indent || body.starts_with(['}', ']']);
        if is_blank || belongs {
            let spot = self.brackets(at, end);
            self.last = if is_blank { self.last } else { end };
            return Some(spot);
        }
        let depth = self.flow.first().map_or(0, |bracket| bracket.depth);
        self.flow.clear();
        self.close(depth);
        None
    }

    /// A line with nothing on it closes nothing, unless the text ends there.
    fn blank(&mut self, start: usize, end: usize, indent: usize) -> OpenConstruct {
        if end == self.text.len() {
            self.close_from(indent);
            self.block = None;
        }
        OpenConstruct::Word(start + indent)
    }

    fn content(&mut self, line: usize, mut at: usize, end: usize) -> OpenConstruct {
        let mut is_item = false;
        while let Some(rest) = self.text[at..end].strip_prefix('-')
            && (rest.is_empty() || rest.starts_with(' '))
        {
            self.item(at, at - line);
            at += 1 + (rest.len() - rest.trim_start_matches(' ').len());
            is_item = true;
        }
        let rest = &self.text[at..end];
        if let Some(colon) = key_end(rest) {
            self.close_from(at - line);
            let key = rest[..colon].trim_end();
            self.push(Some(unquoted(key)), Span::new(at, at + key.len()), at - line);
            return self.value(at + colon + 1, end);
        }
        let is_word = !rest.starts_with(['{', '[', '|', '>', '"', '\'', '&', '!']);
        if is_item || rest.starts_with(['{', '[']) {
            return match self.value(at, end) {
                OpenConstruct::Value(start) if is_word => OpenConstruct::Word(start),
                spot => spot,
            };
        }
        if end == self.text.len() {
            self.close_from(at - line);
        }
        OpenConstruct::Word(at)
    }

    /// An item that begins with a dash: a list may stand in the column of its key.
    fn item(&mut self, at: usize, column: usize) {
        let holds =
            |entry: &LayoutEntry| entry.indent < column || entry.indent == column && entry.name.is_some();
        let kept = self.open.iter().take_while(|&&at| holds(&self.entries[at])).count();
        self.close(kept);
        self.push(None, Span::new(at, at + 1), column);
    }

    /// What follows a key or a dash.
    fn value(&mut self, at: usize, end: usize) -> OpenConstruct {
        let at = self.behind_marks(at.min(end), end);
        let rest = &self.text[at..end];
        match rest.chars().next() {
            Some('#') => OpenConstruct::Nothing,
            Some('|' | '>') => {
                self.block = Some(self.top().map_or(0, |entry| entry.indent));
                OpenConstruct::Nothing
            }
            Some('{' | '[') => self.brackets(at, end),
            Some(quote @ ('"' | '\'')) => {
                let close = quote_end(&self.text[at + 1..end], quote);
                self.set_value(Span::new(at + 1, close.map_or(end, |length| at + 1 + length)));
                if close.is_some() { OpenConstruct::Nothing } else { OpenConstruct::Value(at + 1) }
            }
            _ => {
                let plain = rest.find(" #").unwrap_or(rest.len());
                self.set_value(Span::new(at, at + rest[..plain].trim_end().len()));
                if plain < rest.len() { OpenConstruct::Nothing } else { OpenConstruct::Value(at) }
            }
        }
    }

    /// Where a value begins behind blanks, its anchor and its tag.
    fn behind_marks(&self, mut at: usize, end: usize) -> usize {
        loop {
            let rest = &self.text[at..end];
            let blank = rest.len() - rest.trim_start().len();
            at += blank;
            let rest = &rest[blank..];
            let mark = rest.find(' ').filter(|_| rest.starts_with(['&', '!']));
            match mark {
                Some(length) => at += length,
                None => return at,
            }
        }
    }
}

/// Where the colon stands behind the key that a line begins with.
fn key_end(rest: &str) -> Option<usize> {
    let is_end = |at: usize| matches!(rest.as_bytes().get(at + 1), None | Some(b' ' | b'\t'));
    if let Some(quote) = rest.chars().next().filter(|first| matches!(first, '"' | '\'')) {
        let close = quote_end(&rest[1..], quote)? + 2;
        let colon = close + (rest[close..].len() - rest[close..].trim_start().len());
        return (rest[colon..].starts_with(':') && is_end(colon)).then_some(colon);
    }
    if rest.starts_with(['{', '[', '|', '>', '#', '*', '%', '@', '`']) {
        return None;
    }
    let comment = rest.find(" #").unwrap_or(rest.len());
    rest[..comment].match_indices(':').map(|(at, _)| at).find(|&at| is_end(at))
}

/// Where the quote stands that ends a quoted text, which begins behind the first one.
pub(super) fn quote_end(text: &str, quote: char) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == '"' => at += 1,
            b'\'' if quote == '\'' && bytes.get(at + 1) == Some(&b'\'') => at += 1,
            _ if char::from(byte) == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// A key without anchor and quotes. Escapes stay: no name has any.
pub(super) fn unquoted(key: &str) -> String {
    let key = match key.split_once(' ') {
        Some((anchor, key)) if anchor.starts_with(['&', '!']) => key.trim_start(),
        _ => key,
    };
    let inner = ['"', '\''].into_iter().find_map(|quote| key.strip_prefix(quote)?.strip_suffix(quote));
    inner.unwrap_or(key).to_owned()
}
