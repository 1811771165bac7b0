//! The layout says where the items of a sent step lie: a worker finds any of them by its index, and reads nothing else.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::{Counted, ItemFrame};
use crate::value::Indices;

/// Where the items of a step lie, in the order of their indices.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ItemLayout {
    pub(super) inputs: Vec<LaidInput>,
}

/// Where neighbouring items lie.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LaidInput {
    /// In frames, in a file of the step's remote folder, or in that of a source, which all steps share that read it.
    Framed {
        /// The source, by the name of its step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<String>,
        /// Its frames.
        frames: Arc<[ItemFrame]>,
    },
    /// In a source, where it lies.
    InPlace {
        /// The step that is the source.
        source: String,
        /// Items of the step that come from inputs before it.
        before: u64,
        /// Where its items begin.
        counted: Counted,
    },
}

impl LaidInput {
    /// The items that are here.
    pub(super) fn items(&self) -> Indices {
        match self {
            Self::Framed { frames, .. } => {
                let runs = frames.iter().map(|frame| (frame.first, frame.count));
                Indices::new(runs).unwrap_or_default()
            }
            Self::InPlace { before, counted, .. } => Indices::run(before.saturating_add(1), counted.items),
        }
    }
}
