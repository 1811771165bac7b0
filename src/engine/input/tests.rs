//! These tests read index runs of small plans and look at indices, places and bad rows.

use std::fs;
use std::path::Path;

use super::index_run::IndexRun;
use super::sharded::part_of_runs;
use super::*;
use crate::data::{ReadOptions, count, items_reader};
use crate::engine::context::Message;
use crate::engine::interrupt::Interrupt;
use crate::engine::options::RunOptions;
use crate::engine::roles::StepRoles;
use crate::lua::Watchdog;
use crate::plan::Plan;
use crate::plan::testing::plan_of;

/// What the runs give, and what the run tells of it.
#[derive(Debug, Default, PartialEq)]
struct Given {
    /// Index and text of each item.
    items: Vec<(u64, String)>,
    /// Index of each bad row in its source, and its line.
    bad: Vec<(u64, u64)>,
    lost: bool,
}

/// Reads the runs of the first source, or of whichever they name.
fn read(plan: &Plan, folder: &Path, runs: &[IndexRun], prove: bool) -> Result<Given, String> {
    let options = RunOptions {
        run: "t".into(),
        seed: 1,
        grace: Duration::ZERO,
        selected: vec![true; plan.steps.len()],
        cores: 1,
        temp_dir: folder.to_owned(),
        logs: false,
        spans: false,
        state: None,
        shard: None,
        sent: None,
        work: None,
    };
    let roles = StepRoles::new(plan, &options.selected, false);
    let interrupt = Arc::new(Interrupt::default());
    let watchdog = Arc::new(Watchdog::start(Box::new(|_| {})).expect("a thread"));
    let (sender, receiver) = crossbeam_channel::unbounded();
    let threads = crate::engine::pool::Threads { watchdog: &watchdog };
    let context = Context::new(plan, &options, &roles, &interrupt, (&watchdog, &threads), sender);
    let mut given = Given::default();
    let parts = runs.chunk_by(|one, next| one.source == next.source).map(|runs| {
        context.source_status(runs[0].source).open();
        part_of_runs(&context, runs.to_vec(), prove).map_err(|error| error.to_string())
    });
    let mut input = StepInput::of_parts(&context, parts.collect::<Result<_, _>>()?);
    let mut chunk = Chunk::default();
    loop {
        match input.next(3, 1000, Duration::ZERO, &mut chunk) {
            NextChunk::Chunk => {}
            NextChunk::End => break,
            NextChunk::Later | NextChunk::Unreadable => unreachable!("files are always there"),
            NextChunk::Lost(_) => {
                given.lost = true;
                break;
            }
        }
        for at in 0..chunk.len() {
            let text = String::from_utf8_lossy(chunk.item(at)).trim().to_owned();
            if text == "bad" {
                input.bad_item(&chunk, at, "it is no JSON".to_owned());
            }
            given.items.push((chunk.first + at as u64, text));
        }
    }
    assert_eq!(input.given(), given.items.len() as u64);
    for message in receiver.try_iter() {
        if let Message::Event(Event::ItemFailed { index, place, .. }) = message {
            given.bad.push((index, place.expect("a row has a place").line));
        }
    }
    Ok(given)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("writable");
    }
    folder
}

/// A step behind sources of these lines of YAML.
fn plan(folder: &Path, sources: &[&str]) -> Plan {
    let names: Vec<String> = (0..sources.len()).map(|at| format!("s{at}")).collect();
    let steps: Vec<String> =
        names.iter().zip(sources).map(|(name, source)| format!("  {name}: {{{source}}}\n")).collect();
    let text = format!(
        "x-allow: [unused_step]\nsteps:\n{}  m: {{from: [{}], map: {{lua: return item}}}}\n",
        steps.concat(),
        names.join(", ")
    );
    plan_of(&text, folder)
}

fn options(plan: &Plan, source: usize) -> ReadOptions {
    match &plan.steps[source].body {
        Body::Ready(Verb::Read(read)) => read.options.clone(),
        _ => panic!("it reads files"),
    }
}

/// The parts of a source as runs, whose indices begin behind those of the inputs before it.
fn runs(source: u32, before: u64, parts: Vec<data::Part>) -> Vec<IndexRun> {
    let run = |part: data::Part| IndexRun { source: StepId(source), first: before + part.first(), part };
    parts.into_iter().map(run).collect()
}

fn lines(count: u64) -> String {
    let lines: Vec<String> = (1..=count).map(|at| format!("{at}\n")).collect();
    lines.concat()
}

#[test]
fn a_slice_of_a_file_has_the_indices_that_are_given() {
    let folder = folder(&[("a.jsonl", &lines(10))]);
    let plan = plan(folder.path(), &["read: a.jsonl"]);
    let all = runs(0, 0, count(&options(&plan, 0), 5).expect("readable").parts);
    let given = read(&plan, folder.path(), &[all[1].clone(), all[2].clone(), all[4].clone()], false);
    let expect = [3, 4, 5, 6, 9, 10].map(|at| (at, at.to_string())).to_vec();
    assert_eq!(given, Ok(Given { items: expect, ..Given::default() }));
}

#[test]
fn slices_far_apart_are_entered_anew() {
    let folder = folder(&[("a.jsonl", &lines(30_000))]);
    let plan = plan(folder.path(), &["read: a.jsonl"]);
    let all = runs(0, 0, count(&options(&plan, 0), 1000).expect("readable").parts);
    let picked = [all[0].clone(), all[999].clone()];
    let given = read(&plan, folder.path(), &picked, false).expect("readable");
    assert!(given.items.iter().all(|(index, text)| *text == index.to_string()));
    assert_eq!(given.items.len() as u64, picked[0].part.items + picked[1].part.items);
    assert_eq!(given.items.last().map(|(index, _)| *index), Some(30_000));
}

#[test]
fn bad_rows_of_a_slice_have_their_places_in_the_file_and_take_no_index() {
    let text = "1\nbad\n2\nbad\n3\nbad\n4\n";
    let folder = folder(&[("a.jsonl", text)]);
    let plan = plan(folder.path(), &["read: {path: a.jsonl, min_success_ratio: 0}"]);
    let all = runs(0, 0, count(&options(&plan, 0), 4).expect("readable").parts);
    let given = read(&plan, folder.path(), &all[1..3], true).expect("readable");
    let items = [2, 3].map(|at| (at, at.to_string())).to_vec();
    let before: u64 = all[0].part.bad;
    let expect: Vec<(u64, u64)> =
        [(2, 2), (4, 4), (6, 6)].into_iter().skip(before as usize).take(2).collect();
    assert_eq!(given, Given { items, bad: expect, lost: false });
}

#[test]
fn rows_that_turn_out_bad_later_have_their_places_too() {
    let folder = folder(&[("a.jsonl", "1\n2\nbad\n"), ("b.jsonl", "1\n2\nbad\n4\n")]);
    let plan = plan(folder.path(), &["read: a.jsonl", "read: b.jsonl"]);
    let parts = count(&options(&plan, 1), 2).expect("readable").parts;
    // The second source stands behind three items of the first one.
    let given = read(&plan, folder.path(), &runs(1, 3, parts)[1..], false).expect("readable");
    assert_eq!(given.items, [(6, "bad".to_owned()), (7, "4".to_owned())]);
    assert_eq!((given.bad, given.lost), (vec![(3, 3)], true));
}

#[test]
fn runs_of_several_sources_follow_each_other() {
    let folder = folder(&[("a.txt", "x\ny\n")]);
    let plan = plan(folder.path(), &["read: a.txt", "items: [7, 8, 9]"]);
    let mut all = runs(0, 0, count(&options(&plan, 0), 2).expect("readable").parts);
    let mut list = items_reader(["7", "8", "9"].map(Arc::from).into(), None);
    all.extend(runs(1, 2, data::count_parts(&mut *list, 3).expect("readable").parts));
    let given = read(&plan, folder.path(), &[&all[1..3], &all[4..]].concat(), false).expect("readable");
    let expect = [(2, "\"y\""), (3, "7"), (5, "9")].map(|(index, text)| (index, text.to_owned()));
    assert_eq!(given.items, expect);
}

#[test]
fn a_file_that_has_changed_gives_no_items() {
    let folder = folder(&[("a.jsonl", &lines(10))]);
    let plan = plan(folder.path(), &["read: a.jsonl"]);
    let all = runs(0, 0, count(&options(&plan, 0), 2).expect("readable").parts);
    fs::write(folder.path().join("a.jsonl"), lines(11)).expect("writable");
    let given = read(&plan, folder.path(), &all[1..], false);
    assert_eq!(given, Ok(Given { lost: true, ..Given::default() }));
}

#[test]
fn runs_that_cannot_be_are_refused() {
    let folder = folder(&[("a.jsonl", &lines(10))]);
    let plan = plan(folder.path(), &["read: a.jsonl"]);
    let all = runs(0, 0, count(&options(&plan, 0), 2).expect("readable").parts);
    let refused = |runs: &[IndexRun]| read(&plan, folder.path(), runs, false).err();
    let order = Some("the index runs overlap or are not in order".to_owned());
    assert_eq!(refused(&[all[1].clone(), all[0].clone()]), order);
    assert_eq!(refused(&[all[0].clone(), all[0].clone()]), order);
    let early = IndexRun { first: 5, ..all[1].clone() };
    assert_eq!(refused(&[early]), Some("the index runs are none of this source".to_owned()));
    let step = IndexRun { source: StepId(1), ..all[0].clone() };
    assert_eq!(refused(&[step]), Some("only sources have index runs".to_owned()));
    let mut long = all[1].clone();
    long.part.items = u64::MAX;
    assert_eq!(refused(&[long.clone()]), Some("the index runs have more items than there can be".to_owned()));
    long.part.items = 6;
    assert_eq!(read(&plan, folder.path(), &[long], false).map(|given| given.lost), Ok(true));
}
