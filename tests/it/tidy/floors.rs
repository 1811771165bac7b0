//! Modules of the first level import downward only, as the table of ARCHITECTURE.md says, and dependencies have homes.

use std::collections::BTreeSet;
use std::fs;

use super::sources::{code, root, sources};

/// A row of the table.
struct Floor {
    number: u32,
    module: String,
    /// The modules that it may import.
    below: Vec<String>,
}

/// The table that begins with `| floor | module | may import |`.
fn floors() -> Vec<Floor> {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page is there");
    let table = page.lines().skip_while(|line| !line.starts_with("| floor |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, number, module, below, ..] = cells[..] else { panic!("a row has four cells: {line}") };
        let below = below.split(' ').filter(|name| *name != "–").map(str::to_owned).collect();
        let number = number.parse().expect("floors are numbers");
        Floor { number, module: module.trim_matches('`').to_owned(), below }
    });
    let mut floors: Vec<Floor> = rows.collect();
    let all: Vec<String> = floors.iter().map(|floor| floor.module.clone()).collect();
    for floor in floors.iter_mut().filter(|floor| floor.below == ["all"]) {
        floor.below = all.iter().filter(|module| **module != floor.module).cloned().collect();
    }
    floors
}

/// Dependencies that may appear under these modules only.
const HOMES: &[(&str, &[&str])] = &[
    ("arrow_array", &["data"]),
    ("arrow_buffer", &["data"]),
    ("arrow_schema", &["data"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("crossbeam_channel", &["engine", "lua"]),
    // In `lua` there is a host module of this name.
    ("csv", &["data", "lua"]),
    ("flate2", &["data", "lua"]),
    ("globset", &["data", "lua"]),
    ("encoding_rs", &["data"]),
    ("fast_image_resize", &["lua"]),
    ("gen_lsp_types", &["lsp"]),
    ("granit_parser", &["lua", "config"]),
    ("indicatif", &["report"]),
    ("jpeg_encoder", &["lua"]),
    ("jsonschema", &["config"]),
    ("landlock", &["lua"]),
    ("lsp_server", &["lsp"]),
    ("minijinja", &["lua"]),
    ("minijinja_contrib", &["lua"]),
    ("miette", &["cli"]),
    ("mlua", &["lua"]),
    ("parquet", &["data"]),
    ("rayon", &["engine"]),
    ("regex_automata", &["lua"]),
    ("regex_syntax", &["lua"]),
    ("reqwest", &["runtime"]),
    ("rusqlite", &["data", "lua", "store"]),
    ("rustls", &["runtime"]),
    ("schemars", &["config"]),
    ("scraper", &["lua"]),
    ("signal_hook", &["cli"]),
    // In `lua` and `program` it speaks to programs, which the pools of `engine` do on a thread of theirs.
    ("tokio", &["engine", "lua", "program", "runtime"]),
    ("webp", &["lua"]),
    ("zstd", &["data", "lua", "store"]),
];

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
fn the_table_of_floors_allows_imports_down_only() {
    let floors = floors();
    let names: BTreeSet<&str> = floors.iter().map(|floor| floor.module.as_str()).collect();
    assert_eq!(names.len(), floors.len(), "each module has one row");
    for floor in &floors {
        for below in &floor.below {
            let number = floors.iter().find(|other| other.module == *below).map(|other| other.number);
            assert!(number.is_some_and(|number| number < floor.number), "`{}` above `{below}`", floor.module);
        }
    }
}

#[test]
fn imports_go_down_only() {
    let floors = floors();
    let mut wrong = Vec::new();
    for (module, path, text) in sources() {
        let Some(floor) = floors.iter().find(|floor| floor.module == module) else {
            wrong.push(format!("{}: module `{module}` has no floor", path.display()));
            continue;
        };
        for used in names_after(&code(&text), "crate::") {
            let is_module = floors.iter().any(|floor| floor.module == used);
            if is_module && used != module && !floor.below.iter().any(|below| below == used) {
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
