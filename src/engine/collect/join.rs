//! `join` reads the other side first and keeps it by the values of `with_by`; then the step's own items find their partners
//! by the values of `by`.

use std::cell::RefCell;

use super::frame::StepFrame;
use super::keyed::{give_all, with_each_value, with_values};
use crate::data::Joiner;
use crate::engine::input::StepInput;
use crate::engine::lookout::Cut;
use crate::plan::Join;
use crate::value::json::{self, JsonWalk, one_line};

/// Carries out `join`. `with` is the other side.
pub(super) fn run<'a>(frame: &mut StepFrame<'a>, join: &Join, with: StepInput<'a>) -> Result<(), Cut> {
    let context = frame.context;
    let name = frame.step.with.map(|input| {
        let suffix = if input.failed { ".failed" } else { "" };
        format!("{}{suffix}", context.plan.steps[input.step.at()].name)
    });
    let name = name.unwrap_or_default();
    let mut joiner = Joiner::new(join.rule, &join.name, &name, frame.space.clone());
    let mut line = Vec::new();
    frame.beside(with, &name, |frame| {
        let key = if join.has_with_by { "with_by" } else { "by" };
        with_values(frame, key, &join.with_by, &mut |_, item, value| {
            Ok(joiner.add(value, one_line(item, &mut line))?)
        })
    })?;
    let mut index = 0;
    let takes_partners = join.rule.how.gives_partners();
    let joiner = RefCell::new(joiner);
    let ahead = &mut |values: &[&[u8]]| joiner.borrow_mut().look_ahead(values);
    let by = std::slice::from_ref(&join.by);
    with_each_value(frame, "by", by, ahead, &mut |frame, item, values| {
        index += 1;
        if takes_partners && let Some(problem) = field_problem(item, &join.name) {
            return Err(Cut::failed(format!("`join` failed at item {index}: {problem}")));
        }
        let item = one_line(item, &mut line);
        joiner.borrow_mut().find(values[0], item, &mut |line| frame.give(line))
    })?;
    match joiner.into_inner().finish(&mut || frame.look())? {
        Some(lines) => give_all(frame, lines),
        None => Ok(()),
    }
}

/// Why an item cannot get one more field of this name.
fn field_problem(item: &[u8], name: &str) -> Option<String> {
    let mut walk = JsonWalk::new(item, 0);
    if walk.byte() != b'{' {
        return Some(format!("it is no map, so that there is no place for `{name}`"));
    }
    walk.enter();
    while let Some(key) = walk.key() {
        if *json::unquoted(key) == *name.as_bytes() {
            return Some(format!("it has a field `{name}` already; `as` gives the partner another name"));
        }
        walk.skip();
    }
    None
}
