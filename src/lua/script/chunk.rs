//! This module makes the text that the compiler sees: the user's code padded with empty lines, so that line numbers
//! are those of the file.

use std::collections::HashMap;
use std::sync::Arc;

use super::column::column;
use super::{Block, Script, ScriptSource};
use crate::event::Place;
use crate::source::SourceFile;

/// Names longer than this are cut by Luau in its messages.
const NAME_MAX: usize = 200;

/// A function's text and where its lines come from.
#[derive(Debug)]
pub(in crate::lua) struct LuaChunk {
    /// Name for the compiler.
    pub(in crate::lua) name: String,
    pub(in crate::lua) text: String,
    pub(in crate::lua) lines: Lines,
}

/// Which lines of a file the lines of a chunk are.
#[derive(Debug, Clone)]
pub(in crate::lua) struct Lines {
    file: Arc<SourceFile>,
    /// From this line of the chunk on, the difference to add. In order.
    shifts: Vec<(usize, isize)>,
}

impl Lines {
    /// The chunk's lines are the file's.
    pub(in crate::lua) fn same(file: &Arc<SourceFile>) -> Self {
        Self { file: Arc::clone(file), shifts: Vec::new() }
    }

    /// The file's line that is the chunk's `line`.
    pub(in crate::lua) fn line(&self, line: usize) -> usize {
        let shift = self.shifts.iter().rev().find(|(from, _)| *from <= line).map_or(0, |(_, shift)| *shift);
        line.saturating_add_signed(shift).clamp(1, self.file.line_count())
    }

    /// The place that the chunk's `line` stands for.
    pub(in crate::lua) fn place(&self, line: usize) -> Place {
        let line = self.line(line);
        let source = self.file.line(line).trim();
        Place {
            file: self.file.name().into(),
            line: line as u64,
            column: None,
            source: (!source.is_empty()).then(|| source.into()),
        }
    }

    fn is_shifted(&self) -> bool {
        !self.shifts.is_empty()
    }
}

/// The chunks of one VM by name, to turn positions in messages and stacks into places of files.
#[derive(Debug, Default)]
pub(in crate::lua) struct Sources(HashMap<String, Lines>);

impl Sources {
    pub(in crate::lua) fn add(&mut self, name: &str, lines: Lines) {
        // Of a setup and a body in one file, the chunk that holds both knows more.
        if self.0.get(name).is_none_or(|known| !known.is_shifted()) {
            self.0.insert(name.to_owned(), lines);
        }
    }

    /// The place of a line of a chunk; `None` for code that is not the user's.
    pub(in crate::lua) fn place(&self, chunk: &str, line: usize) -> Option<Place> {
        self.0.get(chunk).map(|lines| lines.place(line))
    }

    /// Adds the column to a place when the message tells it.
    pub(in crate::lua) fn locate(&self, place: Place, message: &str) -> Place {
        let file = self.0.values().find(|lines| lines.file.name() == &*place.file);
        let column = file.and_then(|lines| column(lines.file.line(place.line as usize), message));
        Place { column: place.column.or(column), ..place }
    }

    /// Splits the `name:line: ` off a message that begins with the position of a known chunk.
    pub(in crate::lua) fn split<'m>(&self, message: &'m str) -> (Option<Place>, &'m str) {
        for (name, lines) in &self.0 {
            let rest = message.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix(':'));
            let Some((line, rest)) = rest.and_then(|rest| rest.split_once(": ")) else { continue };
            if let Ok(line) = line.parse() {
                return (Some(lines.place(line)), rest);
            }
        }
        (None, message)
    }
}

/// Name of a file for the compiler.
pub(in crate::lua) fn chunk_name(file: &SourceFile) -> String {
    let name = file.name();
    if name.len() <= NAME_MAX {
        return name.to_owned();
    }
    file.path()
        .file_name()
        .map_or_else(|| "script".to_owned(), |name| name.to_string_lossy().chars().take(60).collect())
}

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
    fn code(&mut self, before: &str, block: &Block, line: usize) {
        let shift = line as isize - self.line as isize;
        if shift != 0 || !self.shifts.is_empty() {
            self.shifts.push((self.line, shift));
        }
        self.text.push_str(before);
        let code = block.text.trim_end_matches(['\n', '\r', ' ', '\t']);
        self.text.push_str(code);
        self.line += code.matches('\n').count();
    }
}

impl Script {
    /// The chunk that, called once, returns the function of these parameters. Only for code that compiles by itself:
    /// a stray `end` would change its meaning here. `None` for files, which are chunks as they are.
    pub(in crate::lua) fn chunk(&self, parameters: &str) -> Option<LuaChunk> {
        let (block, open, close) = match &self.source {
            ScriptSource::Body(block) => (block, "", "\nend"),
            ScriptSource::Expression(block) => (block, "return (", "\n) end"),
            ScriptSource::File { .. } => return None,
        };
        let mut builder = ChunkBuilder::new();
        if let Some(setup) = &self.setup {
            let lines = setup.text.trim_end().matches('\n').count();
            // In the file's order no line needs shifting; a setup that follows its function goes first all the same.
            if setup.line + lines < block.line {
                builder.seek(setup.line);
            }
            builder.code("", setup, setup.line);
        }
        if self.setup.is_some() || block.line > 1 {
            builder.seek(block.line);
        }
        builder.code(&format!("return function({parameters}) {open}"), block, block.line);
        builder.text.push_str(close);
        let lines = Lines { file: Arc::clone(&block.file), shifts: builder.shifts };
        Some(LuaChunk { name: chunk_name(&block.file), text: builder.text, lines })
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
