//! These tests look at the types that columns have in files which were made of other files.

use std::fmt::Write as _;
use std::fs::File;

use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};

use crate::project::Project;

const TYPES: &[u8] = include_bytes!("../parquet/types.parquet");

/// The columns of a file with their types, as Parquet itself has them.
fn types(project: &Project, name: &str) -> Vec<String> {
    let file = File::open(project.path(name)).expect("a file");
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&file, options).expect("sound");
    let fields = metadata.schema().fields().iter();
    fields.map(|field| format!("{}: {}", field.name(), field.data_type())).collect()
}

#[test]
fn types_travel_through_what_changes_no_item() {
    let project = Project::with(
        "steps:
  docs: { read: { path: types.parquet, min_success_ratio: 0 } }
  kept: { from: docs, filter: item.i ~= 7 }
  sorted: { from: kept, sort: item.s }
  same: { from: sorted, map: return item }
  few: { from: same, take: 5 }
  save: { from: few, write: out.parquet }
  chosen: { from: docs, map: \"return { cost = item.f, at = item.t, deep = item.deep }\" }
  some: { from: chosen, write: some.parquet }
  picked: { from: docs, write: { path: picked.parquet, columns: [dec, u] } }
  none: { from: docs, filter: \"false\" }
  empty: { from: none, write: empty.parquet }
",
    )
    .file("types.parquet", TYPES);
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 0, "{}", summary.value);
    let all = types(&project, "types.parquet");
    assert_eq!(types(&project, "out.parquet"), all);
    assert_eq!(types(&project, "empty.parquet"), all);
    let find =
        |name: &str| all.iter().find_map(|column| column.strip_prefix(&format!("{name}: "))).expect("there");
    let expect =
        [("cost", "f"), ("at", "t"), ("deep", "deep")].map(|(to, from)| format!("{to}: {}", find(from)));
    assert_eq!(types(&project, "some.parquet"), expect);
    let expect = ["dec", "u"].map(|name| format!("{name}: {}", find(name)));
    assert_eq!(types(&project, "picked.parquet"), expect);
    let back = Project::with("steps:\n  a: { read: out.parquet }\n  b: { from: a, write: out.jsonl }\n")
        .file("out.parquet", std::fs::read(project.path("out.parquet")).expect("a file"));
    back.run(&["pipeline.yaml", "--no-state"]).ok();
    let first = r#"{"i":1,"u":1,"f":1.5,"s":"a","b":true,"d":"2024-02-29","t":"2024-02-29T12:30:00.005000","tz":"2024-02-29T12:30:00.000Z","dec":"12345678901234567890.12","raw":"00ff","cat":"x","list":[1,null],"map":{"k":1},"deep":{"a":[{"b":1}]}}"#;
    assert!(back.read("out.jsonl").lines().any(|line| line == first), "{}", back.read("out.jsonl"));
}

#[test]
fn a_column_that_begins_with_nulls_keeps_its_type() {
    let mut lines = "{\"id\":null}\n".repeat(10_001);
    let _ = writeln!(lines, "{{\"id\":5}}");
    let project = Project::with(
        "steps:
  docs: { read: in.jsonl }
  typed: { from: docs, write: { path: in.parquet, columns: { id: integer } } }
",
    )
    .file("in.jsonl", lines)
    .file("copy.yaml", "steps:\n  rows: { read: in.parquet }\n  copy: { from: rows, write: out.parquet }\n");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    project.run(&["copy.yaml", "--no-state"]).ok();
    assert_eq!(types(&project, "out.parquet"), ["id: Int64"]);
}

#[test]
fn files_of_a_pattern_agree_on_types_or_values_say_them() {
    let project = Project::with(
        "steps:
  one: { items: [{ a: 1, b: 1, c: x }] }
  first: { from: one, write: { path: in/1.parquet, columns: { a: integer!, b: integer, c: string } } }
  two: { items: [{ a: 2, b: 0.5, d: true }] }
  second: { from: two, write: { path: in/2.parquet, columns: { a: integer, b: number, d: boolean } } }
",
    )
    .file("all.yaml", "steps:\n  rows: { read: in/*.parquet }\n  save: { from: rows, write: out.parquet }\n");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    project.run(&["all.yaml", "--no-state"]).ok();
    let expect = ["a: Int64", "b: Float64", "c: Utf8", "d: Boolean"];
    assert_eq!(types(&project, "out.parquet"), expect);
}

#[test]
fn a_plan_says_where_types_come_from() {
    let project = Project::with(
        "steps:
  docs: { read: types.parquet }
  new: { read: later.parquet }
  other: { from: docs, map: \"return { id = item.i + 1 }\" }
  a: { from: docs, write: { path: a.parquet, columns: [i, tz, zzz] } }
  b: { from: docs, write: { path: b.parquet, columns: { i: integer!, dec: \"decimal(30,2)\" } } }
  c: { from: other, write: c.parquet }
  d: { from: new, write: d.parquet }
  set: { from: docs, map: \"item.s = 7 item.mark = 1 item.t = nil return item\" }
  kept: { from: set, map: \"item.mark = nil return { i = item.i, s = item.s, mark = item.mark }\" }
  e: { from: set, write: e.parquet }
  f: { from: kept, write: f.parquet }
",
    )
    .file("types.parquet", TYPES);
    let plan = project.run(&["plan", "pipeline.yaml"]);
    for expect in [
        "types: i, tz from docs · zzz guessed",
        "types: i integer!, dec decimal(30,2) declared",
        "types: guessed from the first items",
        "types: from new, when it is there",
        " from docs · s, t, mark guessed",
        "types: i from docs · s guessed",
    ] {
        assert!(plan.stdout.contains(expect), "{expect}: {} {}", plan.stdout, plan.stderr);
    }
}

#[test]
fn columns_of_a_source_are_those_of_the_file() {
    let project = Project::with(
        "steps:
  docs: { read: { path: types.parquet, min_success_ratio: 0 } }
  some: { read: { path: types.parquet, columns: [tz, i] } }
  rows: { read: { path: in.csv, columns: { id: integer, price: number?, name: string } } }
  made: { items: [{ name: a, i: 1, tz: \"2024-02-29T12:30:00Z\", more: 1 }] }
  count: { from: made, reduce: { init: 0, lua: return acc + 1 } }
  a: { from: made, write: { path: a.parquet, columns_of: docs } }
  b: { from: made, write: { path: b.parquet, columns_of: some } }
  c: { from: made, write: { path: c.parquet, columns_of: rows } }
  d: { from: made, write: { path: d.csv, columns_of: some } }
  e: { from: made, needs: count, write: { path: \"e${{ steps.count.total }}.parquet\", columns_of: some } }
",
    )
    .file("types.parquet", TYPES)
    .file("in.csv", "id,price,name\n");
    let plan = project.run(&["plan", "pipeline.yaml"]).ok();
    for expect in
        ["types: tz, i declared, those of some", "types: id integer, price number, name string declared"]
    {
        assert!(plan.stdout.contains(expect), "{expect}: {}", plan.stdout);
    }
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    let all = types(&project, "types.parquet");
    assert_eq!(types(&project, "a.parquet"), all);
    let find =
        |name: &str| all.iter().find(|column| column.starts_with(&format!("{name}: "))).expect("there");
    assert_eq!(types(&project, "b.parquet"), [find("tz").as_str(), find("i")]);
    assert_eq!(types(&project, "e1.parquet"), [find("tz").as_str(), find("i")]);
    assert_eq!(types(&project, "c.parquet"), ["id: Int64", "price: Float64", "name: Utf8"]);
    assert_eq!(project.read("d.csv"), "tz,i\n2024-02-29T12:30:00Z,1\n");
}

#[test]
fn columns_of_a_file_that_is_not_there_fail_the_step() {
    let project = Project::with(
        "steps:
  docs: { read: { path: \"in/*.parquet\", min_items: 0 } }
  gone: { read: gone.parquet }
  made: { items: [{ a: 1 }] }
  a: { from: made, write: { path: a.parquet, columns_of: docs } }
  b: { from: made, write: { path: b.parquet, columns_of: gone } }
",
    );
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 1, "{}", summary.value);
    assert_eq!(summary.step("a")["reason"], "`columns_of`: no file that step `docs` reads says its columns");
    let reason = summary.step("b")["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("`columns_of`: ") && reason.contains("gone.parquet"), "{reason}");
}

#[test]
fn columns_of_what_has_none_are_findings() {
    let project = Project::with(
        "steps:
  docs: { read: in.parquet }
  text: { read: in.csv }
  json: { read: in.jsonl }
  any: { read: { path: \"in/*\" } }
  made: { from: [docs, text, json, any], map: return item }
  a: { from: made, write: { path: a.parquet, columns_of: dogs } }
  b: { from: made, write: { path: b.parquet, columns_of: made } }
  c: { from: made, write: { path: c.parquet, columns_of: text } }
  d: { from: made, write: { path: d.parquet, columns_of: json } }
  e: { from: made, write: { path: e.parquet, columns_of: any } }
  f: { from: made, write: { path: f.parquet, columns_of: docs, columns: [a] } }
  g: { from: made, write: { path: g.jsonl, columns_of: docs } }
",
    );
    let ran = project.run(&["check", "--format", "json", "pipeline.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("a report");
    let list = report["diagnostics"].as_array().expect("a list").iter();
    let found: Vec<String> = list
        .map(|one| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {}: {}", one["line"], text(&one["message"]), text(&one["labels"][0]["message"]))
        })
        .collect();
    let nobody = |step: &str, of: &str| {
        format!("step `{step}` takes the columns of `{of}`, whose columns nobody knows before it runs")
    };
    let expect = [
        "7 step `a` takes the columns of unknown step `dogs`: did you mean `docs`?".to_owned(),
        format!("8 {}: this is a `map`", nobody("b", "made")),
        format!("9 {}: it has no `columns`", nobody("c", "text")),
        format!("10 {}: `jsonl` has no columns", nobody("d", "json")),
        format!("11 {}: it has no `columns`, and its path does not say a format", nobody("e", "any")),
        "12 `columns_of` and `columns` both say which columns step `f` writes: one of the two goes away"
            .to_owned(),
        "13 `columns_of` has no effect on `jsonl`: this is for `csv`, `tsv` and `parquet`".to_owned(),
    ];
    assert_eq!(found, expect);
}

#[test]
fn types_travel_through_conditions_and_fields_that_are_set_are_guessed() {
    let project = Project::with(
        "steps:
  docs: { read: { path: types.parquet, min_success_ratio: 0 } }
  marked:
    from: docs
    map: |
      if item.b == false then
        item.mark = 'none'
      end
      item.s = 7
      return item
  a: { from: marked, write: a.parquet }
  parts:
    from: docs
    map: |
      if item.b then return { t = item.t, u = item.u } end
      return { t = item.t }
  b: { from: parts, write: b.parquet }
",
    )
    .file("types.parquet", TYPES);
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 0, "{}", summary.value);
    let mut all = types(&project, "types.parquet");
    let find = |name: &str| {
        all.iter().find(|column| column.starts_with(&format!("{name}: "))).expect("there").clone()
    };
    assert_eq!(types(&project, "b.parquet"), [find("t"), find("u")]);
    all.iter_mut().filter(|column| *column == "s: Utf8").for_each(|column| *column = "s: Int64".to_owned());
    all.push("mark: Utf8".to_owned());
    assert_eq!(types(&project, "a.parquet"), all);
}
