//! This module says in words what a run would take over of earlier ones: from the cache, and by resuming the last one
//! that did not succeed, or else the last one that tolerated failures. It never stops a plan: an earlier run that cannot be read is a warning at most.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::cli::args::PlanArguments;
use crate::cli::console::Console;
use crate::cli::exit::Fault;
use crate::cli::request::Request;
use crate::cli::resume::{self, Choice};
use crate::cli::{load, select, state};
use crate::engine::{Forecast, Forecasts};
use crate::plan::{Body, Plan, Step, Verb};
use crate::report;
use crate::store::Catalogue;

/// What a run would take over of earlier ones, in words.
#[derive(Debug, Default)]
pub(super) struct Reuse {
    /// Lines about steps, by name.
    lines: HashMap<Arc<str>, Vec<String>>,
    /// What could not be found out.
    pub(super) warnings: Vec<String>,
}

impl Reuse {
    /// Looks at what is kept, if anything.
    pub(super) fn find(console: &Console, arguments: &PlanArguments, plan: &Plan, selected: &[bool]) -> Self {
        let mut reuse = Self::default();
        let Some(folder) = state::of_run(&arguments.file, &arguments.state) else { return reuse };
        if plan.steps.iter().any(is_cached) {
            let forecasts = Forecasts::of_cache(plan, selected, &folder);
            reuse.add(plan, "cache", forecasts);
        }
        if folder.is_dir()
            && let Err(reason) = reuse.resumed(console, arguments, &folder)
        {
            reuse.warnings.push(format!("what `flowrun resume` would reuse is not known: {reason}"));
        }
        reuse
    }

    /// The lines about a step.
    pub(super) fn lines(&self, step: &Step) -> impl Iterator<Item = String> {
        self.lines.get(&step.name).into_iter().flatten().cloned()
    }

    fn add(&mut self, plan: &Plan, from: &str, forecasts: Forecasts) {
        for (step, forecast) in plan.steps.iter().zip(forecasts.steps) {
            if let Some(forecast) = forecast {
                let line = format!("{from}: {}", words(&forecast));
                self.lines.entry(Arc::clone(&step.name)).or_default().push(line);
            }
        }
        for warning in forecasts.warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }

    /// What a resumption of the last run in which something failed would reuse: of the same file with what that run was
    /// asked for, as `flowrun resume` does it.
    fn resumed(&mut self, console: &Console, arguments: &PlanArguments, folder: &Path) -> Result<(), String> {
        let catalogue = Catalogue::new(folder);
        let said = |fault: Fault| fault.in_words();
        // Where there is no run at all, nothing is to be said.
        let ids = catalogue.ids().map_err(|error| error.to_string())?;
        if ids.is_empty() {
            return Ok(());
        }
        let chosen = resume::choose(&catalogue, None, Some(&arguments.file));
        let Ok(Choice::Run { id: run, .. } | Choice::Tolerant { run, .. }) = chosen else { return Ok(()) };
        let old = catalogue.open(&run).map_err(|error| error.to_string())?;
        let request = Request::kept(old.request().as_deref(), &old.record().params);
        let (inputs, select) = request.under(&arguments.inputs, &arguments.select);
        let inputs =
            load::inputs(&inputs, console, &Arc::from("plan")).map_err(|error| said(error.into()))?;
        let inputs = crate::plan::Inputs { params_kept: request.into_params(), ..inputs };
        let checked = load::pipeline(&arguments.file, &inputs).map_err(|error| said(error.into()))?;
        let (plan, _) = checked.into_plan().map_err(said)?;
        let selected = select::steps(&plan, &select).map_err(|faults| said(Fault::Usage(faults)))?;
        let forecasts = Forecasts::of_resume(&plan, &selected, folder, &run);
        self.add(&plan, &format!("resume {}", state::short(&run, &ids)), forecasts);
        Ok(())
    }
}

fn is_cached(step: &Step) -> bool {
    matches!(&step.body, Body::Ready(Verb::MapLike(each)) if each.cache)
}

/// `reused 4, redone 1 (failed before)`
fn words(forecast: &Forecast) -> String {
    match forecast {
        Forecast::Counted { counts, complete: true } => report::reuse(counts),
        Forecast::Counted { counts, complete: false } => {
            format!("{} of the first {} items", report::reuse(counts), counts.reused + counts.redone)
        }
        Forecast::None(reason) => format!("reused 0, redone all ({})", crate::value::printable(reason)),
        Forecast::Open { most: Some(most), because } => {
            format!("reused up to {most}, {}", crate::value::printable(because))
        }
        Forecast::Open { most: None, because } => crate::value::printable(because).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ReuseCounts;

    #[test]
    fn a_forecast_is_said_as_a_run_would_say_it() {
        let counts = ReuseCounts {
            reused: 4,
            redone: 1,
            reasons: vec![("new".to_owned(), 1)],
            ..ReuseCounts::default()
        };
        let counted = |complete| Forecast::Counted { counts: counts.clone(), complete };
        let open = |most| Forecast::Open { most, because: "depends on `a`".to_owned() };
        for (forecast, expect) in [
            (counted(true), "reused 4, redone 1 (new)"),
            (counted(false), "reused 4, redone 1 (new) of the first 5 items"),
            (Forecast::None("function changed".to_owned()), "reused 0, redone all (function changed)"),
            (open(Some(7)), "reused up to 7, depends on `a`"),
            (open(None), "depends on `a`"),
        ] {
            assert_eq!(words(&forecast), expect);
        }
    }
}
