//! This module finds which fields of the item a function uses, where its text proves it. When in doubt, it says where.
//!
//! The proof is about names: as long as `item` stands nowhere but before `.name` or `["name"]`, nothing else of it can
//! be seen, because there is no other way to a parameter.

use std::ops::Range;

use crate::lua::script::lexer::{Token, TokenKind, substitutions, tokens};

/// One place where a field of the item stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lua::script) struct FieldUse {
    pub(in crate::lua::script) name: String,
    /// `item.name`, as bytes of the text.
    pub(in crate::lua::script) span: Range<usize>,
}

/// All fields that a text uses, in order. An error is the byte where the item is used otherwise.
pub(in crate::lua::script) fn field_uses(source: &str) -> Result<Vec<FieldUse>, usize> {
    let mut found = Vec::new();
    collect(source, 0, &mut found)?;
    Ok(found)
}

/// Looks into the text that begins at `base`.
fn collect(source: &str, base: usize, found: &mut Vec<FieldUse>) -> Result<(), usize> {
    let tokens = tokens(source);
    for (at, token) in tokens.iter().enumerate() {
        let start = token.span.start;
        match token.kind {
            TokenKind::Template => {
                for range in substitutions(token.text(source)).ok_or(base + start)? {
                    let inner = start + range.start..start + range.end;
                    collect(&source[inner.clone()], base + inner.start, found)?;
                }
            }
            TokenKind::Name if token.text(source) == "item" && !is_member(&tokens, at, source) => {
                let (name, end) = field(&tokens[at + 1..], source).ok_or(base + start)?;
                found.push(FieldUse { name, span: base + start..base + end });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the name at `at` is that of a field or a method of something else.
fn is_member(tokens: &[Token], at: usize, source: &str) -> bool {
    at > 0 && matches!(tokens[at - 1].text(source), "." | ":")
}

/// The field that `rest`, what follows the item, takes of it, and where it ends.
fn field(rest: &[Token], source: &str) -> Option<(String, usize)> {
    let text = |at: usize| rest.get(at).map(|token| token.text(source));
    match text(0)? {
        "." => {
            let name = rest.get(1).filter(|token| token.kind == TokenKind::Name)?;
            Some((name.text(source).to_owned(), name.span.end))
        }
        "[" => {
            let name = rest.get(1).filter(|token| token.kind == TokenKind::String)?.text(source);
            let quoted = name.starts_with(['"', '\'']) && name.len() >= 2 && !name.contains('\\');
            let close = rest.get(2).filter(|token| token.text(source) == "]")?;
            quoted.then(|| (name[1..name.len() - 1].to_owned(), close.span.end))
        }
        _ => None,
    }
}

/// Adds a field that is not there yet.
pub(in crate::lua::script) fn add(fields: &mut Vec<String>, name: String) {
    if !fields.contains(&name) {
        fields.push(name);
    }
}
