//! These tests cover `--report`, `--junit`, `--trace` and `flowrun report`: what stands in the files, and when they
//! are written.

mod browser;
mod picture;

use std::process::Stdio;

use serde_json::Value;

use crate::project::Project;

const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";

/// Two of ten items fail, one is skipped, one is tried again.
fn pipeline(verdict: &str) -> String {
    format!(
        "name: demo\nparams:\n  word: {{ default: \"{0}\" }}\nsteps:\n  rows:\n    read: in.jsonl\n  work:\n    from: rows\n    map:\n      \
         min_success_ratio: {verdict}\n      retries: {{ max: 1, delay: 1ms }}\n      lua: |\n        if item.id == 2 then flow.skip(\"no\") end\n        \
         if item.id == 3 and ctx.attempt < 2 then error(\"once\") end\n        if item.id > 8 then\n          log.warn(\"odd \" .. \
         params.word)\n          flow.fail(\"bad \" .. params.word)\n        end\n        return item\n  save:\n    from: work\n    write: \
         out.jsonl\n",
        HOSTILE.replace('"', "\\\"")
    )
}

fn project(verdict: &str) -> Project {
    Project::with(&pipeline(verdict)).ids("in.jsonl", 10)
}

/// Fails unless the page is whole and nothing foreign is markup in it.
#[track_caller]
fn sound(page: &str) {
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "the page is whole");
    assert!(!page.contains(HOSTILE) && !page.contains("<img"), "foreign text is no markup");
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (1, 1));
    assert!(!page.contains("https://"), "nothing comes from elsewhere");
}

#[track_caller]
fn has(page: &str, all: &[&str]) {
    for part in all {
        assert!(page.contains(part), "`{part}` is missing in:\n{page}");
    }
}

#[test]
fn the_page_tells_the_whole_run() {
    let project = project("0.5");
    project.run(&["pipeline.yaml", "--report", "r.html", "--seed", "7"]).ok();
    let page = project.read("r.html");
    sound(&page);
    has(
        &page,
        &[
            "<h1>demo <span class=\"badge succeeded\">succeeded</span>",
            "flowrun resume ",
            ">work <span class=\"about\">map</span></th>",
            "(50 %, reached)",
            " of processor time · ",
            "<h2 id=\"spent\">Where time went</h2>",
            "<rect class=\"part functions\" x=\"",
            " of memory at most</p>",
            "<code>flowrun preview pipeline.yaml work --item 9</code>",
            "<th scope=\"row\">work <span class=\"about\">succeeded</span></th>",
            "<svg ",
            "When each step ran",
            "p50",
            "p99",
            "Histogram of item durations of work",
            "Slowest items of work",
            "Failures of work by message",
            "bad &lt;/script&gt;&lt;script&gt;alert(1)",
            "warn: odd &lt;/script&gt;",
            "{&quot;id&quot;:9}",
            "Retries of work",
            "once",
            "<li id=\"f0-1\"><code>name: demo</code></li>",
            "pipeline.yaml --report r.html --seed 7",
            "<dt>cores</dt>",
            env!("CARGO_PKG_VERSION"),
        ],
    );
}

#[test]
fn the_page_of_a_kept_run_is_the_one_that_was_written_at_its_end() {
    let project = project("0.5");
    project.run(&["pipeline.yaml", "--report", "r.html"]).ok();
    let printed = project.run(&["report"]).ok();
    assert_eq!(printed.stdout, project.read("r.html"));
    let ran = project.run(&["report", "latest", "-o", "again.html"]).ok();
    assert_eq!((ran.stdout.as_str(), project.read("again.html")), ("", printed.stdout));
    assert_eq!(project.run(&["report", "nothing"]).code, 2);
}

#[test]
fn the_page_of_a_run_tells_what_became_of_its_failed_items_later() {
    let project = Project::with(
        "x-allow: [unread_failures]\nsteps:\n  rows: {items: [a, b, c]}\n  work: {from: rows, map: {min_success_ratio: 0.1, lua: 'if not fs.exists(\"good-\" \
         .. item) then error(\"bad \" .. item) end return item'}}\n  save: {from: work, write: out.jsonl}\n",
    )
    .file("good-a", "");
    project.run(&["pipeline.yaml", "-q"]).ok();
    let first = ids(&project)[0].clone();
    let before = project.run(&["report", &first]).ok().stdout;
    assert!(!before.contains("went on with it") && !before.contains("of run"), "{before}");
    let project = project.file("good-b", "");
    project.run(&["resume", "latest", "-q"]).ok();
    project.run(&["resume", "latest", "-q"]).ok();
    let last = ids(&project)[0].clone();
    let after = project.run(&["report", &first]).ok().stdout;
    has(
        &after,
        &[
            &format!("run <code>{last}</code> went on with it <span class=\"badge succeeded\">"),
            &format!("<dt>later</dt><dd>not among the failed items of run {last}</dd>"),
            &format!("<dt>later</dt><dd>failed again in run {last}: bad c</dd>"),
        ],
    );
}

/// The ids of all runs, the newest first.
fn ids(project: &Project) -> Vec<String> {
    let runs = project.run(&["runs", "--format", "json"]).ok().stdout;
    let runs: serde_json::Value = serde_json::from_str(&runs).expect("a list");
    let id = |run: &serde_json::Value| run["run"].as_str().expect("an id").to_owned();
    runs.as_array().expect("a list").iter().map(id).collect()
}

#[test]
fn a_run_that_is_not_kept_has_a_page_too() {
    let project = project("0.5");
    project.run(&["pipeline.yaml", "--report", "r.html", "--no-state"]).ok();
    let page = project.read("r.html");
    sound(&page);
    has(
        &page,
        &[
            "p50",
            "Failures of work by message",
            "2 items failed",
            "warn: odd",
            "Retries of work",
            "name: demo",
            "<svg ",
        ],
    );
    assert!(!page.contains("flowrun resume"), "there is nothing to go on with");
}

#[test]
fn a_failed_run_has_its_files() {
    let project = project("1");
    let ran = project.run(&["pipeline.yaml", "--report", "r.html", "--junit", "j.xml", "--trace", "t.json"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    sound(&project.read("r.html"));
    has(&project.read("r.html"), &["badge failed", "(100 %, missed)", "<code>work</code> failed"]);
    let junit = project.read("j.xml");
    has(
        &junit,
        &[
            "<testsuite name=\"work\" tests=\"4\" failures=\"3\"",
            "<flakyFailure message=\"once\" type=\"error\">attempt 1 of 2",
            "<testcase name=\"verdict\" classname=\"demo.work\"",
            "type=\"verdict\"",
            "<testcase name=\"item 9\" classname=\"demo.work\"",
            "bad &lt;/script&gt;",
            "<skipped message=\"`work` failed\"/>",
        ],
    );
    let trace: Value = serde_json::from_str(&project.read("t.json")).expect("JSON");
    let entries = trace["traceEvents"].as_array().expect("a list");
    let is =
        |ph: &str, cat: &str| entries.iter().filter(|entry| entry["ph"] == ph && entry["cat"] == cat).count();
    assert_eq!(is("X", "step"), 3, "{trace}");
    assert!(is("X", "items") >= 2, "the first attempts, and one more: {trace}");
    assert!(entries.iter().any(|entry| entry["ph"] == "C" && entry["args"]["failed"] == 2), "{trace}");
}

#[test]
fn an_interrupted_run_has_its_files() {
    let pipeline = "steps:\n  rows:\n    read: in.jsonl\n  work:\n    from: rows\n    map: |\n      if item.id > 1 then time.sleep(30) end\n      \
                    return item\n  save:\n    from: work\n    write: out.jsonl\n";
    let project = Project::with(pipeline).ids("in.jsonl", 10);
    let args = ["pipeline.yaml", "--grace", "0s", "--report", "r.html", "--junit", "j.xml", "--events", "e"];
    let mut child = project.command(&args).stderr(Stdio::null()).spawn().expect("the binary runs");
    while !project.has("e") || !project.read("e").contains("\"step_started\"") {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is there");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let page = project.read("r.html");
    sound(&page);
    has(&page, &["badge interrupted", "Go on with it: <code", "badge cancelled"]);
    has(&project.read("j.xml"), &["<error message=\"interrupted\"/>"]);
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_runs() {
    for option in ["--report", "--junit", "--trace"] {
        let project = project("0.5");
        let ran = project.run(&["pipeline.yaml", option, "in.jsonl/f"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(
            ran.stderr.contains("cannot create ") && ran.stderr.contains("`in.jsonl/f`"),
            "{}",
            ran.stderr
        );
        assert!(!project.has("out.jsonl") && !project.has(".flowrun"), "nothing has run");
        let ran = project.run(&["pipeline.yaml", option, "-"]);
        assert!(ran.code == 2 && ran.stderr.contains("not to standard output"), "{}", ran.stderr);
    }
    let project = project("0.5");
    let ran = project.run(&["pipeline.yaml", "--report", "f", "--junit", "f"]);
    assert!(ran.code == 2 && ran.stderr.contains("two outputs of the run want `f`"), "{}", ran.stderr);
}

#[test]
fn what_stood_in_the_file_is_gone() {
    let project = project("0.5").file("r.html", "old ".repeat(200_000));
    project.run(&["pipeline.yaml", "--report", "r.html"]).ok();
    sound(&project.read("r.html"));
}

#[test]
fn a_hundred_thousand_items_fit_into_a_megabyte() {
    let pipeline = "steps:\n  rows:\n    read: in.jsonl\n  work:\n    from: rows\n    map:\n      min_success_ratio: 0.9\n      lua: |\n        \
                    if item.id % 20 == 0 then flow.fail(\"bad row \" .. (item.id % 300)) end\n        return item\n  save:\n    from: \
                    work\n    write: out.jsonl\n";
    let project = Project::with(pipeline).ids("in.jsonl", 100_000);
    for state in [&[][..], &["--no-state"]] {
        project
            .run(&[&["pipeline.yaml", "-q", "--report", "r.html", "--junit", "j.xml"], state].concat())
            .ok();
        let page = project.read("r.html");
        sound(&page);
        assert!(page.len() < 1_000_000, "{} bytes", page.len());
        has(&page, &["5\u{202f}000 items", "Listed: the first "]);
        assert!(page.matches("<details class=\"failure\">").count() >= 1_000, "many are listed");
        assert!(project.read("j.xml").contains("1000 of the 5000 failed items are listed"));
    }
}

#[test]
fn secrets_are_in_none_of_the_files() {
    let pipeline = "secrets:\n  token: { env: TOKEN }\nparams:\n  at: { type: string, default: x }\nsteps:\n  one:\n    items: [1]\n  work:\n    \
                    from: one\n    map:\n      min_success_ratio: 0\n      lua: |\n        log.warn(secrets.token)\n        \
                    error(\"with \" .. secrets.token)\n  save:\n    from: work\n    write: out.jsonl\n";
    for state in [&[][..], &["--no-state"]] {
        let project = Project::with(pipeline);
        let args = [
            "pipeline.yaml",
            "-p",
            "at=hush-hush-1",
            "--report",
            "r.html",
            "--junit",
            "j.xml",
            "--trace",
            "t",
        ];
        let ran =
            project.command(&[&args, state].concat()).env("TOKEN", "hush-hush-1").output().expect("it runs");
        assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
        for file in ["r.html", "j.xml", "t"] {
            let text = project.read(file);
            assert!(text.contains("***") && !text.contains("hush-hush-1"), "{file}: {text}");
        }
    }
}

#[test]
fn a_run_that_is_going_on_can_be_looked_at() {
    let pipeline = "steps:\n  rows:\n    read: in.jsonl\n  work:\n    from: rows\n    map: |\n      time.sleep(item.id > 8 and 60 or 0.01)\n      \
                    return item\n  save:\n    from: work\n    write: out.jsonl\n";
    let project = Project::with(pipeline).ids("in.jsonl", 10);
    let mut child =
        project.command(&["pipeline.yaml", "--grace", "0s"]).stderr(Stdio::null()).spawn().expect("it runs");
    let seen = (0..400).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        let ran = project.run(&["report"]);
        ran.code == 0 && ran.stdout.contains("badge running") && ran.stdout.contains("p50")
    });
    let _ = child.kill();
    let _ = child.wait();
    assert!(seen, "the page of a running run has its durations so far");
    assert!(project.run(&["report"]).ok().stdout.contains("badge interrupted"), "killed");
}

/// Cases of a `JUnit` file by their names, each with all that stands in it.
fn cases(xml: &str) -> Vec<(String, String)> {
    let case = |part: &str| {
        let (name, rest) = part.split_once('"').expect("a name");
        (name.to_owned(), rest.split("<testcase name=").next().expect("it").to_owned())
    };
    xml.split("<testcase name=\"").skip(1).map(case).collect()
}

#[test]
fn junit_names_items_by_key_and_tells_of_tolerated_and_flaky_ones() {
    let project = Project::with(
        "steps:
  docs: { items: [{ id: a }, { id: b }, { id: c }, { id: d }] }
  work:
    from: docs
    map:
      key: item.id
      min_success_ratio: 0.5
      retries: { max: 2, delay: 1ms }
      lua: |
        if item.id == 'b' then
          log.warn('look')
          flow.fail('no b', { code = 7 })
        end
        if item.id == 'c' and ctx.attempt < 3 then error('not yet ' .. ctx.attempt) end
        if item.id == 'd' then error('never') end
        return item
  save: { from: work, write: out.jsonl }
",
    );
    for (state, end) in [(None, 0), (Some("--no-state"), 0)] {
        let args = [&["pipeline.yaml", "--junit", "j.xml"], state.as_slice()].concat();
        assert_eq!(project.run(&args).code, end);
        let xml = project.read("j.xml");
        let work: Vec<(String, String)> =
            cases(&xml).into_iter().filter(|(_, case)| case.contains("pipeline.work")).collect();
        let names: Vec<&str> = work.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["verdict", "b", "d", "c"], "{state:?} {xml}");
        let expect: [&[&str]; 4] = [
            &[],
            &["<skipped message=\"error: no b\"/>", "fields: {\"code\":7}", "warn: look"],
            &["<skipped message=\"error: never\"/>", "attempts: 3", "attempt 1: error", "attempt 3: error"],
            &[
                "<flakyFailure message=\"not yet 1\" type=\"error\">attempt 1 of 3: error: not yet 1</flakyFailure>\n      \
                 <flakyFailure message=\"not yet 2\" type=\"error\">attempt 2 of 3: error: not yet 2</flakyFailure>",
            ],
        ];
        for ((_, case), words) in work.iter().zip(expect) {
            has(case, words);
        }
        assert!(
            xml.contains("<testsuite name=\"work\" tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"2\""),
            "{xml}"
        );
    }
    assert_eq!(project.run(&["pipeline.yaml", "--junit", "j.xml", "--junit-strict"]).code, 0);
    let strict = project.read("j.xml");
    assert!(
        strict.contains("<testsuite name=\"work\" tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"0\""),
        "{strict}"
    );
    has(&strict, &["<failure message=\"no b\" type=\"error\">item 2", "item: {\"id\":\"b\"}"]);
    assert_eq!(project.run(&["pipeline.yaml", "--junit-strict"]).code, 2, "without a file it means nothing");
}
