//! Helpers of the host modules' tests, and the tests over all functions.

mod bounds;
mod hash;
mod html;
mod path;
mod re;
mod str;
mod string;
mod tbl;
mod time;

use std::path::Path;
use std::sync::Arc;

use mlua::{Lua, Value};

use super::{ARRAY, Allowed, HostError, Permissions, functions, install};

/// A VM as the worker sets it up, which reaches its folder.
pub(super) fn vm(root: &Path) -> Lua {
    vm_with(root, Allowed::default())
}

/// A VM with these permissions.
pub(super) fn vm_with(root: &Path, allowed: Allowed) -> Lua {
    let lua = Lua::new();
    let array = lua.create_table().unwrap();
    array.raw_set("__metatable", false).unwrap();
    lua.set_named_registry_value(ARRAY, array).unwrap();
    let permissions = Permissions::new(root, allowed, &Allowed::default());
    install(&lua, root, &Arc::new(permissions)).unwrap();
    lua.sandbox(true).unwrap();
    lua
}

/// Whether both expressions have the same values.
pub(super) fn check(expression: &str, expect: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("abc.txt"), "abc").unwrap();
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
    let folder = tempfile::tempdir().unwrap();
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
    for function in functions() {
        assert!(function.doc.ends_with('.') && !function.signature.is_empty(), "{}", function.full_name());
        assert!(function.example.contains(function.name), "{}", function.full_name());
        check(function.example, function.result);
    }
}

#[test]
fn every_function_refuses_a_missing_first_argument() {
    let folder = tempfile::tempdir().unwrap();
    let lua = vm(folder.path());
    let without = ["time.now", "time.iso", "path.join", "tbl.merge", "tbl.clone", "tbl.equal", "tbl.get"];
    for function in functions() {
        let name = function.full_name().to_string();
        let result = lua.load(format!("return {name}()")).eval::<Value>();
        if without.contains(&name.as_str()) {
            continue;
        }
        let error = result.expect_err(&name);
        let message = &host_error(&error).unwrap_or_else(|| panic!("{name}: {error}")).message;
        assert!(message.starts_with(&format!("bad argument #1 to `{name}` (")), "{name}: {message}");
        assert!(message.ends_with("expected, got nil)"), "{name}: {message}");
    }
}
