//! Tests of `template`.

use super::{check, check_error};

#[test]
fn values_are_shown_as_lua_has_them() {
    check(
        "template.render('{{ i }} {{ f }} {{ s }} {{ t }} {{ l[0] }} {{ m.k }} {{ e|length }}\\n', \
         {i = 3, f = 1.5, s = '<ü>', t = true, l = {7}, m = {k = 'v'}, e = {}})",
        "'3 1.5 <ü> True 7 v 0\\n'",
    );
    check(
        "template.render('{% for k, v in m|items %}{{ k }}={{ v }};{% endfor %}', {m = {b = 2, a = 1}})",
        "'a=1;b=2;'",
    );
    check("template.render('{% if x %}a{% else %}b{% endif %}{{ x or 1 }}{{ y|default(2) }}')", "'b12'");
    check("template.render('{{ s|escape }} {{ l|join(\\', \\') }}', {s = '<', l = {1, 2}})", "'&lt; 1, 2'");
    check("template.render('{% macro b(n) %}[{{ n }}]{% endmacro %}{{ b(1) }}')", "'[1]'");
}

#[test]
fn mistakes_say_which_words_are_meant() {
    for (source, expect) in [
        ("a\\n{{ user.nam }}", "failed: undefined value: `user.nam` is undefined (line 2 of the template)"),
        ("{{ nobody }}", "failed: undefined value: `nobody` is undefined (line 1 of the template)"),
        (
            "{% include 'x' %}",
            "failed: templates cannot include others: there are no files (`include 'x'`, line 1 of the template)",
        ),
    ] {
        check_error(
            &format!("template.render(\"{source}\", {{user = {{name = 1}}}})"),
            &format!("`template.render` {expect}"),
        );
    }
    check_error(
        "template.render('', {f = type})",
        "bad argument #2 to `template.render` (a function cannot be shown)",
    );
    check_error(
        "template.render('', {s = '\\255'})",
        "bad argument #2 to `template.render` (valid UTF-8 expected, byte 1 is not)",
    );
    check_error(
        "(function() local t = {} t.t = t return template.render('', t) end)()",
        "bad argument #2 to `template.render` (the tables are nested too deep, or within themselves)",
    );
}

#[test]
fn endless_templates_end() {
    let deep = "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}";
    let long = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    let wide = "{% set a = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' %}".to_owned()
        + &"{% set a = a ~ a ~ a ~ a ~ a ~ a ~ a ~ a %}".repeat(14);
    for source in [deep, long, &wide, "{{ 'x' * 999999999 }}", "{{ 'x'|indent(99999999999) }}"] {
        let folder = tempfile::tempdir().unwrap();
        let render = format!("template.render(\"{source}\")");
        let error = super::vm(folder.path()).load(render).eval::<mlua::Value>();
        assert!(error.is_err(), "{source:.80}");
    }
}
