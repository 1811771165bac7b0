//! Luau code of our own goes into a VM as bytecode that was committed beside its source: to compile it took a fifth of a short
//! run. A test compares the two.

use std::sync::{LazyLock, OnceLock};

use mlua::chunk::{ChunkMode, Compiler};
use mlua::{Function, Lua};

/// One source of our own.
pub(super) struct OwnCode {
    source: &'static str,
    committed: &'static [u8],
    /// What the compiler made of the source, once a process, where the bytecode is of no use; the error is its message.
    compiled: OnceLock<Result<Vec<u8>, String>>,
}

/// The sources, and where their bytecode stands.
macro_rules! sources {
    ($($(#[$attribute:meta])* $name:ident: $source:literal, $bytecode:literal;)*) => {
        $(
            $(#[$attribute])*
            pub(super) static $name: OwnCode = OwnCode::new(include_str!($source), include_bytes!($bytecode));
        )*

        #[cfg(test)]
        const SOURCES: &[(&OwnCode, &str)] = &[$($(#[$attribute])* (&$name, $bytecode)),*];
    };
}

sources!(
    EXEC: "host/exec.luau", "own_code/exec.luauc";
    GLOBALS: "globals/prelude.luau", "own_code/globals.luauc";
    #[cfg(feature = "http")]
    HTTP: "host/http.luau", "own_code/http.luauc";
    RAND: "host/rand.luau", "own_code/rand.luauc";
    RE: "host/re.luau", "own_code/re.luauc";
    SQLITE: "host/sqlite.luau", "own_code/sqlite.luauc";
    STRING: "host/string.luau", "own_code/string.luauc";
    TBL_LISTS: "host/tbl/lists.luau", "own_code/tbl_lists.luauc";
    TBL_RECORDS: "host/tbl/records.luau", "own_code/tbl_records.luauc";
    YAML: "host/yaml.luau", "own_code/yaml.luauc";
);

/// What bytecode begins with that the compiler at hand makes: its version, and the version of its types. A build against
/// another Luau may have another.
static VERSIONS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytecode = compile("").unwrap_or_default();
    bytecode.truncate(2);
    bytecode
});

impl OwnCode {
    const fn new(source: &'static str, committed: &'static [u8]) -> Self {
        Self { source, committed, compiled: OnceLock::new() }
    }

    /// The function of the whole source, in one VM.
    pub(super) fn load(&self, lua: &Lua) -> mlua::Result<Function> {
        let bytecode = if self.committed.starts_with(&VERSIONS) {
            self.committed
        } else {
            let compiled = self.compiled.get_or_init(|| compile(self.source));
            compiled.as_ref().map_err(mlua::Error::runtime)?
        };
        lua.load(bytecode).set_name("=flowrun").set_mode(ChunkMode::Binary).into_function()
    }
}

/// Without line information, so that errors raised through these functions carry no position of theirs.
fn compile(source: &str) -> Result<Vec<u8>, String> {
    let compiler =
        Compiler::new().set_optimization_level(2).set_debug_level(0).add_disabled_builtin("tonumber");
    compiler.compile(source).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `UPDATE_EXPECT=1` writes the bytecode.
    #[test]
    fn the_committed_bytecode_is_what_the_compiler_makes_of_the_sources() {
        // A VM sets the switches of the compiler.
        let lua = Lua::new();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lua");
        for (code, path) in SOURCES {
            let compiled = compile(code.source).expect("our own code");
            if std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(folder.join(path), &compiled).expect("the folder is writable");
            } else {
                assert!(code.committed == compiled, "{path}: run `UPDATE_EXPECT=1 cargo test own_code`");
                code.load(&lua).expect("it can be loaded");
                assert!(code.compiled.get().is_none(), "{path} was compiled");
            }
        }
    }

    #[test]
    fn bytecode_of_another_version_is_not_used() {
        let lua = Lua::new();
        let other = OwnCode::new("return 7", b"\xfe\x03not what the compiler makes");
        let seven: u32 = other.load(&lua).expect("compiled").call(()).expect("it runs");
        assert_eq!(seven, 7);
    }
}
