//! This module says in which way items go through the functions and expressions of a step, and what prevents the fast one.

use std::slice;
use std::sync::Arc;

use super::facts::fields;
use crate::lua::{JointEvaluation, Script};
use crate::plan::{Body, Collect, Step, Verb};
use crate::value::printable;

/// What is said of what needs no Lua.
const WITHOUT_LUA: &str = "fast way: computed without Lua, where values are usual";
/// Letters that are shown of an expression.
const EXPRESSION_MAX: usize = 40;

/// In which way its items go through its functions, where it has any.
pub(super) fn of(step: &Step) -> Vec<String> {
    let Body::Ready(verb) = &step.body else { return Vec::new() };
    match verb {
        Verb::MapLike(each) => each.function.script().into_iter().map(|script| way(script)).collect(),
        Verb::Split(split) => split.by.iter().flat_map(|by| ways_together(slice::from_ref(by))).collect(),
        Verb::Collect(collect) => ways_of_collection(collect),
        _ => Vec::new(),
    }
}

fn ways_of_collection(collect: &Collect) -> Vec<String> {
    match collect {
        Collect::Sort { by, .. } | Collect::Unique(by) | Collect::GroupBy(by) => {
            ways_together(slice::from_ref(by))
        }
        Collect::Join(join) => {
            if join.has_with_by {
                vec![format!("`by`: {}", way(&join.by)), format!("`with_by`: {}", way(&join.with_by))]
            } else {
                ways_together(slice::from_ref(&join.by))
            }
        }
        Collect::Aggregate(aggregate) => ways_together(&aggregate.scripts),
        Collect::Reduce(_) => vec!["general way: `acc` stays in Lua from item to item".to_owned()],
        Collect::Take(_) | Collect::Batch(_) | Collect::Sample(_) => Vec::new(),
    }
}

/// In which ways items go through expressions, of which there may be several for each.
fn ways_together(scripts: &[Arc<Script>]) -> Vec<String> {
    match scripts {
        [] => Vec::new(),
        [script] => vec![way(script)],
        _ if JointEvaluation::of(scripts).is_some() => vec![WITHOUT_LUA.to_owned()],
        _ => {
            let shown = |script: &Arc<Script>| {
                let text: String = script.block().text.trim().chars().take(EXPRESSION_MAX).collect();
                format!("`{}`: {}", printable(&text), way(script))
            };
            scripts.iter().map(shown).collect()
        }
    }
}

fn way(script: &Script) -> String {
    match script.way() {
        Ok(way) if way.without_lua => WITHOUT_LUA.to_owned(),
        Ok(way) => format!("fast way: {} passed to Lua, {} copied", fields(way.passed), fields(way.copied)),
        Err(obstacle) => format!("general way: {}", printable(&obstacle.to_string())),
    }
}
