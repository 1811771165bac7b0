//! This module says of each key of a step's policy which value holds and where that stands: it is for people who look at a
//! plan, and decides nothing.

use std::sync::Arc;

use serde_json::Value;

use super::places::{DocumentPart, PlacedDocument};
use super::policies;
use crate::schedule::{Breaker, Policy, Retries};
use crate::value::{duration, size};

/// The keys of a policy, and those that some of them have.
const KEYS: [(&str, &[&str]); 14] = [
    ("concurrency", &["each", "total"]),
    ("resources", &["cores", "memory", "gpus", "time"]),
    ("lanes", &[]),
    ("retries", &["max", "delay", "factor", "max_delay", "jitter", "when", "budget"]),
    ("timeout", &[]),
    ("item_deadline", &[]),
    ("min_success_ratio", &[]),
    ("max_failures", &[]),
    ("fail_fast", &[]),
    ("stop_early", &[]),
    ("rate_limit", &[]),
    ("breaker", &["after", "pause", "max_pause"]),
    ("memory", &[]),
    ("slow_after", &[]),
];

/// One key of a step's policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyKey {
    /// `timeout`, `retries.delay`
    pub key: String,
    /// Its value as it is written; `None`: none is built in.
    pub value: Option<String>,
    /// Where it stands.
    pub origin: PolicyOrigin,
}

/// Where the value of a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyOrigin {
    /// The step itself.
    Step,
    /// The command line: `--set fetch.timeout`.
    Set(String),
    /// The policy that the step takes.
    Named {
        /// Its name.
        name: String,
        /// Its file and line.
        place: String,
    },
    /// `defaults`
    Defaults {
        /// Its file and line.
        place: String,
    },
    /// No file.
    BuiltIn,
}

/// All keys of the policy of the step whose verb is at `at` and which takes the policy `named`.
pub(super) fn of(places: &PlacedDocument, at: &str, named: Option<&str>) -> Arc<[PolicyKey]> {
    let step = PolicyOfStep { places, at, named };
    let key = |(key, parts): &(&'static str, &'static [&'static str])| {
        // What is written nowhere is one thing: no retries, no breaker.
        if parts.is_empty() || step.find(key, None).is_none() || key == &"concurrency" && !step.is_map(key) {
            return vec![step.key(key, None)];
        }
        parts.iter().map(|part| step.key(key, Some(part))).collect()
    };
    let is_program = places.value().pointer(&format!("{at}/program")).is_some();
    // One is for programs, the other for Lua.
    let other = if is_program { "memory" } else { "lanes" };
    KEYS.iter().filter(|(name, _)| *name != other).flat_map(key).collect()
}

struct PolicyOfStep<'a> {
    places: &'a PlacedDocument,
    at: &'a str,
    named: Option<&'a str>,
}

impl PolicyOfStep<'_> {
    fn key(&self, key: &str, part: Option<&str>) -> PolicyKey {
        let name = part.map_or_else(|| key.to_owned(), |part| format!("{key}.{part}"));
        match self.find(key, part) {
            Some((pointer, value)) => {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                PolicyKey { key: name, value: Some(value), origin: self.origin(&pointer) }
            }
            None => PolicyKey { value: built_in(&name), key: name, origin: PolicyOrigin::BuiltIn },
        }
    }

    /// The value that holds, with its pointer.
    fn find(&self, key: &str, part: Option<&str>) -> Option<(String, &Value)> {
        policies::pointers(self.at, self.named, key).into_iter().find_map(|pointer| {
            let value = self.places.value().pointer(&pointer)?;
            match (part, value) {
                (None, _) => Some((pointer, value)),
                (Some(part), Value::Object(parts)) => Some((format!("{pointer}/{part}"), parts.get(part)?)),
                // `retries: 3`, `concurrency: 8`
                (Some(part), _) => matches!(part, "max" | "each").then_some((pointer, value)),
            }
        })
    }

    /// Whether a key is written as a map anywhere.
    fn is_map(&self, key: &str) -> bool {
        let pointers = policies::pointers(self.at, self.named, key);
        pointers.iter().any(|pointer| self.places.value().pointer(pointer).is_some_and(Value::is_object))
    }

    fn origin(&self, pointer: &str) -> PolicyOrigin {
        let (file, _) = self.places.find(&DocumentPart::Value(pointer));
        // What the command line sets is a text without a file.
        if file.path().as_os_str().is_empty() {
            return PolicyOrigin::Set(file.name().to_owned());
        }
        let names = pointer.split('/').take(3).collect::<Vec<_>>();
        let holder = names.join("/");
        match (names.as_slice(), self.named) {
            (["", "policies", _], Some(name)) => {
                PolicyOrigin::Named { name: name.to_owned(), place: self.place(&holder) }
            }
            (["", "defaults", _], _) => PolicyOrigin::Defaults { place: self.place(&holder) },
            _ => PolicyOrigin::Step,
        }
    }

    /// File and line of a key.
    fn place(&self, pointer: &str) -> String {
        let (file, span) = self.places.find(&DocumentPart::Key(pointer));
        // A part of it may have been put there by the command line, and the rest of it stands in the file.
        format!("{}:{}", file.name(), file.line_of(span.start))
    }
}

/// What holds where nothing is written.
fn built_in(key: &str) -> Option<String> {
    let (policy, retries, breaker) = (Policy::default(), Retries::default(), Breaker::default());
    Some(match key {
        "concurrency" | "concurrency.each" => policy.concurrency.to_string(),
        "lanes" => policy.lanes.to_string(),
        "retries" | "retries.max" => retries.max.to_string(),
        "retries.delay" => duration::format(retries.delay),
        "retries.factor" => retries.factor.to_string(),
        "retries.max_delay" => duration::format(retries.max_delay),
        "retries.jitter" => retries.jitter.name().to_owned(),
        "min_success_ratio" => policy.min_success_ratio.to_string(),
        "fail_fast" => policy.fail_fast.name().to_owned(),
        "stop_early" => policy.stop_early.to_string(),
        "breaker.after" => breaker.after.to_string(),
        "breaker.pause" => duration::format(breaker.pause),
        "breaker.max_pause" => duration::format(breaker.max_pause),
        "memory" => size::format(policy.memory),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::vocabulary;

    #[test]
    fn all_keys_of_a_policy_are_named() {
        let own: BTreeSet<String> = KEYS
            .iter()
            .flat_map(|(key, parts)| {
                let part = move |part: &&str| format!("{key}.{part}");
                std::iter::once((*key).to_owned()).chain(parts.iter().map(part))
            })
            .collect();
        let policy = vocabulary::at(&[Some("defaults"), Some("map")]).expect("the schema has it");
        let mut all = BTreeSet::new();
        for (key, schema) in vocabulary::keys(policy) {
            all.insert(key.to_owned());
            all.extend(vocabulary::keys(schema).map(|(part, _)| format!("{key}.{part}")));
        }
        assert_eq!(own, all);
    }
}
