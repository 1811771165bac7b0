//! This module finds what of the run a script may look at, so that nothing else has to be kept and handed in. A name in
//! doubt counts: at worst something is kept that nobody asks for.

use super::Script;
use super::lexer::{Token, TokenKind, tokens};
use super::texts::{Texts, bare};

/// What Lua code may ask for of the steps that have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wants {
    /// `results` or `successful_results` of steps.
    pub results: bool,
    /// `errors` of steps.
    pub errors: bool,
    /// `steps` or `run`, in functions of items too.
    pub scope: bool,
}

/// The names that [`Wants`] is about, and those by which anything may be reached.
const RUN: [&str; 2] = ["steps", "run"];
const RESULTS: [&str; 2] = ["results", "successful_results"];
const ERRORS: [&str; 1] = ["errors"];
const ANYTHING: [&str; 2] = ["_G", "getfenv"];

impl Wants {
    /// All there is.
    pub const ALL: Self = Self { results: true, errors: true, scope: true };

    /// What one of both asks for.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            results: self.results || other.results,
            errors: self.errors || other.errors,
            scope: self.scope || other.scope,
        }
    }

    /// What a piece of Lua asks for, without the files that it requires.
    pub fn of_text(text: &str) -> Self {
        mentioned(text, &tokens(text)).sure()
    }

    /// Nobody gets at results but by `steps`.
    fn sure(self) -> Self {
        if self.scope { self } else { Self::default() }
    }
}

impl Script {
    /// What its source and the files that it requires ask for.
    pub fn wants(&self) -> Wants {
        let (mut texts, mut wants) = (Texts::of(self), Wants::default());
        while let Some(text) = texts.next() {
            let tokens = tokens(&text);
            wants = wants.or(mentioned(&text, &tokens));
            if !texts.follow(&text, &tokens) {
                return Wants::ALL;
            }
        }
        wants.sure()
    }
}

impl Script {
    /// Whether its source or a file that it requires may ask for other steps of the run.
    pub fn names_steps(&self) -> bool {
        let mut texts = Texts::of(self);
        while let Some(text) = texts.next() {
            let tokens = tokens(&text);
            if names_steps(&text, &tokens) || !texts.follow(&text, &tokens) {
                return true;
            }
        }
        false
    }
}

fn names_steps(text: &str, tokens: &[Token]) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        let word = token.text(text);
        let is_field = at > 0 && matches!(tokens[at - 1].text(text), "." | ":");
        match token.kind {
            TokenKind::Name => !is_field && (word == "steps" || ANYTHING.contains(&word)),
            TokenKind::Template => word.contains("steps"),
            TokenKind::String | TokenKind::Number | TokenKind::Symbol => false,
        }
    })
}

/// The names that a text mentions, wherever they stand.
fn mentioned(text: &str, tokens: &[Token]) -> Wants {
    let mut wants = Wants::default();
    for (at, token) in tokens.iter().enumerate() {
        let word = token.text(text);
        let is_field = at > 0 && matches!(tokens[at - 1].text(text), "." | ":");
        let names = |names: &[&str]| match token.kind {
            TokenKind::Name => names.contains(&word),
            // As in `steps.load["results"]`.
            TokenKind::String => names.contains(&bare(word)),
            // It may have anything in it.
            TokenKind::Template => names.iter().any(|name| word.contains(name)),
            TokenKind::Number | TokenKind::Symbol => false,
        };
        if !is_field && names(&ANYTHING) {
            return Wants::ALL;
        }
        wants.scope |= !is_field && token.kind != TokenKind::String && names(&RUN);
        wants.results |= names(&RESULTS);
        wants.errors |= names(&ERRORS);
    }
    wants
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    #[test]
    fn what_is_wanted_is_found_in_setup_and_required_files() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("sum.lua"), "return function(s) return #s.results end")
            .expect("written");
        std::fs::write(folder.path().join("all.lua"), "return function() return steps.a.errors end")
            .expect("written");
        let (nothing, scope) = (Wants::default(), Wants { scope: true, ..Wants::default() });
        for (setup, lua, expect) in [
            ("", "return item", nothing),
            ("", "return item.steps, item.run, 'steps' -- steps.a.results", nothing),
            ("", "local results, errors = {}, {} return results", nothing),
            ("", "return steps.a.total > 0", scope),
            ("", "return { id = run.id }", scope),
            ("", "return `{run.id}`", scope),
            ("", "return steps['a']['successful_results']", Wants { results: true, ..scope }),
            ("local before = steps.a", "return before.errors[1]", Wants { errors: true, ..scope }),
            ("local sum = require('sum')", "return sum(item)", nothing),
            ("local sum = require('sum')", "return sum(steps.a)", Wants { results: true, ..scope }),
            ("", "return require('all')()", Wants { errors: true, ..scope }),
            ("", "return require(item.name)", Wants::ALL),
            ("", "return _G[item]", Wants::ALL),
            ("", "return require('gone')", nothing),
        ] {
            let file = source("x");
            let script = Script::body(block(&file, 1, lua), folder.path().into());
            let script = script.with_setup(block(&file, 1, setup));
            assert_eq!(script.wants(), expect, "{setup} {lua}");
            let names_steps = expect.scope && !lua.contains("run.id");
            assert_eq!(script.names_steps(), names_steps, "{setup} {lua}");
        }
        assert_eq!(Wants::of_text("steps.a.successful_results"), Wants { results: true, ..scope });
    }
}
