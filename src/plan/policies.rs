//! This module knows the policies that steps share: those under `policies`, the defaults below them, and which of them
//! a step takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::places::{DocumentPart, PlacedDocument};
use super::step_index::StepIndex;
use super::{codes, listed};
use crate::config::{self, Policy};
use crate::source::{Diagnostic, nearest};

/// What lies beneath the policies that steps write themselves.
#[derive(Debug, Clone, Default)]
pub(super) struct Policies {
    /// Under all others.
    defaults: Policy,
    /// By their names.
    named: BTreeMap<String, Policy>,
}

impl Policies {
    /// Those of a pipeline in which nothing is wrong.
    pub(super) fn of(pipeline: &config::Pipeline) -> Self {
        let named = pipeline.policies.iter().map(|(name, policy)| (name.clone(), policy.clone()));
        Self { defaults: pipeline.defaults.map.clone(), named: named.collect() }
    }

    /// Those of a document of which nothing is known yet to be right, as far as they are; `None`: the defaults are not.
    pub(super) fn known(places: &PlacedDocument) -> Option<Self> {
        let defaults = match places.value().pointer("/defaults/map") {
            Some(policy) => serde_json::from_value(policy.clone()).ok()?,
            None => Policy::default(),
        };
        let declared = places.value()["policies"].as_object();
        let known = |(name, policy): (&String, &Value)| {
            Some((name.clone(), serde_json::from_value(policy.clone()).ok()?))
        };
        Some(Self { defaults, named: declared.into_iter().flatten().filter_map(known).collect() })
    }

    /// What lies beneath a step's own keys; `None`: no policy has the name that it takes.
    pub(super) fn beneath(&self, name: Option<&str>) -> Option<Policy> {
        match name {
            Some(name) => Some(self.named.get(name)?.clone().over(&self.defaults)),
            None => Some(self.defaults.clone()),
        }
    }
}

/// The pointers at which `key` of a step may stand, the one that holds first: in the step itself, whose verb is at `at`, in
/// the policy that it takes, in the defaults.
pub(super) fn pointers(at: &str, name: Option<&str>, key: &str) -> Vec<String> {
    let named = name.map(|name| format!("/policies/{}/{key}", config::escape_key(name)));
    [Some(format!("{at}/{key}")), named, Some(format!("/defaults/map/{key}"))].into_iter().flatten().collect()
}

/// Checks every `policy` of a step.
pub(super) fn check(places: &PlacedDocument, step_index: &StepIndex, found: &mut Vec<Diagnostic>) {
    for step in &step_index.steps {
        let pointer = format!("{}/policy", step.verb_pointer());
        let Some(name) = places.value().pointer(&pointer).and_then(Value::as_str) else { continue };
        // Which one is meant is only known when the step starts; what is no name has been told.
        let is_known = names(places.value()).any(|one| one == name);
        if !is_known && !places.is_partial && config::is_id(name) {
            found.push(unknown(places, &pointer, name));
        }
    }
}

/// The finding about a name that nothing has.
pub(super) fn unknown(places: &PlacedDocument, pointer: &str, name: &str) -> Diagnostic {
    let declared: Vec<&str> = names(places.value()).collect();
    let label = match nearest(name, declared.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "no policy has this name".to_owned(),
    };
    let message = format!("unknown policy `{name}`");
    let found = places.error(codes::UNKNOWN_POLICY, message, &DocumentPart::Value(pointer), &label);
    found.help(if declared.is_empty() {
        format!("declare it at the top of the file: `policies: {{ {name}: {{ retries: 3 }} }}`")
    } else {
        format!("the policies of this file: {}", listed(declared.into_iter()))
    })
}

fn names(document: &Value) -> impl Iterator<Item = &str> {
    document["policies"].as_object().into_iter().flat_map(|map| map.keys().map(String::as_str))
}
