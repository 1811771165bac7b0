//! This module takes the lines of an item's log, from Lua code and from host functions.

use std::borrow::Cow;

use super::current::Current;
use crate::event::LogLevel;
use crate::lua::options::LogLine;
use crate::value::Mask;

/// Lines of logs between two calls of `take_logs`. An endless loop that prints must not fill the memory.
const LINES_MAX: usize = 10_000;
/// Bytes of one log line.
const LINE_BYTES_MAX: usize = 64 * 1024;

impl Current {
    /// Takes a line of the running item: level, text, fields as JSON.
    pub(in crate::lua) fn log(&self, level: LogLevel, message: &[u8], fields: Option<&[u8]>) {
        let mut logs = self.logs.borrow_mut();
        let line = |level, message, fields| LogLine { index: self.index.get(), level, message, fields };
        if logs.len() < LINES_MAX {
            let fields = fields.filter(|fields| fields.len() <= LINE_BYTES_MAX);
            let fields = fields.map(|fields| self.mask.json(&String::from_utf8_lossy(fields)).into_owned());
            logs.push(line(level, logged(message, &self.mask), fields));
        } else if logs.len() == LINES_MAX {
            logs.push(line(LogLevel::Warn, "further log lines were dropped".to_owned(), None));
        }
    }
}

/// A message without secrets, which are hidden before anything is cut off: half of one would not be found any more.
fn logged(message: &[u8], mask: &Mask) -> String {
    let message = if mask.is_empty() {
        Cow::Borrowed(message)
    } else {
        Cow::Owned(mask.owned(String::from_utf8_lossy(message).into_owned()).into_bytes())
    };
    let mut text = String::from_utf8_lossy(&message[..message.len().min(LINE_BYTES_MAX)]).into_owned();
    if message.len() > LINE_BYTES_MAX {
        text.push('…');
    }
    text
}
