//! This type says what of an item decides whether it is the one of an earlier run: its text, or for the items of `glob` the
//! file that they stand for, and its index where the function reads that.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::event::{StepId, Verb};
use crate::plan::{MapLike, Plan, Verb as PlanVerb};
use crate::store::Digest;
use crate::value::Chunk;

/// What of the items of one step counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ItemContent {
    kind: ContentKind,
    /// Whether its place in the input counts, too: a result that was made of it is of no use elsewhere.
    has_index: bool,
}

/// What counts beside the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContentKind {
    /// Its text.
    Text,
    /// The file that it stands for, wherever the folder lies: `relative`, and the digest of the file's bytes where the item has
    /// one, else `size` and `modified`. The file is known by `relative`.
    File,
}

impl ItemContent {
    /// Of the items that the function of a step gets.
    pub(super) fn of(plan: &Plan, step: StepId, each: &MapLike) -> Self {
        Self {
            kind: ContentKind::of(plan, step),
            has_index: each.function.script().is_some_and(|script| script.reads_index()),
        }
    }

    /// Of the items that a source gives, wherever they go.
    pub(super) fn of_source(source: &PlanVerb) -> Self {
        let is_glob = matches!(source, PlanVerb::Glob(_));
        Self { kind: if is_glob { ContentKind::File } else { ContentKind::Text }, has_index: false }
    }

    /// Whether such items of a step are known by keys.
    pub(super) fn has_keys(self, each: &MapLike) -> bool {
        each.key.is_some() || self.kind == ContentKind::File
    }

    /// A digest of what counts of the item at `at`.
    pub(super) fn digest(self, chunk: &Chunk, at: usize) -> Digest {
        let digest = self.kind.digest(chunk.item(at));
        if !self.has_index {
            return digest;
        }
        let index = chunk.first + at as u64;
        Digest::of_bytes(&[&digest.0.to_le_bytes()[..], &index.to_le_bytes()].concat())
    }

    /// The digests of all items of a chunk, appended to `digests`.
    pub(super) fn digests(self, chunk: &Chunk, digests: &mut Vec<Digest>) {
        if self == (Self { kind: ContentKind::Text, has_index: false }) {
            return Digest::of_items(chunk, digests);
        }
        digests.extend((0..chunk.len()).map(|at| self.digest(chunk, at)));
    }

    /// Names the items of a chunk that have a name of their own.
    pub(super) fn name_items(self, chunk: &mut Chunk) {
        if self.kind == ContentKind::File {
            let name = |at| fields(chunk.item(at)).and_then(|fields| text(&fields, "relative"));
            chunk.keys = (0..chunk.len()).map(|at| name(at).unwrap_or_default().into_boxed_str()).collect();
        }
    }
}

impl ContentKind {
    /// Of the items that a step gets: those of `glob` are files, also behind steps that give items on as they are.
    fn of(plan: &Plan, step: StepId) -> Self {
        let from = &plan.steps[step.at()].from;
        let are_files =
            !from.is_empty() && from.iter().all(|input| !input.failed && gives_files(plan, input.step));
        if are_files { Self::File } else { Self::Text }
    }

    fn digest(self, item: &[u8]) -> Digest {
        match self {
            Self::Text => Digest::of(item),
            Self::File => file_digest(item).unwrap_or_else(|| Digest::of(item)),
        }
    }
}

/// Whether the items that a step gives are those of `glob`.
fn gives_files(plan: &Plan, step: StepId) -> bool {
    let step = &plan.steps[step.at()];
    match step.verb {
        Verb::Glob => true,
        Verb::Filter | Verb::Take | Verb::Sample | Verb::Sort | Verb::Unique => {
            ContentKind::of(plan, step.id) == ContentKind::File
        }
        Verb::Read
        | Verb::Items
        | Verb::Map
        | Verb::FlatMap
        | Verb::Reduce
        | Verb::Batch
        // A partner is no part of a file.
        | Verb::Join
        | Verb::GroupBy
        | Verb::Aggregate
        | Verb::Write => false,
    }
}

fn fields(item: &[u8]) -> Option<HashMap<&str, &RawValue>> {
    serde_json::from_slice(item).ok()
}

fn text(fields: &HashMap<&str, &RawValue>, name: &str) -> Option<String> {
    serde_json::from_str(fields.get(name)?.get()).ok()
}

fn file_digest(item: &[u8]) -> Option<Digest> {
    let fields = fields(item)?;
    let bytes = fields.get("digest").map(|digest| digest.get().to_owned());
    let stamp = || Some(format!("{} {}", fields.get("size")?.get(), fields.get("modified")?.get()));
    let counted = format!("{} {}", fields.get("relative")?.get(), bytes.or_else(stamp)?);
    Some(Digest::of(counted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(item: &str) -> Digest {
        ContentKind::File.digest(item.as_bytes())
    }

    #[test]
    fn a_file_is_the_same_wherever_its_folder_lies() {
        let item = |folder: &str, size: u64, digest: &str| {
            format!(
                "{{\"path\":\"{folder}/a\",\"relative\":\"a\",\"size\":{size},\"modified\":1.5{digest}}}\n"
            )
        };
        assert_eq!(digest(&item("/x", 1, "")), digest(&item("/y", 1, "")));
        assert_ne!(digest(&item("/x", 1, "")), digest(&item("/x", 2, "")));
        let (one, other) = (",\"digest\":\"0\"", ",\"digest\":\"1\"");
        assert_eq!(digest(&item("/x", 1, one)), digest(&item("/y", 2, one)));
        assert_ne!(digest(&item("/x", 1, one)), digest(&item("/x", 1, other)));
    }

    #[test]
    fn what_is_no_file_is_known_by_its_text() {
        for item in ["7", "{\"relative\":\"a\"}", "{\"size\":1,\"modified\":2}"] {
            assert_eq!(digest(item), Digest::of(item.as_bytes()));
        }
    }

    #[test]
    fn items_are_files_behind_steps_that_give_them_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "steps:\n  a: { glob: '*' }\n  b: { from: a, filter: item.size > 1 }\n  c: { from: [a, b], sort: item.size }\n  \
                    d: { from: c, map: return item }\n  e: { from: d, map: return item }\n  l: { items: [1] }\n  \
                    f: { from: [a, l], map: return 1 }\n  g: { from: d.failed, map: return 1 }\n";
        let plan = crate::plan::testing::plan_of(text, folder.path());
        let of = |at: u32| ContentKind::of(&plan, StepId(at)) == ContentKind::File;
        let files: Vec<bool> = (1..=7).map(of).collect();
        assert_eq!(files, [true, true, true, false, false, false, false]);
    }
}
