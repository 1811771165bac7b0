//! These tests hold the shape of the code, whatever it does: floors, circles, homes of dependencies, sizes, words.

mod circles;
mod floors;
mod house;
mod imports;
mod page;
mod shape;
mod sources;
mod tokens;

use sources::{code, root, sources};

/// Lines of a file, tests included. Beyond this there is a noun to split out.
const LINES_MAX: usize = 450;

#[test]
fn files_have_one_noun_and_say_which() {
    let mut wrong = Vec::new();
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            wrong.push(format!("{}: {lines} lines, at most {LINES_MAX}", path.display()));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{}: says nothing of what it is for", path.display()));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // `flowrun types` is a command, and its file has its name.
        let is_command = path.ends_with("cli/types.rs");
        let names = ["util", "utils", "common", "helpers", "types", "errors", "misc", "mod"];
        if names.contains(&name.as_str()) && !is_command {
            wrong.push(format!("{}: `{name}` is no noun of this field", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_has_one_home() {
    let home = root().join("src/lua/raw");
    // The file layer of SQLite, which is a structure of C functions.
    let layer = root().join("src/lua/host/sqlite/ffi.rs");
    // Vectors of bytes, and text that was seen to be ASCII.
    let scan = root().join("src/value/json/scan.rs");
    // One call of the C library that no crate wraps.
    let names = root().join("src/runtime/http/names.rs");
    // A line that runs before `main`, and calls nothing that is unsafe.
    let before_main = root().join("src/data/stdout.rs");
    let strangers: Vec<_> = sources()
        .into_iter()
        .filter(|(_, path, text)| {
            let is_home = path.starts_with(&home)
                || path == &home.with_extension("rs")
                || path == &layer
                || path == &names
                || path.starts_with(layer.with_extension(""))
                || path == &scan
                || path.starts_with(scan.with_extension(""));
            let code = code(text);
            let blocks = ["unsafe {", "unsafe fn", "unsafe impl"].iter().any(|word| code.contains(word));
            !is_home
                && (blocks
                    || ((code.contains(" unsafe(") || code.contains("[unsafe(")) && path != &before_main))
        })
        .map(|(_, path, _)| path.display().to_string())
        .collect();
    assert!(strangers.is_empty(), "unsafe code outside of its homes: {strangers:?}");
}

#[test]
fn nothing_is_left_for_later() {
    let words =
        [concat!("todo", "!("), concat!("unimplemented", "!("), "FIXME", "XXX:", concat!("#[", "ignore")];
    let found: Vec<String> = sources()
        .into_iter()
        .flat_map(|(_, path, text)| {
            words
                .iter()
                .filter(|word| text.contains(**word))
                .map(|word| format!("{}: {word}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}
