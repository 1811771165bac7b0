//! These tests cover the methods that change lists in templates.

use super::{check, folder, host_error, vm};

#[test]
fn lists_are_changed_by_their_methods_for_all_their_names() {
    for (source, expect) in [
        (
            "{% set x = [3, 1] %}{% do x.append(2) %}{{ x }}{{ x.append(5) or '' }}{{ x|length }}",
            "[3, 1, 2]4",
        ),
        ("{% set x = [] %}{% set y = x %}{% do y.append(1) %}{{ x }} {{ x == y }}", "[1] True"),
        ("{% set x = [] %}{% set y = [x, x] %}{% do y[0].append(1) %}{{ y }} {{ x }}", "[[1], [1]] [1]"),
        ("{% set m = {'a': []} %}{% do m.a.append(1) %}{% do m['a'].append(2) %}{{ m.a }}", "[1, 2]"),
        ("{% for n in [1, 2] %}{% set x = [] %}{% do x.append(n) %}{{ x }}{% endfor %}", "[1][2]"),
        ("{% set x = [] %}{% for n in [1, 2] %}{% if x.append(n) %}{% endif %}{% endfor %}{{ x }}", "[1, 2]"),
        ("{% macro f(l) %}{% do l.append(1) %}{% endmacro %}{% set x = [0] %}{{ f(x) }}{{ x }}", "[0, 1]"),
        ("{% macro f(l=[]) %}{% do l.append(1) %}{{ l }}{% endmacro %}{{ f() }}{{ f() }}", "[1][1]"),
        (
            "{% set x = [1] %}{% set y = x.copy() %}{% set z = x + [2] %}{% do x.append(9) %}{{ y }}{{ z }}",
            "[1][1, 2]",
        ),
        (
            "{% set x = [1] %}{% do x.extend([2, 3]) %}{% do x.extend(x) %}{% do x.extend('ab') %}{{ x }}",
            "[1, 2, 3, 1, 2, 3, 'a', 'b']",
        ),
        (
            "{% set x = [1] %}{% do x.insert(0, 0) %}{% do x.insert(-1, 5) %}{% do x.insert(99, 6) %}{% do x.insert(-99, 7) %}{{ x }}",
            "[7, 0, 5, 1, 6]",
        ),
        ("{% set x = [1, 2, 3] %}{{ x.pop() }}{{ x.pop(0) }}{{ x }}{{ x.pop(-1) }}{{ x }}", "31[2]2[]"),
        ("{% set x = [1, 2, 1.0] %}{% do x.remove(1) %}{{ x }}", "[2, 1.0]"),
        (
            "{% set x = [3, 1, 2] %}{% do x.sort() %}{{ x }}{% do x.sort(reverse=true) %}{{ x }}{% do x.reverse() %}{{ x }}{% do x.clear() %}{{ x }}",
            "[1, 2, 3][3, 2, 1][1, 2, 3][]",
        ),
        (
            "{% set x = 'b a'.split() %}{% do x.sort() %}{{ x }}{% set y = x|map('upper')|list %}{% do y.append(1) %}{{ y }}",
            "['a', 'b']['A', 'B', 1]",
        ),
        ("{% set x = [1, 2, 3]|batch(2)|list %}{% do x[0].append(9) %}{{ x }}", "[[1, 2, 9], [3]]"),
        (
            "{% set n = namespace(l=[]) %}{% for i in [1, 2] %}{% do n.l.append(i) %}{% endfor %}{{ n.l }}",
            "[1, 2]",
        ),
        ("{% do l.append(4) %}{{ l }}{% do l[0].append(4) %}{{ l }}", "[[1], 4][[1, 4], 4]"),
        ("{% set x = [1, 2, 3] %}{% for n in x %}{{ n }}{% do x.pop() %}{% endfor %}{{ x }}", "123[]"),
        ("{{ [1][0] }}{{ 'ab'[1] }}{{ [[1, 2], [3]][0][1] }}{{ 1 in [1] }}{{ l[0] }}", "1b2True[1]"),
    ] {
        check(&format!("template.render([==[{source}]==], {{l = {{{{1}}}}}})"), &format!("[==[{expect}]==]"));
    }
}

#[test]
fn a_list_gets_neither_into_itself_nor_too_deep_nor_too_long() {
    for (source, expect) in [
        ("{% set x = [] %}{% do x.append(x) %}", "a list cannot get into itself"),
        ("{% set x = [] %}{% do x.append({'a': [x]}) %}", "a list cannot get into itself"),
        ("{% set x = [] %}{% set y = [x] %}{% do x.extend([y]) %}", "a list cannot get into itself"),
        (
            "{% set x = [] %}{% set n = namespace(l=[x]) %}{% do x.append(n) %}",
            "a list can take texts, numbers, lists and maps only",
        ),
        (
            "{% set n = namespace(l=[]) %}{% for i in range(200) %}{% set y = [] %}{% do y.append(n.l) %}{% set n.l = y %}{% endfor %}",
            "nested deeper than 150 levels",
        ),
        (
            "{% set x = [] %}{% set n = namespace(l=x) %}{% for i in range(200) %}{% set y = [] %}{% do n.l.append(y) %}{% set n.l = y %}{% endfor %}",
            "nested deeper than 150 levels",
        ),
        (
            "{% set n = namespace(l=[1]) %}{% for i in range(40) %}{% set y = [] %}{% do y.append(n.l) %}{% do y.append(n.l) %}{% set n.l = y %}{% endfor %}",
            "more than 1048576 values",
        ),
        (
            "{% set x = [1] %}{% for i in range(30) %}{% do x.extend(x) %}{% endfor %}",
            "more than 1048576 values",
        ),
        ("{% set x = [] %}{{ x.pop() }}", "nothing can be taken from an empty list"),
        ("{% set x = [1] %}{{ x.pop(1) }}", "the list has no place 1"),
        ("{% set x = [1] %}{% do x.remove(2) %}", "the value is not in the list"),
        ("{% set x = [1, 'a'] %}{% do x.sort() %}", "a number and a string have no order"),
        ("{% set x = (1, 2) %}{% do x.append(3) %}", "`append` is not there, because this is a tuple"),
        ("{% set m = {} %}{% do m.update({'a': 1}) %}", "`update` is not there, because maps do not change"),
        ("{% set x = [] %}{% do x.append() %}", "missing argument"),
        ("{% set x = [] %}{% do x.append(1, 2) %}", "too many arguments"),
    ] {
        let expression = format!("template.render([==[{source}]==])");
        let error = vm(folder().path()).load(&expression).eval::<mlua::Value>().expect_err(source);
        let message = host_error(&error).map(|error| error.message.clone()).unwrap_or_default();
        assert!(message.contains(expect), "{source}: {error}");
    }
}
