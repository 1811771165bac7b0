//! A job is one run of a pipeline, new or resumed: it goes from a file and its inputs through plan and engine to an
//! exit code.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::args::{EngineArguments, OutputArguments, SelectArguments};
use super::at_end::Ending;
use super::batch::Label;
use super::console::{Console, put, say};
use super::exit::{Complaint, Exit, Fault};
use super::report::files::{Files, KeptRun};
use super::reporters::{Finished, Reporters};
use super::request::Request;
use super::shard::JobKind;
use super::{interrupt, load, outputs, retention, run_id, select, sent, state, stdout};
use crate::engine::{self, EngineError, Interrupt, Outcome, ResumeOptions, RunOptions, StateOptions};
use crate::event::{Event, RunStatus};
use crate::plan::{Inputs, Plan};
use crate::report::Commands;
use crate::store::{self, LogEntry};
use crate::value::shell_word;

/// One run of a pipeline file, new or resumed, with all that it needs.
pub(super) struct Job<'a> {
    /// The pipeline file.
    pub(super) file: &'a Path,
    /// What the pipeline sees; its `run` is the id.
    pub(super) inputs: Inputs,
    /// Where some of that comes from.
    pub(super) params_file: Option<&'a Path>,
    /// Which steps run.
    pub(super) select: &'a SelectArguments,
    /// How it runs.
    pub(super) engine: &'a EngineArguments,
    /// Seed of random numbers and jitter; `None`: one that nobody knows, or that of the plan's shards.
    pub(super) seed: Option<u64>,
    /// What is said about it.
    pub(super) output: &'a OutputArguments,
    /// The folder that keeps it.
    pub(super) state: Option<PathBuf>,
    /// Which items it works on.
    pub(super) kind: JobKind,
    /// The run that it goes on with.
    pub(super) resume: Option<ResumeOptions>,
    /// What it goes on with as its coordinator; `None`: it is a new run.
    pub(super) attached: Option<Attached>,
    /// The other runs of the process; `None`: it is the only one.
    pub(super) among: Option<Among>,
}

/// A run whose coordinator is gone.
pub(super) struct Attached {
    /// Name and text of the pipeline file, as its workers know it.
    pub(super) text: Option<(String, String)>,
    /// What the pipeline file must still say, but for secrets.
    pub(super) copy: Option<String>,
}

impl Attached {
    /// Refuses a pipeline file that says something else than when the run began.
    fn demand_same(&self, run: &str, plan: &Plan) -> Result<(), Complaint> {
        let Some(copy) = &self.copy else { return Ok(()) };
        if plan.secrets.mask().text(plan.file.text()) == copy.as_str() {
            return Ok(());
        }
        let file = plan.file.name();
        Err(Complaint::new(format!("`{file}` is not what it was when run `{run}` began")).help(format!(
            "`flowrun cancel {run}` ends the run, and `flowrun resume {run}` goes on with the new file"
        )))
    }
}

/// One run among several.
pub(super) struct Among {
    /// What stands before its lines for people, where they mix with those of others.
    pub(super) label: Label,
    /// Whether the warnings about the pipeline file have been told.
    pub(super) warnings_told: bool,
}

/// A new id.
pub(super) fn id() -> Arc<str> {
    Arc::from(run_id::new(SystemTime::now(), run_id::random()))
}

/// A new seed. It is said to people, who type it again: short beats large.
pub(super) fn seed() -> u64 {
    run_id::random() >> 32
}

impl Job<'_> {
    /// Does it, unless `interrupt` asks to end.
    pub(super) fn carry_out(mut self, console: &Console, interrupt: &Arc<Interrupt>) -> Result<Exit, Fault> {
        self.kind.demand_here(&self.engine.on)?;
        self.inputs.needs_secrets = true;
        self.inputs.state.clone_from(&self.state);
        let (plan, output) = (self.plan(console)?, self.output);
        let selected = select::steps(&plan, self.select).map_err(Fault::Usage)?;
        let selected = self.kind.steps(&plan, selected)?;
        self.kind.say_doubts((&plan, &selected), output.quiet);
        let digest = self.kind.digest(&plan, &self.inputs);
        match self.kind.check(&plan, &digest, interrupt) {
            // What the old run has taken over stays; its shards are of no more use.
            Err(_) if self.resume.is_some() => self.kind = JobKind::Whole,
            checked => checked?,
        }
        let seed = self.seed.or_else(|| self.kind.seed(&digest)).unwrap_or_else(seed);
        let data_on_stdout = stdout::claim(&plan, &selected, output)?;
        let request = self.request(&plan);
        let request_text = request.text();
        let mut files = self.files(&plan)?;
        let commands = self.state.as_deref().map(|folder| self.commands(folder));
        let label = self.among.as_ref().and_then(|among| among.label.as_deref());
        let mut reporters =
            Reporters::open(output, console, (seed, label), data_on_stdout, &mut files, commands.clone())?;
        let sent = sent::options(console, &self.engine.on, (&plan, &self.inputs), self.engine.grace)?;
        interrupt::allow(self.engine.grace);
        if sent.is_some() {
            interrupt::leave_workers();
        }
        let options = RunOptions { sent: sent.map(Arc::new), ..self.options(selected, seed, &digest) };
        let mut refused = None;
        let mut ending = Ending::of(&plan, commands.clone(), options.logs).filter(|_| !self.kind.is_part());
        let outcome = engine::run(&plan, &options, interrupt, &mut |event| {
            if let (Event::RunStarted { run, .. }, Some(state)) = (event, &options.state)
                && let Err(error) = store::keep_request(&state.dir, run, &request_text)
            {
                // Nothing has begun, and nothing shall: an end at once.
                (0..2).for_each(|_| interrupt.raise());
                refused = Some(error);
            }
            let time = reporters.time();
            // The end of the run is told when nothing more comes.
            let ended = ending.as_mut().filter(|_| refused.is_none());
            let said = ended.map(|ending| ending.event(event, time, interrupt)).unwrap_or_default();
            for event in said.iter().chain([event]) {
                reporters.event(event);
            }
        });
        let log = ending.map(Ending::into_log).unwrap_or_default();
        let outcome = match refused {
            Some(error) => Err(EngineError::State(format!("the run cannot be kept: {error}"))),
            None => outcome,
        };
        let mut outcome = outcome;
        let unkept = keep_log(&mut outcome, &log);
        let mut finished = reporters.finish(outcome.is_ok());
        finished.complaints.extend(unkept);
        let kept = self.state.as_deref().zip(commands.as_ref());
        let known = KeptRun { plan: &plan, request: &request, seed, kept };
        finished.complaints.extend(files.write(std::mem::take(&mut finished.account), &known));
        let is_good = outcome.as_ref().is_ok_and(|outcome| outcome.status == RunStatus::Succeeded);
        let exit = self.end(console, finished, outcome)?;
        let replaces = is_good && !self.kind.is_part();
        if let (true, Some(keep), Some(state)) = (replaces, plan.keep, &self.state) {
            retention::prune(state, self.file, keep, !self.output.quiet);
        }
        Ok(exit)
    }

    /// The plan. What is worth a warning is told.
    fn plan(&self, console: &Console) -> Result<Plan, Fault> {
        let checked = match self.attached.as_ref().and_then(|attached| attached.text.as_ref()) {
            Some((name, text)) => {
                load::of_text((name, &load::place(self.file)), text.as_bytes(), &self.inputs)
            }
            None => load::pipeline(self.file, &self.inputs)?,
        };
        let (plan, warnings) = checked.into_plan()?;
        if let Some(attached) = &self.attached {
            attached.demand_same(&self.inputs.run, &plan)?;
        }
        if !self.output.quiet && !self.among.as_ref().is_some_and(|among| among.warnings_told) {
            console.show(&warnings, self.output.console.color);
        }
        Ok(plan)
    }

    /// What it is asked for.
    fn request(&self, plan: &Plan) -> Request {
        let request = Request::of(plan, &self.inputs, self.select).of_kind(&self.kind);
        request.on(&self.engine.on, plan.secrets.mask()).resuming(self.resume.as_ref())
    }

    /// How the run is called for. Those of several may begin in one second, so that only the whole id names one.
    fn commands(&self, folder: &Path) -> Commands {
        let commands = state::commands(folder, &self.inputs.run);
        match &self.among {
            Some(_) => Commands { run: self.inputs.run.to_string(), ..commands },
            None => commands,
        }
    }

    /// The files that are written beside the results. None is opened before all are known to be no files of the run.
    fn files(&self, plan: &Plan) -> Result<Files, Fault> {
        let (params_file, state) = (self.params_file, self.state.as_deref());
        let run = outputs::RunFiles { file: self.file, plan: Some(plan), params_file, state };
        let complaints = outputs::check(self.output, &run);
        if complaints.is_empty() { Ok(Files::open(self.output)?) } else { Err(Fault::Usage(complaints)) }
    }

    fn options(&self, selected: Vec<bool>, seed: u64, digest: &str) -> RunOptions {
        let state = |dir: &PathBuf| StateOptions {
            dir: dir.clone(),
            resume: self.resume.clone(),
            attach: self.attached.is_some(),
            gather: self.kind.gathering().map(Arc::clone),
            version: env!("CARGO_PKG_VERSION"),
        };
        RunOptions {
            seed,
            shard: self.kind.shard(digest),
            grace: self.engine.grace,
            logs: !self.output.quiet || self.output.events.is_some(),
            spans: self.output.trace.is_some(),
            state: self.state.as_ref().map(state),
            ..RunOptions::new(Arc::clone(&self.inputs.run), selected, load::cores(), std::env::temp_dir())
        }
    }

    /// Keeps and prints the result, and says how the process ends.
    fn end(
        &self,
        console: &Console,
        finished: Finished,
        outcome: Result<Outcome, EngineError>,
    ) -> Result<Exit, Fault> {
        let Finished { mut complaints, summary, prints_summary, account: _ } = finished;
        let outcome = outcome.map_err(|error| match error {
            EngineError::State(reason) if self.attached.is_some() => Complaint::new(reason).into(),
            EngineError::State(reason) => Complaint::new(reason)
                .help("`--state-dir D` keeps it elsewhere, `--no-state` keeps nothing")
                .into(),
            EngineError::System { intent, reason } => Fault::lacking(intent, &reason),
        })?;
        if let Some(summary) = summary {
            // What is printed shall be on the disk before.
            if let Some(Err(error)) = outcome.run_dir.as_ref().map(|dir| dir.write_summary(&summary)) {
                complaints.push(Complaint::new(error.to_string()));
            }
            if prints_summary {
                put(summary.as_bytes())?;
            }
        }
        console.complain(&complaints, self.output.console.color);
        // A shard judges nothing.
        let strict = self.engine.strict && !self.kind.is_part();
        if let (Some(name), RunStatus::Succeeded, false) =
            (self.kind.name(), outcome.status, self.output.quiet)
        {
            let file = shell_word(&self.file.to_string_lossy());
            say(&format!("  shard {name} is done; `flowrun gather {file} D…` puts all of them together"));
        }
        Ok(match exit(&outcome, strict) {
            // What was asked for is not there, so this cannot pass for a success.
            Exit::Success if !complaints.is_empty() => Exit::Usage,
            exit => exit,
        })
    }
}

/// Keeps what `at_end` has said.
fn keep_log(outcome: &mut Result<Outcome, EngineError>, log: &[LogEntry]) -> Option<Complaint> {
    let run = outcome.as_mut().ok()?.run_dir.as_mut()?;
    run.keep_log(log).err().map(|error| Complaint::new(error.to_string()))
}

/// The exit code of a run that the engine carried through.
fn exit(outcome: &Outcome, strict: bool) -> Exit {
    match outcome.status {
        RunStatus::Failed if outcome.internal_error => Exit::Internal,
        RunStatus::Failed => Exit::StepFailed,
        RunStatus::Interrupted => Exit::Interrupted,
        RunStatus::Succeeded if strict && outcome.steps.iter().any(|(_, result)| result.tally.failed > 0) => {
            Exit::ItemFailed
        }
        RunStatus::Succeeded => Exit::Success,
    }
}
