//! These tests cover the methods and filters of templates that Python and Jinja2 have; what they make is compared in `tests/it/templates.rs`.

use super::check;

#[test]
fn what_cannot_be_there_says_so() {
    let failed = "`template.render` failed: ";
    for (source, why) in [
        (
            "(1, 2).append(1)",
            "invalid operation: `append` is not there, because this is a tuple, or a part of what a filter has made; `{% set l = \
             l|list %}` makes a list that can be changed (`.append(1)`, line 1 of the template)",
        ),
        (
            "{}.update({})",
            "invalid operation: `update` is not there, because maps do not change here; `{% set m = m|chain({'k': v}) \
             %}` makes a new map, in a loop as a name of a `namespace` (`.update({})`, line 1 of the template)",
        ),
        (
            "'a'.strip(1)",
            "invalid operation: `chars` must be a text, not a number (`.strip(1)`, line 1 of the template)",
        ),
        ("'a'.nope()", "unknown method: string has no method named nope (`.nope()`, line 1 of the template)"),
        (
            "'a'.index('b')",
            "invalid operation: the text is not in it (`.index('b')`, line 1 of the template)",
        ),
        ("'a'.split('')", "invalid operation: the separator is empty (`.split('')`, line 1 of the template)"),
        (
            "'a'.join([1])",
            "invalid operation: `join` takes texts, and one of them is a number (`.join([1])`, line 1 of the template)",
        ),
        (
            "'a'|truncate(1)",
            "invalid operation: `length` must be at least the length of `end`, got 1 (`truncate(1)`, line 1 of the template)",
        ),
        (
            "'a'|center(wide=1)",
            "too many arguments: there is no argument `wide` (`center(wide=1)`, line 1 of the template)",
        ),
        (
            "'a'|filesizeformat",
            "invalid operation: `filesizeformat` takes a number, not a string (line 1 of the template)",
        ),
    ] {
        let expect = format!("{failed}{why}");
        let folder = tempfile::tempdir().unwrap();
        let render = format!("template.render([==[{{{{ {source} }}}}]==])");
        let error = super::vm(folder.path()).load(render).eval::<mlua::Value>().expect_err(source);
        let message = super::host_error(&error).unwrap().message.clone();
        assert_eq!(message, expect, "{source}");
    }
}

#[test]
fn methods_that_make_much_are_bounded() {
    check("#template.render(\"{{ 'x'.center(10000) }}{{ 'x'.zfill(9999) }}{{ '%9999d' % 1 }}\")", "29998");
    for source in [
        "'x'.center(10001)",
        "'x'.ljust(99999999999)",
        "'x'|center(10001)",
        "'x'.expandtabs(10001)",
        "'{:>10000}'.format(1)",
        "'%10000d' % 1",
        "'%.10000f' % 1",
        "'x'|wordwrap(10001)",
        "'x'|wordwrap(0)",
        "cycler()",
        "cycler(cycler(1))",
        "cycler([joiner()])",
        "joiner(namespace())",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let render = format!("template.render([==[{{{{ {source} }}}}]==])");
        let error = super::vm(folder.path()).load(render).eval::<mlua::Value>();
        assert!(error.is_err(), "{source}");
    }
}
