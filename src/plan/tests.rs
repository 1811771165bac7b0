//! Whole files in, findings or plans out.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::data::{Format, Target};
use crate::event::StepId;
use crate::source::{Diagnostic, Severity};
use crate::spec;

fn load_text(text: &str, inputs: &Inputs) -> Loaded {
    load(spec::load(text.as_bytes(), "p.yaml", Path::new("/work/pipes/p.yaml")), inputs)
}

/// Findings as `line:column code message | label | help`, one a line, then what is wrong with the command line.
fn listed_findings(diagnostics: &[Diagnostic], usage: &[UsageError]) -> String {
    let mut out = String::new();
    for found in diagnostics {
        let code = found.code.trim_start_matches("flowrun::");
        let warning = if found.severity == Severity::Warning { "warning " } else { "" };
        let start = found.file.position(found.start());
        write!(out, "{}:{} {warning}{code}: {}", start.line, start.column, found.message).expect("memory");
        for (at, label) in found.labels.iter().enumerate() {
            let place = found.file.position(label.span.start);
            let place = if at == 0 { String::new() } else { format!("{}:{} ", place.line, place.column) };
            write!(out, " | {place}{}", label.text).expect("memory");
        }
        if let Some(help) = &found.help {
            write!(out, " | help: {help}").expect("memory");
        }
        out.push('\n');
    }
    for error in usage {
        let help = error.help.as_ref().map(|help| format!(" | help: {help}")).unwrap_or_default();
        writeln!(out, "usage: {error}{help}").expect("memory");
    }
    out
}

/// Checks a file without any values.
fn check(text: &str, expect: &Expect) {
    check_with(text, &Inputs { check_only: true, ..Inputs::default() }, expect);
}

fn check_with(text: &str, inputs: &Inputs, expect: &Expect) {
    let loaded = load_text(text, inputs);
    expect.assert_eq(&listed_findings(&loaded.diagnostics, &loaded.usage));
}

fn plan(text: &str, inputs: &Inputs) -> Plan {
    let loaded = load_text(text, inputs);
    let findings = listed_findings(&loaded.diagnostics, &loaded.usage);
    loaded.plan.unwrap_or_else(|| panic!("no plan:\n{findings}"))
}

fn set(options: &[&str]) -> Inputs {
    let split =
        |option: &&str| option.split_once('=').map(|(path, value)| (path.to_owned(), value.to_owned()));
    Inputs { set: options.iter().filter_map(split).collect(), ..Inputs::default() }
}

fn each(plan: &Plan, at: u32) -> &Each {
    match &plan.steps[StepId(at).at()].body {
        Body::Ready(Verb::Each(each)) => each,
        other => panic!("no map-like step: {other:?}"),
    }
}

#[test]
fn unknown_steps_are_named_with_the_nearest() {
    check(
        "steps:\n  load: {read: a.jsonl}\n  out: {from: [lod, load.failed], needs: [zzz], write: b.jsonl}\n",
        &expect![[r#"
            3:16 unknown_step: step `out` reads from unknown step `lod` | did you mean `load`? | help: the steps of this file: `load`, `out`
            3:43 unknown_step: step `out` needs unknown step `zzz` | no step has this name | help: the steps of this file: `load`, `out`
        "#]],
    );
}

#[test]
fn steps_without_items_or_failures_cannot_be_read() {
    check(
        "steps:\n  a: {items: [1]}\n  save: {from: a.failed, write: b.jsonl}\n  more: {from: save, map: return 1}\n",
        &expect![[r#"
            3:16 no_failed_items: step `save` reads the failed items of `a`, which has none | the items of `items` cannot fail | help: `.failed` follows the id of a `read`, `map`, `flat_map` or `filter` step
            4:3 warning unused_step: nothing reads step `more`, and it writes nothing | its results are dropped | help: add a step that reads it, or accept this with `x-allow: [unused_step]`
            4:16 no_output: step `more` reads from `save`, which yields no items | this step only writes | help: read from what it writes: `a`; to wait for the file, add `needs: save`
        "#]],
    );
}

#[test]
fn a_cycle_has_a_label_for_each_tie() {
    check(
        "steps:\n  a: {from: c, map: return 1}\n  b: {from: a, map: return 1}\n  c: {from: [b], map: return 1}\n  d: {from: d, write: x.csv}\n",
        &expect![[r#"
            2:13 cycle: the steps wait for each other: a ← c ← b ← a | `a` waits for `c` | 4:14 `c` waits for `b` | 3:13 `b` waits for `a` | help: take one of these ties away: data flows one way
            5:13 cycle: step `d` waits for itself | `d` waits for `d` | help: take one of these ties away: data flows one way
        "#]],
    );
}

#[test]
fn a_step_that_nobody_reads_is_a_warning_that_can_be_accepted() {
    let text = "steps:\n  a: {read: a.jsonl}\n  b: {from: a, map: return 1}\n";
    check(
        text,
        &expect![[r#"
        3:3 warning unused_step: nothing reads step `b`, and it writes nothing | its results are dropped | help: add a step that reads it, or accept this with `x-allow: [unused_step]`
    "#]],
    );
    for code in ["unused_step", "flowrun::unused_step"] {
        check(&format!("x-allow: [{code}]\n{text}"), &expect![[""]]);
    }
    check(
        "x-allow: [unused_stp]\nsteps:\n  a: {read: a.jsonl}\n  b: {from: a, write: b.csv}\n",
        &expect![[r#"
        1:11 unknown_code: unknown code `unused_stp` | did you mean `unused_step`?
    "#]],
    );
}

#[test]
fn files_must_not_be_in_each_others_way() {
    check(
        "steps:
  a: {read: data/*.jsonl}
  b: {read: \"./x/../y.csv\"}
  c: {from: a, write: data/out.jsonl}
  d: {from: a, write: y.csv}
  e: {from: b, write: ./data/out.jsonl}
  f: {from: b, write: data/sub/out.jsonl}
  g: {from: b, write: /work/pipes/y.csv}
",
        &expect![[r#"
            4:23 write_over_input: step `c` writes over a file that step `a` reads | written here | 2:13 this pattern matches it | help: write to another file
            5:23 write_over_input: step `d` writes over a file that step `b` reads | written here | 3:13 read here | help: write to another file
            6:23 write_conflict: steps `c` and `e` write one file | written again here | 4:23 first written here | help: give each step a file of its own, or join their inputs: `from: [a, b]`
            6:23 write_over_input: step `e` writes over a file that step `a` reads | written here | 2:13 this pattern matches it | help: write to another file
            8:23 write_conflict: steps `d` and `g` write one file | written again here | 5:23 first written here | help: give each step a file of its own, or join their inputs: `from: [a, b]`
            8:23 write_over_input: step `g` writes over a file that step `b` reads | written here | 3:13 read here | help: write to another file
        "#]],
    );
}

#[test]
fn standard_input_and_output_are_taken_once() {
    check(
        "steps:\n  a: {read: '-'}\n  b: {read: '-'}\n  c: {from: [a, b], write: '-'}\n  d: {from: a, write: '-'}\n",
        &expect![[r#"
            3:13 standard_stream: step `b` reads standard input, and so does `a` | and again here | 2:13 first here | help: there is only one such stream; give one of the steps a file
            5:23 standard_stream: step `d` writes to standard output, and so does `c` | and again here | 4:28 first here | help: there is only one such stream; give one of the steps a file
        "#]],
    );
}

#[test]
fn names_must_say_a_format_and_options_must_fit_it() {
    check(
        "steps:
  a: {read: x.dat}
  b: {read: {path: x.dat, format: csv, delimiter: ';'}}
  c: {read: {path: x.jsonl.gz, columns: {a: string}}}
  d: {read: 'x/*.dat'}
  e: {read: 'x/[a.csv'}
  f: {from: [a, b, c, d, e], write: {path: y.xml}}
  g: {from: a, write: {path: y.csv, pretty: true}}
",
        &expect![[r#"
            2:13 unknown_format: the name `x.dat` does not say how its items lie | no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without
            4:32 bad_option: `columns` has no effect on `jsonl` | this is for `csv` and `tsv`
            6:13 bad_pattern: the pattern `x/[a.csv` cannot be read | unclosed character class; missing ']'
            7:44 unknown_format: the name `y.xml` does not say how its items lie | no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without
            8:37 bad_option: `pretty` has no effect on `csv` | this is for `json`
        "#]],
    );
}

#[test]
fn parameters_must_not_contradict_themselves() {
    check(
        "params:\n  n: {default: 5, max: 3}\n  s: {type: string, min: 1}\nsteps:\n  a: {read: a.csv}\n  b: {from: a, write: b.csv}\n",
        &expect![[r#"
            2:16 bad_param: the default of `n` must be at most 3 | does not fit the rest
            3:26 bad_param: `min` is for numbers, and `s` is a string | does not fit the rest
        "#]],
    );
}

#[test]
fn semantic_checks_run_although_the_schema_failed() {
    check(
        "steps:\n  a: {reed: a.jsonl}\n  b: {from: aa, map: {lua: return 1, concurrency: 0}}\n  c: {from: b, write: x.dat}\n",
        &expect![[r#"
            2:7 unknown_key: unknown key `reed` in step `a` | did you mean `read`? | help: `read`: Read items from files.
            3:13 unknown_step: step `b` reads from unknown step `aa` | did you mean `a`? | help: the steps of this file: `a`, `b`, `c`
            3:51 out_of_range: `concurrency` of step `b` must be at least 1 | too small | help: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
            4:23 unknown_format: the name `x.dat` does not say how its items lie | no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without
        "#]],
    );
}

#[test]
fn results_of_steps_that_need_not_have_ended_cannot_be_used() {
    check(
        "steps:
  a: {read: a.jsonl}
  b: {from: a, map: return 1}
  c: {from: a, when: steps.b.total > 0, write: c.jsonl}
  d: {from: b, when: steps.b.total > steps['a'].total, write: d.jsonl}
  e: {from: a, needs: b, when: steps.b.total > steps.bb.total, write: e.jsonl}
  f: {from: a, when: steps.a.total > 1, write: 'f${{ steps.f.total }}.jsonl'}
",
        &expect![[r#"
            4:28 step_not_ended: an expression of step `c` looks at `b`, which need not have ended | has no result yet | help: add `needs: b` to step `c`
            5:43 yaml_syntax: this is no YAML: while parsing a flow mapping, did not find expected ',' or '}' | the reader stops here
            6:54 unknown_step: an expression of step `e` looks at unknown step `bb` | did you mean `b`? | help: the steps of this file: `a`, `b`, `c`, `e`, `f`
            7:28 step_not_ended: an expression of step `f` looks at `a`, which need not have ended | has no result yet | help: add `needs: a` to step `f`
            7:60 step_not_ended: an expression of step `f` looks at `f`, which need not have ended | has no result yet | help: a step has no result before it has ended
        "#]],
    );
}

#[test]
fn defaults_are_under_every_policy() {
    let text = "
defaults: {map: {timeout: 5s, retries: {max: 3, delay: 2s}, concurrency: auto}}
steps:
  a: {items: [1, 2, 3]}
  b: {from: a, map: return 1}
  c: {from: b, filter: {lua: return true, timeout: 1s, retries: 5}}
  d: {from: c, write: out/d.csv.gz}
";
    let plan = plan(text, &Inputs { cores: 6, limit: Some(2), ..Inputs::default() });
    let (b, c) = (&each(&plan, 1).policy, &each(&plan, 2).policy);
    assert_eq!((b.timeout, c.timeout), (Some(Duration::from_secs(5)), Some(Duration::from_secs(1))));
    assert_eq!((b.retries.max, c.retries.max, b.concurrency), (3, 5, 6));
    assert_eq!((b.retries.delay, c.retries.delay), (Duration::from_secs(2), Duration::from_secs(2)));
    let Body::Ready(Verb::Items(Items::List(items))) = &plan.steps[0].body else { panic!("items") };
    assert_eq!(items.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["1", "2"]);
    let Body::Ready(Verb::Write(write)) = &plan.steps[3].body else { panic!("write") };
    assert_eq!(write.target, Target::File("/work/pipes/out/d.csv.gz".into()));
    assert_eq!((write.format, &*write.name), (Format::Csv, "out/d.csv.gz"));
    assert_eq!(plan.order, [StepId(0), StepId(1), StepId(2), StepId(3)]);
    assert_eq!((&*plan.name, plan.root.as_path()), ("p", Path::new("/work/pipes")));
}

const CLEAN: &str = "
steps:
  docs: {read: a.jsonl}
  clean: {from: docs, map: return item}
  save: {from: clean, write: b.jsonl}
";

#[test]
fn set_overrides_single_fields() {
    let plan = plan(
        CLEAN,
        &set(&["clean.concurrency=2", "clean.retries.max=3", "save.path=x.json", "save.pretty=true"]),
    );
    assert_eq!((each(&plan, 1).policy.concurrency, each(&plan, 1).policy.retries.max), (2, 3));
    let Body::Ready(Verb::Write(write)) = &plan.steps[2].body else { panic!("write") };
    assert_eq!((write.format, write.pretty), (Format::Json, true));
}

#[test]
fn what_set_makes_wrong_is_wrong_usage() {
    for (option, expect) in [
        (
            "clean.concurency=2",
            expect![[r#"
            usage: `--set clean.concurency=2`: unknown key `concurency` in `map` of step `clean`: did you mean `concurrency`? | help: `concurrency`: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
        "#]],
        ),
        (
            "clean.concurrency=zero",
            expect![[r#"
            usage: `--set clean.concurrency=zero`: `concurrency` of step `clean` must be a whole number or `auto`, not text: this is text | help: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
        "#]],
        ),
        (
            "claen.concurrency=2",
            expect![[r#"
            usage: `--set claen.concurrency=2`: unknown step or key `claen` | help: did you mean `clean`?
        "#]],
        ),
        (
            "clean.from=dosc",
            expect![[r#"
                usage: `--set clean.from=dosc`: step `clean` reads from unknown step `dosc`: did you mean `docs`? | help: the steps of this file: `docs`, `clean`, `save`
            "#]],
        ),
        (
            "save.path=x.dat",
            expect![[r#"
            usage: `--set save.path=x.dat`: the name `x.dat` does not say how its items lie: no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without
        "#]],
        ),
        (
            "clean.timeout=[",
            expect![[r#"
            usage: `--set clean.timeout=[`: the value is no YAML: did not find expected node content at line 2 column 1, while parsing a flow node
        "#]],
        ),
    ] {
        check_with(CLEAN, &set(&[option]), &expect);
    }
}

#[test]
fn lua_is_compiled_in_every_field_and_placed_exactly() {
    check(
        "defaults: {map: {retries: {max: 1, when: 'err.kind == '}}}
steps:
  a: {items: {lua: 'return {1,'}}
  b:
    from: a
    when: params.x >
    map:
      setup: |
        local x = = 1
      lua: |

        local y = 1
        if y the return 1 end
      retries: {max: 1, when: \"return err.kind = 1\"}
  c: {from: b, flat_map: item.list}
  d: {from: c, filter: item.ok and}
  e: {from: d, filter: 'if item then return true end return false'}
  f: {from: e, filter: {lua: item.ok}}
  g:
    from: f
    map: |
      if item then
        return 1
  h: {from: g, write: \"h-${{ params. }}-${{ 1 + }}.csv\"}
",
        &expect![[r#"
            1:54 lua_syntax: the Lua of `defaults.map.retries.when` cannot be compiled | expected identifier when parsing expression, got <eof>
            3:31 lua_syntax: the Lua of `items.lua` in step `a` cannot be compiled | expected identifier when parsing expression, got <eof>
            6:21 lua_syntax: the Lua of `when` in step `b` cannot be compiled | expected identifier when parsing expression, got <eof>
            9:19 lua_syntax: the Lua of `map.setup` in step `b` cannot be compiled | expected identifier when parsing expression, got '='
            13:14 lua_syntax: the Lua of `map.lua` in step `b` cannot be compiled | expected 'then' when parsing if statement, got 'the'
            14:48 lua_syntax: the Lua of `map.retries.when` in step `b` cannot be compiled | expected <eof>, got '='
            15:26 lua_syntax: the Lua of `flat_map` in step `c` cannot be compiled | incomplete statement: expected assignment or a function call | help: did you forget `return`?
            16:35 lua_syntax: the Lua of `filter` in step `d` cannot be compiled | expected identifier when parsing expression, got <eof>
            23:17 lua_syntax: the Lua of `map` in step `g` cannot be compiled | expected 'end' (to close 'then' at line 22), got <eof> | 22:7 opened here
            24:37 lua_syntax: the Lua of this expression cannot be compiled | expected identifier, got <eof>
            24:48 lua_syntax: the Lua of this expression cannot be compiled | expected identifier when parsing expression, got <eof>
        "#]],
    );
}

#[test]
fn expressions_keep_their_type_or_become_text() {
    let text = "
params: {n: 3, dir: {type: path, default: data}, list: [1, 'a']}
env: {API: 'https://x'}
description: run ${{ run.id }}
steps:
  a: {items: '${{ params.list }}'}
  b: {from: a, deadline: '${{ params.n }}m', map: {lua: return 1, concurrency: '${{ params.n + 1 }}', retries: '${{ {max = 2, delay = \"5s\"} }}'}}
  c: {from: b, write: '${{ params.dir }}/${{ env.API:sub(1, 5) }}-${{ params.list }}.csv'}
  d: {items: [{x: '${{ params.n }}', y: [\"${{ params.n }}!\"]}]}
  e: {from: d, write: '-'}
";
    let plan = plan(text, &Inputs { run: "r7".into(), ..Inputs::default() });
    assert_eq!(plan.description.as_deref(), Some("run r7"));
    let items = |at: usize| match &plan.steps[at].body {
        Body::Ready(Verb::Items(Items::List(items))) => items.join(" "),
        other => panic!("{other:?}"),
    };
    assert_eq!((items(0), items(3)), (r#"1 "a""#.to_owned(), r#"{"x":3,"y":["3!"]}"#.to_owned()));
    let policy = &each(&plan, 1).policy;
    assert_eq!(
        (policy.concurrency, policy.retries.max, policy.retries.delay),
        (4, 2, Duration::from_secs(5))
    );
    assert_eq!(plan.steps[1].deadline, Some(Duration::from_secs(180)));
    let Body::Ready(Verb::Write(write)) = &plan.steps[2].body else { panic!("write") };
    assert_eq!(&*write.name, "data/https-[1,\"a\"].csv");
}

#[test]
fn expressions_without_a_value_or_with_a_wrong_one_are_placed() {
    check(
        "params: {n: 0, s: x, t: '${{ env.GONE.x }}'}
env: {API: '${{ params.n }}'}
steps:
  a: {items: '${{ params.s }}'}
  b: {from: a, map: {lua: return 1, concurrency: '${{ params.n }}', timeout: '${{ params.gone.x }}'}}
  c: {from: b, write: 'x${{ (function() while true do end end)() }}.csv'}
  d: {from: b, write: 'x${{ 1.csv'}
  e: {from: b, deadline: '${{ steps.b.total }}s', write: 'x${{ print }}.csv'}
",
        &expect![[r#"
            1:26 expression: this expression has no value | attempt to index nil with 'x'
            2:12 expression: `${{ … }}` cannot stand here | this value is needed before expressions are evaluated
            4:14 wrong_type: `items` of step `a` must be a list or `{lua: …}`, not text | this gives `"x"` | help: Items written out here as a list, or `{lua: …}` that returns one.
            5:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives `0` | help: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
            5:79 expression: this expression has no value | attempt to index nil with 'x'
            6:25 expression: this expression has no value | it runs longer than 1 s
            7:25 expression: an expression is not closed | `}}` is missing
            8:26 expression: `steps` cannot be used here | this value is needed before any step has ended
            8:60 expression: this expression has no value | the value is a function
        "#]],
    );
    check(
        "params: {n: 0, s: x}
steps:
  a: {items: '${{ params.s }}'}
  b: {from: a, map: {lua: return 1, concurrency: '${{ params.n }}', timeout: '${{ nil }}'}}
  c: {from: b, write: 'x.csv'}
",
        &expect![[r#"
            3:14 wrong_type: `items` of step `a` must be a list or `{lua: …}`, not text | this gives `"x"` | help: Items written out here as a list, or `{lua: …}` that returns one.
            4:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives `0` | help: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
        "#]],
    );
}

#[test]
fn a_check_leaves_open_what_only_a_run_can_give() {
    let text = "
params: {p: {required: true}, q: 1}
env: {KEY: {required: true}}
steps:
  a: {read: '${{ params.p }}/x.csv'}
  b: {from: a, map: {lua: return 1, concurrency: '${{ params.q - 1 }}', timeout: '${{ env.KEY }}'}}
  c: {from: b, write: 'x.csv'}
";
    check(
        text,
        &expect![[r#"
        6:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives `0` | help: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
    "#]],
    );
    check_with(
        text,
        &Inputs::default(),
        &expect![[r#"
            6:50 out_of_range: `concurrency` of step `b` must be at least 1 | this gives `0` | help: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
            usage: environment variable `KEY` is not set | help: the pipeline requires it under `env`; set it with `KEY=… flowrun …`
            usage: parameter `p` is required and not given | help: give it with `-p p=…`
        "#]],
    );
}

#[test]
fn what_needs_results_of_steps_is_bound_when_the_step_starts() {
    let text = "
params: {n: 2}
steps:
  a: {items: [1]}
  b: {from: a, map: return 1}
  c: {from: b, when: steps.b.total > 0, map: {lua: return item, concurrency: '${{ steps.b.total * params.n }}', timeout: 3s}}
  d: {from: c, write: 'out-${{ steps.b.total }}.csv'}
";
    let plan = plan(text, &Inputs::default());
    assert!(plan.steps[2].when.is_some() && matches!(plan.steps[3].body, Body::Late(_)));
    let bound = plan.bind(StepId(2), r#"{"b":{"total":4}}"#).expect("it fits");
    let Verb::Each(each) = bound else { panic!("map") };
    assert_eq!((each.policy.concurrency, each.policy.timeout), (8, Some(Duration::from_secs(3))));
    let Ok(Verb::Write(write)) = plan.bind(StepId(3), r#"{"b":{"total":4}}"#) else { panic!("write") };
    assert_eq!(write.target, Target::File("/work/pipes/out-4.csv".into()));
    for (steps, expect) in [
        (
            r#"{"b":{"total":0}}"#,
            expect![[r#"
        6:78 out_of_range: `concurrency` of step `c` must be at least 1 | this gives 0 | help: How many items are worked on at once, at least 1, or `auto` for the number of cores. Never exceeded, retries included. Default: 4.
    "#]],
        ),
        (
            "{}",
            expect![[r#"
        6:79 expression: this expression has no value | attempt to index nil with 'total'
    "#]],
        ),
    ] {
        let found = plan.bind(StepId(2), steps).expect_err("it does not fit");
        expect.assert_eq(&listed_findings(&found, &[]));
    }
}

#[test]
fn a_value_that_looks_like_an_expression_is_not_evaluated_again() {
    let text = "
params: {s: '$', t: '{{ 1 }}'}
steps:
  a: {items: ['${{ params.s .. params.t }}']}
  b: {from: a, write: '-'}
";
    let plan = plan(text, &Inputs::default());
    let Body::Ready(Verb::Items(Items::List(items))) = &plan.steps[0].body else { panic!("items") };
    assert_eq!(items.join(" "), r#""${{ 1 }}""#);
    check(
        "params: {s: '$', t: '{{ 1 }}'}\nsteps:\n  a: {items: [1]}\n  b: {from: a, map: {lua: return 1, timeout: '${{ params.s .. params.t }}'}}\n  c: {from: b, write: '-'}\n",
        &expect![[r#"
            4:46 expression: an expression gives another expression, `${{ 1 }}` | evaluated once only
        "#]],
    );
}

#[test]
fn lua_files_lie_below_the_pipeline_and_compile() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("pipes");
    std::fs::create_dir_all(root.join("lua")).expect("a folder");
    let put = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("a file");
    put("lua/good.lua", "local m = {}\nfunction m.clean(item) return item end\nreturn m\n");
    put("lua/bad.lua", "return function(item)\n  return item +\nend\n");
    put("lua/none.lua", "local x = 1\n");
    std::fs::write(dir.path().join("outside.lua"), "return print").expect("a file");
    std::os::unix::fs::symlink(dir.path().join("outside.lua"), root.join("link.lua")).expect("a link");
    let text = "steps:
  a: {items: [1]}
  b: {from: a, map: {file: lua/good.lua#clean}}
  c: {from: b, map: {file: lua/bad.lua}}
  d: {from: c, map: {file: lua/none.lua}}
  e: {from: d, map: {file: ../outside.lua}}
  f: {from: e, map: {file: link.lua}}
  g: {from: f, map: {file: 'gone.lua#1x'}}
  h: {from: g, map: {file: gone.lua}}
  i: {from: h, filter: {file: lua}}
  j: {from: i, write: x.csv}
";
    let loaded = load(spec::load(text.as_bytes(), "in/p.yaml", &root.join("p.yaml")), &Inputs::default());
    let findings = listed_findings(&loaded.diagnostics, &loaded.usage);
    expect![[r#"
        3:1 lua_syntax: this Lua file cannot be compiled | expected identifier when parsing expression, got 'end'
        5:28 lua_file: the Lua file `lua/none.lua` cannot be used | it returns nothing | help: end the file with `return function(item) … end`
        6:28 lua_file: the Lua file `../outside.lua` cannot be used | it lies outside the pipeline's folder `ROOT` | help: a Lua file lies in the pipeline's folder or below
        7:28 lua_file: the Lua file `link.lua` cannot be used | it lies outside the pipeline's folder `ROOT` | help: a Lua file lies in the pipeline's folder or below
        8:28 lua_file: the Lua file `gone.lua#1x` cannot be used | `1x` is no name | help: write `FILE.lua#NAME`
        9:28 lua_file: the Lua file `gone.lua` cannot be used | there is no such file | help: paths are relative to the pipeline file
        10:31 lua_file: the Lua file `lua` cannot be used | it is a folder | help: did you mean `lua`?
    "#]].assert_eq(&findings.replace(&root.display().to_string(), "ROOT"));
    let bad =
        loaded.diagnostics.iter().find(|found| found.file.name() != "in/p.yaml").expect("one in a Lua file");
    assert_eq!(bad.file.name(), "in/lua/bad.lua");
}

/// A file with something of everything.
const MIXED: &str = "
version: 1
params: {n: {default: 3, min: 1}, out: {type: path, default: out}}
env: {API: x}
defaults: {map: {timeout: 5s, retries: {max: 3, when: err.kind ~= 'timeout'}}}
steps:
  a: {read: {path: data/*.csv, columns: {id: integer}}}
  b: {glob: raw/**/*.txt}
  c: {from: a, when: params.n > 1, map: {setup: local x = 1, lua: 'return item', concurrency: '${{ params.n }}'}}
  d: {from: [c, a.failed], needs: b, flat_map: 'return {item}'}
  e: {from: d, filter: item.ok}
  f: {from: [e, b], write: '${{ params.out }}/${{ steps.c.total }}.jsonl.gz'}
x-allow: [unused_step]
";

proptest! {
    #[test]
    fn for_every_damaged_file_all_findings_are_placed(
        edits in proptest::collection::vec((0usize..700, 0usize..12, "[a-f{}\\[\\]:,'\"$.# \n*-]{0,6}|\\$\\{\\{|steps|null|from"), 1..6)
    ) {
        let mut text = MIXED.to_owned();
        for (at, length, insert) in edits {
            let at = at.min(text.len());
            text.replace_range(at..(at + length).min(text.len()), &insert);
        }
        for check_only in [true, false] {
            let loaded = load_text(&text, &Inputs { check_only, ..Inputs::default() });
            for found in &loaded.diagnostics {
                prop_assert_ne!(found.code, codes::INTERNAL, "{}", &found.message);
                let is_whole = ["flowrun::empty_file", "flowrun::too_many", "flowrun::yaml_limit"].contains(&found.code);
                prop_assert!(is_whole || !found.labels.is_empty(), "{} has no place", found.message);
                for label in &found.labels {
                    prop_assert!(found.file.text().get(label.span.start..label.span.end).is_some(), "{}", found.message);
                }
            }
            let is_clean = loaded.usage.is_empty() && loaded.diagnostics.iter().all(|one| one.severity == Severity::Warning);
            prop_assert_eq!(loaded.plan.is_some(), is_clean, "{}", &text);
        }
    }
}
