//! This module finds what YAML does to Lua without its writer seeing it: it cuts at `#` and joins lines. The plan
//! compiles Lua.

use serde_json::Value;

use super::subject::subject;
use crate::config::document::{Document, LuaField, Style};
use crate::source::{Diagnostic, Span};

/// Looks at all Lua of a document. Also gives the fields of which nothing is left.
pub(super) fn check(document: &Document) -> (Vec<String>, Vec<Diagnostic>) {
    let mut empty = Vec::new();
    let mut findings = Vec::new();
    for field in document.lua_fields() {
        let cut = cut(document, &field);
        if cut.is_some() && document.value.pointer(&field.pointer) == Some(&Value::Null) {
            empty.push(field.pointer.clone());
        }
        findings.extend(cut);
        findings.extend(folded(document, &field));
    }
    (empty, findings)
}

/// ` #` starts a comment in YAML; in Lua `#` is the length of what follows.
fn cut(document: &Document, field: &LuaField) -> Option<Diagnostic> {
    let scalar = document.scalar(&field.pointer)?;
    let comment = scalar.comment?;
    let text = document.file.text();
    let after = text[comment.start + 1..comment.end].chars().next()?;
    let kept = &text[scalar.span.start..scalar.span.end];
    let unfinished = is_unfinished(kept);
    let operand = after.is_alphanumeric() || "_({\"'".contains(after);
    if !unfinished && !operand {
        return None;
    }
    let message = format!("YAML cuts {} at the `#`", subject(&field.pointer));
    let found = if unfinished {
        Diagnostic::error("flowrun::lua_cut", &document.file, message)
    } else {
        Diagnostic::warning("flowrun::lua_cut", &document.file, message)
    };
    let label = match kept {
        "" => "nothing is left: YAML reads this as a comment".to_owned(),
        _ => "YAML reads this as a comment".to_owned(),
    };
    Some(found.label(Span::new(comment.start, comment.end), label).help(
        "write the Lua as a block (`|` and the Lua indented below) or in quotes; a comment has a space after its `#`",
    ))
}

/// Whether Lua cannot end here, or should not: a `return` without a value always fails.
fn is_unfinished(lua: &str) -> bool {
    let lua = lua.trim_end();
    let word = lua.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    lua.is_empty()
        || matches!(word, "return" | "and" | "or" | "not" | "if" | "elseif" | "while" | "until" | "in")
        || lua.ends_with(['=', '<', '>', '~', '+', '-', '*', '/', '%', '^', '.', ',', '(', '{', '['])
}

/// Lines that YAML joins: a `--` comment then swallows what follows, and lines of messages are wrong.
fn folded(document: &Document, field: &LuaField) -> Option<Diagnostic> {
    let scalar = document.scalar(&field.pointer)?;
    if scalar.exact {
        return None;
    }
    let text = document.value.pointer(&field.pointer).and_then(Value::as_str)?;
    let span =
        Span::new(scalar.span.start, document.file.line_span(document.file.line_of(scalar.span.start)).end);
    let what = match scalar.style {
        Style::Folded => "`>`",
        Style::Plain => "a text without quotes",
        _ => "a quoted text",
    };
    let label = if text.lines().any(|line| line.contains("--")) {
        "a `--` comment hides what follows on the joined line"
    } else {
        "the lines from here on are joined"
    };
    let message = format!("YAML joins the lines of {}", subject(&field.pointer));
    Some(
        Diagnostic::warning("flowrun::lua_folded", &document.file, message)
            .label(span, label)
            .help(format!("{what} joins lines; write the Lua as a block: `|` and the Lua indented below")),
    )
}
