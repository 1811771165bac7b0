//! This module makes plans for the tests of the floors above, which do not read pipeline files themselves.

use std::path::Path;

use super::{Inputs, Plan, load};
use crate::config;

/// The plan of a pipeline file of this text in `folder`.
pub(crate) fn plan_of(text: &str, folder: &Path) -> Plan {
    let inputs = Inputs { run: "t".into(), ..Inputs::default() };
    let loaded = load(config::load(text.as_bytes(), "p.yaml", &folder.join("p.yaml")), &inputs);
    loaded.plan.unwrap_or_else(|| panic!("no plan: {:?}", loaded.diagnostics))
}
