//! This module cuts one JSON array into the text of its elements, a piece of the file at a time; one object is a single element.
//! `value::json` decides whether an element is JSON.

use memchr::memchr2;

use super::line_count::LineCount;
use crate::data::ArrayPlace;

/// Lists and maps within one another. Deeper ones are refused before the stack of brackets gets large.
pub(super) const DEPTH_MAX: usize = 100_000;

/// What the bytes fed so far came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ElementStep {
    /// All bytes are used up; more are needed.
    More,
    /// An element is complete.
    Element,
    /// The array has ended.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ElementPlace {
    BeforeArray,
    /// Behind `[`: an element or `]`.
    First,
    /// Behind a comma: an element.
    Next,
    Element,
    /// Behind the last element: `]`.
    Last,
    String,
    AfterBackslash,
    AfterArray,
    /// Behind the object that is the document.
    AfterObject,
}

/// Finds the elements and copies them without the white space between their parts.
pub(super) struct Elements {
    place: ElementPlace,
    /// Whether the document is one object.
    is_object: bool,
    /// Closing brackets that the element still needs, innermost last.
    open: Vec<u8>,
    /// White space was left out since the last byte that was copied.
    gap: bool,
    /// Line that the reading has reached, from 1.
    lines: LineCount,
    /// Line where the array starts.
    array_line: u64,
    /// Line where the element starts.
    element_line: u64,
    /// Line that the element has reached.
    last_line: u64,
}

impl Elements {
    /// Before the first byte of a document, which is an array or an object.
    pub(super) fn new() -> Self {
        Self {
            place: ElementPlace::BeforeArray,
            is_object: false,
            open: Vec::new(),
            gap: false,
            lines: LineCount::on(1),
            array_line: 1,
            element_line: 1,
            last_line: 1,
        }
    }

    /// Between two elements of an array.
    pub(super) fn at(place: ArrayPlace, lines: LineCount) -> Self {
        let place = match place {
            ArrayPlace::Before => ElementPlace::BeforeArray,
            ArrayPlace::First => ElementPlace::First,
            ArrayPlace::Next => ElementPlace::Next,
            ArrayPlace::Last => ElementPlace::Last,
            ArrayPlace::After => ElementPlace::AfterArray,
        };
        Self { place, lines, array_line: lines.line(), ..Self::new() }
    }

    /// What may follow; `None` within an element.
    pub(super) fn place(&self) -> Option<ArrayPlace> {
        match self.place {
            ElementPlace::BeforeArray => Some(ArrayPlace::Before),
            ElementPlace::First => Some(ArrayPlace::First),
            ElementPlace::Next => Some(ArrayPlace::Next),
            ElementPlace::Last => Some(ArrayPlace::Last),
            ElementPlace::AfterArray => Some(ArrayPlace::After),
            ElementPlace::Element
            | ElementPlace::String
            | ElementPlace::AfterBackslash
            | ElementPlace::AfterObject => None,
        }
    }

    /// The line that the reading has reached.
    pub(super) fn line(&self) -> u64 {
        self.lines.line()
    }

    /// The count of the lines that the reading has reached.
    pub(super) fn lines(&self) -> LineCount {
        self.lines
    }

    /// The line where the last element starts.
    pub(super) fn element_line(&self) -> u64 {
        self.element_line
    }

    /// The line where it ends.
    pub(super) fn last_line(&self) -> u64 {
        self.last_line
    }

    /// The line where the element at hand starts, within one.
    pub(super) fn inside(&self) -> Option<u64> {
        let is_inside = self.place().is_none() && self.place != ElementPlace::AfterObject;
        is_inside.then_some(self.element_line)
    }

    /// The words for the element at hand.
    pub(super) fn element_name(&self) -> &'static str {
        if self.is_object { "object" } else { "element" }
    }

    /// The file ends here: `true` when the document is an object, which is complete now.
    pub(super) fn end(&mut self) -> bool {
        let is_complete = self.place == ElementPlace::AfterObject;
        if is_complete {
            self.place = ElementPlace::AfterArray;
        }
        is_complete
    }

    /// What is wrong when the file ends here, and the line where that began.
    pub(super) fn missing_at_end(&self) -> Option<(u64, &'static str)> {
        match self.place {
            ElementPlace::AfterArray | ElementPlace::AfterObject => None,
            ElementPlace::BeforeArray => {
                Some((self.line(), "expected a JSON array or object, found an empty file"))
            }
            ElementPlace::String | ElementPlace::AfterBackslash => {
                Some((self.element_line, "the file ends within a string"))
            }
            ElementPlace::Element if self.is_object => {
                Some((self.element_line, "the file ends before the `}` of the object"))
            }
            ElementPlace::Element if !self.open.is_empty() => {
                Some((self.element_line, "the file ends within an element"))
            }
            _ => Some((self.array_line, "the file ends before the `]` of the array")),
        }
    }

    /// Goes on through `bytes`, adds to `out` what belongs to the element, and says how many bytes are used up.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(usize, ElementStep), String> {
        let mut at = 0;
        while at < bytes.len() {
            if self.place == ElementPlace::String {
                at += self.string(&bytes[at..], out);
                continue;
            }
            let byte = bytes[at];
            at += 1;
            if self.place == ElementPlace::AfterBackslash {
                out.push(byte);
                self.lines.black();
                self.place = ElementPlace::String;
                continue;
            }
            if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                self.gap = true;
                self.lines.white(byte);
                continue;
            }
            self.lines.black();
            let step = self.token(byte, out)?;
            // The bracket behind the last element is looked at once more, as the end of the array.
            let again = step == ElementStep::Element && byte == b']';
            if step != ElementStep::More {
                return Ok((at - usize::from(again), step));
            }
        }
        Ok((at, ElementStep::More))
    }

    /// The inside of a string, up to and with its end or a backslash.
    fn string(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let end = memchr2(b'"', b'\\', bytes);
        let used = end.map_or(bytes.len(), |at| at + 1);
        if let Some(at) = end {
            self.place = if bytes[at] == b'"' { ElementPlace::Element } else { ElementPlace::AfterBackslash };
        }
        self.lines.string(&bytes[..used]);
        self.last_line = self.line();
        out.extend_from_slice(&bytes[..used]);
        used
    }

    fn token(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<ElementStep, String> {
        match self.place {
            ElementPlace::BeforeArray if byte == b'[' => {
                (self.place, self.array_line) = (ElementPlace::First, self.line());
            }
            ElementPlace::BeforeArray if byte == b'{' => {
                self.is_object = true;
                self.begin(byte, out)?;
            }
            ElementPlace::BeforeArray => {
                return Err(format!("expected a JSON array or object, found {}", named(byte)));
            }
            ElementPlace::AfterArray => {
                return Err(format!("expected nothing behind the array, found {}", named(byte)));
            }
            ElementPlace::AfterObject => return Err(behind_object(byte)),
            ElementPlace::First | ElementPlace::Last if byte == b']' => {
                self.place = ElementPlace::AfterArray;
                return Ok(ElementStep::End);
            }
            ElementPlace::First | ElementPlace::Next => {
                if matches!(byte, b',' | b']' | b'}' | b':') {
                    return Err(format!("expected a value, found `{}`", byte as char));
                }
                self.begin(byte, out)?;
            }
            _ if self.open.is_empty() && byte == b',' => {
                self.place = ElementPlace::Next;
                return Ok(ElementStep::Element);
            }
            _ if self.open.is_empty() && byte == b']' => {
                self.place = ElementPlace::Last;
                return Ok(ElementStep::Element);
            }
            _ => self.inner(byte, out)?,
        }
        Ok(ElementStep::More)
    }

    /// The first byte of an element.
    fn begin(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), String> {
        out.clear();
        self.gap = false;
        (self.element_line, self.last_line) = (self.line(), self.line());
        self.place = ElementPlace::Element;
        self.inner(byte, out)
    }

    /// One byte of an element, outside of strings.
    fn inner(&mut self, byte: u8, out: &mut Vec<u8>) -> Result<(), String> {
        let joins = |byte: u8| matches!(byte, b'[' | b']' | b'{' | b'}' | b',' | b':');
        if std::mem::take(&mut self.gap) {
            self.last_line = self.line();
            // `1 2` must not become 12.
            if !joins(byte) && out.last().is_some_and(|last| !joins(*last)) {
                out.push(b' ');
            }
        }
        match byte {
            b'"' => self.place = ElementPlace::String,
            b'[' => self.open.push(b']'),
            b'{' => self.open.push(b'}'),
            b']' | b'}' => match self.open.pop() {
                Some(expected) if expected == byte => {}
                Some(expected) => {
                    return Err(format!("expected `{}`, found `{}`", expected as char, byte as char));
                }
                None => return Err(format!("expected `,` or `]`, found `{}`", byte as char)),
            },
            _ => {}
        }
        if self.open.len() > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} lists and maps within one another"));
        }
        out.push(byte);
        if self.is_object && self.open.is_empty() && self.place == ElementPlace::Element {
            self.place = ElementPlace::AfterObject;
        }
        Ok(())
    }
}

/// What is said of a document that goes on behind its object.
fn behind_object(byte: u8) -> String {
    match byte {
        b'{' => {
            "expected nothing behind the object, found another one; `format: jsonl` reads one object a line"
                .into()
        }
        b',' => {
            "expected nothing behind the object, found `,`; a list of objects stands in `[` and `]`".into()
        }
        _ => format!("expected nothing behind the object, found {}", named(byte)),
    }
}

fn named(byte: u8) -> String {
    match byte {
        b'{' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => kind(byte).into(),
        _ => shown(byte),
    }
}

/// What a value is that begins so.
pub(super) fn kind(byte: u8) -> &'static str {
    match byte {
        b'{' => "an object",
        b'[' => "a list",
        b'"' => "a string",
        b'-' | b'0'..=b'9' => "a number",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "no JSON",
    }
}

/// A byte for messages.
pub(super) fn shown(byte: u8) -> String {
    match byte {
        0x20..0x7F => format!("`{}`", byte as char),
        _ => format!("the byte 0x{byte:02X}"),
    }
}
