//! These tests cover programs as item functions through the real binary: what they are sent, what becomes of their answers,
//! and what those cost that hang, die, or write what is no answer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::processes::{alive, soon};
use crate::project::{Project, Ran};

/// A program that does with each item what the item says.
const WORKER: &str = r#"import json, os, subprocess, sys, time

def say(**answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()

for line in sys.stdin:
    request = json.loads(line)
    id, item = request["id"], request["item"]
    do = item.get("do", "ok") if isinstance(item, dict) else "ok"
    if do == "ok":
        say(id=id, value=item)
    elif do == "request":
        say(id=id, value=request)
    elif do == "keys":
        say(id=id, value={"z": 1, "b": {"y": 1, "x": 2.50}, "do": "keys", "a": [1.0, 1e5]})
    elif do == "answer":
        say(id=id, **item["answer"])
    elif do == "where":
        names = sorted(name for name in os.environ if name not in ("LC_CTYPE", "__CF_USER_TEXT_ENCODING"))
        say(id=id, value={"cwd": os.path.basename(os.getcwd()), "env": names, "token": os.environ.get("TOKEN")})
    elif do == "log":
        sys.stderr.write("about to work on %s\n" % item["n"])
        sys.stderr.flush()
        say(id=id, value=1, log=["worked"])
    elif do == "leak":
        sys.stderr.write("the token is " + os.environ["TOKEN"] + "\n")
        sys.stderr.flush()
        say(id=id, error={"message": "refused " + os.environ["TOKEN"]})
    elif do == "hang":
        time.sleep(600)
    elif do == "deaf":
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
    elif do == "die":
        sys.stderr.write("Traceback\nValueError: bad\n")
        sys.stderr.flush()
        os._exit(3)
    elif do == "killed":
        os.kill(os.getpid(), 9)
    elif do == "half":
        sys.stdout.write('{"id":')
        sys.stdout.flush()
        os._exit(0)
    elif do == "write":
        sys.stdout.write(item["text"] + "\n")
        sys.stdout.flush()
        time.sleep(600)
    elif do == "twice":
        sys.stdout.write(2 * (json.dumps({"id": id, "value": 1}) + "\n"))
        sys.stdout.flush()
        time.sleep(600)
    elif do == "endless":
        while True:
            sys.stdout.write("x" * 1000000)
    elif do == "close output":
        os.close(1)
        time.sleep(600)
    elif do == "close input":
        os.close(0)
        time.sleep(600)
    elif do == "fork":
        subprocess.Popen(["sleep", "633"])
        say(id=id, value=1)
        os._exit(0)
"#;

/// A pipeline that maps these items with the program under this policy; `out.jsonl` and `failed.jsonl` are what becomes of them.
fn project(policy: &str, items: &[Value]) -> Project {
    let lines = items.iter().map(|item| format!("{item}\n")).collect::<Vec<_>>().concat();
    let secrets = if policy.contains("secret") { "secrets:\n  token: { env: TEST_TOKEN }\n" } else { "" };
    Project::with(&format!(
        "{secrets}steps:\n  docs:\n    read: items.jsonl\n  work:\n    from: docs\n    map:\n      \
         {policy}\n      min_success_ratio: 0\n  save:\n    from: work\n    write: out.jsonl\n  lost:\n    from: work.failed\n    \
         write: failed.jsonl\n"
    ))
    .file("items.jsonl", lines)
    .file("worker.py", WORKER)
}

const PLAIN: &str = "program: [python3, worker.py]";

fn rows(project: &Project, file: &str) -> Vec<Value> {
    project.read(file).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn run(project: &Project, args: &[&str]) -> Ran {
    let all = [&["pipeline.yaml"], args].concat();
    let output = project.command(&all).env("TEST_TOKEN", "swordfish-42").output().expect("it runs");
    output.into()
}

/// Kind, message and attempts of each failed item, by its place.
fn failures(project: &Project) -> Vec<(u64, String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let failure = |row: &Value| {
        let error = &row["error"];
        (
            row["index"].as_u64().unwrap_or(0),
            text(&error["kind"]),
            text(&error["message"]),
            row["attempts"].as_u64().unwrap_or(0),
        )
    };
    rows(project, "failed.jsonl").iter().map(failure).collect()
}

#[test]
fn a_program_is_sent_all_that_a_function_knows() {
    let project = project(
        &format!("{PLAIN}\n      key: item.n\n      retries: 2\n      concurrency: 1"),
        &[json!({"n": 7}), json!({"do": "request", "n": 8})],
    );
    run(&project, &[]).ok();
    let rows = rows(&project, "out.jsonl");
    assert_eq!(rows[0], json!({"n": 7}));
    let mut request = rows[1].clone();
    let run = request["ctx"]["run"].take();
    assert!(run.as_str().is_some_and(|run| run.len() > 6), "{run}");
    let ctx = json!({"step": "work", "run": null, "key": "8", "attempt": 1, "max_attempts": 3, "worker": 1});
    assert_eq!(request, json!({"id": 2, "item": {"do": "request", "n": 8}, "index": 2, "ctx": ctx}));
}

#[test]
fn results_are_written_as_all_results_are() {
    let project = project(PLAIN, &[json!({"a": 0, "do": "keys", "b": {"x": 1}})]);
    run(&project, &[]).ok();
    assert_eq!(
        project.read("out.jsonl"),
        "{\"a\":[1.0,100000.0],\"do\":\"keys\",\"b\":{\"x\":2.5,\"y\":1},\"z\":1}\n"
    );
}

#[test]
fn answers_come_to_what_they_say() {
    let answer = |answer: Value| json!({"do": "answer", "answer": answer});
    let items = [
        answer(json!({"value": null})),
        answer(json!({"skip": "not wanted"})),
        answer(
            json!({"error": {"message": "no such thing", "retryable": false, "fields": {"code": 7}, "traceback": "a\nb"}}),
        ),
        answer(json!({"error": {"message": "busy"}})),
        answer(json!({"error": {"message": "later", "after": 0.01}})),
        answer(json!({"values": [1]})),
    ];
    let project = project(
        &format!("{PLAIN}\n      retries: {{ max: 1, delay: 1ms, when: \"err.message ~= 'busy'\" }}"),
        &items,
    );
    let summary = project.json(&["--set", "work.min_success_ratio=0"]);
    assert_eq!(summary.counts("work"), [1, 4, 1, 0]);
    let expect = [
        (3, "error", "no such thing", 1),
        (4, "error", "busy", 1),
        (5, "error", "later", 2),
        (6, "result", "only a flat_map answers with `values`", 1),
    ];
    let expect: Vec<_> = expect
        .map(|(at, kind, message, attempts)| (at, kind.to_owned(), message.to_owned(), attempts))
        .into();
    assert_eq!(failures(&project), expect);
    let error = &rows(&project, "failed.jsonl")[0]["error"];
    assert_eq!((&error["traceback"], &error["fields"]), (&json!("a\nb"), &json!({"code": 7})), "{error}");
}

#[test]
fn a_filter_and_a_flat_map_have_their_own_answers() {
    let program = "import json, sys\nfor line in sys.stdin:\n    r = json.loads(line)\n    n = r['item']['n']\n    \
                   a = {'values': [n] * n} if r['ctx']['step'] == 'many' else {'value': n % 2 == 0 if n < 5 else n}\n    \
                   print(json.dumps({'id': r['id'], **a}), flush=True)\n";
    let project = Project::with(
        "steps:\n  docs: { read: items.jsonl }\n  even: { from: docs, filter: { program: [python3, p.py], min_success_ratio: 0 } }\n  \
         many: { from: even, flat_map: { program: [python3, p.py], lanes: 3 } }\n  save: { from: many, write: out.jsonl }\n  \
         lost: { from: even.failed, write: failed.jsonl }\n",
    )
    .file("p.py", program)
    .file("items.jsonl", "{\"n\": 1}\n{\"n\": 2}\n{\"n\": 3}\n{\"n\": 4}\n{\"n\":5}\n");
    run(&project, &[]).ok();
    assert_eq!(project.read("out.jsonl"), "2\n2\n4\n4\n4\n4\n");
    let expect = "a filter answers with a `value` that is true or false".to_owned();
    assert_eq!(failures(&project), [(5, "result".to_owned(), expect, 1)]);
}

#[test]
fn what_goes_wrong_in_a_process_costs_as_little_as_can_be_told() {
    let died = |how: &str| format!("`python3 worker.py` {how}");
    let cases = [
        (json!({"do": "die"}), died("ended with exit code 3: ValueError: bad")),
        (json!({"do": "killed"}), died("was ended by signal 9")),
        (json!({"do": "half"}), died("ended with exit code 0 in the middle of a line")),
        (json!({"do": "close output"}), died("closed its standard output and was ended")),
        (
            json!({"do": "write", "text": "hello"}),
            died(
                "wrote a line that is no answer, because it is no JSON (expected a value, found `h` at byte 1): `hello`; what is not meant as an answer belongs to standard error",
            ),
        ),
        (
            json!({"do": "write", "text": "{\"id\":99,\"value\":1}"}),
            died(
                "wrote a line that is no answer, because no item is in flight under id 99: `{\"id\":99,\"value\":1}`; what is not meant as an answer belongs to standard error",
            ),
        ),
        (json!({"do": "endless"}), died("wrote more than 64 MiB without a line end")),
    ];
    for (bad, message) in cases {
        let items = [json!({"n": 1}), bad.clone(), json!({"n": 3}), json!({"n": 4})];
        let project = project(&format!("{PLAIN}\n      concurrency: 1"), &items);
        let summary = project.json(&[]);
        assert_eq!(summary.counts("work"), [3, 1, 0, 0], "{bad}");
        assert_eq!(failures(&project), [(2, "program".to_owned(), message, 1)], "{bad}");
    }
}

#[test]
fn an_item_that_is_answered_twice_fails_those_that_are_in_flight_then() {
    let project = project(
        &format!("{PLAIN}\n      lanes: 2\n      concurrency: 2"),
        &[json!({"do": "twice"}), json!({"n": 2}), json!({"n": 3})],
    );
    assert_eq!(project.json(&[]).counts("work"), [2, 1, 0, 0]);
    let (at, kind, message, _) = failures(&project).remove(0);
    assert_eq!((at, kind.as_str()), (2, "program"));
    assert!(message.contains("because no item is in flight under id 1"), "{message}");
}

#[test]
fn an_item_that_is_answered_twice_when_no_other_is_in_flight_is_told() {
    let project = project(PLAIN, &[json!({"do": "twice"}), json!({"n": 2}), json!({"n": 3})]);
    let summary = project.json(&[]);
    let said = ["no item is in flight under id 1", "; it is started again"];
    let told = said.iter().all(|part| summary.stderr.contains(part));
    // The second answer may come when the next item is on its way already.
    let failed = summary.counts("work")[1];
    assert!(told || failed == 1, "{failed} failed: {}", summary.stderr);
}

#[test]
fn of_several_items_in_a_process_that_dies_only_the_one_fails() {
    let item = |n: u64| if n == 20 { json!({"do": "die", "n": n}) } else { json!({"n": n}) };
    let items: Vec<Value> = (0..40).map(item).collect();
    let project = project(&format!("{PLAIN}\n      lanes: 8\n      concurrency: 16"), &items);
    assert_eq!(project.json(&[]).counts("work"), [39, 1, 0, 0]);
    assert_eq!(failures(&project)[0].0, 21);
    let kept: Vec<u64> = rows(&project, "out.jsonl").iter().filter_map(|row| row["n"].as_u64()).collect();
    assert_eq!(kept, (0..40).filter(|n| *n != 20).collect::<Vec<_>>());
}

#[test]
fn a_timeout_ends_the_process_and_fails_the_one_item() {
    for doing in ["hang", "deaf", "close input"] {
        let item = |n: u64| if n % 10 == 9 { json!({"do": doing, "n": n}) } else { json!({"n": n}) };
        let items: Vec<Value> = (0..30).map(item).collect();
        let project =
            project(&format!("{PLAIN}\n      lanes: 2\n      concurrency: 4\n      timeout: 500ms"), &items);
        assert_eq!(project.json(&[]).counts("work"), [27, 3, 0, 0], "{doing}");
        for (at, kind, message, attempts) in failures(&project) {
            let is_closed = message.contains("closed its standard input");
            assert!(
                at % 10 == 0
                    && attempts == 1
                    && (kind == "timeout" && message == "timeout after 500ms" || is_closed),
                "{at} {kind} {message}"
            );
        }
    }
}

#[test]
fn a_program_that_takes_long_to_start_loses_no_item_to_the_timeout() {
    let slow = format!("import time\ntime.sleep(1.5)\nprint('{{\"ready\": true}}', flush=True)\n{WORKER}");
    let project = project(
        "program: [python3, slow.py]\n      timeout: 700ms\n      lanes: 4",
        &[json!({"n": 1}), json!({"n": 2}), json!({"do": "hang"})],
    )
    .file("slow.py", slow);
    assert_eq!(project.json(&[]).counts("work"), [2, 1, 0, 0]);
    assert_eq!(failures(&project)[0].1, "timeout");
}

#[test]
fn a_program_that_is_never_ready_or_always_dies_stops_the_step() {
    for (program, said) in [
        ("import time; time.sleep(600)", "it said nothing within 100ms of its start (`ready`)"),
        ("import nothing_like_this", "No module named 'nothing_like_this'"),
        ("print('Loading the model'); input()", "`Loading the model`"),
    ] {
        let items: Vec<Value> = (0..200).map(|n| json!({ "n": n })).collect();
        let ready = if program.contains("sleep") { "100ms" } else { "30s" };
        let project = project(
            &format!("program: {{ run: [python3, -u, p.py], ready: {ready} }}\n      concurrency: 2"),
            &items,
        )
        .file("p.py", program);
        let summary = project.json(&[]);
        let step = summary.step("work");
        assert_eq!(
            (&step["status"], &step["reason"]),
            (&json!("failed"), &json!("program")),
            "{program}: {step}"
        );
        let [done, failed, skipped, cancelled] = summary.counts("work");
        assert!(
            done == 0 && skipped == 0 && (1..=4).contains(&failed) && cancelled >= 196,
            "{failed} failed, {cancelled} cancelled"
        );
        let messages: Vec<String> = failures(&project).into_iter().map(|failure| failure.2).collect();
        assert!(messages.iter().all(|message| message.contains(said)), "{program}: {messages:?}");
    }
}

#[test]
fn why_a_program_dies_is_said_where_all_its_items_were_to_be_tried_again() {
    let items: Vec<Value> = (0..20).map(|n| json!({ "n": n })).collect();
    let project = project("program: [python3, p.py]\n      retries: { max: 5, delay: 1m }", &items)
        .file("p.py", "import nothing_like_this");
    let ran = project.run(&["pipeline.yaml", "-q"]);
    let said = "No module named 'nothing_like_this'";
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("last error in work: ") && ran.stderr.contains(said), "{}", ran.stderr);
    let shown = project.run(&["show"]).ok().stdout;
    assert!(shown.contains("last error: ") && shown.contains(said), "{shown}");
}

#[test]
fn a_program_that_answers_between_its_deaths_is_started_again_and_again() {
    let items: Vec<Value> = (0..20).map(|n| json!({"do": if n % 2 == 1 { "die" } else { "ok" }})).collect();
    let project = project(&format!("{PLAIN}\n      concurrency: 1"), &items);
    assert_eq!(project.json(&[]).counts("work"), [10, 10, 0, 0]);
}

#[test]
fn a_program_gets_its_folder_its_variables_and_nothing_else_of_ours() {
    let policy =
        "program: { run: [python3, ../worker.py], cwd: sub, env: { TOKEN: { secret: token }, LEVEL: 3 } }";
    let project = project(policy, &[json!({"do": "where"})]).file("sub/x", "");
    run(&project, &[]).ok();
    let row = &rows(&project, "out.jsonl")[0];
    assert_eq!((&row["cwd"], &row["token"]), (&json!("sub"), &json!("swordfish-42")));
    // What starts Python may add variables of its own.
    let names: Vec<&str> = row["env"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    assert!(["LEVEL", "PATH", "TOKEN"].iter().all(|name| names.contains(name)), "{names:?}");
    assert!(!names.contains(&"TEST_TOKEN"), "{names:?}");
}

#[test]
fn what_a_program_says_goes_to_the_log_of_its_item_without_secrets() {
    let policy =
        "program: { run: [python3, worker.py], env: { TOKEN: { secret: token } } }\n      concurrency: 1";
    let project = project(policy, &[json!({"do": "log", "n": 1}), json!({"do": "leak", "n": 2})]);
    let ran = run(&project, &["--events", "events.jsonl", "-v"]);
    let events: Vec<Value> = rows(&project, "events.jsonl");
    let of_step = |event: &&Value| event["event"] == "log" && event["index"].is_null();
    let starts: Vec<&Value> = events.iter().filter(of_step).map(|event| &event["message"]).collect();
    assert_eq!(starts[0], "process 1 of `python3 worker.py` is started", "{starts:?}");
    assert_eq!(starts[1], "process 1 of `python3 worker.py` has ended", "{starts:?}");
    let said: Vec<(u64, String)> = events
        .iter()
        .filter(|event| event["event"] == "log" && event["index"].is_u64())
        .map(|event| {
            (event["index"].as_u64().unwrap_or(0), event["message"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let expect = [(1, "about to work on 1"), (1, "worked"), (2, "the token is ***")];
    assert_eq!(said, expect.map(|(at, text)| (at, text.to_owned())), "{}", ran.stderr);
    assert_eq!(failures(&project)[0].2, "refused ***");
    let all = project.read("failed.jsonl") + &project.read("events.jsonl") + &ran.stderr;
    assert!(!all.contains("swordfish"), "{all}");
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    let project = project(&format!("{PLAIN}\n      concurrency: 1"), &[json!({"do": "fork"})]);
    assert_eq!(project.json(&[]).counts("work"), [1, 0, 0, 0]);
    assert!(!alive("633"));
}

#[test]
fn nothing_of_a_program_is_left_when_flowrun_is_killed() {
    let worker = WORKER.replace("600", "644.5");
    let project = project(
        "program: [python3, worker.py, word-of-the-killed]\n      lanes: 2\n      concurrency: 4",
        &[json!({"do": "hang"}), json!({"do": "hang"})],
    )
    .file("worker.py", worker);
    let mut child =
        project.command(&["pipeline.yaml"]).env("TEST_TOKEN", "swordfish-42").spawn().expect("it runs");
    assert!(soon(|| alive("word-of-the-killed")));
    child.kill().expect("ours");
    child.wait().expect("ours");
    let begun = Instant::now();
    assert!(soon(|| !alive("word-of-the-killed")) && begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn trials_run_a_program_only_when_they_may_have_effects() {
    let project = project(PLAIN, &[json!({"n": 1})]);
    let preview = |args: &[&str]| {
        let all = [&["preview", "pipeline.yaml", "work"], args].concat();
        let output = project.command(&all).env("TEST_TOKEN", "swordfish-42").output().expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let without = preview(&[]);
    // It is broken into lines.
    let words: String = without.split_whitespace().collect();
    assert!(words.contains("running`python3worker.py`isn"), "{without}");
    let with = preview(&["--allow-effects"]);
    assert!(with.contains("\"n\"") && !with.contains("not carried out"), "{with}");
}

#[test]
fn a_trial_starts_a_program_once_for_all_its_items() {
    let program = "import json, os, sys\nopen('starts', 'a').write('x')\nfor line in sys.stdin:\n    r = json.loads(line)\n    \
                   print(json.dumps({'id': r['id'], 'value': r['item']}), flush=True)\n";
    let project = Project::with(
        "steps:\n  docs: { items: [1, 2, 3, 4, 5, 6] }\n  work:\n    from: docs\n    map: { program: [python3, p.py], lanes: 4, concurrency: 8 }\n  \
         save: { from: work, write: out.jsonl }\ntests:\n  - { name: many, step: work, items: [1, 2, 3], expect: [1, 2, 3] }\n",
    )
    .file("p.py", program);
    let ran = project.run(&["preview", "pipeline.yaml", "work", "--items", "5", "--allow-effects"]).ok();
    assert_eq!(project.read("starts"), "x");
    let last = ran.stdout.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("5 items in ") && last.ends_with(", the program's start included"),
        "{}",
        ran.stdout
    );
    let heads: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with("item ")).collect();
    assert_eq!(heads, ["item 1", "item 2", "item 3", "item 4", "item 5"]);
    project.run(&["test", "pipeline.yaml", "--allow-effects"]).ok();
    assert_eq!(project.read("starts"), "xx");
}

#[test]
fn a_script_that_has_changed_redoes_the_step() {
    let project = project(&format!("{PLAIN}\n      cache: true"), &[json!({"n": 1})]);
    run(&project, &[]).ok();
    let reused = |project: &Project| {
        let summary = project.json(&[]);
        summary.step("work")["reuse"]["cached"].as_u64().or_else(|| summary.step("work")["cached"].as_u64())
    };
    let before = reused(&project);
    let project = project.file("worker.py", WORKER.replace("value=item)", "value=[item])"));
    project.json(&[]);
    assert_eq!(project.read("out.jsonl"), "[{\"n\":1}]\n", "{before:?}");
}

#[test]
fn an_interrupt_ends_a_program_that_does_not_end() {
    let project = project(
        "program: [python3, worker.py, word-of-the-stopped]\n      concurrency: 2",
        &[json!({"n": 1}), json!({"do": "hang"}), json!({"n": 3})],
    );
    let mut child =
        project.command(&["pipeline.yaml"]).env("TEST_TOKEN", "x-y-z-swordfish").spawn().expect("it runs");
    assert!(soon(|| alive("word-of-the-stopped")));
    std::thread::sleep(Duration::from_millis(300));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("ours");
    std::thread::sleep(Duration::from_millis(300));
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("ours");
    let begun = Instant::now();
    let status = child.wait().expect("ours");
    assert!(begun.elapsed() < Duration::from_secs(5), "it took {:?}", begun.elapsed());
    assert_ne!(status.code(), Some(0));
    assert!(!alive("word-of-the-stopped"));
}

#[test]
fn a_program_can_be_tried_without_a_pipeline() {
    let python = |lines: &str| format!("import json, sys\n{lines}\n");
    let good = "for line in sys.stdin:\n    r = json.loads(line)\n    print(json.dumps({'id': r['id'], 'value': r['item']}), flush=True)";
    let buffered = good.replace(", flush=True", "");
    let banner = format!("print('Loading', flush=True)\n{good}");
    let fragile = good.replace("'value': r['item']", "'value': r['item']['text']");
    let deaf = format!("{good}\nimport time\ntime.sleep(600)");
    for (program, code, said) in [
        (good, 0, "ok     16 items at once             16 answered"),
        (good, 0, "ok     the end of its input         it ended"),
        (&buffered, 1, "no answer to 1 of the items within 2s; is standard output flushed after each line?"),
        (
            &banner,
            1,
            "it wrote a line that is no answer, because it is no JSON (expected a value, found `L` at byte 1): `Loading`",
        ),
        (&fragile, 1, "wrong  the item null                it ended with exit code 1 before it had answered"),
        (&deaf, 1, "wrong  the end of its input         it did not end within 5s"),
    ] {
        let project = Project::new().file("p.py", python(program));
        // A program that says nothing may take the time of a start.
        let args = ["program-check", "--timeout", "300ms", "--ready", "2s", "--", "python3", "p.py"];
        let ran = project.run(&args);
        assert_eq!(ran.code, code, "{program}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(said), "{program}: {}", ran.stdout);
    }
    let project = Project::new();
    let ran = project.run(&["program-check", "--", "no-such-program-7"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("there is no program `no-such-program-7` on the search path"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_trial_of_a_program_shows_answers_to_own_items_and_what_it_says_when_it_fails() {
    let program = "import json, os, sys
key = os.environ['SERVICE_KEY']
for line in sys.stdin:
    r = json.loads(line)
    item = r['item']
    if item == 'bad':
        sys.stderr.write('looked at it\\nValueError: bad item')
        sys.exit(3)
    answer = {'error': {'message': 'KeyError: text'}} if item == 'odd' else {'skip': 'too short'} if item == 'short' else {'value': [key, item]}
    print(json.dumps({'id': r['id'], **answer}), flush=True)
";
    let project = Project::new().file("p.py", program);
    let trial = |args: &[&str], set: Option<&str>| -> Ran {
        let all = [&["program-check"], args, &["--", "python3", "p.py"]].concat();
        let mut command = project.command(&all);
        command.env_remove("SERVICE_KEY").envs(set.map(|value| ("SERVICE_KEY", value)));
        command.output().expect("it runs").into()
    };
    let items = [
        "--item",
        "{\"a\":1}",
        "--item",
        "\"odd\"",
        "--item",
        "\"short\"",
        "--item",
        "\"bad\"",
        "--item",
        "\"bad\"",
    ];
    let ran = trial(&[&["--env", "SERVICE_KEY=k7"], &items[..]].concat(), None);
    let expect = "ok     your item 1                  [\"k7\", {\"a\": 1}]
ok     your item 2                  failed, as it says: KeyError: text
ok     your item 3                  skipped: too short
wrong  your item 4                  it ended with exit code 3 before it had answered
       | looked at it
       | ValueError: bad item
wrong  your item 5                  it ended with exit code 3 before it had answered
ok     an item                      1 answered
";
    assert!(ran.code == 1 && ran.stdout.starts_with(expect), "{}{}", ran.stdout, ran.stderr);
    let ran = trial(&["--env", "SERVICE_KEY", "--item", "1"], Some("k8")).ok();
    assert!(ran.stdout.starts_with("ok     your item 1                  [\"k8\", 1]\n"), "{}", ran.stdout);
    let ran = trial(&["--env", "SERVICE_KEY"], None);
    assert!(ran.code == 2 && ran.stderr.contains("`SERVICE_KEY=VALUE`"), "{}", ran.stderr);
    let ran = trial(&[], Some("k9"));
    let hint = "`SERVICE_KEY` is set here and not handed on to programs: give it with `--env SERVICE_KEY`";
    assert!(ran.stdout.lines().next().is_some_and(|line| line.contains(hint)), "{}", ran.stdout);
    assert_eq!(ran.stdout.matches("Traceback").count(), 1, "{}", ran.stdout);
}

#[test]
fn a_variable_that_a_program_misses_and_that_is_set_here_is_named() {
    let program = "import os\nos.environ['SERVICE_KEY']\n";
    let pipeline = |env: &str| {
        format!(
            "steps:\n  docs: {{ items: [1] }}\n  work: {{ from: docs, map: {{ program: {{ run: [python3, p.py]{env} }} }} }}\n  save: {{ from: work, write: out.jsonl }}\n"
        )
    };
    let run = |env: &str, set: &str| {
        let project = Project::with(&pipeline(env)).file("p.py", program);
        let output = project.command(&["pipeline.yaml"]).env(set, "a-value-7").output().expect("it runs");
        let ran = Ran::from(output);
        assert!(ran.code == 1 && !ran.stderr.contains("a-value-7"), "{}", ran.stderr);
        ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let hint = "KeyError: 'SERVICE_KEY'; `SERVICE_KEY` is set here and not handed on: name it under `env` of the program";
    let said = run("", "SERVICE_KEY");
    assert!(said.contains(hint), "{said}");
    for (env, set) in [(", env: {OTHER: 1}", "ANOTHER_KEY"), ("", "SERVICE_KEYS")] {
        let said = run(env, set);
        assert!(!said.contains("is set here") && said.contains("`HOME`, `LANG` and `env` only"), "{said}");
    }
}

#[test]
fn a_program_that_cannot_be_started_again_is_named() {
    let script = "#!/bin/sh\nrm \"$0\"\nread line\necho '{\"id\":1,\"value\":1}'\nread line\nexit 3\n";
    let project = Project::with(
        "steps:\n  docs: { items: [1, 2, 3] }\n  work: { from: docs, map: { program: [./work.sh], concurrency: 1 } }\n  \
         save: { from: work, write: out.jsonl }\n  lost: { from: work.failed, write: failed.jsonl }\n",
    )
    .file("work.sh", script);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(project.path("work.sh"), mode).expect("ours");
    let ran = project.run(&["pipeline.yaml"]);
    let why = "`./work.sh` cannot be started: there is no program `./work.sh`: no file that can be run";
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(ran.code == 1 && said.contains(why), "{said}");
    let shown = project.run(&["show", "latest"]).ok();
    assert!(shown.stdout.contains(why), "{}", shown.stdout);
}

#[test]
fn an_argument_of_a_program_may_be_empty() {
    let program = "import json, sys\nfor line in sys.stdin:\n    r = json.loads(line)\n    print(json.dumps({'id': r['id'], 'value': sys.argv[1:]}), flush=True)\n";
    let pipeline = |words: &str| {
        Project::with(&format!(
            "steps:\n  docs: {{ items: [1] }}\n  work: {{ from: docs, map: {{ program: {words} }} }}\n  save: {{ from: work, write: out.jsonl }}\n"
        ))
        .file("p.py", program)
    };
    let project = pipeline("[python3, p.py, '', x]");
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "[\"\",\"x\"]\n");
    let ran = pipeline("['', p.py]").run(&["check", "pipeline.yaml"]);
    assert!(ran.code != 0 && ran.stderr.contains("no program is named"), "{}", ran.stderr);
}

#[test]
fn a_program_is_told_how_the_attempt_before_failed() {
    let program = "import json, sys\nfor line in sys.stdin:\n    r = json.loads(line)\n    last = r['ctx'].get('last')\n    \
                   a = {'value': last} if last else {'error': {'message': 'not yet', 'fields': {'why': [1]}}}\n    \
                   print(json.dumps({'id': r['id'], **a}), flush=True)\n";
    let project = project("program: [python3, p.py]\n      retries: { max: 1, delay: 1ms }", &[json!(1)])
        .file("p.py", program);
    run(&project, &[]).ok();
    let expect = json!({"kind": "error", "message": "not yet", "fields": {"why": [1]}});
    assert_eq!(rows(&project, "out.jsonl"), [expect]);
}

#[test]
fn a_program_that_ends_well_after_each_item_loses_none() {
    let program = "import json, sys\nr = json.loads(sys.stdin.readline())\nprint(json.dumps({'id': r['id'], 'value': r['item']}), flush=True)\n";
    let items: Vec<Value> = (0..12).map(|n| json!({ "n": n })).collect();
    let project = project("program: [python3, p.py]\n      concurrency: 2", &items).file("p.py", program);
    assert_eq!(project.json(&[]).counts("work"), [12, 0, 0, 0]);
}

#[test]
fn what_cannot_be_kept_fails_its_item_alone() {
    let program = "import json, sys\nfor line in sys.stdin:\n    r = json.loads(line)\n    \
                   print('{\"id\":%d,\"value\":%s}' % (r['id'], r['item']['say']), flush=True)\n";
    let said = ["1", "NaN", "\"\\ud83d\"", "2", "1e999", "3"];
    let items: Vec<Value> = said.iter().map(|say| json!({ "say": say })).collect();
    let project = project("program: [python3, p.py]\n      lanes: 6\n      concurrency: 6", &items)
        .file("p.py", program);
    assert_eq!(project.json(&[]).counts("work"), [3, 3, 0, 0]);
    let failures = failures(&project);
    assert!(failures.iter().all(|(_, kind, ..)| kind == "result"), "{failures:?}");
    assert!(failures[0].2.contains("JSON has no NaN"), "{failures:?}");
}

#[test]
fn a_changed_secret_redoes_the_step_and_half_of_one_is_shown_nowhere() {
    let program = "import json, os, sys\nfor line in sys.stdin:\n    r = json.loads(line)\n    \
                   if r['item']['do'] == 'leak':\n        print('x' * 190 + os.environ['T'], flush=True)\n        continue\n    \
                   print(json.dumps({'id': r['id'], 'value': len(os.environ['T'])}), flush=True)\n";
    let policy =
        "program: { run: [python3, p.py], env: { T: { secret: token } }, restart: 9 }\n      concurrency: 1";
    let project = project(policy, &[json!({"do": "ok"}), json!({"do": "leak"})]).file("p.py", program);
    let with = |args: &[&str], secret: &str| {
        project.command(args).env("TEST_TOKEN", secret).output().expect("it runs")
    };
    with(&["pipeline.yaml", "--events", "events.jsonl"], "hush-hush-swordfish-1");
    assert_eq!(project.read("out.jsonl"), "21\n");
    let all = project.read("failed.jsonl") + &project.read("events.jsonl");
    assert!(!all.contains("hush") && all.contains("***"), "{all}");
    with(&["resume", "latest"], "hush-hush-swordfish-22");
    assert_eq!(project.read("out.jsonl"), "22\n");
}

#[test]
fn a_program_that_says_too_much_is_heard_no_longer() {
    let program = "import json, sys\nfor line in sys.stdin:\n    r = json.loads(line)\n    sys.stderr.write('said\\n' * 30000)\n    \
                   sys.stderr.flush()\n    print(json.dumps({'id': r['id'], 'value': 1}), flush=True)\n";
    let project = project("program: [python3, p.py]", &[json!(1)]).file("p.py", program);
    run(&project, &["--events", "events.jsonl", "-v"]).ok();
    let logged = project.read("events.jsonl").lines().filter(|line| line.contains("\"said\"")).count();
    assert!((1000..=10_000).contains(&logged), "{logged}");
    assert!(project.read("events.jsonl").contains("further log lines were dropped"));
}

#[test]
fn a_secret_that_no_one_declares_is_found_before_the_run() {
    let project = project("program: { run: [cat], env: { TOKEN: { secret: tokn } } }", &[json!(1)]);
    let ran = project.run(&["check", "pipeline.yaml"]);
    assert_eq!(ran.code, 65, "{}", ran.stderr);
    let said = ran.stdout + &ran.stderr;
    assert!(said.contains("secret `tokn` is not declared"), "{said}");
}
