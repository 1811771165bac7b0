//! These tests compare findings about the YAML itself, with their whole text.

use expect_test::expect;

use super::check;

#[test]
fn tabs() {
    check(
        "steps:\n\ta:\n\t\titems: [1]\n",
        &expect![[r#"
        yaml_tab: a tab is used for indentation
          2:1 "\t" tab here, and on 1 more line below
          help: YAML is indented with spaces only; set your editor to insert spaces
    "#]],
    );
}

#[test]
fn tabs_in_a_block() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    map: |\n\treturn item\n",
        &expect![[r#"
        yaml_tab: a tab is used for indentation
          6:1 "\t" tab here
          help: YAML is indented with spaces only; set your editor to insert spaces
    "#]],
    );
}

#[test]
fn an_open_quote() {
    check(
        "name: \"demo\nsteps:\n  a:\n    read: \"x.csv\"\n    foo: 1\n",
        &expect![[r#"
            unclosed_quote: a quoted text is not closed
              1:7 "\"demo" this `"` is never closed
              help: add a `"` where the text ends
            unknown_key: unknown key `foo` in step `a`
              5:5 "foo" no such key
              help: keys that may stand here: `description`, `from`, `needs`, `when`, `deadline`, `local`
        "#]],
    );
}

#[test]
fn an_open_bracket() {
    check(
        "steps:\n  a:\n    items: [1, 2\n  b: {form: a}\n",
        &expect![[r#"
        unclosed_bracket: a `[` is not closed
          3:12 "[" this `[` is never closed
          help: add a `]` where it ends
        unknown_key: unknown key `form` in step `b`
          4:7 "form" did you mean `from`?
          help: `from`: The step whose results this one takes: `clean`, or `clean.failed` for the items that failed there; a list is joined in its order. Required, except for `read`, `glob` and `items`, where it is not allowed.
    "#]],
    );
}

#[test]
fn a_bad_indentation() {
    check(
        "steps:\n  a:\n    items: [1]\n   b:\n    items: [1]\n",
        &expect![[r#"
        yaml_syntax: a line is indented by 3, which fits to no line above it
          4:4 "b:" the lines above are indented by 0, 2, 4
          help: keys of one map start in one column
    "#]],
    );
}

#[test]
fn a_missing_colon() {
    check(
        "steps:\n  a\n    items: [1]\n",
        &expect![[r#"
        yaml_syntax: a line is neither `key: value` nor a list entry
          2:3 "a" a `:` is missing
          help: write `key: value`
    "#]],
    );
}

#[test]
fn a_missing_colon_at_the_end() {
    check(
        "steps:\n  a:\n    items: [1]\nfoo\n",
        &expect![[r#"
            unknown_key: unknown key `foo`
              4:1 "foo" no such key
              help: keys that may stand here: `version`, `name`, `description`, `params`, `env`, `permissions`, `secrets`, `rate_limits`, `defaults`, `policies`, `include`, `lua_path`, `at_end`, `keep`, `tests`, `x-allow`
            yaml_syntax: a line is neither `key: value` nor a list entry
              4:1 "foo" a `:` is missing
              help: write `key: value`
        "#]],
    );
}

#[test]
fn a_colon_too_many() {
    check(
        "description: a: b\nsteps:\n  a:\n    items: [1]\n",
        &expect![[r#"
        yaml_syntax: a text with `: ` in it needs quotes
          1:15 ":" YAML reads this as `key: value`
          help: put quotes around the whole text, or write it as a block: `|` and the text indented below
    "#]],
    );
}

#[test]
fn a_key_below_a_value() {
    check(
        "name: a\n  version: 1\nsteps:\n  a:\n    items: [1]\n",
        &expect![[r#"
        yaml_syntax: a key stands below a value
          2:3 "version: 1" the line above has a value already
          help: indent it like the line above, or take that value away
    "#]],
    );
}

#[test]
fn strange_starts() {
    check(
        "steps:\n  a:\n    read: @x\n  b:\n    read: *.csv\n  c:\n    read: !x y\n  d:\n    read: *\n",
        &expect![[r#"
            yaml_syntax: a text cannot start with `@`
              3:11 "@" this character has a meaning of its own in YAML
              help: put quotes around the text
            yaml_alias: there is no anchor `&.csv` above
              5:11 "*.csv" YAML reads this as an alias
              help: a text that starts with `*` needs quotes
            yaml_tag: the tag `!x` has no meaning here
              7:11 "!x" YAML reads this as a tag
              help: leave the tag out; a text that starts with `!` needs quotes
            yaml_syntax: a text cannot start with `*`
              9:11 "*" this character has a meaning of its own in YAML
              help: put quotes around the text
        "#]],
    );
}

#[test]
fn text_after_a_quote() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    filter: \"a\" .. item\n",
        &expect![[r#"
        yaml_syntax: text follows a closing quote
          5:17 ".. item" YAML has no place for this
          help: quote the whole text, or write it as a block: `|` and the text indented below
    "#]],
    );
}

#[test]
fn unknown_escapes() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    filter: re.match(item, \"\\d\")\n  c:\n    read: \"\\d\"\n",
        &expect![[r#"
            yaml_syntax: this escape does not exist
              7:12 "\\d" a backslash starts an escape in double quotes
              help: use single quotes, where a backslash stands for itself, or write `\\`
        "#]],
    );
}

#[test]
fn expressions_in_brackets() {
    check(
        "steps:\n  a: {items: [${{ params.x }}]}\n",
        &expect![[r#"
        yaml_syntax: this is no YAML: while parsing a flow sequence, expected ',' or ']'
          2:16 "{" the reader stops here
          help: put quotes around a text with `${{ }}` inside of brackets
    "#]],
    );
}

#[test]
fn two_documents() {
    check(
        "steps: {a: {items: [1]}}\n---\nfoo: 1\n",
        &expect![[r#"
        yaml_documents: the file holds a second YAML document
          2:1 "---" it starts here
          help: a pipeline is one document: remove this line, or move what follows to a file of its own
    "#]],
    );
}

#[test]
fn aliases() {
    check(
        "x-a: &common {concurrency: 2}\nsteps: {a: {items: [*comon]}}\n",
        &expect![[r#"
        yaml_alias: there is no anchor `&comon` above
          2:21 "*comon" YAML reads this as an alias
          help: did you mean `*common`?
    "#]],
    );
}

#[test]
fn merges_of_other_things() {
    check(
        "steps: {a: {<<: 3, items: [1]}}\n",
        &expect![[r#"
        yaml_merge: `<<` merges maps only
          1:17 "3" this is no map
          help: give it an alias of a map, such as `<<: *common`, or a list of such aliases
    "#]],
    );
}

#[test]
fn keys_that_are_lists() {
    check(
        "steps: {a: {items: [1]}}\n[a]: b\n",
        &expect![[r#"
        yaml_key: a key cannot be a list or a map
          2:1 "[a]" a text is expected here
          help: put quotes around a text that starts with `[` or `{`
    "#]],
    );
}

#[test]
fn control_characters() {
    check(
        "steps: {a: {items: [a\0b, c\u{7}d]}}\n",
        &expect![[r#"
        yaml_control: the file holds a control character
          1:22 "\0" U+0000 here, and 1 more below
          help: remove it, or write `"\x…"`
    "#]],
    );
}

#[test]
fn empty_files() {
    check(
        "# nothing\n",
        &expect![[r"
        empty_file: the file holds no pipeline
          help: a pipeline has at least `steps:` with one step
    "]],
    );
}

#[test]
fn one_run_reports_mistakes_of_every_layer() {
    check(
        "version: 3\nname: \"demo\nsteps:\n  a:\n\titems: [1]\n  b:\n    from: a\n    from: a\n    map:\n      retrys: 3\n      concurrency: \"four\"\n      timeout: 10 secondz\n      lua: return item\n    filter: item.ok\n",
        &expect![[r#"
            bad_version: this flowrun reads version 1 of the language, the file says 3
              1:10 "3" unknown version
              help: write `version: 1`
            unclosed_quote: a quoted text is not closed
              2:7 "\"demo" this `"` is never closed
              help: add a `"` where the text ends
            yaml_tab: a tab is used for indentation
              5:1 "\t" tab here
              help: YAML is indented with spaces only; set your editor to insert spaces
            duplicate_key: the key `from` is given twice
              8:5 "from" given again here
              7:5 "from" first given here
              help: keep one of them
            unknown_key: unknown key `retrys` in `map` of step `b`
              10:7 "retrys" did you mean `retries`?
              help: `retries`: Extra tries after the first: a number, or a map that also says how long to wait. Default: 0.
            wrong_type: `concurrency` of step `b` must be a whole number, a map or `auto`, not a string
              11:20 "\"four\"" this is text
              help: How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many in all processes of a cluster together. Never exceeded, retries included. Default: 4.
            bad_duration: `timeout` of step `b` is not a duration: `10 secondz`
              12:16 "10 secondz" did you mean `10s`?
              help: a duration is a number and a unit (`d`, `h`, `m`, `s`, `ms`), such as `10s` or `1h30m`
            two_verbs: step `b` does two things, `map` and `filter`
              14:5 "filter" and this is another
              9:5 "map" `map` is what the step does
              help: give each its own step, and name the first in the `from` of the second
        "#]],
    );
}

#[test]
fn a_dash_alone() {
    check(
        "steps:\n  a: {items: [1]}\n  b:\n    from: a\n    write: -\n  c: {read: -}\n",
        &expect![[r#"
            yaml_syntax: a `-` alone needs quotes
              5:12 "-" this character has a meaning of its own in YAML
              help: put quotes around the text
            yaml_syntax: a `-` alone needs quotes
              6:13 "-" this character has a meaning of its own in YAML
              help: put quotes around the text
        "#]],
    );
}

#[test]
fn toml_is_told_by_its_text() {
    for (text, is_toml) in [
        ("# a pipeline\nversion = 1\n", true),
        ("[steps.rows]\nitems = [1]\n", true),
        ("[[steps]]\nread = \"a\"\n", true),
        ("[a]\n", false),
        ("name: a = b\nsteps: {}\n", false),
        ("steps: {}\n", false),
        ("", false),
    ] {
        let loaded = crate::config::load(text.as_bytes(), "p.yaml", std::path::Path::new("p.yaml"));
        let said = loaded.diagnostics.iter().any(|found| found.message.starts_with("the file is TOML"));
        assert_eq!(said, is_toml, "{text:?}: {:?}", loaded.diagnostics);
    }
}
