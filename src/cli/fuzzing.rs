//! Each fuzz target has one function here: any bytes go in, and it asserts what must hold for all of them. `fuzz/`
//! drives the functions by `cargo fuzz`; the tests run them on the files of `fuzz/corpus`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::config;
use crate::data::{Compression, Dialect, Format, Quote, Ragged, ReadOptions, open};
use crate::event::StepId;
use crate::lua::{Attempt, Block, Cancel, Guard, Memory, Scope, Script, Watchdog, Worker, WorkerOptions};
use crate::plan::{Inputs, load};
use crate::source::SourceFile;
use crate::store::StoredRun;
use crate::value::{Choice as _, Chunk, json};

/// A target by its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them; each has a file in `fuzz/fuzz_targets` and a folder in `fuzz/corpus`.
pub const TARGETS: [Target; 7] = [
    ("boundary", boundary),
    ("check", check),
    ("format", format),
    ("frames", frames),
    ("items", items),
    ("pipeline", pipeline),
    ("segment", segment),
];

/// Nothing lies there, and nothing is written.
const PLACE: &str = "/nowhere/p.yaml";

/// The pipeline's reader.
pub fn pipeline(bytes: &[u8]) {
    let loaded = config::load(bytes, "p.yaml", Path::new(PLACE));
    let end = loaded.file.text().len();
    for label in loaded.diagnostics.iter().flat_map(|found| &found.labels) {
        assert!(label.span.end <= end, "a label stands in its file");
    }
}

/// The whole check, expressions included.
pub fn check(bytes: &[u8]) {
    let inputs = Inputs { check_only: true, ..Inputs::default() };
    let loaded = load(config::load(bytes, "p.yaml", Path::new(PLACE)), &inputs);
    for found in &loaded.diagnostics {
        let end = found.file.text().len();
        assert!(found.labels.iter().all(|label| label.span.end <= end), "a label stands in its file");
    }
}

/// The formatter: no value changes, and doing it again changes nothing.
pub fn format(bytes: &[u8]) {
    let again = |bytes: &[u8]| config::format(bytes, "p.yaml", Path::new(PLACE));
    let value = |bytes: &[u8]| config::load(bytes, "p.yaml", Path::new(PLACE)).document.map(|one| one.value);
    let Ok(once) = again(bytes) else { return };
    assert_eq!(value(bytes), value(once.as_bytes()), "no value changes");
    assert_eq!(again(once.as_bytes()).ok().as_deref(), Some(once.as_str()), "once is enough");
}

/// Bytes of items that are read: a packed file may hold more than anybody waits for.
const READ_MAX: usize = 4 << 20;

/// Readers of items. The first byte says which format, compression and dialect the rest has.
pub fn items(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (formats, packed) = (Format::WORDS, Compression::WORDS);
    let first = usize::from(*first);
    let format = formats[first % formats.len()].value;
    let compression = packed[first / formats.len() % packed.len()].value;
    let Ok(folder) = tempfile::tempdir() else { return };
    if std::fs::write(folder.path().join("items"), rest).is_err() {
        return;
    }
    let options = ReadOptions {
        format: Some(format),
        compression: format.streams().then_some(compression),
        dialect: dialect(first / (formats.len() * packed.len())),
        ..ReadOptions::of("items", folder.path())
    };
    let Ok(mut reader) = open(&options) else { return };
    let (mut chunk, mut bad, mut seen) = (Chunk::default(), Vec::new(), 0);
    while let Ok(more) = reader.read(1000, 1 << 16, &mut chunk, &mut bad) {
        for at in 0..chunk.len() {
            assert_eq!(json::validate(chunk.item(at)), Ok(()), "items are JSON");
        }
        seen += chunk.text.len() + bad.drain(..).len();
        if !more || seen > READ_MAX {
            return;
        }
    }
}

/// A dialect of tables; an even number is one with a header.
fn dialect(number: usize) -> Dialect {
    let usual = Dialect { header: number.is_multiple_of(2), ..Dialect::default() };
    match number / 2 {
        0 => usual,
        1 => Dialect { escape: Some(b'\\'), comment: Some("#".to_owned()), ..usual },
        2 => Dialect { quote: Some(Quote::None), trim: true, skip: 1, ..usual },
        _ => Dialect { quote: Some(Quote::Character(b'\'')), ragged: Ragged::Pad, ..usual },
    }
}

/// JSON text to a Lua value and back: the same value, and the same text when it is done again.
pub fn boundary(bytes: &[u8]) {
    let Ok(value) = json::to_value(bytes) else { return };
    let once = through_lua(bytes);
    let got = json::to_value(&once).ok();
    assert!(
        got.is_some_and(|got| is_same(&value, &got)),
        "{value} became {}",
        String::from_utf8_lossy(&once)
    );
    assert_eq!(through_lua(&once), once, "the text is canonical");
}

/// Whether two values are the same to Lua, which knows one kind of number.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| is_same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// What a function gives that returns its item.
fn through_lua(item: &[u8]) -> Vec<u8> {
    let file = SourceFile::new("p.yaml", PLACE, "return item".to_owned());
    let script = Script::body(Block { text: file.text().into(), file, line: 1 }, "/nowhere".into());
    let options = WorkerOptions::new("s", Scope::empty(), Memory::of_step(256_000_000));
    let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread can be started");
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let mut worker = Worker::new(&script, &options, &guard, &watchdog).expect("the function loads");
    let mut chunk = Chunk { first: 1, ..Chunk::default() };
    chunk.push(item);
    let (mut out, mut ends) = (Vec::new(), Vec::new());
    let attempt = Attempt { number: 1, item_deadline: None, last: None };
    worker.run(&chunk, 0..1, &attempt, Duration::MAX, &mut out, &mut |_, _, end, _| {
        ends.push(end);
        true
    });
    assert!(ends.is_empty(), "every item comes back: {ends:?}");
    out
}

/// The run and the step whose results the corpus holds: a segment says whose it is.
const RUN: &str = "1shak5kh7gv";
const STEP: &str = "s";

/// A segment of results, in the folder of a run whose database is lost.
pub fn segment(bytes: &[u8]) {
    let Ok(folder) = tempfile::tempdir() else { return };
    let run = folder.path().join("runs").join(RUN);
    let step = run.join("steps").join(STEP);
    let written = std::fs::create_dir_all(&step)
        .and_then(|()| std::fs::write(step.join("results-0001.jsonl.zst"), bytes));
    let Ok(opened) = written.map(|()| StoredRun::open(&run)) else { return };
    let Ok(stored) = opened else { return };
    let Ok(mut results) = stored.results(STEP) else { return };
    let mut out = Vec::new();
    while results.read(1 << 16, &mut out) && out.len() < READ_MAX {}
    assert!(out.is_empty() || out.ends_with(b"\n"), "results are lines");
}

/// Messages to the language server.
pub fn frames(bytes: &[u8]) {
    #[cfg(feature = "lsp")]
    crate::lsp::frames(bytes);
    #[cfg(not(feature = "lsp"))]
    let _ = bytes;
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn corpus(target: &str) -> Vec<Vec<u8>> {
        let folder = root().join("corpus").join(target);
        let entries = std::fs::read_dir(folder).expect("it has a corpus");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
        paths.sort();
        paths.iter().map(|path| std::fs::read(path).expect("readable")).collect()
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
    }

    #[test]
    fn every_target_takes_its_corpus_and_pieces_of_it() {
        for (name, target) in TARGETS {
            let files = corpus(name);
            for bytes in &files {
                assert!(bytes.len() <= 2048, "files of a corpus are small");
                target(bytes);
                // What is cut off in the middle, and what lacks its beginning.
                target(&bytes[..bytes.len() / 2]);
                target(&bytes[bytes.len() / 2..]);
            }
            assert!(files.len() >= 3, "{name} has a corpus");
            assert!(
                root().join("fuzz_targets").join(name).with_extension("rs").is_file(),
                "{name} can be run"
            );
        }
    }

    /// A change to a text: from where it is cut, how much is left out there, and what comes in its place.
    type Edit = (usize, usize, Vec<u8>);

    fn edit() -> impl Strategy<Value = Edit> {
        let piece = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..4),
            "[-\\[\\]{}:,|>&*#'\"`$!?%@\\\\\n\r\t 0-9a]{1,4}".prop_map(String::into_bytes),
            "(\\$\\{\\{ | \\}\\}|\n  |: |- |--\\[\\[|\r\n|\\.\\.\\.\n|1e999|\u{feff}|é)"
                .prop_map(String::into_bytes),
        ];
        (any::<usize>(), 0..8_usize, piece)
    }

    fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
        for (at, less, piece) in edits {
            let start = at % (bytes.len() + 1);
            let end = (start + less).min(bytes.len());
            bytes.splice(start..end, piece.iter().copied());
        }
        bytes
    }

    proptest! {
        // More than these few by `PROPTEST_CASES`.
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(64) / 4, ..ProptestConfig::default() })]

        #[test]
        fn for_every_change_to_a_corpus_nothing_panics(
            file in any::<usize>(),
            edits in prop::collection::vec(edit(), 1..6),
        ) {
            for (name, target) in TARGETS {
                let files = corpus(name);
                target(&edited(files[file % files.len()].clone(), &edits));
            }
        }
    }
}
