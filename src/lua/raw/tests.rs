//! These tests ask what only this module can be asked: panics, the boundary against `serde_json`, order that depends
//! on nothing.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::event::{FailureKind, StepId};
use crate::lua::guard::Limits;
use crate::lua::options::ResultShape;
use crate::lua::script::UsedFields;
use crate::lua::{Cancel, Guard};
use crate::value::{Chunk, Mask};

fn open() -> Vm {
    open_with(Mask::default())
}

fn open_with(mask: Mask) -> Vm {
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let mut current = Current::new(guard, 1, true);
    current.mask = mask;
    current.memory = crate::lua::Memory::of_step(64_000_000);
    let current = Rc::new(current);
    let context = LuaContext { step: "s", run: "r", worker: 1, max_attempts: 1 };
    Vm::open(current, &context).expect("opens")
}

fn function(vm: &Vm, lua: &str) -> Callee {
    let function: mlua::Function = vm.lua().load(lua).eval().expect("a function");
    vm.keep(&function).expect("kept")
}

/// Fields that matter to a function, whose results have them and no other keys.
fn used(names: &[&str]) -> UsedFields {
    UsedFields { names: names.iter().map(|name| (*name).to_owned()).collect(), all_keys: true }
}

fn raised(vm: &Vm, callee: Callee) -> Raised {
    let now = Instant::now();
    vm.current.guard.enter(&Limits { index: 0, started: now, deadline: None, notice: None });
    vm.call(callee, &[], Take::Json(&mut Vec::new())).expect_err("raises")
}

#[test]
fn a_panic_in_a_host_function_is_a_failure_of_its_own_kind() {
    let vm = open();
    let boom = vm.lua().create_function(|_, ()| -> mlua::Result<()> { panic!("boom {}", 1) }).expect("made");
    vm.lua().globals().set("boom", boom).expect("set");
    let direct = function(&vm, "return function() boom() end");
    for _ in 0..3 {
        let raised = raised(&vm, direct);
        assert_eq!((raised.kind, raised.message.as_deref()), (FailureKind::Panic, Some("boom 1")));
    }
    let caught =
        function(&vm, "return function() local ok, e = pcall(boom) return { ok, e.kind, e.message } end");
    let mut out = Vec::new();
    vm.call(caught, &[], Take::Json(&mut out)).expect("caught");
    assert_eq!(String::from_utf8_lossy(&out), r#"[false,"panic","boom 1"]"#);
}

#[test]
fn a_panic_shows_no_secret() {
    let vm = open_with(Mask::new(["hush-hush"].into_iter()));
    let boom = |_: &mlua::Lua, ()| -> mlua::Result<()> { panic!("boom hush-hush") };
    vm.lua().globals().set("boom", vm.lua().create_function(boom).expect("made")).expect("set");
    let raised = raised(&vm, function(&vm, "return function() boom() end"));
    assert_eq!((raised.kind, raised.message.as_deref()), (FailureKind::Panic, Some("boom ***")));
}

#[test]
fn the_stack_is_left_as_it_was() {
    let vm = open();
    let top = || {
        let mut top = 0;
        // SAFETY: only asks.
        unsafe { vm.lua().exec_raw::<()>((), |_| top = mlua::ffi::lua_gettop(vm.l)).expect("asks") };
        top
    };
    let before = top();
    let function = function(&vm, "return function(item) if item == 2 then error('x') end return item end");
    let items = ["1", "2", "{", "[{}]"];
    let mut chunk = Chunk { first: 1, ..Chunk::default() };
    for item in items {
        chunk.push(item.as_bytes());
    }
    for at in 0..100 {
        let mut out = Vec::new();
        let mut cursor = cursor(&chunk, at % 4, &mut out);
        vm.run(function, &mut cursor);
    }
    assert_eq!(top(), before);
}

fn cursor<'a>(chunk: &'a Chunk, at: usize, out: &'a mut Vec<u8>) -> ChunkCursor<'a> {
    let timing =
        Timing { timeout: None, item_deadline: None, item_until: None, slow_after: None, until: None };
    let started = Instant::now();
    let (lines, before) = (Vec::new(), (0, 0));
    ChunkCursor {
        chunk,
        at,
        end: at + 1,
        shape: ResultShape::Map,
        timing,
        out,
        emitted: 0,
        lines,
        started,
        before,
    }
}

/// The text of `item` after `lua` has had it.
fn through(vm: &Vm, function: Callee, item: &str) -> String {
    let mut chunk = Chunk { first: 1, ..Chunk::default() };
    chunk.push(item.as_bytes());
    let mut out = Vec::new();
    let stop = vm.run(function, &mut cursor(&chunk, 0, &mut out));
    assert!(matches!(stop, ChunkStop::Done), "{item}: {stop:?}");
    String::from_utf8(out).expect("utf-8").trim_end().to_owned()
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1000i64..1000).prop_map(Value::from),
        any::<f64>().prop_filter("not whole", |float| float.fract() != 0.0).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 300, 150, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec(inner.clone(), 120..140).prop_map(Value::from),
            prop::collection::vec(("[a-c]{0,2}|.{0,9}", inner.clone()), 0..9)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            prop::collection::vec(("[a-z]{1,3}", inner), 120..180)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Compact JSON text, its numbers spelled in all ways, its keys in any order.
fn any_spelling() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,3})\\.[0-9]{1,3}0?",
        "-?[1-9](\\.[0-9]{1,2})?[eE][+-]?[0-9]{1,2}",
        "-?(0|[1-9][0-9]{0,17})",
        Just("-0".to_owned()),
        Just("1.0".to_owned()),
    ];
    let leaf = prop_oneof![number, Just("null".to_owned()), "\"[a-c]{0,3}\""];
    leaf.prop_recursive(4, 80, 8, |inner| {
        let list = |values: Vec<String>| format!("[{}]", values.join(","));
        let map = |(values, keys): (Vec<String>, Vec<String>)| {
            let pairs = keys.iter().zip(values).map(|(key, value)| format!("\"{key}\":{value}"));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        };
        let keys =
            Just(["b", "a", "é", "x y", "\\\"", "z", "c", "d"].map(str::to_owned).to_vec()).prop_shuffle();
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(list),
            (prop::collection::vec(inner, 0..8), keys).prop_map(map),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn for_every_value_what_goes_in_comes_out(values in prop::collection::vec(any_value(), 1..4)) {
        let vm = open();
        let function = function(&vm, "return function(item) return item end");
        for value in values.iter().chain(&values) {
            let got = through(&vm, function, &value.to_string());
            prop_assert_eq!(got, value.to_string());
        }
    }

    #[test]
    fn for_every_text_what_nothing_touches_leaves_as_it_came(texts in prop::collection::vec(any_spelling(), 1..6)) {
        let vm = open();
        let same = function(&vm, "return function(item) return item end");
        // Copies, in which pairs lie in another order.
        let copied = function(
            &vm,
            "local function copy(value)
                if type(value) ~= 'table' then return value end
                local keys, copied = {}, table.clone(value)
                for key in value do table.insert(keys, 1, key) end
                table.clear(copied)
                for _, key in keys do copied[key] = copy(value[key]) end
                return copied
            end
            return copy",
        );
        for text in texts.iter().chain(&texts) {
            prop_assert_eq!(&through(&vm, same, text), text);
            prop_assert_eq!(&through(&vm, copied, text), text);
            let spaced = text.replace(',', " ,\n").replace('{', "{ ");
            prop_assert_eq!(&through(&vm, same, &spaced), text);
        }
    }

    #[test]
    fn for_every_map_the_order_of_pairs_is_that_of_a_fresh_vm(values in prop::collection::vec(any_value(), 1..5)) {
        let lua = "return function(item) local t = {} if type(item) ~= 'table' then return 0 end \
                   for k in item do t[#t + 1] = tostring(k) end return t end";
        let used = open();
        let used_function = function(&used, lua);
        for value in &values {
            let fresh = open();
            let fresh_function = function(&fresh, lua);
            let text = value.to_string();
            prop_assert_eq!(through(&used, used_function, &text), through(&fresh, fresh_function, &text));
        }
    }
}

#[test]
fn of_equal_keys_the_last_one_is_written_as_it_came() {
    let vm = open();
    let same = function(&vm, "return function(item) return item end");
    let wide: Vec<String> = (0..200).map(|at| format!("\"k{at}\":1.0")).collect();
    let wide = wide.join(",");
    for (text, expect) in [
        (r#"{"a":1,"b":1.0,"a":2.50}"#, r#"{"a":2.50,"b":1.0}"#),
        (r#"{"x":{"q":1,"p":1.0,"q":{"z":1.0,"y":-0,"z":3e0}}}"#, r#"{"x":{"q":{"z":3e0,"y":-0},"p":1.0}}"#),
        (r#"[{"a":[1],"a":[{"z":1,"b":1.0}]}]"#, r#"[{"a":[{"z":1,"b":1.0}]}]"#),
        (&format!("{{{wide},\"k7\":7.0}}"), &format!("{{{}}}", wide.replace("\"k7\":1.0", "\"k7\":7.0"))),
    ] {
        for _ in 0..3 {
            assert_eq!(through(&vm, same, text), expect);
        }
    }
}

/// Items as sources have them: mostly of a few shapes, with nested maps, now and then with a key more, less, twice, or
/// elsewhere.
fn any_source() -> impl Strategy<Value = Vec<String>> {
    let shape = prop::collection::vec(("[a-d]{1,2}|é|\"", 0..8usize), 1..7);
    let shapes = prop::collection::vec(shape, 1..4);
    let item =
        (any::<prop::sample::Index>(), 0..12usize, any::<prop::sample::Index>(), any::<u16>(), any::<bool>());
    (shapes, prop::collection::vec(item, 1..60)).prop_map(|(shapes, items)| {
        let make = |(which, change, place, number, spaced): (
            prop::sample::Index,
            usize,
            prop::sample::Index,
            u16,
            bool,
        )| {
            let mut fields = which.get(&shapes).clone();
            let at = place.index(fields.len());
            match change {
                0 => drop(fields.remove(at)),
                1 => fields.push(("new".to_owned(), 1)),
                2 => fields.push(fields[at].clone()),
                3 => fields.rotate_left(at),
                _ => {}
            }
            let colon = if spaced && change == 4 { " : " } else { ":" };
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, kind)| format!("{}{colon}{}", Value::from(key.as_str()), any_text(*kind, number)))
                .collect();
            match change {
                5 => format!("[{{{}}}, 1]", fields.join(",")),
                6 => number.to_string(),
                _ => format!("{{{}}}", fields.join(", ")),
            }
        };
        items.into_iter().map(make).collect()
    })
}

fn any_text(kind: usize, number: u16) -> String {
    match kind {
        0 => number.to_string(),
        1 => format!("\"s{number}\""),
        2 => format!("{{\"y\":{number},\"x\":[{{\"q\":1,\"p\":null}},{{\"q\":2,\"p\":{{}}}}]}}"),
        3 => format!("[{{\"k\":{number}}},{{\"k\":2,\"l\":[]}},{{\"k\":3}}]"),
        4 if number.is_multiple_of(3) => "null".to_owned(),
        6 => format!("{number}.{}0", number % 7),
        7 => format!("{{\"z\":[{number}.0,-0],\"m\":{{\"z\":1,\"b\":1e2}}}}"),
        _ => format!("{{\"a\":{{\"b\":{number}}}}}"),
    }
}

/// What becomes of all items in one run.
fn all_through(vm: &Vm, function: Callee, items: &[String]) -> String {
    let mut chunk = Chunk { first: 1, ..Chunk::default() };
    for item in items {
        chunk.push(item.as_bytes());
    }
    let mut out = Vec::new();
    let mut at = 0;
    while at < items.len() {
        let mut cursor = cursor(&chunk, at, &mut out);
        cursor.end = items.len();
        let stop = vm.run(function, &mut cursor);
        at = cursor.at + 1;
        match stop {
            ChunkStop::Done => break,
            ChunkStop::Raised(raised) => out.extend_from_slice(format!("{:?}\n", raised.message).as_bytes()),
            stop => panic!("{stop:?}"),
        }
    }
    String::from_utf8(out).expect("utf-8")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn for_every_source_what_was_learned_changes_nothing(items in any_source()) {
        let lua = "local function order(t)\n\
                   if type(t) ~= 'table' then return t end\n\
                   local keys = {}\n\
                   for k, v in t do keys[#keys + 1] = { k, order(v) } end\n\
                   return keys end\n\
                   return function(item) return { order(item), item, new = 1, a = 2 } end";
        let lua = lua.replace("{ order(item), item, new = 1, a = 2 }", "json.object({ order(item), item, new = 1, a = 2 })");
        let same = "return function(item) if type(item) == 'table' then item.zz = 1 item.b = nil end return item end";
        let list = "return function(item) return { item, item, { a = item, c = 1, b = 2 } } end";
        let within = "return function(item) if type(item) ~= 'table' then return { item } end
            for key, value in item do if type(value) == 'table' then value.new = { b = 1, a = 2 } value.z = nil end end
            if item.c == nil then item.c = { z = 1, b = 2, a = { y = 1, x = 2 } } end
            return json.object(item) end";
        for lua in [lua.as_str(), same, list, within] {
            let learning = open();
            let plain = open();
            plain.work.borrow_mut().learned.shapes.close();
            plain.work.borrow_mut().encoder.close();
            let learned = all_through(&learning, function(&learning, lua), &items);
            prop_assert_eq!(&learned, &all_through(&plain, function(&plain, lua), &items));
            prop_assert_eq!(plain.work.borrow().learned.shapes.count(), 0);
        }
    }

    #[test]
    fn for_every_source_leaving_out_unused_fields_changes_nothing(items in any_source()) {
        let lua = "return function(item) if type(item) ~= 'table' then return item end return { item.a, zz = item.b, a = item.new, d = item.d } end";
        let lua = lua.replace("{ item.a, ", "{ x = item.a, ");
        let partial = open();
        partial.use_only(Some(used(&["a", "b", "new", "d"])));
        let whole = open();
        whole.work.borrow_mut().learned.shapes.close();
        let got = all_through(&partial, function(&partial, &lua), &items);
        prop_assert_eq!(got, all_through(&whole, function(&whole, &lua), &items));
    }
}

#[test]
fn ordinary_sources_are_learned() {
    let vm = open();
    let function = function(&vm, "return function(item) return item end");
    let items: Vec<String> = (0..50)
        .map(|n| format!("{{\"id\":{n},\"tags\":[{{\"t\":1}},{{\"t\":2}}],\"in\":{{\"a\":1}}}}"))
        .collect();
    all_through(&vm, function, &items);
    assert_eq!(vm.work.borrow().learned.shapes.count(), 3);
}

#[test]
fn an_object_within_an_item_keeps_the_keys_that_the_item_has_in_vain() {
    let vm = open();
    vm.use_only(Some(used(&["a"])));
    let function = function(&vm, "return function(item) return { zz = item.a } end");
    let items: Vec<String> = (0..6).map(|n| format!("{{\"a\":{{\"a\":{n},\"b\":2}},\"b\":3}}")).collect();
    let expect: Vec<String> = (0..6).map(|n| format!("{{\"zz\":{{\"a\":{n},\"b\":2}}}}\n")).collect();
    assert_eq!(all_through(&vm, function, &items), expect.concat());
}
