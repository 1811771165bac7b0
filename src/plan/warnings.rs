//! These warnings are of what is allowed and hardly meant: policies that contradict themselves, limits that cannot
//! hold or cannot matter, failures that nobody looks at. They are only of what is certain from the file
//! alone; they do not guess what an expression will give.

mod counts;
mod failures;
mod governed;
mod literal_path;
mod policy;
mod sent;
mod unseen_file;

pub(super) use governed::WarningContext;

use governed::{PolicyStep, known};

use super::policies::Policies;
use super::resolve::StepBuilder;
use super::step_index::IndexedStep;
use super::{rate_limits, references};
use crate::config;
use crate::source::Diagnostic;

impl WarningContext<'_> {
    /// Adds a warning for everything that looks like a mistake.
    pub(super) fn give(&self, found: &mut Vec<Diagnostic>) {
        let counts = counts::inputs(self.step_index, self.order, self.places.value(), self.inputs.limit);
        let governed: Vec<Option<PolicyStep<'_>>> =
            self.step_index.steps.iter().map(|step| self.governed(step)).collect();
        for (governed, count) in governed.iter().zip(counts) {
            let Some(governed) = governed else { continue };
            found.extend(policy::contradiction(self.places, governed));
            found.extend(policy::idle(self.places, governed));
            found.extend(policy::empty_lanes(self.places, governed));
            found.extend(policy::hopeless(self, governed));
            found.extend(count.and_then(|count| policy::late(self.places, governed, count)));
            if let Some(to) = &self.inputs.sent_to {
                sent::check(self, governed, to, found);
            }
        }
        for step in &self.step_index.steps {
            literal_path::check(self, step, found);
            unseen_file::check(self, step, found);
        }
        // A run ends by naming what failed, and how to see it.
        if self.inputs.check_only {
            let looked_at = references::looked_at(self.places, self.step_index, self.fields);
            failures::check(self, &governed, &looked_at, found);
        }
    }

    /// The step's policy; `None` when it has none, or when a part of it is wrong or not known yet.
    fn governed<'s>(&self, step: &'s IndexedStep) -> Option<PolicyStep<'s>> {
        step.verb.filter(|verb| verb.is_map_like())?;
        let at = step.verb_pointer();
        let each = known::<config::MapLike>(self.places, &at)?;
        let policies = Policies::known(self.places)?;
        let limits = rate_limits::known(self.places);
        let builder = StepBuilder {
            places: self.places,
            scripts: self.scripts,
            root: self.root,
            policies: &policies,
            limits: &limits,
            limit: self.inputs.limit,
            cores: self.inputs.cores,
        };
        let written = builder.written(&at, &each).ok()?;
        let policy = builder.whole_policy(&at, &written).ok()?;
        let named = each.named.as_ref().and_then(config::Setting::known).map(|name| name.0.clone());
        Some(PolicyStep { step, at, named, own: each.policy, written, policy })
    }
}
