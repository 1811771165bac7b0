//! These functions make small runs for the tests of this floor.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{FailureKind, Place, RunStatus, StepResult, StepStatus, Tally};
use crate::store::{
    ChunkEndings, Committer, Digest, Ending, FailedItem, ItemEnding, LinesPerItem, RunDir, RunInfo, StepSpec,
    StoredRun,
};

/// A run with the steps `source` and `work`, just made.
pub(in crate::store) fn run(state: &Path, id: &str, parent: Option<&str>) -> RunDir {
    let steps = [("source".into(), "read"), ("work".into(), "map")];
    let info = RunInfo {
        id,
        pipeline: "p",
        file: Path::new("/somewhere/p.yaml"),
        text: "steps: {}\n",
        files: &[],
        params: "{\"a\":1}",
        seed: 7,
        parent,
        flowrun: "0.1.0",
        language: 1,
        steps: &steps,
    };
    RunDir::create(state, &info).expect("room")
}

/// The step `work`.
pub(in crate::store) fn spec(shape: LinesPerItem, keyed: bool) -> StepSpec {
    StepSpec {
        name: "work".into(),
        verb: "map",
        shape,
        keyed,
        fingerprint: vec![("function".into(), "f1".into()), ("params".into(), "p1".into())],
        cache: None,
    }
}

/// Items whose function returned `[item, index]`; `!text` failed, `!!text` failed for good, `-text` was skipped,
/// `?text` did not end.
pub(in crate::store) fn chunk(first: u64, items: &[&str]) -> ChunkEndings {
    let mut chunk = ChunkEndings { first, ..ChunkEndings::default() };
    for (at, item) in items.iter().enumerate() {
        let text = item.trim_start_matches(['!', '-', '?']);
        chunk.contents.push(Digest::of(text.as_bytes()));
        let how = match item.as_bytes() {
            [b'!', b'!', ..] => Ending::Failed(Box::new(failed(text, true))),
            [b'!', ..] => Ending::Failed(Box::new(failed(text, false))),
            [b'-', ..] => Ending::Skipped(Some(format!("not {text}"))),
            [b'?', ..] => Ending::Open,
            _ => {
                chunk.out.extend_from_slice(format!("[\"{text}\",{}]\n", first + at as u64).as_bytes());
                continue;
            }
        };
        chunk.ends.push(ItemEnding { at: at as u32, how });
    }
    chunk
}

pub(in crate::store) fn failed(item: &str, permanent: bool) -> FailedItem {
    let place = Place { file: "p.yaml".into(), line: 3, column: Some(5), source: Some("error(1)".into()) };
    FailedItem {
        kind: FailureKind::Error,
        message: "no good".into(),
        place: Some(place),
        traceback: "p.yaml:3".into(),
        fields: Some("{\"x\":1}".into()),
        item: format!("\"{item}\""),
        attempts: 2,
        history: "[]".into(),
        duration: Duration::from_millis(1500),
        permanent,
    }
}

/// How a step ended with these counters.
pub(in crate::store) fn result(succeeded: u64, failed: u64, skipped: u64) -> StepResult {
    let tally = Tally { succeeded, failed, skipped, ..Tally::default() };
    StepResult {
        total: tally.ended(),
        tally,
        emitted: succeeded,
        reason: None,
        ..StepResult::without_items(StepStatus::Succeeded, "", Duration::from_secs(2))
    }
}

/// A run whose step `work` was told these chunks and then cut off.
pub(in crate::store) fn finished(
    state: &Path,
    id: &str,
    parent: Option<&str>,
    chunks: Vec<ChunkEndings>,
) -> StoredRun {
    let cut = StepResult { status: StepStatus::Cancelled, ..result(0, 0, 0) };
    finished_as(state, id, parent, chunks, &cut)
}

/// A run whose step `work` was told these chunks and ended so.
pub(in crate::store) fn finished_as(
    state: &Path,
    id: &str,
    parent: Option<&str>,
    chunks: Vec<ChunkEndings>,
    result: &StepResult,
) -> StoredRun {
    let committer = Committer::start(run(state, id, parent)).expect("a thread");
    let journal = committer.step(spec(LinesPerItem::One, false)).expect("room");
    for chunk in chunks {
        journal.push(chunk).expect("room");
    }
    journal.finish(result).expect("room");
    let run = committer
        .finish(RunStatus::Failed, Duration::from_secs(3), None)
        .expect("room")
        .expect("a run has a folder");
    let path = run.path().to_path_buf();
    drop(run);
    StoredRun::open(&path).expect("readable")
}

/// Index and value of each result.
pub(in crate::store) fn results(run: &StoredRun) -> Vec<(u64, String)> {
    let mut results = run.results("work").expect("the step is known");
    let mut found = Vec::new();
    while let Some(line) = results.next() {
        let value = line.value.map_or("dropped".into(), |value| String::from_utf8_lossy(value).into_owned());
        found.push((line.index, value));
    }
    found
}

/// The bytes of a file.
pub(in crate::store) fn bytes(path: &Path) -> Arc<[u8]> {
    std::fs::read(path).expect("readable").into()
}
