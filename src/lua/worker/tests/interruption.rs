//! These tests check that nothing that a function does outlives its limits.

use std::time::Instant;

use super::*;
use crate::lua::CancelLevel;

/// Within this everything must have stopped; the limit itself is 30 ms. Generous, because test machines are busy.
const PATIENCE: Duration = Duration::from_millis(1500);

const ENDLESS: [&str; 21] = [
    "while true do end",
    "for i = 1, math.huge do end",
    "repeat until false",
    "pcall(function() while true do end end)",
    "while true do pcall(function() while true do end end) end",
    "while true do pcall(error, 'x') end",
    "xpcall(function() while true do end end, function() while true do end end)",
    "xpcall(error, function() while true do pcall(error) end end)",
    "coroutine.wrap(function() while true do end end)()",
    "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
    "local t = {}\nfor i = 1, 100 do t[i] = i end\ntable.sort(t, function() while true do end end)",
    "string.gsub(('a'):rep(100), 'a', function() while true do end end)",
    "local t = setmetatable({}, { __index = function() while true do end end })\nreturn t.x",
    "return string.find(('a'):rep(3000), '.-.-.-.-b')",
    "time.sleep(60)",
    "while true do pcall(time.sleep, 60) end",
    "while true do pcall(function() local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end end) end",
    "error(setmetatable({}, { __tostring = function() while true do end end }))",
    "local s = ('a'):rep(1e5) while true do s:gsub('a*b', '') end",
    "local function f() pcall(f) while true do pcall(f) end end f()",
    "local w = coroutine.wrap while true do w(function() w(function() pcall(time.sleep, 1) end)() end)() end",
];

#[test]
fn a_timeout_stops_whatever_runs_and_the_worker_goes_on() {
    let limited = WorkerOptions { timeout: Some(Duration::from_millis(30)), ..options() };
    for lua in ENDLESS {
        let mut bench = bench(
            &script(&format!("if item == 0 then return 7 end\ndo {lua} end\nreturn 'swallowed'")),
            &limited,
        );
        let started = Instant::now();
        let got = run(&mut bench, &["1", "0"]);
        assert!(started.elapsed() < PATIENCE, "{lua}: {:?}", started.elapsed());
        assert!(
            got.starts_with("1! timeout at p.yaml:") && got.ends_with("timeout after 30ms\n7\n"),
            "{lua}: {got}"
        );
    }
}

#[test]
fn a_timeout_stops_the_decoding_of_a_long_text() {
    for text in
        ["json.decode('[' .. ('[0],'):rep(500000) .. '1]')", "json.lines(('{\"a\":[]}\\n'):rep(300000))"]
    {
        let took = |timeout| {
            let limited = WorkerOptions { timeout, memory: Memory::of_step(500_000_000), ..options() };
            let mut bench = bench(&script(&format!("return #{text}")), &limited);
            let started = Instant::now();
            let got = run(&mut bench, &["1"]);
            (started.elapsed(), got)
        };
        let (whole, got) = took(None);
        assert!(got.ends_with("00001\n") || got.ends_with("00000\n"), "{got}");
        let (stopped, got) = took(Some(Duration::from_millis(20)));
        assert!(got.ends_with("timeout after 20ms\n"), "{got}");
        assert!(stopped < whole / 2, "{text}: {stopped:?} of {whole:?}");
    }
}

#[test]
fn an_interrupt_stops_whatever_runs_without_any_limit() {
    for lua in ENDLESS {
        let mut bench = bench(&script(lua), &options());
        let cancel = Arc::clone(&bench.cancel);
        let raise = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(10));
            cancel.raise(CancelLevel::Interrupt);
            Instant::now()
        });
        let got = run(&mut bench, &["1", "2"]);
        let raised = raise.join().expect("no panic");
        assert!(raised.elapsed() < PATIENCE, "{lua}: {:?}", raised.elapsed());
        assert_eq!(got, "1! cancelled\n1 of 2\n", "{lua}");
    }
}

#[test]
fn the_items_deadline_counts_where_it_comes_first() {
    let limited = WorkerOptions {
        timeout: Some(Duration::from_secs(5)),
        item_deadline: Some(Duration::from_millis(30)),
        ..options()
    };
    check_with(&limited, "while true do end", &["1"], "1! deadline at p.yaml:5: item_deadline after 30ms");
    let mut bench = bench(&script("while true do end"), &WorkerOptions { item_deadline: None, ..limited });
    let mut ends = Vec::new();
    let past = Attempt { number: 2, item_deadline: Some(Instant::now()), last: None };
    bench.worker.run(
        &chunk(&["1"]),
        0..1,
        &past,
        Duration::from_secs(9),
        &mut Vec::new(),
        &mut |_, _, end, _| {
            ends.push(show(&end));
            true
        },
    );
    assert_eq!(ends, ["deadline at p.yaml:5: item_deadline after its limit"]);
}

#[test]
fn quick_items_under_a_limit_are_not_disturbed() {
    let limited = WorkerOptions { timeout: Some(Duration::from_millis(400)), ..options() };
    let mut bench =
        bench(&script("local t = os.clock() while os.clock() - t < 0.03 do end return item"), &limited);
    let items = ["1"; 30];
    assert_eq!(run(&mut bench, &items), "1\n".repeat(30));
}

#[test]
fn remaining_time_is_that_of_the_attempt() {
    let limited = WorkerOptions { timeout: Some(Duration::from_secs(100)), ..options() };
    check_with(
        &limited,
        "local left = ctx.remaining()\nreturn left > 90 and left <= 100",
        &["1", "2"],
        "true\ntrue",
    );
}

#[test]
fn slow_attempts_are_told_of_at_each_multiple() {
    let mut bench =
        try_bench(&script("time.sleep(0.1) return 1"), &options(), Some(Duration::from_millis(30)))
            .expect("loads");
    assert_eq!(run(&mut bench, &["1"]), "1\n");
    let slow = bench.slow.lock().expect("no panic").clone();
    assert!((1..=3).contains(&slow.len()), "{slow:?}");
    assert!(slow.iter().all(|slow| slow.index == 1 && slow.elapsed >= Duration::from_millis(30)), "{slow:?}");
}
