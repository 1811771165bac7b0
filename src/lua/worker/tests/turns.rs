//! These tests check that coroutines that compute for long let others run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::waits::{job, run_all};
use super::*;
use crate::lua::CancelLevel;

fn sharing(lua: &str, options: &WorkerOptions) -> Bench {
    let mut bench = bench(&script(lua), options);
    bench.worker.take_turns();
    bench
}

/// Polls until nothing waits; tokens in the order of their endings.
fn order(bench: &mut Bench, items: &[&str]) -> Vec<u64> {
    let mut ended: Vec<EndedAttempt> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        ended.extend(bench.worker.start(job(at as u64 + 1, item)));
    }
    while bench.worker.waiting() > 0 {
        ended.extend(bench.worker.poll(Instant::now()));
    }
    assert!(ended.iter().all(|ended| ended.end.is_none()), "{ended:?}");
    ended.iter().map(|ended| ended.token).collect()
}

#[test]
fn who_computes_holds_nobody_up() {
    for busy in [
        "",
        "pcall(function() local t = os.clock() while os.clock() - t < 0.01 do end end)",
        "coroutine.wrap(function() local t = os.clock() while os.clock() - t < 0.01 do end end)()",
        "local t = {} for i = 1, 500 do t[i] = -i end table.sort(t, function(a, b) return a < b end)",
        "string.gsub(('a'):rep(500), 'a', function() return 'b' end)",
        "for _ in function(_, last) if not last then return 1 end end do end",
        "string.find(('a'):rep(60), '.-.-b')",
    ] {
        let lua = format!(
            "if item == 1 then\nlocal t = os.clock()\nwhile os.clock() - t < 0.5 do {busy} end\nelse time.sleep(0.02) end\n\
             return item"
        );
        assert_eq!(order(&mut sharing(&lua, &options()), &["1", "2"]), [2, 1], "{busy}");
    }
}

#[test]
fn who_waited_goes_before_all_who_compute() {
    let lua = "local t = os.clock()\nif item == 0 then time.sleep(0.03) return os.clock() - t end\n\
               while os.clock() - t < 0.6 do end return item";
    let mut bench = sharing(lua, &options());
    let mut items = vec!["1"; 40];
    items.push("0");
    let slept: f64 = run_all(&mut bench, &items)[40].parse().expect("a number");
    // Its turn among all the others would come after 160 ms.
    assert!(slept < 0.12, "{slept}");
}

#[test]
fn being_suspended_anywhere_changes_nothing() {
    let lua = "local function sum(...) local s = 0 for _, n in { ... } do s += n end return s, ... end\n\
        local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end\n\
        local function many(n) if n == 0 then return end return n, many(n - 1) end\n\
        local t, calls = {}, 0\n\
        for i = 1, 300 do\n\
          t[#t + 1] = (sum(many(i % 20)))\n\
          local ok, e = pcall(function() if i % 3 == 0 then error({ n = i }) end return i end)\n\
          t[#t] += if ok then e else e.n + deep(i % 30)\n\
          local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)\n\
          t[#t] += co(i) + co(2)\n\
          for k, v in pairs({ a = i, b = 2 }) do t[#t] += v + #k end\n\
          t[#t] += #(('x'):rep(i % 7):gsub('x', function() calls += 1 return 'yy' end))\n\
          t[#t] += select('#', xpcall(function(...) return ... end, print, many(i % 5)))\n\
          local o = setmetatable({}, { __index = function(_, k) return #k end, __call = function(_, a) return a end })\n\
          t[#t] += o.three + o(i)\n\
        end\n\
        table.sort(t, function(a, b) return a > b end)\n\
        return { item, calls, t[1], t[150], t[300], math.random(1, 1000000), ctx.key }";
    let items = ["1", "2", "3", "4", "5"];
    let expect = run_all(&mut bench(&script(lua), &options()), &items);
    let mut hurried = sharing(lua, &options());
    let guard = Arc::clone(&hurried.worker.guard);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let hurry = std::thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            guard.hurry();
        }
    });
    for _ in 0..10 {
        assert_eq!(run_all(&mut hurried, &items), expect);
    }
    stop.store(true, Ordering::Relaxed);
    hurry.join().expect("no panic");
}

#[test]
fn what_neighbours_take_does_not_count_for_the_timeout() {
    // As long as `busy` in the second bench, alone.
    let lua = "local n = 0 for i = 1, 3000000 do n += i % 7 end return n";
    let begun = Instant::now();
    let expect = run_all(&mut bench(&script(lua), &options()), &["1"]);
    let timeout = (begun.elapsed() * 4).max(Duration::from_millis(100));
    let limited = WorkerOptions { timeout: Some(timeout), ..options() };
    let mut bench = sharing(lua, &limited);
    assert_eq!(run_all(&mut bench, &["1"; 12]), vec![expect[0].clone(); 12]);
}

#[test]
fn who_was_due_in_time_does_not_fail_because_the_thread_was_taken() {
    let limited = WorkerOptions { timeout: Some(Duration::from_millis(300)), ..options() };
    // Cannot be suspended where it computes.
    let lua = "if item == 1 then time.sleep(0.05) return ctx.remaining() > 0.1 end\n\
               coroutine.wrap(function() local t = os.clock() while os.clock() - t < 0.15 do end end)() return item";
    let got = run_all(&mut sharing(lua, &limited), &["1", "2", "3", "4"]);
    assert_eq!(got, ["true", "2", "3", "4"]);
    // That it could not be resumed in time is no excuse for one that would have waited too long anyway.
    let lua = lua.replace("time.sleep(0.05)", "time.sleep(0.35)");
    let got = run_all(&mut sharing(&lua, &limited), &["1", "2", "3", "4"]);
    assert_eq!(got, ["timeout at p.yaml:5: timeout after 300ms", "2", "3", "4"]);
}

#[test]
fn limits_and_interrupts_reach_those_who_take_turns() {
    let lua = "if item == 1 then return 1 end while true do pcall(function() while true do end end) end";
    let items = ["2", "1", "2", "2"];
    let ends = |options: WorkerOptions| {
        let begun = Instant::now();
        let got = run_all(&mut sharing(lua, &options), &items);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(got[1], "1");
        assert!(got[0] == got[2] && got[2] == got[3], "{got:?}");
        (got[0].clone(), begun.elapsed())
    };
    let limit = Duration::from_millis(60);
    let (end, took) = ends(WorkerOptions { timeout: Some(limit), ..options() });
    assert_eq!(end, "timeout at p.yaml:5: timeout after 60ms");
    // Three times the thread's time.
    assert!(took > limit * 5 / 2, "{took:?}");
    let (end, _) = ends(WorkerOptions { item_deadline: Some(limit), timeout: Some(limit), ..options() });
    assert_eq!(end, "deadline at p.yaml:5: item_deadline after 60ms");

    let mut bench = sharing(lua, &options());
    for token in 0..5 {
        assert!(bench.worker.start(job(token, "2")).is_none());
    }
    assert!(bench.worker.poll(Instant::now()).is_none());
    bench.cancel.raise(CancelLevel::Interrupt);
    let now = Instant::now();
    let ended: Vec<EndedAttempt> = std::iter::from_fn(|| bench.worker.poll(now)).collect();
    assert_eq!(ended.len(), 5);
    assert!(ended.iter().all(|ended| ended.end == Some(AttemptEnding::Cancelled)));
    assert_eq!((bench.worker.waiting(), bench.worker.next_due()), (0, None));
}

#[test]
fn items_that_were_suspended_in_a_lost_vm_fail_and_later_ones_do_not() {
    let lua = "if item == 1 then time.sleep(60) elseif item == 2 then while true do end end return item";
    let mut bench = sharing(lua, &options());
    for (token, item) in [(1, "1"), (2, "2")] {
        assert!(bench.worker.start(job(token, item)).is_none());
    }
    bench.worker.lose();
    assert_eq!(run_all(&mut bench, &["3"]).len(), 3);
    assert_eq!(run_all(&mut bench, &["3"]), ["3"]);
}

#[test]
fn a_worker_whose_making_was_interrupted_says_so() {
    let file = crate::lua::tests::source("while true do end");
    let endless = script("return 1").with_setup(crate::lua::tests::block(&file, 1, "while true do end"));
    let watchdog = Watchdog::start(Box::new(|_| {})).expect("a thread");
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    guard.cancel.raise(CancelLevel::Interrupt);
    let error = Worker::new(&endless, &options(), &guard, &watchdog).expect_err("is interrupted");
    assert!(error.cancelled, "{error:?}");
    let broken = script("return 1").with_setup(crate::lua::tests::block(&file, 1, "error('no')"));
    let guard = Guard::new(Arc::new(Cancel::default()), StepId(0), None);
    let error = Worker::new(&broken, &options(), &guard, &watchdog).expect_err("fails");
    assert!(!error.cancelled, "{error:?}");
}
