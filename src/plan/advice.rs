//! What is allowed and hardly meant: policies that contradict themselves, limits that cannot hold or cannot matter,
//! failures that nobody looks at. Only warns, and only of what is certain from the file alone; what an expression will
//! give is not guessed.

mod counts;
mod failures;
mod policy;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::build::Builder;
use super::expand::Field;
use super::inputs::Inputs;
use super::places::{Places, Spot};
use super::scripts::Scripts;
use super::survey::{Survey, Surveyed};
use super::{limits, references};
use crate::schedule::Policy;
use crate::source::Diagnostic;
use crate::spec::{self, Setting};

/// What a file is judged by.
pub(super) struct Advice<'a> {
    pub(super) places: &'a Places,
    pub(super) survey: &'a Survey,
    pub(super) scripts: &'a Scripts,
    pub(super) fields: &'a [Field],
    /// The steps, each after what it takes from.
    pub(super) order: &'a [usize],
    pub(super) root: &'a std::path::PathBuf,
    pub(super) inputs: &'a Inputs,
}

/// A step with a policy, all of which is known.
struct Governed<'a> {
    step: &'a Surveyed,
    /// Pointer to its verb.
    at: String,
    /// As written in the step itself.
    own: spec::Policy,
    /// As written, `defaults` included.
    written: spec::Policy,
    /// What it comes to.
    policy: Policy,
}

impl Advice<'_> {
    /// Adds a warning for everything that looks like a mistake.
    pub(super) fn give(&self, found: &mut Vec<Diagnostic>) {
        let counts = counts::inputs(self.survey, self.order, self.places.value(), self.inputs.limit);
        let governed: Vec<Option<Governed<'_>>> =
            self.survey.steps.iter().map(|step| self.governed(step)).collect();
        for (governed, count) in governed.iter().zip(counts) {
            let Some(governed) = governed else { continue };
            found.extend(policy::contradiction(self.places, governed));
            found.extend(policy::idle(self.places, governed));
            found.extend(policy::hopeless(self, governed));
            found.extend(count.and_then(|count| policy::late(self.places, governed, count)));
        }
        // A run ends by naming what failed, and how to see it.
        if self.inputs.check_only {
            let looked_at = references::looked_at(self.places, self.survey, self.fields);
            failures::check(self, &governed, &looked_at, found);
        }
    }

    /// The step's policy; `None` when it has none, or when a part of it is wrong or not known yet.
    fn governed<'s>(&self, step: &'s Surveyed) -> Option<Governed<'s>> {
        step.verb.filter(|verb| matches!(*verb, "map" | "flat_map" | "filter"))?;
        let at = step.verb_pointer();
        let own = known::<spec::Each>(self.places, &at)?.policy;
        let defaults = match self.places.value().pointer("/defaults/map") {
            Some(_) => known(self.places, "/defaults/map")?,
            None => spec::Policy::default(),
        };
        let limits = limits::known(self.places);
        let builder = Builder {
            places: self.places,
            scripts: self.scripts,
            root: self.root,
            defaults: &defaults,
            limits: &limits,
            limit: self.inputs.limit,
            cores: self.inputs.cores,
        };
        let policy = builder.whole_policy(&at, &own).ok()?;
        let written = own.clone().over(&defaults);
        Some(Governed { step, at, own, written, policy })
    }
}

impl Governed<'_> {
    /// Where `key` is written: in the step, or in `defaults`.
    fn pointer(&self, places: &Places, key: &str) -> String {
        let own = format!("{}/{key}", self.at);
        let is_own = places.value().pointer(&own).is_some();
        if is_own { own } else { format!("/defaults/map/{key}") }
    }

    fn warning(
        &self,
        places: &Places,
        code: &'static str,
        message: String,
        (key, label): (&str, &str),
    ) -> Diagnostic {
        places.warning(code, message, &Spot::Value(&self.pointer(places, key)), label)
    }
}

/// The value at `pointer`, when it is sound.
fn known<T: DeserializeOwned>(places: &Places, pointer: &str) -> Option<T> {
    let value: &Value = places.value().pointer(pointer)?;
    serde_json::from_value(value.clone()).ok()
}

/// The value at `pointer`, when it is sound and no expression.
fn setting<T: DeserializeOwned + Clone>(places: &Places, pointer: &str) -> Option<T> {
    known::<Setting<T>>(places, pointer)?.known().cloned()
}
