//! Every example in one, three and seven shards, gathered: the same bytes as from one machine. Those that have nothing to shard
//! say so.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::examples::{Example, customers_service, program_example};
use crate::llm_batch::{self, Grant, Provider};
use crate::nightly::{self, Nights};
use crate::project::{Ran, command_in};
use crate::server::Server;

/// What becomes of an example in shards.
enum Kind {
    /// It is gathered to the same outputs, with this exit code.
    Sharded(i32),
    /// No step reads sources only and works on items one by one.
    NothingToShard,
}

use Kind::{NothingToShard, Sharded};

/// All of them.
const EXAMPLES: [(&str, Kind); 22] = [
    ("ci-matrix", Sharded(0)),
    ("clean-text", Sharded(0)),
    ("daily-stats", NothingToShard),
    ("enrich-http", Sharded(0)),
    ("flaky", Sharded(0)),
    ("join-orders", NothingToShard),
    ("llm-batch", Sharded(0)),
    ("messy-tables", Sharded(0)),
    ("nightly", Sharded(0)),
    ("orders", NothingToShard),
    ("programs/jq", Sharded(0)),
    ("programs/node", Sharded(0)),
    ("programs/python", Sharded(0)),
    ("programs/python-plain", Sharded(0)),
    ("programs/rust", Sharded(0)),
    ("resize-images", Sharded(0)),
    ("split-dataset", Sharded(0)),
    ("to-sqlite", Sharded(0)),
    ("transcode", Sharded(0)),
    ("two-branches", Sharded(0)),
    ("validate", Sharded(1)),
    ("word-count", Sharded(0)),
];

/// An example with what it needs to run: the same server for all runs of it.
struct Staged {
    example: Example,
    words: Vec<String>,
    secret: Option<(&'static str, &'static str)>,
    _server: Option<Server>,
}

impl Staged {
    /// `None`: a program that it needs is not there.
    fn new(name: &str) -> Option<Self> {
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let plain = |example| Self { example, words: Vec::new(), secret: None, _server: None };
        if let Some(language) = name.strip_prefix("programs/") {
            return program_example(language).map(plain);
        }
        Some(match name {
            "enrich-http" => {
                let token = "s3cret-t0ken-of-the-test";
                let server = customers_service(token);
                let words = words(format!("-p api={}", server.url("")));
                let secret = Some(("CUSTOMERS_TOKEN", token));
                Self { words, secret, _server: Some(server), ..plain(Example::new(name)) }
            }
            "llm-batch" => {
                let server = Provider::start(Grant { requests: 10_000, tokens: 10_000_000 }).server;
                let words = words(format!(
                    "-p api={} -p requests=6000/s -p tokens=900000/s --set ask.retries.delay=20ms --set ask.timeout=2s",
                    server.url("/v1")
                ));
                let secret = Some(("OPENAI_API_KEY", llm_batch::KEY));
                Self { words, secret, _server: Some(server), ..plain(Example::new(name)) }
            }
            "nightly" => {
                let Nights { example, server, .. } = Nights::start();
                let words = words(format!(
                    "-p day=2026-11-01 -p carrier={} -p hook={} --set located.breaker.pause=100ms --set located.retries.delay=10ms",
                    server.url(""),
                    server.url("/hook")
                ));
                let secret = Some(("HOOK_TOKEN", nightly::TOKEN));
                Self { words, secret, _server: Some(server), ..plain(example) }
            }
            _ => plain(Example::new(name)),
        })
    }

    fn run(&self, words: &[&str]) -> Ran {
        let mut command = command_in(&self.example.path, words);
        command.envs(self.secret).stdin(Stdio::null());
        let output: Output = command.output().expect("the binary runs");
        Ran::from(output)
    }

    /// Runs it whole or one shard of it, with the same seed.
    fn begin(&self, more: &[&str]) -> Ran {
        let own = self.words.iter().map(String::as_str);
        let words: Vec<&str> = ["run", "pipeline.yaml", "-q", "--seed", "5"].into_iter().chain(own).collect();
        self.run(&[&words, more].concat())
    }

    /// The outputs that are there, by their paths; they are taken away.
    fn take_outputs(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (folder, mut found) = (self.example.path.join("out"), BTreeMap::new());
        if folder.exists() {
            collect(&folder, &mut found);
            fs::remove_dir_all(&folder).expect("ours");
        }
        found
    }
}

/// All files below a folder. Of a database only that it is there: its pages tell in which order rows came. Of failed items all
/// but how long they took.
fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        // What a database has not yet put into its file is no file of its own.
        if path.extension().is_some_and(|extension| extension == "db-wal" || extension == "db-shm") {
            continue;
        }
        let is_database = path.extension().is_some_and(|extension| extension == "db");
        let bytes = if is_database { Vec::new() } else { untimed(fs::read(&path).expect("readable")) };
        found.insert(path, bytes);
    }
}

fn untimed(bytes: Vec<u8>) -> Vec<u8> {
    let is_timed = |text: &str| text.contains("\"history\":");
    match std::str::from_utf8(&bytes) {
        Ok(text) if is_timed(text) => {
            let line = |line: &str| {
                let mut item: Value = serde_json::from_str(line).expect("JSON");
                let fields = item.as_object_mut().expect("a map");
                fields.remove("duration");
                fields["history"].as_array_mut().into_iter().flatten().for_each(|attempt| {
                    attempt.as_object_mut().expect("a map").remove("duration");
                });
                item.to_string()
            };
            text.lines().map(line).collect::<Vec<_>>().join("\n").into_bytes()
        }
        _ => bytes,
    }
}

fn check_sharded(name: &str, staged: &Staged, exit: i32) {
    let local = staged.begin(&["--state-dir", "local"]);
    assert_eq!(local.code, exit, "{name}: {}", local.stderr);
    let expect = staged.take_outputs();
    assert_eq!(expect.is_empty(), exit != 0, "{name}");
    for of in [1, 3, 7] {
        let folders = format!("shards-{of}");
        for number in 1..=of {
            let (shard, folder) = (format!("{number}/{of}"), format!("{folders}/s{number}"));
            staged.begin(&["--shard", &shard, "--state-dir", &folder]).ok();
        }
        let state = format!("gathered-{of}");
        let gathered = staged.run(&["gather", "pipeline.yaml", "-q", &folders, "--state-dir", &state]);
        assert_eq!(gathered.code, exit, "{name}: {}", gathered.stderr);
        let outputs = staged.take_outputs();
        let different: Vec<&PathBuf> =
            expect.keys().filter(|path| outputs.get(*path) != expect.get(*path)).collect();
        assert!(different.is_empty() && outputs.len() == expect.len(), "{name} in {of}: {different:?}");
    }
}

fn check(examples: &[(&str, Kind)]) {
    for (name, kind) in examples {
        let Some(staged) = Staged::new(name) else { continue };
        match kind {
            Sharded(exit) => check_sharded(name, &staged, *exit),
            NothingToShard => {
                let refused = staged.begin(&["--shard", "1/3", "--state-dir", "s1"]);
                assert_eq!(refused.code, 2, "{name}: {}", refused.stderr);
                let expect = "`pipeline.yaml` has no step that can be worked on in shards";
                assert!(refused.stderr.contains(expect), "{name}: {}", refused.stderr);
            }
        }
    }
}

#[test]
fn every_example_in_shards_is_what_one_machine_makes() {
    check(&EXAMPLES[..11]);
}

/// The same for the other half, beside it.
#[test]
fn every_other_example_in_shards_is_what_one_machine_makes() {
    check(&EXAMPLES[11..]);
}

#[test]
fn no_example_is_missing_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names = Vec::new();
    for place in ["", "programs/"] {
        for entry in fs::read_dir(folder.join(place)).expect("examples") {
            let path = entry.expect("an entry").path();
            if path.join("pipeline.yaml").is_file() {
                names.push(format!("{place}{}", path.file_name().expect("a name").to_string_lossy()));
            }
        }
    }
    names.sort();
    assert_eq!(names, EXAMPLES.map(|(name, _)| name));
}
