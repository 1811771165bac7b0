//! This section is the head of the page: how the run ended, the totals, a table of the steps, and what to do next.

use std::fmt::Write as _;

use super::html::{self, Column, badge, count, prose, table, text};
use crate::event::{Output, Usage};
use crate::report::account::{Account, StepAccount};
use crate::report::figures;

/// Outputs of a step that are listed.
const OUTPUTS_MAX: usize = 100;
/// Parameters that the head tells, and characters of each; a section below has all of them.
const PARAMS_MAX: usize = 10;
const VALUE_MAX: usize = 60;

/// Title, status and the command to go on.
pub(super) fn head(out: &mut String, account: &Account) {
    let _ = writeln!(
        out,
        "<header><h1>{} {}</h1>\n<p class=\"about\">run <code>{}</code>{}{}</p>",
        text(&account.pipeline),
        badge(&account.status),
        text(&account.run),
        if account.started.is_empty() { String::new() } else { format!(" · {}", text(&account.started)) },
        if account.duration.is_zero() {
            String::new()
        } else {
            format!(" · {}", html::duration(account.duration))
        },
    );
    if let Some(Usage { processor, memory }) = &account.usage {
        let (processor, memory) = (html::duration(*processor), figures::bytes(*memory));
        let _ = writeln!(
            out,
            "<p class=\"about\">{processor} of processor time · {memory} of memory at most</p>"
        );
    }
    if !account.params.is_empty() {
        let told = account
            .params
            .iter()
            .take(PARAMS_MAX)
            .map(|(name, value)| format!("{} <code>{}</code>", text(name), html::cut(value, VALUE_MAX)));
        let _ = writeln!(out, "<p class=\"about\">{}</p>", told.collect::<Vec<_>>().join(" · "));
    }
    if let Some(parent) = &account.parent {
        let _ = writeln!(out, "<p class=\"about\">goes on with run <code>{}</code></p>", text(parent));
    }
    if let Some((run, status)) = &account.later {
        let _ = writeln!(
            out,
            "<p class=\"about\">run <code>{}</code> went on with it {}</p>",
            text(run),
            badge(status)
        );
    }
    if let Some(command) = &account.resume {
        let what = if account.status == "interrupted" { "Go on with it" } else { "Run again what failed" };
        let _ = writeln!(out, "<p>{what}: <code class=\"command\">{}</code></p>", text(command));
    }
    out.push_str("</header>\n");
}

/// Totals and the table of steps.
pub(super) fn section(out: &mut String, account: &Account) {
    out.push_str("<section aria-labelledby=\"summary\"><h2 id=\"summary\">Summary</h2>\n");
    let sum = |of: fn(&StepAccount) -> u64| account.steps.iter().map(of).sum::<u64>();
    let good = account.steps.iter().filter(|step| step.status == "succeeded").count();
    let tiles = [
        ("steps succeeded", format!("{good} of {}", account.steps.len()), ""),
        ("items failed", count(sum(|step| step.tally.failed)), "failed"),
        ("skipped", count(sum(|step| step.tally.skipped)), ""),
        ("cancelled", count(sum(|step| step.tally.cancelled)), "cancelled"),
        ("tried again", count(sum(|step| step.tally.retried)), ""),
    ];
    out.push_str("<ul class=\"tiles\">\n");
    for (name, number, class) in &tiles {
        let class = if number == "0" { "" } else { class };
        let _ = writeln!(out, "<li><b class=\"{class}\">{number}</b> {name}</li>");
    }
    out.push_str("</ul>\n");
    let columns = [
        Column::Words("Step"),
        Column::Words("Status"),
        Column::Number("Items"),
        Column::Number("Succeeded"),
        Column::Number("Failed"),
        Column::Number("Skipped"),
        Column::Number("Cancelled"),
        Column::Number("Retried"),
        Column::Words("Needed"),
        Column::Number("Time"),
    ];
    let rows: Vec<_> = account.steps.iter().map(row).collect();
    table(out, "What became of each step", &columns, &rows);
    for step in &account.steps {
        reason(out, step);
    }
    if !account.notices.is_empty() {
        out.push_str("<h3>Notices</h3>\n<ul>\n");
        for notice in &account.notices {
            let _ = writeln!(out, "<li>{}</li>", prose(notice));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</section>\n");
}

fn row(step: &StepAccount) -> Vec<String> {
    let tally = &step.tally;
    let or_dash = |number: u64| if number == 0 { "–".to_owned() } else { count(number) };
    let needed = match &step.needed {
        Some((share, needed)) => {
            let word = if tally.succeeded >= *needed { "reached" } else { "missed" };
            format!("{} <span class=\"about\">({}, {word})</span>", count(*needed), text(share))
        }
        None => "–".to_owned(),
    };
    vec![
        format!("{} <span class=\"about\">{}</span>", text(&step.name), text(&step.verb)),
        badge(&step.status),
        step.total.map_or("–".to_owned(), count),
        count(tally.succeeded),
        or_dash(tally.failed),
        or_dash(tally.skipped),
        or_dash(tally.cancelled),
        or_dash(tally.retried),
        needed,
        html::duration(step.duration),
    ]
}

/// A file that was written: `wrote out.jsonl (10 rows, 120 bytes, partial: --limit 10)`.
fn output(output: &Output) -> String {
    let noun = if output.rows == 1 { "row" } else { "rows" };
    let mut facts = vec![format!("{} {noun}", count(output.rows))];
    facts.extend(output.bytes.map(figures::bytes));
    facts.extend(output.partial.as_deref().map(|why| format!("partial: {}", text(why))));
    format!("wrote <code>{}</code> ({})", text(&output.path), facts.join(", "))
}

/// What a row has no room for.
fn reason(out: &mut String, step: &StepAccount) {
    let mut parts = Vec::new();
    parts.extend(step.reason.as_deref().map(prose));
    if step.outputs.is_empty() {
        parts.extend(step.target.as_deref().map(|target| format!("wrote <code>{}</code>", text(target))));
    }
    parts.extend(step.outputs.iter().take(OUTPUTS_MAX).map(output));
    if step.outputs.len() > OUTPUTS_MAX {
        parts.push(format!("{} more outputs", count((step.outputs.len() - OUTPUTS_MAX) as u64)));
    }
    if step.spilled > 0 {
        parts.push(format!("{} in temporary files", figures::bytes(step.spilled)));
    }
    if let Some(reuse) = &step.reuse {
        let reasons: Vec<String> = reuse
            .reasons
            .iter()
            .map(|(reason, number)| format!("{} {}", count(*number), text(reason)))
            .collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let from = figures::from_shards(reuse.shards);
        parts.push(format!("reused {}{from}, redone {}{why}", count(reuse.reused), count(reuse.redone)));
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "<p class=\"reason\"><b>{}</b>: {}</p>", text(&step.name), parts.join(" · "));
    }
}
