//! This module says where the values of a step's policy come from, for `flowrun plan -v`: a line for each origin.

use crate::plan::{Body, PolicyKey, PolicyOrigin, Step, Verb};
use crate::value::printable;

/// The lines about a step, none where it has no policy yet.
pub(super) fn of(step: &Step) -> Vec<String> {
    let Body::Ready(Verb::MapLike(each)) = &step.body else { return Vec::new() };
    let mut lines: Vec<(&PolicyOrigin, Vec<&PolicyKey>)> = Vec::new();
    for key in each.origins.iter() {
        match lines.iter_mut().find(|(origin, _)| **origin == key.origin) {
            Some((_, keys)) => keys.push(key),
            None => lines.push((&key.origin, vec![key])),
        }
    }
    // What goes before stands before.
    lines.sort_by_key(|(origin, _)| rank(origin));
    lines.iter().map(|(origin, keys)| line(origin, keys)).collect()
}

fn rank(origin: &PolicyOrigin) -> u8 {
    match origin {
        PolicyOrigin::Set(_) => 0,
        PolicyOrigin::Step => 1,
        PolicyOrigin::Named { .. } => 2,
        PolicyOrigin::Defaults { .. } => 3,
        PolicyOrigin::BuiltIn => 4,
    }
}

/// ``of the policy `api` (../common.yaml:3): timeout 10s · rate_limit api``
fn line(origin: &PolicyOrigin, keys: &[&PolicyKey]) -> String {
    let origin = match origin {
        PolicyOrigin::Set(option) => format!("of `{option}`"),
        PolicyOrigin::Step => "of the step".to_owned(),
        PolicyOrigin::Named { name, place } => format!("of the policy `{name}` ({place})"),
        PolicyOrigin::Defaults { place } => format!("of `defaults` ({place})"),
        PolicyOrigin::BuiltIn => "built in".to_owned(),
    };
    let mut said: Vec<String> =
        keys.iter().filter_map(|key| Some(format!("{} {}", key.key, key.value.as_ref()?))).collect();
    let none: Vec<&str> = keys.iter().filter(|key| key.value.is_none()).map(|key| key.key.as_str()).collect();
    if !none.is_empty() {
        said.push(format!("no {}", none.join(", ")));
    }
    printable(&format!("{origin}: {}", said.join(" · "))).into_owned()
}
