//! This section shows the items that failed: in groups, and each with what is known of it, searchable. It also shows
//! those that were tried again.

use std::fmt::Write as _;

use super::html::{self, Column, count, cut, items, table, text};
use super::source::LinePlaces;
use crate::event::Verb;
use crate::report::account::{Account, FailureAccount, StepAccount};
use crate::value::{Choice as _, shell_word};

/// Bytes of HTML about single items, over all steps. With a bounded rest, a page stays below a megabyte.
const BYTES_MAX: usize = 500_000;
/// Bytes of text in the groups, likewise.
const GROUPS_BYTES_MAX: usize = 120_000;
/// Characters that are shown of a message, an item, a traceback, a line of a log.
const MESSAGE: usize = 300;
const ITEM: usize = 600;
const TRACEBACK: usize = 800;
const LINE: usize = 200;

/// The section; nothing when no item failed.
pub(super) fn section(out: &mut String, account: &Account, places: &LinePlaces<'_>) {
    let failed: Vec<&StepAccount> = account.steps.iter().filter(|step| step.tally.failed > 0).collect();
    if failed.is_empty() {
        return;
    }
    let budget = BYTES_MAX / failed.len();
    out.push_str(
        "<section aria-labelledby=\"failures\"><h2 id=\"failures\">Failures</h2>\n<div id=\"search\" hidden><label for=\"filter\">Search \
         the listed items</label><input id=\"filter\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"><p id=\"found\" \
         role=\"status\" class=\"about\"></p></div>\n",
    );
    for step in failed {
        let _ = writeln!(
            out,
            "<h3>{} <span class=\"about\">{} failed</span></h3>",
            text(&step.name),
            items(step.tally.failed)
        );
        groups(out, step, places, GROUPS_BYTES_MAX / account.steps.len());
        list(out, step, (again(account, step), places), budget);
    }
    out.push_str("</section>\n");
}

fn groups(out: &mut String, step: &StepAccount, places: &LinePlaces<'_>, budget: usize) {
    let row = |group: &crate::report::account::Group| {
        let mut first = group.items.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        if !group.rows.is_empty() {
            let _ = write!(first, " (rows at {})", text(&group.rows.join(", ")));
        }
        let place = group.place.as_deref().map_or(String::new(), |place| format!(" {}", places.link(place)));
        vec![
            count(group.count),
            text(&group.kind),
            format!("{}{place}", cut(&group.message, MESSAGE)),
            first,
            format!(
                "<button type=\"button\" hidden data-find=\"{}\" aria-label=\"Show items with this message: {}\">show</button>",
                cut_attribute(&group.search),
                cut_attribute(&group.message)
            ),
        ]
    };
    let (mut rows, mut bytes, mut grouped) = (Vec::new(), 0, 0);
    for group in &step.groups {
        let row = row(group);
        bytes += row.iter().map(String::len).sum::<usize>();
        // One group at least: the most frequent failure is what everybody looks for first.
        if bytes > budget && !rows.is_empty() {
            break;
        }
        rows.push(row);
        grouped += group.count;
    }
    let columns = [
        Column::Number("Count"),
        Column::Words("Kind"),
        Column::Words("Message"),
        Column::Words("First items"),
        Column::Words("Search"),
    ];
    table(out, &format!("Failures of {} by message", step.name), &columns, &rows);
    if grouped < step.tally.failed {
        let rest = items(step.tally.failed - grouped);
        let _ = writeln!(out, "<p class=\"about\">{rest} more, with other messages</p>");
    }
}

/// What is searched for: the beginning of a message, as far as the lists show it.
fn cut_attribute(message: &str) -> String {
    let line = message.lines().next().unwrap_or("");
    text(&line.chars().take(120).collect::<String>())
}

/// What runs the step on the item again whose number follows, and writes nothing.
fn again(account: &Account, step: &StepAccount) -> Option<String> {
    let (file, _) = account.sources.first()?;
    let has_function = Verb::parse(&step.verb).is_some_and(Verb::is_map_like);
    has_function.then(|| format!("flowrun preview {} {} --item ", shell_word(file), shell_word(&step.name)))
}

fn list(
    out: &mut String,
    step: &StepAccount,
    (again, places): (Option<String>, &LinePlaces<'_>),
    budget: usize,
) {
    let mut rows = String::new();
    let mut listed = 0;
    for failure in &step.failures {
        let row = entry(failure, places);
        if rows.len() + row.len() > budget {
            break;
        }
        rows.push_str(&row);
        listed += 1;
    }
    let of = if listed < step.tally.failed {
        format!("the first {} of {}", count(listed), items(step.tally.failed))
    } else {
        items(listed)
    };
    let _ = writeln!(out, "<p class=\"about\">Listed: {of}.</p>");
    if let (Some(again), Some(first)) = (&again, step.failures.first()) {
        let again = text(again);
        let _ = writeln!(
            out,
            "<p class=\"about\">The step on one of them again, writing nothing: <code>{again}{}</code></p>\n<div class=\"failures\" \
             data-again=\"{again}\">",
            first.index
        );
    } else {
        out.push_str("<div class=\"failures\">\n");
    }
    let _ = writeln!(out, "{rows}</div>");
}

fn entry(failure: &FailureAccount, places: &LinePlaces<'_>) -> String {
    let mut out = format!(
        "<details class=\"failure\"><summary><b>item {}</b> <span class=\"kind\">{}</span> {}</summary>\n",
        failure.index,
        text(&failure.kind),
        cut(&failure.message, MESSAGE)
    );
    let mut facts: Vec<(&str, String)> = Vec::new();
    facts.extend(failure.key.as_deref().map(|key| ("key", format!("<code>{}</code>", cut(key, LINE)))));
    if let Some(place) = &failure.place {
        let source = failure.source.as_deref().unwrap_or("");
        facts.push(("place", format!("{} <code>{}</code>", places.link(place), cut(source, LINE))));
    }
    let time = failure.duration.map_or(String::new(), |time| format!(", {}", html::duration(time)));
    facts.push(("attempts", format!("{}{time}", failure.attempts)));
    facts.extend(failure.item.as_deref().map(|item| ("item", item_code(item))));
    let traceback = failure.traceback.trim();
    // A stack of one place says what the place has said.
    if traceback.lines().count() > 1 || (failure.place.is_none() && !traceback.is_empty()) {
        facts.push(("traceback", format!("<pre>{}</pre>", cut(traceback, TRACEBACK))));
    }
    if !failure.log.is_empty() {
        let line = |(level, line): &(String, String)| format!("{}: {}", text(level), cut(line, LINE));
        let lines: Vec<String> = failure.log.iter().map(line).collect();
        facts.push(("log", format!("<pre>{}</pre>", lines.join("\n"))));
    }
    facts.extend(failure.later.as_deref().map(|later| ("later", cut(later, MESSAGE))));
    html::pairs(&mut out, facts.into_iter());
    out.push_str("</details>\n");
    out
}

/// An item as code; one that is whole can be copied.
fn item_code(item: &str) -> String {
    let class = if item.chars().nth(ITEM).is_none() { " class=\"whole\"" } else { "" };
    format!("<code{class}>{}</code>", cut(item, ITEM))
}

/// Items that were tried again.
pub(super) fn retries(out: &mut String, account: &Account) {
    let retried: Vec<&StepAccount> = account.steps.iter().filter(|step| step.tally.retried > 0).collect();
    if retried.is_empty() {
        return;
    }
    out.push_str("<section aria-labelledby=\"retries\"><h2 id=\"retries\">Retries</h2>\n");
    for step in retried {
        let _ = writeln!(
            out,
            "<details><summary>{}: {} tried again</summary>",
            text(&step.name),
            items(step.tally.retried)
        );
        let row = |retry: &crate::report::account::RetryAccount| {
            let (kind, message) = retry
                .failed
                .last()
                .map(|last| (last.kind.as_str(), last.message.as_str()))
                .unwrap_or_default();
            vec![
                format!("item {}", retry.index),
                retry.attempts.to_string(),
                text(kind),
                cut(message, MESSAGE),
            ]
        };
        let rows: Vec<_> = step.retries.iter().map(row).collect();
        let columns = [
            Column::Words("Item"),
            Column::Number("Attempts"),
            Column::Words("Kind"),
            Column::Words("Last message before"),
        ];
        table(out, &format!("Retries of {}", step.name), &columns, &rows);
        let listed = step.retries.len() as u64;
        if listed < step.tally.retried {
            let _ = writeln!(
                out,
                "<p class=\"about\">Listed: the first {} of {}.</p>",
                count(listed),
                items(step.tally.retried)
            );
        }
        out.push_str("</details>\n");
    }
    out.push_str("</section>\n");
}
