//! These tests append through the real binary: what a run writes comes behind what is there, once, whatever becomes of the
//! run.

use crate::project::Project;

/// `late` fails while `bad` is there.
const PIPELINE: &str = "steps:
  in: { read: in.jsonl }
  log: { from: in, write: { path: log.csv, mode: append } }
  late: { from: in, needs: log, map: 'if fs.exists(\"bad\") then error(\"late\") end return item' }
  out: { from: late, write: out.jsonl }
";

#[test]
fn each_run_adds_its_rows_behind_one_header() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 2);
    for _ in 0..2 {
        project.run(&["pipeline.yaml", "-q"]).ok();
    }
    assert_eq!(project.read("log.csv"), "id\n1\n2\n1\n2\n");
    let plan = project.run(&["plan", "pipeline.yaml"]).ok().stdout;
    assert!(plan.contains("appends to log.csv (csv)"), "{plan}");
}

#[test]
fn a_step_that_fails_adds_nothing() {
    let project = Project::with(
        "steps:\n  in: { read: in.jsonl }\n  work: { from: in, map: 'if item.id == 2 then error(\"no\") end return item' }\n  \
         log: { from: work, write: { path: log.jsonl, mode: append } }\n",
    )
    .ids("in.jsonl", 3)
    .file("log.jsonl", "0\n");
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    assert_eq!(project.read("log.jsonl"), "0\n");
}

#[test]
fn a_resumed_run_adds_its_rows_once() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 2).file("bad", "").file("log.csv", "id\n0\n");
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    assert_eq!(project.read("log.csv"), "id\n0\n1\n2\n");
    for _ in 0..2 {
        assert_eq!(project.run(&["resume", "-q"]).code, 1);
        assert_eq!(project.read("log.csv"), "id\n0\n1\n2\n");
    }
    std::fs::remove_file(project.path("bad")).expect("there");
    project.run(&["resume", "-q"]).ok();
    assert_eq!(project.read("log.csv"), "id\n0\n1\n2\n");
}

#[test]
fn a_resumed_run_says_what_to_do_where_others_have_appended() {
    let project = Project::with(PIPELINE).ids("in.jsonl", 2).file("bad", "");
    assert_eq!(project.run(&["pipeline.yaml", "-q"]).code, 1);
    let text = format!("{}7\n", project.read("log.csv"));
    std::fs::write(project.path("log.csv"), &text).expect("room");
    let ran = project.run(&["resume"]);
    assert_eq!(ran.code, 1);
    for part in ["others have appended to it since", "start a new run"] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    assert_eq!(project.read("log.csv"), text);
}

#[test]
fn options_are_checked_although_a_parameter_has_no_value_and_together_with_other_faults() {
    let steps = "params: { day: { type: string, required: true } }
steps:
  orders: { read: \"data/${{ params.day }}.csv\" }
  all: { from: orders, write: { path: all.json, mode: append } }
  parts: { from: orders, write: { path: parts.jsonl, rows: 10 } }
";
    let expect = ["`mode: append` is for", "`rows` is for many files, and `path` has no `{part}`"];
    let ran = Project::with(steps).run(&["check", "pipeline.yaml"]);
    assert_eq!(ran.code, 65);
    assert!(expect.iter().all(|text| ran.stderr.contains(text)), "{}", ran.stderr);
    let ran = Project::with(&format!("{steps}  last: {{ from: ordres, write: out.jsonl }}\n")).run(&[
        "pipeline.yaml",
        "-p",
        "day=x",
    ]);
    assert_eq!(ran.code, 65);
    assert!(expect.iter().chain(&["`ordres`"]).all(|text| ran.stderr.contains(text)), "{}", ran.stderr);
}

#[test]
fn options_of_append_are_checked_before_anything_runs() {
    let project = Project::with(
        "steps:\n  in: { items: [1] }\n  out: { from: in, write: { path: out.parquet, mode: append } }\n",
    );
    let ran = project.run(&["check", "pipeline.yaml"]);
    assert_eq!(ran.code, 65);
    let expect = "`mode: append` is for `jsonl`, `csv`, `tsv`, `lines` and `sqlite`, not for `parquet`";
    assert!(ran.stdout.contains(expect) || ran.stderr.contains(expect), "{}{}", ran.stdout, ran.stderr);
}
