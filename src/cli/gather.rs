//! `flowrun gather` makes one run out of those of all shards: it takes over what they have come to, judges, and runs the rest
//! of the pipeline here. The engine knows which runs belong together.

use std::sync::Arc;

use super::args::{GatherArguments, InputArguments};
use super::console::{Console, say};
use super::exit::{Complaint, Exit, Fault};
use super::job::{self, Job};
use super::request::Request;
use super::shard::{self, JobKind};
use super::turn::Turn;
use super::{interrupt, load, state};
use crate::engine::Gathering;
use crate::plan::Inputs;
use crate::store::Catalogue;
use crate::value::printable;

/// Gathers the shards.
pub(super) fn command(console: &Console, arguments: &GatherArguments) -> Result<Exit, Fault> {
    let file = &*arguments.file;
    load::refuse_standard_input(file)?;
    if file.is_dir() {
        let message = format!("`{}` is a folder, and the pipeline file goes first", file.display());
        return Err(Complaint::new(message).help("as in `flowrun gather pipeline.yaml s1 s2`").into());
    }
    let mut told = |line: String| {
        if !arguments.output.quiet {
            say(&format!("  {}", printable(&line)));
        }
    };
    let gathering = Gathering::find(&arguments.folders, file, &mut told).map_err(shard::refused)?;
    let seed = arguments.engine.seed.unwrap_or(gathering.seed());
    if seed != gathering.seed() {
        let message = format!("the shards have the seed {}, and not {seed}", gathering.seed());
        return Err(Complaint::new(message).help("without `--seed` it is theirs").into());
    }
    let (folder, run) = gathering.first_run();
    let first = Catalogue::new(folder).open(run)?;
    let request = Request::kept(first.request().as_deref(), &first.record().params);
    drop(first);
    let (inputs, select) = request.under(&arguments.inputs, &arguments.select);
    // What this machine allows is not for folders from others to say.
    let inputs = InputArguments { allow: arguments.inputs.allow.clone(), ..inputs };
    let inputs = load::inputs(&inputs, console, &job::id())?;
    request.demand_withheld(&inputs, "the shards were")?;
    let interrupt = interrupt::listen()?;
    let state = state::of_run(file, &arguments.state);
    if let Turn::Over(exit) = Turn::take(arguments.engine.lock, file, state.as_deref(), &interrupt)? {
        return Ok(exit);
    }
    if !arguments.output.quiet {
        let count = gathering.count();
        say(&format!("  gathering {count} shard{}", if count == 1 { "" } else { "s" }));
    }
    let job = Job {
        file,
        inputs: Inputs { run: job::id(), params_kept: request.into_params(), ..inputs },
        params_file: arguments.inputs.params_file.as_deref(),
        select: &select,
        engine: &arguments.engine,
        seed: Some(seed),
        output: &arguments.output,
        state,
        kind: JobKind::Gather(Arc::new(gathering)),
        resume: None,
        attached: None,
        among: None,
    };
    job.carry_out(console, &interrupt)
}
