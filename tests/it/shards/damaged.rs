//! A shard with a damaged file is found before anything runs, whichever byte it is.

use std::path::PathBuf;

use super::{gather, project, shard, shards};
use crate::project::Project;

/// The folder of the only run of a shard.
fn run_of(project: &Project, shard: u64) -> PathBuf {
    let mut runs = std::fs::read_dir(project.path(&format!("s{shard}/runs"))).expect("runs");
    runs.next().expect("one").expect("an entry").path()
}

fn check_refused(project: &Project, expect: &str) {
    let ran = gather(project, 3, &[]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains(expect), "{expect}\n{}", ran.stderr);
    assert!(ran.stderr.contains("help: run that shard again, or bring its folder"), "{}", ran.stderr);
    assert_eq!(project.read("out/late.jsonl"), "old\n", "nothing has run");
    assert!(!project.has(".flowrun"), "nothing has run");
}

#[test]
fn a_shard_whose_results_are_gone_is_refused() {
    let project = project(60).file("out/late.jsonl", "old\n");
    shards(&project, 3, &[]);
    let segment = run_of(&project, 2).join("steps/clean/results-0001.jsonl.zst");
    let bytes = std::fs::read(&segment).expect("it is there");
    for left in [None, Some(bytes.len() / 2)] {
        match left {
            None => std::fs::remove_file(&segment).expect("it is there"),
            Some(length) => std::fs::write(&segment, &bytes[..length]).expect("writable"),
        }
        check_refused(&project, "items of step `clean` in shard 2/3 in `s2` are damaged");
    }
    std::fs::write(&segment, &bytes).expect("writable");
    gather(&project, 3, &["-q"]).ok();
}

#[test]
fn one_bit_of_a_result_is_enough() {
    let project = project(60).file("out/late.jsonl", "old\n");
    shards(&project, 3, &[]);
    let segment = run_of(&project, 2).join("steps/clean/results-0001.jsonl.zst");
    let bytes = std::fs::read(&segment).expect("it is there");
    // Behind the title, results, digests and notes follow each other.
    for at in [330, bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 1] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 4;
        std::fs::write(&segment, damaged).expect("writable");
        check_refused(&project, "items of step `clean` in shard 2/3 in `s2` are damaged");
    }
    std::fs::write(&segment, &bytes).expect("writable");
    gather(&project, 3, &["-q"]).ok();
}

#[test]
fn a_record_that_was_changed_is_not_believed() {
    let project = project(60).file("out/late.jsonl", "old\n");
    shards(&project, 3, &[]);
    let record = run_of(&project, 2).join("shard.json");
    let text = std::fs::read_to_string(&record).expect("it is there");
    for (from, to) in [
        ("\"number\":2", "\"number\":9"),
        ("\"number\":2", "\"number\":3"),
        ("\"of\":3", "\"of\":2"),
        ("\"items\":62", "\"items\":63"),
        ("\"first\":21", "\"first\":8"),
        ("\"first\":21", "\"first\":18446744073709551615"),
        ("\"first\":21", "\"first\":18446744073709551616"),
        ("\"count\":20", "\"count\":3"),
        ("\"seed\":", "\"seed\":1"),
        ("\"checksum\":\"", "\"checksum\":\"0"),
        ("{", ""),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        std::fs::write(&record, text.replacen(from, to, 1)).expect("writable");
        check_refused(&project, "shard.json");
    }
    std::fs::write(&record, b"\xff").expect("writable");
    check_refused(&project, "shard.json");
    // Run once more, the damaged one does not matter.
    shard(&project, 2, 3, &[]).ok();
    let ran = gather(&project, 3, &[]).ok();
    assert!(ran.stderr.contains("passed over: ") && ran.stderr.contains("shard.json"), "{}", ran.stderr);
}
