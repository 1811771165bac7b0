//! Whole files in, findings or plans out.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};

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
