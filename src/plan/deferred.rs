//! Steps with a `${{ … }}` that needs the results of others are kept as data until they are about to start; then `bind` understands them.

use std::path::PathBuf;
use std::sync::Arc;

use super::expand::ExpressionField;
use super::places::PlacedDocument;
use super::policies::Policies;
use super::rate_limits::Limits;
use super::scripts::Scripts;
use crate::lua::{LuaPath, Scope};

/// What is known of the document before the run.
#[derive(Debug, Clone)]
pub(super) struct DocumentContext {
    pub(super) places: PlacedDocument,
    pub(super) scripts: Scripts,
    pub(super) root: PathBuf,
    pub(super) lua_path: LuaPath,
    pub(super) policies: Policies,
    pub(super) limits: Arc<Limits>,
    pub(super) cores: usize,
    pub(super) scope: Scope,
}

/// A step as data, with expressions that only a run can answer.
#[derive(Debug, Clone)]
pub struct Deferred {
    /// The step as JSON, as written.
    pub json: serde_json::Value,
    /// Where it stands in the document.
    pub(super) pointer: String,
    /// What is still to be evaluated in it.
    pub(super) fields: Vec<ExpressionField>,
    pub(super) context: Arc<DocumentContext>,
}
