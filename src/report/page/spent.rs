//! This section shows where the time of each step went: into reading, into its functions, into waiting for limits, into keeping
//! results and into writing them.

use std::fmt::Write as _;
use std::time::Duration;

use super::html::{self, Column, table, text};
use crate::event::Timing;
use crate::report::account::{Account, StepAccount};

/// Units of a bar's width.
const WIDTH: f64 = 1000.0;
/// How the parts are called, and their classes.
const PARTS: [(&str, &str); 5] = [
    ("Reading", "reading"),
    ("Functions", "functions"),
    ("Held back", "held"),
    ("Keeping", "keeping"),
    ("Writing", "writing"),
];

/// The section; nothing when no step has measured anything.
pub(super) fn section(out: &mut String, account: &Account) {
    let spent: Vec<(&StepAccount, [Duration; 5])> = account
        .steps
        .iter()
        .filter_map(|step| Some((step, parts(step, step.timing.as_ref()?))))
        .filter(|(_, parts)| parts.iter().any(|part| !part.is_zero()))
        .collect();
    if spent.is_empty() {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"spent\"><h2 id=\"spent\">Where time went</h2>\n<p class=\"about\">Of all threads together: reading and \
         writing are the step's own, functions are attempts with what they wait for, held back is the time in which a breaker or a rate \
         limit let nothing start, keeping is what makes results outlive a crash.</p>\n",
    );
    let named = PARTS.iter().map(|(name, _)| Column::Number(name));
    let columns: Vec<Column> =
        [Column::Words("Step"), Column::Words("Parts")].into_iter().chain(named).collect();
    let rows: Vec<Vec<String>> = spent.iter().map(|(step, parts)| row(step, parts)).collect();
    table(out, "Where the time of each step went", &columns, &rows);
    out.push_str("</section>\n");
}

fn parts(step: &StepAccount, timing: &Timing) -> [Duration; 5] {
    let held = step.holds.iter().map(|hold| hold.duration).sum();
    [timing.beside.reading, timing.all(), held, timing.beside.keeping, timing.beside.writing]
}

fn row(step: &StepAccount, parts: &[Duration; 5]) -> Vec<String> {
    let whole: f64 = parts.iter().map(Duration::as_secs_f64).sum();
    let mut left = 0.0;
    let mut bars = String::new();
    let mut cells = Vec::new();
    for ((_, class), part) in PARTS.iter().zip(parts) {
        let width = part.as_secs_f64() / whole * WIDTH;
        let _ =
            write!(bars, "<rect class=\"part {class}\" x=\"{left:.1}\" width=\"{width:.1}\" height=\"10\"/>");
        left += width;
        cells.push(if part.is_zero() {
            "–".to_owned()
        } else {
            format!("<i class=\"part {class}\"></i> {}", html::duration(*part))
        });
    }
    let picture = format!(
        "<svg class=\"parts\" viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{bars}</svg>"
    );
    [vec![text(&step.name), picture], cells].concat()
}
