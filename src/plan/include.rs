//! This module reads the files that a pipeline includes, and puts what they hold beside what stands in the pipeline.
//! From then on it does not matter where a part stands, but to the findings about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::named_file::{self, Unread};
use super::places::{DocumentPart, IncludedFile, PlacedDocument};
use super::{codes, paths};
use crate::config::{self, FileKind, INCLUDED_KEYS};
use crate::source::{Diagnostic, OpenTexts, Severity};

/// Reads all files that `places` names under `include`, and merges them.
pub(super) fn merge(places: &mut PlacedDocument, root: &Path, open: &OpenTexts, found: &mut Vec<Diagnostic>) {
    let Some(list) = places.value().get("include").cloned() else { return };
    // What is no list has been told.
    places.is_partial = !list.is_array();
    let mut seen: Vec<PathBuf> = Vec::new();
    for (at, path) in list.as_array().into_iter().flatten().enumerate() {
        // What is no path has been told, and that no expression may stand here is told where they are looked at.
        let is_path = |path: &&str| !path.is_empty() && !config::is_expression(path);
        let Some(path) = path.as_str().filter(is_path) else {
            places.is_partial = true;
            continue;
        };
        let pointer = format!("/include/{at}");
        let candidate = Candidate { places, pointer: &pointer, path, root, open };
        let loaded = match candidate.read(&mut seen) {
            Ok(loaded) => loaded,
            Err(finding) => {
                found.push(*finding);
                places.is_partial = true;
                continue;
            }
        };
        let is_error = |one: &Diagnostic| one.severity == Severity::Error;
        places.is_partial |= loaded.diagnostics.iter().any(is_error);
        found.extend(loaded.diagnostics);
        match loaded.document {
            Some(document) => add(places, document, found),
            None => places.is_partial = true,
        }
    }
}

/// A file that is to be included.
struct Candidate<'a> {
    places: &'a PlacedDocument,
    pointer: &'a str,
    path: &'a str,
    root: &'a Path,
    open: &'a OpenTexts,
}

impl Candidate<'_> {
    /// The file with its own findings, or why it cannot be included.
    fn read(&self, seen: &mut Vec<PathBuf>) -> Result<config::Loaded, Box<Diagnostic>> {
        let full = self.place()?;
        let real = paths::resolved(&full);
        if real == paths::resolved(&self.root.join(self.places.document.file.path())) {
            return self.refuse("this is the pipeline itself", "name another file");
        }
        if seen.contains(&real) {
            return self.refuse("it is included already", "name each file once");
        }
        seen.push(real);
        let unreadable = |Unread { reason, help }| self.refuse(&reason, &help);
        let bytes = named_file::read(&full, self.path, self.open).or_else(unreadable)?;
        let name = named_file::shown_name(self.places, Path::new(self.path));
        Ok(config::load_as(FileKind::Included, &bytes, &name, &full))
    }

    /// Where the file lies: in the pipeline's folder, below it, or in one of the folders above.
    fn place(&self) -> Result<PathBuf, Box<Diagnostic>> {
        const HELP: &str = "an included file lies in the pipeline's folder, below it, or in a folder above, as `../common.yaml` does";
        if Path::new(self.path).is_absolute() {
            return self.refuse("this path does not start from the pipeline's folder", HELP);
        }
        let full = paths::absolute(self.root, self.path);
        let is_above = full.parent().is_some_and(|folder| self.root.starts_with(folder));
        if !is_above && !full.starts_with(self.root) {
            return self.refuse("it lies in another folder", HELP);
        }
        let real = paths::resolved(&full);
        let root = paths::resolved(self.root);
        let beside =
            full.parent().zip(full.file_name()).map(|(folder, name)| paths::resolved(folder).join(name));
        let is_near = real.starts_with(&root)
            || real.parent().is_some_and(|folder| root.starts_with(folder))
            || is_above && beside.is_some_and(|beside| beside == real);
        if is_near { Ok(full) } else { self.refuse("a link leads to another folder", HELP) }
    }

    fn refuse<T>(&self, label: &str, help: &str) -> Result<T, Box<Diagnostic>> {
        let message = format!("the file `{}` cannot be included", self.path);
        let spot = DocumentPart::Value(self.pointer);
        Err(Box::new(self.places.error(codes::BAD_INCLUDE, message, &spot, label).help(help)))
    }
}

/// Puts the parts of an included file into the pipeline where it has none of the name.
fn add(places: &mut PlacedDocument, document: config::Document, found: &mut Vec<Diagnostic>) {
    let mut file = IncludedFile { document, parts: Vec::new() };
    for key in INCLUDED_KEYS {
        let Some(Value::Object(parts)) = file.document.value.get(key).cloned() else { continue };
        for (name, value) in parts {
            let pointer = format!("/{key}/{}", config::escape_key(&name));
            match places.value().pointer(&pointer) {
                None => {}
                Some(other) if places.is_included(&pointer) && *other != value => {
                    found.push(clash(places, &file, &pointer, &name));
                    continue;
                }
                Some(_) => continue,
            }
            let Some(top) = places.document.value.as_object_mut() else { return };
            let into = top.entry(key).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(into) = into {
                into.insert(name, value);
                file.parts.push(pointer);
            }
        }
    }
    places.included.push(file);
}

/// The finding about a name that two files give different values.
fn clash(places: &PlacedDocument, file: &IncludedFile, pointer: &str, name: &str) -> Diagnostic {
    let (other, _) = places.find(&DocumentPart::Key(pointer));
    let message = format!("two included files say what `{name}` is, each in its own way");
    let label = format!("`{}` has another value for it", other.name());
    let help = format!("write `{name}` in the pipeline, which goes before both, or take one of them away");
    Diagnostic::error(codes::BAD_INCLUDE, &Arc::clone(&file.document.file), message)
        .label(file.document.spans.key(pointer), label)
        .help(help)
}
