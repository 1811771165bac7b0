//! This module sets up a worker's VM with the script loaded into it and its `setup` run.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::explain;
use crate::event::FailureKind;
use crate::lua::globals::{self, Globals};
use crate::lua::guard::{Guard, Limits, Reason};
use crate::lua::options::{Scope, WorkerOptions};
use crate::lua::raw::{Callee, Current, LuaContext, Raised, Take, Vm};
use crate::lua::script::{Direct, LuaChunk, PARAMETERS, RETRY_PARAMETERS, Script, Sources};
use crate::lua::temporaries::Temporaries;
use crate::lua::{Gates, Memory, ScriptError};
use crate::runtime::clock;

/// A VM that is ready for items.
pub(super) struct LoadedVm {
    pub(super) vm: Vm,
    pub(super) sources: Rc<RefCell<Sources>>,
    pub(super) temporaries: Rc<Temporaries>,
    /// The item function.
    pub(super) function: Callee,
    /// `retries.when`
    pub(super) retry_when: Option<Callee>,
}

/// What a VM is made from.
pub(super) struct Recipe<'a> {
    pub(super) scope: &'a Scope,
    pub(super) step: &'a str,
    pub(super) worker: u32,
    pub(super) max_attempts: u32,
    pub(super) memory: Memory,
    pub(super) seed: u64,
    pub(super) logs: bool,
    pub(super) limits: &'a Arc<[Arc<str>]>,
    pub(super) gates: &'a Gates,
    /// What messages call the script.
    pub(super) what: &'static str,
    /// What the function has in scope by name.
    pub(super) parameters: &'a str,
    /// Whether items go through the function one after the other, so that the fast way is worth its compiling.
    pub(super) takes_items: bool,
    /// Limit of what runs while loading.
    pub(super) limit: Option<Duration>,
}

impl LoadedVm {
    pub(super) fn new(
        script: &Script,
        options: &WorkerOptions,
        guard: &Arc<Guard>,
    ) -> Result<Self, ScriptError> {
        let recipe = Recipe {
            scope: &options.scope,
            step: &options.step,
            worker: options.worker,
            max_attempts: options.max_attempts,
            memory: options.memory,
            seed: options.seed,
            logs: options.logs,
            limits: &options.limits,
            gates: &options.gates,
            what: "the function",
            parameters: PARAMETERS,
            takes_items: true,
            limit: None,
        };
        let mut loaded = Self::make(script, &recipe, guard)?;
        if let Some(when) = &options.retry_when {
            loaded.retry_when = Some(loaded.load(when, RETRY_PARAMETERS, None)?);
        }
        Ok(loaded)
    }

    /// Opens a VM and loads `script`.
    pub(super) fn make(
        script: &Script,
        recipe: &Recipe<'_>,
        guard: &Arc<Guard>,
    ) -> Result<Self, ScriptError> {
        if let Some(error) = script.check().into_iter().next() {
            return Err(syntax_error(script, &error));
        }
        let mask = recipe.scope.secrets.mask().clone();
        let mut current = Current::new(Arc::clone(guard), recipe.seed, recipe.logs);
        current.mask = mask;
        current.memory = recipe.memory;
        current.limits = Arc::clone(recipe.limits);
        current.gates = recipe.gates.clone();
        let current = Rc::new(current);
        let run = run_id(&recipe.scope.run);
        let context = LuaContext {
            step: recipe.step,
            run: &run,
            worker: recipe.worker,
            max_attempts: recipe.max_attempts,
        };
        let vm = Vm::open(current, &context).map_err(|error| fault(&error, recipe.memory))?;
        let globals = Globals::install(&vm, recipe.scope, script.root())
            .map_err(|error| fault(&error, recipe.memory))?;
        let Globals { sources, temporaries } = globals;
        let mut loaded = Self { vm, sources, temporaries, function: Callee::NONE, retry_when: None };
        // What runs while loading is the `setup`, or the top level of a file.
        loaded.vm.current.running.set(if script.has_setup() { "`setup`" } else { recipe.what });
        let direct = if recipe.takes_items { script.direct().ok() } else { None };
        loaded.function = match direct {
            Some(direct) => loaded.load_direct(direct, recipe.limit)?,
            None => loaded.load(script, recipe.parameters, recipe.limit)?,
        };
        loaded.vm.current.running.set(recipe.what);
        loaded.vm.use_only(script.used_fields());
        Ok(loaded)
    }

    /// The function of `script`, after its `setup` has run.
    pub(super) fn load(
        &self,
        script: &Script,
        parameters: &str,
        limit: Option<Duration>,
    ) -> Result<Callee, ScriptError> {
        if let Some(chunk) = script.chunk(parameters) {
            let function = self.run_chunk(&chunk, None, limit)?;
            return function.ok_or_else(|| plain_error("the script is no function"));
        }
        if let Some(setup) = script.setup_chunk() {
            self.run_chunk(&setup, None, limit)?;
        }
        let Some((chunk, field)) = script.file_chunk() else { return Err(plain_error("there is no script")) };
        self.run_chunk(&chunk, field, limit)?.ok_or_else(|| {
            plain_error(match field {
                Some(field) => format!("`{}` returns no table with a function `{field}`", chunk.name),
                None => format!("`{}` does not return a function", chunk.name),
            })
        })
    }

    /// The function of a script that has a second one for the fast way.
    fn load_direct(&self, direct: &Arc<Direct>, limit: Option<Duration>) -> Result<Callee, ScriptError> {
        let callee = self.compiled(&direct.chunk)?;
        let mut kept = None;
        self.guarded(limit, || self.vm.call(callee, &[], Take::Functions(&mut kept)))?;
        let [general, fast] = kept.ok_or_else(|| plain_error("the script is no function"))?;
        self.vm.go_direct(direct, fast);
        Ok(general)
    }

    /// Runs a chunk and keeps the function that it returns.
    fn run_chunk(
        &self,
        chunk: &LuaChunk,
        field: Option<&str>,
        limit: Option<Duration>,
    ) -> Result<Option<Callee>, ScriptError> {
        let callee = self.compiled(chunk)?;
        let mut kept = None;
        self.guarded(limit, || self.vm.call(callee, &[], Take::Function(field, &mut kept)))?;
        Ok(kept)
    }

    /// A chunk as a function that runs it.
    fn compiled(&self, chunk: &LuaChunk) -> Result<Callee, ScriptError> {
        self.sources.borrow_mut().add(&chunk.name, chunk.lines.clone());
        let function = globals::load(self.vm.lua(), &chunk.name, &chunk.text)
            .map_err(|error| fault(&error, self.vm.current.memory))?;
        self.vm.keep(&function).map_err(|error| fault(&error, self.vm.current.memory))
    }

    /// Runs code that is no item's: only the step's stop signal and `limit` can end it.
    pub(super) fn guarded(
        &self,
        limit: Option<Duration>,
        body: impl FnOnce() -> Result<(), Raised>,
    ) -> Result<(), ScriptError> {
        let started = clock::now();
        let deadline = limit.and_then(|limit| started.checked_add(limit)).map(|at| (at, Reason::Timeout));
        self.vm.current.deadline.set(deadline.map(|(at, _)| at));
        self.vm.current.guard.enter(&Limits { index: 0, started, deadline, notice: None });
        let result = body();
        self.vm.current.guard.leave();
        self.vm.recover(false);
        result.map_err(|raised| explain::script_error(raised, &self.sources.borrow(), limit))
    }
}

/// `ctx.run`: the `id` in the object that expressions see as `run`.
fn run_id(run: &str) -> String {
    match crate::value::json::to_value(run.as_bytes()) {
        Ok(value) => value.get("id").or(Some(&value)).and_then(|id| id.as_str()).unwrap_or("").to_owned(),
        Err(_) => run.to_owned(),
    }
}

fn syntax_error(script: &Script, error: &crate::lua::SyntaxError) -> ScriptError {
    let file = script.file_of(error);
    let mut place = crate::lua::script::Lines::same(file).place(error.line);
    let indent = file.line(error.line).len() - file.line(error.line).trim_start().len();
    place.column = Some((indent + error.columns.start + 1) as u64);
    ScriptError { place: Some(place), ..plain_error(&error.message) }
}

pub(super) fn plain_error(message: impl Into<String>) -> ScriptError {
    ScriptError::new(FailureKind::Error, message)
}

/// A VM that could not be made ready.
fn fault(error: &mlua::Error, memory: Memory) -> ScriptError {
    if matches!(error, mlua::Error::MemoryError(_)) {
        return ScriptError::new(FailureKind::Memory, memory.exceeded("loading the script"));
    }
    plain_error(error.to_string())
}
