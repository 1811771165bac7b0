//! These tests run items as coroutines.

use std::time::Instant;

use super::*;
use crate::lua::CancelLevel;

pub(super) fn job(token: u64, item: &str) -> ItemJob {
    let mut chunk = chunk(&[item]);
    chunk.first = token;
    ItemJob { token, chunk, attempt: FIRST.clone() }
}

/// Runs all items at once; what became of them, by token.
pub(super) fn run_all(bench: &mut Bench, items: &[&str]) -> Vec<String> {
    let mut ended: Vec<EndedAttempt> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        ended.extend(bench.worker.start(job(at as u64 + 1, item)));
    }
    while let Some(due) = bench.worker.next_due() {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        while let Some(end) = bench.worker.poll(Instant::now()) {
            ended.push(end);
        }
    }
    assert_eq!(bench.worker.waiting(), 0);
    ended.sort_by_key(|ended| ended.token);
    ended
        .iter()
        .map(|ended| match &ended.end {
            None => String::from_utf8_lossy(&ended.out).trim_end().to_owned(),
            Some(end) => show(end),
        })
        .collect()
}

fn check_all(lua: &str, items: &[&str], expect: &[&str]) {
    let mut bench = bench(&script(lua), &options());
    assert_eq!(run_all(&mut bench, items), expect, "{lua}");
}

#[test]
fn a_thousand_sleepers_take_as_long_as_one() {
    let mut bench = bench(&script("time.sleep(0.05) return { item.b, index, ctx.attempt }"), &options());
    let items: Vec<String> = (0..1000).map(|n| format!("{{\"b\":{n}}}")).collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let started = Instant::now();
    let got = run_all(&mut bench, &items);
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    for (at, line) in got.iter().enumerate() {
        assert_eq!(*line, format!("[{at},{},1]", at + 1));
    }
}

#[test]
fn waiting_works_wherever_a_call_can_stand() {
    let expect = ["1", "2"];
    for lua in [
        "time.sleep(0.001) return item",
        "pcall(function() pcall(time.sleep, 0.001) end) return item",
        "local function f(n) if n == 0 then time.sleep(0.001) return item end return (f(n - 1)) end return f(50)",
        "for i = 1, 5 do time.sleep(0.0005) end return item",
        "local co = coroutine.wrap(function() time.sleep(0.001) return item end) return co()",
        "local t = { 2, 1 } table.sort(t, function(a, b) time.sleep(0.001) return a < b end) return item",
        "return (('x'):gsub('x', function() time.sleep(0.001) return item end)) + 0",
        "local t = setmetatable({}, { __index = function() time.sleep(0.001) return item end }) return t.x",
        "for v in function(_, last) time.sleep(0.001) if not last then return item end end do return v end",
        "xpcall(function() time.sleep(0.001) error('x') end, function() end) return item",
    ] {
        check_all(lua, &["1", "2"], &expect);
    }
}

#[test]
fn results_errors_and_signals_come_out_as_without_waiting() {
    check_all(
        "time.sleep(0.001) return { c = 1, a = 2 }",
        &["{\"c\":0}", "5"],
        &[r#"{"c":1,"a":2}"#, r#"{"a":2,"c":1}"#],
    );
    check_all("time.sleep(0.001) error('x')", &["1"], &["error at p.yaml:5: x"]);
    check_all("time.sleep(0.001) error({ message = 'm' })", &["1"], &["error at p.yaml:5: m"]);
    check_all(
        "if item == 1 then time.sleep(0.001) end flow.skip('s')",
        &["1", "2"],
        &["skipped s", "skipped s"],
    );
    check_all(
        "time.sleep(0.001)",
        &["1"],
        &["result: the function returned no value; did you forget `return`?"],
    );
    check_all(
        "return item",
        &["{"],
        &["bad row: expected a key in double quotes, found the end of the text at byte 2"],
    );
    check_all(
        "coroutine.yield(1)",
        &["1"],
        &["error at p.yaml:5: `coroutine.yield` outside of a coroutine of the function's own"],
    );
    check_all(
        "time.sleep(-1)",
        &["1"],
        &["error at p.yaml:5: `time.sleep` takes a number of seconds from 0, not -1"],
    );
    check_all(
        "time.sleep('x')",
        &["1"],
        &["error at p.yaml:5: bad argument #1 to `time.sleep` (number expected, got string)"],
    );
}

#[test]
fn random_numbers_are_the_same_whether_items_wait_or_not() {
    let mut waiting =
        bench(&script("local a = math.random() time.sleep(0.001) return { a, math.random() }"), &options());
    let mut plain = bench(&script("local a = math.random() return { a, math.random() }"), &options());
    let items = ["1", "2", "3"];
    let expect: Vec<String> = run(&mut plain, &items).lines().map(str::to_owned).collect();
    assert_eq!(run_all(&mut waiting, &items), expect);
}

#[test]
fn deadlines_end_items_that_wait_and_items_that_run() {
    let limited = WorkerOptions { timeout: Some(Duration::from_millis(30)), ..options() };
    let lua = "if item == 1 then\n  time.sleep(60)\nelseif item == 2 then\n  pcall(function()\n    while true do pcall(time.sleep, 60) end\n  end)\n\
               elseif item == 3 then\n  time.sleep(0.005)\n  while true do end\nend\nreturn item";
    let mut bench = bench(&script(lua), &limited);
    let started = Instant::now();
    let got = run_all(&mut bench, &["1", "2", "3", "4"]);
    assert!(started.elapsed() < Duration::from_secs(1));
    assert_eq!(
        got,
        [
            "timeout at p.yaml:6: timeout after 30ms",
            "timeout at p.yaml:9: timeout after 30ms",
            "timeout at p.yaml:13: timeout after 30ms",
            "4"
        ]
    );
    assert_eq!(run_all(&mut bench, &["4"]), ["4"]);
}

#[test]
fn an_interrupt_ends_all_that_wait() {
    let mut bench = bench(&script("time.sleep(60) return 1"), &options());
    for token in 0..50 {
        assert!(bench.worker.start(job(token, "1")).is_none());
    }
    bench.cancel.raise(CancelLevel::Interrupt);
    let now = Instant::now();
    let ended: Vec<EndedAttempt> = std::iter::from_fn(|| bench.worker.poll(now)).collect();
    assert_eq!(ended.len(), 50);
    assert!(ended.iter().all(|ended| ended.end == Some(AttemptEnding::Cancelled)));
    assert_eq!((bench.worker.waiting(), bench.worker.next_due()), (0, None));
}

#[test]
fn a_memory_error_in_one_coroutine_leaves_the_others_alone() {
    let lua = "time.sleep(0.002) if item == 1 then local t = {} while true do t[#t + 1] = ('x'):rep(1e6) .. #t end end\ntime.sleep(0.002) return item";
    check_all(
        lua,
        &["1", "2", "3"],
        &["memory at p.yaml:5: the function needs more than this step's `memory: 64MB`", "2", "3"],
    );
}

#[test]
fn slow_items_that_wait_are_told_of() {
    let mut bench =
        try_bench(&script("time.sleep(0.08) return 1"), &options(), Some(Duration::from_millis(30)))
            .expect("loads");
    assert_eq!(run_all(&mut bench, &["1"]), ["1"]);
    let slow = bench.slow.lock().expect("no panic").clone();
    assert!((1..=2).contains(&slow.len()), "{slow:?}");
}
