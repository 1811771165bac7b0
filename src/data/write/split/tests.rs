//! These tests cover split outputs as a whole: what lies where, and what happens to files of before.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::data::{Compression, Format, RowStyle, Target, TypedOptions, WriteMode, WriteOptions};

fn options(root: &Path, path: &str, rows: Option<u64>, bytes: Option<u64>) -> SplitOptions {
    let each = WriteOptions {
        target: Target::File(root.join(path)),
        name: path.into(),
        format: Format::of_path(path).expect("a format"),
        compression: Compression::of_path(path),
        pretty: false,
        single: false,
        mode: WriteMode::Replace,
        table: None,
        rows: RowStyle::default(),
        columns: None,
        typed: TypedOptions::default(),
    };
    let path = SplitPath::parse(path).expect("readable").expect("placeholders");
    let owner = SplitOwner { pipeline: root.join("p.yaml"), step: "save".into() };
    SplitOptions { each, path, root: root.to_owned(), rows, bytes, owner }
}

fn write(options: &SplitOptions, items: &[(&str, &str)]) -> Result<Vec<PartFile>, DataError> {
    let temp = tempfile::tempdir().expect("a folder");
    let mut writer = SplitWriter::create(options, temp.path())?;
    for (key, line) in items {
        writer.push(key, format!("{line}\n").as_bytes())?;
    }
    writer.commit(&mut || Ok::<(), DataError>(()))
}

/// All files below a folder, without those of flowrun.
fn files(root: &Path) -> BTreeMap<String, String> {
    all(root).into_iter().filter(|(name, _)| !name.contains(".flowrun")).collect()
}

fn all(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(root).expect("below").display().to_string();
                found.insert(name, fs::read_to_string(entry.path()).unwrap_or_default());
            }
        }
    }
    found
}

fn pairs(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn each_key_has_its_files_and_what_is_not_written_again_goes() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path(), "out/{key}/{part:02}.jsonl", Some(2), None);
    let items = [("a", "1"), ("b", "2"), ("a", "3"), ("a", "4"), ("c/d", "5")];
    let parts = write(&options, &items).expect("written");
    let told: Vec<_> = parts.iter().map(|part| (&*part.name, part.rows, part.bytes)).collect();
    let expect = [
        ("out/a/01.jsonl", 2, 4),
        ("out/a/02.jsonl", 1, 2),
        ("out/b/01.jsonl", 1, 2),
        ("out/c%2Fd/01.jsonl", 1, 2),
    ];
    assert_eq!(told, expect);
    let first = [
        ("out/a/01.jsonl", "1\n3\n"),
        ("out/a/02.jsonl", "4\n"),
        ("out/b/01.jsonl", "2\n"),
        ("out/c%2Fd/01.jsonl", "5\n"),
    ];
    assert_eq!(files(dir.path()), pairs(&first));
    // Somebody else's files stay, even in the same folders.
    fs::write(dir.path().join("out/a/03.jsonl"), "mine").expect("room");
    write(&options, &[("a", "7")]).expect("written");
    assert_eq!(files(dir.path()), pairs(&[("out/a/01.jsonl", "7\n"), ("out/a/03.jsonl", "mine")]));
    assert_eq!(write(&options, &[]).expect("nothing to write"), []);
    assert_eq!(all(dir.path()), pairs(&[("out/a/03.jsonl", "mine")]), "no items, no files, no manifest");
}

#[test]
fn nothing_is_left_of_what_was_not_finished() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path(), "new/{key}/x.csv", None, None);
    let error = write(&options, &[("a", "{\"x\":1}"), ("b", "5")]).expect_err("5 is no row").to_string();
    assert!(error.contains("cannot write item 1 to `new/b/x.csv`"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0, "not even the folder");
    fs::create_dir_all(dir.path().join("new/a/x.csv")).expect("room");
    let error = write(&options, &[("a", "{\"x\":1}")]).expect_err("a folder is in the way").to_string();
    assert!(error.contains("new/a/x.csv") && error.contains("a folder of this name is there"), "{error}");
}

#[test]
fn a_name_that_is_too_long_leaves_nothing_to_be_finished() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path(), "new/{key}.jsonl", None, None);
    let error = write(&options, &[(&"x".repeat(300), "1")]).expect_err("no such name").to_string();
    let expect = format!("a key makes the name `{}…` of 306 bytes, and", "x".repeat(40));
    assert!(error.starts_with(&expect), "{error}");
    write(&options, &[("a", "1")]).expect("nothing stands in its way");
    assert_eq!(files(dir.path()), pairs(&[("new/a.jsonl", "1\n")]));
}

#[test]
fn two_parts_of_one_name_are_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path(), "{key}{part}.jsonl", Some(1), None);
    let items: Vec<(&str, &str)> = std::iter::repeat_n(("a", "1"), 11).chain([("a1", "2")]).collect();
    let error = write(&options, &items).expect_err("a and part 11, a1 and part 1").to_string();
    assert!(error.contains("two parts would be one file, `a11.jsonl`"), "{error}");
    assert_eq!(all(dir.path()), BTreeMap::new());
}

#[test]
fn a_part_ends_before_it_would_become_too_large() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path(), "{part}.jsonl", None, Some(6));
    write(&options, &["12", "34", "567890", "1", "23456"].map(|item| ("", item))).expect("written");
    let expect =
        [("1.jsonl", "12\n34\n"), ("2.jsonl", "567890\n"), ("3.jsonl", "1\n"), ("4.jsonl", "23456\n")];
    assert_eq!(files(dir.path()), pairs(&expect));
}

#[test]
fn a_run_that_was_killed_while_it_moved_files_is_finished_by_the_next() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path(), "{key}.jsonl", None, None);
    write(&options, &[("a", "1"), ("b", "1"), ("old", "1")]).expect("written");
    // As after a kill: `a` is in its place, `b` is not, `old` is still there.
    let entry = r#"{"pipeline":"p.yaml","step":"save","moving":true,"files":["a.jsonl","b.jsonl"],
        "parts":[".flowrun-x-1.tmp",".flowrun-x-2.tmp"],"old":["a.jsonl","b.jsonl","old.jsonl"]}"#;
    let manifest = format!("{{\"version\":1,\"entries\":[{entry}]}}");
    for (name, text) in [(".flowrun-files.json", &*manifest), ("a.jsonl", "2\n"), (".flowrun-x-2.tmp", "2\n")]
    {
        fs::write(dir.path().join(name), text).expect("room");
    }
    settle_split(&options).expect("it can be finished");
    assert_eq!(files(dir.path()), pairs(&[("a.jsonl", "2\n"), ("b.jsonl", "2\n")]));
    assert!(!all(dir.path())[".flowrun-files.json"].contains("moving"));
    // Who has taken a part away meanwhile has taken it away.
    fs::write(dir.path().join(".flowrun-files.json"), manifest.replace("b.jsonl\"]", "gone.jsonl\"]"))
        .expect("room");
    write(&options, &[("c", "3")]).expect("written");
    assert_eq!(files(dir.path()), pairs(&[("c.jsonl", "3\n")]));
}

#[test]
fn parts_of_a_killed_run_are_removed_and_those_of_a_living_one_are_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = options(dir.path(), "new/{key}/1.jsonl", None, None);
    let temp = tempfile::tempdir().expect("a folder");
    let mut living = SplitWriter::create(&options, temp.path()).expect("begun");
    living.push("a", b"1\n").expect("room");
    let lists = || all(dir.path()).len();
    assert_eq!(lists(), 2, "a list and a part");
    settle_split(&options).expect("nothing to do");
    assert_eq!(lists(), 2, "they are in use");
    // As after a kill: the list is there, and its lock is not.
    let name = all(dir.path()).into_keys().find(|name| !name.contains("/a/")).expect("a list");
    let (list, copy) = (dir.path().join(&name), dir.path().join("copy"));
    fs::copy(&list, &copy).expect("room");
    fs::create_dir_all(dir.path().join("new/mine")).expect("room");
    fs::rename(&copy, &list).expect("another file of this name");
    settle_split(&options).expect("cleared");
    assert_eq!(all(dir.path()), BTreeMap::new());
    assert!(dir.path().join("new/mine").is_dir(), "what it did not make stays");
    drop(living);
}

#[test]
fn a_file_belongs_to_the_step_that_wrote_it_last() {
    let dir = tempfile::tempdir().expect("a folder");
    let one = options(dir.path(), "{key}.jsonl", None, None);
    let owner = SplitOwner { step: "renamed".into(), ..one.owner.clone() };
    let renamed = SplitOptions { owner, ..one.clone() };
    write(&one, &[("a", "1"), ("b", "1")]).expect("written");
    write(&renamed, &[("a", "2")]).expect("written");
    write(&one, &[]).expect("written");
    assert_eq!(files(dir.path()), pairs(&[("a.jsonl", "2\n")]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn every_item_lies_in_the_file_of_its_key_in_order(
        items in prop::collection::vec((0..12_u32, 0..1000_u32), 0..150),
        rows in 4..40_u64, open_max in 1..5_usize, compressed: bool,
    ) {
        let dir = tempfile::tempdir().expect("a folder");
        let end = if compressed { ".zst" } else { "" };
        let options = options(dir.path(), &format!("{{key}}/{{part}}.jsonl{end}"), Some(rows), None);
        let mut writer = SplitWriter::create(&options, dir.path()).expect("begun");
        writer.open_max = open_max;
        let mut expect: BTreeMap<String, String> = BTreeMap::new();
        let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
        for (key, item) in items {
            let line = format!("{item}\n");
            writer.push(&key.to_string(), line.as_bytes()).expect("room");
            let count = counts.entry(key).or_default();
            let name = format!("{key}/{}.jsonl{end}", *count / rows + 1);
            *count += 1;
            expect.entry(name).or_default().push_str(&line);
        }
        let parts = writer.commit(&mut || Ok::<(), DataError>(())).expect("written");
        prop_assert_eq!(parts.len(), expect.len());
        for part in parts {
            let bytes = fs::read(dir.path().join(&*part.name)).expect("there");
            prop_assert_eq!(part.bytes, bytes.len() as u64);
            let text = if compressed { zstd::decode_all(&*bytes).expect("whole") } else { bytes };
            prop_assert_eq!(&String::from_utf8(text).expect("text"), &expect[&*part.name]);
            prop_assert_eq!(part.rows as usize, expect[&*part.name].lines().count());
        }
    }
}
