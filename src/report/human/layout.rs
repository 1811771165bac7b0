//! This module fits the lines of running steps to the width of the terminal: names shrink first, then the bars, then
//! counts are left out. How many failed, the rate and the time to go stay.

use super::columns::ColumnWidths;
use super::line::{StyledLine, TextStyle};
use crate::event::StepInfo;
use crate::value::Extent;

/// Columns of a bar where there is room.
const BAR: usize = 16;
/// A shorter one says nothing.
const BAR_LEAST: usize = 4;
/// Counts that are left out where there is no room, in this order.
const SPARED: [&str; 4] = [" skipped", " retried", " ok", " cancelled"];

/// What there is to say of one running step.
#[derive(Debug)]
pub(super) struct LiveLine {
    /// How far it is as a share, when that is known: it has a bar then.
    pub(super) extent: Option<Extent>,
    /// How far it is in words, counts, rate, time to go.
    pub(super) parts: Vec<String>,
}

/// The columns that all running steps share.
#[derive(Debug)]
pub(super) struct LiveLayout {
    columns: ColumnWidths,
    bar: usize,
    width: usize,
}

impl LiveLayout {
    /// For these lines on a terminal of so many columns.
    pub(super) fn new(lines: &[LiveLine], columns: ColumnWidths, width: usize) -> Self {
        // What fills the last column makes some terminals go on to the next line.
        let width = width.saturating_sub(1);
        let need = |line: &LiveLine| {
            let bar = if line.extent.is_some() { BAR + 1 } else { 0 };
            columns.counts() + bar + chars(&line.parts)
        };
        let over = lines.iter().map(need).max().unwrap_or(0).saturating_sub(width);
        let narrow = columns.narrowed(over);
        let over = over - (columns.counts() - narrow.counts());
        let bar = if over > BAR - BAR_LEAST { 0 } else { BAR - over };
        Self { columns: narrow, bar, width }
    }

    /// The line of a step.
    pub(super) fn text(&self, info: &StepInfo, line: LiveLine, color: bool) -> String {
        let LiveLine { extent, mut parts } = line;
        let mut text = self.columns.head(info, color);
        if let Some(extent) = extent.filter(|_| self.bar > 0) {
            text.push(TextStyle::Plain, &bar(extent, self.bar));
            text.push(TextStyle::Plain, " ");
        }
        let mut spared = SPARED.iter();
        while text.width() + chars(&parts) > self.width
            && let Some(name) = spared.next()
        {
            parts.retain(|part| !part.ends_with(name));
        }
        if text.width() + chars(&parts) > self.width && parts.len() > 1 {
            parts.remove(0);
        }
        push(&mut text, &parts);
        text.into_text()
    }
}

/// Columns of the parts with what stands between them.
fn chars(parts: &[String]) -> usize {
    parts.iter().map(|part| part.chars().count() + 3).sum::<usize>().saturating_sub(3)
}

fn push(line: &mut StyledLine, parts: &[String]) {
    for (at, part) in parts.iter().enumerate() {
        line.push(TextStyle::Plain, if at > 0 { " · " } else { "" });
        let style = if part.ends_with(" failed") { TextStyle::Bad } else { TextStyle::Plain };
        line.push(style, part);
    }
}

/// `━━━━━━╸─────────`
fn bar(Extent { done, of }: Extent, columns: usize) -> String {
    let done = u128::from(done.min(of)) * columns as u128;
    let filled = (done / u128::from(of.max(1))) as usize;
    let head = usize::from(filled < columns && done > 0);
    ["━".repeat(filled), "╸".repeat(head), "─".repeat(columns - filled - head)].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::event::Verb;

    /// The line of a step of that name on a terminal of so many columns.
    fn line(name: &str, width: usize) -> String {
        let info = StepInfo { name: Arc::from(name), verb: Some(Verb::Map) };
        let parts = "4200000/10000000 · 4150000 ok · 31000 skipped · 7000 failed · 12000 retried · 26230/s · ETA 3m41s";
        let parts = parts.split(" · ").map(str::to_owned).collect();
        let line = LiveLine { extent: Some(Extent { done: 42, of: 100 }), parts };
        let columns = ColumnWidths::of(std::slice::from_ref(&info));
        LiveLayout::new(std::slice::from_ref(&line), columns, width).text(&info, line, false)
    }

    #[test]
    fn names_shrink_first_then_the_bar_and_counts_go_last() {
        let name = "a-step-with-a-long-name";
        let told = [160, 145, 125, 115, 100, 80, 70, 60].map(|width| line(name, width));
        for (text, width) in told.iter().zip([160, 145, 125, 115, 100, 80, 70, 60]) {
            assert!(text.chars().count() < width, "{width}: {text}");
            assert!(text.contains("7000 failed") && text.contains("26230/s · ETA 3m41s"), "{text}");
        }
        let starts: Vec<&str> =
            told.iter().map(|text| text.split(char::is_numeric).next().expect("a head")).collect();
        let expect = [
            "    map a-step-with-a-long-name  ━━━━━━╸───────── ",
            "    map a-step-with-a-long-…  ━━━━━━╸───────── ",
            "    map a-ste…  ━━━━╸───── ",
            "    map a-ste…  ",
            "    map a-ste…  ",
            "    map a-ste…  ",
            "    map a-ste…  ",
            // Here not even how far it is has room.
            "    map a-ste…  ",
        ];
        assert_eq!(starts, expect);
        let counts =
            |text: &str| ["ok", "skipped", "retried"].map(|name| text.contains(&format!(" {name} ·")));
        let all = [true, true, true];
        let expect = [all, all, all, all, [true, false, true], [false; 3], [false; 3], [false; 3]];
        assert_eq!(told.each_ref().map(|text| counts(text)), expect, "{told:#?}");
    }

    #[test]
    fn a_bar_is_full_at_the_end_alone() {
        for (done, of, expect) in
            [(0, 7, "────"), (1, 100, "╸───"), (99, 100, "━━━╸"), (9, 9, "━━━━"), (0, 0, "────")]
        {
            assert_eq!(bar(Extent { done, of }, 4), expect);
        }
    }
}
