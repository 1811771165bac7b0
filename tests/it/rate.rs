//! These tests cover rate limits through the real program: exact over any window, for one step and for several that
//! share one.

use serde_json::Value;

use crate::project::Project;

/// When the attempts began that said so, in seconds.
fn starts(project: &Project) -> Vec<f64> {
    let mut all: Vec<f64> = project
        .read("events.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|event| event["event"] == "log")
        .map(|event| event["message"].as_str().expect("text").parse().expect("a time"))
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

#[track_caller]
fn assert_rate(starts: &[f64], count: usize, period: f64) {
    for some in starts.windows(count + 1) {
        // A thread may be put aside between the moment that counts and the function's first look at the clock.
        assert!(
            some[count] - some[0] >= period - 0.02,
            "{} starts in {} s",
            count + 1,
            some[count] - some[0]
        );
    }
}

#[test]
fn steps_that_run_side_by_side_share_a_named_limit_with_their_retries() {
    let project = Project::with(
        "rate_limits: { api: 15/s }
steps:
  list:
    items: [1, 2, 3, 4, 5, 6, 7, 8]
  one:
    from: list
    map:
      rate_limit: api
      concurrency: 8
      retries: { max: 1, delay: 1ms }
      lua: |
        print(string.format('%.4f', time.now()))
        if ctx.attempt == 1 then error('again') end
        return item
  two:
    from: list
    map:
      rate_limit: api
      concurrency: 8
      retries: { max: 2, delay: 1ms }
      lua: |
        print(string.format('%.4f', time.now()))
        time.sleep(0.001)
        if ctx.attempt < 3 then flow.retry('busy', { after = 0.01 }) end
        return item
  save: { from: one, write: one.jsonl }
  save_two: { from: two, write: two.jsonl }
",
    );
    let summary = project.json(&["--events", "events.jsonl"]);
    assert_eq!(summary.code, 0, "{}", summary.stderr);
    let starts = starts(&project);
    assert_eq!(starts.len(), 40);
    assert_rate(&starts, 15, 1.0);
    assert!(starts[39] - starts[0] < 20.0, "the limit is used");
}

#[test]
fn a_wait_that_the_function_asks_for_holds_under_a_limit_too() {
    let project = Project::with(
        "rate_limits: { api: 50/s }
steps:
  list:
    items: [1]
  one:
    from: list
    map:
      rate_limit: api
      retries: { max: 1, delay: 1ms, max_delay: 10s }
      lua: |
        print(string.format('%.4f', time.now()))
        if ctx.attempt == 1 then flow.retry('busy', { after = 0.4 }) end
        return item
  save: { from: one, write: one.jsonl }
",
    );
    assert_eq!(project.json(&["--events", "events.jsonl"]).code, 0);
    let starts = starts(&project);
    assert!(starts[1] - starts[0] >= 0.4, "{starts:?}");
}
