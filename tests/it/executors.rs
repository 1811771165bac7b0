//! These tests name executors: which files are looked into, what is said of names and keys that are none, and what is listed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::project::{Project, Ran};

const PIPELINE: &str = "steps:\n  docs: { items: [1, 2] }\n  clean: { from: docs, map: return item }\n  save: { from: clean, write: out.jsonl }\n";

/// A project whose user has this executors file, beside a pipeline and an executors file that nobody has named.
fn project(of_user: &str) -> Project {
    Project::with(PIPELINE)
        .file("config/flowrun/executors.yaml", of_user)
        .file("executors.yaml", "executors:\n  beside: { kind: processes }\n")
}

/// The binary for that user, whose programs are those in `bin`.
fn command(project: &Project, args: &[&str]) -> Command {
    let mut command = project.command(args);
    command.env("XDG_CONFIG_HOME", project.path("config")).env("HOME", project.path(""));
    command.env("PATH", project.path("bin"));
    command
}

fn run(project: &Project, args: &[&str]) -> Ran {
    Ran::from(command(project, args).output().expect("the binary runs"))
}

/// Adds a program to the search path that [`run`] gives.
pub(crate) fn with_program(project: Project, name: &str, script: &str) -> Project {
    let project = project.file(&format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
    let path = project.path(&format!("bin/{name}"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    project
}

/// The line of an executor in the list.
fn line(ran: &Ran, name: &str) -> String {
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let line = ran.stdout.lines().find(|line| line.split_whitespace().next() == Some(name));
    line.unwrap_or_else(|| panic!("no {name} in {}", ran.stdout))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn all_executors_are_listed_with_their_files_and_whether_they_answer() {
    let project = project(
        "executors:\n  slurm: { kind: slurm, workers: 50, cores: 4, memory: 4GB }\n  pbs: { kind: command, submit: 'qsub {worker}' }\n  hq: { kind: command, submit: 'hq {worker}' }\n  cloud: { kind: kubernetes }\n",
    );
    let project = with_program(project, "qsub", "exit 1");
    let project = with_program(project, "sbatch", "echo slurm 22.05.8");
    let project = with_program(project, "squeue", "exit 1");
    let project = with_program(project, "scancel", "exit 1");
    let project = with_program(project, "scontrol", "echo 'Slurmctld(primary) at c1 is UP'");
    let ran = run(&project, &["executors"]);
    let from = "~/config/flowrun/executors.yaml";
    assert_eq!(line(&ran, "local"), "local - - - built in this process");
    assert_eq!(line(&ran, "slurm"), format!("slurm slurm 50 4 cores 4GB 1h {from} answers, slurm 22.05.8"));
    let qsub = project.path("bin/qsub");
    assert_eq!(
        line(&ran, "pbs"),
        format!("pbs command 10 1 core 2GB 1h {from} `qsub` is {}", qsub.display())
    );
    assert_eq!(
        line(&ran, "hq"),
        format!("hq command 10 1 core 2GB 1h {from} `hq` is not on the search path")
    );
    assert_eq!(
        line(&ran, "cloud"),
        format!("cloud kubernetes 10 1 core 2GB {from} kind `kubernetes` is not built yet")
    );
    assert!(line(&ran, "processes").ends_with("1 core 2GB built in this machine"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("beside"), "no file beside a pipeline is looked for: {}", ran.stdout);
}

#[test]
fn what_slurm_says_is_told_when_it_does_not_answer() {
    let project = project("executors: {}\n");
    assert_eq!(
        line(&run(&project, &["executors"]), "slurm"),
        "slurm slurm 10 1 core 2GB 1h built in `sbatch` is not on the search path"
    );
    let project = with_program(project, "sbatch", "echo slurm 22.05.8");
    assert!(line(&run(&project, &["executors"]), "slurm").ends_with("`squeue` is not on the search path"));
    let project = with_program(project, "squeue", "exit 1");
    let project = with_program(project, "scancel", "exit 1");
    let project = with_program(project, "scontrol", "echo 'Slurmctld(primary) at c1 is DOWN'");
    let ran = run(&project, &["pipeline.yaml", "--on", "slurm"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("executor `slurm` does not answer"), "{}", ran.stderr);
    assert!(!project.has("out.jsonl"), "nothing has run");
    let said = line(&run(&project, &["executors"]), "slurm");
    assert!(said.ends_with("does not answer: Slurmctld(primary) at c1 is DOWN"), "{said}");
    let project = with_program(project, "scontrol", "echo 'no slurm.conf' >&2; exit 1");
    let said = line(&run(&project, &["executors"]), "slurm");
    assert!(said.ends_with("`scontrol ping` failed: no slurm.conf"), "{said}");
}

#[test]
fn a_name_that_nothing_has_ends_with_2_and_says_where_was_looked() {
    let project = project("executors:\n  campus: { kind: slurm }\n");
    for (command, code) in [("plan", 2), ("check", 65)] {
        let ran = run(&project, &[command, "pipeline.yaml", "--on", "campsu"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""));
        assert!(ran.stderr.contains("there is no executor `campsu`"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("did you mean `campus`? Looked in ~/config/flowrun/executors.yaml; "),
            "{}",
            ran.stderr
        );
    }
    let ran = run(&project, &["plan", "pipeline.yaml", "--on", "beside"]);
    assert_eq!(ran.code, 2, "what lies beside a pipeline is looked for by name only");
    let ran = run(&project, &["plan", "pipeline.yaml", "--on", "beside", "--executors", "executors.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout
            .starts_with("pipeline · pipeline.yaml · 3 steps in this order · on beside (executors.yaml)\n"),
        "{}",
        ran.stdout
    );
    let ran = run(&project, &["plan", "pipeline.yaml", "--on", "campus", "--executors", "executors.yaml"]);
    assert_eq!(ran.code, 2, "the user's own file is not looked into then: {}", ran.stdout);
    let ran = run(&project, &["executors", "--executors", "none.yaml"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("cannot read the executors file `none.yaml`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_file_with_a_mistake_is_shown_with_its_place_and_only_when_it_is_needed() {
    let project = project("executors:\n  slurm: { kind: slurm, wrokers: 2 }\n");
    let ran = run(&project, &["plan", "pipeline.yaml", "--on", "slurm"]);
    assert_eq!(ran.code, 65);
    assert!(ran.stderr.contains("unknown key `wrokers` in executor `slurm`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("executors.yaml:2:25"), "{}", ran.stderr);
    for local in [&["plan", "pipeline.yaml"][..], &["plan", "pipeline.yaml", "--on", "local"]] {
        assert_eq!(run(&project, local).code, 0);
    }
    let ran = run(&project, &["check", "config/flowrun/executors.yaml"]);
    assert_eq!(ran.code, 65, "it can be checked by itself: {}", ran.stderr);
}

#[test]
fn single_keys_are_set_as_yaml_or_as_the_text_that_they_take() {
    let project = project("executors:\n  slurm: { kind: slurm }\n");
    let plan = |set: &[&str]| {
        let mut args = vec!["plan", "pipeline.yaml", "--on", "slurm"];
        args.extend(set.iter().flat_map(|set| ["--executor-set", set]));
        run(&project, &args)
    };
    assert_eq!(plan(&["workers=3", "account=1234", "extra=[--x, --y]", "time=2h"]).code, 0);
    for (set, said) in [
        (
            "workers=0",
            "`--executor-set workers=0`: `workers` of executor `slurm` must be at least 1: too small",
        ),
        (
            "wrokers=1",
            "`--executor-set wrokers=1`: unknown key `wrokers` in executor `slurm`: did you mean `workers`?",
        ),
        (
            "image=debian",
            "`image` of executor `slurm` means nothing to `slurm`: this is for `kind: kubernetes`",
        ),
        ("time=soon", "`time` of executor `slurm` is not a duration: `soon`"),
    ] {
        let ran = plan(&[set]);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{set}: {}", ran.stderr);
    }
    let ran = run(&project, &["plan", "pipeline.yaml", "--executor-set", "workers=3"]);
    assert!(ran.code == 2 && ran.stderr.contains("has no executor to change"), "{}", ran.stderr);
}

#[test]
fn keys_for_clusters_change_nothing_here_and_plan_says_what_this_machine_lacks() {
    let pipeline = "steps:\n  docs: { items: [1, 2, 3] }\n  clean:\n    from: docs\n    local: true\n    map:\n      lua: return item * 2\n      concurrency: { each: 8, total: 2 }\n      resources: { cores: 100000, memory: 900000GB, gpus: 2, time: 4h }\n  save: { from: clean, write: out.jsonl }\n";
    let project = Project::with(pipeline);
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), "2\n4\n6\n");
    let ran = project.run(&["plan", "pipeline.yaml"]).ok();
    assert!(ran.stdout.contains("concurrency 2, 2 in all processes together\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("each worker needs 100000 cores, 900000GB, 2 GPUs, 4h\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("never sent elsewhere\n"), "{}", ran.stdout);
    assert!(
        ran.stderr.contains("warning: step `clean` asks for 100000 cores a worker, and this machine has "),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("warning: step `clean` asks for 900000GB of memory a worker, and this machine has "),
        "{}",
        ran.stderr
    );
    let ran = project.run(&["plan", "pipeline.yaml", "--set", "clean.concurrency.total=9"]).ok();
    assert!(ran.stdout.contains("concurrency 8, 9 in all processes together\n"), "{}", ran.stdout);
    for (set, said) in [
        ("clean.concurrency.each=0", "`concurrency.each` of step `clean` must be at least 1"),
        ("clean.concurrency.total=0", "`concurrency.total` of step `clean` must be at least 1"),
        ("clean.resources.cores=0", "`resources.cores` of step `clean` must be at least 1"),
        ("clean.resources.cpus=1", "here it is called `cores`"),
        ("clean.local=maybe", "`local` of step `clean` must be"),
    ] {
        let ran = project.run(&["plan", "pipeline.yaml", "--set", set]);
        assert!(ran.code == 2 && ran.stderr.contains(said), "{set}: {}", ran.stderr);
    }
}

/// The lines of a plan about a step, behind its verb and name.
fn facts(plan: &str, step: &str) -> Vec<String> {
    let lines = plan.lines().skip_while(|line| line.split_whitespace().nth(1) != Some(step));
    let mut lines = lines.map(str::to_owned);
    let first: Vec<String> = lines.next().into_iter().collect();
    let rest = lines.take_while(|line| line.starts_with("              ") && !line.trim().is_empty());
    first.into_iter().chain(rest).map(|line| line.trim().to_owned()).collect()
}

const LARGE: &str = "steps:
  docs: { read: docs.jsonl }
  few: { items: [1, 2] }
  clean: { from: docs, map: { lua: return item, concurrency: 8 } }
  slow: { from: docs, map: { lua: return item, concurrency: { each: 8, total: 20 }, resources: { cores: 2, time: 3h } } }
  own: { from: docs, map: { lua: return item, concurrency: auto } }
  kept: { from: docs, local: true, filter: 'item.id > 0' }
  paced: { from: docs, map: { lua: return item, rate_limit: 5000/h } }
  small: { from: few, map: return item }
  later: { from: [clean, slow, own, kept, paced, small], map: return item }
  save: { from: later, write: out.jsonl }
";

#[test]
fn plan_says_which_steps_are_sent_in_how_many_shards_and_how_many_items_that_makes_at_once() {
    let project = Project::with(LARGE).ids("docs.jsonl", 1500).file(
        "config/flowrun/executors.yaml",
        "executors:\n  slurm: { kind: slurm, workers: 50, cores: 4, memory: 4GB, partition: batch }\n",
    );
    let project =
        with_program(project, "scontrol", "echo 'SlurmctldHost = c1'; echo 'MaxArraySize            = 41'");
    let ran = run(&project, &["plan", "pipeline.yaml", "--on", "slurm"]).ok();
    let last = |step: &str, count: usize| {
        let facts = facts(&ran.stdout, step);
        facts[facts.len() - count..].to_vec()
    };
    assert_eq!(
        last("clean", 2),
        [
            "on slurm: 100 shards, 50 workers × 8 = 400 items at once, partition batch, 4 cores 4GB 1h",
            "3 arrays (MaxArraySize 41), committed every 2m",
        ]
    );
    assert_eq!(
        last("slow", 2),
        [
            "on slurm: 4 shards, 2 workers × 8 = 16 items at once, partition batch, 2 cores 4GB 3h",
            "1 array (MaxArraySize 41), committed every 2m",
        ]
    );
    assert!(
        last("own", 2)[0].contains("50 workers × 4 = 200 items"),
        "the cores are those of the worker: {}",
        ran.stdout
    );
    assert_eq!(last("kept", 1), ["here: `local: true`"]);
    assert_eq!(last("paced", 1), ["here: its rate limit cannot be shared out"]);
    assert_eq!(last("small", 1), ["here: 2 items, and 1000 are sent"]);
    assert!(
        last("later", 2)[0].starts_with("on slurm: with 1000 items or more 50 workers × 4 = 200"),
        "{}",
        ran.stdout
    );
    assert_eq!(last("save", 1), ["here"]);
    let ran =
        run(&project, &["plan", "pipeline.yaml", "--on", "processes", "--executor-set", "workers=3"]).ok();
    let clean = facts(&ran.stdout, "clean");
    let expect =
        ["on processes: 6 shards, 3 workers × 8 = 24 items at once, 1 core 2GB", "committed every 2m"];
    assert_eq!(clean[clean.len() - 2..], expect);
    let ran = run(&project, &["plan", "pipeline.yaml"]).ok();
    let of_source = |project: &Project, read: &str| {
        let pipeline = format!(
            "steps:\n  docs: {{ read: {read} }}\n  clean: {{ from: docs, map: return item }}\n  save: {{ from: clean, write: out.jsonl }}\n"
        );
        fs::write(project.path("one.yaml"), pipeline).expect("room");
        let ran = run(project, &["plan", "one.yaml", "--on", "slurm"]).ok();
        facts(&ran.stdout, "docs").pop().expect("a line")
    };
    let project = project.file("docs.csv", format!("id\n{}", "1\n".repeat(1200))).ids("few.jsonl", 10);
    assert_eq!(of_source(&project, "docs.jsonl"), "to workers: 1500 items, 17 kB, cut where they lie");
    assert_eq!(of_source(&project, "docs.csv"), "to workers: 1200 items, 2.4 kB, written down for workers");
    assert!(of_source(&project, "few.jsonl").ends_with("reads few.jsonl"), "nobody gets them");
    let alone = run(&project, &["plan", "pipeline.yaml", "--on", "slurm", "--until", "docs"]).ok().stdout;
    assert!(!alone.contains("to workers"), "whoever would get them does not run: {alone}");
    let is_placed = |line: &str| line.trim() == "here" || line.trim().starts_with("here:");
    assert!(!ran.stdout.lines().any(is_placed), "{}", ran.stdout);
}

#[test]
fn check_warns_of_what_means_something_else_where_steps_are_sent() {
    let pipeline = "permissions: { read: [., /tmp], net: [a.org] }
rate_limits: { api: 10/s }
steps:
  docs: { read: docs.jsonl }
  log: { from: docs, deadline: 1h, map: { lua: 'fs.write(\"log.txt\", item.text) return fs.read(\"/tmp/a\")' } }
  base: { from: docs, map: { lua: 'return sqlite.open(\"a.db\", { readonly = true }):one(\"select 1\")' } }
  ask: { from: docs, map: { lua: 'return http.get(\"https://a.org/x\", { limit = \"api\" }).body', retries: 1 } }
  here: { from: docs, local: true, deadline: 1h, map: { lua: 'fs.write(\"log.txt\", item.text) return 1' } }
  save: { from: [log, base, ask, here], write: out.jsonl }
";
    let of_user = "executors:
  campus: { kind: slurm, time: 3m }
  cloud: { kind: kubernetes }
  shared: { kind: kubernetes, image: debian, volume: { claim: a, at: /tmp } }
";
    let project = project(of_user).file("pipeline.yaml", pipeline).file("docs.jsonl", "{}\n");
    let codes = |on: &str, more: &[&str]| {
        let args = [&["check", "pipeline.yaml", "--format", "json", "--on", on], more].concat();
        let ran = run(&project, &args);
        let said: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        let list = said["diagnostics"].as_array().expect("a list");
        let code =
            |found: &serde_json::Value| found["code"].as_str().expect("a code").replace("flowrun::", "");
        (ran.code, list.iter().map(code).collect::<Vec<String>>())
    };
    assert_eq!(codes("local", &[]), (0, Vec::new()));
    let expect = ["executor_time", "deadline_queue", "shared_write", "only_here", "rate_here"];
    assert_eq!(codes("campus", &[]), (0, expect.map(str::to_owned).to_vec()));
    assert_eq!(codes("campus", &["--deny-warnings"]).0, 65);
    assert_eq!(codes("campus", &["--executor-set", "time=2h"]).1[0], "deadline_queue");
    let expect = ["shared_write", "only_here", "rate_here"];
    assert_eq!(codes("processes", &[]).1, expect, "no queue, but processes of their own");
    assert_eq!(codes("campsu", &[]), (65, vec!["no_executor".to_owned()]));
    // No file of executors is there: the finding stands in none.
    let alone = Project::with(pipeline).file("docs.jsonl", "{}\n");
    let args = ["check", "pipeline.yaml", "--format", "github", "--on", "campus"];
    let found = run(&alone, &args);
    assert!(found.stdout.contains("::error title=flowrun%3A%3Ano_executor::there is no"), "{}", found.stdout);
    fs::write(project.path("broken.yaml"), "executors: [\n").expect("room");
    assert_eq!(codes("campus", &["--executors", "broken.yaml"]).0, 65, "a document all the same");
    let (code, found) = codes("cloud", &[]);
    assert_eq!((code, &found[..2]), (65, &["no_image".to_owned(), "no_volume".to_owned()][..]));
    let found = codes("shared", &[]).1;
    assert!(!found.contains(&"only_here".to_owned()), "the volume holds it: {found:?}");
    let places = |read: &str, on: &str| {
        let pipeline = format!(
            "steps:\n  docs: {{ read: {read} }}\n  a: {{ from: docs, map: return item }}\n  b: {{ from: docs, map: return item }}\n  save: {{ from: [a, b], write: out.jsonl }}\n"
        );
        fs::write(project.path("pipeline.yaml"), pipeline).expect("room");
        codes(on, &["--executor-set", "time=2h"]).1.iter().filter(|code| *code == "only_here").count()
    };
    let all = [places("/tmp/a.jsonl", "campus"), places("{ path: /tmp/a.parquet }", "campus")];
    assert_eq!(all, [1, 1], "once, however many steps take from it");
    let none = [
        places("/tmp/a.csv", "campus"),
        places("/data/a.jsonl", "campus"),
        places("/tmp/a.jsonl", "processes"),
    ];
    assert_eq!(none, [0, 0, 0], "written down here; who knows; the same machine");
    let packed = [
        "/tmp/a.jsonl.gz",
        "{ path: /tmp/a.jsonl, compression: zstd }",
        "{ path: /tmp/a.txt, encoding: latin1 }",
    ];
    assert_eq!(packed.map(|read| places(read, "campus")), [0, 0, 0], "they are written down here too");
    assert_eq!(places("/data/a.jsonl", "shared"), 1, "the volume does not hold it");
}
