//! An output is a file or a table that a step has written.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::value::Mask;

/// What a `write` step has written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Where, as the user named it.
    pub path: Arc<str>,
    /// Items written.
    pub rows: u64,
    /// Bytes written, compressed ones where it is; `None` where nobody counts them.
    pub bytes: Option<u64>,
    /// Why it holds a part only of what it would otherwise: `--limit 10`, `interrupted`, `reader gone`.
    pub partial: Option<Arc<str>>,
}

impl Output {
    /// The same without secrets.
    pub(super) fn masked(self, mask: &Mask) -> Self {
        Self { path: mask.shared(&self.path), ..self }
    }
}
