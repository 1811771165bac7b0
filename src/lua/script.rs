//! A script is Lua source with its place in a file, as plain data that may cross threads. The worker runs it.

mod check;
mod chunk;
mod column;
mod compiled;
mod constants;
mod direct;
mod escapes;
mod files_read;
mod footprint;
mod function_place;
mod host_calls;
mod index_use;
mod joint;
mod lexer;
mod limit_names;
mod lines;
mod literal_paths;
mod literals;
mod lookalikes;
mod obstacle;
mod operator;
mod program;
mod reach;
mod renames;
mod slips;
mod syntax;
mod texts;
mod used_fields;
mod waits;
mod wants;

pub use check::{COMBINE_PARAMETERS, FOLD_PARAMETERS, PARAMETERS, RETRY_PARAMETERS};
pub(super) use compiled::{Column, Direct, Results};
pub use direct::FastWay;
pub use escapes::false_escapes;
pub use files_read::{computed_reads, computed_reads_at_start};
pub use footprint::{Footprint, Seen};
pub use function_place::function_place;
pub(super) use joint::JointPrograms;
pub use lexer::KEYWORDS;
pub(super) use lexer::{Token, TokenKind, tokens};
pub use limit_names::{LimitNames, limit_mentions};
pub use literal_paths::{LiteralPath, literal_paths};
pub use literals::{BigLiteral, big_literals};
pub use lookalikes::{Lookalike, lookalikes};
pub use obstacle::Obstacle;
pub(super) use operator::Operator;
pub(super) use program::{Action, Node, Output, Program, TextChange, TextTest};
pub use reach::{Reach, Reached, reaches};
pub use renames::{LuaName, NamedLua, check_lua_name};
pub(super) use syntax::{FreeName, FreeNames, NameUse, free_names};
pub use texts::{MissingModule, missing_modules};
pub(super) use used_fields::UsedFields;
pub use wants::Wants;

pub(super) use lines::{Lines, LuaChunk, Sources};

use std::sync::{Arc, OnceLock};

use super::SyntaxError;
use super::lua_path::LuaPath;
use crate::source::SourceFile;

/// A piece of Lua inside a file (a block scalar of the pipeline, or a whole `.lua` file).
#[derive(Debug, Clone)]
pub struct Block {
    /// The file it stands in; its name appears in messages.
    pub file: Arc<SourceFile>,
    /// Line of the file on which the first line of `text` stands, from 1.
    pub line: usize,
    /// The Lua text, indentation already removed as YAML does.
    pub text: Arc<str>,
}

/// A Lua function that can be loaded into any number of workers.
#[derive(Debug, Clone)]
pub struct Script {
    /// Where the function comes from.
    pub(super) source: ScriptSource,
    /// Code that runs once for each worker; its locals are visible to a [`ScriptSource::Body`].
    pub(super) setup: Option<Block>,
    /// `require` finds files below these folders, and nothing outside them.
    pub(super) lua_path: LuaPath,
    /// What [`Script::check`] found, once it has looked.
    checked: Arc<OnceLock<Vec<SyntaxError>>>,
    /// The function as it is compiled for its item, once somebody has asked.
    direct: Arc<OnceLock<Result<Arc<Direct>, Obstacle>>>,
}

/// Where a function comes from.
#[derive(Debug, Clone)]
pub(super) enum ScriptSource {
    /// The body of a function.
    Body(Block),
    /// One expression.
    Expression(Block),
    /// A file that returns a function, or a table with the function in the named field.
    File {
        /// The file's text.
        block: Block,
        /// The field behind `#`.
        field: Option<String>,
    },
}

impl Script {
    /// Whether its text is one expression.
    pub fn is_expression(&self) -> bool {
        matches!(self.source, ScriptSource::Expression(_))
    }

    fn new(source: ScriptSource, lua_path: LuaPath) -> Self {
        Self { source, setup: None, lua_path, checked: Arc::default(), direct: Arc::default() }
    }

    /// A function body: statements, a `return` among them.
    pub fn body(block: Block, lua_path: LuaPath) -> Self {
        Self::new(ScriptSource::Body(block), lua_path)
    }

    /// One expression whose value is the result.
    pub fn expression(block: Block, lua_path: LuaPath) -> Self {
        Self::new(ScriptSource::Expression(block), lua_path)
    }

    /// Lua that stands where none is called: beside a program, whose expressions need a worker.
    pub fn nothing(lua_path: LuaPath) -> Self {
        let file = SourceFile::new("<program>", "", String::new());
        Self::expression(Block { file, line: 1, text: "nil".into() }, lua_path)
    }

    /// What the parser makes of the text.
    fn parsed(&self) -> Option<syntax::Function> {
        match &self.source {
            ScriptSource::Expression(block) => syntax::expression(&block.text),
            ScriptSource::Body(block) => syntax::function(&block.text),
            ScriptSource::File { .. } => None,
        }
    }

    /// The text of the function.
    pub fn block(&self) -> &Block {
        self.source.block()
    }

    /// The statements of the function, when they stand alone in the pipeline file.
    pub fn inline(&self) -> Option<&str> {
        match &self.source {
            ScriptSource::Body(block) if self.setup.is_none() => Some(&block.text),
            _ => None,
        }
    }

    /// The one name that an expression is made of; none, when it is more than that.
    pub fn bare_name(&self) -> Option<&str> {
        let ScriptSource::Expression(block) = &self.source else { return None };
        let name = block.text.trim();
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let begins = name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
        (begins && name.bytes().all(is_part)).then_some(name)
    }

    /// A `.lua` file that returns a function, or a table with one in `field`.
    pub fn file(block: Block, field: Option<String>, lua_path: LuaPath) -> Self {
        Self::new(ScriptSource::File { block, field }, lua_path)
    }

    /// The name of its function in the table that its file returns; `None` where the file returns the function itself, and where
    /// there is no file.
    pub fn field(&self) -> Option<&str> {
        match &self.source {
            ScriptSource::File { field, .. } => field.as_deref(),
            _ => None,
        }
    }

    /// A whole file that is only to be checked.
    pub(super) fn module(file: &Arc<SourceFile>) -> Self {
        let block = Block { file: Arc::clone(file), line: 1, text: file.text().into() };
        Self::file(block, None, LuaPath::from(""))
    }

    /// The pipeline's folder.
    pub(super) fn root(&self) -> &std::path::Path {
        self.lua_path.root()
    }

    /// The file that an error of [`Script::check`] is about.
    pub(super) fn file_of(&self, error: &super::SyntaxError) -> &Arc<SourceFile> {
        match &self.setup {
            Some(setup) if (setup.line..=setup.line + setup.text.lines().count()).contains(&error.line) => {
                &setup.file
            }
            _ => &self.source.block().file,
        }
    }

    /// Whether code runs once for each worker.
    pub(super) fn has_setup(&self) -> bool {
        self.setup.is_some()
    }

    /// Adds code that runs once for each worker.
    #[must_use]
    pub fn with_setup(mut self, setup: Block) -> Self {
        self.setup = Some(setup);
        self.checked = Arc::default();
        self.direct = Arc::default();
        self
    }
}
