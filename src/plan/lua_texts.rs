//! This module gives editors all Lua of a pipeline, in the file and in the Lua files that it uses, and knows where each piece of
//! it stands. It judges nothing.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::expand::{self, ExpressionField};
use super::lua_path;
use super::lua_pieces::{LuaPiece, LuaPlace};
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::step_index::StepIndex;
use crate::config::{self, Document};
use crate::lua::LuaPath;
use crate::source::{LineStarts, OpenTexts, Span};

/// All Lua of a pipeline.
#[derive(Debug)]
pub struct LuaTexts {
    places: PlacedDocument,
    fields: Vec<ExpressionField>,
    lua_path: LuaPath,
    /// Each text with what it sees.
    pub texts: Vec<LuaText>,
    /// The functions that steps name by file.
    pub functions: Vec<NamedFunction>,
    /// Steps of which nobody can tell which file they use.
    pub unknown: Vec<String>,
}

/// Lua that is read as one: a function with its `setup`, an expression, a file.
#[derive(Debug)]
pub struct LuaText {
    /// The Lua.
    pub text: String,
    /// Whether it is one expression.
    pub is_expression: bool,
    /// Where each part stands, by the byte at which it begins.
    parts: Vec<(usize, PartPlace)>,
}

#[derive(Debug)]
enum PartPlace {
    /// The text at a pointer.
    Field(String, LineStarts),
    /// In this one of the fields with expressions, from this byte on.
    Expression(usize, usize),
    File(PathBuf),
}

/// A function that `file` of a step names.
#[derive(Debug)]
pub struct NamedFunction {
    /// The file.
    pub path: PathBuf,
    /// Its name behind `#`.
    pub name: String,
    /// Where the name stands in the pipeline.
    pub span: Span,
}

/// A place in the pipeline, or in the file at `path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LuaSpot {
    /// `None`: the pipeline itself.
    pub path: Option<PathBuf>,
    /// The bytes there.
    pub span: Span,
}

impl LuaTexts {
    /// All Lua of the pipeline that a document is.
    pub fn of(document: &Document, open: &OpenTexts) -> Self {
        let places = PlacedDocument::of(document.clone());
        let step_index = StepIndex::of(places.value());
        let root = document.file.path().parent().unwrap_or(Path::new(""));
        let mut unsaid = Vec::new();
        let lua_path = lua_path::of(&places, root, &mut unsaid).with_open(open.clone());
        let scripts = Scripts::compile(&places, &step_index, &lua_path, &mut unsaid);
        let fields = expand::fields(&places, "");
        let pieces = LuaPiece::all(&places, &step_index, &scripts, &fields, &lua_path);
        let is_expression = |pointer: &str| {
            let field = document.lua_fields().into_iter().find(|field| field.pointer == pointer);
            field.is_some_and(|field| field.role == config::LuaRole::Expression)
        };
        let texts = joined(pieces.into_iter().map(|piece| text(piece, &fields, &is_expression)).collect());
        let mut all = Self { places, fields, lua_path, texts, functions: Vec::new(), unknown: Vec::new() };
        all.add_functions(&step_index, &scripts);
        all
    }

    fn add_functions(&mut self, step_index: &StepIndex, scripts: &Scripts) {
        for step in &step_index.steps {
            let pointer = format!("{}/file", step.verb_pointer());
            if self.places.value().pointer(&pointer).is_none() {
                continue;
            }
            let Some(script) = scripts.get(&pointer) else {
                self.unknown.push(step.name.clone());
                continue;
            };
            let Some(name) = script.field() else { continue };
            let document = &self.places.document;
            let at = document.spans.value(&pointer);
            let written = document.file.text().get(at.start..at.end).unwrap_or_default();
            match written.find(&format!("#{name}")) {
                Some(mark) => self.functions.push(NamedFunction {
                    path: script.block().file.path().to_owned(),
                    name: name.to_owned(),
                    span: Span::new(at.start + mark + 1, at.start + mark + 1 + name.len()),
                }),
                None => self.unknown.push(step.name.clone()),
            }
        }
    }

    /// The file of a module that `require` names.
    pub fn module(&self, name: &str) -> Option<PathBuf> {
        self.lua_path.module(name).ok()
    }

    /// Whether the pipeline uses a Lua file.
    pub fn uses(&self, path: &Path) -> bool {
        self.texts.iter().any(|text| text.path() == Some(path))
    }

    /// Where some bytes of a text stand.
    ///
    /// # Errors
    /// Fails where YAML writes them in another way, and says so.
    pub fn spot(&self, text: &LuaText, range: &Range<usize>) -> Result<LuaSpot, String> {
        let part = text.parts.iter().rev().find(|(start, _)| *start <= range.start);
        let (start, place) = part.ok_or("a text has no place")?;
        let within = range.start - start..range.end - start;
        let part = match place {
            PartPlace::File(path) => {
                return Ok(LuaSpot { path: Some(path.clone()), span: Span::new(range.start, range.end) });
            }
            PartPlace::Field(pointer, lines) => {
                let (line, column) = lines.line_column(within.start);
                DocumentPart::Text(pointer, line, column..column + within.len())
            }
            PartPlace::Expression(field, by) => self.fields[*field].spot(within.start + by..within.end + by),
        };
        let (file, span) = self.places.find(&part);
        if file.text().get(span.start..span.end) == text.text.get(range.clone()) {
            return Ok(LuaSpot { path: None, span });
        }
        let line = file.line_of(span.start);
        Err(format!("the Lua of line {line} is not written as it is read; write it as a block: `|`"))
    }
}

impl LuaText {
    /// A whole file.
    pub fn of_file(text: String, path: PathBuf) -> Self {
        Self { text, is_expression: false, parts: vec![(0, PartPlace::File(path))] }
    }

    /// The Lua file that it is; `None`: it stands in a pipeline.
    pub fn path(&self) -> Option<&Path> {
        self.parts.iter().find_map(|(_, place)| match place {
            PartPlace::File(path) => Some(path.as_path()),
            _ => None,
        })
    }

    /// Whether any of it stands in the pipeline itself.
    pub fn is_in_pipeline(&self) -> bool {
        self.path().is_none()
    }
}

fn text(piece: LuaPiece<'_>, fields: &[ExpressionField], is_expression: &dyn Fn(&str) -> bool) -> LuaText {
    let LuaPiece { text, place } = piece;
    let (is_expression, place) = match place {
        LuaPlace::Field(pointer, lines) => (is_expression(&pointer), PartPlace::Field(pointer, lines)),
        LuaPlace::Expression(field, start) => {
            let at = fields.iter().position(|other| std::ptr::eq(other, field)).unwrap_or(0);
            (true, PartPlace::Expression(at, start))
        }
        LuaPlace::File(file) => (false, PartPlace::File(file.path().to_owned())),
    };
    LuaText { text: text.to_string(), is_expression, parts: vec![(0, place)] }
}

/// Puts each `setup` before the function that sees its variables.
fn joined(mut texts: Vec<LuaText>) -> Vec<LuaText> {
    let pointer = |text: &LuaText| match &text.parts[..] {
        [(_, PartPlace::Field(pointer, _))] => Some(pointer.clone()),
        _ => None,
    };
    let mut at = 0;
    while at < texts.len() {
        let body =
            pointer(&texts[at]).and_then(|pointer| Some(format!("{}/lua", pointer.strip_suffix("/setup")?)));
        let body = body.and_then(|body| texts.iter().position(|text| pointer(text).as_ref() == Some(&body)));
        let Some(body) = body else {
            at += 1;
            continue;
        };
        let setup = texts.remove(at);
        let body = &mut texts[if body > at { body - 1 } else { body }];
        let by = setup.text.len() + 1;
        body.text = format!("{}\n{}", setup.text, body.text);
        let own = std::mem::take(&mut body.parts).into_iter().map(|(start, place)| (start + by, place));
        body.parts = setup.parts.into_iter().chain(own).collect();
    }
    texts
}
