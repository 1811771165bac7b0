//! This module knows the variables of a text that are made once and stay what they are: texts that are written out, host
//! functions and modules under another name.

use std::collections::{HashMap, HashSet};

use super::lexer::{KEYWORDS, Token, TokenKind, substitutions};
use super::reach::doings;

/// The variables of one text.
#[derive(Default)]
pub(super) struct Constants {
    texts: HashMap<String, String>,
    functions: HashMap<String, (String, String)>,
    modules: HashMap<String, String>,
    /// Each name behind a `local`, with the first token of those.
    made: HashMap<String, usize>,
}

/// A text that is plainly written.
pub(super) struct PlainText {
    pub(super) text: String,
    /// The token behind it.
    pub(super) end: usize,
}

/// A host function that is named.
pub(super) struct NamedFunction {
    pub(super) module: String,
    pub(super) function: String,
    /// The token behind its name.
    pub(super) end: usize,
}

impl Constants {
    pub(super) fn of(text: &str, tokens: &[Token]) -> Self {
        let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
        let changed = changed(text, tokens);
        let mut constants = Self::default();
        for at in (0..tokens.len()).filter(|at| word(*at) == "local") {
            let name = word(at + 1);
            constants.made.entry(name.to_owned()).or_insert(at);
            if changed.contains(name) {
                continue;
            }
            // A type may stand before the value.
            let value = match word(at + 2) {
                "=" => at + 3,
                ":" if word(at + 4) == "=" => at + 5,
                _ => continue,
            };
            if let Some(plain) = constants.text_at(text, tokens, value, true) {
                constants.texts.insert(name.to_owned(), plain.text);
            } else if let Some(named) = constants.function_at(text, tokens, value, value)
                && !["(", "{", ".", "[", ":"].contains(&word(named.end))
                && tokens
                    .get(named.end)
                    .is_none_or(|next| next.kind == TokenKind::Name || word(named.end) == ";")
            {
                constants.functions.insert(name.to_owned(), (named.module, named.function));
            } else if ["fs", "hash", "image", "sqlite"].contains(&word(value))
                && !["(", "{", ".", "[", ":"].contains(&word(value + 1))
            {
                constants.modules.insert(name.to_owned(), word(value).to_owned());
            }
        }
        constants
    }

    /// Whether a variable of this name is a text that is written out.
    pub(super) fn is_text(&self, name: &str) -> bool {
        self.texts.contains_key(name)
    }

    /// Whether a variable of this name is a host function or a module.
    pub(super) fn is_alias(&self, name: &str) -> bool {
        self.functions.contains_key(name) || self.modules.contains_key(name)
    }

    /// The host function that takes paths and is named at a token, which stands at `place` among those of the whole text.
    pub(super) fn function_at(
        &self,
        text: &str,
        tokens: &[Token],
        at: usize,
        place: usize,
    ) -> Option<NamedFunction> {
        let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
        let name = word(at);
        if let Some((module, function)) = self.functions.get(name) {
            return Some(NamedFunction { module: module.clone(), function: function.clone(), end: at + 1 });
        }
        let module = match self.modules.get(name) {
            Some(module) => module,
            None if self.made.get(name).is_some_and(|made| *made < place) => return None,
            None => name,
        };
        let (function, end) = match word(at + 1) {
            "." => (word(at + 2).to_owned(), at + 3),
            "[" if word(at + 3) == "]" => (plain(tokens.get(at + 2)?, text)?, at + 4),
            _ => return None,
        };
        let is_known = !doings(module, &function).is_empty();
        is_known.then(|| NamedFunction { module: module.to_owned(), function, end })
    }

    /// The text that is written out at a token: in quotes, in brackets, by the name of a constant, or as several of these with
    /// `..` between them. Without brackets around them, arguments are one string.
    pub(super) fn text_at(
        &self,
        text: &str,
        tokens: &[Token],
        first: usize,
        in_brackets: bool,
    ) -> Option<PlainText> {
        let (mut found, mut at) = (String::new(), first);
        loop {
            let token = tokens.get(at)?;
            match token.kind {
                TokenKind::Name => found.push_str(self.texts.get(token.text(text))?),
                _ => found.push_str(&plain(token, text)?),
            }
            at += 1;
            if !in_brackets {
                return Some(PlainText { text: found, end: at });
            }
            let next = tokens.get(at).map(|next| (next.kind, next.text(text)));
            match next {
                Some((_, "..")) => at += 1,
                None | Some((_, "," | ")" | "}" | ";")) => return Some(PlainText { text: found, end: at }),
                Some((TokenKind::Name, word)) if !["and", "or"].contains(&word) => {
                    return Some(PlainText { text: found, end: at });
                }
                Some(_) => return None,
            }
        }
    }
}

/// What stands in a string in which nothing has to be evaluated.
fn plain(token: &Token, text: &str) -> Option<String> {
    let word = token.text(text);
    match token.kind {
        TokenKind::String if word.starts_with('[') => {
            let level = word[1..].find('[')? + 2;
            let inner = word.get(level..word.len().checked_sub(level)?)?;
            Some(inner.strip_prefix("\r\n").or_else(|| inner.strip_prefix('\n')).unwrap_or(inner).to_owned())
        }
        TokenKind::String | TokenKind::Template => {
            let inner = word.get(1..word.len().checked_sub(1)?)?;
            let is_plain = !inner.contains('\\') && substitutions_none(token, word);
            is_plain.then(|| inner.to_owned())
        }
        _ => None,
    }
}

fn substitutions_none(token: &Token, word: &str) -> bool {
    token.kind != TokenKind::Template || substitutions(word).is_some_and(|found| found.is_empty())
}

/// The names that are more than one thing in a text: variables that are made again, parameters, what is assigned.
fn changed<'t>(text: &'t str, tokens: &[Token]) -> HashSet<&'t str> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    let (mut made, mut changed) = (HashSet::new(), HashSet::new());
    for at in 0..tokens.len() {
        let mut list = match word(at) {
            "local" if word(at + 1) != "function" => at + 1,
            "local" => at + 2,
            "for" => at + 1,
            "function" => {
                (at + 1..tokens.len()).find(|at| word(*at) == "(").map_or(tokens.len(), |at| at + 1)
            }
            name if tokens[at].kind == TokenKind::Name && !KEYWORDS.contains(&name) => {
                let is_local = at > 0 && matches!(word(at - 1), "local" | ":");
                if matches!(word(at + 1), "=" | "..=") && !is_local {
                    changed.insert(name);
                }
                continue;
            }
            _ => continue,
        };
        // One `local name` is what makes a constant; whatever else is made here has no value of its own that is known.
        let is_single = word(at) == "local" && word(list + 1) != ",";
        while tokens.get(list).is_some_and(|token| token.kind == TokenKind::Name) {
            let name = word(list);
            if !made.insert(name) || !is_single {
                changed.insert(name);
            }
            if word(list + 1) != "," {
                break;
            }
            list += 2;
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::Constants;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        let constants = Constants::of(text, &tokens(text));
        assert_eq!(constants.texts.get("p").map(String::as_str), expect, "{text}");
    }

    #[test]
    fn a_variable_that_is_made_once_of_texts_is_one() {
        check("local p = 'a' .. \".txt\" return p", Some("a.txt"));
        check("local p: string = [==[a]==]", Some("a"));
        check("local d = `x/` local p = d .. 'y'", Some("x/y"));
    }

    #[test]
    fn one_that_may_be_something_else_is_none() {
        for text in [
            "local p = 'a' p = item",
            "local p = 'a' p ..= 'b'",
            "local p = 'a' local p = 'b'",
            "local p = 'a' local function f(x, p) return p end",
            "local p = 'a' for p in item do print(p) end",
            "local p, q = 'a', 'b'",
            "local p = 'a' or 'b'",
            "local p = 'a\\n'",
            "local p = `a{item}`",
            "local p = 'a' .. item",
        ] {
            check(text, None);
        }
    }
}
