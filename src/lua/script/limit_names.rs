//! This module finds which rate limits a script names where it asks for something over the network. A limit in doubt
//! counts as named: what is found here only keeps warnings quiet.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Script;
use super::lexer::{TokenKind, tokens};
use super::texts::{Texts, bare};

/// The limits that Lua code may name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LimitNames {
    /// Those written out: `limit = "api"`.
    pub names: BTreeSet<String>,
    /// Whether others may be named too.
    pub is_open: bool,
}

impl LimitNames {
    /// Whether any limit may be named.
    pub fn is_any(&self) -> bool {
        self.is_open || !self.names.is_empty()
    }

    /// What any of several scripts names.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.names.extend(other.names);
        self.is_open |= other.is_open;
        self
    }
}

impl Script {
    /// What its source and the files that it requires name.
    pub fn limit_names(&self) -> LimitNames {
        let (mut texts, mut found) = (Texts::of(self), LimitNames::default());
        while let Some(text) = texts.next() {
            let tokens = tokens(&text);
            let at = |at: usize| tokens.get(at).map(|token| (token.kind, token.text(&text)));
            for place in 0..tokens.len() {
                match (at(place), at(place + 1), at(place + 2)) {
                    (Some((TokenKind::Name, "limit")), Some((_, "=")), Some((TokenKind::String, name))) => {
                        found.names.insert(bare(name).to_owned());
                    }
                    (Some((TokenKind::Name, "limit")), Some((_, "=")), _) => found.is_open = true,
                    (Some((TokenKind::String, key)), ..) if bare(key) == "limit" => found.is_open = true,
                    _ => {}
                }
            }
            found.is_open |= !texts.follow(&text, &tokens);
        }
        found
    }
}

/// Where a piece of Lua names limits in so many words: `limit = "api"`, `flow.spent("api", …)`. The bytes of each name.
pub fn limit_mentions(text: &str) -> Vec<Range<usize>> {
    let tokens = tokens(text);
    let at = |at: usize| tokens.get(at).map(|token| token.text(text));
    let is_named = |place: usize| match (at(place.wrapping_sub(1)), at(place.wrapping_sub(2))) {
        (Some("="), Some("limit")) => true,
        (Some("("), Some("spent")) => {
            at(place.wrapping_sub(3)) == Some(".") && at(place.wrapping_sub(4)) == Some("flow")
        }
        _ => false,
    };
    let strings = tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::String);
    let named = strings.filter(|(place, _)| is_named(*place));
    named
        .filter_map(|(_, token)| {
            let (written, name) = (token.text(text), bare(token.text(text)));
            let start = token.span.start + written.find(name)?;
            (!name.is_empty()).then_some(start..start + name.len())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    #[test]
    fn names_that_are_written_out_are_found_and_others_may_be_any() {
        for (lua, names, is_open) in [
            ("return http.get(item, { limit = 'api' }).body", &["api"][..], false),
            ("local o = { limit = \"a\" } o.limit = [[b]]", &["a", "b"], false),
            ("return { limit = item.limit }", &[], true),
            ("o['limit'] = 'a'", &[], true),
            ("return limit == 'a', item.limit -- limit = 'b'", &[], false),
            ("return require(item)", &[], true),
        ] {
            let script = Script::body(block(&source("x"), 1, lua), std::path::Path::new(".").into());
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(script.limit_names(), LimitNames { names, is_open }, "{lua}");
        }
    }
}
