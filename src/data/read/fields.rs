//! This module cuts one line of a table into fields. `records` gives it the further lines of a field that goes on behind a
//! line end, and `field` gives a field its type.

use memchr::{memchr, memchr_iter, memchr2};

use crate::data::dialect::{Escape, FieldRules};

/// Fields of a record and columns of a table: more than any table has, and few enough that a line of nothing but delimiters takes
/// no more memory than its text.
pub(super) const COLUMNS_MAX: usize = 100_000;

/// Bytes of a record that messages get to see; they show far less.
const SHOWN_BYTES: usize = 4096;

/// Stands for the quote where nothing encloses fields: no line holds it.
const NO_QUOTE: u8 = b'\n';

/// Where in a record the reading stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordState {
    /// Before a field.
    FieldStart,
    /// Within a field that is enclosed in quotes.
    Quoted,
    /// Within another field, whose line end is escaped.
    Bare,
    /// Behind the record.
    RecordEnd,
}

/// What is wrong with a record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordFault {
    /// It has more fields than any table.
    TooMany,
    /// Text follows the closing quote of the last field.
    TextBehind,
}

/// The fields of a record.
pub(super) struct Fields {
    delimiter: u8,
    quote: u8,
    escape: Escape,
    trim: bool,
    way: Way,
    /// The fields.
    text: Vec<u8>,
    /// Bytes between them: the delimiters of a line that was taken as it stands, or nothing.
    gap: usize,
    /// Where each ends.
    ends: Vec<usize>,
    /// Which of them had an escape in them, where these are characters of their own.
    escaped: Vec<usize>,
    /// Whether one was in quotes.
    quoted: bool,
    /// Whether one was so in the record before.
    expects_quotes: bool,
}

/// How lines are cut.
#[derive(Clone, Copy)]
enum Way {
    /// By delimiters and quotes that are doubled.
    Quick,
    /// So where they hold no backslash.
    QuickWithoutBackslash,
    /// Byte by byte of those that mean something.
    Careful,
}

impl Fields {
    /// No fields yet.
    pub(super) fn new(rules: FieldRules) -> Self {
        let way = match rules.escape {
            _ if rules.trim => Way::Careful,
            Escape::Doubling => Way::Quick,
            Escape::Tabbed => Way::QuickWithoutBackslash,
            Escape::Character(_) => Way::Careful,
        };
        Self {
            delimiter: rules.delimiter,
            quote: rules.quote.unwrap_or(NO_QUOTE),
            escape: rules.escape,
            trim: rules.trim,
            way,
            text: Vec::new(),
            gap: 0,
            ends: Vec::new(),
            escaped: Vec::new(),
            quoted: false,
            expects_quotes: false,
        }
    }

    /// Begins the next record.
    #[inline]
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.escaped.clear();
        self.gap = 0;
        self.expects_quotes = std::mem::take(&mut self.quoted);
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of text in them.
    pub(super) fn bytes(&self) -> usize {
        self.text.len()
    }

    /// One of them.
    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&[u8]> {
        (at < self.ends.len()).then(|| self.field(at))
    }

    /// Whether a field had an escape in it, so that it is not the text that it looks like.
    pub(super) fn is_escaped(&self, at: usize) -> bool {
        self.escaped.binary_search(&at).is_ok()
    }

    /// Whether a field was in quotes.
    pub(super) fn has_quotes(&self) -> bool {
        self.quoted
    }

    /// One of them, which is there.
    #[inline]
    pub(super) fn field(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] + self.gap };
        &self.text[start..self.ends[at]]
    }

    /// A fault of the record in words.
    #[cold]
    pub(super) fn explain(&self, fault: RecordFault) -> String {
        match fault {
            RecordFault::TooMany => format!("the row has more than {COLUMNS_MAX} fields"),
            RecordFault::TextBehind => format!("text follows the closing quote of field {}", self.ends.len()),
        }
    }

    /// The record roughly as it was, for messages.
    pub(super) fn shown(&self) -> Vec<u8> {
        let mut shown = Vec::new();
        let fields = (0..self.len()).filter_map(|at| self.get(at));
        // A field that did not end.
        let rest = self.text.get(self.start()..).filter(|rest| !rest.is_empty());
        for (at, field) in fields.chain(rest).enumerate() {
            if at > 0 {
                shown.push(self.delimiter);
            }
            shown.extend_from_slice(&field[..field.len().min(SHOWN_BYTES)]);
            if shown.len() > SHOWN_BYTES {
                break;
            }
        }
        shown
    }

    /// Adds the line end that a field goes on behind.
    pub(super) fn go_on(&mut self, line_end: u8) {
        self.text.push(line_end);
    }

    /// Whether a line holds nothing.
    #[inline]
    pub(super) fn is_blank(&self, line: &[u8]) -> bool {
        matches!(line, b"" | b"\r")
            || self.trim && line.iter().all(|byte| self.is_blank_byte(*byte) || *byte == b'\r')
    }

    /// Reads one line of a record, given without its line feed.
    #[inline]
    pub(super) fn read(&mut self, line: &[u8], state: RecordState) -> Result<RecordState, RecordFault> {
        let is_quick = match self.way {
            Way::Quick => true,
            Way::QuickWithoutBackslash => memchr(b'\\', line).is_none(),
            Way::Careful => false,
        };
        if !is_quick {
            return self.read_carefully(line, state);
        }
        // Looking for quotes first is in vain where there are some in each record.
        let may_be_bare = state == RecordState::FieldStart && !self.expects_quotes;
        if may_be_bare && (self.quote == NO_QUOTE || memchr(self.quote, line).is_none()) {
            return self.read_bare(line);
        }
        self.read_quickly(line, state)
    }

    /// Reads a record without quotes as it stands.
    fn read_bare(&mut self, line: &[u8]) -> Result<RecordState, RecordFault> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.gap = 1;
        for at in memchr_iter(self.delimiter, line) {
            self.ends.push(at);
            if self.ends.len() >= COLUMNS_MAX {
                self.text.extend_from_slice(&line[..at]);
                return Err(RecordFault::TooMany);
            }
        }
        self.ends.push(line.len());
        self.text.extend_from_slice(line);
        Ok(RecordState::RecordEnd)
    }

    /// Reads a record with quotes, or a further line of it.
    fn read_quickly(&mut self, line: &[u8], mut state: RecordState) -> Result<RecordState, RecordFault> {
        let (delimiter, quote) = (self.delimiter, self.quote);
        let mut rest = line;
        loop {
            if self.ends.len() >= COLUMNS_MAX {
                return Err(RecordFault::TooMany);
            }
            if state == RecordState::Quoted || rest.first() == Some(&quote) {
                rest = if state == RecordState::Quoted { rest } else { &rest[1..] };
                self.quoted = true;
                let Some(after) = self.enclosed(rest) else { return Ok(RecordState::Quoted) };
                rest = after;
                self.ends.push(self.text.len());
                state = RecordState::FieldStart;
                match rest {
                    b"" | b"\r" => return Ok(RecordState::RecordEnd),
                    [next, after @ ..] if *next == delimiter => rest = after,
                    _ => return Err(RecordFault::TextBehind),
                }
            } else if let Some(at) = memchr(delimiter, rest) {
                self.text.extend_from_slice(&rest[..at]);
                self.ends.push(self.text.len());
                rest = &rest[at + 1..];
            } else {
                self.text.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
                self.ends.push(self.text.len());
                return Ok(RecordState::RecordEnd);
            }
        }
    }

    /// Adds the inside of a field in quotes and returns what follows its closing quote, if that is on this line.
    fn enclosed<'r>(&mut self, mut rest: &'r [u8]) -> Option<&'r [u8]> {
        let quote = self.quote;
        loop {
            let Some(at) = memchr(quote, rest) else {
                self.text.extend_from_slice(rest);
                return None;
            };
            self.text.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            if rest.first() != Some(&quote) {
                return Some(rest);
            }
            self.text.push(quote);
            rest = &rest[1..];
        }
    }

    /// The same with escapes, and without blanks around fields.
    fn read_carefully(&mut self, line: &[u8], mut state: RecordState) -> Result<RecordState, RecordFault> {
        let mut rest = line;
        loop {
            if self.ends.len() >= COLUMNS_MAX {
                return Err(RecordFault::TooMany);
            }
            if state == RecordState::FieldStart {
                rest = self.behind_blanks(rest);
                state = RecordState::Bare;
                if let Some(inside) = rest.strip_prefix(&[self.quote]) {
                    (rest, state, self.quoted) = (inside, RecordState::Quoted, true);
                }
            }
            let after = match state {
                RecordState::Quoted => self.enclosed_carefully(rest),
                _ => self.bare(rest),
            };
            let Some(after) = after else { return Ok(state) };
            if state != RecordState::Quoted && self.trim {
                let start = self.start();
                while self.text.len() > start
                    && self.text.last().is_some_and(|last| self.is_blank_byte(*last))
                {
                    self.text.pop();
                }
            }
            self.ends.push(self.text.len());
            match self.behind_blanks(after) {
                b"" | b"\r" => return Ok(RecordState::RecordEnd),
                [next, after @ ..] if *next == self.delimiter => rest = after,
                _ => return Err(RecordFault::TextBehind),
            }
            state = RecordState::FieldStart;
        }
    }

    /// Adds the inside of a field in quotes and returns what follows its closing quote, if that is on this line.
    fn enclosed_carefully<'r>(&mut self, mut rest: &'r [u8]) -> Option<&'r [u8]> {
        let quote = self.quote;
        let escape = if let Escape::Character(escape) = self.escape { escape } else { quote };
        loop {
            let Some(at) = memchr2(quote, escape, rest) else {
                self.text.extend_from_slice(rest);
                return None;
            };
            self.text.extend_from_slice(&rest[..at]);
            let byte = rest[at];
            rest = &rest[at + 1..];
            if byte != quote {
                rest = self.unescaped(rest)?;
                continue;
            }
            let Some(doubled) = rest.strip_prefix(&[quote]).filter(|_| escape == quote) else {
                return Some(rest);
            };
            self.text.push(quote);
            rest = doubled;
        }
    }

    /// Adds a field without quotes and returns what follows it, unless it goes on behind the line end.
    fn bare<'r>(&mut self, mut rest: &'r [u8]) -> Option<&'r [u8]> {
        let escape = match self.escape {
            Escape::Doubling => self.delimiter,
            Escape::Tabbed => b'\\',
            Escape::Character(escape) => escape,
        };
        loop {
            let Some(at) = memchr2(self.delimiter, escape, rest) else {
                self.text.extend_from_slice(rest.strip_suffix(b"\r").unwrap_or(rest));
                return Some(b"");
            };
            self.text.extend_from_slice(&rest[..at]);
            if rest[at] == self.delimiter {
                return Some(&rest[at..]);
            }
            rest = self.unescaped(&rest[at + 1..])?;
        }
    }

    /// Adds what stands behind an escape and returns what follows that; `None` when it is the line end.
    fn unescaped<'r>(&mut self, rest: &'r [u8]) -> Option<&'r [u8]> {
        let (character, rest) = match (self.escape, rest) {
            (Escape::Tabbed, [letter @ (b't' | b'n' | b'r' | b'\\'), rest @ ..]) => (control(*letter), rest),
            // Anything else stands for itself with its backslash, as do the nulls of databases.
            (Escape::Tabbed | Escape::Doubling, _) | (Escape::Character(b'\\'), [b'N', ..]) => {
                self.text.push(b'\\');
                return Some(rest);
            }
            (Escape::Character(_), [] | [b'\r']) => {
                self.text.extend_from_slice(rest);
                return None;
            }
            (Escape::Character(b'\\'), [letter, rest @ ..]) => (control(*letter), rest),
            (Escape::Character(_), [character, rest @ ..]) => (*character, rest),
        };
        self.text.push(character);
        if self.escaped.last() != Some(&self.ends.len()) {
            self.escaped.push(self.ends.len());
        }
        Some(rest)
    }

    /// Where the field that has no end yet begins.
    fn start(&self) -> usize {
        self.ends.last().map_or(0, |end| end + self.gap)
    }

    /// What follows the blanks in front, where these do not count.
    fn behind_blanks<'r>(&self, text: &'r [u8]) -> &'r [u8] {
        let blanks = text.iter().take_while(|byte| self.trim && self.is_blank_byte(**byte)).count();
        &text[blanks..]
    }

    fn is_blank_byte(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && byte != self.delimiter
    }
}

/// What a letter behind a backslash stands for, as databases write them; any other character stands for itself.
fn control(letter: u8) -> u8 {
    match letter {
        b'0' => 0,
        b'b' => 0x08,
        b't' => b'\t',
        b'n' => b'\n',
        b'v' => 0x0B,
        b'f' => 0x0C,
        b'r' => b'\r',
        b'Z' => 0x1A,
        other => other,
    }
}
