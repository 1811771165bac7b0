//! These tests run functions both ways, the fast one and the general one: nothing but speed may be seen.

mod generate;

use std::collections::BTreeSet;

use self::generate::{Random, function, item};
use super::*;
use crate::lua::{JointEvaluation, Script};

/// Items of one function.
const ITEMS: usize = 200;

/// What can be seen of items that went through a function.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    text: String,
    tracebacks: Vec<String>,
    logs: Vec<LogLine>,
    /// The items that ended otherwise than with a result, from 0, and the lines of results.
    others: BTreeSet<usize>,
    out: String,
}

/// Which way items go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Fast,
    /// The general way, which reads what the function uses.
    General,
    /// The general way, which reads the whole item.
    Whole,
}

/// Runs items; says how many went fast.
fn seen(script: &Script, options: &WorkerOptions, items: &[&str], way: Way) -> (Seen, u32) {
    let mut bench = bench(script, options);
    if let Ok(loaded) = &bench.worker.loaded {
        if way != Way::Fast {
            loaded.vm.stay_general();
        }
        if way == Way::Whole {
            loaded.vm.use_only(None);
        }
    }
    let mut out = Vec::new();
    let (mut text, mut tracebacks, mut others) = (String::new(), Vec::new(), BTreeSet::new());
    let mut from = 0;
    let chunk = chunk(items);
    while from < items.len() {
        let mut heard = |at: usize, len: usize, end: AttemptEnding, _| {
            let _ = writeln!(text, "{}: {len} {}", at + 1, show(&end));
            others.insert(at);
            if let AttemptEnding::Failed(failure) = &end {
                tracebacks.push(failure.traceback.clone());
            }
            true
        };
        let minute = Duration::from_secs(60);
        let (done, _) = bench.worker.run(&chunk, from..items.len(), FIRST, minute, &mut out, &mut heard);
        from += done.max(1);
    }
    let out = String::from_utf8_lossy(&out).into_owned();
    text.push_str(&out);
    let logs = bench.worker.take_logs();
    let gone = bench.worker.loaded.as_ref().map_or(0, |loaded| loaded.vm.gone_direct());
    (Seen { text, tracebacks, logs, others, out }, gone)
}

/// Compares both ways over so many pairs of function and item; says how many items went fast.
fn compare(seed: u64, pairs: usize) -> usize {
    let mut fast = 0;
    for round in 0..(pairs / ITEMS) as u64 {
        let mut random = Random::new(seed.wrapping_add(round));
        let (setup, lua, shape) = function(&mut random);
        let items: Vec<String> = (0..ITEMS).map(|_| item(&mut random)).collect();
        let items: Vec<&str> = items.iter().map(String::as_str).collect();
        let options = WorkerOptions { shape, ..options() };
        let script = script_after(&setup, &lua);
        if !script.check().is_empty() {
            continue;
        }
        let (whole, none) = seen(&script, &options, &items, Way::Whole);
        let (general, none_either) = seen(&script, &options, &items, Way::General);
        let (direct, gone) = seen(&script, &options, &items, Way::Fast);
        assert_eq!((none, none_either), (0, 0));
        for (way, other) in [(Way::Fast, &direct), (Way::General, &general)] {
            if *other == whole {
                continue;
            }
            let different = |(at, item): (usize, &&str)| {
                let one = |way| seen(&script, &options, &[*item], way).0;
                (one(way) != one(Way::Whole))
                    .then(|| format!("{at}: {item}\n{:#?}\n{:#?}", one(way), one(Way::Whole)))
            };
            let shown: Vec<String> = items.iter().enumerate().filter_map(different).take(2).collect();
            let lines = other.text.lines().zip(whole.text.lines());
            let unlike = lines.filter(|(other, whole)| other != whole);
            let last = unlike.last();
            let text = script.direct().map(|direct| direct.chunk.text.clone());
            let text = text.unwrap_or_default();
            panic!("{way:?}, seed {}\n{lua}\n{text}\n{last:?}\n{:?}", seed + round, shown.join("\n"));
        }
        fast += gone as usize;
        if shape == ResultShape::Map {
            compare_joint(script, &items, &whole);
        }
    }
    fast
}

/// Compares what comes without Lua of a function and of one of its fields with what the general way gives.
fn compare_joint(script: Script, items: &[&str], general: &Seen) {
    let file = source("x");
    let field = Script::expression(block(&file, 1, "item.a"), ".".into());
    let scripts = [Arc::new(script), Arc::new(field)];
    let made = || JointEvaluation::of(&scripts);
    let Some(mut joint) = made() else { return };
    let mut lines = general.out.lines();
    for (at, item) in items.iter().enumerate() {
        let expect = (!general.others.contains(&at)).then(|| lines.next().expect("a line for each result"));
        let mut outs = [Vec::new(), Vec::new()];
        if joint.evaluate(&chunk(&[*item]), &mut outs) {
            let found = String::from_utf8_lossy(&outs[0]).into_owned();
            assert_eq!(Some(found.trim_end()), expect, "{item}");
        } else if let Some(fresh) = made() {
            // One that was left too often would try no more.
            joint = fresh;
        }
    }
}

/// A function with `setup` before it.
fn script_after(setup: &str, lua: &str) -> Script {
    let lines = |lua: &str| lua.lines().flat_map(|line| ["      ", line, "\n"]).collect::<String>();
    let text = format!("setup: |\n{}steps:\n  clean:\n    map: |\n{}", lines(setup), lines(lua));
    let file = source(&text);
    let line = setup.lines().count() + 5;
    Script::body(block(&file, line, lua), ".".into()).with_setup(block(&file, 2, setup))
}

/// The number in an environment variable.
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// By hand for more of them, and others: `PAIRS=10000000 SEED=7 cargo test both_ways_are_the_same`.
#[test]
fn for_a_hundred_thousand_functions_and_items_both_ways_are_the_same() {
    let pairs = number("PAIRS", 100_000) as usize;
    let fast = compare(number("SEED", 1), pairs);
    assert!(fast > pairs / 4, "only {fast} items went the fast way");
}

/// All ways give this, and so many items go the fast way.
fn check_both(lua: &str, items: &[&str], expect: &str, fast: u32) {
    let script = script(lua);
    let (whole, _) = seen(&script, &options(), items, Way::Whole);
    assert_eq!(whole.text.trim_end(), expect, "{lua}");
    let (general, _) = seen(&script, &options(), items, Way::General);
    assert_eq!(general, whole, "{lua}");
    let (direct, gone) = seen(&script, &options(), items, Way::Fast);
    assert_eq!(direct, whole, "{lua}");
    assert_eq!(gone, fast, "{lua}");
}

#[test]
fn what_is_copied_is_written_as_ever() {
    for (lua, item, expect) in [
        ("return { a = item.a }", r#"{"a":1.0}"#, r#"{"a":1.0}"#),
        ("return { b = item.a }", r#"{"a":12.5}"#, r#"{"b":12.5}"#),
        ("return { b = item.a }", r#"{"a":-0,"c":1}"#, r#"{"b":-0.0}"#),
        ("return { a = item.a }", "{\"a\": [ 1, 2.50 , \"x\\/\" ] }", "{\"a\":[1,2.50,\"x/\"]}"),
        (
            "return { z = item.a, a = item.z, n = item.n }",
            r#"{"z":"\u00e9","a":"x"}"#,
            r#"{"z":"x","a":"é"}"#,
        ),
        ("return { a = item.a }", r#"{"a":{"y":1,"x":{}},"b":2}"#, r#"{"a":{"y":1,"x":{}}}"#),
        ("return { a = item.a }", r#"{"a":9223372036854775807}"#, r#"{"a":9223372036854775807}"#),
        ("return { a = item.a == nil, b = item.b }", r#"{"b":null}"#, r#"{"b":null,"a":true}"#),
    ] {
        check_both(lua, &[item], expect, 1);
    }
}

/// The fields that stand at the places of results count, whether the function reads them or not.
#[test]
fn what_the_item_has_in_the_place_of_a_result_is_kept() {
    for (lua, item, expect, fast) in [
        ("return { a = item.c }", r#"{"a":1.0,"c":1}"#, r#"{"a":1.0}"#, 0),
        (
            "return { total = item.net + item.tax }",
            r#"{"net":1,"total":1.50,"tax":0.5}"#,
            r#"{"total":1.50}"#,
            1,
        ),
        ("return { a = 1, b = 2 }", r#"{"b":2.00,"a":1.5}"#, r#"{"b":2.00,"a":1}"#, 1),
        ("return { a = {x = 5, y = 6} }", r#"{"a":{"y":1,"x":2}}"#, r#"{"a":{"y":6,"x":5}}"#, 1),
        ("return { a = {1, 2} }", r#"{"a":[1.0,2e0]}"#, r#"{"a":[1.0,2e0]}"#, 1),
        ("return { a = {x = 5, y = 6} }", r#"{"a":{"y":1,"x":2,"y":6.0}}"#, r#"{"a":{"y":6.0,"x":5}}"#, 0),
        (
            "if item.c then return { a = item.c } end return { b = 2 }",
            r#"{"b":2.0,"a":1.0,"c":1}"#,
            r#"{"a":1.0}"#,
            1,
        ),
        ("local t = {} t.a = item.c return t", r#"{"a":1.0,"c":1}"#, r#"{"a":1.0}"#, 1),
        ("return item.c", r#"{"a":1.0,"c":{"b":2,"a":1}}"#, r#"{"a":1.0,"b":2}"#, 1),
        (
            "local k = 'a' return { [k] = {x = 5, y = 6} }",
            r#"{"a":{"y":1,"x":6.0}}"#,
            r#"{"a":{"y":6,"x":5}}"#,
            1,
        ),
        ("return { [item.k] = 1 }", r#"{"\u0061":1.0,"k":"a"}"#, r#"{"a":1.0}"#, 0),
        ("return { [item.k] = 1 }", r#"{"a":1.0,"k":"a","a":1e0}"#, r#"{"a":1e0}"#, 0),
        ("item.c = 1 return { a = item.c }", r#"{"a":1.0}"#, r#"{"a":1.0}"#, 0),
    ] {
        check_both(lua, &[item], expect, fast);
    }
    let each = WorkerOptions { shape: ResultShape::FlatMap, ..options() };
    let script = script("return { { a = item.c } }");
    for way in [Way::Whole, Way::General, Way::Fast] {
        let (seen, _) = seen(&script, &each, &[r#"{"a":1.0,"c":1}"#], way);
        assert_eq!(seen.out, "{\"a\":1.0}\n", "{way:?}");
    }
}

#[test]
fn what_is_unusual_goes_the_general_way() {
    for (lua, item, expect) in [
        ("return { b = item.a }", r#"{"a":{"y":1,"x":2}}"#, r#"{"b":{"x":2,"y":1}}"#),
        ("return { a = item.a }", r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        ("return { a = item.a }", "[1]", "{}"),
        ("return { a = item.a }", r#"{"a":{"k":1,"k":2}}"#, r#"{"a":{"k":2}}"#),
    ] {
        check_both(lua, &[item], expect, 0);
    }
    check_both(
        "return { a = item.a }",
        &[r#"{"a":1"#],
        "1: 0 bad row: expected `,` or `}`, found the end of the text at byte 7",
        0,
    );
}

#[test]
fn errors_keep_their_places() {
    let lua = "local t = item.a\n\nreturn {\n  a = item.b,\n  b = t.x.y,\n  c = item.c + 1,\n}";
    check_both(
        lua,
        &[r#"{"a":{"x":{"y":1}},"c":1}"#, r#"{"a":{},"c":1}"#, r#"{"a":{"x":{}},"c":"x"}"#],
        "2: 14 error at p.yaml:9:13: attempt to index nil with 'y'\n3: 14 error at p.yaml:10:20: attempt to perform arithmetic (add) on string and number\n{\"c\":2,\"b\":1}",
        3,
    );
    check_both("return { a = item.a / 0, b = 1 }", &[r#"{"a":1}"#], "1: 0 result: `.a` is infinite", 1);
}

#[test]
fn a_function_runs_once_for_each_item() {
    let script = script_after("local n = 0", "n += 1\nreturn { n = n, a = item.a, b = item.b.c }");
    let items = [r#"{"a":{"x":1},"b":{}}"#, "[1]", r#"{"b":{"c":2},"a":1,"a":2}"#, r#"{"b":{"c":{"z":1}}}"#];
    let (direct, _) = seen(&script, &options(), &items, Way::Fast);
    assert_eq!(
        direct.text,
        "2: 20 error at p.yaml:7:39: attempt to index nil with 'c'\n{\"a\":{\"x\":1},\"n\":1}\n{\"b\":2,\"a\":2,\"n\":3}\n{\"b\":{\"z\":1},\"n\":4}\n"
    );
}

#[test]
fn where_items_are_unusual_the_fast_way_is_given_up() {
    let items: Vec<String> =
        (0..40).map(|n| format!("[{n}]")).chain((0..40).map(|n| format!("{{\"a\":{n}}}"))).collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let (direct, gone) = seen(&script("return { a = item.a }"), &options(), &items, Way::Fast);
    assert_eq!((direct.text.lines().last(), gone), (Some("{\"a\":39}"), 0));
}
