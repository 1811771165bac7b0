//! This module gives the meaning of a scalar as a node of the tree. `value::scalar` holds the core schema itself.

use granit_parser::Tag;

use super::NodeKind;
use crate::value::scalar::{self, Scalar};

pub(super) use crate::value::scalar::Unfit;

/// The value of a plain scalar without a tag.
pub(super) fn plain(text: &str) -> Result<NodeKind, Unfit> {
    scalar::plain(text).map(NodeKind::from)
}

/// The value of a scalar with a tag of the core schema.
pub(super) fn tagged(text: &str, tag: &Tag) -> Result<NodeKind, Unfit> {
    scalar::tagged(text, tag.core_suffix()).map(NodeKind::from)
}

impl From<Scalar> for NodeKind {
    fn from(scalar: Scalar) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Int(value) => Self::Int(value),
            Scalar::Float(value) => Self::Float(value),
            Scalar::Text(value) => Self::Text(value),
        }
    }
}
