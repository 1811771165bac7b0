//! This module makes the text that the compiler sees: the user's code padded with empty lines, so that line numbers
//! are those of the file.

use std::sync::Arc;

use super::lines::{Lines, LuaChunk, chunk_name};
use super::{Block, Script, ScriptSource};

/// Where user code stands in a chunk.
struct ChunkBuilder {
    text: String,
    /// Line of the chunk that the text has come to, from 1.
    line: usize,
    shifts: Vec<(usize, isize)>,
}

impl ChunkBuilder {
    fn new() -> Self {
        Self { text: String::new(), line: 1, shifts: Vec::new() }
    }

    /// Goes on at `line`, or in the next line if that has gone by.
    fn seek(&mut self, line: usize) {
        let target =
            if self.text.is_empty() || line > self.line { line.max(self.line) } else { self.line + 1 };
        self.text.extend(std::iter::repeat_n('\n', target - self.line));
        self.line = target;
    }

    /// Adds code whose first line is the file's `line`, behind `before`, which has no line ends.
    fn code(&mut self, before: &str, code: &str, line: usize) {
        let shift = line as isize - self.line as isize;
        if shift != 0 || !self.shifts.is_empty() {
            self.shifts.push((self.line, shift));
        }
        self.text.push_str(before);
        let code = code.trim_end_matches(['\n', '\r', ' ', '\t']);
        self.text.push_str(code);
        self.line += code.matches('\n').count();
    }

    fn finish(self, block: &Block) -> LuaChunk {
        let lines = Lines { file: Arc::clone(&block.file), shifts: self.shifts };
        LuaChunk { name: chunk_name(&block.file), text: self.text, lines }
    }

    /// Adds what closes a function, in the next line.
    fn close(&mut self, close: &str) {
        self.text.push_str(close);
        self.line += close.matches('\n').count();
    }
}

/// What stands before and behind the statements of a function.
const BODY: (&str, &str) = ("", "\nend");
/// The same for one expression.
const EXPRESSION: (&str, &str) = ("return (", "\n) end");

/// A function that stands behind another one in its chunk.
pub(super) struct SecondFunction<'a> {
    pub(super) parameters: &'a str,
    pub(super) text: &'a str,
    /// Whether the text is one expression.
    pub(super) expression: bool,
}

impl Script {
    /// The chunk that, called once, returns the function of these parameters. Only for code that compiles by itself:
    /// a stray `end` would change its meaning here. `None` for files, which are chunks as they are.
    pub(in crate::lua) fn chunk(&self, parameters: &str) -> Option<LuaChunk> {
        let (block, builder) = self.function_chunk(parameters)?;
        Some(builder.finish(block))
    }

    /// The same, with a second function of the same lines behind it, which stands behind all lines of the file: so no line of
    /// another chunk of this file is taken for one of it.
    pub(super) fn chunk_of_both(&self, parameters: &str, second: &SecondFunction<'_>) -> Option<LuaChunk> {
        let (block, mut builder) = self.function_chunk(parameters)?;
        builder.text.push(',');
        builder.seek(block.file.line_count() + 1);
        let (open, close) = if second.expression { EXPRESSION } else { BODY };
        builder.code(&format!("function({}) {open}", second.parameters), second.text, block.line);
        builder.close(close);
        Some(builder.finish(block))
    }

    fn function_chunk(&self, parameters: &str) -> Option<(&Block, ChunkBuilder)> {
        let (block, (open, close)) = match &self.source {
            ScriptSource::Body(block) => (block, BODY),
            ScriptSource::Expression(block) => (block, EXPRESSION),
            ScriptSource::File { .. } => return None,
        };
        let mut builder = ChunkBuilder::new();
        if let Some(setup) = &self.setup {
            let lines = setup.text.trim_end().matches('\n').count();
            // In the file's order no line needs shifting; a setup that follows its function goes first all the same.
            if setup.line + lines < block.line {
                builder.seek(setup.line);
            }
            builder.code("", &setup.text, setup.line);
        }
        if self.setup.is_some() || block.line > 1 {
            builder.seek(block.line);
        }
        builder.code(&format!("return function({parameters}) {open}"), &block.text, block.line);
        builder.close(close);
        Some((block, builder))
    }

    /// `setup` as a chunk of its own, for functions that come from files.
    pub(in crate::lua) fn setup_chunk(&self) -> Option<LuaChunk> {
        self.setup.as_ref().map(|block| alone(block, ""))
    }

    /// The chunk of a file.
    pub(in crate::lua) fn file_chunk(&self) -> Option<(LuaChunk, Option<&str>)> {
        match &self.source {
            ScriptSource::File { block, field } => Some((alone(block, ""), field.as_deref())),
            _ => None,
        }
    }
}

/// One block as a chunk, behind `before`.
pub(super) fn alone(block: &Block, before: &str) -> LuaChunk {
    let mut text = "\n".repeat(block.line.saturating_sub(1));
    text.push_str(before);
    text.push_str(&block.text);
    LuaChunk { name: chunk_name(&block.file), text, lines: Lines::same(&block.file) }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{block, source};
    use super::*;

    #[test]
    fn lines_are_those_of_the_file_whatever_the_order() {
        let file = source(
            "setup: |\n  local a = 1\n  local b\nlua: |\n  return a\n  -- x\nmore: |\n  local late\n  -- end\n",
        );
        let body = block(&file, 5, "return a\n-- x\n");
        for (setup, expect) in [
            (block(&file, 2, "local a = 1\nlocal b\n"), [2, 3, 5, 6]),
            (block(&file, 8, "local late\n-- end"), [8, 9, 5, 6]),
        ] {
            let first = setup.text.lines().next().expect("a line").to_owned();
            let script = Script::body(body.clone(), ".".into()).with_setup(setup);
            let chunk = script.chunk("item").expect("a body");
            let at = |text: &str| {
                let before = &chunk.text[..chunk.text.find(text).expect("there")];
                before.matches('\n').count() + 1
            };
            let setup_line = at(&first);
            let body_line = at("return a");
            let lines =
                [setup_line, setup_line + 1, body_line, body_line + 1].map(|line| chunk.lines.line(line));
            assert_eq!(lines, expect, "{}", chunk.text);
            assert!(chunk.text.ends_with("-- x\nend"), "{}", chunk.text);
        }
    }
}
