//! This module turns the steps over collections as written into what they do. `resolve` gives it their values and
//! scripts.

use std::sync::Arc;

use super::resolve::{Built, StepBuilder};
use super::step::{Collect, Join, Reduce, Sample};
use crate::config;
use crate::data::{JoinRule, SampleSize};

/// Bytes that a collection may take in memory where the file says nothing: 1 GB.
pub(super) const MEMORY: u64 = 1_000_000_000;

impl StepBuilder<'_> {
    pub(super) fn take(&self, at: &str, count: &config::Take) -> Built<Collect> {
        Ok(Collect::Take(self.known(at, Some(count))?.map_or(0, |count| count.0)))
    }

    pub(super) fn batch(&self, at: &str, size: &config::Batch) -> Built<Collect> {
        Ok(Collect::Batch(self.known(at, Some(size))?.map_or(1, |size| size.0)))
    }

    pub(super) fn sort(&self, at: &str, sort: &config::Sort) -> Built<Collect> {
        let by = self.script(&if sort.short { at.to_owned() } else { format!("{at}/by") })?;
        let order = self.known(&format!("{at}/order"), sort.order.as_ref())?;
        Ok(Collect::Sort { by, descending: order == Some(config::Order::Desc) })
    }

    pub(super) fn sample(&self, at: &str, sample: &config::Sample) -> Built<Collect> {
        let count = if sample.short { at.to_owned() } else { format!("{at}/count") };
        let size = self.known(&count, Some(&sample.count))?.unwrap_or(SampleSize::Count(0));
        let seed = self.known(&format!("{at}/seed"), sample.seed.as_ref())?.map(|seed| seed.0);
        Ok(Collect::Sample(Sample { size, seed }))
    }

    pub(super) fn join(&self, at: &str, join: &config::Join) -> Built<Collect> {
        let by = self.script(&format!("{at}/by"))?;
        let with_by = match &join.with_by {
            Some(_) => self.script(&format!("{at}/with_by"))?,
            None => Arc::clone(&by),
        };
        let step = join.with.0.strip_suffix(".failed").unwrap_or(&join.with.0);
        let name = self
            .known(&format!("{at}/as"), join.name.as_ref())?
            .map_or_else(|| step.to_owned(), |name| name.0);
        let memory = self.known(&format!("{at}/memory"), join.memory.as_ref())?.map_or(MEMORY, |size| size.0);
        let rule = JoinRule {
            how: self.known(&format!("{at}/how"), join.how.as_ref())?.unwrap_or_default(),
            many: self.known(&format!("{at}/many"), join.many.as_ref())?.unwrap_or_default(),
            memory: usize::try_from(memory).unwrap_or(usize::MAX),
        };
        let has_with_by = join.with_by.is_some();
        Ok(Collect::Join(Box::new(Join { by, with_by, has_with_by, rule, name: name.into() })))
    }

    pub(super) fn reduce(&self, at: &str, reduce: &config::Reduce) -> Built<Collect> {
        let combine = reduce.combine.as_ref().map(|_| self.script(&format!("{at}/combine"))).transpose()?;
        let script = self.script(&format!("{at}/lua"))?;
        Ok(Collect::Reduce(Reduce { init: reduce.init.to_string().into(), script, combine }))
    }
}
