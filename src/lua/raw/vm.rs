//! This type is one VM: opened with what every function finds, sealed before it sees the user's code, closed with its
//! worker.

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::rc::Rc;
use std::sync::PoisonError;

use mlua::ffi::{self, lua_State};
use mlua::state::{GcIncParams, GcMode};
use mlua::{Lua, LuaOptions, StdLib, Value};

use super::current::Current;
use super::decode::Learned;
use super::direct::DirectWay;
use super::encode::Encoder;
use super::handle::Coroutine;
use super::registry::{ARRAY, WAIT};
use super::{
    describe, functions, integers, interrupt, json, pause, protected, raised, random, stack, trigger::Trigger,
};
use crate::lua::guard::Interrupt;
use crate::lua::host_error::HostError;
use crate::lua::script::UsedFields;

/// Standard globals that have no place here: they reach around the sandbox, switch its fast paths off, show what
/// differs from run to run, or are replaced.
const REMOVED: [&str; 9] = [
    "getfenv",
    "setfenv",
    "newproxy",
    "loadstring",
    "gcinfo",
    "collectgarbage",
    "require",
    "print",
    "vector",
];

/// Memory that the collector goes through in one step. By default it takes a kilobyte at each allocation, however
/// large that is, so that a few large strings pass the limit long before a cycle has ended. Nobody waits for frames
/// here: whole cycles cost the same in all, and leave no garbage beyond the collector's goal. (Luau multiplies this by
/// 200 · 1024 in 32 bits.)
const GC_STEP_KB: c_int = 8 * 1024;

/// A VM and everything that has to live as long as it.
pub(in crate::lua) struct Vm {
    /// Closed first; the state's C functions point into the other fields.
    lua: Lua,
    /// The main thread of `lua`.
    pub(super) l: *mut lua_State,
    pub(super) trampoline: c_int,
    pub(super) handler: c_int,
    pub(super) ctx: c_int,
    /// Tables that keep what was learned about items and about results.
    pub(super) shapes: c_int,
    pub(super) layouts: c_int,
    pub(super) work: RefCell<WorkingSpace>,
    /// Coroutines that have ended, for reuse.
    pub(super) pool: RefCell<Vec<Coroutine>>,
    pub(in crate::lua) current: Rc<Current>,
}

/// Working space that is kept from item to item.
#[derive(Default)]
pub(super) struct WorkingSpace {
    pub(super) scratch: String,
    pub(super) encoder: Encoder,
    pub(super) learned: Learned,
    /// The fast way, where the function has one.
    pub(super) direct: Option<Box<DirectWay>>,
}

/// The fields of `ctx` that stay the same.
pub(in crate::lua) struct LuaContext<'a> {
    pub(in crate::lua) step: &'a str,
    pub(in crate::lua) run: &'a str,
    pub(in crate::lua) worker: u32,
    pub(in crate::lua) max_attempts: u32,
}

impl Vm {
    /// A VM with the standard library and what only the raw interface can give.
    pub(in crate::lua) fn open(current: Rc<Current>, context: &LuaContext<'_>) -> mlua::Result<Self> {
        let libraries = StdLib::COROUTINE
            | StdLib::TABLE
            | StdLib::OS
            | StdLib::STRING
            | StdLib::UTF8
            | StdLib::BIT
            | StdLib::BUFFER
            | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::new())?;
        let mut l = ptr::null_mut();
        let mut anchors = [0; 5];
        let inspect = lua.create_function(|_, value: Value| Ok(inspect(&value)))?;
        let sample =
            lua.create_function(|_, ()| -> mlua::Result<()> { Err(mlua::Error::runtime("sample")) })?;
        // SAFETY: the closure leaves nothing on the stack, and `current` outlives the state, see `Vm`.
        unsafe {
            lua.exec_raw::<()>((inspect, sample), |state| {
                l = ffi::lua_mainthread(state);
                current.register(state);
                install_errors(state, &current);
                anchors = install(state, &current, context);
                ffi::lua_settop(state, 0);
            })?;
        }
        // SAFETY: pushes one value, a table.
        let array: mlua::Table =
            unsafe { lua.exec_raw((), |state| stack::anchored(state, current.array_anchor.get()))? };
        lua.set_named_registry_value(ARRAY, array)?;
        lua.set_app_data(Rc::clone(&current));
        // SAFETY: pushes one value, a function.
        let wait: mlua::Function =
            unsafe { lua.exec_raw((), |state| functions::push(state, &current, c"wait", pause::wait))? };
        lua.set_named_registry_value(WAIT, wait)?;
        lua.set_app_data(Rc::clone(&current.slot));
        let globals = lua.globals();
        for name in REMOVED {
            globals.raw_set(name, Value::Nil)?;
        }
        globals.raw_get::<mlua::Table>("os")?.raw_set("difftime", Value::Nil)?;
        lua.gc_set_mode(GcMode::Incremental(GcIncParams::default().step_size(GC_STEP_KB)));
        lua.set_memory_limit(current.memory.bytes())?;
        // SAFETY: the state lives until `Vm` is dropped, which takes the trigger away first.
        let trigger = unsafe { Trigger::new(l) };
        let trigger = trigger.map(|trigger| Box::new(trigger) as Box<dyn Interrupt>);
        *current.guard.trigger.lock().unwrap_or_else(PoisonError::into_inner) = trigger;
        let [trampoline, handler, ctx, shapes, layouts] = anchors;
        Ok(Self {
            lua,
            l,
            trampoline,
            handler,
            ctx,
            shapes,
            layouts,
            work: RefCell::default(),
            pool: RefCell::default(),
            current,
        })
    }

    /// The safe interface, to register host modules and load code with.
    pub(in crate::lua) fn lua(&self) -> &Lua {
        &self.lua
    }

    /// Says that these fields of the item matter to the item function and no others.
    pub(in crate::lua) fn use_only(&self, fields: Option<UsedFields>) {
        self.work.borrow_mut().learned.used = fields;
    }

    /// The metatable of errors that mean something to the host.
    pub(in crate::lua) fn signal(&self) -> mlua::Result<mlua::Table> {
        let anchor = self.current.signal_anchor.get();
        // SAFETY: pushes one value, a table.
        unsafe { self.lua.exec_raw((), |l| stack::anchored(l, anchor)) }
    }

    /// Runs `body` such that errors raised in it end it and not the process. Whatever `body` owns must be owned by
    /// the caller of this instead. The status is `LUA_OK` or that of the error; the error value is dropped.
    pub(super) unsafe fn protected(&self, body: &mut dyn FnMut(*mut lua_State)) -> c_int {
        let mut body = body;
        // SAFETY: nothing here allocates in the VM: both values are pushed into slots that every state has to spare.
        unsafe {
            stack::anchored(self.l, self.trampoline);
            ffi::lua_pushlightuserdata(self.l, (&raw mut body).cast());
            let status = ffi::lua_pcall(self.l, 1, 0, 0);
            if status != ffi::LUA_OK {
                ffi::lua_pop(self.l, 1);
            }
            status
        }
    }

    /// Takes the interrupt off after an attempt that was interrupted, and frees what a memory error left behind.
    pub(in crate::lua) fn recover(&self, memory: bool) {
        self.current.guard.calm();
        // SAFETY: the state is live; collecting raises nothing.
        unsafe {
            interrupt::release(self.l);
            if memory {
                ffi::lua_gc(self.l, ffi::LUA_GCCOLLECT, 0);
            }
        }
    }
}

impl Drop for Vm {
    fn drop(&mut self) {
        *self.current.guard.trigger.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Calls the closure whose address it is given.
unsafe extern "C-unwind" fn trampoline(l: *mut lua_State) -> c_int {
    // SAFETY: only called by `Vm::protected`, whose argument lives until the call has ended.
    unsafe {
        let body = ffi::lua_tolightuserdata(l, 1).cast::<&mut dyn FnMut(*mut lua_State)>();
        ffi::lua_settop(l, 0);
        (*body)(l);
    }
    0
}

/// Kind, message, retryability and fields of an error that came through the safe interface.
type Inspected = (&'static str, String, bool, Option<String>);

fn inspect(value: &Value) -> Inspected {
    match value {
        Value::Error(error) => inspect_error(error),
        _ => ("error", "error".to_owned(), true, None),
    }
}

fn inspect_error(error: &mlua::Error) -> Inspected {
    match error {
        mlua::Error::CallbackError { cause, .. } => inspect_error(cause),
        mlua::Error::RuntimeError(message) => {
            let message = message.split("\nstack traceback:").next().unwrap_or_default();
            ("error", message.to_owned(), true, None)
        }
        mlua::Error::MemoryError(_) => ("memory", raised::NO_MEMORY.to_owned(), true, None),
        mlua::Error::ExternalError(cause) => match cause.downcast_ref::<HostError>() {
            Some(HostError { kind, message, retryable, fields }) => {
                (kind, message.clone(), *retryable, fields.clone())
            }
            None => ("error", cause.to_string(), true, None),
        },
        other => ("error", other.to_string(), true, None),
    }
}

/// With `inspect` and a function that fails at 1 and 2: gives the error values of the safe interface fields.
unsafe fn install_errors(l: *mut lua_State, current: &Current) {
    // SAFETY: works on its own part of the stack.
    unsafe {
        ffi::lua_pushvalue(l, 1);
        current.inspect_anchor.set(stack::anchor(l));
        // By error value, what a panic said: it can be asked only once.
        ffi::lua_createtable(l, 0, 0);
        ffi::lua_createtable(l, 0, 1);
        stack::push(l, b"k");
        stack::set_field(l, -2, c"__mode");
        ffi::lua_setmetatable(l, -2);
        current.panics_anchor.set(stack::anchor(l));
        ffi::lua_pushvalue(l, 2);
        ffi::lua_pcall(l, 0, 0, 0);
        if ffi::lua_getmetatable(l, -1) == 0 {
            return;
        }
        current.host_error.set(ffi::lua_topointer(l, -1));
        stack::field(l, -1, c"__tostring");
        current.tostring_anchor.set(stack::anchor(l));
        functions::push(l, current, c"error", functions::error_tostring);
        stack::set_field(l, -2, c"__tostring");
        functions::push(l, current, c"error", functions::error_index);
        stack::set_field(l, -2, c"__index");
    }
}

/// Everything else that is made of C functions and metatables; answers the anchors that `Vm` keeps.
unsafe fn install(l: *mut lua_State, current: &Current, context: &LuaContext<'_>) -> [c_int; 5] {
    // SAFETY: every value that is pushed is popped into a field or the registry.
    unsafe {
        marker(l, &current.array, &current.array_anchor);
        marker(l, &current.object, &current.object_anchor);
        ffi::lua_createtable(l, 0, 2);
        current.signal.set(ffi::lua_topointer(l, -1));
        functions::push(l, current, c"tostring", functions::signal_tostring);
        stack::set_field(l, -2, c"__tostring");
        current.signal_anchor.set(stack::anchor(l));

        json::push_module(l, current);
        ffi::lua_setglobal(l, c"json".as_ptr());
        ffi::lua_createtable(l, 0, 16);
        functions::push(l, current, c"sleep", pause::sleep);
        stack::set_field(l, -2, c"sleep");
        ffi::lua_setglobal(l, c"time".as_ptr());
        integers::install(l, current);
        protected::install(l, current);
        random::install(l, current);
        install_null(l, current);

        functions::push(l, current, c"error", describe::message_handler);
        let handler = stack::anchor(l);
        ffi::lua_pushcfunction(l, trampoline);
        let trampoline = stack::anchor(l);
        push_ctx(l, current, context);
        let ctx = stack::anchor(l);
        ffi::lua_createtable(l, 64, 0);
        let shapes = stack::anchor(l);
        ffi::lua_createtable(l, 64, 0);
        [trampoline, handler, ctx, shapes, stack::anchor(l)]
    }
}

/// An empty metatable that means something by being there.
unsafe fn marker(
    l: *mut lua_State,
    address: &std::cell::Cell<*const c_void>,
    anchor: &std::cell::Cell<c_int>,
) {
    // SAFETY: as for `install`.
    unsafe {
        ffi::lua_createtable(l, 0, 0);
        address.set(ffi::lua_topointer(l, -1));
        ffi::lua_setreadonly(l, -1, 1);
        anchor.set(stack::anchor(l));
    }
}

/// JSON null is a light userdata, and the only one.
unsafe fn install_null(l: *mut lua_State, current: &Current) {
    // SAFETY: as for `install`.
    unsafe {
        ffi::lua_setlightuserdataname(l, 0, c"null".as_ptr());
        ffi::lua_pushlightuserdata(l, ptr::null_mut());
        ffi::lua_createtable(l, 0, 3);
        functions::push(l, current, c"null", functions::null_index);
        stack::set_field(l, -2, c"__index");
        functions::push(l, current, c"null", functions::null_index);
        stack::set_field(l, -2, c"__newindex");
        functions::push(l, current, c"tostring", functions::null_tostring);
        stack::set_field(l, -2, c"__tostring");
        ffi::lua_setreadonly(l, -1, 1);
        ffi::lua_setmetatable(l, -2);
        ffi::lua_pop(l, 1);
    }
}

unsafe fn push_ctx(l: *mut lua_State, current: &Current, context: &LuaContext<'_>) {
    // SAFETY: as for `install`.
    unsafe {
        ffi::lua_createtable(l, 0, 8);
        stack::push(l, context.step.as_bytes());
        stack::set_field(l, -2, c"step");
        stack::push(l, context.run.as_bytes());
        stack::set_field(l, -2, c"run");
        ffi::lua_pushnumber(l, f64::from(context.worker));
        stack::set_field(l, -2, c"worker");
        ffi::lua_pushnumber(l, f64::from(context.max_attempts));
        stack::set_field(l, -2, c"max_attempts");
        functions::push(l, current, c"remaining", functions::remaining);
        stack::set_field(l, -2, c"remaining");
        ffi::lua_createtable(l, 0, 1);
        functions::push(l, current, c"ctx", functions::ctx_index);
        stack::set_field(l, -2, c"__index");
        ffi::lua_setreadonly(l, -1, 1);
        ffi::lua_setmetatable(l, -2);
        ffi::lua_setreadonly(l, -1, 1);
    }
}
