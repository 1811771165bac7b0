//! These tests cover `template`.

use super::{check, check_error};

#[test]
fn values_are_shown_as_lua_has_them() {
    check(
        "template.render('{{ i }} {{ f }} {{ s }} {{ t }} {{ l[0] }} {{ m.k }} {{ e|length }}\\n', \
         {i = 3, f = 1.5, s = '<ü>', t = true, l = {7}, m = {k = 'v'}, e = {}})",
        "'3 1.5 <ü> True 7 v 0'",
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

/// Sources that nest `levels` deep, each in another way.
fn nested(levels: usize) -> Vec<String> {
    let around = |open: &str, inner: &str, close: &str| open.repeat(levels) + inner + &close.repeat(levels);
    let brackets = (levels - 1) / 10;
    vec![
        format!("{{{{ {} }}}}", around("1 + ", "1", "")),
        format!("{{{{ {} }}}}", around("not ", "1", "")),
        format!("{{{{ {} }}}}", around("- ", "1", "")),
        format!("{{{{ {} }}}}", around("", "'a'", "|upper")),
        format!("{{{{ {} is none }}}}", "m".to_owned() + &".m".repeat(levels - 1)),
        format!("{{% if no %}}{}{{% endif %}}", "{% elif no %}".repeat(levels - 1)),
        // Words may follow numbers directly.
        format!("{{{{ {}1 }}}}", "0x1fif 1e5if 1if ".repeat(levels / 3)),
        format!("{{{{ {}1{} }}}}", "1+(1+1+1+1+1+1+1+1+".repeat(brackets), ")".repeat(brackets)),
    ]
}

#[test]
fn nesting_is_counted_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let lua = super::vm(folder.path());
    let refused = |source: &str| -> Option<String> {
        let render: mlua::Function = lua.load("return template.render(...)").into_function().unwrap();
        let result = render.call::<mlua::Value>((source, lua.create_table().unwrap()));
        let error = result.err()?;
        Some(super::host_error(&error).unwrap().message.clone())
    };
    for source in nested(300) {
        let message = refused(&source).unwrap_or_default();
        assert!(!message.contains("nested"), "{source}: {message}");
    }
    for source in nested(311) {
        let message = refused(&format!("a\n{source}")).expect(&source);
        assert_eq!(
            message,
            "`template.render` cannot use the template: operators, filters, brackets and blocks are nested deeper than \
             300 levels; `set` gives a part of them a name (line 2 of the template)",
            "{source}"
        );
    }
    // Wide is not deep, and what is no code does not count.
    let wide = format!("{{% set l = [{}] %}}{{{{ l|length }}}}", "1 + 1, ".repeat(1000));
    let sequence = "{% if 1 %}{{ 1 + 1 }}{% elif 2 %}{% endif %}".repeat(400);
    let quoted = format!("{{{{ '{}' }}}}", "((([[[".repeat(100));
    let raw = format!("{{% raw %}}{}{{% endraw %}}{{# {} #}}", "{{ ((".repeat(200), "{{ ((".repeat(200));
    for source in [wide, sequence, quoted, raw] {
        assert_eq!(refused(&source), None, "{source:.80}");
    }
    let lists = |levels: usize| format!("{{{{ {}{} }}}}", "[".repeat(levels), "]".repeat(levels));
    let loops = "{% for n in [] recursive %}{% endfor %}";
    for (source, most) in [(String::new(), 40), (loops.to_owned(), 16)] {
        assert_eq!(refused(&(source.clone() + &lists(most))), None);
        let message = refused(&(source + &lists(most + 1))).unwrap();
        assert!(
            message.contains(&format!("lists and maps are nested deeper than {most} levels (line 1")),
            "{message}"
        );
    }
    let most = 2 << 20;
    assert_eq!(refused(&"x".repeat(most)), None);
    assert_eq!(
        refused(&"x".repeat(most + 1)).unwrap(),
        "bad argument #1 to `template.render` (a template of at most 2097152 bytes expected)"
    );
}

#[test]
fn what_a_template_keeps_stays_shallow() {
    let around = |n: usize| {
        format!(
            "{{% set ns = namespace(x = 1) %}}\n{{% for i in range({n}) %}}{{% set ns.x = [ns.x] %}}{{% endfor %}}{{{{ ns.x|string|length }}}}"
        )
    };
    check(&format!("template.render([==[{}]==])", around(150)), "'\\n301'");
    check_error(
        &format!("template.render([==[{}]==])", around(151)),
        "`template.render` failed: invalid operation: a variable cannot hold lists and maps nested deeper than 150 levels \
         (line 2 of the template)",
    );
    let rebound = |n: usize| "{% set a = {'k': a} %}".repeat(n) + "{{ a|length }}";
    check(&format!("template.render([==[{}]==], {{a = 1}})", rebound(150)), "'1'");
    check_error(
        &format!("template.render([==[{}]==], {{a = 1}})", rebound(151)),
        "`template.render` failed: invalid operation: a variable cannot hold lists and maps nested deeper than 150 levels \
         (line 1 of the template)",
    );
    let only = "`template.render` failed: invalid operation: a namespace, a cycler or a joiner can hold texts, numbers, \
                lists and maps only (line 1 of the template)";
    check_error("template.render('{% set n = namespace() %}{% set n.n = n %}')", only);
    check_error("template.render('{% set n = namespace() %}{% set n.n = [[n]] %}')", only);
    check_error(
        "template.render('{% set n = namespace() %}{% for i in [1] %}{% set n.l = loop %}{% endfor %}')",
        only,
    );
    check_error(
        "template.render('{% set n = namespace() %}{% macro m() %}{{ n }}{% endmacro %}{% set n.m = m %}')",
        only,
    );
}

#[test]
fn what_set_keeps_is_what_was_written() {
    for (source, expect) in [
        ("{% set a, b = 1, 2 %}{{ a }}{{ b }}", "12"),
        ("{% set a = 1, 2 %}{{ a }}", "(1, 2)"),
        ("{% set a = 1, %}{{ a }}", "(1,)"),
        ("{% set a = [1, 2] -%}\n {{ a }}", "[1, 2]"),
        ("{% set a = (1) if x else (2) %}{{ a }}", "2"),
        ("{% set a = (1) if x %}{{ a is defined }}", "False"),
        ("{% set a = '%}' ~ ('\\'') %}{{ a }}", "%}'"),
        (
            "{% for i in [1] %}{% set l = loop %}{% set p = (loop) %}{{ l.index }}{{ p.last }}{% endfor %}",
            "1True",
        ),
        ("{% set a = {'k': {}} %}{{ a }}", "{'k': {}}"),
        ("{% set a = 'a b'|upper %}{{ a }}{% set b|upper %}x{% endset %}{{ b }}", "A BX"),
        (
            "{% set n = namespace(c = 0) %}{% for i in [1, 2] %}{% set n.c = n.c + i %}{% endfor %}{{ n.c }}",
            "3",
        ),
        (
            "{% set n = namespace(l = []) %}{% for i in [1, 2] %}{% set n.l = n.l + [i] %}{% endfor %}{{ n.l }}",
            "[1, 2]",
        ),
        ("{% raw %}{% set a = [1] %}{% endraw %}", "{% set a = [1] %}"),
    ] {
        check(&format!("template.render([==[{source}]==])"), &format!("[==[{expect}]==]"));
    }
    check_error(
        "template.render('{% set a = [1]|nope %}')",
        "`template.render` failed: unknown filter: filter nope is unknown (line 1 of the template)",
    );
}

#[test]
fn the_deepest_values_that_are_allowed_fit_the_stack() {
    let brackets = |n: usize, inner: &str| "[".repeat(n) + inner + &"]".repeat(n);
    let around = "{% set a = {'k': a} %}".repeat(149);
    let next = brackets(13, "x");
    let source = format!(
        "{around}{{% for x in [a] recursive %}}{{% if loop.depth < 97 %}}{{{{ loop({next}) }}}}{{% else %}}\
         {{{{ (x|string|length, x == [x], [x, [x]]|unique|length, x|tojson|length) }}}}{{% endif %}}{{% endfor %}}"
    );
    check(&format!("template.render([==[{source}]==], {{a = 1}})"), "'(3348, False, 2, 3348)'");
}

#[test]
fn numbers_that_make_much_are_bounded() {
    check("#template.render('{{ [[1]]|tojson(indent=100) }}')", "409");
    check("#template.render('{{ [[1]]|tojson(100) }}{{ 1|tojson }}{{ [1]|tojson(true) }}')", "417");
    check("#template.render(\"{{ 'a\\nb'|indent(100) }}{{ 'a\\nb'|indent(width=1) }}\")", "107");
    check(
        "template.render('{{ [1]|slice(100000)|list|length }} {{ [1]|batch(100000, 0)|first|length }}')",
        "'100000 100000'",
    );
    check("template.render('{{ [1]|batch(1000000)|list|length }}')", "'1'");
    for (source, expect) in [
        ("[1]|tojson(indent=101)", "`indent` of at most 100 expected"),
        ("[1]|tojson(101)", "`indent` of at most 100 expected"),
        ("'a'|indent(101)", "`width` of at most 100 expected"),
        ("'a'|indent(width=101)", "`width` of at most 100 expected"),
        ("[1]|slice(100001)", "`count` of at most 100000 expected"),
        ("[1]|batch(100001, 0)", "`count` of at most 100000 expected"),
        ("[[]]|sum(start='')", "`sum` can add numbers to a number and lists to a list, not to a string"),
        (
            "[1]|sort(attribute='a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q')",
            "`attribute` with at most 16 names expected",
        ),
        ("['a']|sum(start=[])", "`sum` cannot add a string to a list"),
    ] {
        let words = source.split_once('|').map_or("", |(_, filter)| filter);
        let expect = format!(
            "`template.render` failed: invalid operation: {expect} (`{words}`, line 1 of the template)"
        );
        check_error(&format!("template.render([==[{{{{ {source} }}}}]==])"), &expect);
    }
}

#[test]
fn lists_that_take_no_memory_yet_are_bounded() {
    let most = 1 << 20;
    check(&format!("template.render('{{{{ ([1] * {most})|length }}}}')"), "'1048576'");
    let all = format!("{{{{ ([1] * {} + [1, 2])|length }}}}", most - 2);
    check(&format!("template.render('{all}')"), "'1048576'");
    for source in [
        format!("{{% for a, b in [[1] * {}] %}}{{% endfor %}}", most + 1),
        format!("{{{{ ([1] * {most} + [1])|length }}}}"),
        format!("{{{{ ([1] * {most})|chain([1])|length }}}}"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let error = super::vm(folder.path()).load(format!("template.render('{source}')")).exec().unwrap_err();
        let expect = "`+`, `*` and `chain` cannot make a list of more than 1048576 elements";
        assert!(error.to_string().contains(expect), "{source}: {error}");
    }
}

#[test]
fn lists_that_are_kept_do_not_stand_in_each_other() {
    let again = |one: &str| one.repeat(20) + "{{ d|length }}{{ d }}";
    for (first, one, expect) in [
        ("[]", "{% set d = d + d %}", "0[]"),
        ("[1]", "{% set d = d[0:] %}", "1[1]"),
        ("{'a': 1}", "{% set d = d|chain(d) %}", "1{'a': 1}"),
        ("[]", "{% set d = d|zip(d) %}", "0[]"),
        ("[]", "{% set d = d|chain(d, {}) %}", "0[]"),
        ("[]", "{% set d = d * 2 %}", "0[]"),
    ] {
        let source = format!("{{% set d = {first} %}}{}", again(one));
        check(&format!("template.render([==[{source}]==])"), &format!("[==[{expect}]==]"));
    }
    check("template.render([==[{{ {'a': 1, 'b': 1}|chain({'a': 2}) }}]==])", "[==[{'a': 2, 'b': 1}]==]");
    check_error(
        "template.render('{% set __flowrun_list = 1 %}')",
        "`template.render` cannot use the template: `__flowrun` can be in no name",
    );
}

#[test]
fn fields_of_format_have_a_width_that_can_be_written() {
    check(
        "template.render([==[{{ '%9999s|%.2f|%3d'|format('a', 1, 7) }}]==]):sub(-10)",
        "[==[a|1.00|  7]==]",
    );
    for (field, call) in [("%10000s", "format('a')"), ("%.10000f", "format(1)")] {
        let rendered = format!("template.render([==[{{{{ '{field}'|{call} }}}}]==])");
        check_error(
            &rendered,
            &format!(
                "`template.render` failed: invalid operation: `format` takes widths and precisions up to 9999 \
                 (`{call}`, line 1 of the template)"
            ),
        );
    }
}

#[test]
fn one_tag_walks_few_texts() {
    let tag = |n: usize| format!("{{{{ [{}]|length }}}}", "x[0], x != 'a', ".repeat(n));
    check(&format!("template.render([==[{}]==], {{x = 'b'}})", tag(100)), "'200'");
    check_error(
        &format!("template.render([==[\n{}]==], {{x = 'b'}})", tag(101)),
        "`template.render` cannot use the template: there are more than 200 subscripts and comparisons in one tag (line 1 of \
         the template)",
    );
}

#[test]
fn lists_become_texts_of_bounded_length() {
    // Four bytes for each value, and 64 MiB.
    check("#template.render('{% set a = [1] * 1000 %}{{ [a] * 1000 ~ \"\" }}')", "3002000");
    check_error(
        "template.render('{{ [[[1] * 300] * 300] * 300 ~ \"\" }}')",
        "`template.render` failed: invalid operation: a list or map cannot become more than 67108864 bytes of text in one go \
         (line 1 of the template)",
    );
}

#[test]
fn what_is_put_into_templates_changes_nothing() {
    for (source, expect) in [
        ("{{ 1 ~ 2 * 3 }}{{ 'a' + 2 ~ 3 * 2 + 'b' }}{{ -1 ~ -2 }}{{ 2 ~ 3 ** 2 }}", "16a26b-1-229"),
        ("{{ a ~ b|upper ~ [1, 2][0] ~ (a ~ b) }}", "xY1xy"),
        ("{{ a ~ 'q' if a is not none and b ~ a == 'yx' else b ~ a }}", "xq"),
        (
            "{{ not a ~ b == 'xy' }}{{ a is in ['x'] }}{{ a ~ b in ['xy'] }}{{ a not in [a ~ b] }}",
            "FalseTrueTrueTrue",
        ),
        ("{{ m.in ~ m['in'] }}{{ {'k': a ~ b, a ~ 'k': 1} }}{{ [a ~ b, a][0] }}", "11{'k': 'xy', 'xk': 1}xy"),
        ("{% for c in a ~ b if c != 'x' %}{{ c }}{% else %}no{% endfor %}", "y"),
        ("{% for c in [a ~ b, [a]] recursive -%}  {{ c if c is string else loop(c) }} {%- endfor %}", "xyx"),
        ("{% for c in [1, 2] -%}\n {{ c }}\n{%- endfor +%} .", "12 ."),
        ("{% for c in [1] %} {{ c }} {% endfor %}{% with d = a ~ b %} {{ d }}{% endwith %}", " 1  xy"),
        (
            "{% macro n(p=a ~ b) %}<{{ p }}{{ caller() if caller }}>{% endmacro %}{{ n() }}{% call n(p='q') %} z{% endcall %}",
            "<xy><q z>",
        ),
        (
            "{% filter upper -%} {{ a ~ b }} {%- endfilter %}{% if a ~ b == 'xy' %}1{% elif a > b %}2{% endif %}",
            "XY1",
        ),
        (
            "{{ 1 + 2 * 3 - 4 }}{{ -2 * 3 + -1 }}{{ ([1] + [2] * 2)|list }}{{ 2 * 3 ** 2 * 2 }}",
            "3-7[1, 2, 2]36",
        ),
        ("{% if nobody %}1{% elif not nobody %}2{% endif %}{% set c = a ~ b %}{{ c }}", "2xy"),
        (
            "{{ 1 < 2 < 3 }}{{ [1] == [1] }}{{ m == m }}{{ 'y' in a ~ b }}{{ a in m }}",
            "TrueTrueTrueTrueFalse",
        ),
        ("{{ [1, 2.5]|sum }}{{ [[1], [2, 3]]|sum(start=[]) }}{{ [{'n': 2}]|sum('n') }}", "3.5[1, 2, 3]2"),
        (
            "{{ 'aab'|replace('a', 'xx') }}{{ 'aab'|replace('a', 'x', 1) }}{{ 'aab'|replace('a', 'x', count=1) }}",
            "xxxxbxabxab",
        ),
        (
            "{% autoescape true %}{{ '<a>'|replace('a', '&') }}{{ ('<a>'|safe)|replace('a', '&') }}{% endautoescape %}",
            "&lt;&amp;&gt;<&amp;>",
        ),
        (
            "{% set ns = namespace(k=1) %}{% set o = namespace({'k': 2}) %}{{ ns.k }}{{ o.k }}{{ namespace().k is defined }}",
            "12False",
        ),
        (
            "{{ ['b', 'A']|sort }}{{ [1, 1]|unique|list }}{{ [1, 2]|max }}{{ [3, 1]|select('gt', 2)|list }}",
            "['A', 'b'][1]2[3]",
        ),
    ] {
        check(
            &format!("template.render([==[{source}]==], {{a = 'x', b = 'y', m = {{['in'] = 1}}}})"),
            &format!("[==[{expect}]==]"),
        );
    }
}

#[test]
fn the_last_line_feed_is_taken_away_and_all_are_the_same() {
    for (source, expect) in [
        ("a\\n", "a"),
        ("a\\n\\n", "a\\n"),
        ("a\\r\\nb\\r\\n", "a\\nb"),
        ("a\\rb", "a\\nb"),
        ("\\n", ""),
        ("{{ 1 }}\\n", "1"),
        ("{% raw %}\\nx\\n{% endraw %}\\n", "\\nx\\n"),
        ("{% if 1 %}\\n  x\\n{% endif %}\\n", "\\n  x\\n"),
        ("{# c #}\\n", ""),
        ("{{ \"a\\r\\nb\" }}", "a\\nb"),
    ] {
        check(&format!("template.render('{source}')"), &format!("'{expect}'"));
    }
}
