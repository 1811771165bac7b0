//! A pair shows one item and what came of it, side by side.

use std::fmt::Write as _;

use std::time::Duration;

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;

use crate::report;
use crate::trial::{TriedEnding, TriedItem};
use crate::value::printable;

/// Characters of a line, where the terminal is wider or unknown.
const WIDTH_MAX: usize = 160;
const WIDTH_MIN: usize = 40;
/// Lines of one value; what is longer is cut.
const LINES_MAX: usize = 40;
const BETWEEN: &str = "  →  ";

/// One item and what the function made of it.
#[derive(Debug)]
pub(super) struct Pair<'a> {
    /// Which item, from 1.
    pub(super) number: u64,
    /// As JSON text.
    pub(super) item: &'a str,
    /// What came of it; `None`: it is only shown.
    pub(super) tried: Option<&'a TriedItem>,
    /// How long that took, where it was tried by itself.
    pub(super) time: Option<Duration>,
    /// What the function would have changed, as lines.
    pub(super) changes: &'a [String],
    /// Characters of a line.
    pub(super) width: usize,
    pub(super) color: bool,
}

/// A line with its colour.
type ColoredLine = (&'static str, String);

impl Pair<'_> {
    /// All lines.
    pub(super) fn text(&self) -> String {
        let mut out = self.head();
        let width = self.width.clamp(WIDTH_MIN, WIDTH_MAX);
        let column = (width - BETWEEN.chars().count()) / 2;
        let left = wrapped(&pretty(self.item), if self.tried.is_some() { column } else { width });
        let right: Vec<ColoredLine> = self.tried.map(|tried| right(tried, column)).unwrap_or_default();
        for at in 0..left.len().max(right.len()) {
            let item = left.get(at).map_or("", String::as_str);
            let Some((code, text)) = right.get(at) else {
                let _ = writeln!(out, "{item}");
                continue;
            };
            let pad = " ".repeat(column.saturating_sub(length(item)));
            let arrow = if at == 0 { BETWEEN } else { "     " };
            let _ = writeln!(out, "{item}{pad}{arrow}{}", self.paint(code, text));
        }
        for log in self.tried.iter().flat_map(|tried| &tried.logs) {
            let fields = log.fields.as_ref().map(|fields| format!(" {fields}")).unwrap_or_default();
            let text = format!("  {}: {}{fields}", log.level, log.message);
            let _ = writeln!(out, "{}", self.paint("2", &printable(&text)));
        }
        for change in self.changes {
            let _ = writeln!(out, "  {}", self.paint("36", change));
        }
        out.push('\n');
        out
    }

    fn head(&self) -> String {
        let number = self.paint("1", &format!("item {}", self.number));
        match self.time {
            Some(time) => format!("{number}  {}\n", self.paint("2", &took(time))),
            None => format!("{number}\n"),
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Short times are of interest here.
pub(super) fn took(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        return format!("{:.1} ms", time.as_secs_f64() * 1e3);
    }
    report::duration(time)
}

/// What came of an item, as lines.
fn right(tried: &TriedItem, column: usize) -> Vec<ColoredLine> {
    let colored = |code: &'static str, text: &str| -> Vec<ColoredLine> {
        wrapped(&[text.to_owned()], column).into_iter().map(|line| (code, line)).collect()
    };
    match &tried.ending {
        TriedEnding::Results(results) if results.is_empty() => colored("33", "no result"),
        TriedEnding::Results(results) => {
            let lines = results.iter().flat_map(|result| wrapped(&pretty(result), column));
            lines.map(|line| ("32", line)).collect()
        }
        TriedEnding::Skipped(reason) => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            colored("33", &format!("skipped{reason}"))
        }
        TriedEnding::NotRun(reason) => colored("31", &format!("did not run: {reason}")),
        TriedEnding::Failed { kind, message, place, .. } => {
            let mut lines = colored("31", &format!("failed: {}: {message}", kind.name()));
            if let Some(place) = place {
                lines.extend(colored("31", &format!("at {place}")));
                let source = place.source.as_deref().unwrap_or_default().trim();
                lines.extend(colored("2", source));
            }
            lines
        }
    }
}

/// A value as lines that people read: a map with one key a line, anything short in one.
fn pretty(text: &str) -> Vec<String> {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return vec![text.to_owned()] };
    let is_flat = !matches!(&value, Value::Object(_) | Value::Array(_)) || text.len() <= 40;
    if is_flat {
        return vec![text.to_owned()];
    }
    let pretty = serde_json::to_string_pretty(&value).unwrap_or_else(|_| text.to_owned());
    pretty.lines().map(str::to_owned).collect()
}

/// Lines broken at the column, with what steers a terminal made visible.
fn wrapped(lines: &[String], column: usize) -> Vec<String> {
    let mut all = Vec::new();
    for line in lines {
        let line = printable(line);
        let indent: String = line.chars().take_while(|character| *character == ' ').collect();
        let indent = if indent.len() + 10 > column { String::new() } else { format!("{indent}  ") };
        let mut current = String::new();
        let mut taken = 0;
        for word in line.graphemes(true) {
            let wide = wide(word);
            if taken + wide > column && taken > 0 {
                all.push(std::mem::replace(&mut current, indent.clone()));
                taken = indent.len();
            }
            current.push_str(word);
            taken += wide;
        }
        all.push(current);
        if all.len() > LINES_MAX {
            break;
        }
    }
    if all.len() > LINES_MAX {
        all.truncate(LINES_MAX);
        all.push("…".to_owned());
    }
    all
}

fn length(text: &str) -> usize {
    text.graphemes(true).map(wide).sum()
}

/// Columns that a character takes: two in the scripts of East Asia and for pictures, as terminals have it.
fn wide(grapheme: &str) -> usize {
    let is_wide = |character: char| {
        matches!(u32::from(character), 0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff
            | 0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1faff | 0x20000..=0x3fffd)
    };
    if grapheme.chars().any(is_wide) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(item: &str, ending: TriedEnding, color: bool) -> String {
        let tried = TriedItem { ending, logs: Vec::new() };
        let time = Some(Duration::from_millis(2));
        Pair { number: 3, item, tried: Some(&tried), time, changes: &[], width: 45, color }.text()
    }

    #[test]
    fn input_and_output_stand_side_by_side() {
        let result =
            TriedEnding::Results(vec!["{\"id\":1,\"name\":\"a rather long text, for sure\"}".to_owned()]);
        let expect = "item 3  2.0 ms\n\
            {\"id\":1}              →  {\n                           \"id\": 1,\n                           \"name\": \"a rather \n\
            \u{20}                            long text, for s\n                             ure\"\n                         }\n\n";
        assert_eq!(shown("{\"id\":1}", result, false), expect);
        assert_eq!(
            shown("1", TriedEnding::Results(Vec::new()), false),
            "item 3  2.0 ms\n1                     →  no result\n\n"
        );
        assert!(
            shown("1", TriedEnding::Skipped(Some("\u{1b}[2J".to_owned())), false)
                .contains("skipped: \\u{1b}")
        );
        assert!(shown("1", TriedEnding::Skipped(None), true).contains("\u{1b}[33mskipped\u{1b}[0m"));
    }
}
