//! This module makes the text of the function that is compiled for its item. Every line of it is the line of the user's text,
//! and Luau names no variables in its messages, so errors stay as they are.

use std::ops::Range;

use super::table::{Plan, Table};
use super::uses::FieldUse;
use crate::lua::script::chunk::SecondFunction;
use crate::lua::script::compiled::Results;
use crate::lua::script::lexer::tokens;
use crate::lua::script::lines::LuaChunk;
use crate::lua::script::syntax::Field;
use crate::lua::script::{PARAMETERS, Script, ScriptSource};

/// The text, and which of the other parameters it takes.
pub(super) struct Rewritten {
    pub(super) chunk: LuaChunk,
    pub(super) index: bool,
    pub(super) ctx: bool,
}

/// A piece of the user's text, and what stands in its place.
struct Edit {
    span: Range<usize>,
    by: String,
}

pub(super) fn rewrite(script: &Script, plan: &Plan<'_>, uses: &[FieldUse]) -> Option<Rewritten> {
    let block = script.block();
    let setup = script.setup_text();
    let prefix = unused_prefix(&[setup, &block.text]);
    let is_expression = matches!(script.source, ScriptSource::Expression(_));
    let mut edits = Vec::new();
    for used in uses {
        let field = plan.fields.iter().position(|field| *field == used.name)?;
        if !plan.copied[field] {
            edits.push(Edit { span: used.span.clone(), by: format!("{prefix}{field}") });
        }
    }
    for (number, table) in plan.tables.iter().enumerate() {
        let mark = (plan.results == Results::Marked).then(|| format!("{prefix}mark, {number}"));
        table_edits(table, mark, &mut edits);
    }
    let text = edited(&block.text, edits);
    let mentions = |name: &str| tokens_of(&block.text).any(|token| token.contains(name));
    let (index, ctx) = (mentions("index"), mentions("ctx"));
    let mut parameters: Vec<String> = plan.passed().map(|at| format!("{prefix}{at}")).collect();
    parameters.extend(index.then(|| "index".to_owned()));
    parameters.extend(ctx.then(|| "ctx".to_owned()));
    parameters.extend((plan.results == Results::Marked).then(|| format!("{prefix}mark")));
    let whole = is_expression && plan.tables.is_empty();
    let second = SecondFunction { parameters: &parameters.join(", "), text: &text, expression: whole };
    Some(Rewritten { chunk: script.chunk_of_both(PARAMETERS, &second)?, index, ctx })
}

/// The texts of all tokens; those of templates hold more than one name.
fn tokens_of(text: &str) -> impl Iterator<Item = &str> {
    tokens(text).into_iter().map(|token| &text[token.span])
}

/// What no name of these texts begins with.
fn unused_prefix(texts: &[&str]) -> String {
    let mut prefix = "field_".to_owned();
    while texts.iter().any(|text| text.contains(&prefix)) {
        prefix.push('_');
    }
    prefix
}

/// `return {a = x, b = y}` becomes `return x, y`, without those that are copied.
fn table_edits(table: &Table<'_>, mark: Option<String>, edits: &mut Vec<Edit>) {
    let mut from = table.found.span.start;
    let mut before = "return ".to_owned();
    let mut separator = "";
    if let Some(mark) = mark {
        before.push_str(&mark);
        separator = ", ";
    }
    let mut close = "";
    for (column, Field { value, .. }) in table.columns.iter().zip(table.fields) {
        if column.copied.is_some() {
            continue;
        }
        // One value of what may give several.
        let wrap = value.is_multiple();
        before.push_str(separator);
        before.push_str(if wrap { "(" } else { "" });
        edits.push(Edit { span: from..value.span.start, by: format!("{close}{before}") });
        close = if wrap { ")" } else { "" };
        before.clear();
        separator = ", ";
        from = value.span.end;
    }
    edits.push(Edit { span: from..table.found.span.end, by: format!("{close}{before}") });
}

/// The text with the edits made, as many lines as before.
fn edited(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        if edit.span.start < at {
            // A field within a value that goes as a whole.
            continue;
        }
        out.push_str(&text[at..edit.span.start]);
        let lines = text[edit.span.clone()].matches('\n').count();
        out.push_str(&edit.by);
        // The value that follows begins in the line where it began.
        out.extend(std::iter::repeat_n('\n', lines));
        at = edit.span.end;
    }
    out.push_str(&text[at..]);
    out
}
