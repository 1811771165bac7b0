//! What the host functions of one VM share: the folder, compiled patterns, a scratch buffer, the checkpoint.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use scraper::Selector;

use super::Temporaries;
use super::outside::Outside;
use super::re::Pattern;
use super::sqlite::Databases;
use super::template::Template;
use crate::lua::Memory;
use crate::lua::errand::Desk;
use crate::lua::permissions::Permissions;
use crate::lua::raw::{ARRAY, Current};

/// Scratch memory above this is given back after a call.
const SCRATCH_KEPT_BYTES: usize = 1 << 20;

/// Patterns kept compiled for each VM. A function that builds more patterns than this out of its data compiles some
/// of them again.
const COMPILED_MAX: usize = 128;

/// One VM's share of the host modules.
pub(super) struct State {
    /// The pipeline's folder, absolute.
    pub(super) root: PathBuf,
    pub(super) permissions: Arc<Permissions>,
    pub(super) temporaries: Rc<Temporaries>,
    /// Metatable of lists.
    pub(super) array: mlua::Table,
    /// A Lua function that does nothing: calling it passes a safepoint, where the watchdog stops overdue attempts.
    pub(super) checkpoint: mlua::Function,
    pub(super) patterns: Compiled<Pattern>,
    pub(super) selectors: Compiled<Selector>,
    /// The databases that this VM has open.
    pub(super) databases: Rc<Databases>,
    /// `set(table, key, digits)` sets an integer beyond 2^53; only a worker's VM can.
    pub(super) set_integer: Option<mlua::Function>,
    /// Memory that values and calls hold outside of the VM.
    pub(super) outside: Outside,
    /// The VM's limit, for messages.
    pub(super) memory: Memory,
    /// Where orders are put and landings found.
    pub(super) desk: Rc<Desk>,
    pub(super) templates: Compiled<Template>,
    scratch: Cell<Vec<u8>>,
}

impl State {
    pub(super) fn new(
        lua: &mlua::Lua,
        root: &Path,
        permissions: &Arc<Permissions>,
        temporaries: &Rc<Temporaries>,
    ) -> mlua::Result<Self> {
        Ok(Self {
            root: std::path::absolute(root).unwrap_or_else(|_| root.to_path_buf()),
            permissions: Arc::clone(permissions),
            temporaries: Rc::clone(temporaries),
            array: array(lua)?,
            checkpoint: lua.load("return function() end").set_name("=flowrun").eval()?,
            patterns: Compiled::default(),
            selectors: Compiled::default(),
            databases: Databases::new(
                lua.app_data_ref::<Rc<Current>>().as_deref(),
                permissions.scratch_made(),
            ),
            set_integer: set_integer(lua)?,
            outside: Outside::default(),
            memory: lua.app_data_ref::<Rc<Current>>().map_or(Memory::fixed(0), |current| current.memory),
            desk: lua.app_data_ref::<Rc<Desk>>().map(|desk| Rc::clone(&desk)).unwrap_or_default(),
            templates: Compiled::default(),
            scratch: Cell::default(),
        })
    }

    /// Lends a cleared buffer, so that a result costs no allocation but its own.
    pub(super) fn with_scratch<R>(&self, fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        let mut scratch = self.scratch.take();
        scratch.clear();
        let result = fill(&mut scratch);
        if scratch.capacity() <= SCRATCH_KEPT_BYTES {
            self.scratch.set(scratch);
        }
        result
    }
}

/// Integers beyond 2^53 become numbers on the way through `mlua`, but `json.decode` makes them.
fn set_integer(lua: &mlua::Lua) -> mlua::Result<Option<mlua::Function>> {
    let Some(json) = lua.globals().raw_get::<Option<mlua::Table>>("json")? else { return Ok(None) };
    let Some(decode) = json.raw_get::<Option<mlua::Function>>("decode")? else { return Ok(None) };
    let make =
        lua.load("local decode = ... return function(t, k, s) t[k] = decode(s) end").set_name("=flowrun");
    make.call(decode).map(Some)
}

/// The metatable of lists: the worker's, or a new one where there is no worker.
fn array(lua: &mlua::Lua) -> mlua::Result<mlua::Table> {
    if let Some(array) = lua.named_registry_value(ARRAY)? {
        return Ok(array);
    }
    let array = lua.create_table()?;
    lua.set_named_registry_value(ARRAY, &array)?;
    Ok(array)
}

/// Compiled forms by their text.
pub(super) struct Compiled<T>(RefCell<HashMap<Box<str>, Rc<T>>>);

impl<T> Default for Compiled<T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<T> Compiled<T> {
    /// The compiled form of `text`, made by `compile` when it is not there yet.
    pub(super) fn get<E>(&self, text: &str, compile: impl FnOnce() -> Result<T, E>) -> Result<Rc<T>, E> {
        if let Some(found) = self.0.borrow().get(text) {
            return Ok(Rc::clone(found));
        }
        let made = Rc::new(compile()?);
        let mut all = self.0.borrow_mut();
        if all.len() >= COMPILED_MAX {
            all.clear();
        }
        all.insert(text.into(), Rc::clone(&made));
        Ok(made)
    }
}
