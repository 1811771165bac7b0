//! This module tells editors which files a pipeline includes, and which policies and limits it has from them. It judges
//! nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::mentions::Named;
use super::places::{IncludedFile, PlacedDocument};
use super::{include, paths};
use crate::config::{self, Document};
use crate::source::{OpenTexts, SourceFile, Span};

/// A policy or a limit that stands in an included file.
#[derive(Debug, Clone)]
pub struct IncludedName {
    /// What it is a name of.
    pub what: Named,
    /// What the pipeline calls it.
    pub name: String,
    /// The file.
    pub file: Arc<SourceFile>,
    /// Its name there.
    pub key: Span,
    /// What it says.
    pub value: Span,
}

/// What a pipeline has from the files that it includes, as they are now: in the editor, or else on the disk.
pub fn included_names(document: &Document, open: &OpenTexts) -> Vec<IncludedName> {
    let mut places = PlacedDocument::of(document.clone());
    include::merge(&mut places, &folder(document), open, &mut Vec::new());
    let mut names = Vec::new();
    for IncludedFile { document, parts } in &places.included {
        for part in parts {
            let Some((what, name)) = name(part) else { continue };
            names.push(IncludedName {
                what,
                name: config::unescape_key(name),
                file: Arc::clone(&document.file),
                key: document.spans.key(part),
                value: document.spans.value(part),
            });
        }
    }
    names
}

/// The paths of the files that a pipeline names under `include`, whether or not they are there.
pub fn included_paths(document: &Document) -> Vec<PathBuf> {
    let list = document.value.get("include").and_then(serde_json::Value::as_array);
    let texts = list.into_iter().flatten().filter_map(serde_json::Value::as_str);
    let root = folder(document);
    texts.filter(|text| !config::is_expression(text)).map(|text| paths::absolute(&root, text)).collect()
}

fn folder(document: &Document) -> PathBuf {
    document.file.path().parent().map(Path::to_owned).unwrap_or_default()
}

/// `api` of `/policies/api`.
fn name(pointer: &str) -> Option<(Named, &str)> {
    let (key, name) = pointer.strip_prefix('/')?.split_once('/')?;
    let what = [Named::Policy, Named::Limit].into_iter().find(|what| what.key() == key)?;
    Some((what, name))
}
