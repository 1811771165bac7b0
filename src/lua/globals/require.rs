//! `require` loads `.lua` files below the folders of `lua_path`, each run once in a VM.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use mlua::{Function, Lua, Value};

use super::super::script::{Lines, Script, Sources};
use crate::lua::host_error::HostError;
use crate::lua::lua_path::{file_text, module_name};
use crate::lua::permissions::{PATH_MAX, Permissions};
use crate::source::SourceFile;

/// The half of `require` that reaches for files: the function of a module's text, by the module's name.
pub(super) fn loader(
    lua: &Lua,
    permissions: &Arc<Permissions>,
    sources: &Rc<RefCell<Sources>>,
) -> mlua::Result<Function> {
    let permissions = Arc::clone(permissions);
    let sources = Rc::clone(sources);
    lua.create_function(move |lua, name: Value| match name {
        Value::String(name) if name.as_bytes().len() > PATH_MAX => Err(refusal(format!(
            "bad argument #1 to `require` (a name of at most {PATH_MAX} bytes expected)"
        ))),
        Value::String(name) => load(lua, &permissions, &name.to_string_lossy(), &sources),
        other => {
            Err(refusal(format!("bad argument #1 to `require` (string expected, got {})", other.type_name())))
        }
    })
}

fn load(
    lua: &Lua,
    permissions: &Permissions,
    name: &str,
    sources: &RefCell<Sources>,
) -> mlua::Result<Function> {
    let path = module_name(name).map_err(refusal)?;
    let shown = format!("{}.lua", name.replace('.', "/"));
    let missing =
        |error: std::io::Error| refusal(format!("cannot read module `{name}` (`{shown}`): {error}"));
    let outside = |refused: HostError| refusal(format!("module `{name}` lies outside {}", refused.message));
    let text = if let Some(text) = permissions.known_text(&path) {
        text.to_string()
    } else {
        let opened = permissions.open_own(&path).map_err(outside)?;
        file_text(opened.and_then(std::io::read_to_string).map_err(missing)?)
    };
    let file = SourceFile::new(shown.clone(), path, text);
    if let Some(error) = Script::module(&file).check().into_iter().next() {
        return Err(refusal(format!("{shown}:{}: {}", error.line, error.message)));
    }
    sources.borrow_mut().add(&shown, Lines::same(&file));
    super::load::load(lua, &shown, file.text())
}

fn refusal(message: String) -> mlua::Error {
    HostError::refusal(message).into()
}
