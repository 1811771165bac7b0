//! This module parses HTML as a browser does, in a way that can be stopped and does not outgrow the VM's memory.
//!
//! Some documents take a parser quadratic time or memory (deep nesting, formatting that is opened again and again). The
//! parser asks its tree sink for every comparison and every node, so a sink that counts bounds both.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use html5ever::driver::{self, ParseOpts};
use html5ever::interface::{Attribute, ElementFlags, NodeOrText, QualName, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use scraper::{ElementRef, Html, HtmlTreeSink, Node};

use crate::lua::host::call::Call;

/// Steps of the parser between two checkpoints.
const CHECKPOINT_STEPS: u32 = 1 << 16;

/// Nodes between two looks at the memory.
const CHECKPOINT_NODES: usize = 1 << 12;

/// About what a node of the tree takes.
const NODE_BYTES: usize = 256;

/// The parser gets its text in pieces of this size, as one tag with very many attributes takes quadratic time too.
const PIECE_BYTES: usize = 1024;

/// Whether a document is parsed as where scripts run. There the content of `noscript` is text and no elements.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scripts {
    Run,
    DoNotRun,
}

/// Parses a whole document; what a fragment leaves out (`html`, `body`) is added, as in a browser.
pub(super) fn parse(call: &Call<'_>, text: &str, scripts: Scripts) -> mlua::Result<Html> {
    let stop = RefCell::new(None);
    let sink = Watched {
        inner: HtmlTreeSink::new(Html::new_document()),
        call,
        stop: &stop,
        steps: Cell::new(0),
        nodes: Cell::new(0),
    };
    let parsed = catch_unwind(AssertUnwindSafe(|| {
        let mut options = ParseOpts::default();
        options.tree_builder.scripting_enabled = scripts == Scripts::Run;
        let mut parser = driver::parse_document(sink, options);
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(piece_len(rest));
            parser.process(StrTendril::from_slice(piece));
            rest = later;
            parser.tokenizer.sink.sink.checkpoint();
        }
        parser.finish()
    }));
    match (parsed, stop.into_inner()) {
        (Ok(html), None) => Ok(html),
        (_, Some(error)) => Err(error),
        (Err(panic), None) => resume_unwind(panic),
    }
}

/// Length of the next piece: whole characters.
fn piece_len(text: &str) -> usize {
    (0..=PIECE_BYTES.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

/// A tree sink that counts, and leaves the parser by unwinding when it has to stop: the parser has no other way out.
struct Watched<'a> {
    inner: HtmlTreeSink,
    call: &'a Call<'a>,
    stop: &'a RefCell<Option<mlua::Error>>,
    steps: Cell<u32>,
    nodes: Cell<usize>,
}

/// What the unwinding carries; it starts without a panic message.
struct Stopped;

impl Watched<'_> {
    fn step(&self) {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps == CHECKPOINT_STEPS {
            self.steps.set(0);
            self.checkpoint();
        }
    }

    fn node(&self) {
        let nodes = self.nodes.get() + 1;
        self.nodes.set(nodes);
        if nodes.is_multiple_of(CHECKPOINT_NODES) {
            self.check(self.call.room_for(nodes * NODE_BYTES));
        }
    }

    fn checkpoint(&self) {
        self.check(self.call.checkpoint());
    }

    fn check(&self, result: mlua::Result<()>) {
        if let Err(error) = result {
            self.stop.replace(Some(error));
            resume_unwind(Box::new(Stopped));
        }
    }
}

type Handle = <HtmlTreeSink as TreeSink>::Handle;

impl TreeSink for Watched<'_> {
    type Handle = Handle;
    type Output = Html;
    type ElemName<'a>
        = <HtmlTreeSink as TreeSink>::ElemName<'a>
    where
        Self: 'a;

    fn finish(self) -> Html {
        self.inner.finish()
    }

    fn parse_error(&self, message: Cow<'static, str>) {
        self.inner.parse_error(message);
    }

    fn get_document(&self) -> Handle {
        self.inner.get_document()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> Self::ElemName<'a> {
        self.step();
        self.inner.elem_name(target)
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, flags: ElementFlags) -> Handle {
        self.node();
        self.inner.create_element(name, attrs, flags)
    }

    fn create_comment(&self, text: StrTendril) -> Handle {
        self.node();
        self.inner.create_comment(text)
    }

    fn create_pi(&self, target: StrTendril, data: StrTendril) -> Handle {
        self.node();
        self.inner.create_pi(target, data)
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.step();
        self.inner.append(parent, child);
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        self.step();
        self.inner.append_based_on_parent_node(element, previous, child);
    }

    fn append_doctype_to_document(&self, name: StrTendril, public_id: StrTendril, system_id: StrTendril) {
        self.inner.append_doctype_to_document(name, public_id, system_id);
    }

    fn get_template_contents(&self, target: &Handle) -> Handle {
        self.inner.get_template_contents(target)
    }

    fn same_node(&self, x: &Handle, y: &Handle) -> bool {
        self.step();
        self.inner.same_node(x, y)
    }

    fn set_quirks_mode(&self, mode: QuirksMode) {
        self.inner.set_quirks_mode(mode);
    }

    fn append_before_sibling(&self, sibling: &Handle, new_node: NodeOrText<Handle>) {
        self.step();
        self.inner.append_before_sibling(sibling, new_node);
    }

    fn add_attrs_if_missing(&self, target: &Handle, attrs: Vec<Attribute>) {
        self.inner.add_attrs_if_missing(target, attrs);
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.step();
        self.inner.remove_from_parent(target);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        self.inner.reparent_children(node, new_parent);
    }
}

/// What a walk through a document meets.
pub(super) enum Visit<'a> {
    /// The start of an element. The answer `false` leaves its content and its [`Visit::Close`] out.
    Open(ElementRef<'a>),
    /// The end of an element.
    Close,
    /// Text.
    Text(&'a str),
}

/// Walks through `root` and all below it in the order of the document, without recursion.
pub(super) fn walk<'a>(
    root: ElementRef<'a>,
    mut visit: impl FnMut(Visit<'a>) -> mlua::Result<bool>,
) -> mlua::Result<()> {
    let mut node = *root;
    loop {
        let mut is_inside = match node.value() {
            Node::Element(_) => {
                ElementRef::wrap(node).map_or(Ok(true), |element| visit(Visit::Open(element)))?
            }
            Node::Text(text) => visit(Visit::Text(text))?,
            _ => true,
        };
        if is_inside && let Some(child) = node.first_child() {
            node = child;
            continue;
        }
        loop {
            if is_inside && node.value().is_element() {
                visit(Visit::Close)?;
            }
            if node.id() == root.id() {
                return Ok(());
            }
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            let Some(parent) = node.parent() else { return Ok(()) };
            node = parent;
            is_inside = true;
        }
    }
}
