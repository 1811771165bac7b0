//! These tests cover the functions that item functions find: the promised names against the registry, the stubs, the
//! book and the tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use flowrun::lua::{functions, stubs};

/// What the language promises, by module; a module with a capital is a type, and its functions are methods.
const PROMISED: &[(&str, &str)] = &[
    ("", "print int require"),
    ("flow", "skip fail retry spent"),
    ("log", "debug info warn error"),
    ("json", "decode encode null array object lines"),
    ("csv", "decode encode"),
    ("yaml", "decode encode"),
    ("toml", "decode encode"),
    (
        "str",
        "trim ltrim rtrim split lines squeeze starts_with ends_with contains len sub lower upper normalize slug truncate words \
         distance",
    ),
    ("html", "strip text select escape unescape"),
    ("re", "match find find_all gsub split compile"),
    ("Compiled", "match find find_all gsub split"),
    ("tbl", "keys values map filter reduce sort_by group_by merge pick omit get set equal less clone"),
    ("rand", "int float pick shuffle"),
    ("uuid", "v4 v7"),
    ("time", "now parse try_parse format iso sleep duration"),
    ("path", "join dir base stem ext with_ext relative absolute"),
    ("hash", "sha256 sha1 md5 blake3 xxh3 file hmac"),
    ("fs", "read write exists stat list glob mkdir copy move remove tempfile"),
    ("codec.base64", "encode decode"),
    ("codec.hex", "encode decode"),
    ("codec.url", "encode decode"),
    ("codec.gzip", "encode decode"),
    ("codec.zstd", "encode decode"),
    ("template", "render"),
    ("url", "parse build join encode decode"),
    ("http", "get post put delete request"),
    ("exec", "run"),
    ("image", "open decode"),
    ("Image", "pixel mean exif resize crop rotate grayscale save encode"),
    ("sqlite", "open"),
    ("Database", "exec query one close"),
];

/// Every promised name, as Lua code writes it.
fn promised() -> BTreeSet<String> {
    let names = PROMISED.iter().flat_map(|(module, names)| {
        names.split_whitespace().map(move |name| match *module {
            "" => name.to_owned(),
            module if module.starts_with(|first: char| first.is_ascii_uppercase()) => {
                format!("{module}:{name}")
            }
            module => format!("{module}.{name}"),
        })
    });
    names.collect()
}

fn missing(what: &str, is_there: impl Fn(&str) -> bool) {
    let missing: Vec<String> = promised().into_iter().filter(|name| !is_there(name)).collect();
    assert!(missing.is_empty(), "{what}: {missing:?} are missing");
}

#[test]
fn the_registry_has_what_is_promised_and_nothing_else() {
    let registered: BTreeSet<String> = functions().iter().map(flowrun::lua::Function::shown).collect();
    assert_eq!(registered.len(), functions().len(), "a name is registered twice");
    assert_eq!(registered, promised());
}

#[test]
fn the_stubs_have_every_promised_function() {
    let text = stubs();
    missing("the stubs", |name| {
        text.contains(&format!("\nfunction {name}("))
            || (name == "json.null" && text.contains("---@field null "))
    });
}

#[test]
fn the_book_has_every_promised_function() {
    let text = include_str!("../../docs/reference/lua-modules.md");
    missing("the book", |name| {
        [" (", "(", ":"].iter().any(|end| text.contains(&format!("\n- `{name}{end}")))
    });
}

#[test]
fn the_tests_have_every_promised_function() {
    let mut text = String::new();
    for folder in ["src/lua", "tests/it"] {
        read_tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut text);
    }
    missing("the tests", |name| {
        // A method is called on whatever the value is named.
        let (start, name) = name.split_once(':').map_or(("", name), |(_, method)| (":", method));
        text.contains(&format!("{start}{name}("))
            || text.contains(&format!("{start}{name},"))
            || name == "json.null"
    });
}

/// Adds the sources of tests below a folder, but not this file.
fn read_tests(folder: &Path, text: &mut String) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("listed").path()).collect();
    entries.sort();
    for path in entries {
        let shown = path.to_string_lossy();
        if path.is_dir() {
            read_tests(&path, text);
        } else if shown.contains("test") && shown.ends_with(".rs") && !shown.ends_with("it/functions.rs") {
            text.push_str(&fs::read_to_string(&path).expect("sources are UTF-8"));
        }
    }
}
