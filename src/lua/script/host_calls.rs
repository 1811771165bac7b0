//! This module finds the calls of host functions that take paths, in whichever way they are written: through a variable, by
//! `pcall`, with a name in brackets. Paths are followed through constants, and no further.

use std::ops::Range;

use super::constants::{Constants, PlainText};
use super::lexer::{Token, TokenKind, substitutions, tokens};
use super::reach::doings;

/// A host function that is called, or given away.
pub(super) struct HostCall {
    pub(super) module: String,
    pub(super) function: String,
    /// The bytes that name it.
    pub(super) span: Range<usize>,
    /// The paths among its first arguments, as far as they are plainly written.
    pub(super) paths: Vec<String>,
    /// Whether its options say `readonly = true`.
    pub(super) is_readonly: bool,
}

/// All calls in a text, also in its templates.
pub(super) fn host_calls(text: &str) -> Vec<HostCall> {
    let tokens = tokens(text);
    let constants = Constants::of(text, &tokens);
    let mut found = Vec::new();
    Scan { text, tokens: &tokens, constants: &constants, place: None, start: 0 }.calls(&mut found);
    found
}

/// A text whose calls are looked for.
struct Scan<'a> {
    text: &'a str,
    tokens: &'a [Token],
    constants: &'a Constants,
    /// Which token of the outer text it is a part of.
    place: Option<usize>,
    /// Where it begins in the outer text.
    start: usize,
}

impl Scan<'_> {
    fn calls(&self, found: &mut Vec<HostCall>) {
        for (at, token) in self.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Template => self.template(at, found),
                TokenKind::Name => found.extend(self.call(at)),
                _ => {}
            }
        }
    }

    fn template(&self, at: usize, found: &mut Vec<HostCall>) {
        let template = self.tokens[at].text(self.text);
        for inner in substitutions(template).unwrap_or_default() {
            let start = self.start + self.tokens[at].span.start + inner.start;
            let (text, place) = (&template[inner], Some(self.place.unwrap_or(at)));
            Scan { text, tokens: &tokens(text), constants: self.constants, place, start }.calls(found);
        }
    }

    /// The call whose name begins here.
    fn call(&self, at: usize) -> Option<HostCall> {
        let is = |at: usize, text: &str| self.is(at, text);
        let before = |text: &str| at > 0 && is(at - 1, text);
        if before(".") || before(":") || before("local") || is(at + 1, "=") {
            return None;
        }
        let named = self.constants.function_at(self.text, self.tokens, at, self.place.unwrap_or(at))?;
        // What a variable is made of is no use of its own.
        if at > 1 && before("=") && self.constants.is_alias(self.tokens[at - 2].text(self.text)) {
            return None;
        }
        let (module, function) = (named.module, named.function);
        let span = self.tokens[at].span.start + self.start..self.tokens[named.end - 1].span.end + self.start;
        let mut call = HostCall { module, function, span, paths: Vec::new(), is_readonly: false };
        if let Some((first, in_brackets)) = self.arguments(at, named.end) {
            call.paths = self.paths(first, in_brackets, doings(&call.module, &call.function));
            call.is_readonly = in_brackets && self.is_readonly(first);
        }
        Some(call)
    }

    /// Where the arguments begin of what is named from one token to another, and whether brackets are around them.
    fn arguments(&self, first: usize, end: usize) -> Option<(usize, bool)> {
        if self.is(end, "(") {
            return Some((end + 1, true));
        }
        if first > 1 && self.is(first - 1, "(") && self.is(first - 2, "pcall") && self.is(end, ",") {
            return Some((end + 1, true));
        }
        let next = self.tokens.get(end)?;
        matches!(next.kind, TokenKind::String | TokenKind::Template).then_some((end, false))
    }

    fn paths(&self, mut at: usize, in_brackets: bool, doings: &str) -> Vec<String> {
        let mut paths = Vec::new();
        for _ in doings.bytes() {
            let known = self.constants.text_at(self.text, self.tokens, at, in_brackets);
            // Only what is plainly written can be followed to the next argument.
            let Some(PlainText { text, end }) = known else { break };
            paths.push(text);
            if !self.is(end, ",") {
                break;
            }
            at = end + 1;
        }
        paths
    }

    /// Whether the arguments from here to the bracket that ends them say so.
    fn is_readonly(&self, first: usize) -> bool {
        let mut depth = 1;
        let is_within = |at: &usize| {
            match self.tokens.get(*at).map(|token| token.text(self.text)) {
                Some("(") => depth += 1,
                Some(")") => depth -= 1,
                Some(_) => {}
                None => depth = 0,
            }
            depth > 0
        };
        let mut within = (first..).take_while(is_within);
        within.any(|at| self.is(at, "readonly") && self.is(at + 1, "=") && self.is(at + 2, "true"))
    }

    fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text(self.text) == text)
    }
}
