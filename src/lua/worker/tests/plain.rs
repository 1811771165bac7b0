//! These tests look at values, shapes, and failures of every kind that a function can bring about.

use super::*;

#[test]
fn a_map_returns_one_value_an_item() {
    check(
        "return { id = item.id, n = index }",
        &[r#"{"id":5,"x":1}"#, " {\"id\":\"é\"}\r\n"],
        "{\"id\":5,\"n\":1}\n{\"id\":\"é\",\"n\":2}",
    );
    check("return nil", &["1"], "null");
    check("return item", &["null", "[]", "{}", "-0.0", "\"x\""], "null\n[]\n{}\n-0.0\n\"x\"");
}

#[test]
fn values_go_through_unharmed() {
    for item in [
        "9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "0.1",
        "1e300",
        "5e-324",
        "-0.0",
        "\"\\u0000\\u001f é 😀 \\\" \\\\ \"",
        r#"{"a":[],"b":{},"c":[{}],"d":{"e":[[]]},"f":null}"#,
    ] {
        let expect = serde_json::from_str::<serde_json::Value>(item).expect("json");
        let mut bench = bench(&script("return item"), &options());
        let got = run(&mut bench, &[item]);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&got).expect("json"), expect, "{item}");
    }
    check("return item", &["1.0", "1e3", "1e18"], "1.0\n1e3\n1e18");
    check(
        "return { [item] = tostring(item), t = `{item}` }",
        &["9007199254740993"],
        "1! result: the value has the number 9007199254740993 as a key",
    );
}

#[test]
fn big_integers_can_be_compared_and_used_as_keys() {
    check(
        "local t = {}\nt[item.a] = 1\nreturn { item.a == item.b, t[item.b], tostring(item.a), `{item.a}` }",
        &[r#"{"a":9007199254740993,"b":9007199254740993}"#],
        "[true,1,\"9007199254740993\",\"9007199254740993\"]",
    );
    check(
        "return { item + 1, item / 2, -item, item .. '', tonumber(item), math.max(item, 1) }",
        &["9007199254740993"],
        r#"[9007199254740994,4503599627370496,-9007199254740993,"9007199254740993",9007199254740992,9007199254740993]"#,
    );
    let way =
        "one is an integer beyond 2^53; write `tbl.less(a, b)`, `tbl.equal(a, b)`, or compare `tonumber(a)`";
    check(
        "return item > 1",
        &["9007199254740993"],
        &format!("1! error at p.yaml:5:19: attempt to compare number < integer: {way}"),
    );
    for caught in [
        "return select(2, pcall(function() return item > 1 end))",
        "return select(2, xpcall(function() return item > 1 end, function(err) return err end))",
    ] {
        let expect = format!("\"p.yaml:5: attempt to compare number < integer: {way}\"");
        check(caught, &["9007199254740993"], &expect);
    }
    check(
        "for at = 1, item do return at end",
        &["9007199254740993"],
        "1! error at p.yaml:5: invalid 'for' limit (number expected, got integer): it is an integer beyond 2^53; count \
         with `while`, or from 1",
    );
}

#[test]
fn keys_follow_the_item_and_new_ones_are_sorted() {
    check(
        "item.b = nil\nitem.z2 = 1\nitem.a2 = { y = 1, x = 2 }\nitem.w = 0\nreturn item",
        &[r#"{"z":1,"b":2,"a":{"q":1,"c":2},"w":3}"#],
        r#"{"z":1,"a":{"q":1,"c":2},"w":0,"a2":{"x":2,"y":1},"z2":1}"#,
    );
    check(
        "return { c = 1, a = 2, b = 3 }",
        &[r#"{"b":1,"c":2}"#, "5"],
        "{\"b\":3,\"c\":1,\"a\":2}\n{\"a\":2,\"b\":3,\"c\":1}",
    );
}

#[test]
fn keys_of_nested_maps_follow_those_of_the_item_at_the_same_place() {
    let item = r#"{"x":1,"m":{"q":1,"c":{"y":1,"b":2},"b":3},"l":[{"z":1,"a":2},5,{"z":3,"a":4}]}"#;
    check("return item", &[item, item, item], &[item, item, item].join("\n"));
    check(
        "item.m.b, item.m.n, item.m.a = 9, { t = 1, s = 2 }, 0\nitem.m.c.y = nil\nreturn item",
        &[item],
        r#"{"x":1,"m":{"q":1,"c":{"b":2},"b":9,"a":0,"n":{"s":2,"t":1}},"l":[{"z":1,"a":2},5,{"z":3,"a":4}]}"#,
    );
    check(
        "item.l[1], item.l[2], item.l[3] = { a = 1, z = 2, b = 3 }, { z = 1, b = 2 }, nil\nreturn { l = item.l, m = item.m.c }",
        &[item],
        r#"{"m":{"b":2,"y":1},"l":[{"z":2,"a":1,"b":3},{"b":2,"z":1}]}"#,
    );
    // Also where the item waits, and the text is read once more; and for each element of a `flat_map` by itself.
    check("time.sleep(0)\nreturn item", &[item], item);
    // An object in the place of something else has no order of the item's.
    check(
        "item.a = { z = 1, b = 2 }\nreturn item",
        &[r#"{"a":null,"n":{"z":1}}"#, r#"{"a":[{"z":1}],"n":{"z":1}}"#],
        "{\"a\":{\"b\":2,\"z\":1},\"n\":{\"z\":1}}\n{\"a\":{\"b\":2,\"z\":1},\"n\":{\"z\":1}}",
    );
}

#[test]
fn numbers_keep_their_text_at_their_place_with_their_value() {
    let item = r#"{"a":1.0,"b":[1.50,-0,{"c":1E3}],"d":2.5,"e":-0.0,"f":12345678901234567890.0}"#;
    check("return item", &[item, item], &[item, item].join("\n"));
    check(
        "item.a, item.b[1], item.d, item.e = 1, item.b[1] + 1, item.a, 0\nitem.g = 1.0\nreturn item",
        &[item],
        r#"{"a":1.0,"b":[2.5,-0,{"c":1E3}],"d":1,"e":0,"f":12345678901234567890.0,"g":1}"#,
    );
    check("return { d = item.a, a = item.a, x = item.a }", &[item], r#"{"a":1.0,"d":1,"x":1}"#);
    check("table.remove(item, 1)\nreturn item", &["[1.0,2.0,2]"], "[2,2.0]");
    check("time.sleep(0)\nreturn item", &[item, "1.0"], &format!("{item}\n1.0"));
}

#[test]
fn of_two_equal_keys_the_last_counts() {
    check(
        "return item",
        &[r#"{"a":1,"b":{"c":1,"d":2,"c":3},"a":2}"#, r#"{"a":{"z":1},"a":[1]}"#],
        "{\"a\":2,\"b\":{\"c\":3,\"d\":2}}\n{\"a\":[1]}",
    );
}

#[test]
fn what_cannot_be_written_is_named_with_its_path() {
    for (lua, expect) in [
        ("return { a = { b = { 1, 2, 0/0 } } }", "`.a.b[3]` is NaN"),
        ("return { ['a b'] = math.huge }", "`[\"a b\"]` is infinite"),
        ("return print", "the value is a function"),
        ("return { x = { coroutine.create(print) } }", "`.x[1]` is a thread"),
        ("local t = {}\nt.a = { t }\nreturn t", "`.a[1]` contains itself"),
        ("return { l = { 1, nil, 3 } }", "`.l` is a list with holes"),
        (
            "return { l = { [2] = 1 } }",
            "`.l` is a list with holes (there is no element 1); a map whose keys are numbers has them as text, `t[tostring(key)]`",
        ),
        ("return { 1, a = 2 }", "under a key of its own; two maps are joined by `tbl.merge(a, b)`"),
        ("return { [1.5] = 2 }", "the value has the number 1.5 as a key"),
        ("return { [true] = 2 }", "the value has a key of type boolean"),
        ("return { s = '\\xff' }", "`.s` is a string that is not valid UTF-8"),
        ("return { ['\\xff'] = 1 }", "the value has a key that is not valid UTF-8"),
        ("return json.array({ a = 1 })", "under a key of its own; two maps are joined by `tbl.merge(a, b)`"),
        ("return", "the function returned no value; did you forget `return`?"),
        ("local x = item", "the function returned no value; did you forget `return`?"),
        ("local t = {}\nfor _ = 1, 600 do t = { t } end\nreturn t", "is nested deeper than 512 levels"),
    ] {
        let mut bench = bench(&script(lua), &options());
        let got = run(&mut bench, &["1"]);
        assert!(got.starts_with("1! result: ") && got.trim_end().ends_with(expect), "{lua}: {got}");
    }
}

#[test]
fn a_list_or_a_map_can_be_asked_for() {
    check(
        "return { json.array(), json.object(), json.array({ 1 }), json.object({ 'a' }), {}, json.null }",
        &["1"],
        r#"[[],{},[1],{"1":"a"},{},null]"#,
    );
}

#[test]
fn a_flat_map_emits_each_element() {
    let flat = WorkerOptions { shape: ResultShape::FlatMap, ..options() };
    check_with(
        &flat,
        "return item.l",
        &[r#"{"l":[1,{"a":2}]}"#, r#"{"l":[]}"#, r#"{"l":[3]}"#],
        "1\n{\"a\":2}\n3",
    );
    check_with(&flat, "return {}", &["1"], "");
    for (lua, expect) in [
        ("return nil", "result: the function of a `flat_map` must return a list, not nil"),
        ("return json.null", "result: the function of a `flat_map` must return a list, not null"),
        ("return 'ab'", "result: the function of a `flat_map` must return a list, not string"),
        ("return { a = 1 }", "result: the returned table is a map, not a list"),
        ("return { 1, { a = 0/0 } }", "result: `[2].a` is NaN"),
    ] {
        check_with(&flat, lua, &["1"], &format!("1! {expect}"));
    }
}

#[test]
fn a_filter_keeps_the_item_as_it_was_read() {
    let filter = WorkerOptions { shape: ResultShape::Filter, ..options() };
    check_with(
        &filter,
        "item.a = 5\nreturn item.keep",
        &[r#" { "keep" : 1.0, "b": 2}"#, r#"{"keep":false}"#, r#"{"keep":null}"#, "{\"keep\":\n1}", "{}"],
        "{ \"keep\" : 1.0, \"b\": 2}\n{\"keep\":1}",
    );
    check_with(
        &filter,
        "local x",
        &["1"],
        "1! result: the function returned no value; did you forget `return`?",
    );
}

#[test]
fn errors_keep_their_message_place_and_fields() {
    for (lua, expect) in [
        ("local a = item\nreturn a.x.c", "error at p.yaml:6:14: attempt to index nil with 'c'"),
        ("error('no')", "error at p.yaml:5: no"),
        ("error('no', 0)", "error at p.yaml:5: no"),
        ("local function f(...)\n  error('far', 2)\nend\n\nf()", "error at p.yaml:9: far"),
        ("error()", "error at p.yaml:5: error raised with nil"),
        ("error({})", "error at p.yaml:5: {}"),
        ("error({ code = 42 })", "error at p.yaml:5: {\"code\":42}"),
        ("error({ message = 'm', code = 42 })", "error at p.yaml:5: m"),
        (
            "error(setmetatable({}, { __tostring = function() return 'shown' end }))",
            "error at p.yaml:5: shown",
        ),
        ("error(42)", "error at p.yaml:5: 42"),
        ("error(print)", "error at p.yaml:5: error raised with a function"),
        ("error('a\\xffb')", "error at p.yaml:5: a\u{fffd}b"),
        ("error({ message = '\\xff' })", "error at p.yaml:5: \u{fffd}"),
        ("return item.b.c", "error at p.yaml:5:14: attempt to index JSON null with 'c'"),
        ("item.b.c = 1", "error at p.yaml:5:7: attempt to index JSON null with 'c'"),
        ("return item.b + 1", "error at p.yaml:5:21: attempt to perform arithmetic (add) on null and number"),
        ("local function f(n) return f(n + 1) + 1 end\nreturn f(1)", "error at p.yaml:5: stack overflow"),
        ("x = 1", "error at p.yaml:5: globals are read-only: write `local x` to make a variable of your own"),
        ("string.upper = 1", "error at p.yaml:5: attempt to modify a readonly table"),
        ("rawset(_G, 'x', 1)", "error at p.yaml:5: attempt to modify a readonly table"),
    ] {
        let advice = if expect.contains("null") { crate::lua::stray::NULL } else { "" };
        check(lua, &[r#"{"b":null}"#], &format!("1! {expect}{advice}"));
    }
}

#[test]
fn flow_ends_the_item_as_asked() {
    for (lua, expect) in [
        ("flow.skip()", "skipped -"),
        ("flow.skip('too short')", "skipped too short"),
        ("flow.fail('bad')", "error at p.yaml:5: bad (for good)"),
        ("flow.fail('bad', { code = 3, b = {} })", "error at p.yaml:5: bad {\"b\":{},\"code\":3} (for good)"),
        ("flow.retry('later', { after = 1.5 })", "error at p.yaml:5: later after 1.5s"),
        ("flow.retry('later')", "error at p.yaml:5: later"),
        (
            "flow.retry('later', { after = -1 })",
            "error at p.yaml:5: `after` of `flow.retry` must be a number of seconds from 0 (for good)",
        ),
        (
            "local ok, err = pcall(flow.retry, 'x')\nreturn { ok, err.message, err.kind, err.retryable, tostring(err) }",
            "",
        ),
        ("pcall(flow.fail, 'x') return 1", "error at p.yaml:5: x (for good)"),
        ("local ok = pcall(function() pcall(flow.skip, 'y') end) return ok", "skipped y"),
        ("return xpcall(flow.fail, function() return 'handled' end, 'x')", "error at p.yaml:5: x (for good)"),
        ("xpcall(function() coroutine.wrap(flow.skip)('z') end, print)", "skipped z"),
        ("coroutine.wrap(function() flow.skip('inside') end)()", "skipped inside"),
    ] {
        let expect = if expect.is_empty() {
            r#"[false,"x","error",true,"x"]"#.to_owned()
        } else {
            format!("1! {expect}")
        };
        check(lua, &["1"], &expect);
    }
}

#[test]
fn what_pcall_catches_of_host_functions_is_its_message_beside_text() {
    let gone = r#"{"err":{"kind":"error","message":"reading `gone`"#;
    for (lua, expect) in [
        ("local _, err = pcall(json.decode, '{') return 'bad: ' .. err", "\"bad: `json.decode`: "),
        ("local _, err = pcall(json.decode, '{') return err .. '!'", "\"`json.decode`: "),
        ("local _, err = pcall(json.decode, '{') return err:match('byte (%d)')", "\""),
        ("local _, err = pcall(json.decode, '{') return `{err}`", "\"`json.decode`: "),
        (
            "local _, err = pcall(fs.read, 'gone') return { err = err, text = string.sub('' .. err, 1, 11) }",
            gone,
        ),
        (
            "local _, err = xpcall(time.parse, function(err) return 'time: ' .. err end, 'x') return err",
            "\"time: ",
        ),
        // Raised again, it is what it was.
        ("local _, err = pcall(json.decode, '{') error(err, 0)", "1! error at p.yaml:5: `json.decode`: "),
        (
            "local _, err = pcall(json.decode, '{') return err .. nil",
            "1! error at p.yaml:5:57: attempt to concatenate an error with nil",
        ),
    ] {
        let mut bench = bench(&script(lua), &options());
        let got = run(&mut bench, &["1"]);
        assert!(got.starts_with(expect), "{lua}: {got}");
    }
}

#[test]
fn bad_rows_do_not_disturb_their_neighbours() {
    check(
        "return item",
        &["1", "{\"a\":", "18446744073709551615", "2"],
        "1\n2! bad row: expected a value, found the end of the text at byte 6\n\
         3! bad row: the integer does not fit into 64 bits; quote it to keep it as a string at byte 1\n2",
    );
}

#[test]
fn memory_bombs_and_panics_are_that_items_failure() {
    let lua = "if item == 1 then\n  local t = {}\n  while true do t[#t + 1] = ('x'):rep(1e6) .. #t end\nend\n\
               if item == 2 then return ('x'):rep(1e9) end\nif item == 3 then return table.create(5e7, 1) end\nreturn item";
    check(
        lua,
        &["1", "2", "3", "4"],
        "1! memory at p.yaml:7: the function needs more than this step's `memory: 64MB`\n2! memory at p.yaml:9: the function needs more than this step's `memory: 64MB`\n\
         3! memory at p.yaml:10: the function needs more than this step's `memory: 64MB`\n4",
    );
    let big = format!("[{}1]", "1,".repeat(8_000_000));
    check(
        "return #item",
        &[&big, "[1]"],
        "1! memory: the function needs more than this step's `memory: 64MB`\n1",
    );
}

#[test]
fn a_run_stops_when_told_and_keeps_count() {
    let mut bench = bench(&script("if item > 1 then error('x', 0) end return item"), &options());
    let chunk = chunk(&["1", "2", "3", "1"]);
    let mut out = Vec::new();
    let mut calls = 0;
    let mut heard = |_, _, _, _| {
        calls += 1;
        calls < 2
    };
    let counts = bench.worker.run(&chunk, 0..4, FIRST, Duration::from_secs(9), &mut out, &mut heard);
    assert_eq!((counts, calls, out), ((3, 1), 2, b"1\n".to_vec()));
    let counts =
        bench.worker.run(&chunk, 3..4, FIRST, Duration::ZERO, &mut Vec::new(), &mut |_, _, _, _| true);
    assert_eq!(counts, (1, 1), "never before the first");
    bench.cancel.raise(crate::lua::CancelLevel::Drain);
    let counts =
        bench
            .worker
            .run(&chunk, 0..1, FIRST, Duration::from_secs(9), &mut Vec::new(), &mut |_, _, _, _| true);
    assert_eq!(counts, (0, 0));
}

#[test]
fn retries_when_sees_the_error_and_the_attempt() {
    let file = source("a\nb\nc\nd\ne\nf");
    for (when, kind, expect) in [
        ("err.kind == 'error' and attempt < 2", "a", "error: a"),
        ("attempt > 1", "a", "error: a (for good)"),
        ("err.message:find('tem')", "temporary", "error: temporary"),
        ("err.gone.x", "a", "error: a (and `retries.when` failed: attempt to index nil with 'x') (for good)"),
        (
            "(function() while true do end end)()",
            "a",
            "error: a (and `retries.when` failed: timeout after 1s) (for good)",
        ),
    ] {
        let when = Script::expression(block(&file, 1, when), ".".into());
        let options = WorkerOptions { retry_when: Some(when), ..options() };
        check_with(
            &options,
            &format!("error({{ message = '{kind}' }})"),
            &["1"],
            &format!("1! {}", expect.replacen("error:", "error at p.yaml:5:", 1)),
        );
    }
}

#[test]
fn endless_recursion_ends_in_an_error_of_its_own() {
    for lua in [
        "local function f() f() return 1 end\nf()",
        "local t = setmetatable({}, {})\ngetmetatable(t).__index = function(_, k) return t[k] end\nreturn t.x",
        "local function f(...) return f(1, ...) end\nf()",
        "local function f() return coroutine.wrap(f)() end\nf()",
        "local t = setmetatable({}, {})\ngetmetatable(t).__tostring = function(s) return tostring(s) end\nreturn tostring(t)",
        "local function f() return (('x'):gsub('x', f)) end\nf()",
        "local t = {1, 2}\nlocal function f() table.sort(t, f) return true end\nf()",
    ] {
        let mut bench =
            bench(&script(&format!("if item == 0 then return 7 end\ndo\n{lua}\nend")), &options());
        let got = run(&mut bench, &["1", "0"]);
        assert!(got.contains("overflow") || got.starts_with("1! memory"), "{lua}: {got}");
        assert!(got.ends_with("\n7\n"), "{lua}: {got}");
    }
}

#[test]
fn garbage_does_not_count_as_memory() {
    let lua = "local n = 0\nfor i = 1, 200 do local s = ('x'):rep(3e6) .. i n += #s end\nreturn n > 0";
    check(lua, &["1", "2"], "true\ntrue");
    let lua = "local n = 0\nfor i = 1, 300 do local t = table.create(2e5, i) n += #t end\nreturn n";
    check(lua, &["1"], "60000000");
    let lua = "local keep = {}\nfor i = 1, 20 do keep[i] = ('k'):rep(1e6) .. i end\nlocal n = 0\n\
               for i = 1, 2000 do local t = {} for j = 1, 1000 do t[j] = { j } end n += #t end\nreturn n + #keep";
    check(lua, &["1", "2"], "2000020\n2000020");
}

#[test]
fn the_deepest_nesting_goes_through() {
    let lists = "[".repeat(512) + &"]".repeat(512);
    let maps = "{\"a\":[".repeat(256) + &"]}".repeat(256);
    check("return item", &[&lists, &maps, &maps, &maps], &[lists.as_str(), &maps, &maps, &maps].join("\n"));
}

#[test]
fn wherever_memory_runs_out_only_that_item_fails() {
    let rows: Vec<String> = (0..40)
        .map(|n| format!("{{\"id\":{n},\"name\":\"row {n}\",\"more\":[{n},{{\"a\":\"é\\n\"}}]}}"))
        .collect();
    let item = format!("{{\"rows\":[{}],\"text\":\"{}\"}}", rows.join(","), "x".repeat(3000));
    let lua = "local t = {}\nfor i = 1, item.n or 30 do t[i] = { item.rows[i % 40 + 1], tostring(i):rep(10), item } end\nreturn t";
    let items: Vec<&str> = std::iter::repeat_n(item.as_str(), 6).chain(["{\"n\":0}"]).collect();
    let mut seen = [0; 2];
    let mut opened = 0;
    for step in 0..1000 {
        if opened == 60 {
            break;
        }
        let options = WorkerOptions { memory: Memory::of_step(600_000 + step * 4_000), ..options() };
        let mut bench = match try_bench(&script(lua), &options, None) {
            Ok(bench) => bench,
            Err(error) => {
                assert_eq!(error.kind, crate::event::FailureKind::Memory, "{error:?}");
                continue;
            }
        };
        opened += 1;
        let got = run(&mut bench, &items);
        for line in got.lines() {
            let failed = line.contains("! memory");
            seen[usize::from(failed)] += 1;
            assert!(failed || serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}
