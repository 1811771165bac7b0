//! The items of a step are counted before a shard reads its slice, and again where shards are gathered.

use crate::data::{self, DataError, Reader};
use crate::engine::interrupt::Interrupt;
use crate::engine::item_content::ItemContent;
use crate::plan::{Body, Items, Plan, Step, Verb};
use crate::store::Digest;
use crate::value::Chunk;

/// One digest of the items of a source in their order, by what counts of each: for the files of `glob` neither the folder nor
/// anything but what tells whether they have changed.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct SourceDigest {
    content: ItemContent,
    so_far: Digest,
}

impl SourceDigest {
    /// Of a source that nothing was read of.
    pub(in crate::engine) fn of(verb: &Verb) -> Self {
        Self { content: ItemContent::of_source(verb), so_far: Digest::default() }
    }

    /// The next items. It does not matter how many come at a time.
    pub(in crate::engine) fn add(&mut self, chunk: &Chunk) {
        for at in 0..chunk.len() {
            let both = [self.so_far.0.to_le_bytes(), self.content.digest(chunk, at).0.to_le_bytes()].concat();
            self.so_far = Digest::of_bytes(&both);
        }
    }

    /// Of all that was added.
    pub(in crate::engine) fn finish(self) -> Digest {
        self.so_far
    }
}

/// Opens a source that can be entered anywhere; `None`: it is read once, from its front. Bad rows are found here, so that all
/// shards see the same ones.
pub(in crate::engine) fn whole_reader(verb: &Verb) -> Option<Result<Box<dyn Reader>, DataError>> {
    match verb {
        Verb::Read(read) if data::is_live(&read.options) => None,
        Verb::Read(read) => {
            let mut options = read.options.clone();
            options.validate = true;
            Some(data::open(&options))
        }
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
        let mut digest = SourceDigest::of(verb);
        let counted = data::count_while(&mut *reader?, 1, &mut |_, chunk, _| {
            digest.add(chunk);
            interrupt.count() == 0
        })?;
        let Some(counted) = counted else { return Ok(None) };
        items += counted.items;
        digests.push(digest.finish());
    }
    Ok(Some((items, digest_of(digests.into_iter()))))
}

/// How many items a source has. `None`: it can be read only once, or what it is is decided by other steps.
///
/// # Errors
/// Fails as reading does.
pub fn count_source(source: &Step) -> Result<Option<u64>, DataError> {
    let Body::Ready(verb) = &source.body else { return Ok(None) };
    let Some(reader) = whole_reader(verb) else { return Ok(None) };
    Ok(Some(data::count_parts(&mut *reader?, 1)?.items))
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
pub(in crate::engine) fn digest_of(digests: impl Iterator<Item = Digest>) -> String {
    let bytes: Vec<u8> = digests.flat_map(|digest| digest.0.to_le_bytes()).collect();
    Digest::of_bytes(&bytes).to_string()
}
