//! The recipes of the guide for other schedulers run here against programs of their names, which put jobs into the queue of
//! `queue.sh`. They understand what the recipes write, and nothing else.

use std::os::unix::fs::PermissionsExt as _;

use super::rows;
use crate::project::Project;

const PAGE: &str = include_str!("../../../docs/guide/on-a-cluster.md");

/// Their options are skipped one by one; what is behind `--` is the worker.
const QSUB: &str = r#"while [ "$1" != -- ]; do
    case $1 in
    -N) name=$2 ;;
    -o) log=$2 ;;
    esac
    shift
done
shift
exec sh "$QUEUE" submit "$name" "$log" "$@""#;

const QSTAT: &str = r#"exec sh "$QUEUE" status "$1""#;
const QDEL: &str = r#"exec sh "$QUEUE" cancel "$1""#;

const CONDOR_SUBMIT: &str = r#"[ "$1 $2" = "-terse -" ] || exit 2
text=$(cat)
value() { printf '%s\n' "$text" | sed -n "s/^ *$1 = //p"; }
[ "$(value request_cpus)" = 1 ] || exit 2
id=$(sh "$QUEUE" submit fr-condor "$(value output)" "$(value executable)" | tail -n 1)
echo "$id.0 - $id.0""#;
const CONDOR_Q: &str = r#"if sh "$QUEUE" status "${1%.0}"; then echo 1; fi"#;
const CONDOR_RM: &str = r#"exec sh "$QUEUE" cancel "${1%.0}""#;

const HQ: &str = r#"case "$1 $2" in
"--output-mode=quiet submit")
    while [ "$1" != -- ]; do
        case $1 in
        --name) name=$2 ;;
        --stdout) log=$2 ;;
        esac
        shift
    done
    shift
    exec sh "$QUEUE" submit "$name" "$log" "$@"
    ;;
"--output-mode=json job")
    for job in "${QUEUE%/*}"/jobs/*; do
        if sh "$QUEUE" status "${job##*/}"; then echo "{\"id\":${job##*/}}"; fi
    done | jq -s .
    ;;
"job cancel") exec sh "$QUEUE" cancel "$3" ;;
esac"#;

const CURL: &str = r#"for word in "$@"; do url=$word; done
path=${url#http://ray-head:8265/api/jobs/}
case $path in
'')
    text=$(cat)
    QUEUE_ID=$(printf '%s' "$text" | jq -r .submission_id) && export QUEUE_ID
    sh "$QUEUE" submit "$QUEUE_ID" /dev/null sh -c "$(printf '%s' "$text" | jq -r .entrypoint)" > /dev/null
    ;;
*/stop) sh "$QUEUE" cancel "${path%/stop}" ;;
*) if sh "$QUEUE" status "$path"; then echo '{"status":"RUNNING"}'; else echo '{"status":"SUCCEEDED"}'; fi ;;
esac"#;

const PROGRAMS: [(&str, &str); 8] = [
    ("qsub", QSUB),
    ("qstat", QSTAT),
    ("qdel", QDEL),
    ("condor_submit", CONDOR_SUBMIT),
    ("condor_q", CONDOR_Q),
    ("condor_rm", CONDOR_RM),
    ("hq", HQ),
    ("curl", CURL),
];

fn recipes() -> &'static str {
    let (_, block) = PAGE.split_once("```yaml file=recipes.yaml\n").expect("the recipes");
    block.split_once("```").expect("their end").0
}

/// A folder whose name has to be quoted, where the recipes and their programs are.
fn project() -> Project {
    let mut project = Project::with(
        "steps:\n  n: { read: n.jsonl }\n  w: { from: n, map: \"time.sleep(0.01) return item.n * 2\" }\n  save: { from: w, write: out.jsonl }\n",
    )
    .file("n.jsonl", rows(60))
    .file("recipes.yaml", recipes())
    .file("queue.sh", include_str!("queue.sh"));
    for (name, text) in PROGRAMS {
        project = project.file(&format!("programs/{name}"), format!("#!/bin/sh\n{text}\n"));
        let path = project.path(&format!("programs/{name}"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("ours");
    }
    project
}

#[test]
fn the_recipes_of_the_guide_submit_ask_and_cancel() {
    for name in ["pbs", "htcondor", "hyperqueue", "ray"] {
        let project = project();
        let words = ["pipeline.yaml", "--on", name, "--executors", "recipes.yaml"];
        let settings = ["--executor-set", "send_from=1", "--executor-set", "workers=2"];
        let mut command = project.command(&[&words[..], &settings].concat());
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", project.path("programs").display()));
        command.env("QUEUE", project.path("queue.sh"));
        let output = command.output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {said}");
        let expect = (1..=60).map(|n| format!("{}\n", n * 2)).collect::<Vec<_>>().concat();
        assert_eq!(project.read("out.jsonl"), expect, "{name}: {said}");
        let jobs = std::fs::read_dir(project.path("jobs")).expect("jobs were submitted").count();
        assert!(jobs >= 2, "{name}: {jobs}");
    }
}
