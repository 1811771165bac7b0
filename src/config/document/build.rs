//! This module makes a JSON value with places from the tree. It writes aliases out and applies merge keys.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::pointer::escape_key;
use super::{Document, Place, Scalar, SpanIndex};
use crate::config::tree::{Node, NodeKey, NodeKind, Patch};
use crate::source::{Diagnostic, SourceFile, Span};

/// Turns a tree into a document. Its depth and size were bounded when it was made.
pub(in crate::config) fn document(
    file: &Arc<SourceFile>,
    root: &Node,
    patch: Patch,
    findings: &mut Vec<Diagnostic>,
) -> Document {
    let read = if patch.is_changed() {
        SourceFile::new(file.name(), file.path(), patch.text.clone())
    } else {
        Arc::clone(file)
    };
    let mut writer = ValueWriter {
        file,
        read: &read,
        patch: &patch,
        pointer: String::new(),
        spans: SpanIndex::default(),
        scalars: HashMap::new(),
        findings,
    };
    let value = writer.value(root, None);
    let ValueWriter { spans, scalars, .. } = writer;
    Document { file: Arc::clone(file), value, spans, scalars, read, patch: Arc::new(patch) }
}

struct ValueWriter<'a> {
    file: &'a Arc<SourceFile>,
    read: &'a SourceFile,
    patch: &'a Patch,
    pointer: String,
    spans: SpanIndex,
    scalars: HashMap<String, Scalar>,
    findings: &'a mut Vec<Diagnostic>,
}

impl ValueWriter<'_> {
    fn value(&mut self, node: &Node, key: Option<Span>) -> Value {
        let place = Place {
            key: key.map(|key| self.written(key)),
            value: self.written(node.span),
            scalar: !matches!(node.kind, NodeKind::List(_) | NodeKind::Map(_)),
        };
        self.spans.insert(self.pointer.clone(), place);
        match &node.kind {
            NodeKind::List(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| self.under(&index.to_string(), item, None)).collect()
            }
            NodeKind::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in self.merged(entries) {
                    let value = self.under(&escape_key(&key.text), &value, Some(key.span));
                    map.insert(key.text, value);
                }
                Value::Object(map)
            }
            scalar => self.scalar(node, scalar),
        }
    }

    fn under(&mut self, part: &str, node: &Node, key: Option<Span>) -> Value {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(part);
        let value = self.value(node, key);
        self.pointer.truncate(length);
        value
    }

    fn scalar(&mut self, node: &Node, kind: &NodeKind) -> Value {
        let value = match kind {
            NodeKind::Bool(word) => Value::Bool(*word),
            NodeKind::Int(whole) => Value::from(*whole),
            NodeKind::Float(float) => Number::from_f64(*float).map_or(Value::Null, Value::Number),
            NodeKind::Text(text) => Value::String(text.clone()),
            _ => Value::Null,
        };
        if let Some(written) = node.written {
            let scalar = Scalar::new(self.read, node.span, written, value.as_str().unwrap_or_default());
            let scalar = scalar.moved(|span| self.written(span));
            self.scalars.insert(self.pointer.clone(), scalar);
        }
        value
    }

    fn written(&self, span: Span) -> Span {
        self.patch.original(span, self.file.text())
    }

    /// The entries of a map with `<<` replaced by what it merges in. Keys of the map itself win, then earlier maps.
    fn merged(&mut self, entries: &[(NodeKey, Rc<Node>)]) -> Vec<(NodeKey, Rc<Node>)> {
        let own: HashSet<&str> =
            entries.iter().filter(|(key, _)| !key.merge).map(|(key, _)| key.text.as_str()).collect();
        let mut all = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            if !key.merge {
                all.push((key.clone(), Rc::clone(value)));
                continue;
            }
            let sources: Vec<&Rc<Node>> = match &value.kind {
                NodeKind::List(sources) => sources.iter().collect(),
                _ => vec![value],
            };
            let mut taken: Vec<(NodeKey, Rc<Node>)> = Vec::new();
            for source in sources {
                let NodeKind::Map(entries) = &source.kind else {
                    self.no_map(key.span, source.span);
                    continue;
                };
                let mut names: HashSet<String> = taken.iter().map(|(key, _)| key.text.clone()).collect();
                for (key, value) in self.merged(entries) {
                    if !own.contains(key.text.as_str()) && names.insert(key.text.clone()) {
                        taken.push((key, value));
                    }
                }
            }
            all.extend(taken);
        }
        all
    }

    fn no_map(&mut self, key: Span, source: Span) {
        let place = if source.start == source.end { key } else { source };
        self.findings.push(
            Diagnostic::error("flowrun::yaml_merge", self.file, "`<<` merges maps only")
                .label(self.written(place), "this is no map")
                .help("give it an alias of a map, such as `<<: *common`, or a list of such aliases"),
        );
    }
}
