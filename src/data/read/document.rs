//! This module finds a list inside of a JSON document, a piece of the file at a time, and checks that the rest is JSON. Where the
//! list is not there, it goes on to see which ones are. The elements of the list are cut out by `elements`.

use super::elements::{DEPTH_MAX, kind, shown};
use super::line_count::LineCount;
use super::other_lists::{NAMES_MAX, OtherLists, some_of};
use crate::data::ListPath;
use crate::data::list_path::{self, PathPart};
use crate::value::{ITEM_BYTES_MAX, json};

/// What the bytes fed so far came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DocumentStep {
    /// All bytes are used up; more are needed, if there are any.
    More,
    /// The bracket that opens the list was the last byte.
    List,
}

/// What may follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Value,
    /// Behind `[`: a value or `]`.
    FirstElement,
    /// Behind `{`: a name or `}`.
    FirstName,
    Name,
    Colon,
    /// Behind a value: a comma or the end of what it stands in.
    Next,
    /// The rest of a string, which is a name or a value.
    String {
        is_name: bool,
        escaped: bool,
    },
    /// The rest of a number or word.
    Word,
}

/// A list or object that is open.
struct Level {
    close: u8,
    /// How it is reached from the one that it stands in.
    part: Option<PathPart>,
    /// Elements before the one at hand.
    index: u64,
}

/// The document around the list.
pub(super) struct Document {
    path: ListPath,
    /// Lists and objects that are open, the outermost first.
    open: Vec<Level>,
    /// How many of them lie on the way to the list.
    on_path: usize,
    /// Whether the value that comes next is a step on the way.
    is_step: bool,
    expected: Expected,
    /// The string, number or word that is being read.
    token: Vec<u8>,
    /// Names in the innermost object on the way.
    names: Vec<String>,
    is_found: bool,
    /// The name that was read last.
    name: String,
    /// The other lists of the document.
    others: OtherLists,
    lines: LineCount,
    /// The line where the value at hand began.
    value_line: u64,
}

impl Document {
    /// Before the first byte of a document in which the list lies there.
    pub(super) fn new(path: ListPath) -> Self {
        Self {
            path,
            open: Vec::new(),
            on_path: 0,
            is_step: true,
            expected: Expected::Value,
            token: Vec::new(),
            names: Vec::new(),
            is_found: false,
            name: String::new(),
            others: OtherLists::default(),
            lines: LineCount::on(1),
            value_line: 1,
        }
    }

    /// Inside of the list, of which nothing has been seen but the way to it.
    pub(super) fn in_list(path: ListPath) -> Self {
        let level = |part: &PathPart| match part {
            PathPart::Name(_) => Level { close: b'}', index: 0, part: None },
            PathPart::Index(index) => Level { close: b']', index: *index, part: None },
        };
        let open: Vec<Level> = path.parts().iter().map(level).collect();
        let on_path = open.len();
        Self { open, on_path, is_found: true, is_step: false, expected: Expected::Next, ..Self::new(path) }
    }

    /// The line that the reading has reached.
    pub(super) fn line(&self) -> u64 {
        self.lines.line()
    }

    /// The count of the lines that the reading has reached.
    pub(super) fn lines(&self) -> LineCount {
        self.lines
    }

    /// The line where the value began that was being read last.
    pub(super) fn value_line(&self) -> u64 {
        self.value_line
    }

    /// The list has ended on the line of this count.
    pub(super) fn leave_list(&mut self, lines: LineCount) {
        (self.lines, self.value_line, self.expected) = (lines, lines.line(), Expected::Next);
    }

    /// What is wrong when the file ends here.
    pub(super) fn missing_at_end(&mut self) -> Option<String> {
        if self.expected == Expected::Word
            && let Err(message) = self.end_word()
        {
            return Some(message);
        }
        match self.expected {
            Expected::Next if self.open.is_empty() => None,
            Expected::Value if self.open.is_empty() => {
                Some("expected a JSON document, found an empty file".to_owned())
            }
            Expected::String { .. } => Some("the file ends within a string".to_owned()),
            _ => {
                let closes: Vec<String> = self
                    .open
                    .iter()
                    .rev()
                    .take(3)
                    .map(|level| format!("`{}`", level.close as char))
                    .collect();
                Some(format!("the file ends before the {} of the document", closes.join(" and the ")))
            }
        }
    }

    /// Why the list is not there, once enough was looked through; `is_over`: nothing more can be.
    pub(super) fn fault(&self, is_over: bool) -> Option<(u64, String)> {
        self.others.fault(is_over)
    }

    /// Goes on through `bytes`, and says how many are used up.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(usize, DocumentStep), String> {
        let mut at = 0;
        while at < bytes.len() {
            if let Expected::String { is_name, escaped } = self.expected {
                at += self.string(&bytes[at..], is_name, escaped)?;
                continue;
            }
            let byte = bytes[at];
            if self.expected == Expected::Word && !ends_word(byte) {
                self.push_token(byte)?;
                at += 1;
                continue;
            }
            if self.expected == Expected::Word {
                self.end_word()?;
            }
            at += 1;
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => self.lines.white(byte),
                byte => {
                    self.lines.black();
                    if self.byte(byte)? == DocumentStep::List {
                        return Ok((at, DocumentStep::List));
                    }
                }
            }
        }
        self.others.look(at);
        Ok((at, DocumentStep::More))
    }

    /// One byte between strings and words, which is no white space.
    fn byte(&mut self, byte: u8) -> Result<DocumentStep, String> {
        match (self.expected, byte) {
            (Expected::FirstElement, b']') | (Expected::FirstName, b'}') => self.close(byte)?,
            (Expected::Value | Expected::FirstElement, _) => return self.begin_value(byte),
            (Expected::FirstName | Expected::Name, b'"') => self.begin_string(true),
            (Expected::FirstName | Expected::Name, _) => return Err(unexpected("a name in quotes", byte)),
            (Expected::Colon, b':') => self.expected = Expected::Value,
            (Expected::Colon, _) => return Err(unexpected("`:`", byte)),
            (_, b',') if !self.open.is_empty() => self.next_element(),
            (_, b']' | b'}') if !self.open.is_empty() => self.close(byte)?,
            _ if self.open.is_empty() => return Err(unexpected("nothing behind the document", byte)),
            _ => return Err(unexpected("`,` or the end of a list or object", byte)),
        }
        Ok(DocumentStep::More)
    }

    /// Behind a comma.
    fn next_element(&mut self) {
        let depth = self.open.len();
        let Some(level) = self.open.last_mut() else { return };
        level.index += 1;
        if level.close == b'}' {
            self.expected = Expected::Name;
            return;
        }
        self.is_step =
            depth == self.on_path && self.path.parts().get(depth - 1) == Some(&PathPart::Index(level.index));
        self.expected = Expected::Value;
    }

    fn begin_value(&mut self, byte: u8) -> Result<DocumentStep, String> {
        self.value_line = self.line();
        let mut is_step = std::mem::take(&mut self.is_step) && !self.others.is_missed();
        if is_step && self.is_found {
            return Err(format!("{} stands twice in the document", self.place()));
        }
        if is_step && let Some(message) = self.off_path(byte) {
            self.others.miss(self.line(), message);
            is_step = false;
        }
        if byte == b'[' {
            self.note_list();
        }
        match byte {
            b'[' if is_step && self.open.len() == self.path.parts().len() => {
                self.is_found = true;
                return Ok(DocumentStep::List);
            }
            b'[' | b'{' => self.open(byte, is_step)?,
            b'"' => self.begin_string(false),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => {
                self.token.clear();
                self.token.push(byte);
                self.expected = Expected::Word;
            }
            _ => return Err(unexpected("a value", byte)),
        }
        Ok(DocumentStep::More)
    }

    /// The place of the value at hand, which is on the way, for messages.
    fn place(&self) -> String {
        match self.open.len() {
            0 => "the document".to_owned(),
            depth => format!("`{}`", self.path.shown(depth)),
        }
    }

    /// What is wrong when the way does not go on in a value that begins like this.
    fn off_path(&self, byte: u8) -> Option<String> {
        let (place, found) = (self.place(), kind(byte));
        match (self.path.parts().get(self.open.len()), byte) {
            (None | Some(PathPart::Index(_)), b'[') | (Some(PathPart::Name(_)), b'{') => None,
            (None, _) => Some(format!("expected a list at {place}, found {found}")),
            (Some(part), _) => Some(format!("expected {place} to hold `{part}`, found {found}")),
        }
    }

    /// How the value at hand is reached from what it stands in.
    fn part(&self) -> Option<PathPart> {
        self.open.last().map(|level| match level.close {
            b'}' => PathPart::Name(self.name.clone()),
            _ => PathPart::Index(level.index),
        })
    }

    /// A list begins.
    fn note_list(&mut self) {
        let is_in_list = self.open.iter().any(|level| level.close == b']');
        if is_in_list || self.open.is_empty() || !self.others.has_room() {
            return;
        }
        let parts: Vec<PathPart> =
            self.open.iter().filter_map(|level| level.part.clone()).chain(self.part()).collect();
        self.others.note(list_path::shown(&parts));
    }

    fn open(&mut self, byte: u8, is_step: bool) -> Result<(), String> {
        if self.open.len() >= DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} lists and maps within one another"));
        }
        let close = if byte == b'[' { b']' } else { b'}' };
        let part = self.part();
        self.open.push(Level { close, index: 0, part });
        if is_step {
            self.on_path = self.open.len();
            self.names.clear();
        }
        self.expected = Expected::FirstName;
        if byte == b'[' {
            self.expected = Expected::FirstElement;
            self.is_step = is_step && self.path.parts().get(self.open.len() - 1) == Some(&PathPart::Index(0));
        }
        Ok(())
    }

    fn close(&mut self, byte: u8) -> Result<(), String> {
        match self.open.pop() {
            Some(level) if level.close != byte => {
                return Err(format!("expected `{}`, found `{}`", level.close as char, byte as char));
            }
            Some(level) if self.on_path > self.open.len() => {
                self.on_path = self.open.len();
                if !self.is_found && !self.others.is_missed() {
                    let message = self.not_found(level.index + u64::from(self.expected == Expected::Next));
                    self.others.miss(self.line(), message);
                }
            }
            _ => {}
        }
        (self.is_step, self.expected) = (false, Expected::Next);
        Ok(())
    }

    /// What is said of a list or object on the way, with so many elements, in which the way does not go on.
    fn not_found(&self, elements: u64) -> String {
        let depth = self.open.len();
        let wanted = &self.path.parts()[depth];
        let holder = match depth {
            0 => "the document".to_owned(),
            depth => format!("`{}`", self.path.shown(depth)),
        };
        match wanted {
            PathPart::Index(_) => format!("{holder} has no element `{wanted}`; it has {elements}"),
            PathPart::Name(_) if self.names.is_empty() => format!("{holder} has no `{wanted}`; it is empty"),
            PathPart::Name(_) => {
                format!("{holder} has no `{wanted}`; it has {}", some_of(&self.names))
            }
        }
    }

    fn begin_string(&mut self, is_name: bool) {
        self.token.clear();
        self.token.push(b'"');
        self.expected = Expected::String { is_name, escaped: false };
    }

    /// The inside of a string up to and with its end, or a backslash; says how much of it.
    fn string(&mut self, bytes: &[u8], is_name: bool, escaped: bool) -> Result<usize, String> {
        if escaped {
            self.expected = Expected::String { is_name, escaped: false };
            self.push_token(bytes[0])?;
            return Ok(1);
        }
        let end = memchr::memchr2(b'"', b'\\', bytes);
        let used = end.map_or(bytes.len(), |at| at + 1);
        self.token.extend_from_slice(&bytes[..used]);
        self.check_token()?;
        match end.map(|at| bytes[at]) {
            None => {}
            Some(b'\\') => self.expected = Expected::String { is_name, escaped: true },
            Some(_) => self.end_string(is_name)?,
        }
        Ok(used)
    }

    fn end_string(&mut self, is_name: bool) -> Result<(), String> {
        let text = json::to_value(&self.token).map_err(|error| error.to_string())?;
        self.expected = if is_name { Expected::Colon } else { Expected::Next };
        if is_name && self.open.len() == self.on_path {
            let name = text.as_str().unwrap_or_default();
            let part = self.path.parts().get(self.on_path - 1);
            self.is_step = matches!(part, Some(PathPart::Name(wanted)) if wanted == name);
            if self.names.len() <= NAMES_MAX {
                self.names.push(name.chars().take(80).collect());
            }
        }
        if let (true, serde_json::Value::String(name)) = (is_name, text) {
            self.name = name;
        }
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), String> {
        if !is_word(&self.token) {
            let start: String = String::from_utf8_lossy(&self.token).chars().take(80).collect();
            return Err(format!("expected a value, found `{start}`"));
        }
        self.expected = Expected::Next;
        Ok(())
    }

    fn push_token(&mut self, byte: u8) -> Result<(), String> {
        self.token.push(byte);
        self.check_token()
    }

    fn check_token(&self) -> Result<(), String> {
        if self.token.len() > ITEM_BYTES_MAX {
            return Err(format!("a value is longer than {ITEM_BYTES_MAX} bytes"));
        }
        Ok(())
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b']' | b'}' | b':' | b'"' | b'[' | b'{')
}

/// Whether it is a number, `true`, `false` or `null`. Numbers that no item could hold may stand beside the list.
fn is_word(token: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if matches!(token, b"true" | b"false" | b"null") {
        return true;
    }
    let token = token.strip_prefix(b"-").unwrap_or(token);
    let whole = digits(token);
    let mut rest = &token[whole..];
    if whole == 0 || (whole > 1 && token[0] == b'0') {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = &fraction[count..];
    }
    if let Some(exponent) = rest.strip_prefix(b"e").or_else(|| rest.strip_prefix(b"E")) {
        let exponent =
            exponent.strip_prefix(b"+").or_else(|| exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

fn unexpected(wanted: &str, byte: u8) -> String {
    format!("expected {wanted}, found {}", shown(byte))
}
