//! This section shows when each step ran, as bars below each other. Bars are SVG without letters, so that they
//! stretch to any width.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
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
        let mut held = String::new();
        for hold in &step.holds {
            let (left, width) = (share(started + hold.begin), share(hold.duration).max(1.0));
            let _ = write!(
                held,
                "<rect class=\"held\" x=\"{left:.1}\" y=\"3\" width=\"{width:.1}\" height=\"4\"/>"
            );
        }
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{} <span class=\"about\">{}</span></th><td class=\"bars\"><svg viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" \
             aria-hidden=\"true\"><rect class=\"lane\" width=\"{WIDTH}\" height=\"10\"/><rect class=\"bar {}\" x=\"{left:.1}\" \
             width=\"{width:.1}\" height=\"10\"/>{held}</svg></td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            text(&step.name),
            text(&step.status),
            text(&step.status),
            html::duration(started),
            html::duration(step.duration),
        );
    }
    out.push_str("</tbody></table>\n");
    for step in &account.steps {
        held(out, step);
    }
    out.push_str("</section>\n");
}

/// What the bars show of times in which a step was held back, in words.
fn held(out: &mut String, step: &StepAccount) {
    let of = |limit: Option<&Arc<str>>| {
        let own = step.holds.iter().filter(|hold| hold.limit.as_ref() == limit);
        own.fold((0_u64, Duration::ZERO), |(count, all), hold| (count + 1, all + hold.duration))
    };
    let times = |count: u64| if count == 1 { "once".to_owned() } else { format!("{count} times") };
    let mut parts = Vec::new();
    let (count, all) = of(None);
    if count > 0 {
        parts.push(format!("its breaker paused it {}, {} in all", times(count), html::duration(all)));
    }
    let limits: BTreeSet<&Arc<str>> = step.holds.iter().filter_map(|hold| hold.limit.as_ref()).collect();
    for limit in limits {
        let (count, all) = of(Some(limit));
        let limit = text(limit);
        parts.push(format!(
            "it waited {} for the rate limit {limit}, {} in all",
            times(count),
            html::duration(all)
        ));
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "<p class=\"reason\"><b>{}</b>: {}</p>", text(&step.name), parts.join(" · "));
    }
}
