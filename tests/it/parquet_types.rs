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
  shorter: { from: docs, map: item.d = nil return item }
  left: { from: shorter, write: left.parquet }
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
    let is_left = |column: &&String| !column.starts_with("d: ");
    let expect: Vec<String> = all.iter().filter(is_left).cloned().collect();
    assert_eq!(types(&project, "left.parquet"), expect, "no item has `d`");
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
        " from docs · s, mark guessed",
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

#[test]
fn the_partner_of_a_join_keeps_its_types() {
    let project = Project::with(
        "steps:
  docs: { read: { path: types.parquet, min_success_ratio: 0 } }
  few: { from: docs, take: 3 }
  made: { items: [{ n: 1 }, { n: 99 }] }
  both: { from: few, join: { with: docs, by: item.i, as: r, many: first } }
  a: { from: both, write: a.parquet }
  one: { from: made, join: { with: docs, by: item.n, with_by: item.i, as: doc, how: left, many: first } }
  b: { from: one, write: b.parquet }
  part: { from: both, map: \"return { left = item.dec, right = item.r }\" }
  c: { from: part, write: c.parquet }
  marked: { from: docs, map: \"item.s = 7 return item\" }
  with: { from: made, join: { with: marked, by: item.n, with_by: item.i, as: doc, many: first } }
  d: { from: with, write: d.parquet }
  twice: { from: one, join: { with: one, by: item.n, as: again } }
  e: { from: twice, write: e.parquet }
  set: { from: both, map: \"item.r = 1 return item\" }
  f: { from: set, write: f.parquet }
",
    )
    .file("types.parquet", TYPES);
    let plan = project.run(&["plan", "pipeline.yaml"]).ok();
    for expect in [
        "list, map, deep, r from docs",
        "types: doc from docs · others guessed",
        "types: left, right from docs",
        "types: doc, again from docs · others guessed",
        " from docs · r guessed",
    ] {
        assert!(plan.stdout.contains(expect), "{expect}: {}", plan.stdout);
    }
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 0, "{}", summary.value);
    let all = types(&project, "types.parquet");
    // Columns without values lie in the file as they do elsewhere, and within another column each may be null.
    let inner = |name: &str| {
        let file = types(&project, name);
        file.last().expect("a column").clone()
    };
    for part in ["\"d\": Date32", "\"dec\": Decimal128(30, 2)", "\"u\": UInt64", "Timestamp"] {
        for file in ["a.parquet", "b.parquet", "c.parquet", "d.parquet", "e.parquet"] {
            assert!(inner(file).contains(part), "{part} in {file}: {}", inner(file));
        }
    }
    assert_eq!(types(&project, "a.parquet")[..all.len()], all);
    // What Arrow said of single columns, it says of them within the partner, too.
    for column in &all {
        let (name, kind) = column.split_once(": ").expect("a name and a type");
        assert!(
            inner("a.parquet").contains(&format!("\"{name}\": {kind}")),
            "{column}: {}",
            inner("a.parquet")
        );
    }
    assert!(inner("d.parquet").contains("\"s\": Int64"), "{}", inner("d.parquet"));
    assert_eq!(inner("f.parquet"), "r: Int64");
    assert_eq!(types(&project, "b.parquet")[0], "n: Int64");
    let back =
        project.file("back.yaml", "steps:\n  a: { read: b.parquet }\n  b: { from: a, write: b.jsonl }\n");
    back.run(&["back.yaml", "--no-state"]).ok();
    let lines = back.read("b.jsonl");
    let expect = r#"{"n":1,"doc":{"i":1,"u":1,"f":1.5,"s":"a","b":true,"d":"2024-02-29","t":"2024-02-29T12:30:00.005000","tz":"2024-02-29T12:30:00.000Z","dec":"12345678901234567890.12","raw":"00ff","cat":"x","list":[1,null],"map":{"k":1},"deep":{"a":[{"b":1}]}}}"#;
    assert_eq!(lines.lines().collect::<Vec<_>>(), [expect, r#"{"n":99,"doc":null}"#]);
}

#[test]
fn types_travel_through_returns_of_different_kinds() {
    let project = Project::with(
        "steps:
  rows: { items: [{ n: 1, day: 2024-01-02, price: 2 }, { n: 2, day: 2024-01-03, price: 3.5 }] }
  made: { from: rows, write: { path: in.parquet, columns: { n: integer, day: date, price: number } } }
",
    )
    .file(
        "all.yaml",
        "steps:
  s: { read: in.parquet }
  mixed:
    from: s
    map: |
      if item[\"n\"] == 1 then return { [\"day\"] = item[\"day\"], p = item.price } end
      return (item)
  a: { from: mixed, write: a.parquet }
  either: { from: s, map: \"if item.n == 1 then return { x = item.n } end return { x = item.price }\" }
  b: { from: either, write: b.parquet }
  unlike: { from: s, map: \"if item.n == 1 then return { x = item.day } end return { x = item.day, y = item.n }\" }
  c: { from: unlike, write: c.parquet }
",
    );
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    let plan = project.run(&["plan", "all.yaml"]).ok();
    for expect in ["types: n, day, price, p from s", "types: x from s", "types: x, y from s"] {
        assert!(plan.stdout.contains(expect), "{expect}: {}", plan.stdout);
    }
    project.run(&["all.yaml", "--no-state"]).ok();
    assert_eq!(types(&project, "a.parquet"), ["n: Int64", "day: Date32", "price: Float64", "p: Float64"]);
    assert_eq!(types(&project, "b.parquet"), ["x: Float64"]);
    assert_eq!(types(&project, "c.parquet"), ["x: Date32", "y: Int64"]);
}

#[test]
fn a_plan_says_that_types_are_guessed_where_the_source_has_none() {
    let project = Project::with(
        "steps:
  s: { read: { path: in.csv, columns: { a: integer, b: number? } } }
  lines: { read: in.jsonl }
  kept: { from: lines, filter: item.a }
  a: { from: s, write: a.parquet }
  b: { from: kept, write: b.parquet }
",
    )
    .file("in.csv", "a,b\n1,\n2,3\n")
    .file("in.jsonl", "{\"a\":1}\n");
    let plan = project.run(&["plan", "pipeline.yaml"]).ok();
    assert_eq!(plan.stdout.matches("types: guessed from the first items").count(), 2, "{}", plan.stdout);
    assert!(!plan.stdout.contains("when it is there"), "{}", plan.stdout);
}

/// More nulls than the items that say what columns are.
#[test]
fn files_of_a_pattern_with_a_column_of_nulls_alone_go_together() {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, Int64Array, NullArray, RecordBatch};

    let file = |column: ArrayRef| {
        let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).expect("a table");
        let mut writer =
            ::parquet::arrow::ArrowWriter::try_new(Vec::new(), batch.schema(), None).expect("a writer");
        writer.write(&batch).expect("written");
        writer.into_inner().expect("whole")
    };
    let project =
        Project::with("steps:\n  s: { read: 'd[123].parquet' }\n  w: { from: s, write: out.parquet }\n")
            .file("d1.parquet", file(Arc::new(NullArray::new(20_000))))
            .file("d2.parquet", file(Arc::new(Int64Array::from(vec![7]))))
            .file("d3.parquet", file(Arc::new(Float64Array::from(vec![1.5]))));
    let plan = project.run(&["plan", "pipeline.yaml"]).ok();
    assert!(plan.stdout.contains("types: x from s"), "{}", plan.stdout);
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    assert_eq!(types(&project, "out.parquet"), ["x: Float64"]);
}

#[test]
fn what_does_not_fit_a_column_is_said_with_what_says_the_column() {
    let nulls = "{\"x\":null}\n".repeat(10_000) + "{\"x\":5}\n";
    let project = Project::with("steps: {}\n")
        .file("nulls.jsonl", nulls)
        .file("geo.jsonl", "{\"geo\":{\"lat\":1,\"lon\":2}}\n");
    for (read, write, expect) in [
        (
            "nulls.jsonl",
            "{ path: out.parquet }",
            "cannot write item 10001 to `out.parquet`: column `x` is null in all items that say what the columns are, and this one is an integer; say in `columns:` which type `x` has",
        ),
        (
            "geo.jsonl",
            "{ path: out.parquet, columns: { geo: '{lat: number}' } }",
            "cannot write item 1 to `out.parquet`: `geo.lon` is not in the type that `columns:` gives `geo`; add it there",
        ),
    ] {
        let text = format!("steps:\n  a: {{ read: {read} }}\n  b: {{ from: a, write: {write} }}\n");
        std::fs::write(project.path("p.yaml"), text).expect("room");
        let ran = project.run(&["p.yaml", "--no-state"]);
        assert!(ran.stderr.replace('\n', " ").contains(expect), "{}", ran.stderr);
    }
}
