//! This module checks the files of a pipeline: names that say no format, options that do not fit it, and steps in
//! each other's way.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::places::{DocumentPart, PlacedDocument};
use super::step_index::StepIndex;
use super::{codes, paths, url_paths};
use crate::data::{Format, PathPattern, SplitPath};
use crate::event::Verb;
use crate::lua::LuaPath;
use crate::source::Diagnostic;
use crate::value::Choice as _;

/// A path of a step, as far as it is known.
struct NamedFile {
    step: String,
    pointer: String,
    path: String,
    /// The table in it that is written, or an empty name for what is asked of it: others in the same file do not matter.
    table: Option<String>,
}

/// Checks the files of all steps, also against each other.
pub(super) fn check(
    places: &PlacedDocument,
    step_index: &StepIndex,
    lua_path: &LuaPath,
    found: &mut Vec<Diagnostic>,
) {
    let root = lua_path.root();
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for step in &step_index.steps {
        let Some(verb) = step.verb else { continue };
        if check_step(places, &step.pointer, verb, root, found) {
            continue;
        }
        let list = match verb {
            Verb::Read => &mut reads,
            Verb::Write => &mut writes,
            _ => continue,
        };
        if let Some((pointer, path)) = path_of(places.value(), &step.pointer, verb) {
            let table = table_of(places.value(), &step.verb_pointer(), &path);
            list.push(NamedFile { step: step.name.clone(), pointer, path, table });
        }
    }
    check_streams(places, &reads, "reads standard input", found);
    check_streams(places, &writes, "writes to standard output", found);
    check_targets(places, &reads, &writes, root, found);
    check_own_files(places, step_index, &writes, lua_path, found);
}

/// Checks the file of one step by itself. Says whether its path is a URL, of which nothing else can be said.
pub(super) fn check_step(
    places: &PlacedDocument,
    step: &str,
    verb: Verb,
    root: &Path,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let short = format!("{step}/{verb}");
    let pointers = ["", "/path", "/pattern", "/root"].map(|key| format!("{short}{key}"));
    let is_file = verb == Verb::Read || verb == Verb::Glob || verb == Verb::Write;
    let urls = pointers.iter().filter(|_| is_file).find_map(|one| url_paths::check(places, one, verb));
    if let Some(url) = urls {
        found.push(url);
        return true;
    }
    if let Some((pointer, path)) = path_of(places.value(), step, verb) {
        if verb == Verb::Glob || (verb == Verb::Read && is_pattern(root, &path)) {
            found.extend(
                matcher(root, &path).err().map(|reason| bad_pattern(places, &pointer, &path, &reason)),
            );
        }
        if verb != Verb::Glob {
            let file = NamedFile { step: String::new(), pointer, path, table: None };
            check_format(places, &short, &file, root, found);
        }
    }
    false
}

/// The table of a database that a step writes.
fn table_of(value: &Value, verb: &str, path: &str) -> Option<String> {
    let options = value.pointer(verb)?;
    let given = options.get("format").and_then(Value::as_str).map(Format::parse);
    let format = given.unwrap_or_else(|| Format::of_path(path).ok())?;
    let table = options.get("table").and_then(Value::as_str).unwrap_or_default();
    format.is_database().then(|| table.to_ascii_lowercase())
}

/// The path of a step and the pointer to it, unless it is still to be evaluated.
pub(super) fn path_of(value: &Value, step: &str, verb: Verb) -> Option<(String, String)> {
    let key = match verb {
        Verb::Read | Verb::Write => "path",
        Verb::Glob => "pattern",
        _ => return None,
    };
    let short = format!("{step}/{verb}");
    let (pointer, path) = match value.pointer(&short)? {
        Value::String(path) => (short, path),
        long => (
            format!("{short}/{key}"),
            match long.get(key)? {
                Value::String(path) => path,
                _ => return None,
            },
        ),
    };
    (!path.is_empty() && !path.contains("${{")).then(|| (pointer, path.clone()))
}

fn check_format(
    places: &PlacedDocument,
    verb: &str,
    file: &NamedFile,
    root: &Path,
    found: &mut Vec<Diagnostic>,
) {
    let (pointer, path) = (file.pointer.as_str(), file.path.as_str());
    let options = places.value().pointer(verb);
    let given = options.and_then(|options| options.get("format"));
    let format = match given.map(|given| given.as_str().map(Format::parse)) {
        Some(Some(Some(format))) => Some(format),
        // The schema has refused it, or it is still to be evaluated.
        Some(_) => return,
        None => Format::of_path(path).ok(),
    };
    match format {
        Some(format) => {
            check_options(places, verb, format, found);
            let key = if verb.ends_with("/read") { "query" } else { "table" };
            if format.is_database() && options.and_then(|options| options.get(key)).is_none() {
                let message = format!("`{key}` is missing, for a file of the format `{}`", format.name());
                let label = "this file holds tables";
                let finding = places.error(codes::BAD_OPTION, message, &DocumentPart::Value(pointer), label);
                found.push(finding.help(if key == "query" {
                    "say which rows are the items, as in `query: \"SELECT * FROM users\"`"
                } else {
                    "say where the items go, as in `table: users`"
                }));
            }
        }
        // Each file of a pattern has a name of its own.
        None if is_pattern(root, path) && verb.ends_with("/read") => {}
        None if root.join(path).is_dir() => {
            let (message, folder) = (format!("`{path}` is a folder"), path.trim_end_matches('/'));
            let help = if verb.ends_with("/read") {
                format!("read its files with a pattern such as `{folder}/*.csv`")
            } else {
                format!("name a file in it, such as `{folder}/out.jsonl`")
            };
            let spot = DocumentPart::Value(pointer);
            found.push(places.error(codes::UNKNOWN_FORMAT, message, &spot, "no file").help(help));
        }
        None => {
            let message = format!("the name `{path}` does not say how its items lie");
            let label = "no format has this extension";
            let found_here =
                places.error(codes::UNKNOWN_FORMAT, message, &DocumentPart::Value(pointer), label);
            let (names, endings) = (Format::names(), Format::endings());
            found
                .push(found_here.help(format!("give `format:` ({names}), or a name that ends in {endings}")));
        }
    }
}

/// Options that the format knows nothing of would be ignored without a word.
fn check_options(places: &PlacedDocument, verb: &str, format: Format, found: &mut Vec<Diagnostic>) {
    let keys = [
        ("columns", Format::has_columns as fn(Format) -> bool),
        ("columns_of", Format::has_columns),
        ("encoding", Format::streams),
        ("at", Format::is_document),
        ("pretty", Format::is_indented),
        ("single", Format::is_document),
        ("query", Format::is_database),
        ("params", Format::is_database),
        ("table", Format::is_database),
        ("upsert_by", Format::is_database),
    ];
    let of_tables = [
        ["delimiter", "header", "quote", "escape", "comment", "skip", "trim"].as_slice(),
        &["ragged", "null_values", "quoting", "bom", "line_end", "all_columns"],
    ];
    let of_tables = of_tables.concat();
    let of_tables = of_tables.into_iter().map(|key| (key, Format::is_table as fn(Format) -> bool));
    for (key, fits) in keys.into_iter().chain(of_tables) {
        let pointer = format!("{verb}/{key}");
        if !fits(format) && places.value().pointer(&pointer).is_some() {
            let message = format!("`{key}` has no effect on `{}`", format.name());
            let label = format!("this is for {}", Format::names_of(fits));
            found.push(places.error(codes::BAD_OPTION, message, &DocumentPart::Key(&pointer), &label));
        }
    }
}

fn check_streams(places: &PlacedDocument, named: &[NamedFile], what: &str, found: &mut Vec<Diagnostic>) {
    let mut streams = named.iter().filter(|one| one.path == "-");
    let Some(first) = streams.next() else { return };
    for second in streams {
        let message = format!("step `{}` {what}, and so does `{}`", second.step, first.step);
        let finding = places.error(
            codes::STANDARD_STREAM,
            message,
            &DocumentPart::Value(&second.pointer),
            "and again here",
        );
        let finding = places.also(finding, &DocumentPart::Value(&first.pointer), "first here");
        found.push(finding.help("there is only one such stream; give one of the steps a file"));
    }
}

fn check_targets(
    places: &PlacedDocument,
    reads: &[NamedFile],
    writes: &[NamedFile],
    root: &Path,
    found: &mut Vec<Diagnostic>,
) {
    let place = |one: &NamedFile| paths::resolved(&paths::absolute(root, &one.path));
    let targets: Vec<(&NamedFile, PathBuf)> =
        writes.iter().filter(|one| one.path != "-").map(|one| (one, place(one))).collect();
    let splits: Vec<SplitTarget<'_>> =
        targets.iter().filter_map(|(write, _)| SplitTarget::new(write, root)).collect();
    let mut written: HashMap<&Path, Vec<&NamedFile>> = HashMap::new();
    for (second, path) in &targets {
        let earlier = written.entry(path).or_default();
        // A database may have several tables, and is no file of another format beside that.
        let meets = |first: &&NamedFile| {
            first.table == second.table || first.table.is_some() != second.table.is_some()
        };
        let first = earlier.iter().copied().find(|first| meets(first));
        earlier.push(second);
        if let Some(first) = first {
            let is_table = first.table.is_some() && second.table.is_some();
            let what = if is_table { "table of" } else { "file," };
            let message =
                format!("steps `{}` and `{}` write one {what} `{}`", first.step, second.step, second.path);
            let finding = places.error(
                codes::WRITE_CONFLICT,
                message,
                &DocumentPart::Value(&second.pointer),
                "written again here",
            );
            let finding = places.also(finding, &DocumentPart::Value(&first.pointer), "first written here");
            found
                .push(finding.help("give each step a file of its own, or join their inputs: `from: [a, b]`"));
        }
    }
    for read in reads.iter().filter(|one| one.path != "-") {
        let source = place(read);
        let pattern = is_pattern(root, &read.path).then(|| matcher(root, &read.path).ok()).flatten();
        for (write, target) in &targets {
            let literal = paths::absolute(root, &write.path);
            let matches = pattern
                .as_ref()
                .is_some_and(|matcher| matcher.is_match(&literal) || matcher.is_match(target));
            // A query reads what is there when it is asked.
            let are_tables = read.table.is_some() && write.table.is_some();
            if (source == *target || matches) && !are_tables {
                found.push(write_over_input(places, read, write, matches));
            }
        }
        for split in &splits {
            let literal = paths::absolute(root, &read.path);
            let is_part = split.pattern.is_match(&source) || split.pattern.is_match(&literal);
            if is_part || pattern.as_ref().is_some_and(|pattern| pattern.is_match(&split.sample)) {
                found.push(write_over_input(places, read, split.write, !is_part));
            }
        }
    }
    check_parts(places, &splits, &targets, found);
}

/// A file of one step may be a part of another one's.
fn check_parts(
    places: &PlacedDocument,
    splits: &[SplitTarget<'_>],
    targets: &[(&NamedFile, PathBuf)],
    found: &mut Vec<Diagnostic>,
) {
    for split in splits {
        let parts = |(write, path): &&(&NamedFile, PathBuf)| {
            write.step != split.write.step && split.pattern.is_match(path)
        };
        for (other, _) in targets.iter().filter(parts).filter(|(other, _)| other.path != split.write.path) {
            let (one, other) = (split.write, other);
            let message =
                format!("steps `{}` and `{}` may write one file, `{}`", one.step, other.step, other.path);
            let spot = DocumentPart::Value(&other.pointer);
            let finding =
                places.error(codes::WRITE_CONFLICT, message, &spot, "it may be a part of the other");
            let finding = places.also(finding, &DocumentPart::Value(&one.pointer), "parts are written here");
            found.push(finding.help("give each step a folder of its own"));
        }
    }
}

/// Files that a step splits its items into.
struct SplitTarget<'a> {
    write: &'a NamedFile,
    /// Matches all of them.
    pattern: PathPattern,
    /// One of them, as it may be.
    sample: PathBuf,
}

impl<'a> SplitTarget<'a> {
    fn new(write: &'a NamedFile, root: &Path) -> Option<Self> {
        let path = SplitPath::parse(&write.path).ok()??;
        let pattern = matcher(root, &path.pattern()).ok()?;
        Some(Self { write, pattern, sample: paths::absolute(root, &path.file("key", 1)) })
    }
}

/// The pipeline file, what it includes, and its Lua files are read too.
fn check_own_files(
    places: &PlacedDocument,
    step_index: &StepIndex,
    writes: &[NamedFile],
    lua_path: &LuaPath,
    found: &mut Vec<Diagnostic>,
) {
    let root = lua_path.root();
    let place = |path: &str| paths::resolved(&paths::absolute(root, path));
    let pipeline = places.document.file.path().file_name().map(|name| name.to_string_lossy().into_owned());
    let mut own: Vec<(String, &str)> = pipeline.into_iter().map(|path| (path, "pipeline file")).collect();
    let included = places.included.iter().map(|one| one.document.file.path().to_string_lossy().into_owned());
    own.extend(included.map(|path| (path, "file that the pipeline includes")));
    for step in &step_index.steps {
        let name = places.value().pointer(&format!("{}/file", step.verb_pointer())).and_then(Value::as_str);
        let path = name.and_then(|name| name.split('#').next()).filter(|path| !path.is_empty());
        let path = path.and_then(|path| lua_path.find(|folder| Some(paths::absolute(folder, path))));
        own.extend(path.map(|path| (path.to_string_lossy().into_owned(), "Lua file of a step")));
    }
    for write in writes.iter().filter(|one| one.path != "-") {
        let split = SplitTarget::new(write, root);
        let is_part = |path: &str| {
            let literal = paths::absolute(root, path);
            split.as_ref().is_some_and(|split| split.pattern.is_match(&literal))
        };
        let target = place(&write.path);
        let over = own.iter().find(|(path, _)| place(path) == target || is_part(path));
        if let Some((_, what)) = over {
            let message = format!("step `{}` writes over the {what}", write.step);
            let spot = DocumentPart::Value(&write.pointer);
            let finding = places.error(codes::WRITE_OVER_INPUT, message, &spot, "written here");
            found.push(finding.help("write to another file"));
        }
    }
}

fn write_over_input(
    places: &PlacedDocument,
    read: &NamedFile,
    write: &NamedFile,
    matches: bool,
) -> Diagnostic {
    let message =
        format!("step `{}` writes over `{}`, which step `{}` reads", write.step, write.path, read.step);
    let label = if matches { "this pattern matches it" } else { "read here" };
    let found =
        places.error(codes::WRITE_OVER_INPUT, message, &DocumentPart::Value(&write.pointer), "written here");
    places.also(found, &DocumentPart::Value(&read.pointer), label).help("write to another file")
}

/// Whether a path stands for all files that match it: one that exists as it is written stands for itself.
fn is_pattern(root: &Path, path: &str) -> bool {
    path.contains(['*', '?', '[', '{']) && root.join(path).symlink_metadata().is_err()
}

/// Matches absolute paths.
fn matcher(root: &Path, pattern: &str) -> Result<PathPattern, String> {
    PathPattern::new(root, pattern)
}

fn bad_pattern(places: &PlacedDocument, pointer: &str, pattern: &str, reason: &str) -> Diagnostic {
    let message = format!("the pattern `{pattern}` cannot be read");
    places.error(codes::BAD_PATTERN, message, &DocumentPart::Value(pointer), reason)
}
