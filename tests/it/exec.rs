//! These tests cover `exec` through the real binary: what programs get, what comes of them, and that none of them
//! outlives its item.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::processes::{alive, soon};
use crate::project::Project;

/// A map of one item over `lua`.
fn project(policy: &str, lua: &str) -> Project {
    let lua = lua.lines().map(|line| format!("        {}\n", line.trim())).collect::<Vec<_>>().concat();
    Project::with(&format!(
        "permissions:\n  exec: [sh, cat, env, pwd, missing, ./tools/hello, python3]\nsteps:\n  docs:\n    items: [1]\n  work:\n    from: docs\n    \
         map:\n      {policy}\n      min_success_ratio: 0\n      lua: |\n{lua}  save:\n    from: work\n    write: out.jsonl\n  lost:\n    \
         from: work.failed\n    write: failed.jsonl\n"
    ))
}

#[track_caller]
fn check(lua: &str, expect: &str) {
    let project = project("timeout: 20s", lua);
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl").trim_end(), expect, "{lua}\n{}", project.read("failed.jsonl"));
}

fn make_runnable(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("ours");
}

#[test]
fn a_program_gets_what_it_is_given_and_nothing_else() {
    check(
        "local r = exec.run({ 'sh', '-c', 'cat; echo err >&2; exit 3' }, { stdin = 'in' }) assert(r.ms > 0) r.ms = nil return r",
        r#"{"code":3,"ok":false,"stderr":"err\n","stdout":"in"}"#,
    );
    check("return exec.run({ 'cat' }).stdout", "\"\"");
    check("return exec.run({ 'sh', '-c', 'echo \"$0 $1\"', 'a b', 7 }).stdout", r#""a b 7\n""#);
    check("return (exec.run({ 'env' }, { env = { A = 1, PATH = '/x' } }).stdout)", r#""A=1\nPATH=/x\n""#);
    check(
        "local out = exec.run({ 'env' }).stdout return str.starts_with(out, 'PATH=') and #str.lines(out) == 1",
        "true",
    );
    check("return exec.run({ 'sh', '-c', 'kill -9 $$' }).code", "137");
    check("return exec.run({ 'pwd' }).stdout == path.absolute('.') .. '\\n'", "true");
    check("return #exec.run({ 'sh', '-c', 'head -c 3000000 /dev/zero' }).stdout", "3000000");
    check("return exec.run({ 'sh', '-c', 'exec true' }, { stdin = ('x'):rep(1e6) }).ok", "true");
}

#[test]
fn a_program_that_may_not_run_or_is_not_there_fails_for_good() {
    for (lua, message) in [
        ("exec.run({ 'rm', 'x' })", "running `rm` is not allowed; add `permissions: {exec: [rm, "),
        ("exec.run({ '/bin/sh' })", "running `/bin/sh` is not allowed"),
        ("exec.run({ 'missing' })", "there is no program `missing` on the search path"),
        ("exec.run({ 'cat' }, { cwd = '/etc' })", "reading `/etc` is not allowed"),
        ("exec.run({ 'cat' }, { cwd = 'gone' })", "there is no folder `gone`"),
        (
            "exec.run({ 'sh', '-c', 'cat /dev/zero' }, { max_output = 1e6 })",
            "`sh` wrote more than 1000000 bytes",
        ),
    ] {
        let project = project("retries: { max: 3, delay: 1ms }", lua);
        let (kind, got, attempts) = project.failure();
        assert!(
            kind == "error" && got.starts_with(message) && attempts == 1,
            "{lua}: {kind} {got} {attempts}"
        );
    }
}

#[test]
fn a_granted_path_runs_and_a_search_path_of_the_program_has_no_say() {
    let lua = "local evil = { env = { PATH = path.absolute('tools') } }
        return { exec.run({ './tools/hello' }).stdout, exec.run({ 'tools/hello' }).stdout, exec.run({ 'cat' }, evil).stdout }";
    let project = project("timeout: 20s", lua)
        .file("tools/hello", "#!/bin/sh\necho hello\n")
        .file("tools/cat", "#!/bin/sh\necho evil\n");
    for name in ["hello", "cat"] {
        make_runnable(&project.path("tools").join(name));
    }
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl").trim_end(), r#"["hello\n","hello\n",""]"#);
}

#[test]
fn a_script_that_names_no_interpreter_is_run_by_a_shell() {
    let lua = "return exec.run({ './tools/hello', 'a b' }).stdout";
    let project = project("timeout: 20s", lua).file("tools/hello", "echo \"hello $1\"\n");
    make_runnable(&project.path("tools/hello"));
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl").trim_end(), r#""hello a b\n""#, "{}", project.read("failed.jsonl"));
}

/// A program that has ended is a line in the system's table until its parent has asked how.
#[test]
fn nothing_remains_of_programs_however_they_have_ended() {
    check(
        "for _ = 1, 5 do
             exec.run({ 'sh', '-c', 'exit 3' })
             pcall(exec.run, { 'sh', '-c', 'sleep 600' }, { timeout = 0.01 })
             pcall(exec.run, { 'sh', '-c', 'cat /dev/zero' }, { max_output = 1e5 })
             exec.run({ 'sh', '-c', 'kill -9 $$' })
         end
         local dead = 'for c in $(cat /proc/$PPID/task/*/children); do cut -d \\  -f 3 /proc/$c/stat; done | grep -c Z'
         return exec.run({ 'sh', '-c', dead }).stdout",
        r#""0\n""#,
    );
}

/// A shell that starts processes of which some ignore signals, some are in sessions of their own, and one has no
/// living parent; all sleep for the `word`, which tells them from others.
fn family(word: &str) -> String {
    format!(
        "trap \"\" TERM INT HUP; (setsid sleep {word}) & (setsid sh -c \"sleep {word} & exit\" &) ; sleep {word} & sleep {word}"
    )
}

#[test]
fn the_whole_family_dies_at_the_deadline_on_timeout_and_on_too_much_output() {
    for (word, policy, options, kind) in [
        ("61.0001", "timeout: 500ms", "", "timeout"),
        ("61.0002", "item_deadline: 500ms", "", "deadline"),
        ("61.0003", "timeout: 20s", ", { timeout = 0.5 }", "timeout"),
        ("61.0004", "timeout: 20s", ", { max_output = 100 }", "error"),
    ] {
        let noise = if word == "61.0004" { "sleep 0.3; head -c 200 /dev/zero & " } else { "" };
        let script = family(word).replace(" & sleep", &format!(" & {noise}sleep"));
        let project = project(policy, &format!("return exec.run({{ 'sh', '-c', [[{script}]] }}{options})"));
        let started = Instant::now();
        let (got, message, _) = project.failure();
        assert_eq!(got, kind, "{message}");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        assert!(!alive(word), "{policy}{options}");
    }
}

#[test]
fn a_program_that_has_ended_is_not_waited_for_because_of_what_it_has_started() {
    // In its group, in a session of its own, behind its error output alone, and busy writing.
    for (word, started, code) in [
        ("61.0005", "sleep 61.0005 &", 0),
        ("61.0009", "(setsid sleep 61.0009 &) ;", 3),
        ("61.0010", "(setsid sleep 61.0010 >/dev/null &) ;", 0),
        ("61.0011", "(while :; do echo more; done; sleep 61.0011) &", 0),
    ] {
        let script = format!("{started} echo first; echo then >&2; exit {code}");
        let lua = format!(
            "local r = exec.run({{ 'sh', '-c', [[{script}]] }}, {{ timeout = 50 }})
            return {{ r.code, str.starts_with(r.stdout, 'first') or str.contains(r.stdout, '\\nfirst'), r.stderr }}"
        );
        let project = project("timeout: 55s", &lua);
        let began = Instant::now();
        let ran = project.run(&["pipeline.yaml"]).ok();
        assert_eq!(project.read("out.jsonl").trim_end(), format!(r#"[{code},true,"then\n"]"#), "{started}");
        assert!(began.elapsed() < Duration::from_secs(20), "{started} {:?}", began.elapsed());
        assert!(
            ran.stderr.contains("`sh` has ended; what it had started still held its output"),
            "{}",
            ran.stderr
        );
        assert!(!alive(word), "{started}");
    }
}

#[test]
fn a_child_that_is_only_a_little_later_is_heard() {
    let lua = "return exec.run({ 'sh', '-c', '(sleep 0.05; echo late) & echo first' }).stdout";
    let project = project("timeout: 20s", lua);
    let ran = project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl").trim_end(), r#""first\nlate\n""#);
    assert!(!ran.stderr.contains("had started"), "{}", ran.stderr);
}

/// The error of the one failed item, as `work.failed` has it.
fn error(project: &Project) -> serde_json::Value {
    project.run(&["pipeline.yaml"]);
    let line: serde_json::Value =
        serde_json::from_str(&project.read("failed.jsonl")).expect("one failed item");
    line["error"].clone()
}

#[test]
fn what_a_program_wrote_until_its_end_is_in_the_error() {
    let script = "echo part; echo one >&2; echo 'lock /var/x' >&2; exec sleep 61.0012";
    let run = format!("exec.run({{ 'sh', '-c', [[{script}]] }}");
    let fields = serde_json::json!({"stdout": "part\n", "stderr": "one\nlock /var/x\n"});
    for (policy, lua, kind, message) in [
        (
            "timeout: 20s",
            format!("return {run}, {{ timeout = 2 }})"),
            "timeout",
            "`exec.run` ended `sh` after 2s; it said: lock /var/x",
        ),
        ("timeout: 2s", format!("return {run})"), "timeout", "timeout after 2s"),
        ("item_deadline: 2s", format!("return {run})"), "deadline", "item_deadline after 2s"),
        ("timeout: 2s", format!("return pcall(function() return {run}) end)"), "timeout", "timeout after 2s"),
        (
            "timeout: 2s",
            format!("return coroutine.wrap(function() return {run}) end)()"),
            "timeout",
            "timeout after 2s",
        ),
    ] {
        let error = error(&project(policy, &lua));
        assert_eq!(error["fields"], fields, "{policy} {lua}: {error}");
        assert_eq!((error["kind"].as_str(), error["message"].as_str()), (Some(kind), Some(message)), "{lua}");
    }
    let silent = error(&project("timeout: 300ms", "return exec.run({ 'sh', '-c', 'exec sleep 61.0013' })"));
    assert_eq!(silent["fields"], serde_json::Value::Null, "{silent}");
    check(
        &format!(
            "local ok, err = pcall(exec.run, {{ 'sh', '-c', [[{script}]] }}, {{ timeout = 2 }}) return {{ ok, err.fields, err.kind }}"
        ),
        r#"[false,{"stderr":"one\nlock /var/x\n","stdout":"part\n"},"timeout"]"#,
    );
    check("local ok, err = pcall(exec.run, { 'sh' }, 7) return { ok, err.fields == nil }", "[false,true]");
}

#[test]
fn only_the_end_of_much_output_is_in_the_error() {
    let lua =
        "return exec.run({ 'sh', '-c', 'head -c 300000 /dev/zero >&2; echo end >&2; exec sleep 61.0014' })";
    let error = error(&project("timeout: 4s", lua));
    let stderr = error["fields"]["stderr"].as_str().expect("text");
    assert!(
        stderr.starts_with('…') && stderr.ends_with("\u{0}end\n") && stderr.len() < 20_000,
        "{}",
        stderr.len()
    );
}

#[test]
fn waiting_where_nothing_can_be_suspended_ends_at_the_deadline_too() {
    let lua = "local co = coroutine.wrap(function() exec.run({ 'sh', '-c', 'sleep 61.0006' }) end) return pcall(co)";
    assert_eq!(project("timeout: 300ms", lua).failure().0, "timeout");
    assert!(!alive("61.0006"));
    check(
        "local co = coroutine.wrap(function() return exec.run({ 'sh', '-c', 'echo a' }).stdout end) return co()",
        r#""a\n""#,
    );
    check(
        "local ok, err = pcall(exec.run, { 'sh', '-c', 'sleep 60' }, { timeout = 0.1 }) return { ok, err.kind, err.retryable }",
        r#"[false,"timeout",true]"#,
    );
}

#[test]
fn an_interrupt_ends_programs_at_once() {
    for (word, signals) in [("61.0007", 2), ("61.0008", 3)] {
        let project =
            project("timeout: 50s", &format!("return exec.run({{ 'sh', '-c', [[{}]] }})", family(word)));
        let mut child = project.command(&["pipeline.yaml", "-q"]).spawn().expect("it starts");
        assert!(soon(|| alive(word)), "the program has started");
        let pid = rustix::process::Pid::from_child(&child);
        let started = Instant::now();
        for _ in 0..signals {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(child.wait().expect("ours").code(), Some(130));
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        assert!(soon(|| !alive(word)), "{word}");
    }
}
