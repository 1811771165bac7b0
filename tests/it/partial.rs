//! These tests say what a run has written, and that a part is told as one: in the summary, for machines, and of kept runs.

use crate::project::Project;

const COPY: &str = "steps:\n  in: { read: in.jsonl }\n  kept: { from: in, filter: item.id > 1 }\n  \
                    out: { from: kept, write: out.jsonl }\n  all: { from: in, write: all.csv }\n";

fn project() -> Project {
    Project::with(COPY).ids("in.jsonl", 20)
}

#[test]
fn a_limit_that_cuts_a_source_makes_partial_outputs() {
    let project = project();
    let ran = project.run(&["pipeline.yaml", "--limit", "10", "--color", "never"]).ok();
    for part in ["→ out.jsonl · partial (--limit 10)", "→ all.csv · partial (--limit 10)"] {
        assert!(ran.stderr.contains(part), "{part}\n{}", ran.stderr);
    }
    let shown = project.run(&["show"]).ok().stdout;
    assert!(shown.contains("→ out.jsonl · partial (--limit 10)"), "{shown}");
    let runs = project.run(&["runs"]).ok().stdout;
    assert!(runs.contains("out.jsonl (partial) +1"), "{runs}");
    let ran = project.run(&["pipeline.yaml", "-q", "--limit", "10", "--report", "r.html"]).ok();
    assert_eq!(ran.stderr, "");
    let page = project.read("r.html");
    assert!(page.contains("wrote <code>out.jsonl</code> (9 rows, 82 B, partial: --limit 10)"), "{page}");
    // A limit that no source reaches changes nothing.
    let whole = project.run(&["pipeline.yaml", "--limit", "21"]).ok();
    assert!(!whole.stderr.contains("partial"), "{}", whole.stderr);
}

#[test]
fn machines_are_told_what_was_written() {
    let project = project();
    let outputs = |args: &[&str]| project.json(args).step("out")["outputs"].to_string();
    let expect = |rows: u64, partial: bool| {
        let bytes = project.read("out.jsonl").len();
        format!("[{{\"path\":\"out.jsonl\",\"rows\":{rows},\"bytes\":{bytes},\"partial\":{partial}}}]")
    };
    assert_eq!(outputs(&["--limit", "10"]), expect(9, true));
    assert_eq!(outputs(&[]), expect(19, false));
    let summary = project.json(&["--set", "kept.filter=error('x')"]);
    assert_eq!(summary.step("out")["outputs"].to_string(), "[]", "nothing was written");
    assert!(summary.step("in").get("outputs").is_none(), "it writes nothing");
    let shown = project.run(&["show", "latest", "--format", "json"]).ok().stdout;
    assert!(shown.contains("\"outputs\":[{\"path\":\"all.csv\",\"rows\":20,"), "{shown}");
    let runs = project.run(&["runs", "--format", "json"]).ok().stdout;
    assert!(runs.contains("{\"path\":\"out.jsonl\",\"rows\":19,\"bytes\":182,\"partial\":false}"), "{runs}");
}
