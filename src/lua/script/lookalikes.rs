//! This module finds what Lua takes and hardly anybody means: arguments in the order of other languages, places that count from 0 or
//! from the end, loops over values that get places.

use std::ops::Range;

use super::constants::Constants;
use super::lexer::{KEYWORDS, Token, TokenKind, substitutions, tokens};

/// A piece of Lua that does something else than it looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookalike {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// What it does.
    pub message: String,
    /// What is wrong here.
    pub label: &'static str,
    /// What to do.
    pub help: &'static str,
}

/// Functions of `re` that take a text and a pattern.
const SEARCHES: [&str; 5] = ["match", "find", "find_all", "gsub", "split"];

/// Names of a single loop variable that say that a place or a key is meant.
const KEYS: &str =
    "_ at column field h header i id idx index j k key lang n name no number place pos position word x_key";

/// All of them, in the order of the text.
pub fn lookalikes(text: &str) -> Vec<Lookalike> {
    let tokens = tokens(text);
    let look = Look { text, tokens: &tokens, constants: Constants::of(text, &tokens) };
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Template => {
                let template = token.text(text);
                for inner in substitutions(template).unwrap_or_default() {
                    let start = token.span.start + inner.start;
                    let within = lookalikes(&template[inner]).into_iter();
                    found.extend(
                        within.map(|one| Lookalike {
                            span: one.span.start + start..one.span.end + start,
                            ..one
                        }),
                    );
                }
            }
            TokenKind::Name => found.extend(look.search(at).or_else(|| look.values(at))),
            TokenKind::Symbol => found.extend(look.place(at)),
            _ => {}
        }
    }
    found
}

struct Look<'a> {
    text: &'a str,
    tokens: &'a [Token],
    constants: Constants,
}

impl<'a> Look<'a> {
    fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.text))
    }

    fn is_string(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == TokenKind::String)
    }

    fn is_name(&self, at: usize) -> bool {
        let is_name =
            |token: &Token| token.kind == TokenKind::Name && !KEYWORDS.contains(&token.text(self.text));
        self.tokens.get(at).is_some_and(is_name)
    }

    fn span(&self, first: usize, last: usize) -> Range<usize> {
        self.tokens[first].span.start..self.tokens[last].span.end
    }

    /// `re.match("\\d", item.text)`
    fn search(&self, at: usize) -> Option<Lookalike> {
        let is_search = self.word(at) == "re"
            && self.word(at + 1) == "."
            && SEARCHES.contains(&self.word(at + 2))
            && self.word(at + 3) == "("
            && (at == 0 || !matches!(self.word(at - 1), "." | ":"));
        let is_pattern_first = self.is_string(at + 4) && self.word(at + 5) == ",";
        if !is_search || !is_pattern_first {
            return None;
        }
        // `re.sub(pattern, replacement, text)`, as Python has it.
        let is_three = self.word(at + 2) == "gsub" && self.is_string(at + 6) && self.word(at + 7) == ",";
        let text = if is_three { at + 8 } else { at + 6 };
        let name = self.word(text);
        let is_value = self.is_name(text)
            && !self.constants.is_text(name)
            && !(self.word(text + 1) != "." && self.text.contains("re.compile"));
        is_value.then(|| Lookalike {
            span: self.span(at + 4, at + 4),
            message: format!(
                "`re.{}` looks for a pattern that is computed in a text that is written out",
                self.word(at + 2)
            ),
            label: "this is taken for the text",
            help: "the text comes first, then the pattern: `re.match(item.text, [[\\d+]])`",
        })
    }

    /// `list[0]`, `list[-1]`
    fn place(&self, at: usize) -> Option<Lookalike> {
        let is_index = self.word(at) == "["
            && at > 0
            && (self.is_name(at - 1) || matches!(self.word(at - 1), ")" | "]"));
        let (end, place) = match (self.word(at + 1), self.word(at + 2), self.word(at + 3)) {
            ("0", "]", _) => (at + 2, "0"),
            ("-", "1", "]") => (at + 3, "-1"),
            _ => return None,
        };
        // A match of `re` has its whole at 0, and what is put there may be taken from there.
        let is_meant = self.text.contains("re.")
            || self.text.contains(":match(")
            || self.text.contains(&format!("[{place}] ="))
            || self.word(end + 1) == "=";
        (is_index && !is_meant).then(|| Lookalike {
            span: self.span(at, end),
            message: format!("a list has nothing at place {place}"),
            label: "this is nil in every list",
            help: "places count from 1: the first is `list[1]`, the last `list[#list]`",
        })
    }

    /// `for value in list do`
    fn values(&self, at: usize) -> Option<Lookalike> {
        let name = self.word(at + 1);
        let is_loop = self.word(at) == "for"
            && self.is_name(at + 1)
            && self.word(at + 2) == "in"
            && self.is_name(at + 3);
        if !is_loop
            || KEYS.split(' ').any(|key| key == name)
            || name.ends_with("key")
            || name.ends_with("name")
        {
            return None;
        }
        let mut end = at + 4;
        while self.word(end) == "." && self.is_name(end + 1) {
            end += 2;
        }
        (self.word(end) == "do").then(|| Lookalike {
            span: self.span(at + 1, at + 1),
            message: format!("`{name}` gets the places of a list, or the keys of a map, and no values"),
            label: "the first variable of such a loop is the place or the key",
            help: "values are the second: `for _, value in list do`; a key may be called `key`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::lookalikes;

    #[track_caller]
    fn check(text: &str, expect: &[&str]) {
        let found = lookalikes(text);
        let found: Vec<&str> = found.iter().map(|one| &text[one.span.clone()]).collect();
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn what_looks_like_something_else_is_found() {
        check("return re.match('^a', item.text)", &["'^a'"]);
        check("return re.gsub([[a+]], 'b', item)", &["[[a+]]"]);
        check("return `{re.find('a', item.text)}`", &["'a'"]);
        check("return item.tags[0], item.tags[-1], f(x)[0]", &["[0]", "[-1]", "[0]"]);
        check("for tag in item.tags do print(tag) end for x in list do end", &["tag", "x"]);
    }

    #[test]
    fn what_may_be_meant_is_not() {
        for text in [
            "return re.match(item.text, 'a'), re.match('abc', 'b'), re.match('abc', [[b]])",
            "local p = 'b' return re.match('abc', p)",
            "local p = re.compile('b') return re.match('abc', p)",
            "local m = re.match(item, 'a') return m[0]",
            "local t = { [0] = 1 } return t[0]",
            "local t = {} t[0] = 1 return { -1, [1] = 0 }, t[1]",
            "for key in item do end for i in list do end for k, v in t do end",
            "for line in string.gmatch(item, 'a') do end for _, x in t do end for i = 1, 2 do end",
            "return item.re.match('a', item)",
        ] {
            check(text, &[]);
        }
    }
}
