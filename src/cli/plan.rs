//! `flowrun plan` prints what would run, as text. It runs nothing and writes nothing; it reads data only to say which
//! items earlier runs have done.

mod count;
mod facts;
mod on;
mod origins;
mod reach;
mod resources;
mod reuse;
mod slice;
mod ways;

use std::sync::Arc;

use self::count::Count;
use self::on::Sending;
use self::reuse::Reuse;
use self::slice::Slices;
use super::args::PlanArguments;
use super::console::{Console, put, say};
use super::executors::from_file;
use super::exit::{Exit, Fault};
use super::shard::JobKind;
use super::{load, redact, select};
use crate::plan::{Plan, Step};
use crate::value::printable;

/// Prints the plan.
pub(super) fn command(console: &Console, arguments: &PlanArguments) -> Result<Exit, Fault> {
    load::refuse_standard_input(&arguments.file)?;
    let kind = arguments.shard.shard.map_or(JobKind::Whole, JobKind::Shard);
    kind.demand_here(&arguments.executor)?;
    let executor = arguments.executor.resolve(console)?;
    let inputs = load::inputs(&arguments.inputs, console, &Arc::from("plan"))?;
    let (plan, warnings) = load::pipeline(&arguments.file, &inputs)?.into_plan()?;
    console.show(&warnings, arguments.console.color);
    let selected = select::steps(&plan, &arguments.select).map_err(Fault::Usage)?;
    let shard = arguments.shard.shard;
    let selected = kind.steps(&plan, selected)?;
    kind.say_doubts((&plan, &selected), false);
    let slices = Slices::of(&plan, shard, &selected);
    // What earlier runs have done is no concern of a shard.
    let reuse = match shard {
        None => Reuse::find(console, arguments, &plan, &selected),
        Some(_) => Reuse::default(),
    };
    if executor.is_none() {
        let lacking = resources::lacking(&plan, &selected);
        for warning in lacking {
            say(&format!("  warning: {warning}"));
        }
    }
    reuse.warnings.iter().for_each(|warning| say(&format!("  warning: {warning}")));
    let sending = Sending::to(executor.as_ref(), console);
    let mut text = text(&plan, &selected, arguments.verbose, (&reuse, &slices, &sending));
    if let Some(executor) = &executor {
        text = with_executor(
            &text,
            &format!("on {} ({})", executor.name, from_file(executor.file.as_deref(), console)),
        );
    }
    if arguments.verbose {
        text.push_str(&reach::text(&plan.permissions, &plan.lua_path));
        text.push_str(&reach::programs(&plan));
    }
    put(redact::text(&text).as_bytes())?;
    Ok(Exit::Success)
}

/// The whole text.
fn text(
    plan: &Plan,
    selected: &[bool],
    verbose: bool,
    (reuse, slices, sending): (&Reuse, &Slices<'_>, &Sending<'_>),
) -> String {
    let counts = count::of(plan, selected);
    let steps: Vec<&Step> =
        plan.order.iter().map(|id| &plan.steps[id.at()]).filter(|step| selected[step.id.at()]).collect();
    let columns = PlanColumns::of(&steps);
    let mut lines = vec![head(plan, steps.len())];
    lines.extend(plan.description.iter().map(|text| format!("  {}", printable(text))));
    lines.push(String::new());
    for step in steps {
        let mut facts = facts::of(plan, selected, step, counts.input[step.id.at()]);
        if verbose {
            facts.extend(ways::of(step));
            facts.extend(origins::of(step));
        }
        facts.extend(sending.lines((plan, selected), step, counts.input[step.id.at()]));
        facts.extend(slices.line(step));
        facts.extend(reuse.lines(step));
        lines.extend(columns.lines(step, &facts));
    }
    let left_out = selected.iter().filter(|selected| !**selected).count();
    if left_out > 0 {
        lines.push(String::new());
        let words = steps_in_words(left_out);
        lines.push(if slices.is_part() {
            format!("  {words} left to `flowrun gather`, which judges all of them")
        } else {
            format!("  {words} left out by `--only` and `--until`")
        });
    }
    let endings: Vec<String> = facts::ending(plan).collect();
    if !endings.is_empty() && !slices.is_part() {
        lines.push(String::new());
        lines.extend(endings);
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The text with the executor at the end of its first line.
fn with_executor(text: &str, executor: &str) -> String {
    let (head, rest) = text.split_once('\n').unwrap_or((text, ""));
    format!("{head} · {}\n{rest}", printable(executor))
}

/// `clean-docs · pipeline.yaml · 3 steps in this order`
fn head(plan: &Plan, steps: usize) -> String {
    format!("{} · {} · {} in this order", plan.name, printable(plan.file.name()), steps_in_words(steps))
}

fn steps_in_words(count: usize) -> String {
    format!("{count} step{}", if count == 1 { "" } else { "s" })
}

/// Verb and name in front, facts behind, one under the other.
struct PlanColumns {
    verb: usize,
    name: usize,
}

impl PlanColumns {
    fn of(steps: &[&Step]) -> Self {
        let longest = |least: usize, length: fn(&Step) -> usize| {
            steps.iter().map(|step| length(step)).fold(least, usize::max)
        };
        Self {
            verb: 2 + longest(5, |step| step.verb.name().len()),
            name: 2 + longest(8, |step| step.name.len()),
        }
    }

    fn lines(&self, step: &Step, facts: &[String]) -> Vec<String> {
        let head = format!("{:>verb$} {:<name$}", step.verb, step.name, verb = self.verb, name = self.name);
        let blank = " ".repeat(head.len());
        let heads = std::iter::once(&head).chain(std::iter::repeat(&blank));
        heads.zip(facts).map(|(head, fact)| format!("{head}{fact}")).collect()
    }
}

#[cfg(test)]
mod tests;
