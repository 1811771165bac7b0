//! This module finds what a piece of Lua reaches for, as far as its tokens show it: modules that need a grant, and
//! literal hosts, programs and absolute paths. The permissions say whether that is granted.

use std::collections::HashMap;
use std::ops::Range;

use super::lexer::{Token, TokenKind, substitutions, tokens};

/// A place in Lua that needs a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// What is reached for.
    pub what: Reached,
    /// The bytes of the text that show it.
    pub span: Range<usize>,
}

/// What a piece of Lua reaches for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reached {
    /// Some host.
    AnyHost,
    /// A URL that is written out, at least as far as behind its host.
    Url(String),
    /// Some program.
    AnyProgram,
    /// A program that is written out.
    Program(String),
    /// An absolute path to read.
    Read(String),
    /// An absolute path to write.
    Write(String),
}

/// Functions that take a path, with what they do to each of their first arguments.
const PATHS: [(&str, &str, &str); 12] = [
    ("fs", "read", "r"),
    ("fs", "exists", "r"),
    ("fs", "stat", "r"),
    ("fs", "list", "r"),
    ("fs", "write", "w"),
    ("fs", "mkdir", "w"),
    ("fs", "remove", "w"),
    ("fs", "copy", "rw"),
    ("fs", "move", "ww"),
    ("hash", "file", "r"),
    ("image", "open", "r"),
    ("sqlite", "open", "r"),
];

/// Everything that `text` visibly reaches for, in its order. Comments and strings that are no arguments do not count.
pub fn reaches(text: &str) -> Vec<Reach> {
    let mut found = Vec::new();
    each_global(text, 0, &mut |look, at, start| {
        let first = found.len();
        look.module(at, &mut found);
        for reach in &mut found[first..] {
            reach.span = reach.span.start + start..reach.span.end + start;
        }
    });
    found
}

/// What is done with a global name: the text that it stands in, which of its tokens it is, and where that text begins.
pub(super) type OnGlobal<'s> = dyn FnMut(&Look<'_>, usize, usize) + 's;

/// Shows every global name of a text, also within templates, whose substitutions are texts of their own.
pub(super) fn each_global(text: &str, start: usize, show: &mut OnGlobal<'_>) {
    let tokens = tokens(text);
    let look = Look { text, tokens: &tokens, made: made(text, &tokens) };
    for (at, token) in tokens.iter().enumerate() {
        if token.kind == TokenKind::Template {
            let template = token.text(text);
            for inner in substitutions(template).unwrap_or_default() {
                let inner_start = start + token.span.start + inner.start;
                each_global(&template[inner], inner_start, show);
            }
        }
        if token.kind == TokenKind::Name && look.is_global(at) {
            show(&look, at, start);
        }
    }
}

/// A text whose tokens are looked at.
pub(super) struct Look<'a> {
    text: &'a str,
    tokens: &'a [Token],
    /// The variables that the text makes itself, with the first token that does.
    made: HashMap<&'a str, usize>,
}

/// What a function does to each of its first arguments, when these are paths.
pub(super) fn doings(module: &str, function: &str) -> &'static str {
    let known = PATHS.iter().find(|(of, name, _)| *of == module && *name == function);
    known.map_or("", |(.., doings)| doings)
}

/// Each name behind a `local`, with the first of those.
fn made<'a>(text: &'a str, tokens: &[Token]) -> HashMap<&'a str, usize> {
    let mut made = HashMap::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        if pair[0].text(text) == "local" {
            made.entry(pair[1].text(text)).or_insert(at);
        }
    }
    made
}

impl Look<'_> {
    /// Whether this is the token at `at`.
    pub(super) fn is(&self, at: usize, text: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.text(self.text) == text)
    }

    /// Neither a field of something else, nor a key of a table, nor a variable that the text makes itself.
    fn is_global(&self, at: usize) -> bool {
        let before = |text: &str| at > 0 && self.is(at - 1, text);
        if before(".") || before(":") || before("local") || self.is(at + 1, "=") {
            return false;
        }
        self.made.get(self.tokens[at].text(self.text)).is_none_or(|made| *made >= at)
    }

    /// The name at `at`, and the field that is taken of it.
    pub(super) fn member(&self, at: usize) -> (&str, Option<&str>) {
        let field = self.is(at + 1, ".").then(|| self.tokens.get(at + 2)).flatten();
        (self.tokens[at].text(self.text), field.map(|token| token.text(self.text)))
    }

    fn module(&self, at: usize, found: &mut Vec<Reach>) {
        match self.member(at) {
            ("http", _) => found.push(self.http(at)),
            ("exec", _) => found.push(self.exec(at)),
            (module, Some(function)) => {
                for (is_read, span, path) in self.paths(at + 3, doings(module, function)) {
                    if path.starts_with('/') {
                        let what = if is_read { Reached::Read(path) } else { Reached::Write(path) };
                        found.push(Reach { what, span });
                    }
                }
            }
            _ => {}
        }
    }

    fn http(&self, at: usize) -> Reach {
        let any = Reach { what: Reached::AnyHost, span: self.tokens[at].span.clone() };
        let Some((argument, literal, is_whole)) = self.literal(self.argument(at + 3)) else { return any };
        let host_end = literal.find("://").map(|scheme| scheme + 3);
        let is_known = host_end.is_some_and(|host| is_whole || literal[host..].contains(['/', '?', '#']));
        if is_known { Reach { what: Reached::Url(literal), span: argument } } else { any }
    }

    fn exec(&self, at: usize) -> Reach {
        let any = Reach { what: Reached::AnyProgram, span: self.tokens[at].span.clone() };
        let list = self.argument(at + 3);
        if !self.is(list, "{") {
            return any;
        }
        match self.literal(list + 1) {
            Some((argument, literal, true)) => Reach { what: Reached::Program(literal), span: argument },
            _ => any,
        }
    }

    /// The paths that are plainly written in a call whose name ends before `at`, and whether they are read.
    pub(super) fn paths(&self, at: usize, doings: &str) -> Vec<(bool, Range<usize>, String)> {
        let (mut at, mut paths) = (self.argument(at), Vec::new());
        for doing in doings.bytes() {
            // Only what is plainly written can be followed to the next argument.
            let Some((span, literal, true)) = self.literal(at) else { break };
            paths.push((doing == b'r', span, literal));
            at += 2;
        }
        paths
    }

    /// Where the first argument begins of a call whose name ends before `at`.
    pub(super) fn argument(&self, at: usize) -> usize {
        if self.is(at, "(") { at + 1 } else { at }
    }

    /// A string without escapes, and whether it is all of its argument.
    pub(super) fn literal(&self, at: usize) -> Option<(Range<usize>, String, bool)> {
        let token = self.tokens.get(at).filter(|token| token.kind == TokenKind::String)?;
        let text = token.text(self.text);
        let inner = text.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
        if inner.contains('\\') {
            return None;
        }
        let next = self.tokens.get(at + 1).map(|next| next.text(self.text));
        let is_whole = matches!(next, None | Some("," | ")" | "}" | ";"))
            || self.tokens.get(at + 1).is_some_and(|next| next.kind == TokenKind::Name);
        Some((token.span.clone(), inner.to_owned(), is_whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[(Reached, &str)]) {
        let found = reaches(text);
        let found: Vec<_> =
            found.iter().map(|reach| (reach.what.clone(), &text[reach.span.clone()])).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn calls_with_literals_say_what_they_reach() {
        let url = |text: &str| Reached::Url(text.to_owned());
        check("http.get('https://a.org/x')", &[(url("https://a.org/x"), "'https://a.org/x'")]);
        check("http.get('https://a.org/' .. id)", &[(url("https://a.org/"), "'https://a.org/'")]);
        check("http.get('https://a.' .. id)", &[(Reached::AnyHost, "http")]);
        check("http.request{url = x}", &[(Reached::AnyHost, "http")]);
        check("exec.run({'ffmpeg', x})", &[(Reached::Program("ffmpeg".into()), "'ffmpeg'")]);
        check("exec.run({prog})", &[(Reached::AnyProgram, "exec")]);
        check("exec.run({'a' .. b})", &[(Reached::AnyProgram, "exec")]);
        check("fs.read '/etc/x'", &[(Reached::Read("/etc/x".into()), "'/etc/x'")]);
        check(
            "fs.copy('/a', '/b')",
            &[(Reached::Read("/a".into()), "'/a'"), (Reached::Write("/b".into()), "'/b'")],
        );
        check("local h = `x{http.get(u)}y`", &[(Reached::AnyHost, "http")]);
    }

    #[test]
    fn what_only_looks_like_it_is_nothing() {
        for text in [
            "-- http.get('https://a.org')",
            "return 'http.get(1)'",
            "return item.http, item.exec.run({'x'})",
            "return {http = 1}",
            "local http = {} return http.get('x')",
            "fs.read('a') fs.read('/a' .. b) fs.read(p)",
            "fs.write(p, '/etc')",
        ] {
            check(text, &[]);
        }
    }
}
