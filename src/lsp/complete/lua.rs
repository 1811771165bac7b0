//! Completion within Lua offers what flowrun puts in scope. The Lua language server offers Lua's own names.

use gen_lsp_types::CompletionItemKind;

use crate::lsp::cursor::chain;
use crate::lsp::file::File;
use crate::lua::{self, MODULES, Meaning, NAMED, VARIABLES};
use crate::source::Span;

use super::offer::Offer;

/// What `steps.ID` has in expressions.
const RESULTS: [&str; 13] = [
    "total",
    "successes",
    "failures",
    "skipped",
    "cancelled",
    "retried",
    "success_ratio",
    "errors",
    "results",
    "successful_results",
    "status",
    "reason",
    "duration",
];

/// What may follow the Lua that stands on the line, and where the name begins that is being written.
pub(super) fn offers(
    file: &File,
    before: Span,
    path: &[Option<&str>],
    is_expression: bool,
    after_space: bool,
) -> Option<(Vec<Offer>, usize)> {
    let names = chain(file.slice(before))?;
    let (started, base) = names.split_last()?;
    let offers = match base {
        [] if started.is_empty() && after_space => return None,
        [] => globals(path, is_expression),
        [one] => fields(file, one),
        ["steps", _] => RESULTS.iter().map(|name| Offer::new(*name, CompletionItemKind::Field)).collect(),
        base => functions(&base.join(".")),
    };
    Some((offers, before.end - started.len()))
}

/// What is in scope.
fn globals(path: &[Option<&str>], is_expression: bool) -> Vec<Offer> {
    let variable = |name: &str, doc: &str| Offer {
        doc: (!doc.is_empty()).then(|| doc.to_owned()),
        ..Offer::new(name, CompletionItemKind::Variable)
    };
    let own: &[(&str, &str)] = match path {
        _ if is_expression => {
            &[("steps", "The results of steps that have ended."), ("run", "The run: `run.id`.")]
        }
        [.., Some("retries"), Some("when")] => {
            &[("err", "What the attempt failed with."), ("attempt", "Which attempt failed, from 1.")]
        }
        [.., Some("reduce"), Some("lua")] => &[("acc", "What the items so far came to.")],
        [.., Some("reduce"), Some("combine")] => {
            &[("a", "What some items came to."), ("b", "What the items behind them came to.")]
        }
        _ => &[],
    };
    let mut offers: Vec<Offer> = own.iter().map(|(name, doc)| variable(name, doc)).collect();
    let is_shared = |name: &str| matches!(name, "params" | "env");
    let variables = VARIABLES.iter().filter(|field| !is_expression || is_shared(field.name));
    offers.extend(
        variables
            .map(|field| Offer { detail: Some(field.kind.to_owned()), ..variable(field.name, field.doc) }),
    );
    offers.extend(MODULES.iter().map(|(name, doc)| Offer {
        doc: Some((*doc).to_owned()),
        ..Offer::new(*name, CompletionItemKind::Module)
    }));
    offers.extend(functions(""));
    offers
}

/// What follows `NAME.`
fn fields(file: &File, name: &str) -> Vec<Offer> {
    let declared = |top: &str| {
        let names = file.layout().names(top).into_iter();
        names.map(|name| Offer::new(name, CompletionItemKind::Variable)).collect()
    };
    match name {
        "params" | "env" | "secrets" | "steps" => declared(name),
        "run" => vec![Offer::new("id", CompletionItemKind::Field)],
        "ctx" => context(),
        module => {
            let mut offers = functions(module);
            // A table of modules, such as `codec`.
            let inner = lua::functions()
                .iter()
                .filter_map(|function| function.module.strip_prefix(module)?.strip_prefix('.'));
            for inner in inner {
                if offers.iter().all(|offer| offer.label != inner) {
                    offers.push(Offer::new(inner, CompletionItemKind::Module));
                }
            }
            offers
        }
    }
}

fn context() -> Vec<Offer> {
    let context = NAMED.iter().find(|named| named.name == "Context");
    let fields = match context.map(|named| named.meaning) {
        Some(Meaning::Fields(fields)) => fields,
        _ => &[],
    };
    let offer = |field: &lua::Field| Offer {
        detail: Some(field.kind.to_owned()),
        doc: Some(field.doc.to_owned()),
        ..Offer::new(field.name, CompletionItemKind::Field)
    };
    fields.iter().map(offer).collect()
}

/// The functions of a module.
fn functions(module: &str) -> Vec<Offer> {
    let functions = lua::functions().iter().filter(|function| function.module == module);
    functions
        .map(|function| Offer {
            detail: Some(format!("{}{}", function.shown(), function.signature)),
            doc: Some(about(function)),
            ..Offer::new(function.name, CompletionItemKind::Function)
        })
        .collect()
}

/// The documentation of a function, without its signature.
pub(in crate::lsp) fn about(function: &lua::Function) -> String {
    let mut text = function.doc.to_owned();
    if !function.example.is_empty() {
        text = format!("{text}\n\n```lua\n{}\n```", function.example);
        if !function.result.is_empty() {
            text = format!("{}\n-- {}\n```", text.trim_end_matches("\n```"), function.result);
        }
    }
    text
}
