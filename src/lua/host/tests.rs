//! This module holds helpers of the host modules' tests, and the tests over all functions.

mod bounds;
mod codec;
mod csv;
mod fs;
mod hash;
mod html;
mod image;
mod integers;
mod methods;
mod path;
mod rand;
mod re;
mod sqlite;
mod str;
mod string;
mod tbl;
mod template;
mod template_lists;
mod time;
mod toml;
mod url;
mod wall;
mod yaml;

use std::ops::Deref;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex};

use mlua::{Lua, Value};

use super::{MODULES, NAMED, functions, install};
use crate::event::StepId;
use crate::lua::globals::Globals;
use crate::lua::host_error::HostError;
use crate::lua::options::Scope;
use crate::lua::permissions::{Allowed, Permissions, Protected};
use crate::lua::raw::{Current, LuaContext, Vm};
use crate::lua::signature::Signature;
use crate::lua::temporaries::Temporaries;
use crate::lua::tests::scope;
use crate::lua::{Cancel, Guard};

/// A host function that does not return, as none should: until [`release_stalled`].
pub(super) fn stall() {
    let (is_over, changed) = &STALLED;
    let mut is_over = is_over.lock().unwrap();
    while !*is_over {
        is_over = changed.wait(is_over).unwrap();
    }
}

/// Lets all threads go that are in [`stall`].
pub(crate) fn release_stalled() {
    *STALLED.0.lock().unwrap() = true;
    STALLED.1.notify_all();
}

static STALLED: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// A worker's VM without the worker.
pub(super) struct TestVm(Vm);

impl Deref for TestVm {
    type Target = Lua;

    fn deref(&self) -> &Lua {
        self.0.lua()
    }
}

/// A VM with the host modules, and globals that can be set; it reaches its folder.
pub(super) fn vm(root: &Path) -> TestVm {
    vm_with(root, Allowed::default())
}

/// A VM with these permissions.
pub(super) fn vm_with(root: &Path, allowed: Allowed) -> TestVm {
    let vm = open();
    let permissions = Permissions::new(root, allowed, &Allowed::default(), Protected::default());
    install(vm.lua(), root, &Arc::new(permissions), &Rc::new(Temporaries::new(|| 0))).unwrap();
    vm.lua().sandbox(true).unwrap();
    TestVm(vm)
}

/// A VM as the worker sets it up.
fn whole_vm(root: &Path) -> TestVm {
    let vm = open();
    let permissions = Permissions::new(root, Allowed::default(), &Allowed::default(), Protected::default());
    let scope = Scope { permissions: Arc::new(permissions), ..scope() };
    Globals::install(&vm, &scope, root).unwrap();
    TestVm(vm)
}

fn open() -> Vm {
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let mut current = Current::new(guard, 7, true);
    current.memory = crate::lua::Memory::of_step(256_000_000);
    current.limits = [Arc::from("tokens")].into();
    let current = Rc::new(current);
    let context = LuaContext { step: "s", run: "r", worker: 1, max_attempts: 1 };
    Vm::open(current, &context).unwrap()
}

/// A folder with the files that examples use: `abc.txt` and `photo.png`.
pub(super) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("abc.txt"), "abc").unwrap();
    image::photo(8, 6).save(folder.path().join("photo.png")).unwrap();
    folder
}

/// Whether both expressions have the same values.
pub(super) fn check(expression: &str, expect: &str) {
    let folder = folder();
    let lua = vm(folder.path());
    let chunk = format!(
        "local function pack(...) return {{n = select('#', ...), ...}} end
         return tbl.equal(pack({expression}), pack({expect})), pack({expression})"
    );
    let (same, got): (bool, Value) =
        lua.load(chunk).eval().unwrap_or_else(|error| panic!("{expression}: {error}"));
    assert!(same, "{expression}\n  is {got:#?}\n  not {expect}");
}

/// Whether the expression raises this error.
pub(super) fn check_error(expression: &str, expect: &str) {
    let folder = folder();
    let error = vm(folder.path()).load(expression).eval::<Value>().expect_err(expression);
    assert_eq!(host_error(&error).map(|error| error.message.as_str()), Some(expect), "{expression}: {error}");
}

/// The host error inside what mlua made of it.
pub(super) fn host_error(error: &mlua::Error) -> Option<&HostError> {
    match error {
        mlua::Error::CallbackError { cause, .. } | mlua::Error::WithContext { cause, .. } => {
            host_error(cause)
        }
        error => error.downcast_ref(),
    }
}

#[test]
fn every_example_gives_its_result() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("lib")).unwrap();
    std::fs::write(folder.path().join("lib/text.lua"), "return {greeting = 'hello'}").unwrap();
    let lua = whole_vm(folder.path());
    // Some are for the function of an item only.
    lua.0.current.index.set(1);
    for function in functions() {
        let name = function.shown();
        assert!(function.doc.ends_with('.'), "{name}");
        assert!(function.example.contains(function.name), "{name}");
        if function.outside {
            let chunk = format!("local a, b = {}, {}", function.example, function.result);
            Lua::new().load(chunk).into_function().expect(function.example);
            continue;
        }
        let chunk = format!(
            "local function pack(ok, ...)
               if not ok then return {{error = tostring((...))}} end
               return {{n = select('#', ...), ...}}
             end
             local function run(work) return coroutine.resume(coroutine.create(work)) end
             local got = pack(run(function() return {} end))
             local expect = pack(run(function() return {} end))
             return tbl.equal(got, expect), got",
            function.example, function.result
        );
        // `return log.info("x")` gives as many values as the function does.
        let (same, got): (bool, Value) =
            lua.load(chunk).eval().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(same, "{}\n  is {got:#?}\n  not {}", function.example, function.result);
    }
}

#[test]
fn every_function_refuses_a_missing_first_argument() {
    let folder = tempfile::tempdir().unwrap();
    let lua = whole_vm(folder.path());
    for function in functions() {
        let name = function.shown();
        let signature = Signature::read(function.signature).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Signature::Function(shape) = signature else { continue };
        let may_be_missing =
            shape.parameters.first().is_none_or(|(name, kind)| name == "..." || kind.takes_nil());
        let is_method = name.contains(':');
        // `flow` and `log` take anything, so that what is to be said is not lost over its type.
        if may_be_missing || is_method || ["flow", "log"].contains(&function.module) {
            continue;
        }
        let chunk = format!("local ok, err = pcall({name}) return not ok and err.message or 'no error'");
        let message: String = lua.load(chunk).eval().unwrap();
        let named = message.starts_with(&format!("bad argument #1 to `{name}` ("));
        assert!(named && message.ends_with("expected, got nil)"), "{name}: {message}");
    }
}

#[test]
fn every_module_and_every_named_type_is_explained() {
    const OWN: &[&str] =
        &["any", "boolean", "function", "never", "nil", "number", "string", "table", "thread", "userdata"];
    let mut wrong = Vec::new();
    for function in functions() {
        let module = function.module.split('.').next().unwrap_or_default();
        let is_type = module.starts_with(|first: char| first.is_ascii_uppercase());
        let known = module.is_empty()
            || if is_type {
                NAMED.iter().any(|named| named.name == module)
            } else {
                MODULES.iter().any(|(name, _)| *name == module)
            };
        if !known {
            wrong.push(format!("{} is in no module or type of `page`", function.shown()));
        }
        match Signature::read(function.signature) {
            Err(message) => wrong.push(format!("{}: {message}", function.shown())),
            Ok(Signature::Value(kind)) => kind.names(&mut |name| wrong.extend(unknown(name, OWN))),
            Ok(Signature::Function(shape)) => shape.names(&mut |name| wrong.extend(unknown(name, OWN))),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn unknown(name: &str, own: &[&str]) -> Option<String> {
    let known = own.contains(&name) || NAMED.iter().any(|named| named.name == name);
    (!known).then(|| format!("the type `{name}` is not in `page`"))
}
