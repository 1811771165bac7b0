//! `flowrun preview` runs a step on a few items and shows input beside output. It writes nothing; files that the
//! function writes are shown.

mod pair;

use std::sync::Arc;
use std::time::Duration;

use self::pair::Pair;
use super::args::PreviewArguments;
use super::console::{Console, put, say};
use super::exit::{Complaint, Exit, Fault};
use super::{changes, load, stdout, trials};
use crate::plan::{Body, Inputs, ItemFunction, Plan, Step, Verb};
use crate::source::nearest;
use crate::trial::{Bench, Effects, Sample, Sampled, TriedItem, TriedStep};
use crate::value::{printable, splitmix};

/// Shows a step at work.
pub(super) fn command(console: &Console, arguments: &PreviewArguments) -> Result<Exit, Fault> {
    load::refuse_standard_input(&arguments.file)?;
    stdout::demand("the preview")?;
    let inputs = load::inputs(&arguments.inputs, console, &Arc::from("preview"))?;
    let inputs = Inputs { needs_secrets: true, ..inputs };
    let (plan, warnings) = load::pipeline(&arguments.file, &inputs)?.into_plan()?;
    console.show(&warnings, arguments.console.color);
    let step = find(&plan, &arguments.step)?;
    let bench = trials::bench(arguments.seed, Effects::of(arguments.allow_effects))?;
    let plans = trials::plans(&arguments.file, &inputs);
    let sample = Sample { plan: &plans, limit: inputs.limit, bench: &bench };
    let (chosen, notes) = choose(&sample, step, arguments)?;
    for note in &notes {
        say(&printable(note));
    }
    let color = console.stdout_color(arguments.console.color);
    let shown = Shown { bench: &bench, plan: &plan, step, width: console.width(), color };
    for together in chosen.chunks(tried_at_once(step).min(chosen.len()).max(1)) {
        if bench.is_interrupted() {
            return Ok(Exit::Interrupted);
        }
        shown.show(together)?;
    }
    if chosen.is_empty() {
        say(&format!("step `{}` gets no items", step.name));
    }
    Ok(if bench.is_interrupted() {
        Exit::Interrupted
    } else if chosen.is_empty() && !notes.is_empty() {
        Exit::StepFailed
    } else {
        Exit::Success
    })
}

fn find<'a>(plan: &'a Plan, name: &str) -> Result<&'a Step, Complaint> {
    plan.steps.iter().find(|step| *step.name == *name).ok_or_else(|| {
        let names: Vec<&str> = plan.steps.iter().map(|step| &*step.name).collect();
        let complaint = Complaint::new(format!("`{name}` names no step of `{}`", plan.file.name()));
        match nearest(name, names.iter().copied()) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None => complaint.help(format!("its steps: {}", names.join(", "))),
        }
    })
}

/// Items with their numbers, from 1.
type Chosen = Vec<(u64, Arc<str>)>;

/// The first items, or any, or those that are named, in their order; and what went wrong on the way to them.
fn choose(
    sample: &Sample<'_, Fault>,
    step: &Step,
    arguments: &PreviewArguments,
) -> Result<(Chosen, Vec<String>), Fault> {
    let count = usize::try_from(arguments.items).unwrap_or(usize::MAX);
    let named = &arguments.item;
    let Sampled { items, notes } = if arguments.shuffle {
        sample.all(&step.name)?
    } else {
        sample.first(&step.name, named.iter().copied().max().unwrap_or(arguments.items))?
    };
    let all = items.len();
    let mut chosen: Chosen = (1..).zip(items).collect();
    if let Some(missing) = named.iter().find(|number| **number > all as u64) {
        let gets = if all == 1 { "1 item".to_owned() } else { format!("{all} items") };
        let message = format!("step `{}` gets {gets}, and there is no item {missing}", step.name);
        let complaint = Complaint::new(message);
        let help = notes.join("; ");
        return Err(if help.is_empty() { complaint } else { complaint.help(help) }.into());
    }
    if !named.is_empty() {
        chosen.retain(|(number, _)| named.contains(number));
    }
    if arguments.shuffle && count < all {
        shuffle(&mut chosen, count, sample.bench.seed());
        chosen.truncate(count);
        chosen.sort_unstable_by_key(|(number, _)| *number);
    }
    Ok((chosen, notes))
}

/// Brings `count` items, drawn evenly from all, to the front.
fn shuffle(items: &mut Chosen, count: usize, seed: u64) {
    let mut state = seed;
    for at in 0..count.min(items.len()) {
        let left = (items.len() - at) as u64;
        items.swap(at, at + usize::try_from(splitmix::mix(state) % left).unwrap_or(0));
        state = state.wrapping_add(splitmix::STEP);
    }
}

/// Lua runs on each item by itself, so that its time and what it changes are its own. A program is started once for all, as in
/// a run.
fn tried_at_once(step: &Step) -> usize {
    match &step.body {
        Body::Ready(Verb::MapLike(each)) if matches!(each.function, ItemFunction::Program(_)) => usize::MAX,
        _ => 1,
    }
}

/// A step at work, and how it is shown.
struct Shown<'a> {
    bench: &'a Bench,
    plan: &'a Plan,
    step: &'a Step,
    /// Characters of a line.
    width: usize,
    color: bool,
}

impl Shown<'_> {
    /// Shows these items, with what the function makes of them where the step has one.
    fn show(&self, chosen: &[(u64, Arc<str>)]) -> Result<(), Fault> {
        if !self.step.verb.is_map_like() {
            return chosen.iter().try_for_each(|(number, item)| self.pair(*number, item, None, None, &[]));
        }
        let items: Vec<Arc<str>> = chosen.iter().map(|(_, item)| Arc::clone(item)).collect();
        let TriedStep { items, time, changes } = self.bench.items(self.plan, self.step, &items)?;
        if items.len() != chosen.len() {
            return Err(Fault::Internal("an item is gone".to_owned()));
        }
        let changes = changes::lines(&changes);
        let own_time = (items.len() == 1).then_some(time);
        for (at, ((number, item), tried)) in chosen.iter().zip(&items).enumerate() {
            let changes = if at + 1 == items.len() { &changes[..] } else { &[] };
            self.pair(*number, item, Some(tried), own_time, changes)?;
        }
        if own_time.is_none() {
            put(format!("{} items in {}, the program's start included\n", items.len(), pair::took(time))
                .as_bytes())?;
        }
        Ok(())
    }

    fn pair(
        &self,
        number: u64,
        item: &str,
        tried: Option<&TriedItem>,
        time: Option<Duration>,
        changes: &[String],
    ) -> Result<(), Fault> {
        let pair = Pair { number, item, tried, time, changes, width: self.width, color: self.color };
        put(pair.text().as_bytes())
    }
}
