//! This module compiles every piece of Lua of a pipeline once to see whether it can be. The workers run it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::excerpt::Excerpt;
use super::places::PlacedDocument;
use super::step_index::StepIndex;
use super::{lua_file, lua_text};
use crate::config::{LuaField, LuaRole};
use crate::lua::{Block, LimitNames, LuaPath, Script, SyntaxError, Wants};
use crate::source::Diagnostic;

/// The Lua that can be compiled, by pointer to its text (or to the name of its file).
#[derive(Debug, Clone, Default)]
pub(super) struct Scripts {
    scripts: HashMap<String, Arc<Script>>,
    blocks: HashMap<String, Block>,
}

impl Scripts {
    /// Compiles all Lua of the document and reports what cannot be.
    pub(super) fn compile(
        places: &PlacedDocument,
        step_index: &StepIndex,
        lua_path: &LuaPath,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut scripts = Self::default();
        for field in places.document.lua_fields() {
            scripts.add(places, &field, lua_path, found);
        }
        for step in &step_index.steps {
            let pointer = format!("{}/file", step.verb_pointer());
            scripts.add_file(places, &pointer, lua_path, found);
        }
        scripts
    }

    /// Reads and compiles the Lua file that is named at `pointer`, unless the name is still to be evaluated.
    pub(super) fn add_file(
        &mut self,
        places: &PlacedDocument,
        pointer: &str,
        lua_path: &LuaPath,
        found: &mut Vec<Diagnostic>,
    ) {
        let Some(name) = places.value().pointer(pointer).and_then(serde_json::Value::as_str) else { return };
        if name.contains("${{") {
            return;
        }
        match lua_file::compile(places, pointer, name, lua_path) {
            Ok(script) => {
                self.scripts.insert(pointer.to_owned(), Arc::new(script));
            }
            Err(finding) => found.push(*finding),
        }
    }

    fn add(
        &mut self,
        places: &PlacedDocument,
        field: &LuaField,
        lua_path: &LuaPath,
        found: &mut Vec<Diagnostic>,
    ) {
        let Some(block) = places.block(&field.pointer) else { return };
        match compile(&block, form(field), lua_path) {
            Ok(script) => {
                self.scripts.insert(field.pointer.clone(), Arc::new(script));
                self.blocks.insert(field.pointer.clone(), block);
            }
            Err(RefusedLua { errors, help }) => {
                let message = format!("the Lua of {} cannot be compiled", described(field));
                for error in &errors {
                    let excerpt = Excerpt { pointer: &field.pointer, line: 1, column: 0, block: &block };
                    found.push(excerpt.finding(places, &message, error, help.as_deref()));
                }
            }
        }
    }

    /// What they ask for of the run.
    pub(super) fn wants(&self) -> Wants {
        self.scripts.values().map(|script| script.wants()).fold(Wants::default(), Wants::or)
    }

    /// The rate limits that they may name.
    pub(super) fn limit_names(&self) -> LimitNames {
        self.scripts.values().map(|script| script.limit_names()).fold(LimitNames::default(), LimitNames::or)
    }

    /// The files that they require by name, each once, with their texts.
    pub(super) fn modules(&self) -> HashMap<PathBuf, Arc<str>> {
        self.scripts.values().flat_map(|script| script.modules()).collect()
    }

    /// The script at `pointer`.
    pub(super) fn get(&self, pointer: &str) -> Option<Arc<Script>> {
        self.scripts.get(pointer).cloned()
    }

    /// The text at `pointer`, as the `setup` of another script.
    pub(super) fn block(&self, pointer: &str) -> Option<Block> {
        self.blocks.get(pointer).cloned()
    }
}

/// What a piece of Lua may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Statements.
    Body,
    /// One expression, or statements with a `return`.
    Either,
    /// One expression, or any statements: that they return nothing is each item's own failure.
    Function,
}

/// Lua that cannot be compiled.
pub(super) struct RefusedLua {
    pub(super) errors: Vec<SyntaxError>,
    /// What was probably forgotten.
    pub(super) help: Option<Cow<'static, str>>,
}

/// Compiles a piece of Lua and forgets the result: workers compile for themselves.
pub(super) fn compile(block: &Block, form: Form, lua_path: &LuaPath) -> Result<Script, RefusedLua> {
    let body = Script::body(block.clone(), lua_path.clone());
    let expression = Script::expression(block.clone(), lua_path.clone());
    let has_return = lua_text::has_word(&block.text, "return");
    let (first, second) = match form {
        // A `return` may stand in a function within the expression.
        Form::Either | Form::Function if !has_return || expression.check().is_empty() => (expression, body),
        Form::Body | Form::Either | Form::Function => (body, expression),
    };
    let errors = first.check();
    if errors.is_empty() {
        return Ok(first);
    }
    let assigns = errors.iter().any(|error| error.message.ends_with("got '='"));
    if form == Form::Function && !has_return && !assigns && second.check().is_empty() {
        return Ok(second);
    }
    // An expression alone is no statement: the one mistake that everybody makes once.
    let help = match form {
        Form::Body if !has_return && second.check().is_empty() => Some("did you forget `return`?".into()),
        Form::Either | Form::Function if assigns => {
            Some("`==` compares, `=` gives a variable a value".into())
        }
        Form::Body | Form::Either | Form::Function => errors.iter().find_map(|error| error.meant.clone()),
    };
    Err(RefusedLua { errors, help })
}

fn form(field: &LuaField) -> Form {
    let is_filter = ["/filter/lua", "/items/lua", "/reduce/lua", "/reduce/combine", "/at_end", "/at_end/lua"]
        .iter()
        .any(|end| field.pointer.ends_with(end));
    match field.role {
        LuaRole::Expression => Form::Either,
        LuaRole::Body if is_filter => Form::Function,
        LuaRole::Body | LuaRole::Setup => Form::Body,
    }
}

/// `` `map.lua` of step `clean` ``
fn described(field: &LuaField) -> String {
    let mut keys = field.pointer.split('/').skip(1);
    match &field.step {
        Some(step) => format!("`{}` in step `{step}`", keys.by_ref().skip(2).collect::<Vec<_>>().join(".")),
        None => format!("`{}`", keys.collect::<Vec<_>>().join(".")),
    }
}
