//! These tests cover files that a function depends on: those that it visibly reads and those of `uses`, for `resume`, for
//! `cache: true` and for `plan`. Calls are counted by what the functions print.

use crate::project::Project;
use crate::resume::Ran;

const PIPELINE: &str = "params: { model: { type: path, default: models/a.bin } }
permissions: { write: [.] }
steps:
  docs: { items: [1, 2] }
  work:
    from: docs
    map:
      cache: true
      min_success_ratio: 0
      uses: [models/*.bin, '${{ params.model }}']
      setup: |
        local words = json.decode(fs.read('words.json'))
        local counter = require('counter')
      lua: |
        print('call')
        fs.write('state.txt', 'x' .. #fs.read('state.txt'))
        return { word = words[item], count = counter(item), there = fs.exists('flag') }
  save: { from: work, write: out.jsonl }
";

fn project() -> Project {
    Project::with(PIPELINE)
        .file("words.json", "[\"a\", \"b\"]")
        .file("counter.lua", "local table = fs.read('table.txt')\nreturn function(n) return #table + n end")
        .file("table.txt", "1234")
        .file("state.txt", "")
        .file("models/a.bin", "one")
        .file("models/b.bin", "two")
}

/// What a run says after a change of a file, and what `resume` of the run before would say.
#[track_caller]
fn check(name: &str, text: &str, said: &str) {
    let project = project();
    assert_eq!(Ran::of(&project, &["pipeline.yaml"]).called(), [1, 2]);
    let project = project.file(name, text);
    let planned = project.run(&["plan", "pipeline.yaml"]).ok();
    assert!(planned.stdout.contains(&format!("cache: {said}")), "{}", planned.stdout);
    let again = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!((again.summary.code, again.said("work")), (0, said.to_owned()), "{}", again.summary.stderr);
}

#[test]
fn a_file_that_is_read_is_part_of_the_function() {
    check("words.json", "[\"c\", \"d\"]", "reused 0, redone 2 (`words.json` changed)");
}

#[test]
fn so_is_one_that_a_required_module_reads() {
    check("table.txt", "12", "reused 0, redone 2 (`table.txt` changed)");
}

#[test]
fn so_are_those_that_a_pattern_of_uses_matches() {
    check("models/b.bin", "three", "reused 0, redone 2 (`models/b.bin` changed)");
    check("models/c.bin", "three", "reused 0, redone 2 (`models/c.bin` changed)");
}

#[test]
fn a_file_that_the_function_writes_or_only_looks_for_is_not() {
    check("state.txt", "later", "reused 2, redone 0");
    check("flag", "", "reused 2, redone 0");
}

#[test]
fn the_same_content_anew_changes_nothing() {
    check("words.json", "[\"a\", \"b\"]", "reused 2, redone 0");
}

#[test]
fn resuming_runs_a_step_again_whose_files_have_changed() {
    let pipeline = "steps:
  docs: { items: [1, 2, 3] }
  work:
    from: docs
    map: |
      local limit = tonumber(fs.read('limit.txt'))
      if item > limit then error('too much') end
      return item * limit
  save: { from: work, write: out.jsonl }
";
    let project = Project::with(pipeline).file("limit.txt", "2");
    assert_eq!(project.run(&["pipeline.yaml"]).code, 1);
    let same = Ran::of(&project, &["resume", "latest"]);
    assert_eq!(same.said("work"), "reused 2, redone 1 (failed before)");
    let project = project.file("limit.txt", "3");
    let changed = Ran::of(&project, &["resume", "latest"]);
    assert_eq!(changed.said("work"), "reused 0, redone 3 (`limit.txt` changed)");
    assert_eq!(project.read("out.jsonl"), "3\n6\n9\n");
}

#[test]
fn files_are_looked_at_when_the_step_starts() {
    let pipeline = "permissions: { write: [.] }
steps:
  words: { items: [[a, b]] }
  made: { from: words, write: words.json }
  docs: { items: [1, 2] }
  work:
    from: docs
    needs: [made]
    map:
      cache: true
      setup: local words = json.decode(fs.read('words.json'))
      lua: return words[1][item]
  save: { from: work, write: out.jsonl }
";
    let project = Project::with(pipeline);
    project.run(&["pipeline.yaml"]).ok();
    let again = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!(again.said("work"), "reused 2, redone 0");
    let other = project.file("pipeline.yaml", pipeline.replace("[[a, b]]", "[[c, d]]"));
    assert_eq!(Ran::of(&other, &["pipeline.yaml"]).said("work"), "reused 0, redone 2 (`words.json` changed)");
    assert_eq!(other.read("out.jsonl"), "\"c\"\n\"d\"\n");
}

#[test]
fn what_uses_names_must_be_there_and_be_a_file() {
    for (uses, said) in [
        ("gone.bin", "`uses`: cannot read `"),
        ("models/*.txt", "`uses`: no file matches `models/*.txt`"),
        ("models", "`uses`: `models` is a folder; `models/**` means the files in it"),
    ] {
        for state in ["--no-state", "-v"] {
            let project = project().file("pipeline.yaml", PIPELINE.replace("models/*.bin", uses));
            let ran = project.run(&["pipeline.yaml", state]);
            assert_eq!(ran.code, 1, "{uses}: {}", ran.stderr);
            assert!(ran.stderr.contains(said), "{uses}: {}", ran.stderr);
        }
    }
    let project =
        Project::with(&PIPELINE.replace("uses: [models/*.bin, '${{ params.model }}']", "uses: models/a.bin"));
    let ran = project.run(&["check", "pipeline.yaml"]);
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("pipeline.yaml:10:13"), "{}", ran.stderr);
}

#[test]
fn what_was_skipped_is_remembered_with_its_reason() {
    let pipeline = "steps:
  docs: { items: [1, 2, 3, 4] }
  work:
    from: docs
    map:
      cache: true
      lua: |
        print('call')
        if item > 2 then flow.skip('gone ' .. item) end
        return item
  save: { from: work, write: out.jsonl }
";
    let project = Project::with(pipeline);
    let first = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!((first.called(), first.summary.counts("work")), (vec![1, 2, 3, 4], [2, 0, 2, 0]));
    let again = Ran::of(&project, &["pipeline.yaml"]);
    assert_eq!((again.called(), again.summary.counts("work")), (vec![], [2, 0, 2, 0]));
    assert_eq!(again.said("work"), "reused 4, redone 0");
    let planned = project.run(&["plan", "pipeline.yaml"]).ok();
    assert!(planned.stdout.contains("cache: reused 4, redone 0"), "{}", planned.stdout);
}
