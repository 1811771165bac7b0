//! This module turns the steps over collections as written into what they do. `resolve` gives it their values and
//! scripts.

use super::resolve::{Built, StepBuilder};
use super::step::{Collect, Reduce};
use crate::config;

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

    pub(super) fn reduce(&self, at: &str, reduce: &config::Reduce) -> Built<Collect> {
        let combine = reduce.combine.as_ref().map(|_| self.script(&format!("{at}/combine"))).transpose()?;
        let script = self.script(&format!("{at}/lua"))?;
        Ok(Collect::Reduce(Reduce { init: reduce.init.to_string().into(), script, combine }))
    }
}
