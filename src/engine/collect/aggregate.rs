//! `aggregate` gathers groups of items to one item each. `data` does the sums; the values come from Lua.

use std::cell::RefCell;

use super::frame::StepFrame;
use super::keyed::with_each_value;
use crate::data::Aggregator;
use crate::engine::lookout::Cut;
use crate::plan::Aggregate;

/// Carries out `aggregate`.
pub(super) fn run(frame: &mut StepFrame<'_>, aggregate: &Aggregate) -> Result<(), Cut> {
    let groups = RefCell::new(Aggregator::new(aggregate.options.clone(), frame.space.clone()));
    let ahead = &mut |keys: &[&[u8]]| groups.borrow_mut().look_ahead(keys);
    with_each_value(frame, "aggregate", &aggregate.scripts, ahead, &mut |_, _, values| {
        let (key, values) = if aggregate.has_key { (values[0], &values[1..]) } else { (&b""[..], values) };
        Ok(groups.borrow_mut().add(key, values)?)
    })?;
    // One call of both: what gives looks up, too.
    let frame = RefCell::new(frame);
    groups.into_inner().finish(&mut || frame.borrow_mut().look(), &mut |line| frame.borrow_mut().give(line))
}
