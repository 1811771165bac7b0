//! This module makes the `steps` of expressions: the results of the steps that have ended, as JSON.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::context::{Context, StepOutput};
use super::failed_item::seconds;
use crate::data::DataError;
use crate::event::StepResult;
use crate::lua::ScriptError;
use crate::value::Chunk;

/// The text of the `steps` object. Fails when kept results cannot be read back.
pub(super) fn steps(context: &Context<'_>) -> Result<Arc<str>, DataError> {
    // A worker process knows them from its coordinator.
    if let Some(steps) = context.options.work.as_ref().and_then(|work| work.steps.clone()) {
        return Ok(steps);
    }
    let mut steps = Map::new();
    for step in &context.plan.steps {
        let output = context.output(step.id);
        if let Some(result) = output.result.clone() {
            steps.insert(step.name.to_string(), entry(context, &step.name, &result, &output)?);
        }
    }
    Ok(Value::Object(steps).to_string().into())
}

fn entry(
    context: &Context<'_>,
    step: &Arc<str>,
    result: &StepResult,
    output: &StepOutput,
) -> Result<Value, DataError> {
    let mut entry = json!({
        "total": result.total,
        "successes": result.tally.succeeded,
        "failures": result.tally.failed,
        "skipped": result.tally.skipped,
        "cancelled": result.tally.cancelled,
        "retried": result.tally.retried,
        "success_ratio": result.tally.success_ratio(),
        "status": result.status.name(),
        "reason": result.reason,
        "duration": seconds(result.duration),
    });
    let map = entry.as_object_mut().expect("written as an object above");
    // What there is none of is nil in Lua, where null would be true in a condition.
    map.retain(|_, value| !value.is_null());
    if context.roles.wants.errors {
        let errors = output.errors.iter().map(|(index, message)| (index.to_string(), json!(**message)));
        map.insert("errors".to_owned(), Value::Object(errors.collect()));
    }
    if context.roles.wants.results {
        let results = Value::Array(results(context, step, output)?);
        map.insert("successful_results".to_owned(), results.clone());
        map.insert("results".to_owned(), results);
    }
    Ok(entry)
}

/// All results of a step. They are in memory then, as the expression asked for.
fn results(context: &Context<'_>, step: &Arc<str>, output: &StepOutput) -> Result<Vec<Value>, DataError> {
    let Some(stored) = &output.results else { return Ok(Vec::new()) };
    let mut reader = stored.reader(context.run_store, step)?;
    let (mut chunk, mut bad, mut values) = (Chunk::default(), Vec::new(), Vec::new());
    loop {
        let more = reader.read(usize::MAX, 1 << 20, &mut chunk, &mut bad)?;
        values.extend((0..chunk.len()).filter_map(|at| serde_json::from_slice(chunk.item(at)).ok()));
        if !more {
            return Ok(values);
        }
    }
}

/// Why a script of a step failed, in one line.
pub(super) fn reason(key: &str, error: &ScriptError) -> String {
    match &error.place {
        Some(place) => format!("`{key}` failed: {place} {}", error.message),
        None => format!("`{key}` failed: {}", error.message),
    }
}
