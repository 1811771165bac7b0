//! `flowrun types` writes stubs of the Lua functions, for editors. The `lua` module makes their text.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::console::{put, say};
use super::exit::{Complaint, Exit, Fault};
use crate::lua;

/// The settings of the Lua language server: where the stubs are, and what Luau is to it.
const SETTINGS: &str = r#"{
  "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
  "runtime.version": "Lua 5.3",
  "runtime.builtin": { "io": "disable", "debug": "disable", "package": "disable", "bit32": "enable" },
  "runtime.nonstandardSymbol": ["continue", "+=", "-=", "*=", "/=", "//=", "%=", "^="],
  "workspace.library": ["./flowrun.lua"]
}
"#;

/// Writes the stubs into a folder, or to standard output.
pub(super) fn command(folder: Option<&Path>) -> Result<Exit, Fault> {
    let stubs = lua::stubs();
    let Some(folder) = folder else {
        put(stubs.as_bytes())?;
        return Ok(Exit::Success);
    };
    let target = folder.join("flowrun.lua");
    match fs::read(&target) {
        Ok(old) if !is_ours(&old, &stubs) => {
            let complaint = Complaint::new(format!("`{}` is a file of your own", target.display()));
            return Err(complaint.help("name another folder, or move the file").into());
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(cannot("read", &target, &error)),
    }
    fs::create_dir_all(folder).map_err(|error| cannot("make", folder, &error))?;
    fs::write(&target, stubs).map_err(|error| cannot("write", &target, &error))?;
    say(&format!("wrote {}", target.display()));
    let settings = folder.join(".luarc.json");
    if !settings.exists() {
        fs::write(&settings, SETTINGS).map_err(|error| cannot("write", &settings, &error))?;
        say(&format!("wrote {}", settings.display()));
    }
    Ok(Exit::Success)
}

/// Whether a file is one that an older flowrun wrote: it begins as the stubs do.
fn is_ours(old: &[u8], stubs: &str) -> bool {
    let head: String = stubs.split_inclusive('\n').take(2).collect();
    old.starts_with(head.as_bytes())
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Fault {
    Complaint::new(format!("cannot {what} `{}`: {error}", path.display())).into()
}
