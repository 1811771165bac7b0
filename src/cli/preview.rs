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
use crate::lua::Change;
use crate::plan::{Inputs, Plan, Step};
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
    for (at, item) in &chosen {
        if bench.is_interrupted() {
            return Ok(Exit::Interrupted);
        }
        let tried = if step.verb.is_map_like() { Some(one(&bench, &plan, step, item)?) } else { None };
        let (tried, changes) = tried.map_or((None, Vec::new()), |(tried, changes)| (Some(tried), changes));
        let changes = changes::lines(&changes);
        let pair = Pair {
            number: *at,
            item,
            tried: tried.as_ref(),
            changes: &changes,
            width: console.width(),
            color,
        };
        put(pair.text().as_bytes())?;
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

/// The first items, or any, in their order; and what went wrong on the way to them.
fn choose(
    sample: &Sample<'_, Fault>,
    step: &Step,
    arguments: &PreviewArguments,
) -> Result<(Chosen, Vec<String>), Fault> {
    let count = usize::try_from(arguments.items).unwrap_or(usize::MAX);
    let Sampled { items, notes } = if arguments.shuffle {
        sample.all(&step.name)?
    } else {
        sample.first(&step.name, arguments.items)?
    };
    let all = items.len();
    let mut chosen: Chosen = (1..).zip(items).collect();
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

/// One item by itself: what came of it, the time that it took, and what it would have changed.
fn one(
    bench: &Bench,
    plan: &Plan,
    step: &Step,
    item: &Arc<str>,
) -> Result<((TriedItem, Duration), Vec<Change>), Fault> {
    let TriedStep { mut items, time, changes } = bench.items(plan, step, std::slice::from_ref(item))?;
    let tried = items.pop().ok_or_else(|| Fault::Internal("an item is gone".to_owned()))?;
    Ok(((tried, time), changes))
}
