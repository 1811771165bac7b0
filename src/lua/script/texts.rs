//! The texts of a script are its source, its `setup`, and the files that they require by name.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::lexer::{Token, TokenKind, tokens};
use super::reach::each_global;
use super::syntax::function;
use super::{Script, ScriptSource};
use crate::lua::lua_path::LuaPath;

/// The texts of one script, each once. A list, because a chain of modules may be longer than a stack.
pub(super) struct Texts<'a> {
    lua_path: &'a LuaPath,
    pending: Vec<(Option<PathBuf>, Arc<str>)>,
    seen: HashSet<PathBuf>,
}

impl<'a> Texts<'a> {
    /// Begins with the text of the script itself.
    pub(super) fn of(script: &'a Script) -> Self {
        let text = &script.source.block().text;
        let mut texts = vec![Arc::clone(text)];
        match (&script.setup, &script.source) {
            (Some(setup), ScriptSource::File { .. }) => texts.push(Arc::clone(&setup.text)),
            // The function sees the variables of its `setup`.
            (Some(setup), _) => texts = vec![format!("{}\n{text}", setup.text).into()],
            (None, _) => {}
        }
        let pending = texts.into_iter().map(|text| (None, text)).collect();
        Self { lua_path: &script.lua_path, pending, seen: HashSet::new() }
    }

    /// The next text.
    pub(super) fn next(&mut self) -> Option<Arc<str>> {
        self.pending.pop().map(|(_, text)| text)
    }

    /// Follows the files that a text requires. `false`: it requires one whose name is only known when it runs.
    pub(super) fn follow(&mut self, text: &str, tokens: &[Token]) -> bool {
        for (at, _) in tokens.iter().enumerate().filter(|(_, token)| token.text(text) == "require") {
            let argument = tokens[at + 1..].iter().find(|token| token.text(text) != "(");
            let Some(argument) = argument.filter(|token| token.kind == TokenKind::String) else {
                return false;
            };
            let Ok(path) = self.lua_path.module(bare(argument.text(text))) else { continue };
            if self.seen.insert(path.clone()) {
                let text = self.lua_path.module_text(&path);
                self.pending.extend(text.map(|text| (Some(path), text)));
            }
        }
        true
    }
}

impl Script {
    /// The files that it requires by name, and those that they require, with their texts.
    pub fn modules(&self) -> Vec<(PathBuf, Arc<str>)> {
        let mut texts = Texts::of(self);
        let mut modules = Vec::new();
        while let Some((path, text)) = texts.pending.pop() {
            texts.follow(&text, &tokens(&text));
            modules.extend(path.map(|path| (path, text)));
        }
        modules
    }
}

/// A file that a text requires by name and that is not there, or gives nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingModule {
    /// Whether there is a file, which returns nothing.
    pub is_silent: bool,
    /// As `require` names it.
    pub name: String,
    /// The bytes of the name in the text, with its quotes.
    pub span: Range<usize>,
}

/// The files that a text requires by name and that are not there, or return nothing.
pub fn missing_modules(text: &str, lua_path: &LuaPath) -> Vec<MissingModule> {
    let mut found = Vec::new();
    each_global(text, 0, &mut |look, at, start| {
        if look.member(at) != ("require", None) {
            return;
        }
        let Some((span, name, true)) = look.literal(look.argument(at + 1)) else { return };
        let Ok(path) = lua_path.module(&name) else { return };
        let is_silent = lua_path.has(&path);
        if !is_silent || lua_path.module_text(&path).is_some_and(|text| returns_nothing(&text)) {
            found.push(MissingModule { is_silent, name, span: span.start + start..span.end + start });
        }
    });
    found
}

/// Whether a text is known to return nothing.
fn returns_nothing(text: &str) -> bool {
    function(text).is_some_and(|function| function.returns.is_empty())
}

/// A string without its quotes or brackets.
pub(super) fn bare(text: &str) -> &str {
    text.trim_matches(['"', '\'', '[', ']', '='])
}
