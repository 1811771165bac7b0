//! These tests cover `aggregate` and `sample`, through the real binary.

use crate::project::Project;

/// A pipeline that makes `step` of the rows in `in.jsonl`.
fn project(step: &str, items: &str) -> Project {
    Project::with(&format!(
        "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n{step}\n  save:\n    from: work\n    write: out.jsonl\n"
    ))
    .file("in.jsonl", items)
}

/// Runs `step` and compares what is written.
#[track_caller]
fn check(step: &str, items: &str, expect: &[&str]) {
    let project = project(step, items);
    let summary = project.json(&["--no-state"]);
    assert_eq!(summary.code, 0, "{} {}", summary.stderr, summary.value);
    assert_eq!(project.read("out.jsonl").lines().collect::<Vec<_>>(), expect, "{step}");
    assert_eq!(summary.counts("work")[0], items.lines().count() as u64);
}

/// The reason for which `step` fails.
#[track_caller]
fn reason(step: &str, items: &str) -> String {
    let summary = project(step, items).json(&["--no-state"]);
    assert_eq!((summary.code, summary.status("work"), summary.status("save")), (1, "failed", "skipped"));
    summary.step("work")["reason"].as_str().expect("a reason").to_owned()
}

const ALL: &str = "    aggregate:
      by: item.g
      count: n
      sum: { total: item.x }
      mean: { mean: item.x }
      min: { least: item.x }
      max: { most: item.x }
      first: { first: item.x }
      last: { last: item.x }
      quantile: { median: [item.x, 0.5], p95: [item.x, 0.95] }
      distinct: { different: item.x }";

#[test]
fn groups_come_in_order_of_first_appearance_with_fields_in_that_of_the_keys() {
    let items = "{\"g\":\"b\",\"x\":2}\n{\"g\":\"a\",\"x\":1.5}\n{\"g\":\"b\",\"x\":null}\n{\"g\":\"b\"}\n{\"g\":\"b\",\"x\":4}\n{\"x\":null}\n{\"g\":\"b\",\"x\":2}\n";
    let b = "{\"key\":\"b\",\"n\":5,\"total\":8,\"mean\":2.6666666666666665,\"least\":2,\"most\":4,\"first\":2,\"last\":2,\"median\":2,\"p95\":3.8,\"different\":2}";
    let a = "{\"key\":\"a\",\"n\":1,\"total\":1.5,\"mean\":1.5,\"least\":1.5,\"most\":1.5,\"first\":1.5,\"last\":1.5,\"median\":1.5,\"p95\":1.5,\"different\":1}";
    let none = "{\"key\":null,\"n\":1,\"total\":0,\"mean\":null,\"least\":null,\"most\":null,\"first\":null,\"last\":null,\"median\":null,\"p95\":null,\"different\":null}";
    check(ALL, items, &[b, a, none]);
    check(ALL, "", &[]);
}

#[test]
fn without_groups_there_is_one_item() {
    let step = "    aggregate: { mean: { m: item.x }, count: n, sum: { s: item.x } }";
    check(step, "{\"x\":1}\n{\"x\":2}\n", &["{\"n\":2,\"s\":3,\"m\":1.5}"]);
    check(step, "", &["{\"n\":0,\"s\":0,\"m\":null}"]);
    check("    aggregate: { count: rows }", "1\n2\n3\n", &["{\"rows\":3}"]);
    check("    aggregate: { by: item % 2 }", "1\n2\n3\n", &["{\"key\":1}", "{\"key\":0}"]);
}

#[test]
fn groups_and_extremes_compare_as_sort_does() {
    let step = "    aggregate: { by: item, count: n }";
    check(
        step,
        "1\n1.0\n\"1\"\n0\n-0.0\n",
        &["{\"key\":1,\"n\":2}", "{\"key\":\"1\",\"n\":1}", "{\"key\":0,\"n\":2}"],
    );
    let step = "    aggregate: { min: { a: item }, max: { z: item } }";
    check(step, "\"b\"\n3\ntrue\n\"a\"\nnull\n", &["{\"a\":true,\"z\":\"b\"}"]);
}

#[test]
fn sums_and_means_are_exact_whatever_the_order() {
    let sums = |items: &[&str]| {
        let lines: String = items.iter().flat_map(|item| ["{\"x\":", item, "}\n"]).collect();
        let project = project("    aggregate: { sum: { s: item.x }, mean: { m: item.x } }", &lines);
        assert_eq!(project.json(&["--no-state"]).code, 0);
        project.read("out.jsonl")
    };
    for items in [["1e100", "1.5", "-1e100", "0.25"], ["0.25", "-1e100", "1e100", "1.5"]] {
        assert_eq!(sums(&items), "{\"s\":1.75,\"m\":0.4375}\n");
    }
    assert_eq!(sums(&["0.1"; 10]), "{\"s\":1.0,\"m\":0.1}\n");
    assert_eq!(sums(&["9007199254740993", "1"]), "{\"s\":9007199254740994,\"m\":4503599627370497.0}\n");
    assert_eq!(
        sums(&["9223372036854775807", "-1", "-1"]),
        "{\"s\":9223372036854775805,\"m\":3.0744573456182584e+18}\n"
    );
}

#[test]
fn a_sum_that_is_none_fails_the_step() {
    let step = "    aggregate: { by: item.g, sum: { total: item.x } }";
    assert_eq!(
        reason(step, "{\"g\":\"a\",\"x\":9223372036854775807}\n{\"g\":\"a\",\"x\":1}\n"),
        "`aggregate` failed: the sum `total` of the group \"a\" is beyond 64 bits"
    );
    assert_eq!(
        reason(step, "{\"x\":1}\n{\"x\":\"12\"}\n"),
        "`aggregate` failed at item 2: the sum `total` is made of numbers, and this is \"12\""
    );
    let said = reason(
        "    aggregate: { sum: { a: item.x, b: item.x.y } }",
        "{\"x\":{\"y\":1}}\n{\"x\":{\"y\":2}}\n",
    );
    assert_eq!(said, "`aggregate` failed at item 1: the sum `a` is made of numbers, and this is {\"y\":1}");
    let said =
        reason("    aggregate: { sum: { a: item.x.y }, max: { b: item.z.y } }", "{\"z\":{}}\n{\"x\":{}}\n");
    assert!(said.starts_with("`aggregate` failed at item 1: pipeline.yaml:6 "), "{said}");
    assert_eq!(
        reason(
            "    deadline: 200ms\n    aggregate: { max: { a: '(function() while true do end end)()' } }",
            "1\n"
        ),
        "deadline"
    );
}

#[test]
fn the_bytes_of_groups_do_not_depend_on_memory_or_concurrency() {
    let bytes = |memory: &str, concurrency: u32| {
        let project = Project::with(&format!(
            "steps:
  made:
    items: {{ lua: 'local t = {{}} for i = 1, 4000 do t[i] = {{ g = i * i % 97, x = (i * 7919 % 1009) / 8 }} end return t' }}
  same:
    from: made
    map: {{ concurrency: {concurrency}, lua: return item }}
  work:
    from: same
    aggregate:
      by: item.g
      memory: {memory}
      count: n
      sum: {{ total: item.x }}
      mean: {{ mean: item.x / 3 }}
      quantile: {{ p9: [item.x, 0.9], least: [item.x, 0] }}
      distinct: {{ different: item.x }}
      last: {{ last: item.x }}
  save:
    from: work
    write: out.jsonl
"
        ));
        assert_eq!(project.json(&["--no-state"]).code, 0);
        project.read("out.jsonl")
    };
    let expect = bytes("1GB", 4);
    assert_eq!(expect.lines().count(), 49);
    for (memory, concurrency) in [("1KB", 1), ("20KB", 8), ("100KB", 3)] {
        assert!(bytes(memory, concurrency) == expect, "{memory} {concurrency}");
    }
}

#[test]
fn a_check_finds_what_no_aggregate_can_do() {
    for (aggregate, expect) in [
        ("{}", "this `aggregate` says nothing about its items"),
        ("{ quantile: { p: [item, 1.5] } }", "the share of quantile `p` must be from 0 to 1, not 1.5"),
        ("{ quantile: { p: [item, -0.1] } }", "must be from 0 to 1, not -0.1"),
        ("{ quantile: { p: [item] } }", "quantile `p` must be a list of an expression and a share"),
        ("{ quantile: { p: item } }", "must be a list"),
        ("{ sum: { a: item }, mean: { a: item } }", "want to be the field `a`"),
        ("{ count: a, max: { a: item } }", "want to be the field `a`"),
        ("{ by: item, count: key }", "`key` holds the value of `by`"),
        ("{ sum: item.x }", "must be a map"),
        ("{ sum: { a: 'item.' } }", "cannot be compiled"),
        ("{ median: { a: item } }", "unknown key `median`"),
        ("{ count: n, memory: 3 }", "is not a size"),
    ] {
        let text = format!(
            "steps:\n  a: {{ items: [1] }}\n  b: {{ from: a, aggregate: {aggregate} }}\n  c: {{ from: b, write: x.jsonl }}\n"
        );
        let ran = Project::with(&text).run(&["check", "pipeline.yaml"]);
        assert!(ran.code == 65 && ran.stderr.contains(expect), "{aggregate}: {}", ran.stderr);
    }
    // Without groups `key` is a name as any other.
    let text = "steps:\n  a: { items: [1] }\n  b: { from: a, aggregate: { count: key } }\n  c: { from: b, write: x.jsonl }\n";
    Project::with(text).run(&["check", "pipeline.yaml"]).ok();
}

#[test]
fn plan_and_report_tell_of_groups() {
    let ran = project(ALL, "{\"g\":1}\n{\"g\":2}\n{\"g\":1}\n").run(&["pipeline.yaml"]).ok();
    assert!(
        ran.stderr.contains("aggregate work") && ran.stderr.contains("3 items → 2 groups"),
        "{}",
        ran.stderr
    );
    let plan = project(ALL, "").run(&["plan", "pipeline.yaml"]).ok().stdout;
    assert!(plan.contains("takes docs · 10 fields for each group"), "{plan}");
}
