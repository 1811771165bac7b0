//! These types say which lines of files the lines of a chunk are, so that positions in messages and stacks become places.

use std::collections::HashMap;
use std::sync::Arc;

use super::column::column;
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
    pub(super) file: Arc<SourceFile>,
    /// From this line of the chunk on, the difference to add. In order.
    pub(super) shifts: Vec<(usize, isize)>,
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
