//! The picture of a terminal in README.md, made of what a run of its pipeline leaves on one.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;
use vt100::{Cell, Color, Screen};

use super::block::{self, Use};
use super::page::{pages, root};
use super::shown::settled;
use crate::project::Project;
use crate::terminal;

const COLUMNS: u16 = 96;
const LINE: usize = 19;
const LETTER: f32 = 8.43;
const NAME: &str = "docs/run.svg";

static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(?s)<style>.*?</style>|<[^>]*>").expect("a pattern"));
static RATE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m) +[\d.]+/s *$").expect("a pattern"));

/// Fails where the picture shows other words than a run; `UPDATE_EXPECT=1` draws it anew.
pub(super) fn check() {
    let page = pages().into_iter().find(|page| page.name == "README.md").expect("the README");
    let blocks = block::blocks(&page.text);
    let pipeline =
        blocks.iter().find(|block| matches!(block.purpose(), Use::Pipeline(_))).expect("a pipeline");
    let project = Project::with(&pipeline.text);
    let mut svg = String::new();
    terminal::watch(&project, COLUMNS, "pipeline.yaml --color always", |screen| svg = drawn(screen));
    let is = std::fs::read_to_string(root().join(NAME)).unwrap_or_default();
    if words(&is) != words(&svg) && std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(root().join(NAME), svg).expect("written");
        return;
    }
    assert_eq!(words(&is), words(&svg), "{NAME} is not what a run shows (UPDATE_EXPECT=1 draws it)");
}

/// What stands in a picture, without what differs from run to run.
fn words(svg: &str) -> String {
    let text = TAG.replace_all(svg, "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let text = settled(&RATE.replace_all(&text, ""));
    // Which of two writers ends first is a matter of luck.
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// The screen below the command that led to it.
fn drawn(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let mut lines = vec!["<tspan class=\"d\">$</tspan> flowrun pipeline.yaml".to_owned()];
    lines.extend((0..rows.get()).map(|row| line(screen, row, columns.get())));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    let (width, height) = (f32::from(COLUMNS) * LETTER + 32.0, lines.len() * LINE + 30);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height}\" role=\"img\" \
         aria-label=\"A terminal after a run of the pipeline\">\n<style>\n  text {{ font: 14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; \
         fill: #e6edf3; white-space: pre; }}\n  .b {{ font-weight: bold; }} .d {{ fill: #9198a1; }} .r {{ fill: #ff7b72; }} .g {{ fill: #7ee787; }} \
         .y {{ fill: #e3b341; }} .c {{ fill: #79c0ff; }}\n</style>\n<rect width=\"{width:.0}\" height=\"{height}\" rx=\"8\" fill=\"#0d1117\"/>\n"
    );
    for (number, line) in lines.iter().enumerate() {
        let _ = writeln!(svg, "<text x=\"16\" y=\"{}\">{line}</text>", number * LINE + 30);
    }
    svg + "</svg>\n"
}

/// A row as text with spans of one colour.
fn line(screen: &Screen, row: u16, columns: u16) -> String {
    let cells = (0..columns).filter_map(|column| screen.cell(row, column));
    let mut spans: Vec<(&str, String)> = Vec::new();
    for cell in cells {
        let letter = if cell.has_contents() { cell.contents() } else { " " };
        let class = class(cell);
        match spans.last_mut() {
            Some((last, text)) if *last == class => text.push_str(letter),
            _ => spans.push((class, letter.to_owned())),
        }
    }
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let spans = spans.iter().map(|(class, text)| match *class {
        "" => escaped(text),
        class => format!("<tspan class=\"{class}\">{}</tspan>", escaped(text)),
    });
    spans.collect::<String>().trim_end().to_owned()
}

fn class(cell: &Cell) -> &'static str {
    match (cell.fgcolor(), cell.bold(), cell.dim()) {
        (Color::Idx(1 | 9), ..) => "r",
        (Color::Idx(2 | 10), ..) => "g",
        (Color::Idx(3 | 11), ..) => "y",
        (Color::Idx(4 | 6 | 12 | 14), ..) => "c",
        (Color::Idx(8), ..) | (_, _, true) => "d",
        (_, true, _) => "b",
        _ => "",
    }
}
