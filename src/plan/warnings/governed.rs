//! Warnings look at the file as it was read, and at its steps with a policy.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::{self, Setting};
use crate::plan::expand::ExpressionField;
use crate::plan::inputs::Inputs;
use crate::plan::places::{DocumentPart, PlacedDocument};
use crate::plan::policies;
use crate::plan::scripts::Scripts;
use crate::plan::step_index::{IndexedStep, StepIndex};
use crate::schedule::Policy;
use crate::source::Diagnostic;

/// What a file is judged by.
pub(in crate::plan) struct WarningContext<'a> {
    pub(in crate::plan) places: &'a PlacedDocument,
    pub(in crate::plan) step_index: &'a StepIndex,
    pub(in crate::plan) scripts: &'a Scripts,
    pub(in crate::plan) fields: &'a [ExpressionField],
    /// The steps, each after what it takes from.
    pub(in crate::plan) order: &'a [usize],
    pub(in crate::plan) root: &'a std::path::PathBuf,
    pub(in crate::plan) inputs: &'a Inputs,
}

/// A step with a policy, all of which is known.
pub(super) struct PolicyStep<'a> {
    pub(super) step: &'a IndexedStep,
    /// Pointer to its verb.
    pub(super) at: String,
    /// The policy that it takes.
    pub(super) named: Option<String>,
    /// As written in the step itself.
    pub(super) own: config::Policy,
    /// As written, with what it takes from `policies` and `defaults`.
    pub(super) written: config::Policy,
    /// What it comes to.
    pub(super) policy: Policy,
}

impl PolicyStep<'_> {
    /// Where `key` is written: in the step, in the policy that it takes, or in `defaults`.
    pub(super) fn pointer(&self, places: &PlacedDocument, key: &str) -> String {
        let mut all = policies::pointers(&self.at, self.named.as_deref(), key);
        let is_written = |pointer: &String| places.value().pointer(pointer).is_some();
        let at = all.iter().position(is_written).unwrap_or(all.len() - 1);
        all.swap_remove(at)
    }

    pub(super) fn warning(
        &self,
        places: &PlacedDocument,
        code: &'static str,
        message: String,
        (key, label): (&str, &str),
    ) -> Diagnostic {
        places.warning(code, message, &DocumentPart::Value(&self.pointer(places, key)), label)
    }
}

/// The value at `pointer`, when it is sound.
pub(super) fn known<T: DeserializeOwned>(places: &PlacedDocument, pointer: &str) -> Option<T> {
    let value: &Value = places.value().pointer(pointer)?;
    serde_json::from_value(value.clone()).ok()
}

/// The value at `pointer`, when it is sound and no expression.
pub(super) fn setting<T: DeserializeOwned + Clone>(places: &PlacedDocument, pointer: &str) -> Option<T> {
    known::<Setting<T>>(places, pointer)?.known().cloned()
}
