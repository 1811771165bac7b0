//! This section shows when each step ran, as bars below each other. Bars are SVG without letters, so that they
//! stretch to any width.

use std::fmt::Write as _;
use std::time::Duration;

use super::html::{self, text};
use crate::report::account::{Account, StepAccount};

/// Units of a bar's width.
const WIDTH: f64 = 1000.0;

/// The section; nothing when no step has begun.
pub(super) fn section(out: &mut String, account: &Account) {
    let ran: Vec<(&StepAccount, Duration)> =
        account.steps.iter().filter_map(|step| Some((step, step.started?))).collect();
    let whole = ran.iter().map(|(step, started)| *started + step.duration).max().unwrap_or_default();
    let whole = whole.max(account.duration);
    if ran.is_empty() || whole.is_zero() {
        return;
    }
    out.push_str("<section aria-labelledby=\"timeline\"><h2 id=\"timeline\">Timeline</h2>\n");
    out.push_str(
        "<table class=\"timeline\"><caption>When each step ran, from the start of the run</caption>\n",
    );
    out.push_str("<thead><tr><th scope=\"col\">Step</th><th scope=\"col\" class=\"bars\">From 0 to ");
    let _ = writeln!(
        out,
        "{}</th><th scope=\"col\" class=\"n\">Began</th><th scope=\"col\" class=\"n\">Took</th></tr></thead><tbody>",
        html::duration(whole)
    );
    for (step, started) in ran {
        let share = |time: Duration| time.as_secs_f64() / whole.as_secs_f64() * WIDTH;
        // A bar that is too thin to be seen says nothing.
        let width = share(step.duration).max(4.0);
        let left = share(started).min(WIDTH - width);
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"bars\"><svg viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><rect class=\"lane\" width=\"{WIDTH}\" height=\"10\"/><rect class=\"bar {}\" x=\"{left:.1}\" \
             width=\"{width:.1}\" height=\"10\"/></svg></td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            text(&step.name),
            text(&step.status),
            html::duration(started),
            html::duration(step.duration),
        );
    }
    out.push_str("</tbody></table></section>\n");
}
