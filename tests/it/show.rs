//! These tests cover `flowrun show`, `runs` and `cache`: what is said of kept runs. The runs are made by hand, through
//! the store, so that every counter, attempt and log line is known.

use std::path::Path;
use std::time::Duration;

use flowrun::event::{FailureKind, LogLevel, Place, RunStatus, StepResult, StepStatus, Tally};
use flowrun::store::{
    ChunkEndings, Committer, Digest, Ending, FailedItem, ItemEnding, LinesPerItem, LogEntry, RetriedItem,
    RunDir, RunInfo, StepSpec,
};
use serde_json::{Value, json};

use crate::processes::soon;
use crate::project::Project;
use crate::server::{Reply, Server};

fn result(succeeded: u64, failed: u64, skipped: u64, retried: u64) -> StepResult {
    let tally = Tally { succeeded, failed, skipped, retried, cancelled: 0 };
    let status = if failed > 0 { StepStatus::Failed } else { StepStatus::Succeeded };
    StepResult {
        total: tally.ended(),
        tally,
        emitted: succeeded,
        reason: (failed > 0).then(|| "2 of 4 items succeeded, 4 needed".to_owned()),
        ..StepResult::without_items(status, "", Duration::from_millis(1500))
    }
}

fn failed(item: &str) -> Ending {
    let place = Place { file: "p.yaml".into(), line: 14, column: Some(22), source: Some("boom()".into()) };
    Ending::Failed(Box::new(FailedItem {
        kind: FailureKind::Error,
        message: "attempt to index nil".into(),
        place: Some(place),
        traceback: "p.yaml:14\np.yaml:15".into(),
        fields: None,
        item: item.to_owned(),
        attempts: 2,
        history: r#"[{"kind":"timeout","message":"timeout after 1s","duration":1.0},{"kind":"error","message":"attempt to index nil","duration":0.5}]"#.into(),
        duration: Duration::from_millis(1510),
        permanent: false,
    }))
}

/// Five items of `clean`: 1 and 3 succeeded, 2 and 4 failed, 5 was skipped.
fn begin(state: &Path, id: &str, parent: Option<&str>) -> Committer {
    let steps = [("docs".into(), "read"), ("clean".into(), "map"), ("save".into(), "write")];
    let info = RunInfo {
        id,
        pipeline: "clean-docs",
        file: Path::new("/somewhere/p.yaml"),
        text: "steps: {}\n",
        files: &[],
        params: "{}",
        seed: 7,
        parent,
        flowrun: "0.1.0",
        language: 1,
        steps: &steps,
    };
    Committer::start(RunDir::create(state, &info).expect("room")).expect("a thread")
}

fn finish(committer: Committer, status: RunStatus) {
    let spec = StepSpec {
        name: "clean".into(),
        verb: "map",
        shape: LinesPerItem::One,
        keyed: false,
        fingerprint: Vec::new(),
        cache: None,
    };
    let journal = committer.step(spec).expect("room");
    let items = ["{\"id\":1}", "{\"id\":2}", "{\"id\":3}", "{\"id\":4}", "{\"id\":5}"];
    let batch = ChunkEndings {
        first: 1,
        contents: items.iter().map(|item| Digest::of(item.as_bytes())).collect(),
        out: b"{\"v\":\"a,b\"}\n\"x\"\n".to_vec(),
        ends: vec![
            ItemEnding { at: 1, how: failed(items[1]) },
            ItemEnding { at: 3, how: failed(items[3]) },
            ItemEnding { at: 4, how: Ending::Skipped(Some("empty".to_owned())) },
        ],
        ..ChunkEndings::default()
    };
    journal.push(batch).expect("room");
    let retried =
        |index| RetriedItem { index, attempt: 1, kind: FailureKind::Timeout, message: "timeout".into() };
    for index in [2, 4] {
        journal.retried(retried(index)).expect("room");
    }
    let line = LogEntry {
        index: 2,
        level: LogLevel::Info,
        message: "begun".to_owned(),
        fields: Some("{\"a\":1}".to_owned()),
    };
    journal.logs(vec![line]).expect("room");
    journal.finish(&result(2, 2, 1, 2)).expect("room");
    committer.end_step("docs", &result(5, 0, 0, 0)).expect("room");
    committer.finish(status, Duration::from_secs(2), None).expect("room");
}

fn kept(runs: &[(&str, Option<&str>, RunStatus)]) -> Project {
    let project = Project::new();
    for (id, parent, status) in runs {
        finish(begin(&project.path(".flowrun"), id, *parent), *status);
    }
    project
}

fn one() -> Project {
    kept(&[("1xak40007", None, RunStatus::Failed)])
}

fn json_of(project: &Project, args: &[&str]) -> Value {
    let ran = project.run(args).ok();
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
}

#[test]
fn a_run_is_shown_with_counters_reasons_groups_and_the_way_on() {
    let text = one().run(&["show"]).ok().stdout;
    for part in [
        "run 1xak40007 · clean-docs · failed · ",
        "5 items · 2 ok · 1 skipped · 2 failed",
        "2 retried",
        "2 of 4 items succeeded, 4 needed",
        "2 failed in clean:",
        "2 × p.yaml:14:22 attempt to index nil",
        "items 2, 4",
        "flowrun show 1xak40 clean --failed      run them again: flowrun resume 1xak40",
        "write save      pending",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn machines_get_the_counters_under_the_names_of_the_contract() {
    let project = one();
    let run = json_of(&project, &["show", "latest", "--format", "json"]);
    assert_eq!(
        (&run["run"], &run["pipeline"], &run["status"]),
        (&json!("1xak40007"), &json!("clean-docs"), &json!("failed"))
    );
    let expect = json!({
        "id": "clean", "verb": "map", "status": "failed", "reason": "2 of 4 items succeeded, 4 needed", "total": 5,
        "successes": 2, "failures": 2, "skipped": 1, "cancelled": 0, "retried": 2, "success_ratio": 0.5,
        "duration": 1.5, "errors": {"2": "attempt to index nil", "4": "attempt to index nil"},
    });
    assert_eq!(run["steps"][1], expect);
    assert_eq!(json_of(&project, &["show", "1xak", "clean", "--format", "json"]), expect);
    let lines = project.run(&["show", "--format", "jsonl"]).ok().stdout;
    let steps: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((steps.len(), &steps[1]), (3, &expect));
    let table = project.run(&["show", "latest", "clean", "--format", "csv"]).ok().stdout;
    let expect = "id,verb,status,reason,total,successes,failures,skipped,cancelled,retried,success_ratio,duration\n\
                  clean,map,failed,\"2 of 4 items succeeded, 4 needed\",5,2,2,1,0,2,0.5,1.5\n";
    assert_eq!(table, expect);
}

#[test]
fn failures_are_shown_with_all_that_is_known_of_them() {
    let project = one();
    let text = project.run(&["show", "1xak40007", "clean", "--failed"]).ok().stdout;
    for part in [
        "2 failed in clean:",
        "clean item 2 · error · 2 attempts · 1.51s",
        "p.yaml:14:22 attempt to index nil",
        "14 | boom()",
        "item       {\"id\":2}",
        "attempt 1  timeout after 1.000s: timeout after 1s",
        "traceback  p.yaml:14",
        "log        info: begun {\"a\":1}",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let all = json_of(&project, &["show", "latest", "--failed", "--format", "json"]);
    assert_eq!(
        all["groups"],
        json!([{"step": "clean", "count": 2, "kind": "error", "message": "attempt to index nil",
            "place": "p.yaml:14:22", "items": [2, 4]}])
    );
    let lines = project.run(&["show", "latest", "--failed", "--format", "jsonl"]).ok().stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(all["failures"], json!(lines));
    let first = &lines[0];
    assert_eq!(
        (&first["index"], &first["item"], &first["attempts"]),
        (&json!(2), &json!({"id": 2}), &json!(2))
    );
    assert_eq!((&first["error"]["kind"], &first["history"][0]["kind"]), (&json!("error"), &json!("timeout")));
    assert_eq!(first["log"], json!([{"level": "info", "message": "begun", "fields": {"a": 1}}]));
    let table = project.run(&["show", "latest", "--failed", "--format", "csv"]).ok().stdout;
    assert_eq!(table.lines().count(), 3);
    assert!(table.contains(",\"{\"\"id\"\":2}\"\n"), "{table}");
}

#[test]
fn an_items_log_is_bounded_and_what_was_left_out_is_said() {
    let pipeline = "steps:
  nums: { items: [1] }
  work:
    from: nums
    map: |
      print('begun', item, nil)
      log.warn('careful', {x = 1})
      for i = 1, 150 do log.info('line ' .. i) end
      error('no')
  save: { from: work, write: out.jsonl }
";
    let project = Project::with(pipeline);
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    let text = project.run(&["show", "--failed"]).ok().stdout;
    for part in [
        "log        info: begun 1 nil",
        "warn: careful {\"x\":1}",
        "line 98",
        "52 log lines of work were not kept",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("line 99"), "{text}");
    let all = json_of(&project, &["show", "--failed", "--format", "json"]);
    assert_eq!(all["failures"][0]["log"].as_array().map(Vec::len), Some(100));
}

#[test]
fn results_are_shown_in_the_order_of_their_items() {
    let project = one();
    let all = json_of(&project, &["show", "latest", "clean", "--results", "--format", "json"]);
    assert_eq!(
        (&all["results"], &all["successful_results"]),
        (&json!([{"v": "a,b"}, "x"]), &json!([{"v": "a,b"}, "x"]))
    );
    let lines = project.run(&["show", "latest", "--results", "--format", "jsonl"]).ok().stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        (&lines[0]["index"], &lines[1]["index"], &lines[1]["value"]),
        (&json!(1), &json!(3), &json!("x"))
    );
    let table = project.run(&["show", "latest", "--results", "--format", "csv"]).ok().stdout;
    assert!(table.ends_with(",\"{\"\"v\"\":\"\"a,b\"\"}\"\n") || table.ends_with(",x\n"), "{table}");
    let refused = project.run(&["show", "latest", "docs", "--results"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("keeps no results of the read step `docs`"), "{}", refused.stderr);
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    let project = one();
    for (args, message, help) in [
        (&["show", "zz"][..], "there is no run `zz`", "flowrun runs"),
        (&["show", "clean"][..], "there is no run `clean`", "flowrun show latest clean"),
        (&["show", "latest", "claen"][..], "has no step `claen`", "did you mean `clean`?"),
    ] {
        let ran = project.run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains(message) && ran.stderr.contains(help), "{}", ran.stderr);
    }
    let nowhere = Project::new().run(&["show"]);
    assert_eq!(nowhere.code, 2);
    assert!(nowhere.stderr.contains("--state-dir"), "{}", nowhere.stderr);
}

#[test]
fn runs_are_found_from_folders_below_and_by_option() {
    let project = one().file("deep/er/x", "");
    let below = crate::project::command_in(&project.path("deep/er"), &["runs"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&below.stdout).contains("1xak40"), "{below:?}");
    let state = project.path(".flowrun");
    let named = Project::new().run(&["runs", "--state-dir", &state.to_string_lossy()]).ok();
    assert!(named.stdout.contains("1xak40"), "{}", named.stdout);
    let shown = Project::new().run(&["show", "--state-dir", &state.to_string_lossy()]).ok();
    let way_on = format!("flowrun resume 1xak40 --state-dir {}", state.display());
    assert!(shown.stdout.contains(&way_on), "{}", shown.stdout);
}

#[test]
fn a_run_that_is_still_going_on_can_be_shown() {
    let project = Project::new();
    let committer = begin(&project.path(".flowrun"), "1xak40007", None);
    let run = json_of(&project, &["show", "--format", "json"]);
    assert_eq!((&run["status"], &run["steps"][0]["status"]), (&json!("running"), &json!("pending")));
    assert!(project.run(&["show"]).ok().stdout.contains("· running ·"));
    let listed = json_of(&project, &["runs", "--status", "running", "--format", "json"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    finish(committer, RunStatus::Failed);
    assert_eq!(json_of(&project, &["show", "--format", "json"])["status"], "failed");
}

#[test]
fn a_step_that_is_running_says_what_went_wrong_in_it_last() {
    let project = Project::new();
    let committer = begin(&project.path(".flowrun"), "1xak40007", None);
    let journal = committer
        .step(StepSpec {
            name: "clean".into(),
            verb: "map",
            shape: LinesPerItem::One,
            keyed: false,
            fingerprint: Vec::new(),
            cache: None,
        })
        .expect("room");
    let last =
        |project: &Project| json_of(project, &["show", "--format", "json"])["steps"][1]["last_error"].clone();
    assert_eq!(last(&project), Value::Null);
    let message = "503 from a.org\nbody";
    journal
        .retried(RetriedItem { index: 7, attempt: 2, kind: FailureKind::Error, message: message.into() })
        .expect("room");
    assert!(soon(|| last(&project)["index"] == 7), "what is retried is committed while it is");
    let mut found = last(&project);
    assert!(found["at"].take().as_str().is_some_and(|at| at.ends_with('Z')));
    let expect =
        json!({ "index": 7, "attempt": 2, "kind": "error", "message": message, "final": false, "at": null });
    assert_eq!(found, expect);
    let text = project.run(&["show"]).ok().stdout;
    let line = text.lines().find(|line| line.contains("last error")).expect("a line below the step");
    assert!(line.ends_with(" ago, tried again: item 7, attempt 2: error: 503 from a.org"), "{text}");
    let items = ChunkEndings {
        first: 1,
        contents: vec![Digest::of(b"{}")],
        ends: vec![ItemEnding { at: 0, how: failed("{}") }],
        ..ChunkEndings::default()
    };
    journal.push(items).expect("room");
    assert!(soon(|| last(&project)["final"] == true));
    assert!(
        project.run(&["show"]).ok().stdout.contains(" ago: item 1, attempt 2: error: attempt to index nil")
    );
    journal.finish(&result(0, 1, 0, 1)).expect("room");
    assert_eq!(last(&project), Value::Null, "the groups say it all");
}

#[test]
fn runs_are_listed_filtered_and_pruned() {
    let project = kept(&[
        ("1xak40007", None, RunStatus::Failed),
        ("1xak41abc", Some("1xak40007"), RunStatus::Succeeded),
        ("1xbbbb000", None, RunStatus::Interrupted),
    ]);
    let table = project.run(&["runs"]).ok().stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 4);
    assert!(lines[0].starts_with("run     status") && lines[1].starts_with("1xbbbb  interrupted"), "{table}");
    assert!(lines[2].ends_with("1xak40"), "{table}");
    let ids = |args: &[&str]| -> Vec<String> {
        let list = json_of(&project, args);
        let list = list.as_array().expect("a list");
        list.iter().map(|run| run["run"].as_str().unwrap_or("").to_owned()).collect()
    };
    assert_eq!(ids(&["runs", "--format", "json"]), ["1xbbbb000", "1xak41abc", "1xak40007"]);
    assert_eq!(ids(&["runs", "--status", "failed", "--format", "json"]), ["1xak40007"]);
    let entry = &json_of(&project, &["runs", "--format", "json"])[1];
    assert!(entry["size"].as_u64() > Some(1000) && entry["resumes"] == "1xak40007", "{entry}");
    assert_eq!(project.run(&["runs", "prune"]).code, 2, "nothing is deleted unasked");
    let dry = project.run(&["runs", "prune", "--keep", "2", "--dry-run"]).ok();
    assert!(
        dry.stdout.starts_with("1xak40007  ") && dry.stderr.contains("would remove 1 run"),
        "{}",
        dry.stderr
    );
    project.run(&["runs", "prune", "--keep", "0", "--older-than", "1d"]).ok();
    assert_eq!(ids(&["runs", "--format", "json"]).len(), 3, "both bounds must allow it");
    project.run(&["runs", "prune", "--keep", "2"]).ok();
    assert_eq!(ids(&["runs", "--format", "json"]), ["1xbbbb000", "1xak41abc"]);
}

#[test]
fn the_cache_is_measured_and_forgotten() {
    let project = one();
    assert!(project.run(&["cache", "stats"]).ok().stdout.starts_with("0 results of 0 functions"));
    assert!(!project.has(".flowrun/cache.db"), "looking makes nothing");
    assert_eq!(json_of(&project, &["cache", "stats", "--format", "json"])["results"], 0);
    assert!(project.run(&["cache", "prune"]).ok().stderr.contains("forgot 0 results"));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let project = one();
    let shell = format!("{} show --failed | head -c 1; exit ${{PIPESTATUS[0]}}", crate::project::binary());
    let status = std::process::Command::new("bash")
        .args(["-c", &shell])
        .current_dir(project.path("."))
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.expect("bash is there").success());
}

/// What the terminal, the report and `show` have in common of a run with failures: all tell of each group, in one way.
fn check_groups(project: &Project, step: &str, groups: &[&str]) {
    let ran = project.run(&["pipeline.yaml", "--report", "r.html"]);
    let shown = project.run(&["show"]).ok().stdout;
    let each = project.run(&["show", "latest", step, "--failed"]).ok().stdout;
    let kept = project.run(&["report", "latest"]).ok().stdout;
    let json = project.run(&["show", "latest", step, "--failed", "--format", "json"]).ok().stdout;
    let json: Value = serde_json::from_str(&json).expect("an object");
    for (at, group) in groups.iter().enumerate() {
        let (count, rest) = group.split_once(" × ").expect("a count");
        let (message, items) = rest.split_once(" | ").expect("items");
        for text in [&ran.stderr, &shown, &each] {
            let line =
                text.lines().find(|line| line.contains(&format!("{count} × ")) && line.contains(message));
            let line = line.unwrap_or_else(|| panic!("{group} is not in\n{text}"));
            assert!(line.ends_with(&format!("   {items}")), "{line}\n{items}");
        }
        // A place stands behind the message there.
        let words = message.split_once(' ').map_or(message, |(_, words)| words).replace('\'', "&#39;");
        for page in [project.read("r.html"), kept.clone()] {
            assert!(page.contains(&words.replace('"', "&quot;")), "{words} is not in the report");
        }
        assert_eq!(json["groups"][at]["count"].to_string(), count.trim());
    }
    assert_eq!(json["groups"].as_array().map(Vec::len), Some(groups.len()), "{json}");
}

#[test]
fn rows_with_one_mistake_are_one_line_with_their_places() {
    let rows: String = (1..=30)
        .map(|row| if row % 3 == 0 { format!("{{\"a\": {row}\n") } else { "{}\n".to_owned() })
        .collect();
    let project = Project::with(
        "steps:\n  docs:\n    read: { path: d.jsonl, min_success_ratio: 0.1 }\n  save:\n    from: docs\n    write: out.jsonl\n",
    )
    .file("d.jsonl", rows);
    check_groups(&project, "docs", &["10 × d.jsonl | items 3, 6, 9 … · lines 3, 6, 9 …"]);
    let project = Project::with(
        "steps:\n  docs:\n    read: { path: '*.csv', columns: { n: integer }, min_success_ratio: 0 }\n  save:\n    from: docs\n    write: out.jsonl\n",
    )
    .file("a.csv", "n\n1\nx1\n")
    .file("b.csv", "n\nelse\n2\n");
    check_groups(&project, "docs", &["2 ×  | items 2, 3 · a.csv:3, b.csv:2"]);
}

#[test]
fn one_answer_to_all_requests_is_one_line() {
    let server = Server::start(|_| Reply::text(401, "no"));
    let project = Project::with(&format!(
        "permissions: {{ net: [\"{0}\"] }}\nsteps:\n  docs: {{ items: {{ lua: 'local t = {{}} for i = 1, 20 do t[i] = i end return t' }} }}\n  \
         work:\n    from: docs\n    map: return http.get('http://{0}/users/' .. item .. '?x=1'):check():json()\n  save: {{ from: work, write: out.jsonl }}\n",
        server.address
    ));
    let message = format!("http://{}/users/… ", server.address);
    check_groups(&project, "work", &[&format!("20 × {} | items 1, 2, 3 …", message.trim())]);
    let shown = project.run(&["show", "latest", "work", "--failed"]).ok().stdout;
    assert_eq!(shown.matches("http.get('http").count(), 1, "the source line, once\n{shown}");
}

/// The last bytes of a segment are what its last commit says of its items, and a checksum.
#[test]
fn failures_that_damage_took_away_are_said_to_be_lost() {
    let project = Project::with(
        "steps:
  src: { items: { lua: 'local l = {} for i = 1, 50 do l[i] = i end return l' } }
  work: { from: src, map: { min_success_ratio: 0, lua: 'if item % 5 == 0 then error(\"no\") end return item' } }
",
    );
    project.run(&["pipeline.yaml"]).ok();
    let runs = std::fs::read_dir(project.path(".flowrun/runs")).expect("a folder");
    let run = runs.map(|entry| entry.expect("readable").path()).next().expect("one");
    for name in ["run.db", "run.db-wal", "run.db-shm"] {
        let _ = std::fs::remove_file(run.join(name));
    }
    let folder = std::fs::read_dir(run.join("steps/work")).expect("a folder");
    let segment = folder.map(|entry| entry.expect("readable").path()).next().expect("one");
    let whole = project.run(&["show", "latest", "work", "--failed", "--format", "csv"]).ok();
    assert_eq!(whole.stdout.lines().count(), 11, "{}", whole.stdout);
    let mut bytes = std::fs::read(&segment).expect("readable");
    let at = bytes.len() - 80;
    bytes[at] ^= 1;
    std::fs::write(&segment, bytes).expect("room");
    let shown = project.run(&["show", "latest"]).ok();
    let warning = "what 1 commits of step `work` said of its items is damaged";
    assert!(shown.stderr.contains(warning), "{}", shown.stderr);
    let failed = project.run(&["show", "latest", "--failed"]);
    let lost = "what was known of 10 failed items of step `work` is damaged, and they are left out";
    assert!(failed.code == 2 && failed.stderr.contains(lost), "{} {}", failed.code, failed.stderr);
    assert!(!failed.stdout.contains("no item failed"), "{}", failed.stdout);
}
