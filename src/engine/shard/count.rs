//! The items of a step are counted before a shard reads its slice, and again where shards are gathered.

use crate::data::{self, Counted, DataError, Reader};
use crate::engine::interrupt::Interrupt;
use crate::plan::{Body, Items, Plan, Step, Verb};
use crate::store::Digest;

/// Opens a source that can be entered anywhere; `None`: it is read once, from its front.
pub(in crate::engine) fn whole_reader(verb: &Verb) -> Option<Result<Box<dyn Reader>, DataError>> {
    match verb {
        Verb::Read(read) if data::is_live(&read.options) => None,
        Verb::Read(read) => Some(data::open(&read.options)),
        Verb::Glob(glob) => Some(data::glob(&glob.options)),
        Verb::Items(Items::List(list)) => Some(Ok(data::items_reader(list.clone(), None))),
        _ => None,
    }
}

/// Counts the items of a step that reads sources only, and gives the digest of all of them. `None`: one of the sources can be
/// read only once, or the run was interrupted.
pub(in crate::engine) fn count_alone(
    plan: &Plan,
    step: &Step,
    interrupt: &Interrupt,
) -> Result<Option<(u64, String)>, DataError> {
    let (mut items, mut digests) = (0, Vec::new());
    for input in &step.from {
        let Body::Ready(verb) = &plan.steps[input.step.at()].body else { return Ok(None) };
        let Some(reader) = whole_reader(verb) else { return Ok(None) };
        let mut go_on = |_: &dyn Reader, _: &mut Vec<_>| interrupt.count() == 0;
        let Some(counted) = data::count_while(&mut *reader?, 1, &mut go_on)? else { return Ok(None) };
        let Counted { items: count, digest, .. } = counted;
        items += count;
        digests.push(digest);
    }
    Ok(Some((items, digest_of(digests.into_iter()))))
}

/// How many items a step gets that reads sources only, as a shard counts them. `None`: one of the sources can be read only
/// once, or the run was interrupted.
///
/// # Errors
/// Fails as reading does.
pub fn count_items(plan: &Plan, step: &Step, interrupt: &Interrupt) -> Result<Option<u64>, DataError> {
    Ok(count_alone(plan, step, interrupt)?.map(|(items, _)| items))
}

/// One digest of several inputs in their order.
pub(in crate::engine) fn digest_of(digests: impl Iterator<Item = u128>) -> String {
    let bytes: Vec<u8> = digests.flat_map(u128::to_le_bytes).collect();
    Digest::of_bytes(&bytes).to_string()
}
