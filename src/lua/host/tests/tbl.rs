//! These tests cover `tbl`.

use super::{check, check_error, vm};

#[test]
fn keys_and_values_come_in_order() {
    check("tbl.keys({})", "{}");
    check("tbl.keys({10, 20})", "{1, 2}");
    check("tbl.keys({b = 1, [3] = 1, a = 1, [-1] = 1, [true] = 1})", r#"{-1, 3, "a", "b", true}"#);
    check("tbl.values({b = 1, [3] = 2, a = 3})", "{2, 3, 1}");
    check("tbl.values({10, 20})", "{10, 20}");
}

#[test]
fn map_and_filter_keep_lists_lists_and_maps_maps() {
    check("tbl.map({a = 1, b = 2}, function(v, k) return k .. v end)", r#"{a = "a1", b = "b2"}"#);
    check("tbl.map({1, 2, 3}, function(v) if v ~= 2 then return v end end)", "{1, 3}");
    check("tbl.map({5, 6}, function(v, i) return v * i end)", "{5, 12}");
    check("tbl.filter({a = 1, b = 2}, function(v, k) return k == 'b' end)", "{b = 2}");
    check("tbl.filter({1, 2, 3}, function(v) return v ~= 2 end)", "{1, 3}");
}

#[test]
fn results_are_marked_as_lists_even_when_they_are_empty() {
    let lua = vm(std::path::Path::new("."));
    let array: mlua::Table = lua.named_registry_value(crate::lua::raw::ARRAY).unwrap();
    for expression in [
        "tbl.keys({})",
        "tbl.values({})",
        "tbl.filter({1}, function() return false end)",
        "tbl.map(tbl.keys({}), function() end)",
        "tbl.filter(tbl.keys({}), function() end)",
        "tbl.sort_by({}, 'x')",
        "tbl.clone(tbl.keys({}))",
        "tbl.merge(tbl.keys({}))",
        "tbl.group_by({1}, function() return 'x' end).x",
        "tbl.set({}, 'a[1]', 1).a",
        "str.split('', nil)",
        "str.lines('')",
        "str.words('')",
        "re.find_all('', 'x')",
        "re.split('', 'x')",
        "html.select('', 'p')",
    ] {
        let table: mlua::Table = lua.load(expression).eval().unwrap();
        assert!(table.metatable().is_some_and(|metatable| metatable == array), "{expression}");
    }
    let table: mlua::Table = lua.load("tbl.map({}, function() end)").eval().unwrap();
    assert!(table.metatable().is_none(), "an unmarked empty table stays unmarked");
}

#[test]
fn reduce_starts_with_the_first_value_unless_told() {
    check("tbl.reduce({}, function() end)", "nil");
    check("tbl.reduce({5}, function() error('no call') end)", "5");
    check("tbl.reduce({a = 1, b = 2}, function(acc, v, k) return acc .. k .. v end, '')", r#""a1b2""#);
    check("tbl.reduce({1, 2}, function(acc, v) return acc and v > 1 end, false)", "false");
}

#[test]
fn sort_by_is_stable_and_puts_missing_keys_last() {
    let names = |call: &str| format!("tbl.map({call}, function(e) return e.id end)");
    let list = "{{id = 'a', n = 2}, {id = 'b'}, {id = 'c', n = 1}, {id = 'd', n = 2}}";
    check(&names(&format!("tbl.sort_by({list}, 'n')")), r#"{"c", "a", "d", "b"}"#);
    check(&names(&format!("tbl.sort_by({list}, 'n', 'desc')")), r#"{"a", "d", "c", "b"}"#);
    check("tbl.sort_by({'b', 'A', 'c'}, string.lower)", r#"{"A", "b", "c"}"#);
    check("tbl.sort_by({3, 1, 2}, function(n) return -n end)", "{3, 2, 1}");
    check("tbl.sort_by({3, 'x', true, 1, false}, function(v) return v end)", r#"{1, 3, "x", false, true}"#);
    check("#tbl.sort_by({0/0, 1, 0/0, -1}, function(v) return v end)", "4");
    check("tbl.sort_by({0/0, 1, 0/0, -1}, function(v) return v end)[2]", "1");
    check(
        "tbl.sort_by({{1, 'b'}, {1, 'a'}, {0, 'z'}}, function(p) return p end)",
        "{{0, 'z'}, {1, 'a'}, {1, 'b'}}",
    );
    check_error("tbl.sort_by({1}, 'x')", "`tbl.sort_by` cannot read field `x` of a number");
    check_error(
        "tbl.sort_by({1}, nil)",
        "bad argument #2 to `tbl.sort_by` (function or string expected, got nil)",
    );
    check_error(
        "tbl.sort_by({}, 'x', 'up')",
        "bad argument #3 to `tbl.sort_by` (\"asc\" or \"desc\" expected)",
    );
}

#[test]
fn group_by_needs_a_key_for_each_value() {
    check("tbl.group_by({{k = 1}, {k = 2}, {k = 1}}, 'k')", "{[1] = {{k = 1}, {k = 1}}, [2] = {{k = 2}}}");
    check_error("tbl.group_by({{k = 1}, {}}, 'k')", "`tbl.group_by` got nil as the key of element 2");
    check_error(
        "tbl.group_by({1}, function() return 0/0 end)",
        "`tbl.group_by` got NaN as the key of element 1",
    );
}

#[test]
fn merge_pick_and_omit_make_new_tables() {
    check("tbl.merge()", "{}");
    check("tbl.merge(nil, {a = 1}, nil, {a = 2, b = 3})", "{a = 2, b = 3}");
    check("(function() local a = {x = 1} tbl.merge(a, {x = 2}) return a.x end)()", "1");
    check("tbl.pick({a = 1, b = 2}, 'a', 'z')", "{a = 1}");
    check("tbl.omit({a = 1, b = 2}, 'a', 'z')", "{b = 2}");
    check("tbl.omit({a = 1, b = 2}, {})", "{a = 1, b = 2}");
    check_error("tbl.merge({}, 5)", "bad argument #2 to `tbl.merge` (table expected, got number)");
}

#[test]
fn get_follows_a_path_as_far_as_it_goes() {
    let t = "{a = {b = {10, {c = 'x'}}, ['x.y'] = 1}, [1] = 'first', n = false}";
    for (path, expect) in [
        ("a.b[1]", "10"),
        ("a.b[2].c", "'x'"),
        ("[1]", "'first'"),
        (r#"a["x.y"]"#, "1"),
        ("a['x.y']", "1"),
        ("a.b[9].c", "nil"),
        ("a.b[1].c", "nil"),
        ("z.z.z", "nil"),
        ("n", "false"),
    ] {
        check(&format!("tbl.get({t}, [==[{path}]==])"), expect);
    }
    check("tbl.get({}, 'a.b', 5)", "5");
    check("tbl.get(nil, 'a', 5)", "5");
    for (path, at) in [("a..b", 2), (".a", 1), ("a.", 2), ("a[", 2), ("a[x]", 2), ("a]", 2), ("a[1]b", 5)] {
        check_error(
            &format!("tbl.get({{}}, '{path}')"),
            &format!("bad argument #2 to `tbl.get` (bad path `{path}` at character {at})"),
        );
    }
    check_error("tbl.get({}, '')", "bad argument #2 to `tbl.get` (the path is empty)");
}

#[test]
fn set_makes_the_tables_on_the_way() {
    check("tbl.set({a = {b = 1}}, 'a.c', 2)", "{a = {b = 1, c = 2}}");
    check("tbl.set({a = {1, 2}}, 'a[3]', 3)", "{a = {1, 2, 3}}");
    check("tbl.set({a = 1}, 'a', nil)", "{}");
    check_error("tbl.set({a = 1}, 'a.b', 2)", "`tbl.set` cannot go through `a` of `a.b`, a number");
}

#[test]
fn null_is_a_value_of_its_own() {
    let lua = vm(std::path::Path::new("."));
    lua.globals().raw_set("null", mlua::Value::NULL).unwrap();
    for expression in [
        "tbl.equal({null}, {null})",
        "not tbl.equal({null}, {})",
        "not tbl.equal({a = null}, {a = false})",
        "tbl.get({a = null}, 'a') == null",
        "tbl.get({a = null}, 'a.b', 7) == 7",
        "tbl.set({a = null}, 'a.b', 1).a.b == 1",
        "tbl.clone({null})[1] == null",
        "tbl.merge(null, {a = 1}).a == 1",
        "tbl.sort_by({null, 2, 1}, function(v) return v end)[3] == null",
        "tbl.sort_by({null, 2, 1}, function(v) return v end, 'desc')[3] == null",
        "tbl.group_by({1}, function() return null end)[null][1] == 1",
        "tbl.map({1}, function() return null end)[1] == null",
    ] {
        assert!(lua.load(expression).eval::<bool>().unwrap(), "{expression}");
    }
    let error = lua.load("tbl.keys(null)").eval::<mlua::Value>().unwrap_err();
    let message = &super::host_error(&error).unwrap().message;
    assert_eq!(message, "bad argument #1 to `tbl.keys` (table expected, got null)");
}

#[test]
fn integers_beyond_two_to_the_53rd_stay_exact() {
    let lua = vm(std::path::Path::new("."));
    let big = "local a, b, c = json.decode('9007199254740995'), json.decode('9007199254740993'), \
               json.decode('-9223372036854775808')";
    for expression in [
        "tbl.equal({a}, {tbl.clone({a})[1]})",
        "not tbl.equal({a}, {b})",
        "tostring(tbl.sort_by({a, 1, b, c, 1e300, -1e300, 0.5}, function(v) return v end)[2]) == tostring(c)",
        "tbl.sort_by({a, b}, function(v) return v end)[1] == b",
        "tbl.sort_by({b, a}, function(v) return v end, 'desc')[1] == a",
        "tbl.keys({[a] = 1, [b] = 1, [5] = 1, x = 1})[3] == a",
        "tbl.group_by({1}, function() return a end)[a][1] == 1",
        "tbl.values({a})[1] == a",
        "tbl.get({x = a}, 'x') == a",
        "tbl.less(5, a) and tbl.less(c, 5) and tbl.less(b, a) and not tbl.less(a, a) and tbl.less(a, 1e300)",
        "not tbl.equal(a, 9007199254740996) and not tbl.equal(9007199254740996, a) and not tbl.equal(a, 0/0)",
        "tbl.equal({c}, {-2^63}) and tbl.equal(-2^63, c) and not tbl.equal(c, '-9223372036854775808')",
    ] {
        let same: bool = lua.load(format!("{big} return {expression}")).eval().unwrap();
        assert!(same, "{expression}");
    }
}

#[test]
fn equal_and_clone_end_on_cycles() {
    check("(function() local a, b = {}, {} a.x, b.x = a, b return tbl.equal(a, b) end)()", "true");
    check(
        "(function() local a = {} a.x = a local b = tbl.clone(a) return b.x == b and b ~= a end)()",
        "true",
    );
    check(
        "(function() local s = {} local c = tbl.clone({s, s}) return c[1] == c[2] and c[1] ~= s end)()",
        "true",
    );
    check("tbl.equal({a = 1}, {a = 1, b = 2}), tbl.equal({a = 1, b = 2}, {a = 1})", "false, false");
    check("tbl.equal(1, '1'), tbl.equal(nil, nil), tbl.equal({}, {})", "false, true, true");
}

#[test]
fn callbacks_may_wait() {
    check(
        "(function()
            local run = coroutine.wrap(function()
                return tbl.map({1, 2}, function(v) return coroutine.yield(v) end)
            end)
            local first = run()
            local second = run(first * 10)
            return run(second * 10)
        end)()",
        "{10, 20}",
    );
    check(
        "(function()
            local run = coroutine.wrap(function() return re.gsub('ab', '.', coroutine.yield) end)
            return run(), run('x'), run('y')
        end)()",
        r#""a", "b", "xy", 2"#,
    );
}
