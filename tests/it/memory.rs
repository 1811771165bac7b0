//! `memory` bounds what an item holds, in the Lua state and beside it, and says so where it is not enough.

mod readers;
mod walls;

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::project::Project;
use crate::server::{Reply, Server};

/// What the binary itself takes, with workers and runtime, in megabytes; far less where it is optimised.
const OWN: u64 = 100;

/// Runs the binary to its end; its exit code, and its peak of memory in megabytes.
fn measured(project: &Project, args: &[&str]) -> (i32, u64) {
    let mut command = project.command(args);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the binary runs");
    let mut peak = 0;
    loop {
        // The system keeps the peak while the process lives, and it only rises.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0u64));
        if let Some(status) = child.try_wait().expect("it is a child") {
            return (status.code().unwrap_or(-1), peak / 1024);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A pipeline whose one item runs `lua`, and whose failed items go to `failed.jsonl`.
fn item(policy: &str, lua: &str) -> Project {
    Project::with(&format!(
        "x-allow: [unused_step]\npermissions: {{exec: [head], net: [127.0.0.1]}}\nsteps:\n  one: {{items: [1]}}\n  try:\n    from: one\n    \
         map:\n      min_success_ratio: 0\n      {policy}\n      lua: |\n        {}\n  failed: {{from: try.failed, write: failed.jsonl}}\n",
        lua.replace('\n', "\n        ")
    ))
}

/// The failure of the one item: kind and message; the process stays within `megabytes` more than its own.
#[track_caller]
fn check(policy: &str, lua: &str, expect: (&str, &str), megabytes: u64) {
    let project = item(policy, lua);
    let (code, peak) = measured(&project, &["pipeline.yaml", "--quiet"]);
    assert_eq!(code, 0, "{lua}");
    let record: serde_json::Value =
        serde_json::from_str(&project.read("failed.jsonl")).unwrap_or_else(|error| panic!("{lua}: {error}"));
    let text = |key: &str| record["error"][key].as_str().expect("text").to_owned();
    assert_eq!((text("kind").as_str(), text("message").as_str()), expect, "{lua}");
    assert!(peak < OWN + megabytes, "{lua}: {peak} MB");
}

#[test]
fn what_a_program_writes_counts_while_it_is_read() {
    check(
        "memory: 16MB",
        "exec.run({'head', '-c', '300000000', '/dev/zero'}, {max_output = 1e12})",
        ("memory", "`exec.run` needs more than this step's `memory: 16MB`"),
        64,
    );
}

#[test]
fn many_programs_of_one_worker_share_its_memory() {
    let project = Project::with(
        "x-allow: [unused_step, unread_failures]\npermissions: {exec: [head]}\nsteps:\n  many: {items: {lua: 'local l = {} for i = 1, 40 do l[i] = i \
         end return l'}}\n  try:\n    from: many\n    map:\n      min_success_ratio: 0\n      concurrency: 40\n      memory: 16MB\n      \
         lua: |\n        return #exec.run({'head', '-c', '10000000', '/dev/zero'}, {max_output = 1e12}).stdout\n",
    );
    let (code, peak) = measured(&project, &["pipeline.yaml", "--quiet"]);
    assert_eq!(code, 0);
    assert!(peak < OWN + 200, "{peak} MB");
}

#[test]
fn the_body_of_an_answer_counts_as_it_is_unpacked() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    let zeros = vec![0; 1_000_000];
    for _ in 0..300 {
        std::io::Write::write_all(&mut packed, &zeros).expect("memory");
    }
    let packed = packed.finish().expect("memory");
    let server = Server::start(move |_| {
        Reply::Whole(200, vec![("Content-Encoding", "gzip".to_owned())], packed.clone())
    });
    check(
        "memory: 16MB",
        &format!("http.get('{}', {{max_bytes = 1e12}})", server.url("/")),
        ("memory", "`http.get` needs more than this step's `memory: 16MB`"),
        64,
    );
}

#[test]
fn what_the_step_itself_holds_names_the_limit_and_the_key() {
    let lua = "local t = {}\nfor i = 1, 1e7 do t[i] = {i} end";
    let said = "needs more than this step's `memory: 16MiB`";
    check("memory: 16MiB", lua, ("memory", &format!("the function {said}")), 64);
    check("memory: 16MiB", "return ('x'):rep(1e9)", ("memory", &format!("the function {said}")), 64);
    // A text can be longer than what it is made of.
    let lua = "local s, t = ('x'):rep(1e6), {}\nfor i = 1, 1000 do t[i] = s end\n";
    check("memory: 16MiB", &format!("{lua}return t"), ("memory", &format!("the result as text {said}")), 64);
    check("memory: 16MiB", &format!("{lua}json.encode(t)"), ("memory", &format!("`json.encode` {said}")), 64);
    check("memory: 16MiB", &format!("{lua}yaml.encode(t)"), ("memory", &format!("`yaml.encode` {said}")), 64);
}

#[test]
fn many_results_of_one_item_count_together() {
    let project = item("memory: 16MB", "");
    let text = project.read("pipeline.yaml").replace(
        "    map:\n",
        "    flat_map:\n      setup: |\n        local s, t = ('x'):rep(1e6), {}\n        for i = 1, 1000 do t[i] = s end\n",
    );
    let text = text.replace("      lua: |\n        \n", "      lua: return t\n");
    fs::write(project.path("pipeline.yaml"), text).expect("a file of ours");
    let (code, peak) = measured(&project, &["pipeline.yaml", "--quiet"]);
    assert_eq!(code, 0);
    let failed = project.read("failed.jsonl");
    assert!(failed.contains("the result as text needs more than this step's `memory: 16MB`"), "{failed}");
    assert!(peak < OWN + 64, "{peak} MB");
}

#[test]
fn setup_and_expressions_name_what_does_not_fit() {
    let table = "local t = {}\n        for i = 1, 1e7 do t[i] = { \"row \" .. i } end";
    let project = item("memory: 16MB", "return 1");
    let text = project.read("pipeline.yaml");
    let text = text.replace("      lua: |", &format!("      setup: |\n        {table}\n      lua: |"));
    let ran = project.file("pipeline.yaml", text).run(&["pipeline.yaml"]);
    let said = "`setup` needs more than this step's `memory: 16MB`";
    assert!(ran.code == 1 && ran.stderr.contains(said), "{} {}", ran.code, ran.stderr);
    let project = Project::with(
        "x-allow: [unused_step]\nsteps:\n  one:\n    items: {lua: 'local t = {} for i = 1, 1e8 do t[i] = i end return t'}\n",
    );
    let ran = project.run(&["pipeline.yaml"]);
    let said = "the expression needs more than 256MB, a limit that no key sets";
    assert!(ran.code != 0 && ran.stderr.contains(said), "{} {}", ran.code, ran.stderr);
}

#[test]
fn trees_beside_the_state_count_before_they_are_built() {
    let lua = "local t = table.create(200000)\nfor i = 1, 200000 do t[i] = { a = i } end\n";
    for encode in ["toml.encode({ x = t })", "yaml.encode(t)"] {
        let name = encode.split('(').next().expect("a name");
        let said = format!("`{name}` needs more than this step's `memory: 64MB`");
        check("memory: 64MB", &format!("{lua}{encode}"), ("memory", &said), 100);
    }
    let said = "`toml.decode` needs more than this step's `memory: 64MB`";
    check("memory: 64MB", "toml.decode('a=[' .. ('1,'):rep(15e5) .. ']')", ("memory", said), 100);
    let said = "`path.absolute` needs more than this step's `memory: 64MB`";
    check("memory: 64MB", "path.absolute(('a/'):rep(1e7))", ("memory", said), 100);
}
