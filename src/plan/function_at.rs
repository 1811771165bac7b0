//! This module tells editors which function of which Lua file a step names at a byte. It judges nothing.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::places::PlacedDocument;
use super::step_index::StepIndex;
use super::{lua_file, lua_path};
use crate::config::Document;
use crate::lua::function_place;
use crate::source::{OpenTexts, SourceFile, Span};

/// The file of the function that `file` of a step names at a byte, and its place there: the beginning where it is the file's only one.
pub fn function_at(document: &Document, offset: usize, open: &OpenTexts) -> Option<(Arc<SourceFile>, Span)> {
    let places = PlacedDocument::of(document.clone());
    let holds = |span: Span| span.start <= offset && offset <= span.end;
    let pointers = StepIndex::of(places.value()).steps;
    let mut pointers = pointers.iter().map(|step| format!("{}/file", step.verb_pointer()));
    let pointer = pointers.find(|pointer| document.spans.get(pointer).is_some_and(|at| holds(at.value)))?;
    let name = places.value().pointer(&pointer).and_then(Value::as_str)?;
    let root = document.file.path().parent().unwrap_or(Path::new(""));
    let lua_path = lua_path::of(&places, root, &mut Vec::new()).with_open(open.clone());
    let script = lua_file::compile(&places, &pointer, name, &lua_path).ok()?;
    let file = Arc::clone(&script.block().file);
    let place = script.field().and_then(|field| function_place(file.text(), field)).unwrap_or(0..0);
    Some((file, Span::new(place.start, place.end)))
}
