//! These types are one executor of an executors file: the engine that starts worker processes, with its settings and every
//! default that does not depend on the machine.

use std::borrow::Cow;
use std::time::Duration;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use super::executor_engine::{CommandEngine, ExecutorEngine, Kubernetes, Slurm, Toleration, Volume};
use super::executor_kind::ExecutorKind;
use super::id::is_id;
use super::literal::{Count, GpuRequest, Niceness, Repeats, Size, TimeLimit, Word};
use super::schema;
use super::setting::{fields, present, present_map, valid_texts};

/// Worker processes at once, where the engine has nodes of its own.
const WORKERS: u32 = 10;
/// Memory of a worker.
const MEMORY: u64 = 2_000_000_000;
/// Wall time of a job, where the engine ends jobs by it.
const TIME: Duration = Duration::from_secs(3600);
/// How often a worker commits.
const COMMIT: Duration = Duration::from_secs(120);
/// Attempts of a shard.
const ATTEMPTS: u32 = 3;
/// Items from which on a step is sent.
const SEND_FROM: u64 = 1000;

/// How worker processes are started, and how many.
#[derive(Debug, Clone, PartialEq)]
pub struct Executor {
    /// Processes at once, all steps of a run together; `None`: as many as the machine has cores for.
    pub workers: Option<u32>,
    /// Cores of each.
    pub cores: u32,
    /// Bytes of memory of each.
    pub memory: u64,
    /// Wall time of one job; `None`: no limit.
    pub time: Option<Duration>,
    /// A worker commits what it has at least this often.
    pub commit: Duration,
    /// Attempts of a shard whose worker died.
    pub attempts: u32,
    /// Steps with fewer items run here.
    pub send_from: u64,
    /// Shell lines before the worker.
    pub setup: Option<String>,
    /// Names of variables that workers get from the coordinator's environment.
    pub env: Vec<String>,
    /// What starts them.
    pub engine: ExecutorEngine,
}

impl Executor {
    /// One of this kind with nothing but defaults; `None`: that kind needs more.
    pub fn standard(kind: ExecutorKind) -> Option<Self> {
        let written = serde_json::json!({ "kind": kind.name() });
        serde_json::from_value(written).ok()
    }

    /// Worker processes at once, on a machine with so many cores.
    pub fn workers(&self, machine_cores: usize) -> u32 {
        let fit = || u32::try_from(machine_cores).unwrap_or(u32::MAX) / self.cores;
        self.workers.unwrap_or_else(|| fit().max(1))
    }
}

/// An executor: which engine starts worker processes, how many, and with what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "executor", transform = schema::by_kind)]
struct ExecutorFields {
    /// Which engine starts the workers: `processes` of this machine, `slurm`, `kubernetes`, or three shell commands, `command`.
    kind: ExecutorKind,
    /// Worker processes at once, all steps of a run together. Default: 10; for `processes` as many as the machine has
    /// `cores` for.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 50)]
    workers: Option<Repeats>,
    /// Cores of each worker; `concurrency: auto` is as many. Default: 1.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 4)]
    cores: Option<Repeats>,
    /// Memory of each worker. Default: 2GB.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"4GB")]
    memory: Option<Size>,
    /// Wall time of one job; before its end a worker gives back what it has not done. Default: 1h; for `processes` and
    /// `kubernetes` no limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"1h")]
    time: Option<TimeLimit>,
    /// A worker commits what it has at least this often. Default: 2m.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"2m")]
    commit: Option<TimeLimit>,
    /// How often a shard is tried whose workers die; lost nodes and workers that gave back do not count. Default: 3.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 3)]
    attempts: Option<Repeats>,
    /// Steps with fewer items run on this machine. Default: 1000.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 1000)]
    send_from: Option<Count>,
    /// Shell lines that run before each worker.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"module load ffmpeg")]
    setup: Option<Word>,
    /// Environment variables that workers get, by name; they get no others. Default: none.
    #[serde(default, deserialize_with = "variables")]
    #[schemars(with = "Vec<String>", inner(regex(pattern = VARIABLE)), example = &["LANG", "HTTPS_PROXY"], transform = schema::wanted("the name of a variable has letters, digits and `_`, and does not start with a digit"))]
    env: Option<Vec<String>>,
    /// For `slurm`: the partition that jobs go to. Default: that of the cluster.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"batch")]
    partition: Option<Word>,
    /// For `slurm`: the account that jobs are charged to. Default: that of the user.
    #[serde(default, deserialize_with = "present")]
    account: Option<Word>,
    /// For `slurm`: the quality of service of jobs. Default: that of the user.
    #[serde(default, deserialize_with = "present")]
    qos: Option<Word>,
    /// For `slurm`: features that nodes must have.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"avx512")]
    constraint: Option<Word>,
    /// For `slurm`: GPUs of each worker, a number or a type and a number.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 1, example = &"a100:2")]
    gpus: Option<GpuRequest>,
    /// For `slurm`: how much less urgent jobs are than others of the user. Default: 0.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 100)]
    nice: Option<Niceness>,
    /// For `slurm`: the reservation that jobs use.
    #[serde(default, deserialize_with = "present")]
    reservation: Option<Word>,
    /// For `slurm`: who gets a mail when jobs end or fail.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"me@example.org")]
    mail: Option<Word>,
    /// For `slurm`: more arguments of `sbatch`, as they are.
    #[serde(default, deserialize_with = "words")]
    #[schemars(with = "Vec<String>", inner(length(min = 1)), example = &["--exclusive=user"])]
    extra: Option<Vec<String>>,
    /// For `kubernetes`: the image in which workers run; any Linux image, because the worker is the run's own copy.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"debian:12-slim")]
    image: Option<Word>,
    /// For `kubernetes`: the volume that holds the pipeline and its state folder, at the same path everywhere.
    #[serde(default, deserialize_with = "present_map")]
    volume: Option<Volume>,
    /// For `kubernetes`: the context of the kubeconfig. Default: the current one.
    #[serde(default, deserialize_with = "present")]
    context: Option<Word>,
    /// For `kubernetes`: the namespace of jobs. Default: that of the context.
    #[serde(default, deserialize_with = "present")]
    namespace: Option<Word>,
    /// For `kubernetes`: the service account of jobs. Default: that of the namespace.
    #[serde(default, deserialize_with = "present")]
    service_account: Option<Word>,
    /// For `kubernetes`: labels that nodes must have.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::node_example())]
    node_selector: Option<IndexMap<String, String>>,
    /// For `kubernetes`: taints of nodes that jobs put up with, as they are.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = schema::toleration_example())]
    tolerations: Option<Vec<Toleration>>,
    /// For `kubernetes`: the priority class of jobs.
    #[serde(default, deserialize_with = "present")]
    priority_class: Option<Word>,
    /// For `command`, required: the shell command that starts one worker; its last line is the id of the job. In it stand
    /// `{worker}` and, as far as they are wanted, `{run}`, `{wave}`, `{task}`, `{name}`, `{log}`, `{cores}`, `{memory_mb}` and
    /// `{seconds}`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"qsub -N {name} -l select=1:ncpus={cores}:mem={memory_mb}mb -o {log} -- {worker}")]
    submit: Option<Word>,
    /// For `command`: the shell command that ends with 0 as long as `{job}` is in the queue or running. Default: workers are
    /// known to live by what they write.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"qstat {job}")]
    status: Option<Word>,
    /// For `command`: the shell command that takes `{job}` out of the queue or ends it.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"qdel {job}")]
    cancel: Option<Word>,
}

/// Pattern of the name of an environment variable.
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_]*$";

fn variables<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    valid_texts(deserializer, "the name of a variable", |text| is_id(text) && !text.contains('-'))
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    valid_texts(deserializer, "an argument", |text| !text.is_empty())
}

impl<'de> Deserialize<'de> for Executor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let keys: Vec<String> = value.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
        let written: ExecutorFields = fields(value).map_err(D::Error::custom)?;
        let kind = written.kind;
        if let Some(key) = keys.iter().find(|key| kind.owner_of(key).is_some()) {
            return Err(D::Error::custom(format_args!("`{key}` is not for `{}`", kind.name())));
        }
        if let Some(key) = kind.needed_keys().iter().find(|key| !keys.iter().any(|given| given == *key)) {
            return Err(D::Error::custom(format_args!("`{}` needs `{key}`", kind.name())));
        }
        Ok(written.executor())
    }
}

impl ExecutorFields {
    fn executor(self) -> Executor {
        let is_here = self.kind == ExecutorKind::Processes;
        let has_end = matches!(self.kind, ExecutorKind::Slurm | ExecutorKind::Command);
        Executor {
            workers: self.workers.map(|count| count.0).or((!is_here).then_some(WORKERS)),
            cores: self.cores.map_or(1, |count| count.0),
            memory: self.memory.map_or(MEMORY, |size| size.0),
            time: self.time.map(|limit| limit.0).or(has_end.then_some(TIME)),
            commit: self.commit.map_or(COMMIT, |limit| limit.0),
            attempts: self.attempts.map_or(ATTEMPTS, |count| count.0),
            send_from: self.send_from.map_or(SEND_FROM, |count| count.0),
            setup: text(self.setup),
            env: self.env.unwrap_or_default(),
            engine: match self.kind {
                ExecutorKind::Processes => ExecutorEngine::Processes,
                ExecutorKind::Slurm => ExecutorEngine::Slurm(Box::new(Slurm {
                    partition: text(self.partition),
                    account: text(self.account),
                    qos: text(self.qos),
                    constraint: text(self.constraint),
                    gpus: self.gpus.map(|request| request.0),
                    nice: self.nice.map(|nice| nice.0),
                    reservation: text(self.reservation),
                    mail: text(self.mail),
                    extra: self.extra.unwrap_or_default(),
                })),
                ExecutorKind::Command => ExecutorEngine::Command(CommandEngine {
                    submit: text(self.submit).unwrap_or_default(),
                    status: text(self.status),
                    cancel: text(self.cancel),
                }),
                ExecutorKind::Kubernetes => ExecutorEngine::Kubernetes(Box::new(Kubernetes {
                    image: text(self.image),
                    volume: self.volume,
                    context: text(self.context),
                    namespace: text(self.namespace),
                    service_account: text(self.service_account),
                    node_selector: self.node_selector.unwrap_or_default(),
                    tolerations: self.tolerations.unwrap_or_default(),
                    priority_class: text(self.priority_class),
                })),
            },
        }
    }
}

fn text(word: Option<Word>) -> Option<String> {
    word.map(|word| word.0)
}

impl JsonSchema for Executor {
    fn schema_name() -> Cow<'static, str> {
        "Executor".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        ExecutorFields::json_schema(generator)
    }
}
