//! These tests cover runs that are kept and gone on with, through the engine: what is reused, what runs again, and why.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flowrun::config;
use flowrun::engine::{self, EngineError, Interrupt, Outcome, ResumeOptions, RunOptions, StateOptions};
use flowrun::event::{Event, ReuseCounts, RunStatus, StepResult};
use flowrun::plan::{self, Inputs, Plan};
use flowrun::store::{Catalogue, StoredRun};

use crate::project::Project;

/// A folder with one pipeline whose items and function change between runs.
struct Bench {
    dir: tempfile::TempDir,
    runs: std::cell::Cell<u32>,
    params: Vec<(String, String)>,
}

/// How a run came out.
struct Ran {
    outcome: Outcome,
    notices: Vec<String>,
    id: String,
}

impl Ran {
    fn step(&self, at: usize) -> &StepResult {
        &self.outcome.steps[at].1
    }

    /// `reused/redone reasons dropped` of a step.
    fn reuse(&self, at: usize) -> String {
        let ReuseCounts { reused, redone, reasons, dropped, .. } =
            self.step(at).reuse.clone().expect("something was resumed");
        let reasons: Vec<String> =
            reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        format!("{reused}/{redone} [{}] -{dropped}", reasons.join(", "))
    }
}

impl Bench {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().expect("a folder"),
            runs: std::cell::Cell::new(0),
            params: Vec::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("room");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn items(&self, items: &str) {
        let mut lines = items.split_whitespace().collect::<Vec<_>>().join("\n");
        lines.push('\n');
        self.write("in.jsonl", &lines);
    }

    /// A pipeline of one map from `in.jsonl` to `out.jsonl`.
    fn map(&self, keys: &str) {
        self.write(
            "p.yaml",
            &format!(
                "params: {{ size: 1, other: 2 }}\nsteps:\n  src: {{ read: in.jsonl }}\n  m:\n    from: src\n    map:\n{keys}\
                 \n  save: {{ from: m, write: out.jsonl }}\n"
            ),
        );
    }

    fn plan(&self) -> Plan {
        let path = self.path("p.yaml");
        let bytes = std::fs::read(&path).expect("written");
        let inputs = Inputs {
            params: self.params.clone(),
            current_dir: self.dir.path().into(),
            cores: 2,
            run: "r".into(),
            ..Inputs::default()
        };
        let loaded = plan::load(config::load(&bytes, "p.yaml", &path), &inputs);
        let found: Vec<&str> = loaded.diagnostics.iter().map(|found| found.message.as_str()).collect();
        loaded.plan.unwrap_or_else(|| panic!("{found:?}"))
    }

    fn try_run(&self, state: Option<&Path>, resume: Option<ResumeOptions>) -> Result<Ran, EngineError> {
        let plan = self.plan();
        self.runs.set(self.runs.get() + 1);
        let id = format!("r{}", self.runs.get());
        let options = RunOptions {
            shard: None,
            sent: None,
            work: None,
            run: id.as_str().into(),
            seed: 7,
            grace: Duration::from_secs(1),
            selected: vec![true; plan.steps.len()],
            cores: 2,
            temp_dir: self.dir.path().into(),
            spans: false,
            logs: false,
            state: state.map(|dir| StateOptions {
                dir: dir.into(),
                resume,
                attach: false,
                gather: None,
                version: "test",
            }),
        };
        let mut notices = Vec::new();
        let mut outcome = engine::run(&plan, &options, &Arc::new(Interrupt::default()), &mut |event| {
            if let Event::Notice { message, .. } = event {
                notices.push(message.clone());
            }
        })?;
        // The folder is held by the outcome, and an old run that is held cannot be resumed.
        assert_eq!(outcome.run_dir.take().is_some(), state.is_some());
        Ok(Ran { outcome, notices, id })
    }

    fn run(&self) -> Ran {
        self.try_run(Some(&self.path(".flowrun")), None).expect("kept")
    }

    fn resume(&self, old: &Ran) -> Ran {
        self.resume_with(old, false, false)
    }

    fn resume_with(&self, old: &Ran, keep_permanent: bool, failed_only: bool) -> Ran {
        let resume = ResumeOptions { run: old.id.clone(), keep_permanent, failed_only };
        self.try_run(Some(&self.path(".flowrun")), Some(resume)).expect("kept")
    }

    fn stored(&self, ran: &Ran) -> StoredRun {
        Catalogue::new(&self.path(".flowrun")).open(&ran.id).expect("a run")
    }
}

/// The step of the map in results.
const M: usize = 1;

const DOUBLE: &str = "      lua: return item * 2\n";

/// What the second run says after `change`.
fn check(lua: &str, items: &str, change: impl FnOnce(&mut Bench), expect: &str) {
    let mut bench = Bench::new();
    bench.items(items);
    bench.map(lua);
    let first = bench.run();
    assert!(first.step(M).reuse.is_none());
    change(&mut bench);
    let second = bench.resume(&first);
    assert_eq!(second.reuse(M), expect);
    assert!(second.notices.is_empty(), "{:?}", second.notices);
    let resumed = bench.read("out.jsonl");
    assert_eq!(bench.stored(&second).record().parent.as_deref(), Some("r1"));
    let plain = bench.try_run(None, None).expect("runs");
    assert_eq!(bench.read("out.jsonl"), resumed, "a resumed run writes what a fresh one writes");
    assert_eq!(plain.step(M).tally.succeeded, second.step(M).tally.succeeded);
}

#[test]
fn a_finished_run_is_reused_whole() {
    check(DOUBLE, "1 2 3 3 4", |_| {}, "5/0 [] -0");
}

#[test]
fn skipped_items_are_reused() {
    let lua = "      lua: |\n        if item == 2 then flow.skip('two') end\n        return item\n";
    check(lua, "1 2 3", |_| {}, "3/0 [] -0");
}

#[test]
fn items_are_matched_wherever_they_stand() {
    check(DOUBLE, "1 2 3 4", |bench| bench.items("9 4 3 3 1 8"), "3/3 [3 new] -1");
}

#[test]
fn a_changed_function_redoes_the_step_and_a_comment_does_not() {
    let other = |bench: &mut Bench| bench.map("      lua: return item * 3\n");
    check(DOUBLE, "1 2", other, "0/2 [2 function changed] -0");
    let same = |bench: &mut Bench| {
        bench.map("      concurrency: 1\n      retries: 3\n      timeout: 9s\n      lua: |\n        -- twice\n        return item*2\n");
    };
    check(DOUBLE, "1 2", same, "2/0 [] -0");
}

#[test]
fn only_params_that_the_function_sees_count() {
    let lua = "      lua: return item * params.size\n";
    let set =
        |name: &'static str| move |bench: &mut Bench| bench.params = vec![(name.to_owned(), "5".to_owned())];
    check(lua, "1 2", set("size"), "0/2 [2 params changed] -0");
    check(lua, "1 2", set("other"), "2/0 [] -0");
}

#[test]
fn a_changed_setup_or_required_file_redoes_the_step() {
    let mut lua = "      setup: local lib = require('lib')\n      lua: return lib(item)\n".to_owned();
    let bench = Bench::new();
    bench.write("lib.lua", "return function(x) return x end");
    bench.items("1 2");
    bench.map(&lua);
    let first = bench.run();
    bench.write("lib.lua", "return function(x) return x + 1 end");
    let second = bench.resume(&first);
    assert_eq!(second.reuse(M), "0/2 [2 function changed] -0");
    lua = lua.replace("setup: ", "setup: local x = 1 ");
    bench.map(&lua);
    assert_eq!(bench.resume(&second).reuse(M), "0/2 [2 function changed] -0");
    let kept = bench.path(".flowrun/runs/r1/pipeline/lib.lua");
    assert_eq!(std::fs::read_to_string(kept).expect("kept"), "return function(x) return x end");
}

#[test]
fn a_key_tells_a_changed_item_from_a_new_one() {
    let lua = "      key: item.id\n      lua: return item.v\n";
    let change = |bench: &mut Bench| bench.items("{\"id\":2,\"v\":7} {\"id\":1,\"v\":1} {\"id\":3,\"v\":3}");
    check(lua, "{\"id\":1,\"v\":1} {\"id\":2,\"v\":2}", change, "1/2 [1 item changed, 1 new] -0");
}

#[test]
fn flat_maps_and_filters_are_reused_with_all_their_results() {
    let bench = Bench::new();
    bench.items("0 1 2 3");
    bench.write(
        "p.yaml",
        "steps:\n  src: {read: in.jsonl}\n  m: {from: src, flat_map: 'local l = json.array() for i = 1, item do l[i] = i end return l'}\n\
         \u{20} f: {from: m, filter: item > 1}\n  save: {from: f, write: out.jsonl}\n",
    );
    let first = bench.run();
    let output = bench.read("out.jsonl");
    assert_eq!(output, "2\n2\n3\n");
    let second = bench.resume(&first);
    assert_eq!((second.reuse(1), second.reuse(2)), ("4/0 [] -0".to_owned(), "6/0 [] -0".to_owned()));
    assert_eq!((bench.read("out.jsonl"), second.step(1).emitted, second.step(2).emitted), (output, 6, 3));
    bench.items("0 1 2 4");
    assert_eq!(bench.resume(&second).reuse(2), "6/1 [1 upstream changed] -0");
}

#[test]
fn failed_items_run_again_unless_their_failure_is_kept() {
    let lua = "      min_success_ratio: 0\n      lua: |\n        if item == 2 then error('no') end\n        if item == 3 then flow.fail('never', {a = 1}) end\n        return item\n";
    check(lua, "1 2 3", |_| {}, "1/2 [2 failed before] -0");
    let bench = Bench::new();
    bench.items("1 2 3");
    bench.map(lua);
    let first = bench.run();
    let second = bench.resume_with(&first, true, false);
    assert_eq!(second.reuse(M), "2/1 [1 failed before] -0");
    assert_eq!(second.step(M).tally.failed, 2);
    let failures = bench.stored(&second).failures("m", 0, 10).expect("readable");
    assert_eq!(failures.len(), 2);
}

#[test]
fn what_was_cut_off_is_not_finished_and_only_failures_may_be_asked_for() {
    let lua = "      fail_fast: true\n      concurrency: 1\n      lua: |\n        if item == 2 then error('no') end\n        return item\n";
    let bench = Bench::new();
    bench.items("1 2 3 4");
    bench.map(lua);
    let first = bench.run();
    assert_eq!((first.step(M).tally.cancelled, first.outcome.status), (2, RunStatus::Failed));
    bench.map(&lua.replace("fail_fast: true", "fail_fast: false"));
    let failed_only = bench.resume_with(&first, false, true);
    assert_eq!(failed_only.reuse(M), "1/1 [1 failed before] -0");
    assert_eq!(failed_only.step(M).tally.cancelled, 2);
    let all = bench.resume(&first);
    assert_eq!(all.reuse(M), "1/3 [2 not finished, 1 failed before] -0");
}

#[test]
fn a_key_that_fails_fails_its_item() {
    let bench = Bench::new();
    bench.items("{\"id\":1} 2 {\"id\":3}");
    bench.map("      min_success_ratio: 0.5\n      key: item.id\n      lua: return ctx.key\n");
    let first = bench.run();
    assert_eq!((first.step(M).tally.succeeded, first.step(M).tally.failed), (2, 1));
    assert_eq!(bench.read("out.jsonl"), "\"1\"\n\"3\"\n");
    let failure = bench.stored(&first).failures("m", 0, 10).expect("readable").remove(0);
    assert!(
        failure.item.message.starts_with("`key` failed: attempt to index number"),
        "{}",
        failure.item.message
    );
}

#[test]
fn a_cache_remembers_across_runs_that_know_nothing_of_each_other() {
    let bench = Bench::new();
    bench.items("1 2");
    bench.map("      cache: true\n      lua: return item * params.size\n");
    assert_eq!(bench.run().reuse(M), "0/2 [2 not in the cache] -0");
    bench.items("3 2 1");
    assert_eq!(bench.run().reuse(M), "2/1 [1 not in the cache] -0");
    assert_eq!(bench.read("out.jsonl"), "3\n2\n1\n");
}

#[test]
fn a_run_that_cannot_be_kept_does_not_begin() {
    let bench = Bench::new();
    bench.items("1 2");
    bench.map(DOUBLE);
    bench.write("file", "");
    let error = bench.try_run(Some(&bench.path("file")), None).err().expect("no folder").to_string();
    assert!(error.starts_with("the run cannot be kept: cannot create `"), "{error}");
    let resume = ResumeOptions { run: "gone".to_owned(), keep_permanent: false, failed_only: false };
    let error = bench.try_run(Some(&bench.path("state")), Some(resume)).err().expect("no run").to_string();
    assert!(error.starts_with("run `gone` cannot be resumed: there is no run"), "{error}");
    assert!(!bench.path("out.jsonl").exists() && !bench.path("state").exists());
}

#[test]
fn logs_retries_and_bad_rows_are_kept() {
    let bench = Bench::new();
    bench.write("in.jsonl", "1\n{\n2\n");
    bench.write(
        "p.yaml",
        "steps:\n  src: {read: {path: in.jsonl, min_success_ratio: 0.5}}\n  m:\n    from: src\n    map:\n      min_success_ratio: 0\n      retries: {max: 1, delay: 1ms}\n      lua: |\n        print('item', item)\n        if item == 2 then error('no') end\n        return item\n  save: {from: m, write: out.jsonl}\n",
    );
    let run = bench.run();
    let stored = bench.stored(&run);
    assert_eq!(stored.failures("src", 0, 10).expect("readable").len(), 1);
    assert_eq!(stored.failures("m", 0, 10).expect("readable")[0].item.attempts, 2);
    assert_eq!(stored.step("m").expect("kept").retried, 1);
}

/// What lies in a folder, at any depth, and may be looked into by others than its owner.
fn open_to_others(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        // Temporary files come and go while a run is going on.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.permissions().mode() & 0o077 != 0 {
            found.push(format!("{:o} {}", metadata.permissions().mode(), entry.path().display()));
        }
        if metadata.is_dir() {
            found.extend(open_to_others(&entry.path()));
        }
    }
    found
}

/// The binary under a umask that takes nothing away.
fn open_handed(project: &Project, args: &[&str]) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", "umask 0; exec \"$@\"", "sh", crate::project::binary()]).args(args);
    command.current_dir(project.path("")).env("TOKEN", "hush-hush-1").stdin(Stdio::null());
    command.stderr(Stdio::null()).spawn().expect("a shell")
}

#[test]
fn nobody_but_its_owner_may_look_into_what_is_kept() {
    let pipeline = "secrets:\n  token: { env: TOKEN }\nsteps:\n  src:\n    items: [1, 2, 3]\n  m:\n    from: src\n    map:\n      \
                    cache: true\n      concurrency: 1\n      setup: local lib = require('lib.deep')\n      lua: |\n        if item == 3 and \
                    not fs.exists('go') then time.sleep(60) end\n        return lib(item, secrets.token)\n  save:\n    from: m\n    \
                    write: out.jsonl\n";
    for (state, keeps) in [(".flowrun", false), ("above/state", false), ("there", true)] {
        let project = Project::with(pipeline).file("lib/deep.lua", "return function(x) return { x } end");
        let folder = project.path(state);
        if keeps {
            std::fs::create_dir(&folder).expect("room");
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).expect("ours");
        }
        let mode = || folder.metadata().expect("it is there").permissions().mode() & 0o777;
        let mut child = open_handed(&project, &["pipeline.yaml", "--state-dir", state]);
        let run = || std::fs::read_dir(folder.join("runs")).ok()?.next()?.ok().map(|run| run.path());
        let has = |name: &str| run().is_some_and(|run| run.join(name).exists());
        while !(has("steps/m/results-0001.jsonl.zst") && has("run.db-wal") && has("pipeline/lib/deep.lua")) {
            assert_eq!(child.try_wait().expect("ours"), None, "it waits for `go`");
            std::thread::sleep(Duration::from_millis(10));
        }
        let none: Vec<String> = Vec::new();
        assert_eq!((open_to_others(&folder), mode()), (none.clone(), if keeps { 0o755 } else { 0o700 }));
        child.kill().expect("it is alive");
        child.wait().expect("ours");
        std::fs::write(project.path("go"), "").expect("room");
        let ended = open_handed(&project, &["resume", "--state-dir", state]).wait().expect("ours");
        assert!(ended.success() && folder.join("cache.db").exists() && folder.join("secret.key").exists());
        assert_eq!((open_to_others(&folder), mode()), (none, if keeps { 0o755 } else { 0o700 }));
    }
}
