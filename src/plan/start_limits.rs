//! This module turns the rate limits of a step as written into those that its starts are under, with what attempts take of
//! each.

use std::sync::Arc;

use super::resolve::{Built, StepBuilder};
use super::{policies, rate_limits};
use crate::config::{self, RateRule};
use crate::lua::Script;
use crate::schedule::RateUse;

impl StepBuilder<'_> {
    /// The limits of the starts of the step whose verb is at `at`, by all that was `written` for it.
    pub(super) fn start_limits(&self, at: &str, written: &config::Policy) -> Built<Vec<RateUse>> {
        let pointer = format!("{at}/rate_limit");
        let list = match self.known(&pointer, written.rate_limit.as_ref())? {
            None => return Ok(Vec::new()),
            Some(RateRule::Rate(rate)) => return Ok(vec![RateUse { name: None, rate, weighted: false }]),
            Some(RateRule::Name(name)) => return Ok(vec![self.named_limit(&pointer, &name, false)?]),
            Some(RateRule::Several(list)) => list,
        };
        let mut limits: Vec<RateUse> = Vec::new();
        for (place, limit) in list.iter().enumerate() {
            let pointer = format!("{pointer}/{place}");
            let name = self.known(&pointer, Some(&limit.limit))?.unwrap_or_default();
            let limit = self.named_limit(&pointer, &name, limit.cost.is_some())?;
            if limits.iter().any(|other| other.name == limit.name) {
                return Err(rate_limits::repeated(self.places, &pointer, &name).into());
            }
            limits.push(limit);
        }
        Ok(limits)
    }

    fn named_limit(&self, pointer: &str, name: &str, weighted: bool) -> Built<RateUse> {
        match self.limits.get(name) {
            Some(rate) => Ok(RateUse { name: Some(name.into()), rate: *rate, weighted }),
            None => Err(rate_limits::unknown(self.places, pointer, name).into()),
        }
    }

    /// What computes how much of each of these limits an attempt takes; `named`: the policy that the step takes.
    pub(super) fn costs(
        &self,
        at: &str,
        named: Option<&str>,
        written: &config::Policy,
    ) -> Built<Vec<Option<Arc<Script>>>> {
        let rule = self.known(&format!("{at}/rate_limit"), written.rate_limit.as_ref())?;
        let list = match rule {
            None => return Ok(Vec::new()),
            Some(RateRule::Rate(_) | RateRule::Name(_)) => return Ok(vec![None]),
            Some(RateRule::Several(list)) => list,
        };
        let holders = policies::pointers(at, named, "rate_limit");
        let holder = holders.iter().find(|pointer| self.places.value().pointer(pointer).is_some());
        let holder = holder.map_or("", String::as_str);
        let cost = |(place, limit): (usize, &config::LimitUse)| {
            limit.cost.as_ref().map(|_| self.script(&format!("{holder}/{place}/cost"))).transpose()
        };
        list.iter().enumerate().map(cost).collect()
    }
}
