//! The title of a segment says what step its results are of, as JSON: with it a segment can be read without the rest of
//! its run.

use serde::{Deserialize, Serialize};

use super::{Fingerprint, StepSpec, format};

/// What a segment says of its step.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StepTitle {
    /// The format that it is kept in.
    pub(super) flowrun: u32,
    run: String,
    step: String,
    pub(super) verb: String,
    pub(super) shape: String,
    pub(super) keyed: bool,
    pub(super) fingerprint: Fingerprint,
}

impl StepTitle {
    /// Of a step of a run.
    pub(super) fn of(run: &str, spec: &StepSpec) -> Self {
        Self {
            flowrun: format::RUN,
            run: run.to_owned(),
            step: spec.name.as_ref().to_owned(),
            verb: spec.verb.to_owned(),
            shape: spec.shape.name().to_owned(),
            keyed: spec.keyed,
            fingerprint: spec.fingerprint.clone(),
        }
    }

    /// As it stands in the segment.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}
