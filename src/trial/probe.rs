//! A probe is a step behind others that lets every item through, so that what they give is kept in the folder of the run.

use std::path::PathBuf;
use std::sync::Arc;

use crate::event::{self, StepId};
use crate::lua::{Block, ResultShape, Script};
use crate::plan::{Input, ItemFunction, MapLike, Plan, Step, Verb};
use crate::schedule::{Policy, Resources};
use crate::source::SourceFile;
use crate::value::Ratio;

/// Adds a probe behind these inputs, as the last step of the plan.
pub(super) fn add_probe(plan: &mut Plan, taken: Vec<Input>) -> StepId {
    let mut name = "_taken".to_owned();
    while plan.steps.iter().any(|step| *step.name == *name) {
        name.push('_');
    }
    let id = StepId(u32::try_from(plan.steps.len()).unwrap_or(u32::MAX));
    let file = SourceFile::new("preview", PathBuf::from("preview"), "return true".to_owned());
    let block = Block { text: file.text().into(), file, line: 1 };
    let each = MapLike {
        kind: ResultShape::Filter,
        function: ItemFunction::Lua(Arc::new(Script::body(block, plan.lua_path.clone()))),
        retry_when: None,
        key: None,
        cache: false,
        uses: [].into(),
        resources: Resources::default(),
        costs: Vec::new(),
        limits: Arc::default(),
        origins: [].into(),
        policy: Policy { min_success_ratio: Ratio::ZERO, ..Policy::default() },
    };
    let probe = Step::new(name, event::Verb::Filter, taken, Verb::MapLike(Box::new(each)));
    plan.steps.push(Step { id, ..probe });
    plan.order.push(id);
    id
}
