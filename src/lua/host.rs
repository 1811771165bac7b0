//! Stand-in until the host modules' branch is merged.

use std::path::Path;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostError {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
    pub(crate) retryable: bool,
}

impl std::fmt::Display for HostError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for HostError {}

pub(super) fn install(_lua: &mlua::Lua, _root: &Path) -> mlua::Result<()> {
    Ok(())
}
