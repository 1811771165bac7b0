//! These tests compare findings about keys and steps, with their whole text.

use expect_test::expect;

use super::{check, with_policy};

#[test]
fn unknown_keys_name_the_nearest_or_all() {
    check(
        &with_policy("      retrys: 3\n      retry_delay: 1s\n"),
        &expect![[r#"
            unknown_key: unknown key `retrys` in `map` of step `clean`
              8:7 "retrys" did you mean `retries`?
              help: `retries`: Extra tries after the first: a number, or a map that also says how long to wait. Default: 0.
            unknown_key: unknown key `retry_delay` in `map` of step `clean`
              9:7 "retry_delay" here it is called `retries: {max: …, delay: …}`
              help: keys that may stand here: `file`, `program`, `setup`, `uses`, `policy`, `concurrency`, `resources`, `lanes`, `retries`, `timeout`, `item_deadline`, `min_success_ratio`, `max_failures`, `fail_fast`, `stop_early`, `rate_limit`, `breaker`, `memory`, `slow_after`, `key`, `cache`
        "#]],
    );
}

#[test]
fn unknown_keys_at_the_top() {
    check(
        "nmae: x\nbanana: {}\nsteps: {a: {items: [1]}}\n",
        &expect![[r#"
            unknown_key: unknown key `nmae`
              1:1 "nmae" did you mean `name`?
              help: `name`: Name of the pipeline in run lists and reports. Default: the file's name without its extension.
            unknown_key: unknown key `banana`
              2:1 "banana" no such key
              help: keys that may stand here: `version`, `name`, `description`, `params`, `env`, `permissions`, `secrets`, `rate_limits`, `defaults`, `policies`, `include`, `lua_path`, `at_end`, `keep`, `tests`, `x-allow`
        "#]],
    );
}

#[test]
fn a_policy_key_beside_the_verb_belongs_into_it() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    filter: item.ok\n    concurrency: 2\n",
        &expect![[r#"
            unknown_key: unknown key `concurrency` in step `b`
              6:5 "concurrency" this belongs into the map under `filter`
              help: keys that may stand here: `description`, `needs`, `when`, `deadline`, `local`
        "#]],
    );
}

#[test]
fn a_misspelt_verb_is_one_finding() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    mpa: return 1\n",
        &expect![[r#"
        unknown_key: unknown key `mpa` in step `b`
          5:5 "mpa" did you mean `map`?
          help: `map`: Run a Lua function on every item; each result is an item of this step.
    "#]],
    );
}

#[test]
fn a_misspelt_from_is_one_finding() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    form: a\n    map: return 1\n",
        &expect![[r#"
        unknown_key: unknown key `form` in step `b`
          4:5 "form" did you mean `from`?
          help: `from`: The step whose results this one takes: `clean`, or `clean.failed` for the items that failed there; a list is joined in its order. Required, except for `read`, `glob` and `items`, where it is not allowed.
    "#]],
    );
}

#[test]
fn a_misspelt_lua_is_one_finding() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    map: {lau: return 1}\n",
        &expect![[r#"
            unknown_key: unknown key `lau` in `map` of step `b`
              5:11 "lau" did you mean `lua`?
              help: `lua`: The function that runs on every item, as Lua statements with a `return`. In scope: `item`, `index`, `ctx`, `params`, `env` and the modules. One of `lua`, `file` and `program` is required.
        "#]],
    );
}

#[test]
fn missing_keys() {
    check(
        "steps:\n  a: {read: {format: csv}}\n  b: {map: {concurrency: 2}}\nenv: {A: {}}\n",
        &expect![[r#"
            missing_key: `read` of step `a` needs the key `path`
              2:7 "read" `path` is missing
              help: `path`: A file or a pattern, relative to the pipeline file; `-` is standard input.
            missing_key: step `b` needs the key `from`
              3:7 "map" `map` takes items from where?
              help: `from`: the step whose results this one takes
            missing_key: `map` of step `b` needs the key `lua`, `file` or `program`
              3:7 "map" no function here
              help: `lua`: the function that runs on every item, as Lua statements with a `return`
            missing_key: variable `A` needs the key `required`
              4:7 "A" `required` is missing
              help: `required`: Whether the variable must be set. When it is `false` and the variable is not set, `env.NAME` is nil.
        "#]],
    );
}

#[test]
fn no_steps_at_all() {
    check(
        "name: x\n",
        &expect![[r#"
        missing_key: the pipeline needs the key `steps`
          1:1 "name: x" `steps` is missing
          help: `steps`: The steps by their ids. Data flows by `from`; the order in the file is for the reader only.
    "#]],
    );
}

#[test]
fn empty_steps() {
    check(
        "steps:\n",
        &expect![[r#"
        empty_steps: the pipeline has no steps
          1:1 "steps" nothing below
          help: a pipeline has at least one step
    "#]],
    );
}

#[test]
fn no_verb() {
    check(
        "steps:\n  a: {from: b}\n",
        &expect![[r#"
            no_verb: step `a` does nothing
              2:3 "a" no verb here
              help: a step has exactly one of `read`, `glob`, `items`, `map`, `flat_map`, `filter`, `reduce`, `batch`, `take`, `sample`, `join`, `aggregate`, `sort`, `unique`, `group_by`, `write`
        "#]],
    );
}

#[test]
fn two_verbs() {
    check(
        "steps:\n  a:\n    read: x.csv\n    map: return 1\n",
        &expect![[r#"
            two_verbs: step `a` does two things, `read` and `map`
              4:5 "map" and this is another
              3:5 "read" `read` is what the step does
              help: give each its own step, and name the first in the `from` of the second
        "#]],
    );
}

#[test]
fn two_functions() {
    check(
        "steps:\n  a: {items: [1]}\n  b: {from: a, map: {lua: return 1, file: x.lua}}\n",
        &expect![[r#"
        two_functions: `map` of step `b` has two functions
          3:37 "file" and this is another
          3:22 "lua" `lua` is one
          help: keep `lua` or `file`
    "#]],
    );
}

#[test]
fn a_source_takes_nothing() {
    check(
        "steps:\n  a:\n    from: b\n    read: x.csv\n",
        &expect![[r#"
        from_in_source: step `a` brings items in and takes no `from`
          3:5 "from" not allowed here
          4:5 "read" `read` is a source
          help: use `needs` when this step is to start after another one
    "#]],
    );
}

#[test]
fn kinds_of_errors() {
    check(
        "steps:\n  a:\n    items: [1]\ntests:\n  - name: x\n    step: a\n    item: 1\n    expect_error: {kind: nonsense}\n  - name: y\n    step: a\n    item: 1\n    expect_error: {kind: 3}\n  - name: z\n    step: a\n    item: 1\n    expect_error: {kind: timeot}\n",
        &expect![[r#"
            bad_value: `tests[1].expect_error.kind` must be one of `error`, `timeout`, `deadline`, `memory`, `bad_row`, `result`, `panic`, `program`, `worker_died`, not `nonsense`
              8:26 "nonsense" no such word
              help: `error`, `timeout`, `deadline`, `memory`, `bad_row`, `result` or `panic`. Default: any.
            wrong_type: `tests[2].expect_error.kind` must be `error`, `timeout`, `deadline`, `memory`, `bad_row`, `result`, `panic`, `program` or `worker_died`, not a whole number
              12:26 "3" this is a whole number
              help: `error`, `timeout`, `deadline`, `memory`, `bad_row`, `result` or `panic`. Default: any.
            bad_value: `tests[3].expect_error.kind` must be one of `error`, `timeout`, `deadline`, `memory`, `bad_row`, `result`, `panic`, `program`, `worker_died`
              16:26 "timeot" did you mean `timeout`?
              help: `error`, `timeout`, `deadline`, `memory`, `bad_row`, `result` or `panic`. Default: any.
        "#]],
    );
}

#[test]
fn hosts() {
    check(
        "permissions:\n  net: [http://a/b]\nsteps:\n  a:\n    items: [1]\n",
        &expect![[r#"
            bad_value: `permissions.net[1]` must be a host
              2:9 "http://a/b" no host
              help: a host has no scheme and no path: `api.example.org`, `localhost:8080`, `*.example.org`, `*`
        "#]],
    );
}

#[test]
fn names() {
    check(
        "name: a b\nsteps:\n  9x: {items: [1]}\n  b: {from: [a.b, \"1\"], write: -}\nenv: {A-B: x}\nx-allow: [Foo]\n",
        &expect![[r#"
            bad_name: `name` must be an id
              1:7 "a b" not an id
              help: an id has letters, digits, `_` and `-`, and does not start with a digit or `-`
            bad_name: `9x` is not a name for a step
              3:3 "9x" not a name
              help: an id has letters, digits, `_` and `-`, and does not start with a digit or `-`
            bad_name: `from[1]` of step `b` must be the id of a step
              4:14 "a.b" not an id
              help: a step gives `a` or `a.failed`
            bad_name: `from[2]` of step `b` must be the id of a step
              4:19 "\"1\"" not an id
              help: an id has letters, digits, `_` and `-`, and does not start with a digit or `-`
            yaml_syntax: a `-` alone needs quotes
              4:32 "-" this character has a meaning of its own in YAML
              help: put quotes around the text
            bad_name: `A-B` is not a name for a variable
              5:7 "A-B" not a name
              help: the name of a variable has letters, digits and `_`, and does not start with a digit
            bad_value: `x-allow[1]` is not the code of a finding
              6:11 "Foo" no code
              help: a code is `flowrun::` and a word
        "#]],
    );
}

#[test]
fn duplicate_keys_have_two_places() {
    check(
        "steps:\n  a: {items: [1]}\n  a: {items: [2]}\n",
        &expect![[r#"
        duplicate_key: the key `a` is given twice
          3:3 "a" given again here
          2:3 "a" first given here
          help: keep one of them
    "#]],
    );
}

#[test]
fn keys_of_files_in_other_tools_are_named_as_they_are_called_here() {
    check(
        "steps:\n  a:\n    read: { path: a.csv, sep: x }\n  save:\n    from: a\n    write:\n      path: b.csv\n      \
         partition_by: x\n      max_rows: 5\n      append: true\n      overwrite: true\n      separator: x\n      key: x\n",
        &expect![[r#"
            unknown_key: unknown key `sep` in `read` of step `a`
              3:26 "sep" here it is called `delimiter`
              help: keys that may stand here: `format`, `compression`, `columns`, `encoding`, `delimiter`, `header`, `at`, `query`, `params`, `quote`, `escape`, `comment`, `skip`, `trim`, `ragged`, `null_values`, `origin`, `min_success_ratio`, `max_failures`, `min_items`
            unknown_key: unknown key `partition_by` in `write` of step `save`
              8:7 "partition_by" here it is called `by`
              help: keys that may stand here: `format`, `by`, `rows`, `bytes`, `mode`, `table`, `upsert_by`, `pretty`, `single`, `delimiter`, `quoting`, `bom`, `line_end`, `all_columns`, `columns`, `columns_of`, `compression`, `row_group`
            unknown_key: unknown key `max_rows` in `write` of step `save`
              9:7 "max_rows" here it is called `rows`
              help: keys that may stand here: `format`, `by`, `rows`, `bytes`, `mode`, `table`, `upsert_by`, `pretty`, `single`, `delimiter`, `quoting`, `bom`, `line_end`, `all_columns`, `columns`, `columns_of`, `compression`, `row_group`
            unknown_key: unknown key `append` in `write` of step `save`
              10:7 "append" here it is called `mode: append`
              help: keys that may stand here: `format`, `by`, `rows`, `bytes`, `mode`, `table`, `upsert_by`, `pretty`, `single`, `delimiter`, `quoting`, `bom`, `line_end`, `all_columns`, `columns`, `columns_of`, `compression`, `row_group`
            unknown_key: unknown key `overwrite` in `write` of step `save`
              11:7 "overwrite" here it is called `mode: replace`, the default
              help: keys that may stand here: `format`, `by`, `rows`, `bytes`, `mode`, `table`, `upsert_by`, `pretty`, `single`, `delimiter`, `quoting`, `bom`, `line_end`, `all_columns`, `columns`, `columns_of`, `compression`, `row_group`
            unknown_key: unknown key `separator` in `write` of step `save`
              12:7 "separator" here it is called `delimiter`
              help: keys that may stand here: `format`, `by`, `rows`, `bytes`, `mode`, `table`, `upsert_by`, `pretty`, `single`, `delimiter`, `quoting`, `bom`, `line_end`, `all_columns`, `columns`, `columns_of`, `compression`, `row_group`
            unknown_key: unknown key `key` in `write` of step `save`
              13:7 "key" here it is called `by`
              help: keys that may stand here: `format`, `by`, `rows`, `bytes`, `mode`, `table`, `upsert_by`, `pretty`, `single`, `delimiter`, `quoting`, `bom`, `line_end`, `all_columns`, `columns`, `columns_of`, `compression`, `row_group`
        "#]],
    );
}
