//! This module installs the globals that know the item or the run: `flow`, `log`, `print`, `require`, `params`,
//! `env`, `secrets`; and the seal over all.
//!
//! `host` holds the modules that are the same for every item (`str`, `html`, …).

mod load;
mod require;

pub(super) use load::load;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use mlua::{Function, Lua, LuaString, Table, Value};

use super::host::{MODULES, functions};
use super::raw::{Current, Vm};
use super::script::Sources;
use crate::event::LogLevel;
use crate::lua::options::{Scope, Spent};
use crate::lua::own_code;
use crate::lua::temporaries::Temporaries;

/// Names and values that a script finds in scope, and how code gets into a VM.
pub(super) struct Globals {
    /// The places of all code that was loaded.
    pub(super) sources: Rc<RefCell<Sources>>,
    /// The files of `fs.tempfile`.
    pub(super) temporaries: Rc<Temporaries>,
}

impl Globals {
    /// Sets everything that is global and seals the VM: from here on nothing that scripts share can change.
    pub(super) fn install(vm: &Vm, scope: &Scope, root: &Path) -> mlua::Result<Self> {
        let lua = vm.lua();
        let current = Rc::clone(&vm.current);
        let temporaries = Rc::new(Temporaries::new(move || current.index.get()));
        super::host::install(lua, root, &scope.permissions, &temporaries)?;
        let sources = Rc::new(RefCell::new(Sources::default()));
        let globals = lua.globals();
        // Native code for functions that mostly raise errors would only make the VM slower to open.
        lua.enable_jit(false);
        let prelude = own_code::GLOBALS.load(lua);
        lua.enable_jit(true);
        let prelude: Table = prelude?.call((
            vm.signal()?,
            lua.create_function(log_function(&vm.current))?,
            lua.create_function(spent_function(&vm.current))?,
            if vm.current.verbose { LogLevel::Debug as u8 } else { LogLevel::Warn as u8 },
            globals.raw_get::<Table>("json")?,
            require::loader(lua, &scope.permissions, &sources)?,
        ))?;
        for name in ["flow", "log", "print", "require"] {
            globals.raw_set(name, prelude.raw_get::<Value>(name)?)?;
        }
        close(lua, &globals, &prelude.raw_get("closed")?)?;
        let freeze: Function = prelude.raw_get("freeze")?;
        let results: Function = prelude.raw_get("steps")?;
        let run = (scope.steps.is_some() || scope.shows_run).then_some(&scope.run);
        let values = [
            ("params", Some(&scope.params), &freeze),
            ("env", Some(&scope.env), &freeze),
            ("steps", scope.steps.as_ref(), &results),
            ("run", run, &freeze),
        ];
        for (name, text, seal) in values {
            if let Some(text) = text {
                globals.raw_set(name, seal.call::<Table>(vm.decode(text)?)?)?;
            }
        }
        if scope.shows_secrets {
            globals.raw_set("secrets", secrets(lua, &globals, scope, &prelude.raw_get("closed")?)?)?;
        }
        lua.sandbox(true)?;
        seal(lua, &globals, prelude.raw_get("refuse")?)?;
        Ok(Self { sources, temporaries })
    }
}

/// Makes a name that a module of ours does not have an error that names the nearest, instead of a nil to call. Lua's own
/// modules answer nil for what they do not have.
fn close(lua: &Lua, globals: &Table, closed: &Function) -> mlua::Result<()> {
    let distance: Function = globals.raw_get::<Table>("str")?.raw_get("distance")?;
    let inner = functions().iter().map(|function| function.module).filter(|module| module.contains('.'));
    let names: BTreeSet<&str> = MODULES.iter().map(|(name, _)| *name).chain(inner).collect();
    for name in names {
        let mut module = globals.clone();
        for part in name.split('.') {
            module = module.raw_get(part)?;
        }
        closed.call::<()>((name, &module, &distance))?;
        // The sandbox seals the tables that are globals, but not those within them.
        module.set_readonly(true);
    }
    for (name, methods) in super::host::types(lua)? {
        closed.call::<()>((name, methods, &distance))?;
    }
    Ok(())
}

/// The table of the secrets; another name in it is an error.
fn secrets(lua: &Lua, globals: &Table, scope: &Scope, closed: &Function) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    for (name, value) in scope.secrets.iter() {
        table.raw_set(name, value)?;
    }
    let distance: Function = globals.raw_get::<Table>("str")?.raw_get("distance")?;
    closed.call::<()>(("secrets", &table, distance))?;
    table.set_readonly(true);
    Ok(table)
}

/// Refuses new globals with a message that says what to do. Reading them stays as fast as the sandbox made it.
fn seal(lua: &Lua, originals: &Table, refuse: Function) -> mlua::Result<()> {
    let meta = lua.create_table()?;
    meta.raw_set("__index", originals)?;
    meta.raw_set("__newindex", refuse)?;
    meta.set_readonly(true);
    let globals = lua.globals();
    globals.set_metatable(Some(meta))?;
    globals.set_readonly(true);
    Ok(())
}

/// Takes what an attempt took of a rate limit; answers what is wrong with that.
fn spent_function(
    current: &Rc<Current>,
) -> impl Fn(&Lua, (LuaString, f64)) -> mlua::Result<Option<String>> + 'static {
    let current = Rc::clone(current);
    move |_, (name, amount)| {
        let names = || current.limits.iter().map(|limit| format!("`{limit}`")).collect::<Vec<_>>().join(", ");
        let Some(limit) = current.limits.iter().find(|limit| name == ***limit) else {
            let name = name.to_string_lossy();
            let known = match current.limits.len() {
                0 => "it takes of no named limit".to_owned(),
                _ => format!("only of {}", names()),
            };
            return Ok(Some(format!(
                "`flow.spent`: the step takes nothing of a rate limit `{name}`, {known}"
            )));
        };
        let index = current.index.get();
        if index == 0 {
            return Ok(Some("`flow.spent` is for the function of an item".to_owned()));
        }
        current.spent.borrow_mut().push(Spent { index, limit: Arc::clone(limit), amount: amount as u64 });
        Ok(None)
    }
}

/// Takes a log line: level, text, fields as JSON.
fn log_function(
    current: &Rc<Current>,
) -> impl Fn(&Lua, (u8, LuaString, Option<LuaString>)) -> mlua::Result<()> + 'static {
    let current = Rc::clone(current);
    move |_, (level, message, fields)| {
        let level = match level {
            0 => LogLevel::Debug,
            1 => LogLevel::Info,
            2 => LogLevel::Warn,
            _ => LogLevel::Error,
        };
        current.log(level, &message.as_bytes(), fields.as_ref().map(LuaString::as_bytes).as_deref());
        Ok(())
    }
}
