//! The title of a segment says what step its results are of, as JSON: with it a segment can be read without the rest of
//! its run.

use serde::{Deserialize, Serialize};

use super::{Fingerprint, StepSpec, format};

/// What a segment says of its step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// The attempt at a shard that it was written by, `17+3/2`; empty: the run itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) source: String,
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
            source: String::new(),
        }
    }

    /// The same, written by an attempt.
    pub(super) fn by(self, source: String) -> Self {
        Self { source, ..self }
    }

    /// As it stands in a segment; `None`: it is damaged.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether another one is of the same step of the same run, whoever has written it.
    pub(super) fn is_of_step(&self, other: &Self) -> bool {
        self.clone().by(String::new()) == other.clone().by(String::new())
    }

    /// As it stands in the segment.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}
