//! These tests cover rate limits and breakers through the real program: exact over any window, for one step and for
//! several that share one.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::Project;
use crate::server::{Reply, Request, Server};

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

/// When requests came, and what stood in their bodies.
type Seen = Arc<Mutex<Vec<(Instant, u64)>>>;

/// A server that says when its requests came, and what stood in their bodies.
fn timed_server(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> (Server, Seen) {
    let seen: Seen = Arc::default();
    let own = Arc::clone(&seen);
    let server = Server::start(move |request| {
        own.lock().expect("no panic").push((Instant::now(), request.body.parse().unwrap_or(1)));
        reply(request)
    });
    (server, seen)
}

/// No more than `count` a second had come at any time. Against the run's start: a request may come later than its turn,
/// never earlier. (The exact windows are the scheduler's own tests, on a virtual clock.)
#[track_caller]
pub(crate) fn assert_paced(begun: Instant, seen: &[(Instant, u64)], count: u64) {
    let mut seen = seen.to_vec();
    seen.sort_unstable();
    let mut taken = 0;
    for (at, cost) in seen {
        taken += cost;
        let seconds = at.duration_since(begun).as_secs() + 1;
        assert!(taken <= count * seconds, "{taken} in {seconds} s");
    }
}

#[test]
fn two_limits_hold_together_at_the_server() {
    let (server, seen) = timed_server(|_| Reply::text(200, "{}"));
    let project = Project::with(&format!(
        "rate_limits: {{ requests: 20/s, tokens: 300/s }}
permissions: {{ net: ['{0}'] }}
steps:
  list:
    items: {{ lua: 'local all = {{}} for at = 1, 80 do all[at] = {{ id = at, size = 1 + at * 7 % 30 }} end return all' }}
  ask:
    from: list
    map:
      concurrency: 16
      rate_limit: [requests, {{ limit: tokens, cost: item.size }}]
      lua: |
        http.post('http://{0}/', {{ body = tostring(item.size) }}):check()
        return item.id
  save: {{ from: ask, write: out.jsonl }}
",
        server.address
    ));
    let begun = Instant::now();
    let summary = project.json(&[]);
    assert_eq!(summary.counts("ask"), [80, 0, 0, 0], "{}", summary.value);
    let seen = seen.lock().expect("no panic").clone();
    let tokens: u64 = seen.iter().map(|(_, cost)| cost).sum();
    assert_eq!(tokens, (1..=80).map(|at| 1 + at * 7 % 30).sum::<u64>());
    assert_paced(begun, &seen, 300);
    assert_paced(begun, &seen.iter().map(|(at, _)| (*at, 1)).collect::<Vec<_>>(), 20);
}

#[test]
fn what_an_attempt_has_really_taken_counts_in_the_place_of_its_cost() {
    let pipeline = |spent: u64| {
        format!(
            "rate_limits: {{ tokens: 100/h }}
steps:
  list: {{ items: [1, 2, 3, 4] }}
  ask:
    from: list
    deadline: 3s
    map:
      concurrency: 1
      rate_limit: [{{ limit: tokens, cost: 50 }}]
      lua: |
        flow.spent('tokens', {spent})
        return item
  save: {{ from: ask, write: out.jsonl }}
"
        )
    };
    let summary = Project::with(&pipeline(25)).json(&[]);
    assert_eq!(summary.counts("ask"), [3, 0, 0, 1], "fifty must be left for the next: {}", summary.value);
    let summary = Project::with(&pipeline(100)).json(&[]);
    assert_eq!(summary.counts("ask"), [1, 0, 0, 3], "{}", summary.value);
    let summary = Project::with(&pipeline(0)).json(&[]);
    assert_eq!(summary.counts("ask"), [4, 0, 0, 0], "{}", summary.value);
}

#[test]
fn an_item_without_a_usable_cost_fails_at_once() {
    let project = Project::with(
        "rate_limits: { tokens: 100/s }
steps:
  list: { items: [-1, 0, 100, 101, 1.5, text, null, [], 7] }
  ask:
    from: list
    map:
      rate_limit: [{ limit: tokens, cost: \"item == 7 and item.x.y or item\" }]
      min_success_ratio: 0
      retries: 3
      lua: return item
  bad:
    from: ask.failed
    map: 'return { item.index, item.attempts, item.error.kind, item.error.message }'
  save: { from: bad, write: out.jsonl }
",
    );
    let summary = project.json(&[]);
    assert_eq!(summary.counts("ask"), [2, 7, 0, 0], "{}", summary.value);
    let whole = "the cost of `tokens` must be a whole number from 0, not";
    let lines: Vec<String> = project.read("out.jsonl").lines().map(str::to_owned).collect();
    let expect = [
        format!("[1,1,\"result\",\"{whole} -1\"]"),
        "[4,1,\"result\",\"the cost of `tokens` is 101, more than its 100/s ever allow\"]".to_owned(),
        format!("[5,1,\"result\",\"{whole} 1.5\"]"),
        format!("[6,1,\"result\",\"{whole} a string\"]"),
        format!("[7,1,\"result\",\"{whole} nil\"]"),
        format!("[8,1,\"result\",\"{whole} a table\"]"),
    ];
    assert_eq!(lines[..6], expect);
    assert!(lines[6].starts_with("[9,1,\"error\",\"`cost` of `tokens` failed: "), "{}", lines[6]);
}

#[test]
fn misuse_of_spent_and_of_limits_of_requests_is_told() {
    let (server, _) = timed_server(|_| Reply::text(200, "{}"));
    for (lua, message) in [
        ("flow.spent('requests', 1)", "takes nothing of a rate limit `requests`, only of `tokens`"),
        (
            "flow.spent('tokens', -1)",
            "bad argument #2 to `flow.spent` (a whole number from 0 expected, got -1)",
        ),
        ("flow.spent('tokens', 0/0)", "a whole number from 0 expected"),
        ("flow.spent('tokens')", "a whole number from 0 expected, got nil"),
        ("flow.spent(7, 1)", "bad argument #1 to `flow.spent` (string expected, got number)"),
        (
            "http.get('URL', { limit = 'reqests' })",
            "there is no rate limit `reqests`; the rate limits of this file: `requests`, `tokens`",
        ),
        ("http.get('URL', { limit = 7 })", "`limit` must be a string"),
    ] {
        let lua = lua.replace("URL", &server.url("/"));
        let project = Project::with(&format!(
            "rate_limits: {{ requests: 9/s, tokens: 9/s }}
permissions: {{ net: ['{}'] }}
x-allow: [unused_rate_limit]
steps:
  list: {{ items: [1] }}
  ask:
    from: list
    map:
      rate_limit: [tokens]
      retries: 2
      lua: |
        {lua}
        return item
  save: {{ from: ask, write: out.jsonl }}
",
            server.address
        ));
        let run = project.run(&["pipeline.yaml"]);
        assert!(run.stderr.contains(message), "{lua}: {}", run.stderr);
    }
}

#[test]
fn requests_take_one_each_of_a_limit_and_wait_for_it_within_the_attempt() {
    let (server, seen) = timed_server(|request| match request.target.as_str() {
        "/from" => Reply::redirect(302, "/to"),
        _ => Reply::text(200, "{}"),
    });
    let pipeline = |rate: &str, more: &str| {
        format!(
            "rate_limits: {{ api: {rate} }}
permissions: {{ net: ['{0}'] }}
steps:
  list: {{ items: [1, 2, 3, 4, 5, 6] }}
  ask:
    from: list
    map:
      concurrency: 6
      min_success_ratio: 0
{more}
      lua: |
        http.get('http://{0}/from', {{ limit = 'api' }})
        http.get('http://{0}/', {{ limit = 'api' }})
        return item
  save: {{ from: ask, write: out.jsonl }}
",
            server.address
        )
    };
    let begun = Instant::now();
    let summary = Project::with(&pipeline("8/s", "")).json(&[]);
    assert_eq!(summary.counts("ask"), [6, 0, 0, 0], "{}", summary.value);
    let times = std::mem::take(&mut *seen.lock().expect("no panic"));
    assert_eq!(times.len(), 18, "each redirect is a request");
    assert_paced(begun, &times, 8);
    // The attempt's own limit goes on while it waits.
    let project = Project::with(&pipeline("4/h", "      timeout: 700ms"));
    let summary = project.json(&[]);
    assert_eq!(summary.counts("ask")[1], 6, "{}", summary.value);
    assert!(seen.lock().expect("no panic").len() <= 4, "an hour allows four");
    let summary = Project::with(&pipeline("4/h", "      item_deadline: 700ms")).json(&[]);
    assert_eq!(summary.counts("ask")[1], 6, "{}", summary.value);
}

/// Events `waiting` of a run that was stopped, as pairs of step and limit.
fn waits(project: &Project) -> Vec<(String, String)> {
    let events = project.read("events.jsonl");
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let wait = |event: Value| {
        let seconds = event["seconds"].as_f64().expect("seconds");
        assert!((3500.0..=3600.0).contains(&seconds), "an hour allows four: {event}");
        (
            event["step"].as_str().expect("a step").to_owned(),
            event["limit"].as_str().expect("a name").to_owned(),
        )
    };
    let mut all: Vec<_> = events.filter(|event| event["event"] == "waiting").map(wait).collect();
    all.sort();
    all
}

#[test]
fn waits_of_requests_for_a_limit_are_told_once_for_each_step() {
    let (server, seen) = timed_server(|_| Reply::text(200, "{}"));
    let ask = |name: &str| {
        format!(
            "  {name}:
    from: list
    map:
      concurrency: 6
      timeout: 700ms
      min_success_ratio: 0
      lua: return http.get('http://{}/', {{ limit = 'api' }}).status
  save_{name}: {{ from: {name}, write: {name}.jsonl }}
",
            server.address
        )
    };
    let pipeline = format!(
        "rate_limits: {{ api: 4/h }}
permissions: {{ net: ['{}'] }}
steps:
  list: {{ items: [1, 2, 3, 4, 5, 6, 7, 8, 9] }}
{}{}",
        server.address,
        ask("one"),
        ask("two")
    );
    let project = Project::with(&pipeline);
    let args = ["pipeline.yaml", "-v", "--events", "events.jsonl", "--report", "report.html"];
    let run = project.run(&args);
    assert_eq!(seen.lock().expect("no panic").len(), 4, "{}", run.stderr);
    let pair = |step: &str| (step.to_owned(), "api".to_owned());
    // Both wait, whoever is first in the queue, and those that come after a timeout wait for what is known already.
    assert_eq!(waits(&project), [pair("one"), pair("two")], "{}", run.stderr);
    assert!(run.stderr.contains("one: waits 59m"), "{}", run.stderr);
    assert!(
        project.read("report.html").contains("it waited once for the rate limit api"),
        "the report tells it"
    );
}

#[test]
fn a_breaker_spares_a_server_that_is_down() {
    // Down for three seconds from the first request on.
    let begun: OnceLock<Instant> = OnceLock::new();
    let (server, seen) = timed_server(move |_| match begun.get_or_init(Instant::now).elapsed() {
        down if down < Duration::from_secs(3) => Reply::text(503, "down"),
        _ => Reply::text(200, "{}"),
    });
    let project = Project::with(&format!(
        "permissions: {{ net: ['{0}'] }}
steps:
  list: {{ items: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] }}
  ask:
    from: list
    map:
      concurrency: 4
      retries: {{ max: 9, delay: 10ms, factor: 1 }}
      breaker: {{ after: 4, pause: 500ms, max_pause: 1s }}
      lua: |
        http.get('http://{0}/'):check()
        return item
  save: {{ from: ask, write: out.jsonl }}
",
        server.address
    ));
    let summary = project.json(&["--events", "events.jsonl", "--report", "report.html"]);
    assert_eq!(summary.counts("ask"), [12, 0, 0, 0], "{}", summary.value);
    // Twelve that went well; before them those that were under way at first, and one after each pause.
    let failed = seen.lock().expect("no panic").len() - 12;
    assert!((4..=4 + 3 + 6).contains(&failed), "{failed} requests while it was down");
    let events = project.read("events.jsonl");
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|event: &Value| event["event"] == "breaker")
        .collect();
    assert!(events.len() >= 2, "{events:?}");
    assert_eq!((&events[0]["step"], &events[0]["open"]), (&"ask".into(), &true.into()));
    let pause = events[0]["until"].as_f64().expect("a time") - events[0]["time"].as_f64().expect("a time");
    // The event may come a little later than the pause began.
    assert!(pause <= 0.51, "{events:?}");
    let last = events.last().expect("it has closed");
    assert_eq!((&last["open"], &last["until"]), (&false.into(), &Value::Null));
    assert!(project.read("report.html").contains("its breaker paused it"), "the report tells it");
}
