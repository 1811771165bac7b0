//! These tests compare findings about values and Lua, with their whole text.

use expect_test::expect;

use super::{check, loaded, print, with_policy};
use crate::config::validate_value;

#[test]
fn wrong_types_say_what_they_are() {
    check(
        &with_policy(
            "      concurrency: \"four\"\n      stop_early: \"true\"\n      min_success_ratio: 95%\n      max_failures: [1]\n",
        ),
        &expect![[r#"
            wrong_type: `concurrency` of step `clean` must be a whole number, a map or `auto`, not a string
              8:20 "\"four\"" this is text
              help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            wrong_type: `stop_early` of step `clean` must be `true` or `false`, not a string
              9:19 "\"true\"" this is text: take the quotes away
              help: Stop as soon as `min_success_ratio` cannot be reached any more. Default: `false`.
            wrong_type: `min_success_ratio` of step `clean` must be a number, not a string
              10:26 "95%" did you mean `0.95`?
              help: Share of the items that must succeed for the step to succeed, from 0 to 1, judged after all retries and computed exactly on the decimal as written. Skipped items do not count. Default: 1.
            wrong_type: `max_failures` of step `clean` must be a whole number, not a list
              11:7 "max_failures" this is a list
              help: The step stops and fails when more items than this have failed for good. Default: no such limit.
        "#]],
    );
}

#[test]
fn items_must_be_a_list() {
    check(
        "steps:\n  a: {items: 5}\n  b: {items: text}\n  c: {items: }\n  d: {items: {a: 1}}\n  e: {items: {}}\n",
        &expect![[r#"
            wrong_type: `items` of step `a` must be a list or `{lua: …}`, not a whole number
              2:14 "5" this is a whole number
              help: Items written out here as a list, or `{lua: …}` that returns one.
            wrong_type: `items` of step `b` must be a list or `{lua: …}`, not a string
              3:14 "text" this is text
              help: Items written out here as a list, or `{lua: …}` that returns one.
            wrong_type: `items` of step `c` must be a list or `{lua: …}`, not null
              4:7 "items" this is null
              help: Items written out here as a list, or `{lua: …}` that returns one.
            unknown_key: unknown key `a` in `items` of step `d`
              5:15 "a" no such key
              help: keys that may stand here: `lua`
            missing_key: `items` of step `e` needs the key `lua`
              6:7 "items" `lua` is missing
              help: `lua`: Lua statements that return the list of items. In scope: `params`, `env` and the modules.
        "#]],
    );
}

#[test]
fn a_step_must_be_a_map() {
    check(
        "steps:\n  a:\n    items [1]\n  b:\n    read:x.csv\n  c:\n",
        &expect![[r#"
            wrong_type: step `a` must be a map, not a string
              3:5 "items [1]" this is a string
              help: put a `:` after `items`
            wrong_type: step `b` must be a map, not a string
              5:5 "read:x.csv" this is a string
              help: put a space after `read:`
            wrong_type: step `c` must be a map, not null
              6:3 "c" this is null
              help: One step of the pipeline: where its items come from and exactly one verb that says what it does with them.
        "#]],
    );
}

#[test]
fn out_of_range() {
    check(
        &with_policy(
            "      concurrency: 0\n      min_success_ratio: 1.5\n      timeout: 0s\n      max_failures: -1\n",
        ),
        &expect![[r#"
            out_of_range: `concurrency` of step `clean` must be at least 1
              8:20 "0" too small
              help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            out_of_range: `min_success_ratio` of step `clean` must be at most 1
              9:26 "1.5" too large
              help: Share of the items that must succeed for the step to succeed, from 0 to 1, judged after all retries and computed exactly on the decimal as written. Skipped items do not count. Default: 1.
            out_of_range: `timeout` of step `clean` must be more than 0
              10:16 "0s" too small
              help: Limit of one attempt; queueing and waits between tries do not count. The attempt is really stopped, and fails with kind `timeout`, which is retried like any other failure. Default: no limit.
            out_of_range: `max_failures` of step `clean` must be at least 0
              11:21 "-1" too small
              help: The step stops and fails when more items than this have failed for good. Default: no such limit.
        "#]],
    );
}

#[test]
fn units() {
    check(
        &with_policy(
            "      timeout: 10 secondz\n      item_deadline: 10\n      memory: 10mb\n      rate_limit: 20 / s\n",
        ),
        &expect![[r#"
            bad_duration: `timeout` of step `clean` is not a duration: `10 secondz`
              8:16 "10 secondz" did you mean `10s`?
              help: a duration is a number and a unit (`d`, `h`, `m`, `s`, `ms`), such as `10s` or `1h30m`
            bad_duration: `item_deadline` of step `clean` is not a duration: `10`
              9:22 "10" did you mean `10s`?
              help: a duration is a number and a unit (`d`, `h`, `m`, `s`, `ms`), such as `10s` or `1h30m`
            bad_size: `memory` of step `clean` is not a size: `10mb`
              10:15 "10mb" did you mean `10MB`?
              help: a size is a number and a unit (`KB`, `MB`, `GB` of 1000, `KiB`, `MiB`, `GiB` of 1024), such as `64MB`
            bad_rate: `rate_limit` of step `clean` is not a rate: `20 / s`
              11:19 "20 / s" did you mean `20/s`?
              help: a rate is a whole number from 1 to 999999999 and a period, such as `20/s`, `600/m` or `5000/h`
        "#]],
    );
}

#[test]
fn words() {
    check(
        &(with_policy("      fail_fast: drian\n")
            + "  a:\n    read: {path: x, format: cvs, delimiter: ab}\n"),
        &expect![[r#"
            bad_value: `fail_fast` of step `clean` must be `true`, `false` or `drain`
              8:18 "drian" did you mean `drain`?
              help: What the first item that failed for good does. `true`: start nothing more, drop pending retries, interrupt running attempts; `drain`: the same, but running attempts finish and are kept; `false`: go on. Default: `false`.
            bad_value: `format` of step `a` must be one of `jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`
              10:29 "cvs" did you mean `csv`?
              help: How items lie in the file: `jsonl`, `json` (one array, or one object, which is one item), `csv`, `tsv`, `lines`, `parquet` or `sqlite` (a query, or a table). Default: from the extension.
            bad_value: `delimiter` of step `a` must be one ASCII character
              10:45 "ab" not one ASCII character
              help: The separator of `csv` and `tsv`, one ASCII character. Default: a comma for `csv`, a tab for `tsv`.
        "#]],
    );
}

#[test]
fn versions() {
    check(
        "version: 3\nsteps: {a: {items: [1]}}\n",
        &expect![[r#"
        bad_version: this flowrun reads version 1 of the language, the file says 3
          1:10 "3" unknown version
          help: write `version: 1`
    "#]],
    );
}

#[test]
fn numbers_without_a_value() {
    check(
        "steps: {a: {items: [99999999999999999999, 1e999, .nan, !!int x]}}\n",
        &expect![[r#"
        bad_number: the whole number `99999999999999999999` does not fit into 64 bits
          1:21 "99999999999999999999" too large
          help: put quotes around it to keep it as text
        bad_number: `1e999` is not a finite number
          1:43 "1e999" this has no JSON value
          help: put quotes around it to keep it as text
        bad_number: `.nan` is not a finite number
          1:50 ".nan" this has no JSON value
          help: put quotes around it to keep it as text
        yaml_tag: `x` does not fit to its tag
          1:62 "x" not a value of this type
          help: leave the tag out, or correct the value
    "#]],
    );
}

#[test]
fn lists_instead_of_a_pipeline() {
    check(
        "- a\n",
        &expect![[r#"
        wrong_type: a pipeline must be a map, not a list
          1:1 "- a" this is a list
          help: A declarative pipeline: what is read, which Lua function runs on every item, under which policy, and where the results go.
    "#]],
    );
}

#[test]
fn lua_that_yaml_cuts() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    map: return #item\n  c:\n    from: a\n    filter: #item > 3\n  d:\n    from: a\n    filter: item.ok # fine\n  e:\n    from: a\n    filter: item.ok #fine\n",
        &expect![[r##"
            lua_cut: YAML cuts `map` of step `b` at the `#`
              5:17 "#item" YAML reads this as a comment
              help: write the Lua as a block (`|` and the Lua indented below) or in quotes; a comment has a space after its `#`
            lua_cut: YAML cuts `filter` of step `c` at the `#`
              8:13 "#item > 3" nothing is left: YAML reads this as a comment
              help: write the Lua as a block (`|` and the Lua indented below) or in quotes; a comment has a space after its `#`
            warning lua_cut: YAML cuts `filter` of step `e` at the `#`
              14:21 "#fine" YAML reads this as a comment
              help: write the Lua as a block (`|` and the Lua indented below) or in quotes; a comment has a space after its `#`
        "##]],
    );
}

#[test]
fn lua_that_yaml_joins() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    map: >\n      local x = 1 -- one\n      return x\n",
        &expect![[r#"
            warning lua_folded: YAML joins the lines of `map` of step `b`
              6:7 "local x = 1 -- one" a `--` comment hides what follows on the joined line
              help: `>` joins lines; write the Lua as a block: `|` and the Lua indented below
        "#]],
    );
}

#[test]
fn accepted_warnings_are_left_out() {
    check(
        "x-allow: [lua_folded]\nsteps:\n  a: {items: [1]}\n  b:\n    from: a\n    map: >\n      local x = 1\n      return x\n",
        &expect![[""]],
    );
}

#[test]
fn what_an_expression_gave_is_checked_again() {
    let loaded =
        loaded(&with_policy("      concurrency: ${{ params.n }}\n      timeout: \"${{ params.n }}s\"\n"));
    assert_eq!(print(&loaded.diagnostics), "");
    let document = loaded.document.expect("it is YAML");
    let mut value = document.value.clone();
    value["steps"]["clean"]["map"]["concurrency"] = 0.into();
    value["steps"]["clean"]["map"]["timeout"] = "xs".into();
    value["steps"]["docs"]["items"] = 3.into();
    expect![[r#"
        wrong_type: `items` of step `docs` must be a list or `{lua: …}`, not a whole number
          3:12 "[1]" this is a whole number
          help: Items written out here as a list, or `{lua: …}` that returns one.
        out_of_range: `concurrency` of step `clean` must be at least 1
          8:20 "${{ params.n }}" this gives 0
          help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
        bad_duration: `timeout` of step `clean` is not a duration: `xs`
          9:16 "\"${{ params.n }}s\"" this gives "xs"
          help: a duration is a number and a unit (`d`, `h`, `m`, `s`, `ms`), such as `10s` or `1h30m`
    "#]].assert_eq(&print(&validate_value(&value, &document.spans, &document.file)));
}

fn around_files(read: &str, write: &str) -> String {
    format!("steps:\n  a:\n    read: {read}\n  save:\n    from: a\n    write: {write}\n")
}

#[test]
fn text_in_the_place_of_a_list_is_shown_as_one() {
    check(
        &around_files(
            "{ path: a.csv, null_values: \"#\" }",
            "{ path: a.db, table: t, mode: upsert, upsert_by: id }",
        ),
        &expect![[r##"
            wrong_type: `null_values` of step `a` must be a list, not a string
              3:39 "\"#\"" this is text
              help: write `["#"]`
            wrong_type: `upsert_by` of step `save` must be a list of names, not a string
              6:61 "id" this is text
              help: write `[id]`
        "##]],
    );
}

#[test]
fn text_for_a_list_anywhere_and_several_names_in_one_are_shown_as_lists() {
    check(
        "x-allow: unused_step\nsteps:\n  a: { items: [1] }\n  b: { items: [1] }\n  c:\n    from: a, b\n    needs: a b\n    map: { uses: x.txt, lua: return 1 }\n",
        &expect![[r#"
            wrong_type: `x-allow` must be a list, not a string
              1:10 "unused_step" this is text
              help: write `[unused_step]`
            bad_name: `from` of step `c` must be the id of a step
              6:11 "a, b" not an id
              help: several stand in a list: write `[a, b]`
            bad_name: `needs` of step `c` must be the id of a step
              7:12 "a b" not an id
              help: several stand in a list: write `[a, b]`
            wrong_type: `uses` of step `c` must be a list, not a string
              8:18 "x.txt" this is text
              help: write `[x.txt]`
        "#]],
    );
}

#[test]
fn formats_are_known_by_their_extensions_too() {
    check(
        &around_files(
            "{ path: a, format: ndjson }",
            "{ path: b, format: sqlite3, mode: overwrite, compression: zst }",
        ),
        &expect![[r#"
            bad_value: `format` of step `a` must be one of `jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`
              3:30 "ndjson" did you mean `jsonl`?
              help: How items lie in the file: `jsonl`, `json` (one array, or one object, which is one item), `csv`, `tsv`, `lines`, `parquet` or `sqlite` (a query, or a table). Default: from the extension.
            bad_value: `format` of step `save` must be one of `jsonl`, `json`, `csv`, `tsv`, `lines`, `parquet`, `sqlite`
              6:31 "sqlite3" did you mean `sqlite`?
              help: How items lie in the file: `jsonl`, `json` (one array), `csv`, `tsv`, `lines`, `parquet` or `sqlite` (a query, or a table). Default: from the extension.
            bad_value: `mode` of step `save` must be one of `replace`, `append`, `upsert`
              6:46 "overwrite" did you mean `replace`?
              help: What becomes of a file that is there already: `replace` puts a new one in its place, `append` adds the items to `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, all of them or none, and `upsert` puts them in the place of rows of a `sqlite` table that are known by the same values. Default: `replace`.
            bad_value: `compression` of step `save` must be one of `zstd`, `snappy`, `gzip`, `none`
              6:70 "zst" did you mean `zstd`?
              help: How the columns of `parquet` are compressed: `zstd`, `snappy`, `gzip` or `none`. Default: `snappy`.
        "#]],
    );
}

#[test]
fn types_of_other_tools_are_named_as_they_are_called_here() {
    check(
        &around_files(
            "{ path: a.csv, columns: { a: int?, b: float, c: str, d: datetime, e: uuid, f: decimal!, format: double } }",
            "{ path: b.parquet, columns: { a: Int64!, b: double, c: text, d: datetime, e: uuid, f: numeric, g: list } }",
        ),
        &expect![[r#"
            bad_value: `columns.a` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:40 "int?" did you mean `integer?`?
              help: The type of the column's values; with `?` they may be null.
            bad_value: `columns.b` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:49 "float" did you mean `number`?
              help: The type of the column's values; with `?` they may be null.
            bad_value: `columns.c` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:59 "str" did you mean `string`?
              help: The type of the column's values; with `?` they may be null.
            bad_value: `columns.d` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:67 "datetime" did you mean `string`?
              help: what is no number and no boolean is read as text; `columns` of `write` gives it a type
            bad_value: `columns.e` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:80 "uuid" did you mean `string`?
              help: The type of the column's values; with `?` they may be null.
            bad_value: `columns.f` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:89 "decimal!" did you mean `string`?
              help: what is no number and no boolean is read as text; `columns` of `write` gives it a type
            bad_value: `columns.format` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:107 "double" did you mean `number`?
              help: The type of the column's values; with `?` they may be null.
            bad_value: `columns.a` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:45 "Int64!" did you mean `integer!`?
              help: The type of the column's values; with `!` behind it, null fails the step.
            bad_value: `columns.b` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:56 "double" did you mean `number`?
              help: The type of the column's values; with `!` behind it, null fails the step.
            bad_value: `columns.c` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:67 "text" did you mean `string`?
              help: The type of the column's values; with `!` behind it, null fails the step.
            bad_value: `columns.d` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:76 "datetime" did you mean `timestamp`?
              help: The type of the column's values; with `!` behind it, null fails the step.
            bad_value: `columns.e` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:89 "uuid" did you mean `string`?
              help: The type of the column's values; with `!` behind it, null fails the step.
            bad_value: `columns.f` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:98 "numeric" write `"decimal(12,2)"`, with the quotes
              help: The type of the column's values; with `!` behind it, null fails the step.
            bad_value: `columns.g` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:110 "list" write `"[string]"`, with the quotes
              help: The type of the column's values; with `!` behind it, null fails the step.
        "#]],
    );
}

#[test]
fn types_that_yaml_takes_for_something_else_belong_in_quotes() {
    check(
        &around_files(
            "{ path: a.csv, columns: { a: decimal(12,2) } }",
            "{ path: b.parquet, columns: { a: decimal(12,2), b: [string], c: { lat: number }, d: [], e: decimal(9, 3)! } }",
        ),
        &expect![[r#"
            bad_value: `columns.a` of step `a` must be one of `integer`, `number`, `string`, `boolean`, `integer?`, `number?`, `string?`, `boolean?`
              3:40 "decimal(12" write `string`
              help: what is no number and no boolean is read as text; `columns` of `write` gives it a type
            bad_value: `columns.a` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:45 "decimal(12" YAML ends this text at the comma: put it in quotes, `"decimal(12,2)"`
              help: The type of the column's values; with `!` behind it, null fails the step.
            wrong_type: `columns.b` of step `save` must be `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]` or `{lat: number, lon: number}`, not a list
              6:60 "b" this is a list
              help: put quotes around it: `"[string]"`
            wrong_type: `columns.c` of step `save` must be `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]` or `{lat: number, lon: number}`, not a map
              6:73 "c" this is a map
              help: put quotes around it: `"{lat: number}"`
            wrong_type: `columns.d` of step `save` must be `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]` or `{lat: number, lon: number}`, not a list
              6:93 "d" this is a list
              help: put quotes around it: `"[string]"`
            bad_value: `columns.e` of step `save` must be one of `string`, `integer`, `number`, `boolean`, `timestamp`, `date`, `time`, `decimal(12,2)`, `[string]`, `{lat: number, lon: number}`
              6:103 "decimal(9" YAML ends this text at the comma: put it in quotes, `"decimal(9, 3)"`
              help: The type of the column's values; with `!` behind it, null fails the step.
        "#]],
    );
}
