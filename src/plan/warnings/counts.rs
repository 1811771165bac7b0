//! This module counts how many items each step gets at most, where the file says so without any data being read.

use serde_json::Value;

use crate::event::Verb;
use crate::plan::step_index::StepIndex;

/// For each step the most items that it can get; of a source, that it can bring in.
pub(super) fn inputs(
    step_index: &StepIndex,
    order: &[usize],
    document: &Value,
    limit: Option<u64>,
) -> Vec<Option<u64>> {
    let mut inputs = vec![None; step_index.steps.len()];
    let mut outputs = vec![None; step_index.steps.len()];
    let are_cut = step_index.are_cut();
    for &at in order {
        let step = &step_index.steps[at];
        let value = document.pointer(&step.verb_pointer());
        inputs[at] = if step.is_source() {
            let written = value.and_then(Value::as_array).map(|list| list.len() as u64);
            let limit = limit.filter(|_| are_cut[at]);
            [written, limit].into_iter().flatten().min()
        } else {
            let given = step.from.iter().map(|from| {
                let of = from.step?;
                if from.failed { inputs[of] } else { outputs[of] }
            });
            given.reduce(|a: Option<u64>, b| a?.checked_add(b?)).flatten()
        };
        outputs[at] = passed_on(step.verb, value, inputs[at]);
    }
    inputs
}

/// What a step passes on at most of what it gets.
fn passed_on(verb: Option<Verb>, value: Option<&Value>, input: Option<u64>) -> Option<u64> {
    let number = value.and_then(Value::as_u64);
    match verb? {
        Verb::Take | Verb::Sample => [number, input].into_iter().flatten().min(),
        Verb::Batch => number.map_or(input, |size| Some(input?.div_ceil(size.max(1)))),
        Verb::Reduce => Some(1),
        Verb::Aggregate if value?.get("by").is_none() => Some(1),
        Verb::Join => input.filter(|_| !may_multiply(value)),
        // Each item may become any number of them.
        Verb::FlatMap | Verb::Write => None,
        _ => input,
    }
}

/// Whether a `join` gives an item on with each of its partners, as far as that can be told.
fn may_multiply(join: Option<&Value>) -> bool {
    let many = join.and_then(|join| join.get("many")).and_then(Value::as_str);
    many.is_some_and(|many| !matches!(many, "error" | "first"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn items_are_followed_through_the_steps() {
        let document = json!({ "steps": {
            "few": { "items": [1, 2, 3, 4, 5] },
            "many": { "read": "x.jsonl" },
            "ten": { "from": "many", "take": 10 },
            "both": { "from": ["few", "ten"], "map": "return 1" },
            "pairs": { "from": "both", "batch": 2 },
            "one": { "from": "pairs", "reduce": { "init": 0, "lua": "acc" } },
            "more": { "from": "both", "flat_map": "return {}" },
            "after": { "from": "more", "map": "return 1" },
            "bad": { "from": "more.failed", "filter": "true" },
            "end": { "from": "one", "map": "return 1" },
        }});
        let step_index = StepIndex::of(&document);
        let order: Vec<usize> = (0..step_index.steps.len()).collect();
        let inputs = |limit| inputs(&step_index, &order, &document, limit);
        let of = |most: u64| Some(most);
        let expect = [of(5), None, None, of(15), of(15), of(8), of(15), None, of(15), of(1)];
        assert_eq!(inputs(None), expect);
        assert_eq!(inputs(Some(2))[1..5], [of(2), of(2), of(4), of(4)], "`--limit` bounds every source");
    }
}
