//! An offer is one thing that may stand at the cursor.

use gen_lsp_types::CompletionItemKind;

/// One thing that may stand there.
pub(super) struct Offer {
    pub(super) label: String,
    /// What is written; the label if that is all.
    pub(super) text: Option<String>,
    pub(super) kind: CompletionItemKind,
    pub(super) detail: Option<String>,
    pub(super) doc: Option<String>,
}

impl Offer {
    pub(super) fn new(label: impl Into<String>, kind: CompletionItemKind) -> Self {
        Self { label: label.into(), text: None, kind, detail: None, doc: None }
    }
}
