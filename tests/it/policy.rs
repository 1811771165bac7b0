//! These tests cover the policy of map-like steps, through the real binary.

use crate::project::Project;

/// A map over `count` items under `policy`; item `n` runs `lua`.
fn project(count: u64, policy: &str, lua: &str) -> Project {
    let policy = policy.lines().map(|line| format!("      {}\n", line.trim())).collect::<Vec<_>>().concat();
    let pipeline = format!(
        "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n    map:\n{policy}      lua: |\n        {lua}\n  \
         save:\n    from: work\n    write: out.jsonl\n"
    );
    Project::with(&pipeline).ids("in.jsonl", count)
}

#[test]
fn the_ratio_is_exact_on_the_decimal_that_was_written() {
    for (count, failing, ratio) in [
        (10, 9, "0.1"),
        (10, 7, "0.3"),
        (10, 2, "0.8"),
        (100, 45, "0.55"),
        (100, 44, "0.56"),
        (100, 93, "0.07"),
    ] {
        let policy = format!("min_success_ratio: {ratio}");
        let run = |failing: u64| {
            let lua = format!("if item.id <= {failing} then error('no') end return item");
            let summary = project(count, &policy, &lua).json(&[]);
            (summary.code, summary.counts("work"))
        };
        assert_eq!(run(failing), (0, [count - failing, failing, 0, 0]), "{failing} of {count} at {ratio}");
        assert_eq!(run(failing + 1).0, 1, "{} of {count} at {ratio}", failing + 1);
    }
}

#[test]
fn retries_run_after_the_first_try_and_count_items_once() {
    let lua = "if ctx.attempt < 3 then error('not yet') end return { id = item.id, attempt = ctx.attempt }";
    let project = project(20, "retries: { max: 2, delay: 1ms }", lua);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("work"), [20, 0, 0, 0]);
    assert_eq!(summary.step("work")["retried"], 20);
    assert_eq!(project.read("out.jsonl").lines().next(), Some(r#"{"id":1,"attempt":3}"#));
}

/// How long each item waits for its second attempt.
fn waits(policy: &str, seed: &str) -> Vec<f64> {
    let project = project(40, policy, "if ctx.attempt == 1 then error('later') end return item");
    project.run(&["pipeline.yaml", "--seed", seed, "--events", "events.jsonl"]).ok();
    let events = project.read("events.jsonl");
    let events = events.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let retried = events.filter(|event| event["event"] == "item_retried");
    let mut waits: Vec<_> = retried
        .map(|event| (event["index"].as_u64(), event["delay"].as_f64().expect("a number of seconds")))
        .collect();
    waits.sort_by_key(|(index, _)| *index);
    waits.into_iter().map(|(_, wait)| wait).collect()
}

#[test]
fn jitter_draws_each_wait_from_the_seed_and_the_item() {
    for (jitter, low, high) in [("false", 0.1, 0.1), ("true", 0.05, 0.15), ("full", 0.0, 0.1)] {
        let policy = format!("concurrency: 40\nretries: {{ max: 1, delay: 100ms, jitter: {jitter} }}");
        let first = waits(&policy, "7");
        assert_eq!(first.len(), 40, "jitter: {jitter}");
        assert!(first.iter().all(|wait| (low..=high).contains(wait)), "jitter: {jitter}: {first:?}");
        let tenth = (high - low) / 10.0;
        let near = |end: f64| first.iter().any(|wait| (wait - end).abs() <= tenth);
        assert!(near(low) && near(high), "the waits reach both ends, jitter: {jitter}: {first:?}");
        assert_eq!(first, waits(&policy, "7"), "the same seed draws the same waits");
        assert_eq!(jitter == "false", first == waits(&policy, "8"), "another seed draws others");
    }
}

#[test]
fn permanent_failures_and_refused_ones_are_not_tried_again() {
    let lua = "if item.id == 1 then flow.fail('never') end if item.id == 2 then error('refused') end \
               if item.id == 3 and ctx.attempt == 1 then error('busy') end return ctx.attempt";
    let policy =
        "retries: { max: 3, delay: 1ms, when: err.message:find('busy') ~= nil }\nmin_success_ratio: 0";
    let project = project(3, policy, lua);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("work"), [1, 2, 0, 0]);
    assert_eq!(summary.step("work")["retried"], 1);
    assert_eq!(project.read("out.jsonl"), "2\n");
}

#[test]
fn skipped_items_are_neither_successes_nor_failures() {
    let lua = "if item.id % 2 == 0 then flow.skip('even') end return item.id";
    let project = project(9, "concurrency: 2", lua);
    let summary = project.json(&[]);
    assert_eq!(summary.counts("work"), [5, 0, 4, 0]);
    assert_eq!(summary.step("work")["success_ratio"], 1.0);
    assert_eq!(project.read("out.jsonl"), "1\n3\n5\n7\n9\n");
}

#[test]
fn fail_fast_starts_nothing_after_the_first_failure() {
    for mode in ["true", "drain"] {
        let policy = format!("fail_fast: {mode}\nconcurrency: 1\nretries: {{ max: 2, delay: 1ms }}");
        let summary =
            project(1000, &policy, "if item.id == 7 then error('bad') end return item.id").json(&[]);
        assert_eq!((summary.code, summary.status("work")), (1, "failed"));
        // Others may run while item 7 waits for its retries, none after it failed for good.
        let [_, failures, skipped, cancelled] = summary.counts("work");
        assert_eq!((failures, skipped), (1, 0));
        let _ = cancelled;
    }
    let summary =
        project(1000, "fail_fast: true\nconcurrency: 1", "if item.id == 7 then error('bad') end return 1")
            .json(&[]);
    assert_eq!(summary.step("work")["failures"], 1);
    assert_eq!(summary.step("work")["successes"], 6);
    assert_eq!(summary.status("save"), "skipped");
}

#[test]
fn fail_fast_interrupts_running_items_unless_it_drains() {
    let lua = "if item.id == 1 then error('bad') end time.sleep(0.2) return item.id";
    let interrupted = project(4, "fail_fast: true", lua).json(&[]);
    assert_eq!(interrupted.counts("work"), [0, 1, 0, 3]);
    let drained = project(4, "fail_fast: drain\nmin_success_ratio: 0.5", lua).json(&[]);
    assert_eq!((drained.code, drained.counts("work")[1]), (0, 1));
    assert!(drained.counts("work")[0] >= 2);
}

#[test]
fn max_failures_stops_a_step_that_the_ratio_would_let_pass() {
    let policy = "max_failures: 2\nmin_success_ratio: 0\nconcurrency: 1";
    let summary = project(500, policy, "error('always')").json(&[]);
    assert_eq!((summary.code, summary.step("work")["failures"].as_u64()), (1, Some(3)));
    let summary = project(2, policy, "error('always')").json(&[]);
    assert_eq!((summary.code, summary.counts("work")), (0, [0, 2, 0, 0]));
}

#[test]
fn stop_early_stops_once_the_ratio_is_out_of_reach() {
    let policy = "stop_early: true\nmin_success_ratio: 0.9\nconcurrency: 1";
    let pipeline = project(0, policy, "error('always')").read("pipeline.yaml");
    let list: Vec<String> = (1..=100).map(|id| id.to_string()).collect();
    let pipeline = pipeline.replace("read: in.jsonl", &format!("items: [{}]", list.join(", ")));
    let summary = Project::with(&pipeline).json(&[]);
    assert_eq!((summary.code, summary.counts("work")), (1, [0, 11, 0, 89]));
}

#[test]
fn a_timeout_stops_the_item_and_only_the_item() {
    let lua =
        "if item.id == 2 then while true do pcall(function() while true do end end) end end return item.id";
    let project = project(4, "timeout: 100ms\nmin_success_ratio: 0.5", lua);
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.counts("work")), (0, [3, 1, 0, 0]));
    assert_eq!(project.read("out.jsonl"), "1\n3\n4\n");
    assert!(
        summary.step("work")["errors"]["2"].as_str().is_some_and(|text| text.contains("timeout")),
        "{}",
        summary.value
    );
}

#[test]
fn a_deadline_cancels_what_is_left_and_fails_the_step() {
    let pipeline = "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n    deadline: 150ms\n    map:\n      \
                    min_success_ratio: 0\n      lua: |\n        if item.id > 3 then time.sleep(30) end\n        return item.id\n";
    let summary = Project::with(pipeline).ids("in.jsonl", 50).json(&[]);
    assert_eq!((summary.code, summary.status("work")), (1, "failed"));
    assert_eq!(summary.step("work")["reason"], "deadline");
    assert_eq!(summary.counts("work"), [3, 0, 0, 47]);
}

#[test]
fn an_item_deadline_covers_attempts_and_waits() {
    let policy = "item_deadline: 100ms\nretries: { max: 50, delay: 30ms, factor: 1 }\nmin_success_ratio: 0";
    let summary = project(1, policy, "error('always')").json(&["--events", "events.jsonl"]);
    assert_eq!(summary.counts("work"), [0, 1, 0, 0]);
    assert!(summary.step("work")["retried"] == 1);
}

#[test]
fn waiting_items_hold_no_thread() {
    let project = project(300, "concurrency: 300", "time.sleep(0.1) return item.id");
    let begun = std::time::Instant::now();
    assert_eq!(project.json(&[]).counts("work"), [300, 0, 0, 0]);
    // One after the other they would take 30 s, on a thread for each core 15 s.
    assert!(begun.elapsed().as_secs() < 10);
}

#[test]
fn output_does_not_depend_on_concurrency() {
    let lua =
        "if ctx.attempt == 1 and item.id % 7 == 0 then error('later') end return { item.id, math.random() }";
    let outputs = ["1", "3", "64"].map(|concurrency| {
        let policy = format!("concurrency: {concurrency}\nretries: {{ max: 1, delay: 1ms, jitter: true }}");
        let project = project(2000, &policy, lua);
        project.json(&["--seed", "7"]);
        project.read("out.jsonl")
    });
    assert_eq!(outputs[0].lines().count(), 2000);
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(outputs[0], outputs[2]);
}

#[test]
fn a_rate_limit_spreads_the_starts() {
    let project = project(30, "rate_limit: 10/s\nconcurrency: 30", "return time.now()");
    let begun =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs_f64();
    project.run(&["pipeline.yaml"]).ok();
    let mut starts: Vec<f64> =
        project.read("out.jsonl").lines().map(|line| line.parse().expect("a time")).collect();
    starts.sort_by(f64::total_cmp);
    assert_eq!(starts.len(), 30);
    // Against the run's start: a function may begin later than its attempt, never earlier. (The exact windows are the
    // scheduler's own tests, on a virtual clock.)
    for (index, start) in starts.iter().enumerate() {
        assert!(start - begun >= (index / 10) as f64, "{index}: {starts:?} after {begun}");
    }
}

#[test]
fn items_that_compute_hold_up_neither_others_that_wait_nor_the_end_of_the_step() {
    let lua = "if item.id == 2 then time.sleep(0.1) error('stop') end while true do end";
    let begun = std::time::Instant::now();
    let summary = project(4, "concurrency: 4\nfail_fast: true", lua).json(&[]);
    assert_eq!((summary.status("work"), summary.counts("work")), ("failed", [0, 1, 0, 3]));
    // It takes 0.1 s where nothing else runs.
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}

#[test]
fn waiting_for_a_neighbour_is_no_part_of_an_attempt() {
    // More that compute than there are threads, for longer than the timeout lets a single one.
    let lua = "if item.id % 4 == 0 then time.sleep(0.05) return item.id end \
               coroutine.wrap(function() local t = os.clock() while os.clock() - t < 0.1 do end end)() return item.id";
    let summary = project(64, "concurrency: 64\ntimeout: 600ms", lua).json(&[]);
    assert_eq!(summary.counts("work"), [64, 0, 0, 0], "{}", summary.value);
}

#[test]
fn a_deadline_ends_a_setup_that_does_not_end() {
    for wait in ["", "        time.sleep(0)\n"] {
        let pipeline = format!(
            "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n    deadline: 200ms\n    map:\n      \
             setup: while true do end\n      lua: |\n{wait}        return 1\n"
        );
        let summary = Project::with(&pipeline).ids("in.jsonl", 100).json(&[]);
        assert_eq!((summary.status("work"), summary.counts("work")), ("failed", [0, 0, 0, 100]));
        assert_eq!(summary.step("work")["reason"], "deadline");
    }
}

#[test]
fn the_key_in_a_function_is_the_key_of_its_failed_record() {
    let pipeline = "steps:\n  docs:\n    read: in.jsonl\n  work:\n    from: docs\n    map:\n      min_success_ratio: 0\n      \
                    lua: error(ctx.key)\n  \
                    bad:\n    from: work.failed\n    map: return { item.key, item.error.message }\n  \
                    save:\n    from: bad\n    write: out.jsonl\n";
    let project = Project::with(pipeline).file("in.jsonl", "{\"id\": 1}\n  {\"id\":2}  \n\"x\"\n");
    let summary = project.json(&[]);
    assert_eq!((summary.code, summary.counts("work")), (0, [0, 3, 0, 0]), "{}", summary.value);
    let out = project.read("out.jsonl");
    assert_eq!(out.lines().count(), 3);
    for line in out.lines() {
        let keys: Vec<String> = serde_json::from_str(line).expect("JSON");
        assert_eq!((keys[0].len(), &keys[0]), (32, &keys[1]));
    }
}

#[test]
fn an_attempt_is_told_how_the_one_before_it_failed() {
    // On a worker's thread, and as a coroutine.
    for wait in ["", "time.sleep(0)"] {
        let project = Project::with(&format!(
            "steps:
  list: {{ items: [1, 2, 3] }}
  work:
    from: list
    map:
      concurrency: 1
      retries: {{ max: 3, delay: 1ms }}
      lua: |
        {wait}
        local last = ctx.last
        if item == 2 then return {{ attempt = ctx.attempt, knows = last ~= nil }} end
        if not last then flow.retry('first', {{ after = 0, fields = {{ at = item, list = {{ 1, 2 }} }} }}) end
        if last.message == 'first' then
          last.fields.at = 7
          error('second ' .. ctx.last.fields.at .. #last.fields.list, 0)
        end
        return {{ attempt = ctx.attempt, last = last }}
  save: {{ from: work, write: out.jsonl }}
"
        ));
        let args = ["pipeline.yaml", "--events", "events.jsonl"];
        project.run(&args).ok();
        let third = |item: u32| {
            format!("{{\"attempt\":3,\"last\":{{\"kind\":\"error\",\"message\":\"second {item}2\"}}}}\n")
        };
        let second = "{\"attempt\":1,\"knows\":false}\n";
        assert_eq!(project.read("out.jsonl"), [third(1).as_str(), second, &third(3)].concat(), "{wait}");
        let events = project.read("events.jsonl");
        let told = events.lines().filter(|line| line.contains("\"fields\":{\"at\":1,\"list\":[1,2]}"));
        assert_eq!(told.count(), 1, "{events}");
    }
}

#[test]
fn an_attempt_learns_of_timeouts_and_of_answers() {
    let project = Project::with(
        "steps:
  list: { items: [1] }
  work:
    from: list
    map:
      timeout: 50ms
      retries: { max: 2, delay: 1ms }
      lua: |
        if ctx.attempt == 1 then time.sleep(9) end
        if ctx.attempt == 2 then flow.retry(ctx.last.kind, { fields = { seen = ctx.last } }) end
        return ctx.last.fields.seen
  save: { from: work, write: out.jsonl }
",
    );
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "{\"kind\":\"timeout\",\"message\":\"timeout after 50ms\"}\n");
}

#[test]
fn what_flow_retry_does_not_take_is_told() {
    let steps = |options: &str| {
        format!(
            "steps:
  list: {{ items: [1] }}
  work: {{ from: list, map: {{ retries: 2, min_success_ratio: 0, lua: \"flow.retry('x', {options})\" }} }}
  bad: {{ from: work.failed, write: failed.jsonl }}
"
        )
    };
    for (options, wrong) in [
        ("{ fields = 'x' }", "`fields` of `flow.retry` must be a table, got string"),
        ("{ after = 'x' }", "`after` of `flow.retry` must be a number of seconds from 0"),
    ] {
        let (_, message, attempts) = Project::with(&steps(options)).failure();
        assert_eq!((message.as_str(), attempts), (wrong, 1));
    }
}
