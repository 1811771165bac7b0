//! Readers bound an item: its text as JSON, its columns, the names of its columns. Beyond that there is an error with
//! file and line, and memory in the order of the line.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{OWN, measured};
use crate::project::Project;

/// `count` times `piece` and an end, packed.
fn packed(piece: &[u8], count: usize, end: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..count {
        packed.write_all(piece).expect("memory");
    }
    packed.write_all(end).expect("memory");
    packed.finish().expect("memory")
}

/// Reads a file with this name and content; its error, and the items that there are all the same.
#[track_caller]
fn check(name: &str, content: Vec<u8>, items: usize, expect: &str, megabytes: u64) {
    let project = Project::with(&format!(
        "x-allow: [unread_failures]\nsteps:\n  rows: {{read: {{path: {name}, min_success_ratio: 0}}}}\n  out: {{from: rows, write: out.jsonl}}\n"
    ))
    .file(name, content);
    let (code, peak) = measured(&project, &["pipeline.yaml", "--quiet", "--no-state", "--events", "events"]);
    let events = project.read("events");
    assert!(events.contains(expect), "{expect}\n{events}");
    assert!(events.contains(name), "{events}");
    assert!(code <= 1, "{code}: {events}");
    assert!(peak < OWN + megabytes, "{name}: {peak} MB");
    if code == 0 {
        assert_eq!(project.read("out.jsonl").lines().count(), items);
    }
}

#[test]
fn a_header_has_a_number_of_columns_and_bytes() {
    for (name, piece) in [("h.csv.gz", "a,"), ("h.tsv.gz", "a\t")] {
        let bomb = packed(piece.repeat(500_000).as_bytes(), 60, b"\n1\n");
        check(name, bomb, 0, &format!("{name}:1: the row has more than 100000 fields"), 300);
    }
    let names: Vec<String> = (0..400).map(|at| format!("{at:050000},")).collect();
    let said = "n.csv:1: the names in the header have more than 16777216 bytes";
    check("n.csv", format!("{}x\n1\n", names.concat()).into_bytes(), 0, said, 200);
}

#[test]
fn a_row_with_too_many_fields_is_a_bad_row() {
    let bomb = packed(",".repeat(1_000_000).as_bytes(), 60, b"\n3,4\n");
    let mut all = packed(b"a,b\n1,2\n", 1, b"");
    all.extend(bomb);
    check("r.csv.gz", all, 2, "the row has more than 100000 fields", 300);
}

#[test]
fn an_item_is_bounded_as_json() {
    // Each zero byte takes six in JSON.
    let zeros = vec![0; 1_000_000];
    let bomb = |end: &[u8]| packed(&zeros, 180, end);
    let said = "the item would be longer than 1073741824 bytes as JSON";
    check("z.txt.gz", bomb(b"\nx\n"), 1, said, 700);
    let mut table = packed(b"a\n", 1, b"");
    table.extend(bomb(b"\nx\n"));
    check("z.csv.gz", table, 1, &format!("column `a`: {said}"), 1000);
}
