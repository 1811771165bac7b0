//! A step that had to wait for the results of others is understood when it is about to start.

use std::collections::BTreeSet;

use super::deferred::{Deferred, DocumentContext};
use super::expand::Expander;
use super::places::PlacedDocument;
use super::resolve::StepBuilder;
use super::scripts::Scripts;
use super::step::{Body, Plan, Verb};
use super::{codes, column_types, file_checks};
use crate::config;
use crate::event::StepId;
use crate::lua::Scope;
use crate::source::{Diagnostic, Severity};

impl Plan {
    /// What a step does, now that the steps before it have ended. `steps` is the text of a JSON object: each step's
    /// result under its name.
    ///
    /// # Errors
    /// Fails with findings when an expression fails, or when its value does not fit where it stands.
    pub fn bind(&self, id: StepId, steps: &str) -> Result<Verb, Vec<Diagnostic>> {
        let deferred = match &self.steps[id.at()].body {
            Body::Ready(verb) => return Ok(verb.clone()),
            Body::Deferred(deferred) => deferred,
        };
        let context = &deferred.context;
        let mut places = context.places.clone();
        evaluate(deferred, &mut places, steps)?;
        let mut found = places.validate();
        found.retain(|one| one.severity == Severity::Error);
        let verb = self.steps[id.at()].verb;
        file_checks::check_step(&places, &deferred.pointer, verb, &context.root, &mut found);
        let mut scripts = context.scripts.clone();
        scripts.add_file(
            &places,
            &format!("{}/{verb}/file", deferred.pointer),
            &context.lua_path,
            &mut found,
        );
        if !found.is_empty() {
            return Err(found);
        }
        let step = places.value().pointer(&deferred.pointer).cloned().unwrap_or_default();
        let step = config::decode_step(&step).map_err(|error| {
            let message = format!("the schema accepts what the types do not: {error}");
            vec![Diagnostic::error(codes::INTERNAL, &self.file, message)]
        })?;
        let built =
            context.builder(&places, &scripts, self.steps[id.at()].limit).verb(&deferred.pointer, &step.verb);
        let mut verb = built.map_err(|findings| findings.0)?;
        if let Some(options) = verb.written_mut() {
            column_types::complete(options, &self.steps, &self.steps[id.at()]);
        }
        Ok(verb)
    }
}

impl DocumentContext {
    /// Builds steps of `places`, which may have further values in place.
    fn builder<'a>(
        &'a self,
        places: &'a PlacedDocument,
        scripts: &'a Scripts,
        limit: Option<u64>,
    ) -> StepBuilder<'a> {
        StepBuilder {
            places,
            scripts,
            root: &self.root,
            policies: &self.policies,
            limits: &self.limits,
            limit,
            cores: self.cores,
        }
    }
}

/// Puts the values of the step's expressions in their place.
fn evaluate(deferred: &Deferred, places: &mut PlacedDocument, steps: &str) -> Result<(), Vec<Diagnostic>> {
    let context = &deferred.context;
    let scope = Scope { steps: Some(steps.into()), ..context.scope.clone() };
    let (mut values, mut found) = (Vec::new(), Vec::new());
    let none = BTreeSet::new();
    let expander = Expander {
        places,
        lua_path: &context.lua_path,
        scope: &scope,
        missing_params: &none,
        missing_env: &none,
    };
    for field in &deferred.fields {
        match expander.evaluate(field) {
            Ok(value) => values.push((&field.pointer, value)),
            Err(finding) => found.push(*finding),
        }
    }
    for (pointer, value) in values {
        if let Some(place) = places.document.value.pointer_mut(pointer) {
            *place = value;
        }
    }
    if found.is_empty() { Ok(()) } else { Err(found) }
}
