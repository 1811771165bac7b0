//! The tree is YAML text with byte spans. It knows YAML and its limits, nothing of pipelines.
//!
//! It is the only home of the YAML event parser. Aliases share their anchor's node, so a tree is never larger than
//! its text; what it would be when written out is counted while it is built, and bounded.

use std::rc::Rc;

use crate::source::Span;

mod build;
mod core;
mod fault;
mod lines;
mod margin;
mod mend;
mod patch;
mod written;

pub(super) use mend::read;
pub(super) use patch::Patch;
pub use written::Style;
pub(super) use written::Written;

/// Bytes of a file. Pipelines are written by people; data belongs into files of its own.
pub(super) const MAX_BYTES: usize = 4 << 20;
/// Levels of maps and lists, aliases followed. Bounds every recursion over a tree.
const MAX_DEPTH: u32 = 255;
/// Nodes of the tree with all aliases written out; 64 bytes of text count as one more.
const MAX_WEIGHT: u64 = 200_000;

/// A value.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands; for blocks without their header, for maps from the first key.
    pub(super) span: Span,
    /// What it is.
    pub(super) kind: NodeKind,
    /// How it was written, for scalars.
    pub(super) written: Option<Written>,
    height: u32,
    weight: u64,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum NodeKind {
    /// Nothing.
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, finite.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Rc<Node>>),
    /// A map, keys in file order, none twice.
    Map(Vec<(NodeKey, Rc<Node>)>),
}

/// A key of a map.
#[derive(Debug, Clone)]
pub(super) struct NodeKey {
    /// Its text.
    pub(super) text: String,
    /// Where it stands.
    pub(super) span: Span,
    /// Whether it is the plain `<<` that merges maps.
    pub(super) merge: bool,
}
