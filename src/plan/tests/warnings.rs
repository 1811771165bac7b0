//! These tests look at the warnings of what is allowed and hardly meant, and of how little it takes to be meant.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use expect_test::expect;

use super::*;

/// The warnings about a pipeline of `docs`, a map-like step `work` with this policy and Lua, and writers of it and of its failures.
#[track_caller]
fn check_policy(source: &str, policy: &str, lua: &str, expect: &[&str]) {
    check_file(
        &format!(
            "rate_limits: {{ api: 5/s }}
x-allow: [unused_rate_limit, not_permitted]
steps:
  docs: {source}
  work:
    from: docs
    {policy}
      lua: |
        {lua}
  save: {{ from: work, write: out.jsonl }}
  lost: {{ from: work.failed, write: lost.jsonl }}
"
        ),
        expect,
    );
}

#[track_caller]
fn check_file(text: &str, expect: &[&str]) {
    let inputs = Inputs { check_only: true, ..Inputs::default() };
    let found = load_text(text, &inputs).diagnostics;
    let codes: Vec<&str> = found.iter().map(|one| one.code.trim_start_matches("flowrun::")).collect();
    assert_eq!(codes, expect, "{text}\n{}", listed_findings(&found, &[]));
}

/// Policies under `map:`, of items from a file.
#[track_caller]
fn policies(policies: &[&str], lua: &str, expect: &[&str]) {
    for policy in policies {
        check_policy("{ read: docs.jsonl }", &format!("map:\n      {policy}"), lua, expect);
    }
}

#[test]
fn stopping_at_once_and_bearing_failures_is_a_contradiction() {
    policies(
        &[
            "fail_fast: true\n      min_success_ratio: 0.9",
            "fail_fast: drain\n      max_failures: 3",
            "fail_fast: true\n      min_success_ratio: 0.9\n      max_failures: 0",
        ],
        "return item",
        &["fail_fast_tolerance"],
    );
    policies(
        &[
            "fail_fast: true",
            "fail_fast: true\n      min_success_ratio: 1.0",
            "fail_fast: drain\n      max_failures: 0",
            "fail_fast: false\n      min_success_ratio: 0.9\n      max_failures: 3",
            "stop_early: true\n      min_success_ratio: 0.9",
        ],
        "return item",
        &[],
    );
}

#[test]
fn requests_that_are_cut_off_want_another_try() {
    let http = "return http.get(item.url).body";
    policies(&["timeout: 5s"], http, &["timeout_without_retries"]);
    policies(
        &["timeout: 5s\n      setup: local get = http.get"],
        "return get(item)",
        &["timeout_without_retries"],
    );
    policies(
        &["timeout: 5s\n      retries: 1", "timeout: 5s\n      retries: 0", "retries: 2", "memory: 1GB"],
        http,
        &[],
    );
    policies(&["timeout: 5s"], "return item.http .. 'http.get' -- http.get", &[]);
}

#[test]
fn more_at_once_than_a_rate_limit_lets_run_is_idle() {
    let idle = &["unused_concurrency"][..];
    let lua = "return item";
    policies(
        &[
            "concurrency: 11\n      rate_limit: 5/s\n      timeout: 2s",
            "concurrency: 11\n      rate_limit: api\n      timeout: 2s",
            "concurrency: 6\n      rate_limit: 5/m\n      timeout: 2s",
            "concurrency: 6\n      rate_limit: 5/s\n      item_deadline: 1s\n      timeout: 9s",
        ],
        lua,
        idle,
    );
    policies(
        &[
            "concurrency: 10\n      rate_limit: 5/s\n      timeout: 2s",
            // A window that has only begun counts whole.
            "concurrency: 10\n      rate_limit: 5/s\n      timeout: 1001ms",
            // Slow attempts may pile up.
            "concurrency: 1000\n      rate_limit: 1/h",
            "concurrency: auto\n      rate_limit: 1/s\n      timeout: 1s",
            // The four of the default were not asked for.
            "rate_limit: 1/s\n      timeout: 1s",
            "concurrency: 1000\n      timeout: 1s",
        ],
        lua,
        &[],
    );
}

#[test]
fn lanes_that_concurrency_never_fills_are_idle() {
    let check = |top: &str, policy: &str, expect: &[&str]| {
        let text = format!(
            "{top}steps:\n  docs: {{ read: docs.jsonl }}\n  work:\n    from: docs\n    map:\n      program: [cat]\n      {policy}\n  save: {{ from: work, write: out.jsonl }}\n"
        );
        // It runs in the folder of the file, which is none here.
        let expect = [&["program"], expect].concat();
        check_file(&text, &expect);
    };
    let idle = &["unused_lanes"][..];
    check("", "lanes: 5", idle);
    check("", "lanes: 64\n      concurrency: 63", idle);
    check("defaults: { map: { concurrency: 8 } }\n", "lanes: 9", idle);
    for policy in [
        "lanes: 4",
        "lanes: 64\n      concurrency: 64",
        "lanes: 64\n      concurrency: auto",
        "concurrency: 9",
    ] {
        check("", policy, &[]);
    }
    // Lanes that were written for other steps too are no slip of this one.
    check("defaults: { map: { lanes: 64 } }\n", "retries: 1", &[]);
    check("policies: { wide: { lanes: 64 } }\n", "policy: wide", &[]);
}

#[test]
fn a_deadline_must_have_room_for_the_worst_case() {
    let check = |source: &str, deadline: &str, policy: &str, expect: &[&str]| {
        check_policy(
            source,
            &format!("deadline: {deadline}\n    map:\n      {policy}"),
            "return item",
            expect,
        );
    };
    let short = &["short_deadline"][..];
    let ten = "{ items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }";
    // Five rounds of three attempts of ten seconds, and waits of one and two.
    check(ten, "152s", "concurrency: 2\n      retries: 2\n      timeout: 10s", short);
    check(ten, "153s", "concurrency: 2\n      retries: 2\n      timeout: 10s", &[]);
    check(ten, "49s", "concurrency: 1\n      item_deadline: 5s", short);
    check(ten, "50s", "concurrency: 1\n      item_deadline: 5s", &[]);
    // Three rounds of ten seconds, and what the budget leaves of the retries.
    check(ten, "33s", "retries: { max: 2, budget: 2 }\n      timeout: 10s", &[]);
    check(ten, "1s", "concurrency: 1", &[]);
    check(ten, "1s", "concurrency: auto\n      timeout: 10s", &[]);
    check("{ read: docs.jsonl }", "1s", "timeout: 10s", &[]);
    let taken = "steps:
  docs: { read: docs.jsonl }
  few: { from: docs, take: 5 }
  work: { from: few, deadline: 10s, map: { lua: return item, concurrency: 1, timeout: 5s } }
  save: { from: work, write: out.jsonl }
";
    check_file(taken, short);
    check_file(&taken.replace("take: 5", "take: 2"), &[]);
    let limited = Inputs { limit: Some(3), ..Inputs::default() };
    let text = taken.replace("take: 5", "sort: item.id");
    assert!(load_text(&text, &Inputs::default()).diagnostics.is_empty());
    assert_eq!(load_text(&text, &limited).diagnostics[0].code, "flowrun::short_deadline");
}

#[test]
fn failures_that_are_borne_should_be_read() {
    let file = "steps:
  docs: { read: { path: docs.jsonl, min_success_ratio: 0.9 } }
  work: { from: docs, map: { lua: return item, min_success_ratio: 0.5 } }
  save: { from: work, write: out.jsonl }
";
    check_file(file, &["unread_failures", "unread_failures"]);
    check_file(&format!("{file}  lost: {{ from: [docs.failed, work.failed], write: lost.jsonl }}\n"), &[]);
    let looks = "  none: { from: work, when: steps.work.failures == 0 and steps.docs.failures == 0, needs: docs, write: all.jsonl }\n";
    check_file(&format!("{file}{looks}"), &[]);
    check_file(&file.replace("0.9", "1").replace("0.5", "1.0"), &[]);
    check_file(&format!("x-allow: [unread_failures]\n{file}"), &[]);
    assert!(load_text(file, &Inputs::default()).diagnostics.is_empty(), "a run names what failed at its end");
    check_file(&format!("x-allow: [flowrun::unread_failures]\n{file}"), &[]);
}

#[test]
fn what_defaults_say_counts_and_what_is_not_known_does_not() {
    let file = |default: &str, own: &str| {
        format!(
            "params: {{ ratio: {{ type: number, required: true }} }}
defaults: {{ map: {default} }}
steps:
  docs: {{ read: docs.jsonl }}
  work: {{ from: docs, map: {{ lua: return item, {own} }} }}
  save: {{ from: work, write: out.jsonl }}
"
        )
    };
    check_file(&file("{ min_success_ratio: 0.5 }", "retries: 1"), &["unread_failures"]);
    check_file(&file("{ min_success_ratio: 0.5 }", "min_success_ratio: 1"), &[]);
    check_file(
        &file("{ fail_fast: true }", "min_success_ratio: 0.5"),
        &["fail_fast_tolerance", "unread_failures"],
    );
    check_file(&file("{ concurrency: 90, rate_limit: 1/s }", "timeout: 1s"), &[]);
    check_file(&file("{ fail_fast: true }", "min_success_ratio: '${{ params.ratio }}'"), &[]);
}

#[test]
fn a_file_with_errors_is_warned_of_too() {
    check_file(
        "steps:
  docs: { read: docs.jsonl }
  work: { from: docs, map: { lua: return item, min_success_ratio: 0.5 } }
  save: { from: wrok, write: out.jsonl }
",
        &["unread_failures", "unknown_step"],
    );
}

#[test]
fn lua_that_yaml_cuts_is_found_in_every_short_form() {
    let check = |step: &str, expect: &[&str]| {
        check_file(
            &format!(
                "steps:\n  docs: {{ read: docs.jsonl }}\n  work:\n    from: docs\n    {step}\n  save: {{ from: work, write: out.jsonl }}\n"
            ),
            expect,
        );
    };
    for cut in [
        "filter: item.n == 1 or #item.tags",
        "sort: item.n + #item.tags",
        "sort: { by: item.n, order: asc }\n    when: params.n or #params.tags",
        "unique: item.id .. #item.tags",
        "group_by: item.id .. #item.tags",
        "map: return item.n + #item.tags",
        "flat_map: return #item.tags",
        "reduce:\n      init: 0\n      lua: acc + #item.tags",
        "map:\n      lua: return item\n      key: item.id .. #item.tags",
        "map:\n      retries:\n        max: 2\n        when: attempt < #err.message\n      lua: return item",
    ] {
        let found = load_text(
            &format!(
                "steps:\n  docs: {{ read: docs.jsonl }}\n  work:\n    from: docs\n    {cut}\n  save: {{ from: work, write: out.jsonl }}\n"
            ),
            &Inputs { check_only: true, ..Inputs::default() },
        );
        assert!(found.diagnostics.iter().any(|one| one.code == "flowrun::lua_cut"), "{cut}");
    }
    check("filter: item.n == 1 #item.tags", &["lua_cut"]);
    for whole in [
        "filter: item.n == 1 # the first",
        "filter: item.n + -#item.tags > 0",
        "filter: \"item.n == #item.tags\"",
        "sort: item.n#",
        "map: |\n      return #item.tags",
    ] {
        let found = load_text(
            &format!(
                "steps:\n  docs: {{ read: docs.jsonl }}\n  work:\n    from: docs\n    {whole}\n  save: {{ from: work, write: out.jsonl }}\n"
            ),
            &Inputs { check_only: true, ..Inputs::default() },
        );
        assert!(found.diagnostics.iter().all(|one| one.code != "flowrun::lua_cut"), "{whole}");
    }
}

#[test]
fn signs_in_a_path_that_look_like_more_than_text_are_told() {
    let text = "params: {day: {type: string, required: true}}
steps:
  a: {items: [1]}
  b: {from: a, write: 'out/{split}/{index:03}.jsonl'}
  c: {from: a, write: {path: '~/c.jsonl'}}
  d: {from: a, write: '~/${{ params.day }}-{name}.jsonl'}
  e: {from: a, write: {path: 'e/{key}.{name}.jsonl', by: item}}
  f: {from: a, write: '{a,b}~.jsonl'}
  g: {from: a, write: \"${{ '{name}' }}.jsonl\"}
";
    check(
        text,
        &expect![[r#"
        4:28 warning literal_path: `{split}` in the path of step `b` is taken as it stands | text of the name, no placeholder | help: the placeholders are `{key}`, which is what `by` gives for an item, and `{part}`, the number of a file; what is the same for the whole run is a `${{ … }}`
        4:36 warning literal_path: `{index:03}` in the path of step `b` is taken as it stands | text of the name, no placeholder | help: the placeholders are `{key}`, which is what `by` gives for an item, and `{part}`, the number of a file; what is the same for the whole run is a `${{ … }}`
        5:31 warning literal_path: `~` in the path of step `c` is taken as it stands | a folder of this name, not the home folder | help: write the whole path, or take it from a parameter: `params: {out: {type: path, required: true}}` and `${{ params.out }}/…`
        6:24 warning literal_path: `~` in the path of step `d` is taken as it stands | a folder of this name, not the home folder | help: write the whole path, or take it from a parameter: `params: {out: {type: path, required: true}}` and `${{ params.out }}/…`
        6:44 warning literal_path: `{name}` in the path of step `d` is taken as it stands | text of the name, no placeholder | help: the placeholders are `{key}`, which is what `by` gives for an item, and `{part}`, the number of a file; what is the same for the whole run is a `${{ … }}`
        7:39 warning literal_path: `{name}` in the path of step `e` is taken as it stands | text of the name, no placeholder | help: the placeholders are `{key}`, which is what `by` gives for an item, and `{part}`, the number of a file; what is the same for the whole run is a `${{ … }}`
    "#]],
    );
    check(&format!("x-allow: [literal_path]\n{text}"), &expect![""]);
}
