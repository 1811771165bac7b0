//! This type holds what the host functions of one VM share: the folder, the permissions, a scratch buffer, the
//! checkpoint.

use std::cell::Cell;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use super::outside::Outside;
use super::slots::Slots;
use crate::lua::Memory;
use crate::lua::async_op::Slot;
use crate::lua::permissions::Permissions;
use crate::lua::raw::{ARRAY, Current};
use crate::lua::temporaries::Temporaries;

/// Scratch memory above this is given back after a call.
const SCRATCH_KEPT_BYTES: usize = 1 << 20;

/// One VM's share of the host modules.
pub(super) struct HostState {
    /// The pipeline's folder, absolute.
    pub(super) root: PathBuf,
    pub(super) permissions: Arc<Permissions>,
    pub(super) temporaries: Rc<Temporaries>,
    /// Metatable of lists.
    pub(super) array: mlua::Table,
    /// A Lua function that does nothing: calling it passes a safepoint, where the watchdog stops overdue attempts.
    pub(super) checkpoint: mlua::Function,
    /// What modules keep besides.
    pub(super) slots: Slots,
    /// The folder for temporary files, if there was one when the VM was made.
    pub(super) temporary: Option<Arc<OwnedFd>>,
    /// `set(table, key, digits)` sets an integer beyond 2^53; only a worker's VM can.
    pub(super) set_integer: Option<mlua::Function>,
    /// Memory that values and calls hold outside of the VM.
    pub(super) outside: Outside,
    /// The VM's limit, for messages.
    pub(super) memory: Memory,
    /// Where host functions put operations and find what came of them.
    pub(super) slot: Rc<Slot>,
    scratch: Cell<Vec<u8>>,
}

impl HostState {
    /// What a module keeps under this type.
    pub(super) fn kept<T: Default + 'static>(&self) -> Rc<T> {
        self.slots.get(T::default)
    }

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
            slots: Slots::default(),
            temporary: permissions.scratch_made(),
            set_integer: set_integer(lua)?,
            outside: Outside::default(),
            memory: lua.app_data_ref::<Rc<Current>>().map_or(Memory::fixed(0), |current| current.memory),
            slot: lua.app_data_ref::<Rc<Slot>>().map(|slot| Rc::clone(&slot)).unwrap_or_default(),
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
