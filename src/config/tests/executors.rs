//! These tests read executors files: what they say, and that schema, types and check accept the same ones.

#![expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them so")]

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::agreement::{agreed, keys_used, pointers, values};
use super::print;
use crate::config::{
    CommandEngine, Executor, ExecutorEngine, ExecutorKind, FileKind, Loaded, Slurm, decode_executors,
    executors_schema_text, load_as, validate_executors,
};

const EVERY_KEY: &str = include_str!("every_executor_key.yaml");

fn loaded(text: &str) -> Loaded {
    load_as(FileKind::Executors, text.as_bytes(), "e.yaml", Path::new("e.yaml"))
}

fn every_key() -> Value {
    loaded(EVERY_KEY).document.expect("it is YAML").value
}

fn accepted(value: &Value) -> bool {
    static VALIDATOR: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema: Value = serde_json::from_str(executors_schema_text()).expect("the schema is JSON");
        jsonschema::draft7::new(&schema).expect("the schema is one")
    });
    agreed(value, &VALIDATOR, validate_executors, decode_executors(value).err())
}

fn executor(written: Value) -> Executor {
    serde_json::from_value(written).expect("it is one")
}

#[test]
fn a_file_with_every_key_is_accepted_by_all() {
    let file = loaded(EVERY_KEY);
    assert_eq!(print(&file.diagnostics), "");
    assert!(file.is_valid() && accepted(&every_key()));
}

#[test]
fn the_file_with_every_key_has_every_key_of_the_schema() {
    let schema = serde_json::from_str(executors_schema_text()).expect("the schema is JSON");
    let (all, used) = keys_used(&schema, &every_key());
    let missing: Vec<&String> = all.difference(&used).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn schema_types_and_check_agree_on_every_single_change() {
    let base = every_key();
    let mut all = Vec::new();
    pointers(&base, "", &mut all);
    let more = ["slurm", "processes", "command", "kubernetes", "local", "/a"].map(Value::from);
    let mut refused = 0;
    for pointer in &all {
        for value in values().into_iter().chain(more.clone()) {
            let mut changed = base.clone();
            *changed.pointer_mut(pointer).expect("a pointer of it") = value;
            refused += usize::from(!accepted(&changed));
        }
        let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
        for renamed in [None, Some("x-free"), Some("a b"), Some("local"), Some("submit"), Some("kind")] {
            let mut changed = base.clone();
            let Some(map) = changed.pointer_mut(parent).and_then(Value::as_object_mut) else { continue };
            let value = map.shift_remove(key).expect("a pointer of it");
            if let Some(renamed) = renamed {
                map.insert(renamed.to_owned(), value);
            }
            refused += usize::from(!accepted(&changed));
        }
    }
    assert!(refused > all.len(), "the changes matter");
}

#[test]
fn what_is_not_written_is_as_the_page_says() {
    let hour = Some(Duration::from_secs(3600));
    let slurm = Executor {
        workers: Some(10),
        cores: 1,
        memory: 2_000_000_000,
        time: hour,
        commit: Duration::from_secs(120),
        attempts: 3,
        send_from: 1000,
        setup: None,
        env: Vec::new(),
        engine: ExecutorEngine::Slurm(Box::default()),
    };
    assert_eq!(executor(json!({ "kind": "slurm" })), slurm);
    assert_eq!(Executor::standard(ExecutorKind::Slurm).as_ref(), Some(&slurm));
    let here = executor(json!({ "kind": "processes", "cores": 3 }));
    let expect =
        Executor { workers: None, cores: 3, time: None, engine: ExecutorEngine::Processes, ..slurm.clone() };
    assert_eq!(here, expect);
    assert_eq!([1, 8, 9].map(|cores| here.workers(cores)), [1, 2, 3], "as many as there are cores for");
    let command = executor(json!({ "kind": "command", "submit": "hq submit {worker}" }));
    let engine = CommandEngine { submit: "hq submit {worker}".to_owned(), status: None, cancel: None };
    assert_eq!(command, Executor { engine: ExecutorEngine::Command(engine), ..slurm.clone() });
    assert_eq!(Executor::standard(ExecutorKind::Command), None, "nothing is known of other schedulers");
    assert_eq!(executor(json!({ "kind": "kubernetes" })).time, None);
}

#[test]
fn what_is_written_is_read_with_its_units() {
    let file = decode_executors(&every_key()).expect("all accept it");
    let slurm = &file.executors["slurm"];
    assert_eq!((slurm.workers, slurm.cores, slurm.memory), (Some(50), 4, 4_000_000_000));
    let ExecutorEngine::Slurm(settings) = &slurm.engine else { panic!("it is Slurm") };
    let Slurm { gpus, nice, extra, .. } = &**settings;
    assert_eq!(
        (gpus.as_deref(), *nice, extra.as_slice()),
        (Some("a100:2"), Some(100), &["--exclusive=user".to_owned()][..])
    );
    let names: Vec<&String> = file.executors.keys().collect();
    assert_eq!(names, ["slurm", "cluster", "pbs", "here"]);
}

/// What is said of a file.
fn check(text: &str, expect: &Expect) {
    expect.assert_eq(&print(&loaded(text).diagnostics));
}

#[test]
fn keys_that_fit_only_one_kind_are_refused_for_the_others_with_their_place() {
    check(
        "executors:\n  a:\n    kind: processes\n    partition: batch\n  b:\n    kind: slurm\n    image: debian\n    submit: x\n  c: { kind: processes, banana: 1 }\n",
        &expect![[r#"
            unknown_key: `partition` of executor `a` means nothing to `processes`
              4:5 "partition" this is for `kind: slurm`
              3:11 "processes" another kind
              help: take it away, or correct the kind
            unknown_key: `image` of executor `b` means nothing to `slurm`
              7:5 "image" this is for `kind: kubernetes`
              6:11 "slurm" another kind
              help: take it away, or correct the kind
            unknown_key: `submit` of executor `b` means nothing to `slurm`
              8:5 "submit" this is for `kind: command`
              6:11 "slurm" another kind
              help: take it away, or correct the kind
            unknown_key: unknown key `banana` in executor `c`
              9:25 "banana" no such key
              help: keys that may stand here: `workers`, `cores`, `memory`, `time`, `commit`, `attempts`, `send_from`, `setup`, `env`
        "#]],
    );
}

#[test]
fn mistakes_have_places_and_say_what_is_meant() {
    check(
        "version: 2\nexecutors:\n  slurm: { kind: slrum, cpus: 4, memroy: 1GB, time: 30 }\n  pbs: { kind: command }\n  local: { kind: slurm }\n  a b: { kind: slurm }\n",
        &expect![[r#"
            bad_version: this flowrun reads version 1 of executors files, the file says 2
              1:10 "2" unknown version
              help: write `version: 1`
            bad_value: `kind` of executor `slurm` must be one of `processes`, `slurm`, `command`, `kubernetes`
              3:18 "slrum" did you mean `slurm`?
              help: Which engine starts the workers: `processes` of this machine, `slurm`, `kubernetes`, or three shell commands, `command`.
            unknown_key: unknown key `cpus` in executor `slurm`
              3:25 "cpus" here it is called `cores`
              help: keys that may stand here: `workers`, `cores`, `memory`, `commit`, `attempts`, `send_from`, `setup`, `env`, `partition`, `account`, `qos`, `constraint`, `gpus`, `nice`, `reservation`, `mail`, `extra`, `image`, `volume`, `context`, `namespace`, `service_account`, `node_selector`, `tolerations`, `priority_class`, `submit`, `status`, `cancel`
            unknown_key: unknown key `memroy` in executor `slurm`
              3:34 "memroy" did you mean `memory`?
              help: `memory`: Memory of each worker. Default: 2GB.
            bad_duration: `time` of executor `slurm` is not a duration: `30`
              3:53 "30" did you mean `30s`?
              help: a duration is a number and a unit (`d`, `h`, `m`, `s`, `ms`), such as `10s` or `1h30m`
            missing_key: executor `pbs` needs the key `submit`
              4:3 "pbs" `submit` is missing
              help: `submit`: For `command`, required: the shell command that starts one worker; its last line is the id of the job. In it stand `{worker}` and, as far as they are wanted, `{run}`, `{wave}`, `{task}`, `{name}`, `{log}`, `{cores}`, `{memory_mb}` and `{seconds}`.
            bad_name: `local` is not a name for an executor
              5:3 "local" this name is taken
              help: `--on local` is the process itself; give it another name
            bad_name: `a b` is not a name for an executor
              6:3 "a b" not a name
              help: an id has letters, digits, `_` and `-`, and does not start with a digit or `-`
        "#]],
    );
}

#[test]
fn values_of_other_types_have_places_too() {
    check(
        "executors:\n  k:\n    kind: kubernetes\n    volume: { at: shared }\n    env: [A-B]\n    partition:\n  s: { kind: slurm, account: 1234, workers: 0, nice: low, gpus: 0 }\n  c: {}\n",
        &expect![[r#"
            missing_key: `volume` of executor `k` needs the key `claim`
              4:5 "volume" `claim` is missing
              help: `claim`: The persistent volume claim, which several nodes may write at once.
            bad_value: `volume.at` of executor `k` must be a path
              4:19 "shared" relative to what?
              help: a path that begins with `/`
            bad_value: `env[1]` of executor `k` must be the name of a variable
              5:11 "A-B" not a name
              help: the name of a variable has letters, digits and `_`, and does not start with a digit
            unknown_key: `partition` of executor `k` means nothing to `kubernetes`
              6:5 "partition" this is for `kind: slurm`
              3:11 "kubernetes" another kind
              help: take it away, or correct the kind
            wrong_type: `partition` of executor `k` must be text, not null
              6:5 "partition" this is null
              help: For `slurm`: the partition that jobs go to. Default: that of the cluster.
            wrong_type: `account` of executor `s` must be text, not a whole number
              7:30 "1234" this is a whole number
              help: put quotes around it: `"1234"`
            out_of_range: `workers` of executor `s` must be at least 1
              7:45 "0" too small
              help: Worker processes at once, all steps of a run together. Default: 10; for `processes` as many as the machine has `cores` for.
            wrong_type: `nice` of executor `s` must be a whole number, not a string
              7:54 "low" this is a string
              help: For `slurm`: how much less urgent jobs are than others of the user. Default: 0.
            out_of_range: `gpus` of executor `s` must be at least 1
              7:65 "0" too small
              help: For `slurm`: GPUs of each worker, a number or a type and a number.
            missing_key: executor `c` needs the key `kind`
              8:3 "c" `kind` is missing
              help: `kind`: Which engine starts the workers: `processes` of this machine, `slurm`, `kubernetes`, or three shell commands, `command`.
        "#]],
    );
    check(
        "executor: {}\n",
        &expect![[r#"
            unknown_key: unknown key `executor`
              1:1 "executor" did you mean `executors`?
              help: `executors`: The executors by their names. `local`, which is no executor but this process, cannot be one.
        "#]],
    );
    check(
        "",
        &expect![[r#"
        empty_file: the file holds no executors
          help: an executors file has `executors:`
    "#]],
    );
}
