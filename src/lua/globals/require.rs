//! `require` loads `.lua` files below the pipeline's folder, each run once in a VM.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use mlua::{Function, Lua, Value};

use super::super::script::{Lines, Script, Sources};
use crate::lua::host_error::HostError;
use crate::lua::permissions::{PATH_MAX, Permissions};
use crate::source::SourceFile;

/// The file of the module `name`; whether it lies inside the folder is only known once links are resolved.
pub(in crate::lua) fn module_path(root: &Path, name: &str) -> Result<PathBuf, String> {
    let plain = |part: &str| {
        !part.is_empty()
            && part.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '-'))
    };
    if !name.split('.').all(plain) {
        return Err(format!("`{name}` is no module name: write `lib.text` for `lib/text.lua`"));
    }
    let mut path = root.to_path_buf();
    path.extend(name.split('.'));
    path.set_extension("lua");
    Ok(path)
}

/// The text of a module, for those who look into it before it runs. A pipe is none: nobody may ever write to it.
pub(in crate::lua) fn module_text(path: &Path) -> Option<Arc<str>> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    std::fs::read_to_string(path).ok().map(Arc::from)
}

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
    let path = module_path(Path::new(""), name).map_err(refusal)?;
    let shown = format!("{}.lua", name.replace('.', "/"));
    let missing =
        |error: std::io::Error| refusal(format!("cannot read module `{name}` (`{shown}`): {error}"));
    let outside = |_| refusal(format!("module `{name}` lies outside the pipeline's folder"));
    let opened = permissions.open_own(&path).map_err(outside)?;
    let text = opened.and_then(std::io::read_to_string).map_err(missing)?;
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
