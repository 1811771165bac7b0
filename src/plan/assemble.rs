//! This module puts the plan together from what was checked. It finds nothing itself but what only the types can
//! tell.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::deferred::{Deferred, DocumentContext};
use super::expand::ExpressionField;
use super::inputs::Inputs;
use super::places::{DocumentPart, PlacedDocument};
use super::policies::Policies;
use super::rate_limits::{self, Limits};
use super::resolve::{Built, StepBuilder};
use super::scripts::Scripts;
use super::step::{AtEnd, Body, Expression, Input, Keep, Plan, Step};
use super::step_index::{IndexedStep, Reference, StepIndex};
use super::{codes, column_types, test_case, touches};
use crate::config;
use crate::event::StepId;
use crate::lua::{LuaPath, Permissions, Scope, Wants};
use crate::source::{Diagnostic, SourceFile};

/// How long `at_end` may take when the file does not say: longer than a message to somebody ever needs.
const AT_END_LIMIT: Duration = Duration::from_secs(60);

/// A document in which nothing is wrong.
pub(super) struct ValidDocument<'a> {
    pub(super) places: &'a PlacedDocument,
    pub(super) step_index: &'a StepIndex,
    pub(super) scripts: &'a Scripts,
    /// Fields that need the results of steps.
    pub(super) deferred: &'a [ExpressionField],
    pub(super) root: &'a PathBuf,
    pub(super) lua_path: &'a LuaPath,
    pub(super) scope: &'a Scope,
    pub(super) permissions: Arc<Permissions>,
    pub(super) inputs: &'a Inputs,
}

impl ValidDocument<'_> {
    /// The plan with its steps in this order.
    pub(super) fn plan(&self, order: &[usize], found: &mut Vec<Diagnostic>) -> Option<Plan> {
        let document = &self.places.document;
        let pipeline = match config::decode(&document.value) {
            Ok(pipeline) => pipeline,
            Err(error) => {
                let message = format!("the schema accepts what the types do not: {error}");
                found.push(Diagnostic::error(codes::INTERNAL, &document.file, message));
                return None;
            }
        };
        let limits = Arc::new(rate_limits::of(&pipeline));
        let policies = Policies::of(&pipeline);
        let context = (!self.deferred.is_empty()).then(|| Arc::new(self.context(&policies, &limits)));
        let builder = StepBuilder {
            places: self.places,
            scripts: self.scripts,
            root: self.root,
            policies: &policies,
            limits: &limits,
            limit: None,
            cores: self.inputs.cores,
        };
        let are_cut = self.step_index.are_cut();
        let mut steps = Vec::new();
        for ((id, step), indexed) in
            (0..).map(StepId).zip(pipeline.steps.values()).zip(&self.step_index.steps)
        {
            let limit = self.inputs.limit.filter(|_| are_cut[id.at()]);
            match self.step(id, step, indexed, &StepBuilder { limit, ..builder.clone() }, context.as_ref()) {
                Ok(step) => steps.push(step),
                Err(findings) => found.extend(findings.0),
            }
        }
        let wants = self.wants();
        column_types::attach(&mut steps, wants.results);
        let stem = document.file.path().file_stem().map(|stem| stem.to_string_lossy().into_owned());
        Some(Plan {
            name: pipeline.name.or(stem).unwrap_or_default().into(),
            description: pipeline.description,
            file: Arc::clone(&document.file),
            included: self.included(),
            lua_path: self.lua_path.clone(),
            root: self.root.clone(),
            params: Arc::clone(&self.scope.params),
            env: Arc::clone(&self.scope.env),
            permissions: Arc::clone(&self.permissions),
            rate_limits: limits,
            secrets: self.scope.secrets.clone(),
            steps,
            order: order.iter().map(|&at| step_id(at)).collect(),
            tests: test_case::of(self.places, self.step_index, &pipeline.tests),
            touched: touches::of(self.places, self.step_index, self.lua_path),
            wants,
            limit: self.inputs.limit,
            at_end: self.at_end(pipeline.at_end.as_ref()),
            keep: pipeline.keep.map(|keep| Keep {
                runs: keep.runs.map(|runs| usize::try_from(runs.0).unwrap_or(usize::MAX)),
                age: keep.age.map(|age| age.0),
            }),
        })
    }

    /// The files that it includes, by their paths from its folder.
    fn included(&self) -> Vec<(PathBuf, Arc<SourceFile>)> {
        let files = self.places.included.iter().map(|one| &one.document.file);
        files.map(|file| (self.lua_path.relative(file.path()), Arc::clone(file))).collect()
    }

    fn at_end(&self, at_end: Option<&config::AtEnd>) -> Option<AtEnd> {
        let limit = at_end?.timeout.map_or(AT_END_LIMIT, |limit| limit.0);
        let script = self.scripts.get("/at_end/lua").or_else(|| self.scripts.get("/at_end"))?;
        Some(AtEnd { script, limit })
    }

    /// What all Lua of the document asks for, and what expressions do that wait for other steps.
    fn wants(&self) -> Wants {
        self.deferred.iter().map(ExpressionField::wants).fold(self.scripts.wants(), Wants::or)
    }

    fn context(&self, policies: &Policies, limits: &Arc<Limits>) -> DocumentContext {
        DocumentContext {
            places: self.places.clone(),
            scripts: self.scripts.clone(),
            root: self.root.clone(),
            lua_path: self.lua_path.clone(),
            policies: policies.clone(),
            limits: Arc::clone(limits),
            cores: self.inputs.cores,
            scope: self.scope.clone(),
        }
    }

    fn step(
        &self,
        id: StepId,
        step: &config::Step,
        indexed: &IndexedStep,
        builder: &StepBuilder<'_>,
        context: Option<&Arc<DocumentContext>>,
    ) -> Built<Step> {
        let pointer = &indexed.pointer;
        let body = match self.deferred(pointer, context) {
            Some(deferred) => Body::Deferred(Arc::new(deferred)),
            None => Body::Ready(builder.verb(pointer, &step.verb)?),
        };
        let input = |one: &Reference| Some(Input { step: step_id(one.step?), failed: one.failed });
        let when = format!("{pointer}/when");
        let when = self
            .scripts
            .get(&when)
            .map(|script| Expression { script, span: self.places.find(&DocumentPart::Value(&when)).1 });
        let deadline = builder.known(&format!("{pointer}/deadline"), step.deadline.as_ref())?;
        let local = builder.known(&format!("{pointer}/local"), step.local.as_ref())?;
        Ok(Step {
            id,
            name: indexed.name.as_str().into(),
            verb: step.verb.kind(),
            description: step.description.clone(),
            from: indexed.from.iter().filter_map(input).collect(),
            with: indexed.with.as_ref().and_then(input),
            needs: indexed.needs.iter().filter_map(|one| one.step.map(step_id)).collect(),
            when,
            deadline: deadline.map(|limit| limit.0),
            local: local.unwrap_or(false),
            limit: builder.limit.filter(|_| indexed.is_source()),
            body,
            span: self.places.find(&DocumentPart::Key(pointer)).1,
        })
    }

    /// The step at `pointer`, when it has expressions that need the results of others.
    fn deferred(&self, pointer: &str, context: Option<&Arc<DocumentContext>>) -> Option<Deferred> {
        let inside = format!("{pointer}/");
        let fields: Vec<ExpressionField> =
            self.deferred.iter().filter(|field| field.pointer.starts_with(&inside)).cloned().collect();
        let context = context.filter(|_| !fields.is_empty())?;
        Some(Deferred {
            json: self.places.value().pointer(pointer).cloned().unwrap_or_default(),
            pointer: pointer.to_owned(),
            fields,
            context: Arc::clone(context),
        })
    }
}

fn step_id(at: usize) -> StepId {
    StepId(u32::try_from(at).expect("a file of four billion steps is refused for its length"))
}
