//! These tests cover disks that are full, read-only or limited: a run that cannot be kept does not begin, or ends with
//! a clear error, and never says that it succeeded.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::project::{Project, Ran};

/// Half a megabyte of results that cannot be packed much.
const PIPELINE: &str = "steps:
  docs:
    read: in.jsonl
  work:
    from: docs
    map: |
      local s = {}
      for i = 1, 40 do s[i] = hash.sha256(item.id .. '-' .. i) end
      return { id = item.id, s = s }
  save:
    from: work
    write: out.jsonl
";

const ITEMS: u64 = 300;

/// A project, and what it writes when nothing goes wrong.
fn project() -> (Project, String) {
    let project = Project::with(PIPELINE).ids("in.jsonl", ITEMS);
    project.run(&["pipeline.yaml", "--no-state", "-q"]).ok();
    let expect = project.read("out.jsonl");
    std::fs::remove_file(project.path("out.jsonl")).expect("it is there");
    (project, expect)
}

/// Runs with files that may grow to so many blocks of 512 bytes at most, as a full disk has it.
pub(crate) fn limited(project: &Project, blocks: u32, args: &[&str]) -> Ran {
    let shell = format!("ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &shell, crate::project::binary()])
        .args(args)
        .current_dir(project.path("."))
        .stdin(Stdio::null())
        .output();
    Ran::from(output.expect("a shell is there"))
}

/// That a run was stopped by its state: an error, no output, and nothing that looks like success.
#[track_caller]
fn check_stopped(project: &Project, ran: &Ran, intent: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    let error = ran.stderr.lines().find(|line| line.starts_with("error: "));
    let error = error.unwrap_or_else(|| panic!("no error is told: {}", ran.stderr));
    assert!(error.contains("cannot be kept: cannot ") && error.contains(intent), "{error}");
    assert_eq!(error.matches("cannot be kept").count(), 1, "{error}");
    assert!(ran.stderr.contains("--no-state"), "{}", ran.stderr);
    assert!(!project.has("out.jsonl") && !ran.stderr.contains("succeeded"), "{}", ran.stderr);
}

#[test]
fn a_limit_that_is_reached_in_the_middle_stops_the_run_and_nothing_is_lost() {
    let (project, expect) = project();
    // Beyond this the database and its log have room.
    let ran = limited(&project, 400, &["pipeline.yaml", "--output", "json"]);
    check_stopped(&project, &ran, "results-0001.jsonl.zst");
    let listed = project.run(&["runs", "--format", "json"]).ok().stdout;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    assert_eq!(listed[0]["status"], "interrupted", "it could not write how it ended");
    project.run(&["show"]).ok();
    project.run(&["resume"]).ok();
    assert_eq!(project.read("out.jsonl"), expect);
}

#[test]
fn a_limit_that_leaves_no_room_is_found_before_the_first_item() {
    let (project, _) = project();
    for blocks in [0, 8, 40] {
        let ran = limited(&project, blocks, &["pipeline.yaml", "--events", "events.jsonl"]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(!project.has("out.jsonl") && !ran.stderr.contains(" items"), "{}", ran.stderr);
        assert!(project.run(&["runs"]).ok().stderr.contains("no runs"), "half a run is in nobody's way");
    }
}

#[test]
fn a_resumed_run_is_stopped_in_the_same_way_and_the_old_one_stays() {
    let (project, expect) = project();
    check_stopped(&project, &limited(&project, 400, &["pipeline.yaml"]), "cannot write");
    check_stopped(&project, &limited(&project, 400, &["resume"]), "cannot write");
    project.run(&["resume"]).ok();
    assert_eq!(project.read("out.jsonl"), expect);
}

#[test]
fn folders_where_nothing_can_be_made_are_said_before_anything_runs() {
    let (project, _) = project();
    let project = project.file("file", "");
    for state in ["file", "file/state", "/proc/flowrun", "/dev/null/x"] {
        let ran = project.run(&["pipeline.yaml", "--state-dir", state]);
        check_stopped(&project, &ran, &format!("cannot create `{state}/runs`"));
        assert!(!ran.stderr.contains("started"), "{}", ran.stderr);
    }
}

/// A file system in memory, gone with this value. Only some may mount one.
struct Mount(std::path::PathBuf);

impl Mount {
    fn new(at: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(at).expect("room");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(at.to_owned()));
        }
        let said = "skipped: no file system can be mounted here; limits on files stand in for it\n";
        let _ = std::io::stderr().write_all(said.as_bytes());
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_stops_the_run() {
    let (project, expect) = project();
    for (size, intent) in [("size=40k", "cannot create"), ("size=300k", "cannot write")] {
        let Some(_mount) = Mount::new(&project.path("disk"), size) else { return };
        let ran = project.run(&["pipeline.yaml", "--state-dir", "disk"]);
        check_stopped(&project, &ran, intent);
        let shown = project.run(&["runs", "--state-dir", "disk"]).ok();
        assert!(!shown.stdout.contains("succeeded"), "{}", shown.stdout);
    }
    project.run(&["pipeline.yaml"]).ok();
    assert_eq!(project.read("out.jsonl"), expect);
}

#[test]
fn a_read_only_disk_is_said_before_anything_runs_and_its_runs_can_be_shown() {
    let (project, _) = project();
    let Some(mount) = Mount::new(&project.path("disk"), "size=10m") else { return };
    let fail = PIPELINE.replace("local s = {}", "local s = {} if item.id == 7 then error('no') end");
    let project = project.file("pipeline.yaml", fail);
    assert_eq!(project.run(&["pipeline.yaml", "--state-dir", "disk"]).code, 1);
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&mount.0).status();
    assert!(remounted.expect("mount is there").success());
    for args in [&["pipeline.yaml", "--state-dir", "disk"][..], &["resume", "--state-dir", "disk"]] {
        check_stopped(&project, &project.run(args), "Read-only file system");
    }
    for args in [&["show"][..], &["runs"], &["show", "--failed"], &["show", "latest", "work", "--results"]] {
        let mut all = args.to_vec();
        all.extend(["--state-dir", "disk"]);
        assert!(!project.run(&all).ok().stdout.is_empty(), "{args:?}");
    }
    let planned = project.run(&["plan", "pipeline.yaml", "--state-dir", "disk"]).ok();
    assert!(planned.stdout.contains("redone 1 (failed before)"), "{}", planned.stdout);
}

/// Steps whose results are more than is kept in memory, of every kind that has items.
const LARGE: &str = "steps:
  docs:
    read: in.jsonl
  grown:
    from: docs
    map:
      min_success_ratio: 0.5
      lua: |
        if item.id % 10 == 0 then flow.skip('tens') end
        if item.id % 7 == 0 then flow.fail('sevens') end
        return { id = item.id, text = string.rep(tostring(item.id), 20000) }
  cut:
    from: grown
    flat_map: |
      local parts = {}
      for at = 1, item.id % 3 do parts[at] = { id = item.id, at = at, text = item.text } end
      return parts
  some:
    from: [cut, grown]
    filter: item.id % 5 ~= 1
  save:
    from: some
    needs: grown
    write: out.jsonl
";

#[test]
fn results_that_later_steps_read_lie_in_the_segments_alone() {
    let project = Project::with(LARGE).ids("in.jsonl", 400);
    project.run(&["pipeline.yaml", "--no-state", "-q"]).ok();
    let expect = project.read("out.jsonl");
    assert!(expect.len() > 16 << 20, "{}", expect.len());
    std::fs::remove_file(project.path("out.jsonl")).expect("it is there");
    let no_folder = project.path("in.jsonl");

    let mut kept = project.command(&["pipeline.yaml", "-q"]);
    Ran::from(kept.env("TMPDIR", &no_folder).output().expect("the binary runs")).ok();
    assert!(project.read("out.jsonl") == expect, "not the same bytes");

    let mut not_kept = project.command(&["pipeline.yaml", "--no-state"]);
    let ran = Ran::from(not_kept.env("TMPDIR", &no_folder).output().expect("the binary runs"));
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("(temporary file)"), "it has to go somewhere: {}", ran.stderr);
}

#[test]
fn results_that_are_damaged_meanwhile_are_never_fewer_results() {
    let held = LARGE.replace(
        "  cut:\n    from: grown\n",
        "  held:
    needs: grown
    read: { path: '-', format: jsonl }
  cut:
    from: grown
    needs: held\n",
    );
    let project = Project::with(&held).ids("in.jsonl", 400);
    let mut command = project.command(&["pipeline.yaml"]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut told = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok);
    told.find(|line| line.contains("map grown") && line.contains("308 ok")).expect("the step ends");
    let run = std::fs::read_dir(project.path(".flowrun/runs")).expect("a folder").next();
    let folder = run.expect("one run").expect("readable").path().join("steps/grown");
    let segment = std::fs::OpenOptions::new().write(true).open(folder.join("results-0001.jsonl.zst"));
    segment.and_then(|segment| segment.set_len(segment.metadata()?.len() / 2)).expect("it can be cut");
    child.stdin.take().expect("piped").write_all(b"{}\n").expect("it listens");

    let rest: Vec<String> = told.collect();
    let rest = rest.join("\n");
    assert_eq!(child.wait().expect("it ends").code(), Some(1), "{rest}");
    assert!(rest.contains("results of step `grown`") && rest.contains("damaged"), "{rest}");
    assert!(!project.has("out.jsonl"), "{rest}");
}

#[test]
fn segments_that_are_cut_or_gone_are_said_when_results_are_shown() {
    let (project, expect) = project();
    project.run(&["pipeline.yaml", "-q"]).ok();
    let run = std::fs::read_dir(project.path(".flowrun/runs")).expect("a folder").next();
    let segment = run.expect("one run").expect("readable").path().join("steps/work/results-0001.jsonl.zst");
    let length = std::fs::metadata(&segment).expect("it is there").len();
    for left in [length / 2, 0] {
        let file = std::fs::OpenOptions::new().write(true).open(&segment).expect("it is there");
        file.set_len(left).expect("it can be cut");
        let ran = project.run(&["show", "latest", "work", "--results"]);
        assert_eq!(ran.code, 2, "{left} bytes: {}", ran.stderr);
        assert!(ran.stderr.contains("results of step `work` are damaged"), "{left} bytes: {}", ran.stderr);
    }
    std::fs::remove_file(&segment).expect("it is there");
    let ran = project.run(&["show", "latest", "work", "--results"]);
    assert!(ran.code == 2 && ran.stderr.contains("300 results of step `work` are damaged"), "{}", ran.stderr);
    project.run(&["resume", "latest", "-q"]).ok();
    assert!(project.read("out.jsonl") == expect, "the results come out right");
}
