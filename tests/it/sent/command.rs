//! Executors of kind `command`: a scheduler of some lines that loses jobs or runs them twice.

use super::rows;
use crate::project::{Project, Ran};

const PIPELINE: &str = "secrets: { token: { file: token.txt } }
steps:
  n: { read: n.jsonl }
  w: { from: n, map: \"time.sleep(0.01) return item.n * #secrets.token\" }
  save: { from: w, write: out.jsonl }
";

fn project() -> Project {
    let executors = "version: 1
executors:
  queue:
    kind: command
    workers: 2
    send_from: 1
    submit: sh queue.sh submit {name} {log} {worker}
    status: sh queue.sh status {job}
    cancel: sh queue.sh cancel {job}
";
    Project::with(PIPELINE)
        .file("n.jsonl", rows(60))
        .file("infra/executors.yaml", executors)
        .file("token.txt", "{}")
        .file("queue.sh", include_str!("queue.sh"))
}

fn run(project: &Project, more: &[&str]) -> Ran {
    let words = ["pipeline.yaml", "--on", "queue", "--executors", "infra/executors.yaml"];
    project.run(&[&words[..], more].concat())
}

fn expected() -> String {
    (1..=60).map(|n| format!("{}\n", n * 2)).collect::<Vec<_>>().concat()
}

#[test]
fn a_scheduler_that_cannot_be_asked_for_jobs_gets_all_of_them() {
    let project = project();
    let executors =
        project.read("infra/executors.yaml").replace("    status: sh queue.sh status {job}\n", "");
    let project = project.file("infra/executors.yaml", executors);
    let ran = run(&project, &[]);
    assert_eq!((ran.code, project.read("out.jsonl")), (0, expected()), "{}", ran.stderr);
    assert!(
        project.read("names").lines().count() > 2,
        "more jobs than may run at once: {}",
        project.read("names")
    );
}

#[test]
fn a_scheduler_that_takes_commands_runs_the_items_whatever_its_mood() {
    for mood in ["", "lose", "twice", "delay"] {
        let project = project().file("mood", mood);
        let ran = run(&project, &[]);
        assert_eq!(ran.code, 0, "{mood}: {}", ran.stderr);
        assert_eq!(project.read("out.jsonl"), expected(), "{mood}: {}", ran.stderr);
        let names = project.read("names");
        assert!(names.lines().all(|name| name.starts_with("fr-") && !name.contains('+')), "{mood}: {names}");
    }
}
