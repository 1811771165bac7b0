//! A block is a growing window on the text of an input, which it finds out the encoding of. The formats find where lines
//! and values end in it.

use std::sync::Arc;

use crate::data::position::changed;
use crate::data::read::decoding::Decoding;
use crate::data::read::input::Input;
use crate::data::{ByteSpot, DataError, FileMark, TextEncoding};
use crate::value::Extent;

/// Bytes asked of the input at a time when the caller has no better idea.
pub(super) const BLOCK_BYTES: usize = 128 * 1024;

/// Bytes in which it is looked for what ends the lines.
pub(in crate::data) const LINE_END_BYTES: usize = 64 * 1024;

/// Whether carriage returns alone end the lines of a text that begins so.
pub(in crate::data) fn ends_lines_with_cr(start: &[u8]) -> bool {
    !start.contains(&b'\n') && start.contains(&b'\r')
}

/// First bytes that tell what a file is, where it is not the text that it should be.
const FOREIGN: [(&[u8], bool, &str); 4] = [
    (b"\xFF\xFE\0\0", false, "the text is UTF-32, which is not read"),
    (b"\0\0\xFE\xFF", false, "the text is UTF-32, which is not read"),
    (b"\x1F\x8B", true, "the content is gzip data; say `compression: gzip`"),
    (b"\x28\xB5\x2F\xFD", true, "the content is zstd data; say `compression: zstd`"),
];

/// Whether what begins so is an archive.
pub(in crate::data) fn is_archive(start: &[u8]) -> bool {
    FOREIGN.iter().any(|(mark, archive, _)| *archive && start.starts_with(mark))
}

/// Bytes that tell what a file is, at most.
const MARK_BYTES: usize = 4;

/// What is said of a text before it is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TextForm {
    /// Its encoding, where no byte order mark says another; else UTF-8.
    pub(super) encoding: Option<TextEncoding>,
    /// Whether carriage returns end its lines where its beginning has no line feed. Then it holds no NUL bytes either.
    pub(super) may_end_lines_with_cr: bool,
}

/// The text that was read and not yet taken, as UTF-8.
pub(super) struct ReadBlock {
    input: Input,
    form: TextForm,
    /// Set where the text is not UTF-8.
    decoding: Option<Decoding>,
    bytes: Vec<u8>,
    taken: usize,
    begun: Begun,
    ended: bool,
    /// Whether the last byte is one that the file lacks.
    completed: bool,
    carriage_return: CarriageReturn,
}

/// What a carriage return is that no line feed follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CarriageReturn {
    /// A character like others.
    Character,
    /// The end of a line.
    LineEnd,
    /// The same, and one was read that is not yet here.
    Held,
}

/// What the beginning of the text has told.
#[derive(PartialEq, Eq)]
enum Begun {
    Nothing,
    /// The encoding.
    Encoding,
    /// Also what ends the lines.
    All,
}

impl ReadBlock {
    /// Nothing is read yet.
    pub(super) fn new(input: Input, form: TextForm) -> Self {
        // Where the beginning of a text matters, the input never begins behind it.
        let begun = if input.offset() > 0 { Begun::All } else { Begun::Nothing };
        Self {
            input,
            form,
            decoding: None,
            bytes: Vec::new(),
            taken: 0,
            begun,
            ended: false,
            completed: false,
            carriage_return: CarriageReturn::Character,
        }
    }

    /// The name for messages.
    pub(super) fn name(&self) -> &Arc<str> {
        self.input.name()
    }

    /// Whether more bytes may take their time.
    pub(super) fn is_live(&self) -> bool {
        self.input.is_live()
    }

    /// Whether all bytes of the input are here.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Bytes of the text before what is not yet taken.
    pub(super) fn offset(&self) -> u64 {
        let read = self.decoding.as_ref().map_or(self.input.offset(), Decoding::written);
        let rest = self.rest().len();
        let held = usize::from(self.carriage_return == CarriageReturn::Held);
        read - (rest + held - usize::from(self.completed && rest > 0)) as u64
    }

    /// The encoding of the text, where it is another one than UTF-8.
    pub(super) fn encoding(&self) -> Option<TextEncoding> {
        self.decoding.as_ref().map(Decoding::encoding)
    }

    /// Whether carriage returns end lines, too.
    pub(super) fn has_lone_cr(&self) -> bool {
        self.carriage_return != CarriageReturn::Character
    }

    /// The file, and how to come back to what is not yet taken; `None` where that is not possible.
    pub(super) fn place(&self, line: u64) -> Option<(FileMark, ByteSpot)> {
        let from_front = self.decoding.is_some() || self.has_lone_cr();
        self.input.place(self.offset(), line, from_front)
    }

    /// Passes over the text before a place.
    pub(super) fn go_to(&mut self, spot: &ByteSpot) -> Result<(), DataError> {
        while spot.from_front && self.offset() < spot.offset {
            if self.rest().is_empty() {
                if self.ended {
                    return Err(changed(self.name(), "its text ends before the position"));
                }
                self.fill(BLOCK_BYTES)?;
            }
            let left = usize::try_from(spot.offset.saturating_sub(self.offset())).unwrap_or(usize::MAX);
            self.take(left.min(self.rest().len()));
        }
        Ok(())
    }

    /// How far the reading is in the file as it lies on the disk.
    pub(super) fn extent(&self) -> Option<Extent> {
        let extent = self.input.extent()?;
        // What is here and not yet taken is not read; of an archive or a decoded text nobody knows how many bytes that is.
        let is_as_it_lies = !self.input.is_compressed() && self.decoding.is_none();
        let done = if is_as_it_lies { self.offset().min(extent.of) } else { extent.done };
        Some(Extent { done, ..extent })
    }

    /// What is here and not yet taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.taken..]
    }

    /// Takes the next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> &[u8] {
        let start = self.taken;
        self.taken += count;
        &self.bytes[start..self.taken]
    }

    /// Takes the next `count` bytes into `into`, which is empty, and leaves its buffer here when that saves a copy.
    pub(super) fn take_into(&mut self, count: usize, into: &mut Vec<u8>) {
        let rest = &self.bytes[self.taken..];
        let tail = rest.len() - count;
        if self.taken == 0 && tail <= count / 4 {
            into.extend_from_slice(&rest[count..]);
            std::mem::swap(into, &mut self.bytes);
            into.truncate(count);
        } else {
            into.extend_from_slice(&rest[..count]);
            self.taken += count;
        }
    }

    /// Reads once, up to about `count` bytes. What is here stays, and [`ReadBlock::rest`] grows at its end.
    pub(super) fn fill(&mut self, count: usize) -> Result<(), DataError> {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.read(count)?;
        while self.begun != Begun::All && !self.begin()? {
            self.read(count)?;
        }
        // A carriage return may be the half of a line end, which comes as a whole with what follows.
        if self.has_lone_cr() && !self.ended && self.bytes.last() == Some(&b'\r') {
            self.bytes.pop();
            self.carriage_return = CarriageReturn::Held;
        }
        Ok(())
    }

    /// Puts line feeds in the place of carriage returns that end lines, in what lies behind the next `count` bytes.
    pub(super) fn end_lines_with_feeds(&mut self, count: usize) {
        let bytes = &mut self.bytes[self.taken + count..];
        for at in 0..bytes.len() {
            if bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n') {
                bytes[at] = b'\n';
            }
        }
    }

    /// Adds a last byte that the file lacks.
    pub(super) fn complete(&mut self, byte: u8) {
        self.bytes.push(byte);
        self.completed = true;
    }

    fn read(&mut self, count: usize) -> Result<(), DataError> {
        if self.ended {
            return Ok(());
        }
        if self.carriage_return == CarriageReturn::Held {
            self.carriage_return = CarriageReturn::LineEnd;
            self.bytes.push(b'\r');
        }
        let old = self.bytes.len();
        self.ended = self.input.read(&mut self.bytes, count)? == 0;
        if self.decoding.is_some() {
            self.decode(old);
        }
        Ok(())
    }

    /// Decodes the bytes from `start` on.
    fn decode(&mut self, start: usize) {
        let raw = self.bytes.split_off(start);
        if let Some(decoding) = &mut self.decoding {
            decoding.decode(&raw, self.ended, &mut self.bytes);
        }
    }

    /// Looks at the first bytes of the file: false when there are too few of them to tell.
    fn begin(&mut self) -> Result<bool, DataError> {
        if self.begun == Begun::Nothing {
            if !self.ended && self.bytes.len() < MARK_BYTES && self.may_have_a_mark() {
                return Ok(false);
            }
            self.begin_text()?;
            self.begun = Begun::Encoding;
        }
        if self.form.may_end_lines_with_cr {
            let start = &self.bytes[..self.bytes.len().min(LINE_END_BYTES)];
            if start.len() < LINE_END_BYTES && !self.ended && !start.contains(&b'\n') {
                return Ok(false);
            }
            if ends_lines_with_cr(start) {
                self.carriage_return = CarriageReturn::LineEnd;
            }
        }
        self.begun = Begun::All;
        Ok(true)
    }

    /// Whether the few bytes that are there may be the beginning of a mark. The halves of a character may always come one by one.
    fn may_have_a_mark(&self) -> bool {
        let marks = FOREIGN.iter().map(|(mark, ..)| *mark).chain([&b"\xEF\xBB\xBF"[..], b"\xFE\xFF"]);
        marks.into_iter().any(|mark| self.bytes.len() < mark.len() && mark.starts_with(&self.bytes))
            || self.bytes.contains(&0)
    }

    /// Finds out the encoding.
    fn begin_text(&mut self) -> Result<(), DataError> {
        for (mark, archive, message) in FOREIGN {
            if self.bytes.starts_with(mark) && !(archive && self.input.is_compressed()) {
                return Err(self.content(1, message));
            }
        }
        let (encoding, mark) = match TextEncoding::of_mark(&self.bytes) {
            Some((encoding, mark)) => (Some(encoding), mark),
            None => (self.form.encoding, 0),
        };
        self.bytes.drain(..mark);
        if let Some(encoding) = encoding.filter(|encoding| !encoding.is_utf8()) {
            self.decoding = Some(Decoding::new(encoding));
            self.decode(0);
        } else if self.form.may_end_lines_with_cr {
            // It would be read as characters with NUL bytes between them.
            let is_zero = |at: usize| self.bytes.get(at).map(|byte| *byte == 0);
            let label = match [0, 1, 2, 3].map(is_zero) {
                [Some(false), Some(true), Some(false), Some(true)] => "utf-16le",
                [Some(true), Some(false), Some(true), Some(false)] => "utf-16be",
                _ => return Ok(()),
            };
            let message = format!("the text looks like UTF-16; if it is, say `encoding: {label}`");
            return Err(self.content(1, message));
        }
        Ok(())
    }

    /// An error about the file's content.
    pub(super) fn content(&self, line: u64, message: impl Into<String>) -> DataError {
        DataError::Content { file: self.name().to_string(), line, message: message.into() }
    }
}
