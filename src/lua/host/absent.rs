//! Modules that this flowrun was built without say so as soon as somebody takes a function of theirs.

use mlua::{Lua, Value};

use crate::lua::host_error::HostError;

/// The modules that a feature of the build brings, and whether it did.
const OPTIONAL: [(&str, bool); 2] = [("http", cfg!(feature = "http")), ("image", cfg!(feature = "image"))];

/// Puts a table in the place of each module that is not there.
pub(super) fn install(lua: &Lua) -> mlua::Result<()> {
    for (name, _) in OPTIONAL.iter().filter(|(_, is_there)| !is_there) {
        let missing = lua.create_function(move |_, (_, _): (Value, Value)| -> mlua::Result<Value> {
            let message = format!("this flowrun was built without the module `{name}`");
            Err(HostError::error(message).into())
        })?;
        let (module, meta) = (lua.create_table()?, lua.create_table()?);
        meta.raw_set("__index", missing)?;
        module.set_metatable(Some(meta))?;
        lua.globals().raw_set(*name, module)?;
    }
    Ok(())
}
