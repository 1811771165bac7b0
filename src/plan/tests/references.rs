//! These tests look at what steps and their files say of each other.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use expect_test::expect;

use super::*;

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
            3:16 no_failed_items: step `save` reads the failed items of `a`, which has none | the items of `items` cannot fail | help: `.failed` follows the id of a `read`, `glob`, `map`, `flat_map` or `filter` step
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
  g: {from: b, write: /home/pipes/y.csv}
",
        &expect![[r#"
            4:23 write_over_input: step `c` writes over `data/out.jsonl`, which step `a` reads | written here | 2:13 this pattern matches it | help: write to another file
            5:23 write_over_input: step `d` writes over `y.csv`, which step `b` reads | written here | 3:13 read here | help: write to another file
            6:23 write_conflict: steps `c` and `e` write one file, `./data/out.jsonl` | written again here | 4:23 first written here | help: give each step a file of its own, or join their inputs: `from: [a, b]`
            6:23 write_over_input: step `e` writes over `./data/out.jsonl`, which step `a` reads | written here | 2:13 this pattern matches it | help: write to another file
            8:23 write_conflict: steps `d` and `g` write one file, `/home/pipes/y.csv` | written again here | 5:23 first written here | help: give each step a file of its own, or join their inputs: `from: [a, b]`
            8:23 write_over_input: step `g` writes over `/home/pipes/y.csv`, which step `b` reads | written here | 3:13 read here | help: write to another file
        "#]],
    );
}

#[test]
fn the_pipelines_own_files_must_not_be_written_over() {
    check(
        "steps:
  a: {items: [1]}
  b: {from: a, write: {path: ./p.yaml, format: jsonl}}
",
        &expect![[r#"
            3:30 write_over_input: step `b` writes over the pipeline file | written here | help: write to another file
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
            2:13 unknown_format: the name `x.dat` does not say how its items lie | no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without, or in `.parquet`, `.sqlite`, `.sqlite3` or `.db`
            4:32 bad_option: `columns` has no effect on `jsonl` | this is for `csv`, `tsv` and `parquet`
            6:13 bad_pattern: the pattern `x/[a.csv` cannot be read | unclosed character class; missing ']'
            7:44 unknown_format: the name `y.xml` does not say how its items lie | no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without, or in `.parquet`, `.sqlite`, `.sqlite3` or `.db`
            8:37 bad_option: `pretty` has no effect on `csv` | this is for `json`
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
            3:51 out_of_range: `concurrency` of step `b` must be at least 1 | too small | help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            4:23 unknown_format: the name `x.dat` does not say how its items lie | no format has this extension | help: give `format:` (`jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`), or a name that ends in `.jsonl`, `.ndjson`, `.json`, `.csv`, `.tsv`, `.txt` or `.log`, with `.gz` or `.zst` behind it or without, or in `.parquet`, `.sqlite`, `.sqlite3` or `.db`
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
