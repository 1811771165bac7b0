//! This module makes nodes from YAML events, with a stack of its own: no text can make it recurse.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span as YamlSpan, Tag, options};

use super::core::{self, Unfit};
use super::{MAX_DEPTH, MAX_WEIGHT, Node, NodeKey, NodeKind, Written};
use crate::config::document::Style;
use crate::config::shown;
use crate::source::{Diagnostic, SourceFile, Span, nearest};

/// Findings up to which the nearest name is looked for; more than those are not shown.
const SUGGESTED_MAX: usize = 100;

/// Whether lines in brackets and quotes must be indented as far as YAML says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Margin {
    /// They must.
    Kept,
    /// They may stand anywhere, as in other readers.
    Free,
}

/// What a text came to.
pub(super) struct Built {
    /// The document, when it could be read to its end.
    pub(super) root: Option<Rc<Node>>,
    /// What was wrong without stopping the reading. Spans are of the text that was read.
    pub(super) findings: Vec<Diagnostic>,
    /// Why the reading stopped.
    pub(super) stop: Option<ReadStop>,
}

/// Why the reading of a text stopped.
pub(super) enum ReadStop {
    /// It is no YAML.
    Syntax {
        /// In the parser's words.
        kind: ErrorKind,
        /// At this byte.
        at: usize,
        /// The last part that could be read ends here.
        read_to: usize,
        /// Brackets that were open, the outermost first.
        open: Vec<usize>,
    },
    /// It passes a limit; the finding is among the others.
    Limit,
}

/// A map or list that is not yet complete.
struct OpenNode {
    start: usize,
    /// Where its bracket stands, for flow notation.
    bracket: Option<usize>,
    anchor: usize,
    items: Vec<Rc<Node>>,
    entries: Vec<(NodeKey, Rc<Node>)>,
    /// Position in `entries` of each key, to find a second one.
    seen: HashMap<String, usize>,
    is_map: bool,
    /// Whether a key waits for its value.
    key: MapExpects,
    height: u32,
    weight: u64,
}

/// What a map expects next.
enum MapExpects {
    /// A key.
    Key,
    /// The value of this key.
    Value(NodeKey),
    /// The value of a key that was refused; it is left out.
    Nothing,
}

/// An anchor's name and, once it is complete, its node.
#[derive(Default)]
struct Anchor {
    name: String,
    node: Option<Rc<Node>>,
}

struct TreeBuilder<'a> {
    file: &'a Arc<SourceFile>,
    text: &'a str,
    stack: Vec<OpenNode>,
    root: Option<Rc<Node>>,
    anchors: BTreeMap<usize, Anchor>,
    findings: Vec<Diagnostic>,
    read_to: usize,
}

/// Reads one document.
pub(super) fn build(file: &Arc<SourceFile>, text: &str, margin: Margin) -> Built {
    let settings = options! {
        emit_comments: false,
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        strict_indentation: margin == Margin::Kept,
    };
    let mut builder = TreeBuilder {
        file,
        text,
        stack: Vec::new(),
        root: None,
        anchors: BTreeMap::new(),
        findings: Vec::new(),
        read_to: 0,
    };
    let mut documents = 0;
    for next in Parser::new_from_str_with_options(text, settings) {
        let stop = match next {
            Ok((Event::DocumentStart(..), span)) if documents > 0 => {
                builder.second_document(builder.span(&span));
                break;
            }
            Ok((event, span)) => {
                documents += usize::from(matches!(event, Event::DocumentStart(..)));
                builder.event(event, &span).err()
            }
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                let open = builder.stack.iter().filter_map(|frame| frame.bracket).collect();
                let kind = error.kind().clone();
                Some(ReadStop::Syntax { kind, at, read_to: builder.read_to, open })
            }
        };
        if let Some(stop) = stop {
            return Built { root: None, findings: builder.findings, stop: Some(stop) };
        }
    }
    Built { root: builder.root, findings: builder.findings, stop: None }
}

impl TreeBuilder<'_> {
    fn event(&mut self, event: Event<'_>, yaml: &YamlSpan) -> Result<(), ReadStop> {
        let span = self.span(yaml);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.read_to = span.end;
                let node = self.scalar(&text, style, tag.as_deref(), span, yaml);
                self.finish(Rc::new(node), anchor, span)?;
            }
            Event::SequenceStart(_, anchor, tag) => self.open(false, anchor, tag.as_deref(), span, yaml),
            Event::MappingStart(_, anchor, tag) => self.open(true, anchor, tag.as_deref(), span, yaml),
            Event::SequenceEnd | Event::MappingEnd => self.close(span)?,
            Event::Anchor(id, name) => self.anchors.entry(id).or_default().name = name.into_owned(),
            Event::Alias(id) => {
                self.read_to = span.end;
                let node = self.alias(id, span);
                self.finish(node, 0, span)?;
            }
            Event::UnresolvedAlias(name) => {
                self.read_to = span.end;
                self.unknown_alias(&name, span);
                self.finish(Rc::new(null(span)), 0, span)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn span(&self, yaml: &YamlSpan) -> Span {
        let range = yaml.byte_range().unwrap_or_default();
        Span::new(range.start.min(self.text.len()), range.end.min(self.text.len()))
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
        yaml: &YamlSpan,
    ) -> Node {
        let kind = match tag {
            Some(tag) if is_custom(tag) => {
                self.custom_tag(tag, span, yaml);
                Ok(NodeKind::Text(text.to_owned()))
            }
            // The non-specific tag `!` says that a scalar is a text.
            Some(tag) if !tag.is_yaml_core_schema() => Ok(NodeKind::Text(text.to_owned())),
            Some(tag) => core::tagged(text, tag),
            None if style == ScalarStyle::Plain => core::plain(text),
            None => Ok(NodeKind::Text(text.to_owned())),
        };
        let kind = kind.unwrap_or_else(|unfit| {
            self.unfit(unfit, text, span);
            NodeKind::Null
        });
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        // Keys carry an indentation too: theirs. Only blocks lose it.
        let is_block = matches!(style, Style::Literal | Style::Folded);
        let indent = yaml.indent.filter(|_| is_block).unwrap_or(0);
        let weight = 1 + text.len() as u64 / 64;
        Node { span, kind, written: Some(Written { style, indent }), height: 1, weight }
    }

    fn open(&mut self, is_map: bool, anchor: usize, tag: Option<&Tag>, span: Span, yaml: &YamlSpan) {
        if let Some(tag) = tag {
            let fits = tag.core_suffix() == Some(if is_map { "map" } else { "seq" });
            if !fits && !tag.suffix().eq("!") {
                self.custom_tag(tag, span, yaml);
            }
        }
        self.read_to = span.end;
        self.stack.push(OpenNode {
            start: span.start,
            bracket: (span.end > span.start).then_some(span.start),
            anchor,
            items: Vec::new(),
            entries: Vec::new(),
            seen: HashMap::new(),
            is_map,
            key: MapExpects::Key,
            height: 1,
            weight: 1,
        });
    }

    fn close(&mut self, end: Span) -> Result<(), ReadStop> {
        let frame = self.stack.pop().expect("the parser pairs starts and ends");
        let text = &self.text[frame.start..end.end.max(frame.start)];
        let span = Span::new(frame.start, frame.start + text.trim_end().len());
        self.read_to = span.end.max(self.read_to);
        let kind = if frame.is_map { NodeKind::Map(frame.entries) } else { NodeKind::List(frame.items) };
        let node = Node { span, kind, written: None, height: frame.height, weight: frame.weight };
        self.finish(Rc::new(node), frame.anchor, span)
    }

    /// Puts a complete node where it belongs. `used` is where it is used: for an alias, not where it was defined.
    fn finish(&mut self, node: Rc<Node>, anchor: usize, used: Span) -> Result<(), ReadStop> {
        if anchor > 0 {
            self.anchors.entry(anchor).or_default().node = Some(Rc::clone(&node));
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.height = frame.height.max(node.height + 1);
        frame.weight = frame.weight.saturating_add(node.weight);
        let (height, weight) = (frame.height, frame.weight);
        if height + self.stack.len() as u32 > MAX_DEPTH + 1 || weight > MAX_WEIGHT {
            self.limit(used, height);
            return Err(ReadStop::Limit);
        }
        let frame = self.stack.last_mut().expect("looked at above");
        if !frame.is_map {
            frame.items.push(node);
            return Ok(());
        }
        match std::mem::replace(&mut frame.key, MapExpects::Key) {
            MapExpects::Key => {
                let key = self.key(&node, used).map_or(MapExpects::Nothing, MapExpects::Value);
                self.stack.last_mut().expect("looked at above").key = key;
            }
            MapExpects::Value(key) => self.entry(key, node),
            MapExpects::Nothing => {}
        }
        Ok(())
    }

    /// Turns a node into a key. Numbers and words stand for their text, as everywhere in JSON.
    fn key(&mut self, node: &Node, used: Span) -> Option<NodeKey> {
        let text = match &node.kind {
            NodeKind::Text(text) => text.clone(),
            NodeKind::List(_) | NodeKind::Map(_) => {
                let finding =
                    Diagnostic::error("flowrun::yaml_key", self.file, "a key cannot be a list or a map");
                self.findings.push(
                    finding
                        .label(used, "a text is expected here")
                        .help("put quotes around a text that starts with `[` or `{`"),
                );
                return None;
            }
            _ => self.text[node.span.start..node.span.end].to_owned(),
        };
        let plain = node.written.is_some_and(|written| written.style == Style::Plain);
        Some(NodeKey { merge: plain && text == "<<", text, span: used })
    }

    fn entry(&mut self, key: NodeKey, node: Rc<Node>) {
        let frame = self.stack.last_mut().expect("only called inside of a map");
        if let Some(&first) = frame.seen.get(&key.text) {
            let first = frame.entries[first].0.span;
            let message = format!("the key `{}` is given twice", shown(&key.text));
            self.findings.push(
                Diagnostic::error("flowrun::duplicate_key", self.file, message)
                    .label(key.span, "given again here")
                    .label(first, "first given here")
                    .help("keep one of them"),
            );
            return;
        }
        frame.seen.insert(key.text.clone(), frame.entries.len());
        frame.entries.push((key, node));
    }

    fn alias(&mut self, id: usize, span: Span) -> Rc<Node> {
        if let Some(node) = self.anchors.get(&id).and_then(|anchor| anchor.node.as_ref()) {
            return Rc::clone(node);
        }
        self.findings.push(
            Diagnostic::error("flowrun::yaml_alias", self.file, "an alias stands inside of its own anchor")
                .label(span, "this would contain itself"),
        );
        Rc::new(null(span))
    }
}

/// Findings that do not stop the reading.
impl TreeBuilder<'_> {
    fn unknown_alias(&mut self, name: &str, span: Span) {
        // Looking for the nearest name takes its time.
        let may_look = name.len() < 64 && self.findings.len() < SUGGESTED_MAX;
        let names = self.anchors.values().map(|anchor| anchor.name.as_str()).filter(|name| name.len() < 64);
        let meant = if may_look { nearest(name, names) } else { None };
        let help = match meant {
            Some(meant) => format!("did you mean `*{meant}`?"),
            None => "a text that starts with `*` needs quotes".to_owned(),
        };
        let message = format!("there is no anchor `&{}` above", shown(name));
        self.findings.push(
            Diagnostic::error("flowrun::yaml_alias", self.file, message)
                .label(span, "YAML reads this as an alias")
                .help(help),
        );
    }

    fn custom_tag(&mut self, tag: &Tag, span: Span, yaml: &YamlSpan) {
        let place = yaml.tag_span().map_or(span, |tag| self.span(&tag));
        let message = format!("the tag `{}` has no meaning here", shown(&tag.original()));
        self.findings.push(
            Diagnostic::error("flowrun::yaml_tag", self.file, message)
                .label(place, "YAML reads this as a tag")
                .help("leave the tag out; a text that starts with `!` needs quotes"),
        );
    }

    fn unfit(&mut self, unfit: Unfit, text: &str, span: Span) {
        let text = shown(text);
        let (message, label, help) = match unfit {
            Unfit::BigInteger => (
                format!("the whole number `{text}` does not fit into 64 bits"),
                "too large",
                "put quotes around it to keep it as text",
            ),
            Unfit::NotFinite => (
                format!("`{text}` is not a finite number"),
                "this has no JSON value",
                "put quotes around it to keep it as text",
            ),
            Unfit::TooSmall => (
                format!("`{text}` is too small for a 64-bit float"),
                "this would be zero",
                "put quotes around it to keep it as text",
            ),
            Unfit::Tag => (
                format!("`{text}` does not fit to its tag"),
                "not a value of this type",
                "leave the tag out, or correct the value",
            ),
        };
        let code = if unfit == Unfit::Tag { "flowrun::yaml_tag" } else { "flowrun::bad_number" };
        let finding = Diagnostic::error(code, self.file, message);
        self.findings.push(finding.label(span, label).help(help));
    }

    fn second_document(&mut self, span: Span) {
        let message = "the file holds a second YAML document";
        self.findings.push(
            Diagnostic::error("flowrun::yaml_documents", self.file, message)
                .label(span, "it starts here")
                .help(
                    "a pipeline is one document: remove this line, or move what follows to a file of its own",
                ),
        );
    }

    fn limit(&mut self, span: Span, height: u32) {
        let (message, help) = if height + self.stack.len() as u32 > MAX_DEPTH + 1 {
            (format!("the file is nested deeper than {MAX_DEPTH} levels"), "flatten it")
        } else {
            (
                format!("the file holds more than {MAX_WEIGHT} values, aliases included"),
                "put data into a file of its own and `read` it",
            )
        };
        let finding = Diagnostic::error("flowrun::yaml_limit", self.file, message);
        self.findings.push(finding.label(span, "the limit is passed here").help(help));
    }
}

fn is_custom(tag: &Tag) -> bool {
    tag.core_suffix().is_none() && tag.suffix() != "!"
}

fn null(span: Span) -> Node {
    Node { span, kind: NodeKind::Null, written: None, height: 1, weight: 1 }
}
