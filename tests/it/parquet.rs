//! These tests cover parquet files in and out, through the real binary. `tests/parquet/types.parquet` was made by
//! another program.

use std::fmt::Write as _;

use crate::project::{Project, Summary};

/// Another program's file, with every common type; see `make.py` beside it.
const TYPES: &[u8] = include_bytes!("../parquet/types.parquet");

/// Copies `in` to `out.jsonl` through `out.parquet` and answers what came back.
#[track_caller]
fn round_trip(lines: &str) -> String {
    let project = Project::with(
        "steps:
  docs: { read: in.jsonl }
  save: { from: docs, write: out.parquet }
",
    )
    .file("in.jsonl", lines);
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 0, "{}", summary.value);
    let project = project.file(
        "back.yaml",
        "steps:\n  docs: { read: out.parquet }\n  save: { from: docs, write: out.jsonl }\n",
    );
    project.run(&["back.yaml", "--no-state"]).ok();
    project.read("out.jsonl")
}

/// The reason for which writing these lines fails, with the old file left in place.
#[track_caller]
fn refused(write: &str, lines: &str) -> String {
    let project = Project::with(&format!(
        "steps:\n  docs: {{ read: in.jsonl }}\n  save:\n    from: docs\n    write: {write}\n"
    ))
    .file("in.jsonl", lines)
    .file("out.parquet", "old");
    let summary = project.json(&["--no-state"]);
    assert_eq!((summary.code, summary.status("save")), (1, "failed"), "{}", summary.value);
    assert_eq!(project.read("out.parquet"), "old");
    reason(&summary, "save")
}

fn reason(summary: &Summary, step: &str) -> String {
    summary.step(step)["reason"].as_str().unwrap_or_else(|| panic!("{}", summary.value)).to_owned()
}

#[test]
fn values_come_back_as_they_went() {
    let lines = "{\"id\":9223372036854775807,\"price\":0.1,\"name\":\"é\\n\",\"ok\":true,\"tags\":[\"a\",null],\"at\":{\"x\":1,\"y\":[{\"z\":2}]}}
{\"id\":-9223372036854775808,\"price\":-0.5,\"name\":\"\",\"ok\":false,\"tags\":[],\"at\":{\"x\":null,\"y\":[]}}
{\"id\":null,\"price\":null,\"name\":null,\"ok\":null,\"tags\":null,\"at\":null}
";
    assert_eq!(round_trip(lines), lines);
}

#[test]
fn integers_widen_to_floats_and_missing_keys_are_null() {
    let back = round_trip("{\"a\":1}\n{\"a\":2.5,\"b\":\"x\"}\n{\"b\":null}\n");
    assert_eq!(back, "{\"a\":1.0,\"b\":null}\n{\"a\":2.5,\"b\":\"x\"}\n{\"a\":null,\"b\":null}\n");
}

#[test]
fn many_rows_pass_through() {
    let lines = (0..25_000).fold(String::new(), |mut text, id| {
        let _ = writeln!(text, "{{\"id\":{id},\"word\":\"w{}\",\"list\":[{id}]}}", id % 7);
        text
    });
    assert!(round_trip(&lines) == lines);
}

#[test]
fn nothing_makes_a_file_without_rows() {
    assert_eq!(round_trip(""), "");
}

#[test]
fn a_row_that_does_not_fit_is_named_and_the_old_file_stays() {
    assert_eq!(
        refused("out.parquet", "{\"a\":1}\n{\"a\":\"x\"}\n"),
        "cannot write item 2 to `out.parquet`: column `a` holds integers, and this one is a string; say in `columns:` which type `a` has"
    );
    assert_eq!(
        refused("out.parquet", "{\"a\":[{\"b\":1}]}\n{\"a\":[{\"b\":[]}]}\n"),
        "cannot write item 2 to `out.parquet`: column `a[].b` holds integers, and this one is a list; say in `columns:` which type `a` has"
    );
    assert_eq!(
        refused("out.parquet", "{\"a\":9007199254740993}\n{\"a\":0.5}\n"),
        "cannot write item 1 to `out.parquet`: column `a` holds floats, and none is exactly 9007199254740993; say in `columns:` which type `a` has"
    );
    assert_eq!(
        refused("out.parquet", "3\n"),
        "cannot write item 1 to `out.parquet`: a row has named columns, and this item is an integer"
    );
    assert!(refused("out.parquet", "{\"a\":{}}\n").starts_with("column `a` holds maps without any key"));
    let many = (0..10_000).fold(String::new(), |mut text, id| {
        let _ = writeln!(text, "{{\"id\":{id}}}");
        text
    });
    assert_eq!(
        refused("out.parquet", &format!("{many}{{\"id\":0.5}}\n")),
        "cannot write item 10001 to `out.parquet`: column `id` holds integers, and this one is a float; say in `columns:` which type `id` has"
    );
    let found = refused("out.parquet", &format!("{many}{{\"new\":1}}\n"));
    assert!(found.starts_with("cannot write item 10001 to `out.parquet`: column `new` is new"), "{found}");
}

#[test]
fn declared_types_hold_from_the_first_item_to_the_last() {
    let many = (0..10_000).fold(String::new(), |mut text, id| {
        let _ = writeln!(text, "{{\"id\":{id},\"price\":{id}}}");
        text
    });
    let last = "{\"id\":1,\"price\":0.5,\"at\":\"2024-02-29T12:30:00.5+02:00\",\"day\":\"+10000-01-01\",\"amount\":\"12.5\",\"tags\":{},\"geo\":[]}\n";
    let project = Project::with(
        "steps:
  docs: { read: in.jsonl }
  save:
    from: docs
    write:
      path: out.parquet
      columns: { id: integer!, price: number, at: timestamp, day: date, amount: \"decimal(12,2)\", tags: \"[string]\", geo: \"{lat: number, lon: number}\" }
      compression: zstd
      row_group: 32MB
",
    )
    .file("in.jsonl", format!("{many}{last}"))
    .file("back.yaml", "steps:\n  docs: { read: out.parquet }\n  save: { from: docs, write: back.jsonl }\n");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    project.run(&["back.yaml", "--no-state"]).ok();
    let back = project.read("back.jsonl");
    assert!(back.starts_with(
        "{\"id\":0,\"price\":0.0,\"at\":null,\"day\":null,\"amount\":null,\"tags\":null,\"geo\":null}\n"
    ));
    let expect = "{\"id\":1,\"price\":0.5,\"at\":\"2024-02-29T10:30:00.500000Z\",\"day\":\"+10000-01-01\",\"amount\":\"12.50\",\"tags\":[],\"geo\":{\"lat\":null,\"lon\":null}}";
    assert_eq!(back.lines().last(), Some(expect));
}

#[test]
fn an_empty_table_has_the_shape_of_its_column_and_an_item_without_keys_is_a_row() {
    let back = round_trip("{\"a\":{},\"b\":[]}\n{\"a\":[1],\"b\":{\"x\":1}}\n{}\n{\"a\":{}}\n");
    let expect = "{\"a\":[],\"b\":{\"x\":null}}\n{\"a\":[1],\"b\":{\"x\":1}}\n{\"a\":null,\"b\":null}\n{\"a\":[],\"b\":null}\n";
    assert_eq!(back, expect);
}

#[test]
fn wrong_types_and_types_elsewhere_are_found_before_anything_runs() {
    for (write, expect) in [
        ("{ path: out.parquet, columns: { a: \"[strin]\" } }", "`strin` is no type; the types are"),
        ("{ path: out.parquet, columns: { a: \"decimal(99,1)\" } }", "a decimal is `decimal(12,2)`"),
        ("{ path: out.parquet, columns: { a: int } }", "must be one of `string`, `integer`"),
        ("{ path: out.csv, columns: { a: string } }", "`columns`: types are for `parquet`, not for `csv`"),
        ("{ path: out.jsonl, compression: zstd }", "`compression` is for `parquet`, not for `jsonl`"),
        ("{ path: out.csv, row_group: 1MB }", "`row_group` is for `parquet`, not for `csv`"),
    ] {
        let project = Project::with(&format!(
            "steps:\n  docs: {{ items: [1] }}\n  save: {{ from: docs, write: {write} }}\n"
        ));
        let ran = project.run(&["check", "pipeline.yaml"]);
        assert!(ran.code == 65 && ran.stderr.contains(expect), "{write}: {} {}", ran.code, ran.stderr);
    }
}

#[test]
fn columns_are_chosen_in_order() {
    let project = Project::with(
        "steps:
  docs: { read: in.jsonl }
  save: { from: docs, write: { path: out.parquet, columns: [c, a] } }
",
    )
    .file("in.jsonl", "{\"a\":1,\"b\":[],\"c\":\"x\"}\n{\"a\":2,\"b\":\"y\"}\n")
    .file(
        "back.yaml",
        "steps:
  docs: { read: { path: out.parquet, columns: { a: integer, c: string } } }
  save: { from: docs, write: back.jsonl }
  all: { read: out.parquet }
  save_all: { from: all, write: all.jsonl }
",
    )
    .file(
        "bad.yaml",
        "steps:\n  docs: { read: { path: out.parquet, columns: { a: boolean } } }\n  save: { from: docs, write: x.jsonl }\n",
    )
    .file(
        "gone.yaml",
        "steps:\n  docs: { read: { path: out.parquet, columns: { z: string } } }\n  save: { from: docs, write: x.jsonl }\n",
    );
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    project.run(&["back.yaml", "--no-state"]).ok();
    assert_eq!(project.read("back.jsonl"), "{\"a\":1,\"c\":\"x\"}\n{\"a\":2,\"c\":null}\n");
    assert_eq!(project.read("all.jsonl"), "{\"c\":\"x\",\"a\":1}\n{\"c\":null,\"a\":2}\n");
    let bad = project.run(&["bad.yaml", "--no-state"]);
    assert!(bad.code == 1 && bad.stderr.contains("it holds integers"), "{}", bad.stderr);
    let gone = project.run(&["gone.yaml", "--no-state"]);
    assert!(gone.code == 1 && gone.stderr.contains("has no column `z`; it has `c`, `a`"), "{}", gone.stderr);
}

#[test]
fn a_file_of_another_program_is_read_type_by_type() {
    let project = Project::with(
        "steps:
  docs: { read: { path: types.parquet, min_success_ratio: 0 } }
  save: { from: docs, write: out.jsonl }
  bad: { from: docs.failed, write: bad.jsonl }
",
    )
    .file("types.parquet", TYPES);
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.counts("docs"), [2, 1, 0, 0], "{}", summary.value);
    let expect = [
        r#"{"i":1,"u":1,"f":1.5,"s":"a","b":true,"d":"2024-02-29","t":"2024-02-29T12:30:00.005000","tz":"2024-02-29T12:30:00.000Z","dec":"12345678901234567890.12","raw":"00ff","cat":"x","list":[1,null],"map":{"k":1},"deep":{"a":[{"b":1}]}}"#,
        r#"{"i":null,"u":2,"f":null,"s":null,"b":false,"d":null,"t":null,"tz":null,"dec":null,"raw":null,"cat":"y","list":[],"map":{},"deep":{"a":null}}"#,
    ];
    assert_eq!(project.read("out.jsonl").lines().collect::<Vec<_>>(), expect);
    // An integer beyond 64 signed bits.
    assert!(project.read("bad.jsonl").contains("9223372036854775808"), "{}", project.read("bad.jsonl"));
}

#[test]
fn what_is_no_parquet_is_an_error_that_names_the_file() {
    let pipeline = "steps:\n  docs: { read: in.parquet }\n  save: { from: docs, write: out.jsonl }\n";
    for bytes in [&b""[..], b"PAR1", b"not parquet at all", &TYPES[..TYPES.len() / 2]] {
        let project = Project::with(pipeline).file("in.parquet", bytes);
        let summary = project.json(&["--no-state"]);
        assert_eq!((summary.code, summary.status("docs")), (1, "failed"));
        assert!(reason(&summary, "docs").contains("`in.parquet`"), "{}", summary.value);
    }
    // Damage in the middle must not end the process.
    for at in (4..TYPES.len()).step_by(97) {
        let mut bytes = TYPES.to_vec();
        bytes[at] ^= 0x55;
        let project = Project::with(pipeline).file("in.parquet", bytes);
        let summary = project.json(&["--no-state"]);
        assert!(summary.code == 0 || summary.code == 1, "{at}: {}", summary.stderr);
    }
}

#[test]
fn streams_and_compression_are_refused() {
    for (step, expect) in [
        ("write: { path: '-', format: parquet }", "`path: -` is not for `parquet`"),
        ("write: out.parquet.gz", "parquet compresses its columns itself"),
        ("write: { path: out.parquet, pretty: true }", "`pretty` has no effect on `parquet`"),
    ] {
        let project = Project::with(&format!(
            "steps:\n  docs: {{ items: [1] }}\n  save:\n    from: docs\n    {step}\n"
        ));
        let ran = project.run(&["check", "pipeline.yaml"]);
        assert!(ran.code == 65 && ran.stderr.contains(expect), "{step}: {} {}", ran.code, ran.stderr);
    }
    let read = "steps:\n  docs: { read: { path: '-', format: parquet } }\n  save: { from: docs, write: out.jsonl }\n";
    let ran = Project::with(read).run(&["check", "pipeline.yaml"]);
    assert!(ran.code == 65 && ran.stderr.contains("is read from its end"), "{} {}", ran.code, ran.stderr);
}

#[test]
fn items_without_keys_are_rows_only_where_there_are_columns() {
    let write = |columns: &str| {
        Project::with(&format!(
            "steps:\n  docs: {{ read: in.jsonl }}\n  save: {{ from: docs, write: {{ path: out.parquet{columns} }} }}\n"
        ))
        .file("in.jsonl", "{}\n{}\n")
    };
    let refused = write("").run(&["pipeline.yaml", "--no-state"]);
    assert!(refused.code == 1 && refused.stderr.contains("no item has a key"), "{}", refused.stderr);
    let project = write(", columns: {a: integer}").file(
        "back.yaml",
        "steps:\n  docs: { read: out.parquet }\n  save: { from: docs, write: back.jsonl }\n",
    );
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    project.run(&["back.yaml", "--no-state"]).ok();
    assert_eq!(project.read("back.jsonl"), "{\"a\":null}\n{\"a\":null}\n");
}

#[test]
fn values_may_be_nested_as_deep_as_readers_take_and_no_deeper() {
    let maps = |levels: usize| format!("{{\"v\":{}1{}}}\n", "{\"a\":".repeat(levels), "}".repeat(levels));
    let lists = |levels: usize| format!("{{\"v\":{}1{}}}\n", "[".repeat(levels), "]".repeat(levels));
    let there = "steps:\n  rows: { read: in.jsonl }\n  save: { from: rows, write: out.parquet }\n";
    let back = "steps:\n  rows: { read: out.parquet }\n  save: { from: rows, write: back.jsonl }\n";
    for deep in [maps(99), lists(49)] {
        let project = Project::with(there).file("in.jsonl", &deep).file("back.yaml", back);
        project.run(&["pipeline.yaml"]).ok();
        project.run(&["back.yaml"]).ok();
        assert_eq!(project.read("back.jsonl"), deep);
    }
    for deep in [maps(100), lists(50), maps(2000), lists(2000)] {
        let ran = Project::with(there).file("in.jsonl", &deep).run(&["pipeline.yaml"]);
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("deep"), "{}", ran.stderr);
    }
}
