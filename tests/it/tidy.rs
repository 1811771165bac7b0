//! What the code's shape must be, whatever it does: floors, homes of dependencies, sizes, words.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules each module may import, below the one before it. The table of ARCHITECTURE.md.
const FLOORS: &[(&str, &[&str])] = &[
    (
        "cli",
        &["engine", "report", "plan", "spec", "lua", "store", "schedule", "data", "event", "source", "value"],
    ),
    ("engine", &["plan", "lua", "store", "data", "schedule", "event", "value"]),
    ("report", &["event", "value"]),
    ("plan", &["spec", "lua", "schedule", "data", "event", "source", "value"]),
    ("spec", &["source", "value"]),
    ("lua", &["event", "source", "value"]),
    ("store", &["event", "value"]),
    ("schedule", &["event", "value"]),
    ("data", &["value"]),
    ("event", &["value"]),
    ("source", &[]),
    ("value", &[]),
];

/// Dependencies that may appear under these modules only.
const HOMES: &[(&str, &[&str])] = &[
    ("arrow_array", &["data"]),
    ("arrow_json", &["data"]),
    ("arrow_schema", &["data"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("crossbeam_channel", &["engine", "lua"]),
    // In `lua` there is a host module of this name.
    ("csv", &["data", "lua"]),
    ("flate2", &["data", "lua"]),
    ("globset", &["data", "lua"]),
    ("fast_image_resize", &["lua"]),
    ("granit_parser", &["lua", "spec"]),
    ("indicatif", &["report"]),
    ("jpeg_encoder", &["lua"]),
    ("jsonschema", &["spec"]),
    ("landlock", &["lua"]),
    ("lsp_server", &["cli"]),
    ("lsp_types", &["cli"]),
    ("minijinja", &["lua"]),
    ("miette", &["cli"]),
    ("mlua", &["lua"]),
    ("parquet", &["data"]),
    ("rayon", &["engine"]),
    ("regex_automata", &["lua"]),
    ("regex_syntax", &["lua"]),
    ("reqwest", &["lua"]),
    ("rusqlite", &["lua", "store"]),
    ("schemars", &["spec"]),
    ("scraper", &["lua"]),
    ("signal_hook", &["cli"]),
    ("tokio", &["lua"]),
    ("zstd", &["data", "lua", "store"]),
];

/// Lines of a file, tests included. Beyond this there is a noun to split out.
const LINES_MAX: usize = 450;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` with this extension.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The sources with the module of the first level each belongs to; `lib.rs` and `main.rs` belong to none.
fn sources() -> Vec<(String, PathBuf, String)> {
    let src = root().join("src");
    files(&src, "rs")
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&src).expect("found below it");
            let first = inside.components().next().expect("a file has a name");
            let module = first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            (module, path, text)
        })
        .filter(|(module, ..)| module != "lib" && module != "main")
        .collect()
}

/// The code of a file without its comments.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// The names that follow `prefix` in `text`, groups in braces included.
fn names_after<'a>(text: &'a str, prefix: &str) -> BTreeSet<&'a str> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let name = |rest: &'a str| rest.split(|c| !is_name(c)).next().unwrap_or("");
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(group) => {
                names.extend(group.split('}').next().unwrap_or("").split(',').map(|part| name(part.trim())));
            }
            None => {
                names.insert(name(rest));
            }
        }
    }
    names.remove("");
    names
}

#[test]
fn imports_go_down_only() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let allowed = FLOORS.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = allowed else {
            wrong.push(format!("{}: module `{module}` has no floor", path.display()));
            continue;
        };
        for used in names_after(&code(&text), "crate::") {
            let is_module = FLOORS.iter().any(|(name, _)| *name == used);
            if is_module && used != module && !allowed.contains(&used) {
                wrong.push(format!("{}: `{module}` must not import `{used}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn dependencies_stay_at_home() {
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let code = code(&text);
        for (dependency, homes) in HOMES {
            let used = code.match_indices(&format!("{dependency}::")).any(|(at, _)| {
                let before = code[..at].chars().next_back();
                before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
            });
            if used && !homes.contains(&module.as_str()) {
                wrong.push(format!("{}: `{dependency}` belongs to {homes:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

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
        if ["util", "utils", "common", "helpers", "types", "errors", "misc", "mod"].contains(&name.as_str()) {
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
    // A line that runs before `main`, and calls nothing that is unsafe.
    let before_main = root().join("src/data/stdout.rs");
    let strangers: Vec<_> = sources()
        .into_iter()
        .filter(|(_, path, text)| {
            let is_home = path.starts_with(&home)
                || path == &home.with_extension("rs")
                || path == &layer
                || path.starts_with(layer.with_extension(""));
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
