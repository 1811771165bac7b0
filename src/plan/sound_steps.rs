//! Of a file that gives no plan this module builds the steps that are sound all the same, so that what is wrong with them is
//! told together with the rest. A step that has a fault already, or a value that is not known, stays unjudged.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::expand::ExpressionField;
use super::inputs::Inputs;
use super::places::{PlacedDocument, is_within};
use super::policies::Policies;
use super::resolve::StepBuilder;
use super::scripts::Scripts;
use super::step_index::{IndexedStep, StepIndex};
use super::{codes, rate_limits};
use crate::config;
use crate::event::Verb;
use crate::source::{Diagnostic, Severity};

/// The steps of a document in which something is wrong or not known.
pub(super) struct SoundSteps<'a> {
    pub(super) places: &'a PlacedDocument,
    pub(super) step_index: &'a StepIndex,
    pub(super) scripts: &'a Scripts,
    /// Pointers to fields without a value.
    pub(super) open: &'a [String],
    /// Fields that need the results of steps.
    pub(super) deferred: &'a [ExpressionField],
    pub(super) root: &'a PathBuf,
    pub(super) inputs: &'a Inputs,
}

impl SoundSteps<'_> {
    /// What only the building of a step finds, beside what was `found` before.
    pub(super) fn findings(&self, found: &[Diagnostic]) -> Vec<Diagnostic> {
        let mut unsound = self.damaged(found);
        unsound.extend(self.open.iter().flat_map(|pointer| owners(pointer)).map(str::to_owned));
        let is_sound = |pointer: &str| !unsound.contains(pointer);
        let shared = ["/defaults", "/policies", "/rate_limits"];
        let is_whole = !self.places.is_partial && shared.into_iter().all(is_sound);
        let policies = Policies::known(self.places).filter(|_| is_whole);
        let (standard, limits) = (Policies::default(), rate_limits::known(self.places));
        let builder = StepBuilder {
            places: self.places,
            scripts: self.scripts,
            root: self.root,
            policies: policies.as_ref().unwrap_or(&standard),
            limits: &limits,
            limit: self.inputs.limit,
            cores: self.inputs.cores,
        };
        let mut more = Vec::new();
        for step in &self.step_index.steps {
            let has_policy = step.verb.is_some_and(Verb::is_map_like);
            if is_sound(&step.pointer) && (policies.is_some() || !has_policy) {
                self.build(step, &builder, &mut more);
            }
        }
        // Whatever Lua cannot be compiled has been told by who compiles it, in a file of its own perhaps.
        more.retain(|one| one.code != codes::LUA_SYNTAX && !found.iter().any(|other| is_same(one, other)));
        more
    }

    fn build(&self, step: &IndexedStep, builder: &StepBuilder<'_>, more: &mut Vec<Diagnostic>) {
        let json = self.places.value().pointer(&step.pointer);
        // A fault may stand elsewhere, at the anchor of an alias.
        let Some(Ok(decoded)) = json.map(config::decode_step) else { return };
        let inside = format!("{}/", step.pointer);
        if !self.deferred.iter().any(|field| field.pointer.starts_with(&inside))
            && let Err(findings) = builder.verb(&step.pointer, &decoded.verb)
        {
            more.extend(findings.0);
        }
        let deadline = format!("{}/deadline", step.pointer);
        if let Err(findings) = builder.known(&deadline, decoded.deadline.as_ref()) {
            more.extend(findings.0);
        }
    }

    /// Pointers to the steps, and to the keys at the top, in which an error stands.
    fn damaged(&self, found: &[Diagnostic]) -> HashSet<String> {
        let top = self.places.value().as_object().into_iter().flat_map(serde_json::Map::keys);
        let steps = self.step_index.steps.iter().map(|step| step.pointer.clone());
        let parts: Vec<String> =
            top.map(|key| format!("/{}", config::escape_key(key))).chain(steps).collect();
        let spans = &self.places.document.spans;
        // What stands in an included file has no place in this one.
        let own = parts.iter().filter(|pointer| spans.get(pointer).is_some());
        let mut starts: Vec<(usize, &String)> =
            own.map(|pointer| (spans.key(pointer).start, pointer)).collect();
        starts.sort_unstable();
        let errors = found.iter().filter(|one| one.severity == Severity::Error);
        let mut damaged = HashSet::new();
        for error in errors {
            if Arc::ptr_eq(&error.file, &self.places.document.file) {
                let behind = starts.partition_point(|(start, _)| *start <= error.start());
                damaged.extend(behind.checked_sub(1).map(|at| starts[at].1.clone()));
            }
            let included =
                self.places.included.iter().filter(|one| Arc::ptr_eq(&one.document.file, &error.file));
            let parts_of = included.flat_map(|one| one.parts.iter().flat_map(|part| owners(part)));
            damaged.extend(parts_of.map(str::to_owned));
            let overrides = self.places.overrides.iter().filter(|one| Arc::ptr_eq(&one.file, &error.file));
            let blamed = overrides.flat_map(|one| {
                let touches = |part: &&String| is_within(&one.pointer, part) || is_within(part, &one.pointer);
                parts.iter().filter(touches).cloned()
            });
            damaged.extend(blamed);
        }
        damaged
    }
}

/// The key at the top that `pointer` lies in, and the key below it: `/steps` and `/steps/clean`.
fn owners(pointer: &str) -> impl Iterator<Item = &str> {
    let slashes = pointer.match_indices('/').map(|(at, _)| at).chain([pointer.len()]);
    slashes.skip(1).take(2).map(|end| &pointer[..end])
}

fn is_same(one: &Diagnostic, other: &Diagnostic) -> bool {
    one.code == other.code && one.start() == other.start() && one.message == other.message
}
