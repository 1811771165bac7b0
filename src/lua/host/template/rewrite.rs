//! This module puts calls into a template where the engine would work on and ask nobody: around values that are kept, made text of or
//! compared, and into loops. Lines stay as they are.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::kept;
use super::names;
use super::tokens::{Tag, TagToken, TagTokenKind, Tags};

/// Tags whose content may run many times, or without end.
const RUN: [&str; 5] = ["for", "macro", "with", "call", "filter"];

/// Tags that name other templates.
const INCLUDES: [&str; 4] = ["include", "import", "from", "extends"];

pub(super) const COMPARISONS: [&str; 6] = ["==", "!=", ">=", "<=", ">", "<"];

/// A text to be put in, and how much it stands around.
struct Put {
    at: usize,
    around: usize,
    text: String,
    /// Bytes of the source that it stands for.
    instead: usize,
}

/// The source as the engine reads it: with line feeds only, without the last one, as in Jinja2.
pub(super) fn normalized(source: &str) -> String {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    source.strip_suffix('\n').map(str::to_owned).unwrap_or(source)
}

/// The source with the calls.
pub(super) fn rewritten(source: &str) -> String {
    let mut puts = Vec::new();
    for tag in Tags::of(source) {
        Operands { source, tag: &tag, puts: &mut puts, lists: BTreeSet::new() }.all();
    }
    // What stands around more comes first.
    puts.sort_by_key(|put| (put.at, Reverse(put.around)));
    let mut text = String::with_capacity(source.len() + puts.len() * 20);
    let mut copied = 0;
    for put in puts {
        text.push_str(&source[copied..put.at]);
        text.push_str(&put.text);
        copied = put.at + put.instead;
    }
    text.push_str(&source[copied..]);
    text
}

/// Words of a rewritten source without the calls that make lists.
pub(super) fn without_lists(words: &str) -> String {
    let call = format!("{}(", names::NEW);
    let mut words = words.to_owned();
    while let Some(at) = words.find(&call) {
        words.replace_range(at..at + call.len(), "");
        if let Some(end) = closing(&words[at..]) {
            words.remove(at + end);
        }
    }
    words
}

/// Where the bracket stands that closes none of those that are opened in a text. What stands in quotes is none.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    text.bytes().position(|byte| {
        match (quote, byte) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(open), _) => quote = Some(open).filter(|open| *open != byte),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')') if depth == 0 => return true,
            (None, b')' | b']' | b'}') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        false
    })
}

/// The operands of one tag.
struct Operands<'a> {
    source: &'a str,
    tag: &'a Tag,
    puts: &'a mut Vec<Put>,
    /// Sums and products that have their call.
    lists: BTreeSet<(usize, usize)>,
}

impl<'a> Operands<'a> {
    fn all(&mut self) {
        let name = if self.tag.is_block { self.text(0) } else { "" };
        if let Some((start, end, function)) = kept::value(self.source, self.tag) {
            // Two brackets: `a, b` is one value.
            self.put(start, end, &format!("{function}(("), "))");
        } else if matches!(name, "if" | "elif") {
            self.around(1, self.tag.tokens.len(), names::LOOK);
        } else if INCLUDES.contains(&name) {
            self.around(1, self.end(0, true), names::SHOWN);
        }
        let mut is_loop = name == "for";
        let mut depth = 0_usize;
        for at in 0..self.tag.tokens.len() {
            match self.tag.tokens[at].kind {
                TagTokenKind::Open => depth += 1,
                TagTokenKind::Close => depth = depth.saturating_sub(1),
                TagTokenKind::Word if is_loop && depth == 0 && self.text(at) == "in" => is_loop = false,
                _ => self.operator(at),
            }
            self.list(at);
        }
        if RUN.contains(&name) && self.tag.end > 0 {
            let end = if self.tag.trims { "-%}" } else { "%}" };
            let look = format!("{{% if {}() %}}{{% endif {end}", names::LOOK);
            self.puts.push(Put { at: self.tag.end, around: 0, text: look, instead: 0 });
        }
    }

    /// Has a list that is written out made as one that can be changed, each time that the place is reached.
    fn list(&mut self, at: usize) {
        let begins = self.tag.tokens[at].kind == TagTokenKind::Open && self.text(at) == "[";
        if !begins || at > 0 && self.ends_operand(self.tag.tokens[at - 1]) {
            return;
        }
        let mut depth = 0_usize;
        let end = (at..self.tag.tokens.len()).find(|other| match self.tag.tokens[*other].kind {
            TagTokenKind::Open => {
                depth += 1;
                false
            }
            TagTokenKind::Close => {
                depth = depth.saturating_sub(1);
                depth == 0
            }
            _ => false,
        });
        if let Some(end) = end {
            let (start, end) = (self.tag.tokens[at].start, self.tag.tokens[end].end);
            self.put(start, end, &format!("{}(", names::NEW), ")");
        }
    }

    /// Puts calls around the operands of an operator.
    fn operator(&mut self, at: usize) {
        let text = self.text(at);
        if text == "~" {
            self.around(self.start(at, true), at, names::SHOWN);
            self.around(at + 1, self.end(at, true), names::SHOWN);
        } else if text == "*" || text == "+" && at > 0 && self.ends_operand(self.tag.tokens[at - 1]) {
            // All that is added, or multiplied, is one list in the end.
            let list = (self.start(at, text == "*"), self.end(at, text == "*"));
            if self.lists.insert(list) {
                self.around(list.0, list.1, names::LIST);
            }
        } else if text == "%" && at > 0 && self.text(at - 1).starts_with(['"', '\'']) {
            self.format(at);
        } else if COMPARISONS.contains(&text) {
            self.around(self.start(at, false), at, names::WHOLE);
        } else if text == "in" && self.divides(at, false) {
            let end = if at > 0 && self.text(at - 1) == "not" { at - 1 } else { at };
            self.around(self.start(end, false), end, names::SHOWN);
        }
    }

    /// Makes a call of a text with `%` and its values.
    fn format(&mut self, at: usize) {
        let is_factor = |other: usize| {
            let text = self.text(other);
            self.tag.tokens[other].kind == TagTokenKind::Sign && matches!(text, "*" | "/" | "//" | "%")
        };
        let mut depth = 0_usize;
        let last = self.end(at, true);
        let end = (at + 1..last).find(|other| match self.tag.tokens[*other].kind {
            TagTokenKind::Open => {
                depth += 1;
                false
            }
            TagTokenKind::Close => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0 && is_factor(*other),
        });
        let (first, sign) = (self.tag.tokens[at - 1], self.tag.tokens[at]);
        let Some(last) = end.unwrap_or(last).checked_sub(1).filter(|last| *last > at) else { return };
        self.put(first.start, self.tag.tokens[last].end, &format!("{}(", names::FORMAT), ")");
        self.puts.push(Put {
            at: sign.start,
            around: 0,
            text: ",".to_owned(),
            instead: sign.end - sign.start,
        });
    }

    /// Puts a call around these tokens; not around a literal, and not where there is nothing.
    fn around(&mut self, start: usize, end: usize, function: &str) {
        let Some(tokens) = self.tag.tokens.get(start..end) else { return };
        match tokens {
            [] => {}
            [token] if token.kind == TagTokenKind::Literal => {}
            [first, .., last] => self.put(first.start, last.end, &format!("{function}("), ")"),
            [only] => self.put(only.start, only.end, &format!("{function}("), ")"),
        }
    }

    fn put(&mut self, start: usize, end: usize, open: &str, close: &str) {
        self.puts.push(Put { at: start, around: end - start, text: open.to_owned(), instead: 0 });
        self.puts.push(Put { at: end, around: 0, text: close.to_owned(), instead: 0 });
    }

    /// Where the operand begins that ends before this token.
    fn start(&self, end: usize, of_concat: bool) -> usize {
        let first = usize::from(self.tag.is_block);
        let mut depth = 0_usize;
        let mut at = end;
        while at > first {
            match self.tag.tokens[at - 1].kind {
                TagTokenKind::Close => depth += 1,
                TagTokenKind::Open if depth == 0 => break,
                TagTokenKind::Open => depth -= 1,
                _ if depth == 0 && self.divides(at - 1, of_concat) => break,
                _ => {}
            }
            at -= 1;
        }
        at
    }

    /// Where the operand ends that begins behind this token.
    fn end(&self, operator: usize, of_concat: bool) -> usize {
        let mut depth = 0_usize;
        let tokens = &self.tag.tokens;
        (operator + 1..tokens.len())
            .find(|at| match tokens[*at].kind {
                TagTokenKind::Open => {
                    depth += 1;
                    false
                }
                TagTokenKind::Close if depth == 0 => true,
                TagTokenKind::Close => {
                    depth -= 1;
                    false
                }
                _ => depth == 0 && self.divides(*at, of_concat),
            })
            .unwrap_or(tokens.len())
    }

    /// Whether an operand of `~`, or else of a comparison, ends at this token.
    fn divides(&self, at: usize, of_concat: bool) -> bool {
        let token = self.tag.tokens[at];
        let text = self.text(at);
        let before = at.checked_sub(1).map(|before| self.tag.tokens[before]);
        match token.kind {
            TagTokenKind::Split | TagTokenKind::Assign => true,
            TagTokenKind::Sign => match text {
                "~" => of_concat,
                "+" | "-" => of_concat && before.is_some_and(|before| self.ends_operand(before)),
                _ => COMPARISONS.contains(&text),
            },
            // A name, not a word of the language.
            TagTokenKind::Word
                if before
                    .is_some_and(|before| matches!(before.kind, TagTokenKind::Dot | TagTokenKind::Pipe)) =>
            {
                false
            }
            TagTokenKind::Word => match text {
                "and" | "or" | "if" | "else" => true,
                "not" => !self.is_test(at),
                "in" => !(self.is_test(at) || at > 0 && self.text(at - 1) == "not" && self.is_test(at - 1)),
                "recursive" => self.tag.is_block && self.text(0) == "for",
                "ignore" | "missing" | "with" | "without" | "context" | "as" | "import" => {
                    self.tag.is_block && INCLUDES.contains(&self.text(0))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether this word follows an `is`.
    fn is_test(&self, at: usize) -> bool {
        at > 0 && self.text(at - 1) == "is"
    }

    fn ends_operand(&self, token: TagToken) -> bool {
        match token.kind {
            TagTokenKind::Close | TagTokenKind::Literal => true,
            TagTokenKind::Word => {
                let text = &self.source[token.start..token.end];
                !matches!(text, "and" | "or" | "not" | "if" | "else" | "in" | "is")
            }
            _ => false,
        }
    }

    fn text(&self, at: usize) -> &'a str {
        self.tag.tokens.get(at).map_or("", |token| &self.source[token.start..token.end])
    }
}
