//! `http` against servers on loopback, through the real binary.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::project::Project;
use crate::server::{Reply, Server};

/// A map of one item over `lua`, which finds the server at `base`.
fn project(policy: &str, server: &Server, lua: &str) -> Project {
    many(policy, server, lua, 1)
}

fn many(policy: &str, server: &Server, lua: &str, count: u64) -> Project {
    let lua = lua.lines().map(|line| format!("        {}\n", line.trim())).collect::<String>();
    Project::with(&format!(
        "permissions: {{net: [\"{address}\"]}}\nsteps:\n  docs:\n    read: in.jsonl\n  ask:\n    from: docs\n    map:\n      {policy}\n      \
         lua: |\n        local base = 'http://{address}'\n{lua}  save:\n    from: ask\n    write: out.jsonl\n",
        address = server.address,
    ))
    .ids("in.jsonl", count)
}

/// The one result.
#[track_caller]
fn check(server: &Server, lua: &str, expect: &str) {
    let project = project("timeout: 20s", server, lua);
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl").trim_end(), expect, "{lua}");
}

/// The error that the one item failed with, and how many attempts it had.
#[track_caller]
fn failure(policy: &str, server: &Server, lua: &str) -> (String, String, u64) {
    let summary = project(policy, server, lua).json(&[]);
    let failures = summary.value["failures"].as_array().cloned().unwrap_or_default();
    let failed =
        failures.first().unwrap_or_else(|| panic!("no failure: {}\n{}", summary.value, summary.stderr));
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{failed}")).to_owned();
    (text(&failed["kind"]), text(&failed["message"]), failed["attempts"].as_u64().unwrap_or_default())
}

#[test]
fn an_answer_has_all_its_parts() {
    let server = Server::start(|request| {
        assert!(request.header("user-agent").starts_with("flowrun/"));
        let headers = vec![("X-Two", "a".to_owned()), ("x-two", "b".to_owned())];
        Reply::Whole(201, headers, br#"{"a":[1,null]}"#.to_vec())
    });
    let lua = "local r = http.get(base .. '/x?y=1')
        assert(r.ms >= 0 and r:check() == r)
        return { r.status, r.ok, r.headers['x-two'], r.headers['X-TWO'], r.body, r.url == base .. '/x?y=1', r:json() }";
    check(&server, lua, r#"[201,true,"a, b","a, b","{\"a\":[1,null]}",true,{"a":[1,null]}]"#);
    assert_eq!(server.requests()[0].target, "/x?y=1");
}

/// Lets nobody through before so many are there.
#[derive(Default)]
struct Gate {
    inside: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    /// Whether so many came together before everybody lost patience.
    fn pass(&self, expected: usize) -> bool {
        let mut inside = self.inside.lock().expect("no panic");
        *inside += 1;
        self.changed.notify_all();
        let patience = Duration::from_secs(60);
        let (inside, _) =
            self.changed.wait_timeout_while(inside, patience, |inside| *inside < expected).expect("no panic");
        *inside >= expected
    }
}

#[test]
fn a_thousand_requests_are_in_flight_on_a_few_threads() {
    const COUNT: usize = 1000;
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, maximum: limit.maximum };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).expect("up to the maximum");
    let gate = Arc::new(Gate::default());
    let threads = Arc::new(Mutex::new(0));
    let (own, counted) = (Arc::clone(&gate), Arc::clone(&threads));
    let server = Server::start(move |request| {
        let together = own.pass(COUNT);
        let mut threads = counted.lock().expect("no panic");
        if *threads == 0 {
            *threads = std::fs::read_dir(format!("/proc/{}/task", request.header("x-pid")))
                .map_or(0, Iterator::count);
        }
        Reply::text(if together { 200 } else { 500 }, "done")
    });
    let lua = "return http.get(base, { headers = { ['X-Pid'] = env.PID or params.pid } }):check().body";
    let project = many("concurrency: 1000", &server, lua, COUNT as u64);
    let started = Instant::now();
    let text = project.read("pipeline.yaml").replace("env.PID or params.pid", "'self'");
    std::fs::write(project.path("pipeline.yaml"), text).expect("written");
    let summary = project.json(&[]);
    assert_eq!(summary.counts("ask"), [1000, 0, 0, 0], "{}", summary.stderr);
    assert!(started.elapsed() < Duration::from_secs(60));
}
