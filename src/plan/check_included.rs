//! This module checks a file that pipelines include by itself: what only a pipeline tells, such as which limits there are,
//! it leaves open.

use std::collections::BTreeSet;
use std::path::Path;

use super::expand::{self, Expander};
use super::places::PlacedDocument;
use super::scripts::Scripts;
use super::step_index::StepIndex;
use crate::config;
use crate::lua::{LuaPath, Scope};
use crate::source::Diagnostic;

/// All findings about such a file, by position.
pub fn check_included(loaded: config::Loaded) -> Vec<Diagnostic> {
    let config::Loaded { document, diagnostics: mut found, file, .. } = loaded;
    let Some(document) = document else { return found };
    let places = PlacedDocument::of(document);
    let lua_path = LuaPath::from(file.path().parent().unwrap_or(Path::new("")));
    Scripts::compile(&places, &StepIndex::default(), &lua_path, &mut found);
    let none = BTreeSet::new();
    let expander = Expander {
        places: &places,
        lua_path: &lua_path,
        scope: &Scope::empty(),
        missing_params: &none,
        missing_env: &none,
    };
    for field in expand::fields(&places, "") {
        expander.check(&field, &mut found);
    }
    found.sort_by_key(Diagnostic::start);
    found
}
