//! These tests cover lines in brackets and quotes that stand too far left, and anchors on keys.

use expect_test::expect;

use super::{check, loaded};

/// The value of a text without any finding.
fn check_value(text: &str, json: &str) {
    let loaded = loaded(text);
    let value = loaded.document.map(|document| document.value.to_string()).unwrap_or_default();
    let findings: Vec<&str> = loaded.diagnostics.iter().map(|found| found.code).collect();
    assert!(findings.is_empty(), "{text}: {findings:?}");
    assert_eq!(value, json, "{text}");
}

#[test]
fn lines_in_brackets() {
    check(
        "steps:\n  a:\n    items: [1,\n  2,\n\n    3\n    ]\n  b: {form: a}\n",
        &expect![[r#"
        yaml_syntax: a line in brackets starts too far left
          4:3 "2," at least 5 spaces belong before this
          help: such a line is indented further than the key or `-` it belongs to; the `[` of line 3 is open here
        unknown_key: unknown key `form` in step `b`
          8:7 "form" did you mean `from`?
          help: `from`: The step whose results this one takes: `clean`, or `clean.failed` for the items that failed there; a list is joined in its order. Required, except for `read`, `glob` and `items`, where it is not allowed.
    "#]],
    );
}

#[test]
fn lines_in_brackets_within_a_list() {
    check(
        "params: {p: {type: string, enum: [a]}}\nsteps:\n  a: {items: [1]}\n  b:\n    from:\n    - a\n    map: {\n    lua: return item,\n    retrys: 3\n  }\n",
        &expect![[r#"
            yaml_syntax: a line in brackets starts too far left
              8:5 "lua: return item," at least 5 spaces belong before this
              help: such a line is indented further than the key or `-` it belongs to; the `{` of line 7 is open here
            unknown_key: unknown key `retrys` in `map` of step `b`
              9:5 "retrys" did you mean `retries`?
              help: `retries`: Extra tries after the first: a number, or a map that also says how long to wait. Default: 0.
        "#]],
    );
}

#[test]
fn lines_of_a_quoted_text() {
    check(
        "description: \"one\ntwo\n\n three\n\"\nname: 'a\n\tb'\nsteps:\n  a: {items: [1]}\n  b: {form: a}\n",
        &expect![[r#"
            yaml_syntax: a line of a quoted text starts too far left
              2:1 "two" at least 1 space belongs before this
              help: such a line is indented further than the key or `-` it belongs to; the `"` of line 1 is open here
            bad_name: `name` must be an id
              6:7 "'a" not an id
              help: an id has letters, digits, `_` and `-`, and does not start with a digit or `-`
            yaml_tab: a tab is used for indentation
              7:1 "\t" tab here
              help: YAML is indented with spaces only; set your editor to insert spaces
            unknown_key: unknown key `form` in step `b`
              10:7 "form" did you mean `from`?
              help: `from`: The step whose results this one takes: `clean`, or `clean.failed` for the items that failed there; a list is joined in its order. Required, except for `read`, `glob` and `items`, where it is not allowed.
        "#]],
    );
}

#[test]
fn lines_in_brackets_beside_other_faults() {
    check(
        "name: [\na]\ndescription: a: b\nsteps:\n  a: {items: [\n  1]}\n  b: {form: a\n}\n",
        &expect![[r#"
            wrong_type: `name` must be text, not a list
              1:1 "name" this is a list
              help: Name of the pipeline in run lists and reports. Default: the file's name without its extension.
            yaml_syntax: a line in brackets starts too far left
              2:1 "a]" at least 1 space belongs before this
              help: such a line is indented further than the key or `-` it belongs to; the `[` of line 1 is open here
            yaml_syntax: a text with `: ` in it needs quotes
              3:15 ":" YAML reads this as `key: value`
              help: put quotes around the whole text, or write it as a block: `|` and the text indented below
            yaml_syntax: a line in brackets starts too far left
              6:3 "1]}" at least 3 spaces belong before this
              help: such a line is indented further than the key or `-` it belongs to; the `{` of line 5 is open here
            unknown_key: unknown key `form` in step `b`
              7:7 "form" did you mean `from`?
              help: `from`: The step whose results this one takes: `clean`, or `clean.failed` for the items that failed there; a list is joined in its order. Required, except for `read`, `glob` and `items`, where it is not allowed.
            yaml_syntax: a line in brackets starts too far left
              8:1 "}" at least 3 spaces belong before this
              help: such a line is indented further than the key or `-` it belongs to; the `{` of line 7 is open here
        "#]],
    );
}

#[test]
fn more_lines_than_are_mended_are_refused_all_the_same() {
    let steps: String = (0..40).flat_map(|at| [format!("  s{at}: {{items: [1\n]}}\n")]).collect();
    let found = loaded(&format!("steps:\n{steps}"));
    assert!(!found.is_valid());
    assert!(found.diagnostics.iter().all(|found| found.message == "a line in brackets starts too far left"));
}

#[test]
fn lines_in_brackets_and_quotes_may_stand_anywhere_further_right() {
    check_value("{\nsteps: {\na: {items: [1,\n2, 'b\n c']}}}\n", r#"{"steps":{"a":{"items":[1,2,"b c"]}}}"#);
    check_value(
        "description: \"one\n\n two\"\nsteps:\n  a:\n    items:\n    - [1,\n     2\n     ]\n    - \"x\n      \ty\"\n",
        r#"{"description":"one\ntwo","steps":{"a":{"items":[[1,2],"x y"]}}}"#,
    );
}

#[test]
fn a_closing_bracket_may_stand_below_its_key() {
    check_value(
        "x-a: {\n  a: 1\n}\nsteps:\n  a:\n    items: [\n      {\n      b: 1\n      },\n    ]\n  b:\n    items:\n    - [\n      1\n    ]\n",
        r#"{"x-a":{"a":1},"steps":{"a":{"items":[{"b":1}]},"b":{"items":[[1]]}}}"#,
    );
    let code = |text: &str| loaded(text).diagnostics.first().map_or("", |found| found.code);
    let steps = "steps: {a: {items: [1]}}\n";
    assert_eq!(code(&format!("{steps}x-a: [\n 1\n]\n")), "");
    for text in ["x-a: [\n1\n]\n", "x-a: [\n 1\n, 2]\n", "x-a: \"a\n] b\"\n", "x-a:\n  b: [\n ]\n"] {
        assert_eq!(code(&format!("{steps}{text}")), "flowrun::yaml_syntax", "{text}");
    }
}

#[test]
fn anchors_on_keys_and_aliases_as_keys() {
    check_value(
        "x-names: {&a first: &b second, &n 1.50: 2}\nsteps:\n  *a : {items: [*n]}\n  *b :\n    items: [*a]\n",
        r#"{"x-names":{"first":"second","1.50":2},"steps":{"first":{"items":[1.5]},"second":{"items":["first"]}}}"#,
    );
}
