//! The formatter orders the keys of a pipeline file as the documentation has them. Everything else stays byte for
//! byte: whole entries are moved with the comments that belong to them, nothing is printed anew.

mod ending;
mod entries;

use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use self::entries::Entries;
use super::document::Document;
use super::load::load;
use super::schema::schema_text;
use super::tree::{self, Node, NodeKind, Patch};
use crate::source::{Diagnostic, Severity, SourceFile};

/// Bytes that may be read again and again to find out which maps can be ordered when not all can.
const REREAD_MAX: usize = 64 << 20;

/// The text with its keys in order and, where that changes no value, a line end behind its last line. Does not care
/// whether the pipeline is valid, but refuses what is no sound YAML.
///
/// # Errors
/// Fails with the findings of the YAML when there are errors among them.
pub fn format(bytes: &[u8], name: &str, path: &Path) -> Result<String, Vec<Diagnostic>> {
    let (document, root) = sound(bytes, name, path)?;
    let ended = ending::ended(document.file.text(), &root);
    let text = if same(&ended, &document) { ended } else { document.file.text().to_owned() };
    let is_changed = text != document.file.text();
    let (document, root) = if is_changed { sound(text.as_bytes(), name, path)? } else { (document, root) };
    let mut formatted = ordered(&text, &maps(&root, &text), &document);
    if !formatted.ends_with('\n') && formatted != text {
        // Another entry has come to stand at the end.
        let (_, root) = sound(formatted.as_bytes(), name, path)?;
        formatted = ending::ended(&formatted, &root);
    }
    let mark = if bytes.starts_with("\u{feff}".as_bytes()) { "\u{feff}" } else { "" };
    Ok(format!("{mark}{formatted}"))
}

/// The document and its tree; what is wrong with its YAML, if anything is.
fn sound(bytes: &[u8], name: &str, path: &Path) -> Result<(Document, Rc<Node>), Vec<Diagnostic>> {
    let loaded = load(bytes, name, path);
    let is_error = |found: &Diagnostic| found.severity == Severity::Error;
    let Some(document) = loaded.document.filter(|_| !loaded.mended) else {
        return Err(loaded.diagnostics.into_iter().filter(is_error).collect());
    };
    let reading = tree::read(&document.file, Patch::new(document.file.text().to_owned()));
    let faults: Vec<Diagnostic> = reading.findings.into_iter().filter(is_error).collect();
    match reading.root.filter(|_| faults.is_empty()) {
        Some(root) => Ok((document, root)),
        None => Err(faults),
    }
}

/// The text with all maps in order, or with those whose order can be changed without changing what they mean: an alias
/// must stay below its anchor.
fn ordered(text: &str, maps: &[Entries], document: &Document) -> String {
    let all = maps.iter().fold(text.to_owned(), |text, map| map.ordered(&text));
    if all == text || same(&all, document) {
        return all;
    }
    if text.len().saturating_mul(maps.len()) > REREAD_MAX {
        return text.to_owned();
    }
    maps.iter().fold(text.to_owned(), |text, map| {
        let next = map.ordered(&text);
        if next == text || same(&next, document) { next } else { text }
    })
}

/// Whether a text means what the document means.
fn same(text: &str, document: &Document) -> bool {
    let read = load(text.as_bytes(), document.file.name(), document.file.path());
    !read.mended && read.document.is_some_and(|other| other.value == document.value)
}

/// The maps that have an order, the innermost first: to order one moves nothing outside of it.
fn maps(root: &Rc<Node>, text: &str) -> Vec<Entries> {
    let schema: Value = serde_json::from_str(schema_text()).unwrap_or_default();
    let file: Arc<SourceFile> = SourceFile::new("", "", text.to_owned());
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut open: Vec<(Rc<Node>, &Value, usize)> = vec![(Rc::clone(root), &schema, 0)];
    while let Some((node, schema, depth)) = open.pop() {
        match &node.kind {
            // An alias is its anchor's map, which is looked at once.
            NodeKind::Map(entries) if seen.insert(node.span.start) => {
                let properties = schema.get("properties").and_then(Value::as_object);
                if properties.is_some() {
                    let names: Vec<&str> = order(schema);
                    if let Some(map) = Entries::find(&file, entries, &names, depth == 0) {
                        found.push((depth, map));
                    }
                }
                for (key, value) in entries {
                    let own = properties.and_then(|known| known.get(&key.text));
                    let schema =
                        own.or_else(|| schema.get("additionalProperties").filter(|_| properties.is_none()));
                    if let Some(schema) = schema.filter(|schema| schema.is_object()) {
                        open.push((Rc::clone(value), schema, depth + 1));
                    }
                }
            }
            NodeKind::List(items) => {
                if let Some(schema) = schema.get("items").filter(|schema| schema.is_object()) {
                    open.extend(items.iter().map(|item| (Rc::clone(item), schema, depth + 1)));
                }
            }
            _ => {}
        }
    }
    found.sort_by_key(|(depth, _)| std::cmp::Reverse(*depth));
    found.into_iter().map(|(_, map)| map).collect()
}

/// The keys of a map in their order: that of the documentation, but for functions, whose Lua comes last because it is long.
fn order(schema: &Value) -> Vec<&str> {
    const LAST: [&str; 4] = ["program", "setup", "file", "lua"];
    let properties = schema.get("properties").and_then(Value::as_object);
    let names: Vec<&str> = properties.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    if !LAST.iter().all(|name| names.contains(name)) {
        return names;
    }
    let first = names.iter().copied().filter(|name| !LAST.contains(name));
    first.chain(LAST).collect()
}

#[cfg(test)]
mod tests;
