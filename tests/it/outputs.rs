//! These tests cover files that a run writes beside its results: whatever they are called, none is a file of the run
//! itself.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::project::{Project, Ran};

const OPTIONS: [&str; 4] = ["--events", "--report", "--junit", "--trace"];

const PIPELINE: &str = "\
params:
  deep: { type: path, default: deep/in.jsonl.gz }
secrets:
  token: { file: token.txt }
steps:
  rows:
    read: in.jsonl
  packed:
    read: ${{ params.deep }}
  many:
    read: { path: 'parts/**/*.jsonl', format: jsonl }
  files:
    glob: { root: docs, pattern: '*.md' }
  work:
    from: [rows, packed, many, files]
    map:
      file: work.lua#one
  same:
    from: work
    map: return require('lib.same')(item)
  save:
    from: same
    write: out/result.jsonl
";

/// Everything that a run of [`PIPELINE`] touches, and further names for some of it.
fn project() -> Project {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, b"{\"id\":7}\n").expect("memory");
    let project = Project::with(PIPELINE)
        .ids("in.jsonl", 2)
        .file("deep/in.jsonl.gz", packed.finish().expect("memory"))
        .ids("parts/a/1.jsonl", 2)
        .ids("elsewhere/2.jsonl", 2)
        .file("docs/a.md", "# a")
        .file("token.txt", "hush-hush-1\n")
        .file("params.yaml", "deep: deep/in.jsonl.gz\n")
        .file("work.lua", "return { one = function(item) return item end }")
        .file("lib/same.lua", "return require('lib.link')")
        .file("lib/text.txt", "return function(item) return item end")
        .file("lib/unused.lua", "return 1");
    for (target, link) in [
        ("in.jsonl", "link"),
        ("link", "link-of-link"),
        ("../../elsewhere/2.jsonl", "parts/a/2.jsonl"),
        ("text.txt", "lib/link.lua"),
        ("parts", "way"),
        ("out/result.jsonl", "ahead"),
    ] {
        symlink(target, project.path(link)).expect("a new name");
    }
    for (old, new) in [
        ("in.jsonl", "twin"),
        ("docs/a.md", "twin.md"),
        ("parts/a/1.jsonl", "part"),
        ("pipeline.yaml", "copy"),
    ] {
        fs::hard_link(project.path(old), project.path(new)).expect("a new name");
    }
    project
}

/// Every file with what is in it.
fn snapshot(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if entry.file_type().expect("it is there").is_dir() {
            all.insert(path.clone(), Vec::new());
            all.extend(snapshot(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap_or_default());
        }
    }
    all
}

/// Refused with these words, and nothing is made, emptied or begun.
#[track_caller]
fn refused(project: &Project, args: &[&str], words: &str) -> Ran {
    let before = snapshot(&project.path(""));
    let ran = project.run(args);
    assert_eq!(ran.code, 2, "{args:?}\n{}", ran.stderr);
    assert!(
        ran.stderr.contains(words) && ran.stderr.contains("  help: "),
        "{args:?}: {words}\n{}",
        ran.stderr
    );
    assert!(snapshot(&project.path("")) == before, "{args:?} has changed something");
    ran
}

#[test]
fn no_file_of_the_run_is_written_over() {
    let project = project();
    let here = project.path("").canonicalize().expect("it is there");
    let absolute = here.join("in.jsonl").display().to_string();
    for (path, words) in [
        ("in.jsonl", "in.jsonl` would write over `in.jsonl`, which step `rows` reads"),
        ("./out/../in.jsonl", "would write over `in.jsonl`, which step `rows` reads"),
        (&absolute, "would write over `in.jsonl`, which step `rows` reads"),
        ("link-of-link", "link-of-link` would write over `in.jsonl`, which step `rows` reads"),
        ("twin", "twin` would write over `in.jsonl`, which step `rows` reads"),
        ("deep/in.jsonl.gz", "would write over `deep/in.jsonl.gz`, which step `packed` reads"),
        ("parts/a/1.jsonl", "would write a file that step `many` reads as `parts/**/*.jsonl`"),
        ("part", "part` would write a file that step `many` reads as `parts/**/*.jsonl`"),
        ("elsewhere/2.jsonl", "would write a file that step `many` reads as `parts/**/*.jsonl`"),
        ("way/a/new.jsonl", "would write a file that step `many` reads as `parts/**/*.jsonl`"),
        ("parts/new/new.jsonl", "would write a file that step `many` reads as `parts/**/*.jsonl`"),
        ("docs/a.md", "would write a file that step `files` lists as `*.md`"),
        ("twin.md", "would write a file that step `files` lists as `*.md`"),
        ("docs/new.md", "would write a file that step `files` lists as `*.md`"),
        ("out/result.jsonl", "would write over `out/result.jsonl`, which step `save` writes"),
        ("ahead", "ahead` would write over `out/result.jsonl`, which step `save` writes"),
        ("token.txt", "would write over `token.txt`, which holds secret `token`"),
        ("work.lua", "would write over `work.lua`, a Lua file of the pipeline"),
        ("lib/text.txt", "would write over `lib/link.lua`, a Lua file of the pipeline"),
        ("lib/unused.lua", "would write over a Lua file in the pipeline's folder"),
        ("pipeline.yaml", "would write over `pipeline.yaml`, the pipeline file"),
        ("copy", "copy` would write over `pipeline.yaml`, the pipeline file"),
        ("params.yaml", "would write over `params.yaml`, the params file"),
        (".flowrun/x", "is in `"),
        (".FlowRun/deep/x", "is in `"),
        ("sub/.flowrun/x", "is in `"),
        ("state/x", "is in `state`, where runs are kept"),
    ] {
        for option in OPTIONS {
            let kept: &[&str] =
                if path.starts_with("state") { &["--state-dir", "state"] } else { &["--no-state"] };
            let args = [&["pipeline.yaml", "--params-file", "params.yaml", option, path][..], kept].concat();
            let ran = refused(&project, &args, words);
            assert!(ran.stderr.contains(&format!("`{option} {path}`")), "{}", ran.stderr);
        }
    }
}

#[test]
fn two_outputs_are_two_files() {
    let project = project();
    fs::write(project.path("old"), "old").expect("room");
    fs::hard_link(project.path("old"), project.path("old-too")).expect("a new name");
    symlink("new/r", project.path("to-new")).expect("a new name");
    for (first, second) in
        [("f", "./f"), ("f", "docs/../f"), ("old", "old-too"), ("new/r", "to-new"), ("new/../f", "f")]
    {
        for (at, one) in OPTIONS.iter().enumerate() {
            for other in &OPTIONS[at + 1..] {
                let words =
                    format!("two outputs of the run want `{first}`: `{one} {first}` and `{other} {second}`");
                refused(&project, &["pipeline.yaml", one, first, other, second], &words);
            }
        }
    }
    let ran =
        refused(&project, &["pipeline.yaml", "--report", "r.html", "--trace", "-"], "not to standard output");
    assert!(!ran.stderr.contains("two outputs"), "{}", ran.stderr);
    let many =
        ["pipeline.yaml", "--report", "in.jsonl", "--trace", "work.lua", "--junit", "x", "--events", "x"];
    let ran = refused(&project, &many, "`--trace work.lua` would");
    assert!(
        ran.stderr.contains("`--report in.jsonl` would") && ran.stderr.contains("two outputs"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_in_nobodys_way_is_written_and_its_folders_are_made() {
    let project = project();
    let args = [
        "pipeline.yaml",
        "--report",
        "new/deep/r.html",
        "--junit",
        "new/j.xml",
        "--trace",
        "t/t.json",
        "--events",
        "parts/.events.jsonl",
    ];
    project.run(&args).ok();
    for (file, begin) in [
        ("new/deep/r.html", "<!doctype"),
        ("new/j.xml", "<?xml"),
        ("t/t.json", "{"),
        ("parts/.events.jsonl", "{"),
    ] {
        assert!(project.read(file).starts_with(begin), "{file}");
    }
    let null = ["pipeline.yaml", "--report", "/dev/null", "--trace", "/dev/null", "--events", "/dev/null"];
    project.run(&null).ok();
    let ran = project.run(&["pipeline.yaml", "--events", "-", "--trace", "t/t.json", "-q"]).ok();
    assert!(ran.stdout.starts_with('{'), "{}", ran.stdout);
}

#[test]
fn a_stream_may_be_a_file_of_the_shells() {
    let pipeline = "steps:\n  rows:\n    read: '-'\n  save:\n    from: rows\n    write: '-'\n";
    let project = Project::with(pipeline).ids("in", 3).file("out", "");
    let open =
        |name: &str| fs::OpenOptions::new().read(true).append(true).open(project.path(name)).expect("ours");
    for (option, path, words) in [
        ("--trace", "in", "`--trace in` would write over `-`, which step `rows` reads"),
        ("--report", "out", "`--report out` would write over `-`, which step `save` writes"),
    ] {
        let mut command = project.command(&["pipeline.yaml", "--no-state", option, path]);
        let ran = command.stdin(open("in")).stdout(open("out")).output().expect("the binary runs");
        let stderr = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.code() == Some(2) && stderr.contains(words), "{stderr}");
        assert_eq!((project.read("in").lines().count(), project.read("out").as_str()), (3, ""), "{option}");
    }
    let project =
        Project::with(&pipeline.replace("write: '-'", "write: rows.jsonl")).ids("in", 3).file("out", "");
    let open =
        |name: &str| fs::OpenOptions::new().read(true).append(true).open(project.path(name)).expect("ours");
    let args = ["pipeline.yaml", "--no-state", "--events", "-", "--junit", "out"];
    let ran = project.command(&args).stdin(open("in")).stdout(open("out")).output().expect("the binary runs");
    let stderr = String::from_utf8_lossy(&ran.stderr);
    let words = "two outputs of the run want `out`: `--junit out` and `--events -`";
    assert!(ran.status.code() == Some(2) && stderr.contains(words), "{stderr}");
    assert!(project.read("out").is_empty() && !project.has("rows.jsonl"));
}

#[test]
fn a_resumed_run_is_as_careful() {
    let project = project();
    project.run(&["pipeline.yaml", "-p", "deep=elsewhere/2.jsonl"]).ok();
    let run =
        fs::read_dir(project.path(".flowrun/runs")).expect("kept").flatten().next().expect("one run").path();
    fs::hard_link(run.join("run.db"), project.path("database")).expect("a new name");
    for (path, words) in [
        ("in.jsonl", "which step `rows` reads"),
        ("elsewhere/2.jsonl", "would write over `elsewhere/2.jsonl`, which step `packed` reads"),
        ("out/result.jsonl", "which step `save` writes"),
        (".flowrun/cache.db", "is in `"),
        ("database", "is in `"),
        ("params.yaml", "the params file"),
    ] {
        for option in OPTIONS {
            refused(
                &project,
                &[
                    "resume",
                    "latest",
                    "--params-file",
                    "params.yaml",
                    "-p",
                    "deep=elsewhere/2.jsonl",
                    option,
                    path,
                ],
                words,
            );
        }
    }
    project.run(&["resume", "latest", "--trace", "t.json"]).ok();
}

#[test]
fn the_page_of_a_kept_run_does_not_replace_what_the_run_was_made_of() {
    let project = project();
    project.run(&["pipeline.yaml"]).ok();
    for (path, words) in [
        ("in.jsonl", "`-o in.jsonl` would write over `in.jsonl`, which step `rows` reads"),
        ("link", "which step `rows` reads"),
        ("out/result.jsonl", "which step `save` writes"),
        ("pipeline.yaml", "the pipeline file"),
        ("work.lua", "a Lua file of the pipeline"),
        (".flowrun/cache.db", "is in `.flowrun`, where runs are kept"),
        (".flowrun/new/r.html", "is in `.flowrun`, where runs are kept"),
    ] {
        refused(&project, &["report", "latest", "-o", path], words);
    }
    project.run(&["report", "latest", "-o", "pages/r.html"]).ok();
    project.run(&["report", "latest", "-o", "pages/r.html"]).ok();
    assert!(project.read("pages/r.html").starts_with("<!doctype"));
}
