//! These tests look at the values of a run: defaults, overrides, parameters; and at files damaged at random.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use std::time::Duration;

use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::data::{Format, Target};

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
    assert_eq!(write.target, Target::File("/home/pipes/out/d.csv.gz".into()));
    assert_eq!((write.format, &*write.name), (Format::Csv, "out/d.csv.gz"));
    assert_eq!(plan.order, [StepId(0), StepId(1), StepId(2), StepId(3)]);
    assert_eq!((&*plan.name, plan.root.as_path()), ("p", Path::new("/home/pipes")));
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
                usage: `--set clean.concurency=2`: unknown key `concurency` in `map` of step `clean`: did you mean `concurrency`? | help: `concurrency`: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            "#]],
        ),
        (
            "clean.concurrency=zero",
            expect![[r#"
                usage: `--set clean.concurrency=zero`: `concurrency` of step `clean` must be a whole number, a map or `auto`, not a string: this is text | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
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
                usage: `--set save.path=x.dat`: the name `x.dat` does not say how its items lie: no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without, or in `.parquet`, `.sqlite`, `.sqlite3` or `.db`
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

#[test]
fn every_option_of_a_table_that_does_not_fit_the_others_is_told_where_it_stands() {
    check(
        "steps:
  a: {read: {path: in.csv, delimiter: ';', quote: ';', escape: ';', comment: ';', columns: [x, x]}}
  b: {read: {path: '*.tsv', quote: \"'\", comment: \"'\", null_values: [NA]}}
  c: {from: [a, b], write: {path: o.parquet, columns: {d: 'decimal(99,1)', e: string, f: '[strin]', g: '{a: }'}}}
",
        &expect![[r#"
            2:44 bad_option: `quote` cannot be `;`, which separates fields | this option
            2:56 bad_option: `escape` cannot be `;`, which separates fields | this option
            2:69 bad_option: `comment` cannot be `;`, which separates fields | this option
            2:83 bad_option: `columns` names `x` twice | this option
            3:41 bad_option: `comment` cannot be `'`, which encloses fields | this option
            3:55 bad_option: `null_values` is for columns that may be null; say which may, such as `columns: {price: number?}` | this option
            4:59 bad_option: a decimal is `decimal(12,2)`: at most 76 digits, and how many of them stand behind the point | this type
            4:90 bad_option: `strin` is no type; the types are `boolean`, `integer`, `number`, `string`, `date`, `time`, `timestamp`, `decimal(12,2)`, `[string]`, `{lat: number}` | this type
            4:104 bad_option: `}` is no type; the types are `boolean`, `integer`, `number`, `string`, `date`, `time`, `timestamp`, `decimal(12,2)`, `[string]`, `{lat: number}` | this type
        "#]],
    );
    check(
        "steps:
  a: {read: {path: in.csv, delimiter: \"\\n\", quote: \"ab\", escape: \"\\r\", comment: \"a\\nb\"}}
  c: {from: a, write: o.csv}
",
        &expect![[r#"
            2:39 bad_value: `delimiter` of step `a` must be one ASCII character | not one ASCII character | help: The separator of `csv` and `tsv`, one ASCII character. Default: a comma for `csv`, a tab for `tsv`.
            2:52 bad_value: `quote` of step `a` must be one ASCII character, or `none` | not one ASCII character | help: Encloses fields of `csv` and `tsv`: one character, or `none`. Default: `"` for `csv`; `none` for `tsv`, where `\t`, `\n`, `\r` and `\\` stand for characters.
            2:66 bad_value: `escape` of step `a` must be one ASCII character | not one ASCII character | help: The character of `csv` and `tsv` that takes the meaning from the one behind it, in quotes and out of them. Default: two quotes in a field in quotes are one.
            2:81 bad_value: `comment` of step `a` must be the beginning of a line | no line begins with a line end in it | help: Lines of `csv` and `tsv` that begin with this text are passed over. Default: no such lines.
        "#]],
    );
}

/// A parameter without a value, and a `write` whose options do not fit.
const UNFINISHED: &str = "params: {day: {type: string, required: true}, n: {type: integer, required: true}}
steps:
  a: {read: 'data/${{ params.day }}.csv'}
  b: {from: a, write: {path: '${{ params.day }}.json', mode: append}}
  c: {from: a, write: {path: all.json, mode: append}}
";

#[test]
fn steps_that_need_no_missing_value_are_judged() {
    check(
        UNFINISHED,
        &expect![[r#"
        5:40 bad_option: `mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `json` | this option
    "#]],
    );
}

#[test]
fn sound_steps_are_judged_beside_those_that_are_not() {
    let text = format!(
        "{UNFINISHED}  d: {{from: z, write: {{path: d.json, mode: append}}}}
  e: {{from: a, write: {{path: e.jsonl, rows: 5, rows_: 5}}}}
  f: {{from: a, write: {{path: f.jsonl, rows: 5}}}}
  g: {{from: a, map: {{file: none.lua}}}}
  h: {{from: g, write: {{path: '${{{{ nil .. 1 }}}}.json', mode: append}}}}
"
    );
    check(
        &text,
        &expect![[r#"
        5:40 bad_option: `mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `json` | this option
        6:13 unknown_step: step `d` reads from unknown step `z` | no step has this name | help: the steps of this file: `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h`
        7:48 unknown_key: unknown key `rows_` in `write` of step `e` | did you mean `rows`? | help: `rows`: How many items a file has at most; the next ones go to a further part, whose number stands at `{part}` in `path`, from 1 for each key. `{part:05}` fills it up to five digits. Default: no such limit.
        8:39 bad_option: `rows` is for many files, and `path` has no `{part}` | this option
        9:28 lua_file: the Lua file `none.lua` cannot be used | there is no such file | help: paths are relative to the pipeline file
        10:31 expression: this expression has no value | attempt to concatenate nil with number
    "#]],
    );
    check_with(
        &text,
        &Inputs { check_only: false, ..set(&["f.rows=7"]) },
        &expect![[r#"
            5:40 bad_option: `mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `json` | this option
            6:13 unknown_step: step `d` reads from unknown step `z` | no step has this name | help: the steps of this file: `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h`
            7:48 unknown_key: unknown key `rows_` in `write` of step `e` | did you mean `rows`? | help: `rows`: How many items a file has at most; the next ones go to a further part, whose number stands at `{part}` in `path`, from 1 for each key. `{part:05}` fills it up to five digits. Default: no such limit.
            9:28 lua_file: the Lua file `none.lua` cannot be used | there is no such file | help: paths are relative to the pipeline file
            10:31 expression: this expression has no value | attempt to concatenate nil with number
            usage: parameter `day` is required and not given | help: give it with `-p day=…`
            usage: parameter `n` is required and not given | help: give it with `-p n=…`
            usage: `--set f.rows=7`: `rows` is for many files, and `path` has no `{part}`: this option
        "#]],
    );
}

#[test]
fn policies_wait_for_their_defaults() {
    for (defaults, expect) in [
        (
            "concurrency: '${{ params.n }}'",
            expect![[r#"
            5:40 bad_option: `mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `json` | this option
        "#]],
        ),
        (
            "concurrency: 0",
            expect![[r#"
                5:40 bad_option: `mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `json` | this option
                8:31 out_of_range: `concurrency` of `defaults.map` must be at least 1 | too small | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            "#]],
        ),
        (
            "concurrency: 2",
            expect![[r#"
            5:40 bad_option: `mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `json` | this option
            6:31 expression: an expression gives another expression, `${{ 1 }}` | evaluated once only
        "#]],
        ),
    ] {
        let text = format!(
            "{UNFINISHED}  d: {{from: a, map: {{retries: \"${{{{ '$' .. '{{{{ 1 }}}}' }}}}\", lua: return item}}}}\n  e: {{from: d, write: e.jsonl}}\ndefaults: {{map: {{{defaults}}}}}\n"
        );
        check(&text, &expect);
    }
}
