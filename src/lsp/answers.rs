//! This module answers requests about open files, each from the file's text. It gives no answer for files that are no
//! pipelines.

use gen_lsp_types::{
    CodeActionParams, CompletionParams, CompletionTriggerKind, DocumentFormattingParams,
    DocumentSymbolParams, ReferenceParams, RenameParams, TextDocumentPositionParams,
};
use lsp_server::ErrorCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::documents::{OpenDocument, Workspace};
use super::edits::Changes;
use super::file::File;
use super::{complete, edits, functions, hover, ids, names};
use crate::plan::Inputs;
use crate::source::Span;

/// Why a request is not answered.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What the server can do.
pub(super) fn initialized() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 1, "save": { "includeText": false } },
            "completionProvider": { "triggerCharacters": [".", ":", " "] },
            "hoverProvider": true,
            "definitionProvider": true,
            "referencesProvider": true,
            "documentSymbolProvider": true,
            "documentFormattingProvider": true,
            "renameProvider": { "prepareProvider": true },
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        },
        "serverInfo": { "name": "flowrun", "version": env!("CARGO_PKG_VERSION") },
    })
}

/// Answers a request.
pub(super) fn answer(workspace: Workspace<'_>, method: &str, params: Value) -> Result<Value, Refusal> {
    let inputs = workspace.inputs;
    match method {
        "textDocument/completion" => {
            let params: CompletionParams = read(params)?;
            let context = params.context.as_ref();
            let after_space = context.is_some_and(|context| {
                context.trigger_kind == CompletionTriggerKind::TriggerCharacter
                    && context.trigger_character.as_deref() == Some(" ")
            });
            at(workspace, &params.text_document_position_params, |file, offset| {
                Ok(value(complete::complete(file, &inputs.open, offset, after_space)))
            })
        }
        "textDocument/hover" => {
            at(workspace, &read(params)?, |file, offset| Ok(hovered(file, inputs, offset)))
        }
        "textDocument/definition" => at(workspace, &read(params)?, |file, offset| {
            let place = match ids::at(file, offset) {
                Some((id, _)) => names::definition(workspace, file, id),
                None => names::function(workspace, file, offset),
            };
            Ok(value(place))
        }),
        "textDocument/references" => {
            let params: ReferenceParams = read(params)?;
            let with_definition = params.context.include_declaration;
            at(workspace, &params.text_document_position_params, |file, offset| {
                let places = |(id, _)| value(names::references(workspace, file, id, with_definition));
                Ok(ids::at(file, offset).map_or(Value::Null, places))
            })
        }
        "textDocument/prepareRename" => in_lua_too(workspace, &read(params)?, |file, offset| {
            if !functions::is_lua(file) {
                ids::sound(file).map_err(refused)?;
            }
            let found = ids::at(file, offset).map(|(_, span)| span);
            let found = found.or_else(|| functions::at(workspace, file, offset));
            let offered = |span| json!({ "range": file.range(span), "placeholder": file.slice(span) });
            Ok(found.map_or(Value::Null, offered))
        }),
        "textDocument/rename" => rename(workspace, &read(params)?),
        "textDocument/documentSymbol" => {
            let params: DocumentSymbolParams = read(params)?;
            Ok(pipeline(workspace, &params.text_document.uri.0)?
                .map_or(Value::Null, |open| symbols(&open.file)))
        }
        "textDocument/formatting" => {
            let params: DocumentFormattingParams = read(params)?;
            let open = pipeline(workspace, &params.text_document.uri.0)?;
            Ok(open.map_or(Value::Null, |open| value(edits::format(&open.file))))
        }
        "textDocument/codeAction" => {
            let params: CodeActionParams = read(params)?;
            let open = pipeline(workspace, &params.text_document.uri.0)?;
            Ok(open.map_or(Value::Null, |open| repairs(open, &params)))
        }
        _ => Err(Refusal::new(ErrorCode::MethodNotFound, format!("`{method}` is not supported"))),
    }
}

fn rename(workspace: Workspace<'_>, params: &RenameParams) -> Result<Value, Refusal> {
    in_lua_too(workspace, &params.text_document_position_params, |file, offset| {
        let new = &params.new_name;
        let changes = if functions::is_lua(file) {
            let renamed = functions::rename(workspace, file, offset, new);
            renamed.unwrap_or_else(|| Err("no name that can be followed stands here".to_owned()))
        } else {
            names::rename(workspace, file, offset, new)
        };
        changes.map(|changes| change(&changes)).map_err(refused)
    })
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, Refusal> {
    serde_json::from_value(params).map_err(|error| Refusal::new(ErrorCode::InvalidParams, error.to_string()))
}

fn refused(message: String) -> Refusal {
    Refusal::new(ErrorCode::RequestFailed, message)
}

fn value(answer: impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or_default()
}

/// An open file; `None` when it is no pipeline.
fn pipeline<'a>(workspace: Workspace<'a>, uri: &str) -> Result<Option<&'a OpenDocument>, Refusal> {
    let open = workspace.files.get(uri);
    let open = open.ok_or_else(|| Refusal::new(ErrorCode::InvalidParams, format!("`{uri}` is not open")))?;
    Ok(Some(open).filter(|open| open.file.kind().is_some()))
}

/// Answers a question about a place.
fn at<'a>(
    workspace: Workspace<'a>,
    place: &TextDocumentPositionParams,
    answer: impl FnOnce(&'a File, usize) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    match pipeline(workspace, &place.text_document.uri.0)? {
        Some(OpenDocument { file, .. }) => answer(file, file.byte(place.position)),
        None => Ok(Value::Null),
    }
}

/// The same about files of Lua, which have no other answers.
fn in_lua_too<'a>(
    workspace: Workspace<'a>,
    place: &TextDocumentPositionParams,
    answer: impl FnOnce(&'a File, usize) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    match workspace.files.get(&place.text_document.uri.0) {
        Some(OpenDocument { file, .. }) if functions::is_lua(file) => answer(file, file.byte(place.position)),
        _ => at(workspace, place, answer),
    }
}

fn hovered(file: &File, inputs: &Inputs, offset: usize) -> Value {
    hover::hover(file, inputs, offset).map_or(Value::Null, |(text, span)| {
        json!({ "contents": { "kind": "markdown", "value": text }, "range": file.range(span) })
    })
}

/// Edits of files as a change of the workspace.
fn change(changes: &Changes) -> Value {
    let changes = changes.iter().map(|(uri, edits)| (uri.0.clone(), value(edits)));
    json!({ "changes": changes.collect::<serde_json::Map<_, _>>() })
}

/// The steps, also while the file cannot be read.
fn symbols(file: &File) -> Value {
    /// `Function`
    const KIND: u8 = 12;
    let layout = file.layout();
    let Some(top) = layout.top("steps") else { return json!([]) };
    let verbs = complete::verbs(layout);
    let steps = layout.entries.iter().enumerate().filter(|(_, entry)| entry.parent == Some(top));
    let symbol = |(at, entry): (usize, &super::layout::LayoutEntry)| {
        let name = entry.name.as_deref().filter(|name| !name.is_empty() && *name != "<<")?;
        Some(json!({
            "name": name,
            "detail": verbs.get(&at).map_or("", |verb| verb.name()),
            "kind": KIND,
            "range": file.range(Span::new(entry.key.start, entry.end.max(entry.key.end))),
            "selectionRange": file.range(entry.key),
        }))
    };
    steps.filter_map(symbol).collect()
}

/// The repairs of findings that touch the range.
fn repairs(open: &OpenDocument, params: &CodeActionParams) -> Value {
    let wanted = params.context.only.as_ref();
    if wanted.is_some_and(|only| only.iter().all(|kind| !matches!(kind.as_str(), "" | "quickfix"))) {
        return json!([]);
    }
    let (start, end) = (params.range.start, params.range.end);
    let touches = |range: gen_lsp_types::Range| range.start <= end && start <= range.end;
    let fixes = open.findings.fixes.iter().filter(|fix| touches(fix.edit.range));
    fixes
        .map(|fix| {
            json!({
                "title": fix.title,
                "kind": "quickfix",
                "diagnostics": [fix.found],
                "isPreferred": true,
                "edit": change(&vec![(open.file.uri.clone(), vec![fix.edit.clone()])]),
            })
        })
        .collect()
}
