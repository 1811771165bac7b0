//! These tests call every function of the registry with arguments that are far too large or too odd, under a small
//! `memory` and `timeout`: each item ends, those behind it run, the process ends by itself, and its memory stays
//! bounded. How fast things are is left to the benches.

mod calls;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use super::measured;
use crate::project::Project;
use calls::CALLS;

/// Megabytes that the process may take with a worker of 64 MB: what it holds, and copies on the way in and out. On a busy
/// machine a worker may be given up and holds what it has beside the one in its place; on an idle one 400 are enough.
const PEAK_MAX: u64 = 600;

/// Lua expressions of large strings of `n` bytes: text, one character, and what has to be escaped.
const STRINGS: [&str; 3] =
    [r#"('word, "é" 1\n'):rep(n // 14)"#, "('a'):rep(n)", r#"(',[{&<"\0:\t'):rep(n // 9)"#];
const SIZES: [&str; 3] = ["65536", "1048576", "50000000"];

/// Lua expressions of large tables: of numbers, of maps, of one string many times, of many keys, nested.
const TABLES: [&str; 6] = [
    "many(1000000, function(i) return i end)",
    "many(100000, function(i) return {a = i, b = 'x'} end)",
    "many(1000, function() return BIG end)",
    "many(20000, function(i) return 'k' .. i end)",
    "(function() local t = {} for i = 1, 200000 do t['k' .. i] = i end return t end)()",
    "(function() local t = {many(1000, function(i) return i end)} for i = 1, 600 do t = {t, t} end return t end)()",
];
/// Lua expressions of what opens and is never closed. Deep enough for every limit, not for any stack.
const DEEP: [&str; 8] = [
    "('['):rep(2000)",
    "('('):rep(2000)",
    "('{\"a\":'):rep(2000)",
    "('<q>'):rep(2000)",
    "('not '):rep(2000)",
    "('- '):rep(2000)",
    "('{a,'):rep(2000)",
    "('a.'):rep(2000)",
];
const NUMBERS: [&str; 8] = ["0", "-1", "0.5", "2^53", "1e308", "0/0", "1/0", "-2^63"];

/// Every call with every kind of argument.
fn expressions() -> Vec<String> {
    let mut all = Vec::new();
    for (number, (_, calls)) in CALLS.iter().enumerate() {
        for call in *calls {
            let has = |name: &str| call.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name);
            if has("S") {
                for (at, string) in STRINGS.iter().enumerate() {
                    // Of the largest, one kind each: they take most of the time.
                    let sizes = if (number + at) % STRINGS.len() == 0 { 3 } else { 2 };
                    for n in &SIZES[..sizes] {
                        let small = "local N, T = 7, { a = { 1 } }";
                        all.push(format!("{small} local n = {n} local S = {string} return {call}"));
                    }
                }
            } else if has("T") {
                all.extend(TABLES.iter().map(|table| format!("local T = {table} return {call}")));
            } else if has("D") {
                all.extend(DEEP.iter().map(|deep| format!("local D = {deep} return {call}")));
            } else if has("N") {
                all.extend(NUMBERS.iter().map(|number| format!("local N = {number} return {call}")));
            } else {
                all.push(format!("return {call}"));
            }
        }
    }
    all
}

fn project(expressions: &[String]) -> Project {
    let mut functions = String::new();
    for one in expressions {
        writeln!(functions, "          function() {one} end,").expect("memory");
    }
    let project = Project::with(&format!(
        "x-allow: [unused_step, unread_failures, not_permitted]\npermissions: {{exec: [cat, head, 'true'], net: [127.0.0.1], read: [.], write: [.]}}\n\
         steps:\n  numbers:\n    items: {{lua: 'local l = {{}} for i = 1, {} do l[i] = i end return l'}}\n  try:\n    from: numbers\n    \
         map:\n      concurrency: 1\n      memory: 64MB\n      timeout: 2s\n      slow_after: 500ms\n      min_success_ratio: 0\n      setup: |\n        \
         local BIG = ('x'):rep(1e6)\n        local bomb = {{gz = fs.read('bomb.gz'), zst = fs.read('bomb.zst')}}\n        \
         local function many(count, value)\n          local t = table.create(count)\n          \
         for i = 1, count do t[i] = value(i) end\n          return t\n        end\n        local function base()\n          \
         local db = sqlite.open(':memory:')\n          db:exec('create table t (a, b)')\n          return db\n        end\n        local calls = {{\n{functions}        }}\n      \
         lua: |\n        calls[item]()\n        return item\n",
        expressions.len(),
    ));
    let sparse = fs::File::create(project.path("sparse")).expect("a folder of ours");
    sparse.set_len(10_000_000_000).expect("a sparse file");
    let bomb = vec![0; 200_000_000];
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &bomb).expect("memory");
    let zst = zstd::encode_all(&*bomb, 3).expect("memory");
    let mut png = std::io::Cursor::new(Vec::new());
    image::RgbImage::new(20, 20).write_to(&mut png, image::ImageFormat::Png).expect("memory");
    let mut huge = png.get_ref().clone();
    // The size that the head claims; its checksum is the business of decoders.
    huge[16..24].copy_from_slice(&[0, 0, 0x70, 0, 0, 0, 0x70, 0]);
    project
        .file("bomb.gz", gz.finish().expect("memory"))
        .file("bomb.zst", zst)
        .file("a.png", png.into_inner())
        .file("huge.png", huge)
}

#[test]
fn every_function_is_tried() {
    let tried: BTreeSet<&str> = CALLS.iter().map(|(name, _)| *name).collect();
    let missing: Vec<String> = flowrun::lua::functions()
        .iter()
        .map(flowrun::lua::Function::shown)
        .filter(|name| !tried.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn whatever_the_arguments_every_item_ends_and_memory_is_bounded() {
    let expressions = expressions();
    let project = project(&expressions);
    let (code, peak) =
        measured(&project, &["pipeline.yaml", "--quiet", "--no-state", "--events", "events.jsonl"]);
    assert_ne!(code, 65, "the file is not valid");
    let events = project.read("events.jsonl");
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut slow: BTreeMap<u64, f64> = BTreeMap::new();
    let (mut total, mut panics) = (0, Vec::new());
    for event in events {
        if event["event"] == "step_finished" && event["step"] == "try" {
            let count = |key: &str| event[key].as_u64().expect("a number");
            total = count("successes") + count("failures") + count("skipped");
        }
        if let (Some(index), Some(elapsed)) = (event["index"].as_u64(), event["elapsed"].as_f64()) {
            slow.insert(index, elapsed);
        }
        if event["kind"] == "panic" {
            let index = event["index"].as_u64().expect("a number");
            panics.push(format!("{}: {}", expressions[index as usize - 1], event["message"]));
        }
    }
    let mut slow: Vec<(f64, u64)> = slow.into_iter().map(|(index, elapsed)| (elapsed, index)).collect();
    slow.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (elapsed, index) in slow.iter().take(20) {
        println!("longer than {elapsed:.1} s: {}", expressions[*index as usize - 1]);
    }
    println!("{} calls, {peak} MB", expressions.len());
    assert_eq!(total, expressions.len() as u64, "exit code {code}");
    assert_eq!(panics, Vec::<String>::new());
    assert_eq!(code, 0);
    assert!(peak < PEAK_MAX, "{peak} MB");
}
