//! This module takes a file as read to a plan, and collects everything that is wrong on the way.
//!
//! The checks work on the JSON value, so they run whether or not the schema has refused the file; a plan is only built
//! when nothing is wrong. Else the steps that are sound are built for what is wrong with them alone.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::assemble::ValidDocument;
use super::expand::{self, Expander, ExpressionField, When};
use super::inputs::{Inputs, UsageError};
use super::lua_pieces::LuaPiece;
use super::params::{self, Declaration, Values};
use super::places::{DocumentPart, PlacedDocument};
use super::scripts::Scripts;
use super::sound_steps::SoundSteps;
use super::step::Plan;
use super::step_index::StepIndex;
use super::warnings::WarningContext;
use super::{
    CODES, FINDINGS_MAX, big_literals, codes, columns_of, file_checks, file_function, include, lookalikes,
    lua_escapes, lua_path, missing_modules, name_clash, overrides, permissions, policies, program,
    rate_limits, references, secrets, test_case, undeclared, unknown_globals,
};
use crate::config;
use crate::lua::{Allowed, LuaPath, Permissions, Protected, Scope};
use crate::source::{Diagnostic, Severity, nearest};
use crate::value::Secrets;

/// The floor below says so of its own findings.
const TOO_MANY: &str = "flowrun::too_many";

/// A file after all checks.
#[derive(Debug)]
pub struct Loaded {
    /// What to run; `None` when there is an error, or when a check had to leave values open.
    pub plan: Option<Plan>,
    /// All findings of all layers, by position.
    pub diagnostics: Vec<Diagnostic>,
    /// What is wrong with the command line or the environment.
    pub usage: Vec<UsageError>,
    /// The values that no message may show.
    pub secrets: Secrets,
}

/// Checks a file with the values of one run, and makes a plan of it when nothing is wrong.
pub fn load(loaded: config::Loaded, inputs: &Inputs) -> Loaded {
    let is_valid = loaded.is_valid();
    let config::Loaded { document, diagnostics, mended, .. } = loaded;
    let Some(document) = document else {
        return Loaded { plan: None, diagnostics, usage: Vec::new(), secrets: Secrets::default() };
    };
    let (mut usage, mut found) = (Vec::new(), diagnostics);
    let root = root(&document, inputs);
    let mut places = PlacedDocument::of(document);
    include::merge(&mut places, &root, &inputs.open, &mut found);
    let is_valid = is_valid && !places.is_partial;
    overrides::apply(&mut places, &inputs.set, is_valid, &mut usage);
    let lua_path = lua_path::of(&places, &root, &mut found).with_open(inputs.open.clone());
    let mut loading = Loading {
        root,
        lua_path,
        places,
        inputs,
        is_valid,
        found,
        usage,
        deferred: Vec::new(),
        open: Vec::new(),
        is_mended: mended,
        is_substituted: false,
        secrets: Secrets::default(),
    };
    let plan = loading.plan();
    let Loading { places, mut found, mut usage, secrets, .. } = loading;
    places.split_usage(&mut found, &mut usage);
    // What was dropped to read a broken file may well have used the rest.
    let is_noise =
        |one: &Diagnostic| mended && [codes::UNUSED_STEP, codes::UNREAD_FAILURES].contains(&one.code);
    let allowed = places.document.allowed();
    found.retain(|one| one.severity == Severity::Error || !(allowed.accepts(one.code) || is_noise(one)));
    found.sort_by_key(Diagnostic::start);
    bound(&mut found);
    let is_clean = usage.is_empty() && found.iter().all(|one| one.severity != Severity::Error);
    Loaded { plan: plan.filter(|_| is_clean), diagnostics: found, usage, secrets }
}

/// Keeps the list short enough to be read.
fn bound(found: &mut Vec<Diagnostic>) {
    let said = found.iter().position(|one| one.code == TOO_MANY).map(|at| found.remove(at));
    let more = found.len().saturating_sub(FINDINGS_MAX);
    found.truncate(FINDINGS_MAX);
    match (said, found.last()) {
        (Some(said), _) => found.push(said),
        (None, Some(last)) if more > 0 => {
            let message = format!("the file has {more} more findings");
            found.push(Diagnostic::error(TOO_MANY, &Arc::clone(&last.file), message).help("fix these first"));
        }
        (None, _) => {}
    }
}

/// The folder of the pipeline file.
fn root(document: &config::Document, inputs: &Inputs) -> PathBuf {
    let folder = document.file.path().parent().unwrap_or(document.file.path());
    crate::data::normal(&inputs.current_dir.join(folder))
}

struct Loading<'a> {
    root: PathBuf,
    lua_path: LuaPath,
    places: PlacedDocument,
    inputs: &'a Inputs,
    /// Whether the floor below found no error.
    is_valid: bool,
    found: Vec<Diagnostic>,
    usage: Vec<UsageError>,
    /// Fields that need the results of steps.
    deferred: Vec<ExpressionField>,
    /// Pointers to fields that have no value, because of a fault or of a parameter that was not given.
    open: Vec<String>,
    /// Whether parts of the file were dropped to read the rest.
    is_mended: bool,
    /// Whether expressions have given values.
    is_substituted: bool,
    secrets: Secrets,
}

impl Loading<'_> {
    fn plan(&mut self) -> Option<Plan> {
        self.secrets = secrets::read(&self.top("secrets"), self.inputs, &self.root, &mut self.usage);
        secrets::check(&self.secrets, &self.places, &mut self.found);
        let env = params::env(&self.top("env"), self.inputs, &mut self.usage);
        let fields = expand::fields(&self.places, "");
        let params = self.params(&fields, &env);
        let scope = self.scope(&params, &env);
        self.expand(&fields, &scope, (&params, &env), |when| when != When::Params);
        self.validate();
        let step_index = StepIndex::of(self.places.value());
        let order = references::check(&self.places, &step_index, &fields, &mut self.found);
        undeclared::check(&self.places, &fields, &mut self.found);
        policies::check(&self.places, &step_index, &mut self.found);
        file_checks::check(&self.places, &step_index, &self.lua_path, &mut self.found);
        program::check(&self.places, &step_index, &self.root, &mut self.found);
        name_clash::check(&self.places, &step_index, &mut self.found);
        columns_of::check(&self.places, &step_index, &self.deferred, &mut self.found);
        let scripts = Scripts::compile(&self.places, &step_index, &self.lua_path, &mut self.found);
        rate_limits::check(&self.places, &step_index, &scripts, &mut self.found);
        let permissions = permissions::permissions(&self.places, &self.lua_path, self.inputs);
        permissions::check(&self.places, &step_index, &scripts, &permissions, &mut self.found);
        let pieces = LuaPiece::all(&self.places, &step_index, &scripts, &fields, &self.lua_path);
        big_literals::check(&self.places, &pieces, &mut self.found);
        lua_escapes::check(&self.places, &pieces, &mut self.found);
        lookalikes::check(&self.places, &pieces, &mut self.found);
        unknown_globals::check(&self.places, &pieces, &scripts, &mut self.found);
        missing_modules::check(&self.places, &pieces, &self.lua_path, &mut self.found);
        file_function::check(&self.places, &step_index, &scripts, (&scope, &self.lua_path), &mut self.found);
        let advice = WarningContext {
            places: &self.places,
            step_index: &step_index,
            scripts: &scripts,
            fields: &fields,
            order: &order,
            root: &self.root,
            inputs: self.inputs,
        };
        advice.give(&mut self.found);
        self.check_allowed();
        test_case::check(&self.places, &step_index, &self.top("params"), &mut self.found);
        let errors = self.found.iter().any(|one| one.severity == Severity::Error);
        if errors || self.is_mended || !self.open.is_empty() || !self.usage.is_empty() {
            self.judge_sound_steps(&step_index, &scripts);
            return None;
        }
        let checked = ValidDocument {
            places: &self.places,
            step_index: &step_index,
            scripts: &scripts,
            deferred: &self.deferred,
            root: &self.root,
            lua_path: &self.lua_path,
            scope: &scope,
            permissions: Arc::new(permissions),
            inputs: self.inputs,
        };
        checked.plan(&order, &mut self.found)
    }

    /// Finds what the building of steps alone tells, although there will be no plan.
    fn judge_sound_steps(&mut self, step_index: &StepIndex, scripts: &Scripts) {
        // What was dropped of a broken file may be what a step lacks.
        if self.is_mended {
            return;
        }
        let sound = SoundSteps {
            places: &self.places,
            step_index,
            scripts,
            open: &self.open,
            deferred: &self.deferred,
            root: &self.root,
            inputs: self.inputs,
        };
        let more = sound.findings(&self.found);
        self.found.extend(more);
    }

    fn top(&self, key: &str) -> Map<String, Value> {
        self.places.value().get(key).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    /// The values in scope of expressions. They are evaluated by a check too, so they may look at files but change
    /// and reach nothing, whatever the file grants.
    fn scope(&self, params: &Values, env: &Values) -> Scope {
        let allowed = Allowed { write: Some(Vec::new()), ..Allowed::default() };
        Scope {
            params: Value::Object(params.known.clone()).to_string().into(),
            env: Value::Object(env.known.clone()).to_string().into(),
            // None has ended yet; expressions that ask for one wait until the step starts.
            steps: Some("{}".into()),
            run: json!({ "id": &*self.inputs.run }).to_string().into(),
            permissions: Arc::new(permissions::with_lua_path(
                &Permissions::new(&self.root, allowed, &Allowed::default(), Protected::default()),
                &self.lua_path,
            )),
            secrets: self.secrets.clone(),
            shows_run: false,
            shows_secrets: false,
        }
    }

    /// The parameters' values; their defaults may use the environment.
    fn params(&mut self, fields: &[ExpressionField], env: &Values) -> Values {
        let early = self.scope(&Values::default(), env);
        self.expand(fields, &early, (&Values::default(), env), |when| when == When::Params);
        let mut declared = Vec::new();
        for (name, value) in &self.top("params") {
            let Some(param) = Declaration::read(name, value) else { continue };
            if let Some((key, message)) = param.contradiction(!value.is_object()) {
                let mut pointer = format!("/params/{}", config::escape_key(name));
                if let Some(key) = key {
                    pointer = format!("{pointer}/{key}");
                }
                let found = self.places.error(
                    codes::BAD_PARAM,
                    message,
                    &DocumentPart::Value(&pointer),
                    "does not fit the rest",
                );
                self.found.push(found);
            }
            declared.push(param);
        }
        params::params(&declared, self.inputs, &self.root, &mut self.usage)
    }

    /// Puts the values of expressions in their place, and notes the fields that have none.
    fn expand(
        &mut self,
        fields: &[ExpressionField],
        scope: &Scope,
        (params, env): (&Values, &Values),
        wanted: impl Fn(When) -> bool,
    ) {
        let mut values = Vec::new();
        let expander = Expander {
            places: &self.places,
            lua_path: &self.lua_path,
            scope,
            missing_params: &params.missing,
            missing_env: &env.missing,
        };
        for field in fields.iter().filter(|field| wanted(field.when)) {
            if !expander.check(field, &mut self.found) {
                self.open.push(field.pointer.clone());
                continue;
            }
            if field.is_deferred() {
                self.deferred.push(field.clone());
                continue;
            }
            if !expander.can_evaluate(field) {
                self.open.push(field.pointer.clone());
                continue;
            }
            match expander.evaluate(field) {
                Ok(value) => values.push((field, value)),
                Err(finding) => {
                    self.found.push(*finding);
                    self.open.push(field.pointer.clone());
                }
            }
        }
        self.substitute(values);
    }

    fn substitute(&mut self, values: Vec<(&ExpressionField, Value)>) {
        for (field, value) in values {
            if let Some(place) = self.places.document.value.pointer_mut(&field.pointer) {
                *place = value;
                self.is_substituted = true;
            }
        }
    }

    /// Values of expressions must be what the schema wants in their place.
    fn validate(&mut self) {
        // A file that is wrong without them has been judged already.
        if !self.is_substituted || !self.is_valid {
            return;
        }
        let errors = self.places.validate();
        self.found.extend(errors.into_iter().filter(|one| one.severity == Severity::Error));
    }

    /// `x-allow` may name only codes that findings have.
    fn check_allowed(&mut self) {
        let list = self.places.value().get("x-allow").and_then(Value::as_array).cloned().unwrap_or_default();
        for (at, code) in list.iter().enumerate() {
            let Some(code) = code.as_str() else { continue };
            let known =
                || config::CODES.iter().chain(&CODES).map(|(code, _)| code.trim_start_matches("flowrun::"));
            let wanted = code.trim_start_matches("flowrun::");
            if known().all(|name| name != wanted) {
                let label = match nearest(wanted, known()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "no finding has this code".to_owned(),
                };
                let pointer = format!("/x-allow/{at}");
                let message = format!("unknown code `{code}`");
                let found =
                    self.places.error(codes::UNKNOWN_CODE, message, &DocumentPart::Value(&pointer), &label);
                self.found.push(found);
            }
        }
    }
}
