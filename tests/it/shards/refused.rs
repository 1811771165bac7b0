//! Shards that do not belong together, are not whole or cannot be made are refused with the way out; what else lies in their
//! folders does not matter.

use super::{PIPELINE, gather, project, rows, shard, shards};
use crate::project::Project;

#[test]
fn what_does_not_belong_together_is_refused_before_anything_runs() {
    let project = project(20);
    shards(&project, 3, &[]);
    let refused = |words: &[&str], expect: &str| {
        let mut all = vec!["gather", "pipeline.yaml"];
        all.extend(words);
        let ran = project.run(&all);
        assert_eq!(ran.code, 2, "{words:?} {}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{words:?}\n{}", ran.stderr);
        assert!(!project.has("out"), "nothing has run");
    };
    refused(
        &["s1", "s3"],
        "error: shard 2/3 is missing\n  help: `flowrun run pipeline.yaml --shard 2/3 --state-dir D` makes it",
    );
    refused(&["s3"], "error: shard 1/3 is missing");
    refused(&["s3"], "error: shard 2/3 is missing");
    refused(&["s1", "s2", "s3", "nowhere"], "there is no folder `nowhere`");
    refused(&["s1", "s2", "s3", "--seed", "7"], "and not 7");
    let text = project.read("pipeline.yaml");
    std::fs::write(project.path("pipeline.yaml"), format!("{text}# more\n")).expect("room");
    let expect = "shard 1/3 in `s1` is of another plan: `pipeline.yaml` was another one there";
    refused(&["s1", "s2", "s3"], expect);
    std::fs::write(project.path("pipeline.yaml"), text).expect("room");
    refused(&["s1", "s2", "s3", "--limit", "5"], "shard 1/3 in `s1` is of another plan");
    shard(&project, 4, 4, &[]).ok();
    refused(&["s1", "s2", "s3", "s4"], "are shards of different numbers of them");
    let gone = || std::fs::remove_dir_all(project.path("s2")).expect("it is there");
    gone();
    shard(&project, 2, 3, &["--seed", "9"]).ok();
    refused(&["s1", "s2", "s3"], "shard 2/3 in `s2` has 9");
    gone();
    shard(&project, 2, 3, &["--set", "clean.retries.max=3"]).ok();
    refused(&["s1", "s2", "s3"], "are of different plans");
    // Of two runs of one shard the later one counts.
    shard(&project, 2, 3, &[]).ok();
    let project = project.file("docs.jsonl", rows(19) + "{\"n\":21}\n");
    let refused = |expect: &str| {
        let ran = gather(&project, 3, &[]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{}", ran.stderr);
    };
    refused("the shards have read other items for step `clean` than there are here");
    let project = project.file("docs.jsonl", rows(21));
    let refused = |expect: &str| {
        let ran = gather(&project, 3, &[]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains(expect), "{}", ran.stderr);
    };
    refused("the shards counted 22 items for step `clean`, and here are 23");
    shard(&project, 2, 3, &[]).ok();
    refused("counted 22 items for step `clean`, shard 2/3 in `s2` counted 23");
    let project =
        project.file("docs.jsonl", rows(20)).file("pipeline.yaml", PIPELINE.replace("n + 1", "n + 2"));
    shard(&project, 2, 3, &[]).ok();
    let ran = gather(&project, 3, &[]);
    assert!(ran.code == 2 && ran.stderr.contains("are of different plans"), "{}", ran.stderr);
}

#[test]
fn a_source_that_fails_ends_all_shards_alike() {
    let project = Project::with("steps:\n  in: { read: in.jsonl }\n  out: { from: in, map: return item }\n")
        .file("in.jsonl", "1\n2\nno\n4\n");
    for number in 1..=2 {
        let bad = shard(&project, number, 2, &[]);
        assert_eq!(bad.code, 1, "{}", bad.stderr);
        assert!(bad.stderr.contains("1 row is bad (2 of the first 3 readable"), "{}", bad.stderr);
    }
    let ran = gather(&project, 2, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains(" in `s2` has not ended well\n  help: `flowrun resume"), "{}", ran.stderr);
    let project = project.file("in.jsonl", "1\n2\n3\n4\n");
    assert_eq!(project.run(&["resume", "--state-dir", "s2", "-q"]).code, 0);
    let ran = gather(&project, 2, &[]);
    assert!(ran.code == 2 && ran.stderr.contains("shard 1/2 is missing"), "{}", ran.stderr);
    shard(&project, 1, 2, &[]).ok();
    gather(&project, 2, &["-q"]).ok();
}

#[test]
fn a_missing_source_ends_every_shard() {
    let project = Project::with("steps:\n  in: { read: in.jsonl }\n  out: { from: in, map: return item }\n");
    let ran = shard(&project, 1, 2, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("in.jsonl"), "{}", ran.stderr);
}

#[test]
fn what_cannot_be_sharded_is_said() {
    let project = Project::with("steps:\n  in: { items: [1, 2] }\n  sorted: { from: in, sort: item }\n");
    let ran = shard(&project, 1, 2, &[]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`pipeline.yaml` has no step that can be worked on in shards"),
        "{}",
        ran.stderr
    );
    for (words, expect) in [
        (&["run", "pipeline.yaml", "--shard", "3/2"][..], "there are 2 shards, and none is number 3"),
        (&["run", "pipeline.yaml", "--shard", "x"][..], "a shard is expected, as in `2/7`"),
        (&["run", "pipeline.yaml", "--shard", "1/2", "--no-state"][..], "cannot be used with"),
        (
            &["run", "pipeline.yaml", "--shard", "1/2", "--on", "processes"][..],
            "`--shard 1/2` works on its items here, and `--on processes` sends items away\n  help: leave one of them out",
        ),
        (&["plan", "pipeline.yaml", "--shard", "1/2", "--on", "nowhere"][..], "leave one of them out"),
        (&["gather", "pipeline.yaml"][..], "<D>"),
    ] {
        let ran = project.run(words);
        assert!(ran.code == 2 && ran.stderr.contains(expect), "{words:?} {}", ran.stderr);
    }
}

#[test]
fn files_of_a_checkout_are_known_by_what_is_in_them() {
    let pipeline = |by: &str| {
        format!(
            "steps:\n  in: {{ glob: {{ pattern: 'raw/*.txt', by: {by} }} }}\n  out: {{ from: in, map: return item.name }}\n  save: {{ from: out, write: out.jsonl }}\n"
        )
    };
    let checkout = |by: &str, age: u64| {
        let files = ["a", "b", "c"];
        let project = Project::with(&pipeline(by));
        let project =
            files.iter().fold(project, |project, name| project.file(&format!("raw/{name}.txt"), *name));
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(age);
        for name in files {
            let file = std::fs::File::options().write(true).open(project.path(&format!("raw/{name}.txt")));
            file.and_then(|file| file.set_modified(then)).expect("ours");
        }
        project
    };
    for (by, expect) in [("content", 0), ("modified", 2)] {
        let last = checkout(by, 0);
        for number in 1..=2_u64 {
            let one = checkout(by, 1000 * number);
            let (name, folder) = (format!("{number}/2"), format!("s{number}"));
            let ran = one.run(&["run", "pipeline.yaml", "--shard", &name, "--state-dir", &folder]).ok();
            let warns = ran.stderr.contains("told apart by size and time of change");
            assert_eq!(warns, by == "modified", "{}", ran.stderr);
            std::fs::rename(one.path(&folder), last.path(&folder)).expect("one file system");
        }
        let gathered = gather(&last, 2, &[]);
        assert_eq!(gathered.code, expect, "{}", gathered.stderr);
        if expect == 0 {
            assert_eq!(last.read("out.jsonl"), "\"a.txt\"\n\"b.txt\"\n\"c.txt\"\n");
        } else {
            assert!(
                gathered.stderr.contains("`by: content` compares what is in them"),
                "{}",
                gathered.stderr
            );
        }
    }
}

#[test]
fn other_runs_in_a_folder_are_left_alone() {
    let other = "steps:\n  in: { items: [1] }\n  out: { from: in, map: return item }\n  bad: { from: out, map: error('no') }\n";
    let project = project(20).file("other.yaml", other);
    shard(&project, 1, 2, &[]).ok();
    let run = |words: &[&str]| project.run(&[&["run", "-q", "--state-dir", "s1"][..], words].concat());
    for number in ["1/2", "2/2"] {
        run(&["other.yaml", "--shard", number]).ok();
    }
    assert_eq!(run(&["other.yaml"]).code, 1);
    // What is whole and failed is no shard that could be gone on with.
    let ran = project.run(&["gather", "pipeline.yaml", "s1"]);
    assert!(ran.code == 2 && !ran.stderr.contains("resume"), "{}", ran.stderr);
    assert!(ran.stderr.contains("shard 2/2 is missing"), "{}", ran.stderr);
    run(&["pipeline.yaml", "--shard", "2/2"]).ok();
    project.run(&["gather", "pipeline.yaml", "s1", "-q"]).ok();
    // Split anew in the same folders, the newer shards count.
    for number in ["1/3", "2/3", "3/3"] {
        run(&["pipeline.yaml", "--shard", number]).ok();
    }
    project.run(&["gather", "pipeline.yaml", "s1", "-q"]).ok();
    // A folder of folders is all of them.
    std::fs::create_dir(project.path("all")).expect("room");
    std::fs::rename(project.path("s1"), project.path("all/s1")).expect("one file system");
    project.run(&["gather", "pipeline.yaml", "all", "-q"]).ok();
    // What lies beside them may be anything.
    project.run(&["other.yaml", "-q", "--state-dir", "all/others"]);
    project.run(&["pipeline.yaml", "-q", "--state-dir", "all/whole"]).ok();
    std::fs::create_dir_all(project.path("all/tool/runs")).expect("room");
    let ran = project.run(&["gather", "pipeline.yaml", "all"]).ok();
    let passed = "passed over `all/others`, `all/tool`, `all/whole`, which hold no shard of `pipeline.yaml`";
    assert!(ran.stderr.contains(passed), "{}", ran.stderr);
    for folder in ["all/others", "all/tool"] {
        let ran = project.run(&["gather", "pipeline.yaml", "all/s1", folder]);
        assert!(ran.code == 2 && ran.stderr.contains("there is no run of a shard"), "{}", ran.stderr);
    }
    let ran = project.run(&["gather", "all", "pipeline.yaml"]);
    assert!(ran.code == 2 && ran.stderr.contains("the pipeline file goes first"), "{}", ran.stderr);
}

#[test]
fn folders_of_others_permit_nothing() {
    let project = Project::with(
        "steps:\n  in: { items: [1, 2] }\n  out: { from: in, map: return item }\n  late: { from: out, map: return fs.read('../outside.txt') }\n",
    );
    let outside = project.path(".").canonicalize().expect("it is there");
    std::fs::write(outside.parent().expect("above").join("outside.txt"), "secret").expect("writable");
    shards(&project, 2, &["--allow-read", ".."]);
    let ran = gather(&project, 2, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    gather(&project, 2, &["--allow-read", "..", "-q"]).ok();
}
