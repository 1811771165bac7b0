//! A thread of its own reads a source here: once, to be kept, or only to know how it ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::context::{Context, LOOK_UP, StepOutput};
use super::failed_item;
use super::input::StepInput;
use super::lookout::{Lookout, ReadOutcome};
use super::roles::Role;
use super::step_results;
use super::stored_results::StoredResults;
use crate::data::{DataError, Spool, items_reader};
use crate::event::{Event, FailureKind, StepId, StepResult, StepStatus};
use crate::lua::{self, ScriptError};
use crate::plan::{Items, Step, Verb};
use crate::runtime::clock;
use crate::store::Failure;
use crate::value::Chunk;

/// Limit for a script that makes the items, when the step has no deadline: long enough for any list that fits in
/// memory, short enough that an endless loop ends.
const SCRIPT_LIMIT: Duration = Duration::from_secs(600);

const BLOCK: usize = 256 * 1024;

/// Reads a source to its end. Its items are kept when it is a [`Role::StoredSource`] that somebody reads.
pub(super) fn run(context: &Context<'_>, step: &Step, verb: &Verb) -> StepResult {
    let begun = clock::now();
    context.emit(Event::StepStarted { step: step.id, total: None });
    context.source_status(step.id).judge_by(verb);
    match drain(context, step, verb, begun) {
        Ok(interrupted) => {
            let result = close(context, step.id);
            if interrupted && result.status == StepStatus::Succeeded {
                let (status, reason) = (StepStatus::Cancelled, Some("interrupted".to_owned()));
                return StepResult { status, reason, ..result };
            }
            StepResult { duration: clock::since(begun), ..result }
        }
        Err(reason) => StepResult::broken(reason, clock::since(begun)),
    }
}

/// `Ok(true)`: cut off by an interrupt.
fn drain(context: &Context<'_>, step: &Step, verb: &Verb, begun: Instant) -> Result<bool, String> {
    let message = |error: DataError| error.to_string();
    let kept = context.roles.kept[step.id.at()] && context.roles.roles[step.id.at()] == Role::StoredSource;
    let mut spool = kept.then(|| Spool::new(context.temp_dir()));
    let mut input = match verb {
        Verb::Items(Items::Lua { script, limit: most }) => {
            let limit = step.deadline.unwrap_or(SCRIPT_LIMIT);
            let Some(text) = script_text(context, script, limit) else { return Ok(true) };
            let list = text.map_err(|error| match (error.kind, step.deadline) {
                (FailureKind::Timeout, Some(_)) => "deadline".to_owned(),
                _ => step_results::reason("items", &error),
            });
            StepInput::of_reader(context, step.id, items_reader(script_list(step, &list?)?, *most))
        }
        verb => StepInput::of_source(context, step.id, verb).map_err(message)?,
    };
    let mut chunk = Chunk::default();
    // The script's own limit is all that a deadline is for here.
    let lookout = Lookout::new(context, step.id, begun, None);
    loop {
        match lookout.read(&mut input, (usize::MAX, BLOCK), &mut chunk) {
            Ok(ReadOutcome::Items) => {}
            Ok(ReadOutcome::Nothing) => continue,
            Ok(ReadOutcome::End) => break,
            // Its status tells of a source that turned out bad.
            Err(_) if input.lost().is_some() => break,
            Err(cut) if cut.status == StepStatus::Cancelled => return Ok(true),
            Err(cut) => return Err(cut.reason),
        }
        if let Some(spool) = &mut spool {
            spool.write(&chunk.text, chunk.len() as u64).map_err(message)?;
        }
    }
    if let Some(spool) = spool {
        context.output(step.id).results = Some(StoredResults::Spool(spool.finish().map_err(message)?));
    }
    Ok(false)
}

/// What the script of `items: {lua}` returns, as JSON; `None` when an interrupt comes first. The script runs on a thread
/// that nobody waits for, because only its limit can stop it.
fn script_text(
    context: &Context<'_>,
    script: &Arc<lua::Script>,
    limit: Duration,
) -> Option<Result<String, ScriptError>> {
    let gone = |message: String| ScriptError::new(FailureKind::Panic, message);
    let steps = match step_results::steps(context) {
        Ok(steps) => steps,
        Err(error) => return Some(Err(gone(error.to_string()))),
    };
    let (script, scope) = (Arc::clone(script), context.step_scope(Some(steps)));
    let (sender, receiver) = bounded(1);
    let spawned = std::thread::Builder::new().name("items".to_owned()).spawn(move || {
        let _ = sender.send(lua::evaluate(&script, &scope, limit));
    });
    if let Err(error) = spawned {
        return Some(Err(gone(format!("cannot start a thread: {error}"))));
    }
    while context.interrupt.count() == 0 {
        match receiver.recv_timeout(LOOK_UP) {
            Ok(text) => return Some(text),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Some(Err(gone("a fault of flowrun in the script".to_owned())));
            }
        }
    }
    None
}

/// The list that `items: {lua}` returns. Anything else is an error that names the type.
fn script_list(step: &Step, text: &str) -> Result<Arc<[Arc<str>]>, String> {
    let value: Vec<&serde_json::value::RawValue> = serde_json::from_str(text).map_err(|_| {
        let found = match text.as_bytes().first() {
            Some(b'{') => "a map",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        };
        format!("the script of step `{}` must return a list, not {found}", step.name)
    })?;
    Ok(value.into_iter().map(|item| Arc::from(item.get())).collect())
}

/// Closes the books of a source: its failed rows become readable. Gives its result.
pub(super) fn close(context: &Context<'_>, source: StepId) -> StepResult {
    let untold = context.source_status(source).take_untold();
    for Failure { index, item, .. } in &untold {
        context.emit(failed_item::event(source, *index, None, item));
    }
    let mut source_status = context.source_status(source);
    match source_status.take_failed() {
        Ok((failed, errors)) => {
            let mut output = context.output(source);
            let results = output.results.take();
            *output = StepOutput { results, failed: failed.map(Arc::new), errors, result: None };
        }
        Err(error) => source_status.broke(error.to_string()),
    }
    source_status.result()
}
