//! These tests end steps by something outside their items: sources, deadlines, interrupts. Through the real binary.

use crate::project::Project;

/// A source of four rows, `bad` of which are broken, a map and a writer that take them.
fn rows(bad: usize, policy: &str) -> Project {
    let lines: String = (0..4).map(|row| if row < bad { "{\n" } else { "1\n" }).collect();
    Project::with(&format!(
        "steps:\n  rows:\n    read: {{ path: in.jsonl, {policy} }}\n  work:\n    from: rows\n    map: return item\n  \
         save:\n    from: work\n    write: out.jsonl\n  copy:\n    from: rows\n    write: copy.jsonl\n"
    ))
    .file("in.jsonl", lines)
}

#[test]
fn a_source_that_fails_at_its_end_cancels_the_steps_that_read_it() {
    let project = rows(3, "min_success_ratio: 0.5");
    let summary = project.json(&[]);
    assert_eq!(summary.code, 1);
    let status = |id| summary.status(id).to_owned();
    assert_eq!(
        ["rows", "work", "save", "copy"].map(status),
        ["failed", "cancelled", "skipped", "cancelled"].map(str::to_owned)
    );
    assert!(!project.has("out.jsonl") && !project.has("copy.jsonl"), "a bad source has no side effects");
    let project = rows(2, "min_success_ratio: 0.5");
    assert_eq!(project.json(&[]).code, 0);
    assert_eq!(project.read("copy.jsonl"), "1\n1\n");
}

#[test]
fn a_deadline_is_the_reason_whichever_lua_it_stops() {
    let reason = |pipeline: &str| {
        let summary = Project::with(pipeline).json(&[]);
        assert_eq!(summary.code, 1);
        summary.counts("work");
        (summary.status("work").to_owned(), summary.step("work")["reason"].to_string())
    };
    let deadline = ("failed".to_owned(), "\"deadline\"".to_owned());
    let setup = "steps:\n  list: { items: [1, 2] }\n  work:\n    from: list\n    deadline: 100ms\n    map:\n      \
                 min_success_ratio: 0\n      setup: while true do end\n      lua: return item\n  save: { from: work, \
                 write: out.jsonl }\n";
    assert_eq!(reason(setup), deadline);
    let items = "steps:\n  work:\n    deadline: 100ms\n    items: { lua: while true do local x end return '' }\n  \
                 save: { from: work, write: out.jsonl }\n";
    assert_eq!(reason(items), deadline);
}

#[test]
fn a_filter_that_never_returns_is_stopped_like_any_function() {
    let project = Project::with(
        "steps:\n  list: { items: [1, 2] }\n  work:\n    from: list\n    filter:\n      timeout: 50ms\n      lua: |\n        \
         while item == 2 do end\n  save: { from: work, write: out.jsonl }\n",
    );
    let summary = project.json(&[]);
    assert_eq!(summary.counts("work"), [0, 2, 0, 0]);
    let errors = summary.step("work")["errors"].to_string();
    assert!(errors.contains("did you forget `return`?") && errors.contains("timeout after 50ms"), "{errors}");
}

#[cfg(unix)]
#[test]
fn a_pipe_that_several_steps_read_is_read_once() {
    let project = Project::with(
        "steps:\n  rows: { read: pipe.jsonl }\n  work: { from: rows, map: return item }\n  \
         save: { from: work, write: out.jsonl }\n  copy: { from: rows, write: copy.jsonl }\n",
    );
    let pipe = project.path("pipe.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|made| made.success()));
    let writer = std::thread::spawn(move || std::fs::write(pipe, "1\n2\n"));
    project.run(&["pipeline.yaml"]).ok();
    writer.join().expect("no panic").expect("the pipe takes two lines");
    assert_eq!(
        (project.read("out.jsonl"), project.read("copy.jsonl")),
        ("1\n2\n".to_owned(), "1\n2\n".to_owned())
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_is_written_to_once_somebody_reads_it() {
    let steps = "steps:\n  rows: { items: [1, 2] }\n  save: { from: rows, write: pipe.jsonl }\n";
    let project = Project::with(steps);
    let pipe = project.path("pipe.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|made| made.success()));
    let reader = std::thread::spawn(move || std::fs::read_to_string(pipe));
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(reader.join().expect("no panic").expect("a pipe"), "1\n2\n");
    let project =
        project.file("pipeline.yaml", steps.replace("pipe.jsonl", "{ path: pipe.jsonl, mode: append }"));
    let ran = project.run(&["pipeline.yaml"]);
    assert!(ran.code == 1 && ran.stderr.contains("it is no ordinary file"), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn a_pipe_that_is_read_no_further_holds_up_no_interrupt() {
    let lua = "local rows = {} for i = 1, 5000 do rows[i] = string.rep('x', 100) end return rows";
    let project = Project::with(&format!(
        "steps:\n  rows: {{ items: {{ lua: \"{lua}\" }} }}\n  save: {{ from: rows, write: pipe.jsonl }}\n"
    ));
    let pipe = project.path("pipe.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|made| made.success()));
    let mut child =
        project.command(&["pipeline.yaml", "-q", "--grace", "100ms"]).spawn().expect("the binary runs");
    // What has been opened is there before anything is written, and what does not fit into the pipe waits.
    let mut pipe = std::fs::File::open(pipe).expect("a pipe");
    let mut first = [0];
    std::io::Read::read_exact(&mut pipe, &mut first).expect("a byte");
    send_sigint(i32::try_from(child.id()).expect("a process id"));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while child.try_wait().expect("a child").is_none() {
        assert!(std::time::Instant::now() < until, "it waits for a reader");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(child.wait().expect("a child").code(), Some(130));
}

#[test]
fn an_item_that_has_no_time_for_its_retry_failed_by_its_deadline() {
    let project = Project::with(
        "steps:\n  list: { items: [1] }\n  work:\n    from: list\n    map:\n      item_deadline: 200ms\n      \
         retries: 3\n      lua: error('busy')\n  dead: { from: work.failed, write: dead.jsonl }\n",
    );
    assert_eq!(project.json(&[]).code, 1);
    let dead: serde_json::Value = serde_json::from_str(&project.read("dead.jsonl")).expect("one record");
    assert_eq!(dead["error"]["kind"], "deadline");
    let message = dead["error"]["message"].as_str().expect("a message");
    assert!(message.contains("item_deadline") && message.contains("busy"), "{message}");
    assert_eq!(dead["history"][0]["message"], "busy");
}

/// Runs a pipeline that reads standard input, which says two lines and then nothing more, for a second at most.
#[cfg(unix)]
fn blocked(steps: &str, interrupt: bool) -> (Option<i32>, serde_json::Value) {
    use std::io::Write as _;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    let project = Project::with(&format!("steps:\n{steps}"));
    let mut command = project.command(&["pipeline.yaml", "--output", "json", "--grace", "100ms"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = piped.spawn().expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"1\n2\n").expect("the pipe takes two lines");
    if interrupt {
        // The handler is in place long before; there is no sign of it to wait for.
        std::thread::sleep(Duration::from_millis(300));
        let pid = i32::try_from(child.id()).expect("a process id");
        send_sigint(pid);
    }
    let until = Instant::now() + Duration::from_secs(5);
    while child.try_wait().expect("a child").is_none() {
        if Instant::now() > until {
            child.kill().expect("a child");
            panic!("it does not end while its input is open:\n{steps}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(stdin);
    let output = child.wait_with_output().expect("a child");
    let value = serde_json::from_slice(&output.stdout).expect("the summary");
    (output.status.code(), value)
}

/// Sends SIGINT.
#[cfg(unix)]
fn send_sigint(pid: i32) {
    let sent = std::process::Command::new("kill").args(["-INT", &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill works");
}

#[cfg(unix)]
#[test]
fn an_input_that_says_nothing_more_holds_nobody_up() {
    const READ: &str = "  rows: { read: { path: '-', format: jsonl } }\n";
    let status = |(code, value): (Option<i32>, serde_json::Value)| {
        let steps = value["steps"].as_array().expect("steps");
        let of = |step: &serde_json::Value| step["status"].as_str().unwrap_or_default().to_owned();
        (code, steps.iter().map(of).collect::<Vec<_>>().join(" "))
    };
    let work = |policy: &str, lua: &str| {
        format!(
            "{READ}  work:\n    from: rows\n{policy}      lua: {lua}\n  save: {{ from: work, write: out.jsonl }}\n"
        )
    };
    let deadline = work("    deadline: 200ms\n    map:\n", "return item");
    assert_eq!(status(blocked(&deadline, false)), (Some(1), "succeeded failed skipped".to_owned()));
    let fail_fast = work("    map:\n      fail_fast: true\n", "error('no')");
    assert_eq!(status(blocked(&fail_fast, false)), (Some(1), "succeeded failed skipped".to_owned()));
    let plain = work("    map:\n", "return item");
    assert_eq!(status(blocked(&plain, true)), (Some(130), "succeeded cancelled cancelled".to_owned()));
    let written = format!("{READ}  save: {{ from: rows, write: out.jsonl }}\n");
    assert_eq!(status(blocked(&written, true)).0, Some(130));
    let kept = format!("{written}  copy: {{ from: rows, write: copy.jsonl }}\n");
    assert_eq!(status(blocked(&kept, true)).0, Some(130));
}

#[test]
fn steps_and_run_are_plain_variables_in_item_functions() {
    let project = Project::with(
        "steps:\n  list: { items: [1, 2] }\n  work: { from: list, map: 'return item * 2' }\n  more:\n    from: work\n    when: run.id ~= nil\n    \
         map: return { item, steps.work.total, steps.work.results[1], run.id == ctx.run }\n  \
         save: { from: more, write: out.jsonl }\n",
    );
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "[2,2,2,true]\n[4,2,2,true]\n");
}
