//! This module finds which fields of the item a function uses, where its text proves it. When in doubt, it says all
//! of them.
//!
//! The proof is about names: as long as `item` stands nowhere but before `.name` or `["name"]`, nothing else of it can
//! be seen, because there is no other way to a parameter.

use super::lexer::{Token, TokenKind, substitutions, tokens};
use super::{Script, ScriptSource};

impl Script {
    /// The fields of `item` that the function uses; `None` when it may use any.
    pub(in crate::lua) fn fields(&self) -> Option<Vec<String>> {
        match &self.source {
            ScriptSource::Body(block) | ScriptSource::Expression(block) => {
                let mut found = Vec::new();
                collect(&block.text, &mut found)?;
                Some(found)
            }
            // The parameter may have any name there.
            ScriptSource::File { .. } => None,
        }
    }
}

fn collect(source: &str, found: &mut Vec<String>) -> Option<()> {
    let tokens = tokens(source);
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::Template => {
                for range in substitutions(token.text(source))? {
                    collect(&token.text(source)[range], found)?;
                }
            }
            TokenKind::Name if token.text(source) == "item" && !is_member(&tokens, at, source) => {
                let name = field(&tokens[at + 1..], source)?;
                if !found.contains(&name) {
                    found.push(name);
                }
            }
            _ => {}
        }
    }
    Some(())
}

/// Whether the name at `at` is that of a field or a method of something else.
fn is_member(tokens: &[Token], at: usize, source: &str) -> bool {
    at > 0 && matches!(tokens[at - 1].text(source), "." | ":")
}

/// The field that `rest`, what follows the item, takes of it.
fn field(rest: &[Token], source: &str) -> Option<String> {
    let text = |at: usize| rest.get(at).map(|token| token.text(source));
    match text(0)? {
        "." => {
            let name = rest.get(1).filter(|token| token.kind == TokenKind::Name)?;
            Some(name.text(source).to_owned())
        }
        "[" => {
            let name = rest.get(1).filter(|token| token.kind == TokenKind::String)?.text(source);
            let quoted = name.starts_with(['"', '\'']) && name.len() >= 2 && !name.contains('\\');
            (quoted && text(2) == Some("]")).then(|| name[1..name.len() - 1].to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    #[test]
    fn fields_are_known_only_where_the_text_proves_it() {
        for (lua, expect) in [
            ("return item.a + item.b.c[1] + item.a", Some("a b")),
            ("return item['x y'], item[\"z\"]", Some("x y z")),
            ("return x.item, y:item(), { a = item.n }", Some("n")),
            ("local t = `it's {item.a} and {f(`{item.b}`)}` return t", Some("a b")),
            ("item.n = 1 item.m += 2 return item.n:upper()", Some("n m")),
            ("-- item\nreturn index --[[ item ]] .. 'item' .. [[item]]", Some("")),
            ("return a..item.b", Some("b")),
            ("return item", None),
            ("return f(item)", None),
            ("return item:method()", None),
            ("return item[k]", None),
            ("return item['a' .. k]", None),
            ("return item['\\x61']", None),
            ("return item[ [[a]] ]", None),
            ("for k in item do end", None),
            ("local item = item return item.a", None),
            ("return function(item) return item.a end", None),
            ("item = nil", None),
            ("return `{item}`", None),
            ("return #item", None),
            ("return { item = item.a }", None),
            ("return (item).a", None),
            ("return item.a, item", None),
            ("return item", None),
            ("return item .", None),
        ] {
            let file = source("x");
            let script = Script::body(block(&file, 1, lua), ".".into());
            assert_eq!(script.fields().map(|fields| fields.join(" ")).as_deref(), expect, "{lua}");
        }
    }
}
