//! These tests check that the replaced `string.find` and `string.split` do the same as the VM's own in everything but
//! time.

use std::time::{Duration, Instant};

use mlua::{Lua, MultiValue, Value};
use proptest::prelude::*;

use super::{TestVm, check, check_error, vm};

/// Results or error message of `call`, as text; positions are left out.
fn outcome(lua: &Lua, s: &str, pattern: &str, call: &str) -> String {
    lua.globals().raw_set("s", s).unwrap();
    lua.globals().raw_set("p", pattern).unwrap();
    match lua
        .load(format!("local function show(ok, ...) return ok, ... end return show(pcall({call}))"))
        .eval::<MultiValue>()
    {
        Ok(values) => values.iter().map(shown).collect::<Vec<_>>().join(" | "),
        Err(error) => error.to_string(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(string) => {
            let text = string.to_string_lossy();
            text.split_once(": ").map_or(text.clone(), |(_, message)| message.to_owned())
        }
        Value::Table(table) => {
            let pieces: Vec<String> = table.sequence_values::<String>().map(Result::unwrap).collect();
            format!("{pieces:?}")
        }
        other => format!("{other:?}"),
    }
}

/// The VM's own functions, and the replaced ones.
fn both() -> (Lua, TestVm) {
    (Lua::new(), vm(std::path::Path::new(".")))
}

fn same_as_before((before, after): &(Lua, TestVm), s: &str, pattern: &str, call: &str) {
    assert_eq!(outcome(after, s, pattern, call), outcome(before, s, pattern, call), "{call}");
}

#[test]
fn every_form_of_arguments_is_as_before() {
    let (s, pattern) = ("ab".repeat(2000) + "c" + &"ab".repeat(2000), "ab".repeat(200) + "c");
    for (s, pattern) in
        [(s.as_str(), pattern.as_str()), ("hello world", "o w"), ("", ""), (&s, "b"), (&s, "")]
    {
        let both = both();
        for call in [
            "string.find, s, p",
            "string.find, s, p, 5",
            "string.find, s, p, -3900",
            "string.find, s, p, '5'",
            "string.find, s, p, 3.7",
            "string.find, s, p, 1e9",
            "string.find, s, p, -1e9",
            "string.find, s, p, #s + 1, true",
            "string.find, s, p, #s + 2, true",
            "string.find, s, p, nil, true",
            "string.find, s, p, 1, false",
            "string.find, s, p, 1, 'yes'",
            "string.find, s, p, {}",
            "string.find, s, p .. '$'",
            "string.find, s, '(' .. p .. ')'",
            "string.find, s, p .. '%'",
            "string.find, s, p .. '%', 1, true",
            "string.find, s, nil",
            "string.find, s",
            "string.find, nil, p",
            "string.find",
            "string.find, 12345, 34",
            "string.split, s, p",
            "string.split, s",
            "string.split, s, 'ab'",
            "string.split, s, ''",
            "string.split, s, {}",
            "string.split, nil",
            "string.split, 1.5, '.'",
            "function() return s:find(p, 2) end",
            "function() return #s:split(p) end",
        ] {
            same_as_before(&both, s, pattern, call);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn for_every_large_input_the_result_is_as_before(
        unit in "[ab]{1,3}",
        repeats in 2000_usize..4000,
        gap in "[abc]{0,3}",
        needle in "[ab]{150,200}[abc]{0,2}",
        init in -5000_i64..5000,
    ) {
        let s = format!("{}{gap}{needle}{}", unit.repeat(repeats), unit.repeat(repeats));
        let both = both();
        for call in [format!("string.find, s, p, {init}"), format!("string.find, s, p, {init}, true"), "string.split, s, p".to_owned()] {
            same_as_before(&both, &s, &needle, &call);
        }
    }
}

#[test]
fn a_search_that_used_to_take_minutes_takes_no_time() {
    let lua = vm(std::path::Path::new("."));
    let started = Instant::now();
    let calls = "local s, p = string.rep('a', 2000000), string.rep('a', 1000000) .. 'b'
                 return s:find(p, 1, true), s:find(p), #s:split(p)";
    let (plain, pattern, pieces): (Value, Value, usize) = lua.load(calls).eval().unwrap();
    assert!(plain.is_nil() && pattern.is_nil() && pieces == 1);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn sets_that_could_not_be_stopped_are_refused() {
    // A set of 512 bytes with its bracket, and as many comparisons as are allowed.
    let call = |name: &str, set: usize| {
        format!("string.{name}(string.rep('a', 1048576), '[' .. string.rep('b', {set}) .. ']*c', '')")
    };
    check("string.match(string.rep('a', 1048576), '[%]' .. string.rep('b', 509) .. ']c')", "nil");
    for name in ["match", "gmatch", "gsub"] {
        check_error(
            &call(name, 512),
            &format!("`string.{name}` cannot compare 1048576 bytes with a set of 513; `re` can"),
        );
    }
    check_error(
        "string.find(string.rep('a', 1048576), '%b[][^%]' .. string.rep('b', 511) .. ']')",
        "`string.find` cannot compare 1048576 bytes with a set of 515; `re` can",
    );
}

#[test]
fn large_moves_are_those_of_the_vm() {
    let lua = vm(std::path::Path::new("."));
    lua.load(
        "local n = 2500000
        local function filled() local t = table.create(n) for i = 1, n do t[i] = i end return t end
        local t = filled()
        assert(table.move(t, 1, n, 3) == t and t[1] == 1 and t[2] == 2 and t[3] == 1 and t[n] == n - 2 and t[n + 2] == n)
        t = filled()
        table.move(t, 3, n, 1)
        assert(t[1] == 3 and t[n - 2] == n and t[n - 1] == n - 1 and t[n] == n)
        local other = table.move(filled(), 1, n, 1, {})
        assert(#other == n and other[1] == 1 and other[n] == n)
        assert(#table.move(filled(), 1.5, n + 0.5, 1, {}) == n)
        assert(not pcall(table.move, {}, 1, 1e300, 1))
        assert(not pcall(table.move, {}, 1, 2 ^ 31 - 1, 3))
        assert(not pcall(table.move, 1, 1, 2 ^ 30, 3))",
    )
    .exec()
    .unwrap();
}
