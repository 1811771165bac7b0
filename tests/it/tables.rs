//! These tests read tables as other programs write them, through the real binary: what stands in a file, what is said of
//! it in the pipeline, and the items.

mod dialects;

use crate::project::{Project, Summary};

/// Reads `bytes` as the file `name` with the keys `read`, and gives the summary and the items as JSON lines.
fn read(name: &str, bytes: &[u8], read: &str) -> (Summary, String) {
    let project = Project::with(&format!(
        "x-allow: [unread_failures]\nsteps:\n  rows: {{ read: {{ path: {name}{read} }} }}\n  save: {{ from: rows, write: out.jsonl }}\n"
    ))
    .file(name, bytes);
    let summary = project.json(&["--no-state"]);
    let items = if summary.code == 0 { project.read("out.jsonl") } else { String::new() };
    (summary, items)
}

/// The items of a file that can be read.
#[track_caller]
fn check(name: &str, bytes: &[u8], keys: &str, expect: &str) {
    let (summary, items) = read(name, bytes, keys);
    assert_eq!(summary.code, 0, "{name}: {}", summary.value);
    assert_eq!(items, expect, "{name}");
}

/// The reason for which a file cannot be read.
#[track_caller]
fn refused(name: &str, bytes: &[u8], keys: &str, expect: &str) {
    let (summary, _) = read(name, bytes, keys);
    assert_eq!((summary.code, summary.status("rows")), (1, "failed"), "{}", summary.value);
    let reason = summary.step("rows")["reason"].as_str().unwrap_or_default();
    assert_eq!(reason, expect);
}

#[test]
fn blank_lines_between_rows_are_passed_over() {
    check("d.jsonl", b"{\"a\":1}\n\n{\"a\":2}\n", "", "{\"a\":1}\n{\"a\":2}\n");
    check("d.csv", b"a,b\n1,2\n\n3,4\n", "", "{\"a\":\"1\",\"b\":\"2\"}\n{\"a\":\"3\",\"b\":\"4\"}\n");
    check("d.tsv", b"a\tb\n\n1\t2\n\n", "", "{\"a\":\"1\",\"b\":\"2\"}\n");
}

#[test]
fn a_bad_line_behind_blank_ones_has_its_place() {
    let project =
        Project::with("steps:\n  rows: { read: d.jsonl }\n  save: { from: rows, write: out.jsonl }\n")
            .file("d.jsonl", "1\n\n2\n\n\nx\n");
    let ran = project.run(&["pipeline.yaml", "--no-state"]);
    assert!(ran.code == 1 && ran.stderr.contains("d.jsonl:6"), "{}", ran.stderr);
}

#[test]
fn a_quote_that_is_never_closed_fails_the_step_whatever_it_tolerates() {
    let row = |id| if id == 500 { "500,\"open\n".to_owned() } else { format!("{id},x\n") };
    let rows: Vec<String> = (1..=1000).map(row).collect();
    let text = format!("id,name\n{}", rows.concat());
    let keys = ", min_success_ratio: 0";
    refused("u.csv", text.as_bytes(), keys, "u.csv:501: the quote of field 2 is never closed");
}

#[test]
fn a_header_of_millions_of_names_is_an_error_with_its_place() {
    let text = "a,".repeat(5_000_000);
    refused(
        "h.csv",
        text.as_bytes(),
        ", min_success_ratio: 0",
        "h.csv:1: the row has more than 100000 fields",
    );
}

#[test]
fn a_wrong_delimiter_is_named() {
    refused(
        "d.csv",
        b"a;b\n1;2\n",
        "",
        "d.csv:1: the header is one column, whose name holds `;`; say `delimiter: \";\"`, or `delimiter: \",\"` if it is one",
    );
    check("d.csv", b"a;b\n1;2\n", ", delimiter: ';'", "{\"a\":\"1\",\"b\":\"2\"}\n");
}

#[test]
fn items_say_where_they_were_read() {
    let project = Project::with(
        "steps:
  rows: { read: { path: 'in/*.csv', origin: { file: source_file, line: source_line } } }
  save: { from: rows, write: out.jsonl }
",
    )
    .file("in/a.csv", "x\n1\n")
    .file("in/b.csv", "x\n\n\"2\n\"\n3\n");
    project.run(&["pipeline.yaml", "--no-state"]).ok();
    assert_eq!(
        project.read("out.jsonl"),
        "{\"x\":\"1\",\"source_file\":\"in/a.csv\",\"source_line\":2}\n\
         {\"x\":\"2\\n\",\"source_file\":\"in/b.csv\",\"source_line\":3}\n\
         {\"x\":\"3\",\"source_file\":\"in/b.csv\",\"source_line\":5}\n"
    );
}

#[test]
fn tables_that_are_written_are_read_as_they_were() {
    let values = ["a\\tb", "\\\"x\\\"", "c:\\\\temp\\\\new", "l1\\nl2\\r\\nl3", "", " b ", "\\\\N", "ä;€"];
    let lines: Vec<String> =
        values.iter().map(|value| format!("{{\"n\":\"1\",\"v\":\"{value}\"}}\n")).collect();
    let lines = lines.concat();
    for name in ["t.csv", "t.tsv", "t.tsv.gz"] {
        let project = Project::with(&format!(
            "steps:\n  in: {{ read: in.jsonl }}\n  out: {{ from: in, write: {name} }}\n"
        ))
        .file("in.jsonl", &lines)
        .file(
            "back.yaml",
            format!("steps:\n  in: {{ read: {name} }}\n  out: {{ from: in, write: out.jsonl }}\n"),
        );
        project.run(&["pipeline.yaml", "--no-state"]).ok();
        project.run(&["back.yaml", "--no-state"]).ok();
        assert_eq!(project.read("out.jsonl"), lines, "{name}");
    }
}

#[test]
fn line_ends_that_are_mixed_are_no_header() {
    for (name, text) in [
        ("a.csv", &b"a,b\r1,2\r3,4\n"[..]),
        ("b.csv", b"a,b\r1,2\r3,\"x\ny\"\r"),
        ("c.tsv", b"id\tnote\r1\tok\r2\tz\n"),
        ("d.csv", b"a,b\r\r\n1,2\r\r\n"),
    ] {
        let (summary, _) = read(name, text, "");
        let reason = summary.step("rows")["reason"].as_str().unwrap_or_default();
        assert_eq!(summary.code, 1, "{name}");
        assert!(reason.starts_with(&format!("{name}:1: the header holds a carriage return")), "{reason}");
    }
    let (summary, _) = read("skipped.csv", b"x\na,b\r1,2\r3,4\n", ", skip: 1");
    let reason = summary.step("rows")["reason"].as_str().unwrap_or_default();
    assert!(reason.starts_with("skipped.csv:2: the header holds"), "{reason}");
    check("e.csv", b"a,\"b\r\nc\"\r\n1,2\r\n", "", "{\"a\":\"1\",\"b\\r\\nc\":\"2\"}\n");
}

#[test]
fn tables_are_written_as_excel_opens_them() {
    let project = Project::with(
        "steps:\n  rows: { read: in.jsonl }\n  \
         save:\n    from: rows\n    \
         write: { path: out.csv, delimiter: ';', quoting: all, bom: true, line_end: crlf, all_columns: true }\n  \
         one: { from: rows, take: 1 }\n  \
         doc: { from: one, write: { path: one.json, single: true } }\n",
    )
    .file("in.jsonl", "{\"a\":1.50}\n{\"b\":\"x;\\\"y\\\"\",\"a\":null}\n");
    assert_eq!(project.json(&["--no-state"]).code, 0);
    assert_eq!(project.read("out.csv"), "\u{feff}\"a\";\"b\"\r\n\"1.50\";\"\"\r\n\"\";\"x;\"\"y\"\"\"\r\n");
    assert_eq!(project.read("one.json"), "{\"a\":1.50}\n");
}
