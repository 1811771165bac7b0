//! This reader takes one JSON array whose elements are the items, a whole file or a list inside of one; the array is never whole
//! in memory. A file that is one object is one item. `elements` finds the elements, `document` the list.

use std::sync::Arc;

use crate::data::read::block::{BLOCK_BYTES, ReadBlock};
use crate::data::read::decoding::blamed;
use crate::data::read::document::{Document, DocumentStep};
use crate::data::read::elements::{ElementStep, Elements};
use crate::data::read::line_count::LineCount;
use crate::data::{ArrayPlace, BadRow, ByteSpot, DataError, ListPath, Position, Reader, Spot, with_lines};
use crate::value::{Chunk, Extent, ITEM_BYTES_MAX, Origin, json};

/// Reads the elements of the array, each without the white space in it.
///
/// An element that is no JSON although its brackets match is a bad row; where the array itself is broken, the file
/// cannot be read any further.
pub(super) struct JsonReader {
    block: ReadBlock,
    elements: Elements,
    /// What the array lies in, when it is not the whole file, and whether the reading is outside of the array.
    document: Option<Document>,
    is_outside: bool,
    /// Text of the element that is being read.
    text: Vec<u8>,
    ended: bool,
    /// Whether it is told on which lines the items stand.
    tells_lines: bool,
    rows: u64,
    bad: u64,
}

impl JsonReader {
    /// Reads the text in `block`; with `tells_lines`, chunks say on which lines their items stand.
    pub(super) fn new(block: ReadBlock, tells_lines: bool) -> Self {
        Self {
            block,
            elements: Elements::new(),
            document: None,
            is_outside: false,
            text: Vec::new(),
            ended: false,
            tells_lines,
            rows: 0,
            bad: 0,
        }
    }

    /// The same, where the array lies there in the file.
    pub(super) fn at(self, path: Option<&ListPath>) -> Self {
        Self { document: path.map(|path| Document::new(path.clone())), is_outside: path.is_some(), ..self }
    }

    /// The same, where the text is entered at a position.
    pub(super) fn enter(
        mut self,
        position: &Position,
        bytes: &ByteSpot,
        place: ArrayPlace,
        path: Option<&ListPath>,
    ) -> Result<Self, DataError> {
        self.block.go_to(bytes)?;
        (self.rows, self.bad) = (position.rows, position.bad);
        self.elements = Elements::at(place, LineCount::on(bytes.line));
        self.ended = place == ArrayPlace::After;
        if place == ArrayPlace::Before {
            return Ok(self.at(path));
        }
        self.document = path.map(|path| Document::in_list(path.clone()));
        Ok(self)
    }

    /// Reads on in what lies around the array: `true` where the array begins, `false` at the end of the file.
    fn pass(&mut self) -> Result<bool, DataError> {
        loop {
            let Some(document) = &mut self.document else { return Ok(false) };
            let fed = document.feed(self.block.rest());
            let fault = document.fault(fed.is_err() || self.block.has_ended());
            if let Some((line, message)) = fault {
                return Err(self.block.content(line, message));
            }
            let (used, step) = fed.map_err(|message| self.block.content(document.line(), message))?;
            self.block.take(used);
            if step == DocumentStep::List {
                self.elements = Elements::at(ArrayPlace::First, document.lines());
                self.is_outside = false;
                return Ok(true);
            }
            if self.block.has_ended() {
                return match document.missing_at_end() {
                    None => Ok(false),
                    Some(message) => Err(self.block.content(document.value_line(), message)),
                };
            }
            self.block.fill(BLOCK_BYTES).map_err(|error| error.at_line(document.line()))?;
        }
    }

    /// The error about an array that is broken where the reading stands: the line where the element at hand begins is told too.
    fn broken(&self, message: String) -> DataError {
        let line = self.elements.line();
        let begun = self.elements.inside().filter(|begun| *begun != line);
        let message = match begun {
            Some(begun) => {
                format!("{message}, in the {} that begins on line {begun}", self.elements.element_name())
            }
            None => message,
        };
        self.block.content(line, message)
    }

    /// What is said of an element that no item could hold.
    fn too_long(&self) -> String {
        let name = self.elements.element_name();
        let way_out = if name == "object" { "; `at: NAME` reads a list inside of it" } else { "" };
        format!("the {name} is longer than {ITEM_BYTES_MAX} bytes{way_out}")
    }

    /// Reads on to the end of the next element; false at the end of the array.
    fn element(&mut self) -> Result<bool, DataError> {
        loop {
            if self.is_outside && !self.pass()? {
                self.ended = true;
                return Ok(false);
            }
            let fed = self.elements.feed(self.block.rest(), &mut self.text);
            let (used, step) = fed.map_err(|message| self.broken(message))?;
            self.block.take(used);
            match step {
                ElementStep::Element => return Ok(true),
                // What follows must be white space; only then has the file ended well.
                ElementStep::End => match &mut self.document {
                    None => self.ended = true,
                    Some(document) => {
                        document.leave_list(self.elements.lines());
                        self.is_outside = true;
                    }
                },
                ElementStep::More if self.block.has_ended() => {
                    // Only now it is known that nothing stands behind the object.
                    if self.elements.end() {
                        return Ok(true);
                    }
                    return match self.elements.missing_at_end() {
                        None => Ok(false),
                        Some((line, message)) => Err(self.block.content(line, message)),
                    };
                }
                ElementStep::More => {
                    self.block.fill(BLOCK_BYTES).map_err(|error| error.at_line(self.elements.line()))?;
                }
            }
            if self.text.len() > ITEM_BYTES_MAX {
                let message = self.too_long();
                return Err(self.block.content(self.elements.element_line(), message));
            }
        }
    }
}

impl Reader for JsonReader {
    fn read(
        &mut self,
        max_items: usize,
        max_bytes: usize,
        chunk: &mut Chunk,
        bad: &mut Vec<BadRow>,
    ) -> Result<bool, DataError> {
        chunk.clear();
        chunk.origin = self.tells_lines.then(|| Origin::new(Arc::clone(self.block.name()), 1));
        for _ in 0..max_items {
            if self.ended || !self.element()? {
                return Ok(false);
            }
            self.rows += 1;
            if let Err(error) = json::validate(&self.text) {
                self.bad += 1;
                let (file, line) = (self.block.name(), self.elements.element_line());
                let message = blamed(&self.text, self.block.encoding(), error.to_string());
                let message = with_lines(message, line, self.elements.last_line());
                bad.push(BadRow::new(self.rows, file, line, message, &self.text));
            } else {
                chunk.text.extend_from_slice(&self.text);
                chunk.text.push(b'\n');
                chunk.end_item_on(self.elements.element_line());
            }
            if chunk.text.len() >= max_bytes {
                break;
            }
        }
        Ok(true)
    }

    fn extent(&self) -> Option<Extent> {
        self.block.extent()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn position(&self) -> Option<Position> {
        let place = self.elements.place()?;
        let (mark, bytes) = self.block.place(self.elements.line())?;
        Some(Position::in_file(self.rows, self.bad, mark, Spot::Array { bytes, place }))
    }
}
