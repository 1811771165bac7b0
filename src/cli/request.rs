//! A request is what a run was asked for, as it is kept with the run and as a resumed run takes it over.
//!
//! Values of parameters are kept as they came out, so that it does not matter where and how they were given; what the
//! pipeline file decided is read there again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::args::{AllowArguments, ExecutorArguments, InputArguments, SelectArguments};
use super::exit::{Complaint, Fault};
use super::load;
use super::shard::JobKind;
use crate::engine::{Gathering, ResumeOptions, Shard};
use crate::plan::{Inputs, Plan};
use crate::store::RunRecord;
use crate::value::{Mask, shell_word};

/// What a run was asked for, as it is kept with the run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    /// Parameters that the pipeline file did not decide.
    params: Map<String, Value>,
    set: Vec<(String, String)>,
    limit: Option<u64>,
    only: Vec<String>,
    until: Vec<String>,
    /// Values that hold a secret and are therefore not kept: names of parameters, paths of `set`.
    withheld: Vec<String>,
    allow_net: Vec<String>,
    allow_read: Vec<String>,
    allow_write: Vec<String>,
    allow_exec: Vec<String>,
    /// The executor that steps were sent to, the file that it was looked for in, and what was set of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    executors: Option<PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    executor_set: Vec<(String, String)>,
    /// How it goes on with an old run.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    keep_permanent: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    failed_only: bool,
    /// The slice that it works on, `2/7`.
    #[serde(skip_serializing_if = "Option::is_none")]
    shard: Option<String>,
    /// The state folders of the shards that it is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gathered: Vec<PathBuf>,
    /// What it runs on, for the report: name and text.
    surroundings: Vec<(String, String)>,
}

impl Request {
    /// What this run is asked for.
    pub(super) fn of(plan: &Plan, inputs: &Inputs, select: &SelectArguments) -> Self {
        let given: BTreeSet<&String> = inputs
            .params
            .iter()
            .map(|(name, _)| name)
            .chain(inputs.params_file.keys())
            .chain(inputs.params_kept.keys())
            .collect();
        let mut params: Map<String, Value> = serde_json::from_str(&plan.params).unwrap_or_default();
        params.retain(|name, _| given.contains(name));
        let mask = plan.secrets.mask();
        let mut withheld = Vec::new();
        params.retain(|name, value| {
            let is_secret = mask.value(value).is_some();
            withheld.extend(is_secret.then(|| name.clone()));
            !is_secret
        });
        let mut set = inputs.set.clone();
        set.retain(|(path, value)| {
            let is_secret = matches!(mask.text(value), std::borrow::Cow::Owned(_));
            withheld.extend(is_secret.then(|| path.clone()));
            !is_secret
        });
        Self {
            params,
            set,
            withheld,
            limit: inputs.limit,
            only: select.only.clone(),
            until: select.until.clone(),
            allow_net: inputs.allow.net.clone().unwrap_or_default(),
            allow_read: inputs.allow.read.clone().unwrap_or_default(),
            allow_write: inputs.allow.write.clone().unwrap_or_default(),
            allow_exec: inputs.allow.exec.clone().unwrap_or_default(),
            surroundings: surroundings(mask),
            ..Self::default()
        }
    }

    /// The same for a shard, or for what is gathered.
    pub(super) fn of_kind(self, kind: &JobKind) -> Self {
        let folders = kind.gathering().map(|gathering| gathering.folders()).unwrap_or_default();
        Self { shard: kind.name(), gathered: folders, ..self }
    }

    /// The same on an executor. Secrets in its settings are not kept.
    pub(super) fn on(self, executor: &ExecutorArguments, mask: &Mask) -> Self {
        let ExecutorArguments { on, executors, executor_set } = executor.clone();
        let executors = executors.map(|file| std::path::absolute(&file).unwrap_or(file));
        let executor_set = executor_set.into_iter().map(|(key, value)| (key, mask.owned(value))).collect();
        Self { on, executors, executor_set, ..self }
    }

    /// The same as it goes on with an old run.
    pub(super) fn resuming(self, resume: Option<&ResumeOptions>) -> Self {
        let is = |flag: fn(&ResumeOptions) -> bool| resume.is_some_and(flag);
        let (keep_permanent, failed_only) =
            (is(|resume| resume.keep_permanent), is(|resume| resume.failed_only));
        Self { keep_permanent, failed_only, ..self }
    }

    /// How the run has gone on with an old one; `None`: it has not.
    pub(super) fn resumes(&self, record: &RunRecord) -> Option<ResumeOptions> {
        let Self { keep_permanent, failed_only, .. } = *self;
        record.parent.clone().map(|run| ResumeOptions { run, keep_permanent, failed_only })
    }

    /// The executor of the resumed run: that of the old one, unless another one is named. What is set anew wins.
    pub(super) fn executor(&self, new: &ExecutorArguments) -> ExecutorArguments {
        if new.on.is_some() && new.on != self.on {
            return new.clone();
        }
        ExecutorArguments {
            on: self.on.clone(),
            executors: new.executors.clone().or_else(|| self.executors.clone()),
            executor_set: self.executor_set.iter().chain(&new.executor_set).cloned().collect(),
        }
    }

    /// The shard that it works on; `None`: it is none.
    pub(super) fn shard(&self) -> Option<Shard> {
        self.shard.as_ref()?.parse().ok()
    }

    /// Which items the run works on. Shards that are not there any more are not gathered again.
    pub(super) fn kind(&self, file: &Path) -> JobKind {
        if let Some(shard) = self.shard() {
            return JobKind::Shard(shard);
        }
        if self.gathered.is_empty() {
            return JobKind::Whole;
        }
        Gathering::find(&self.gathered, file, &mut |_| {})
            .map_or(JobKind::Whole, |gathering| JobKind::Gather(Arc::new(gathering)))
    }

    /// What the run runs on, and how it was called: name and text.
    pub(super) fn surroundings(&self) -> Vec<(String, String)> {
        self.surroundings.clone()
    }

    /// What runs are known by that are asked for the same: all parameters as they came out, which steps, and how many
    /// items of each source. `None`: a part of it is not kept, so nobody can tell.
    pub(super) fn asked(&self, params: &str) -> Option<String> {
        let params: BTreeMap<String, Value> = serde_json::from_str(params).ok()?;
        let Self { set, limit, only, until, shard, .. } = self;
        self.withheld.is_empty().then(|| json!([params, set, limit, only, until, shard]).to_string())
    }

    /// As it is kept.
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// As it was kept. A run that was killed before it kept anything still knows its parameters.
    pub(super) fn kept(text: Option<&str>, params: &str) -> Self {
        let kept = text.and_then(|text| serde_json::from_str(text).ok());
        kept.unwrap_or_else(|| Self {
            params: serde_json::from_str(params).unwrap_or_default(),
            ..Self::default()
        })
    }

    /// The options of the resumed run: those of the old one, unless the new ones say otherwise.
    pub(super) fn under(
        &self,
        inputs: &InputArguments,
        select: &SelectArguments,
    ) -> (InputArguments, SelectArguments) {
        let inputs = InputArguments {
            set: self.set.iter().chain(&inputs.set).cloned().collect(),
            limit: inputs.limit.or(self.limit),
            allow: AllowArguments {
                net: both(&self.allow_net, &inputs.allow.net),
                read: both(&self.allow_read, &inputs.allow.read),
                write: both(&self.allow_write, &inputs.allow.write),
                exec: both(&self.allow_exec, &inputs.allow.exec),
            },
            ..inputs.clone()
        };
        let is_selected = !(select.only.is_empty() && select.until.is_empty());
        let old = || SelectArguments { only: self.only.clone(), until: self.until.clone() };
        (inputs, if is_selected { select.clone() } else { old() })
    }

    /// Complains of all that is withheld and was not given anew; `whose` says who was given it, as in `run 1xak4 was`.
    pub(super) fn demand_withheld(&self, inputs: &Inputs, whose: &str) -> Result<(), Fault> {
        let complaint = |name: &str| {
            Complaint::new(format!("{whose} given `{name}` with a secret in it, which is not kept"))
                .help(format!("give it again, as `-p {name}=…` or `--set {name}=…`"))
        };
        let missing: Vec<Complaint> = self.missing(inputs).map(complaint).collect();
        if missing.is_empty() { Ok(()) } else { Err(Fault::Usage(missing)) }
    }

    /// What the old run was given and does not tell, because there is a secret in it, unless it is given anew.
    fn missing<'a>(&'a self, inputs: &'a Inputs) -> impl Iterator<Item = &'a str> {
        let given = |name: &&str| {
            inputs.params.iter().chain(&inputs.set).any(|(given, _)| given == name)
                || inputs.params_file.contains_key(*name)
        };
        self.withheld.iter().map(String::as_str).filter(move |name| !given(name))
    }

    /// The parameters that the old run was given.
    pub(super) fn into_params(self) -> Map<String, Value> {
        self.params
    }
}

/// What this process runs on, and how it was called, without secrets.
fn surroundings(mask: &Mask) -> Vec<(String, String)> {
    let words = std::env::args_os().map(|word| shell_word(&word.to_string_lossy()));
    let command = mask.owned(words.collect::<Vec<_>>().join(" "));
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let facts = [("system", system), ("cores", load::cores().to_string()), ("command", command)];
    facts.map(|(name, text)| (name.to_owned(), text)).to_vec()
}

/// What the old run was allowed, and what is new.
fn both(old: &[String], new: &[String]) -> Vec<String> {
    let added = new.iter().filter(|one| !old.contains(one));
    old.iter().chain(added).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old() -> Request {
        Request {
            params: Map::from_iter([("a".to_owned(), 1.into())]),
            set: vec![("x.y".to_owned(), "1".to_owned())],
            limit: Some(5),
            only: vec!["x".to_owned()],
            until: Vec::new(),
            withheld: vec!["token".to_owned()],
            allow_net: vec!["a.org".to_owned()],
            ..Request::default()
        }
    }

    #[test]
    fn what_is_withheld_is_to_be_given_anew() {
        let missing = |inputs: &Inputs| old().missing(inputs).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(missing(&Inputs::default()), ["token"]);
        let params = vec![("token".to_owned(), "x".to_owned())];
        assert_eq!(missing(&Inputs { params, ..Inputs::default() }), Vec::<String>::new());
    }

    #[test]
    fn a_request_is_read_as_it_was_kept_and_made_up_for_from_the_parameters() {
        assert_eq!(Request::kept(Some(&old().text()), "{}"), old());
        for text in [None, Some("{\"set\":"), Some("7")] {
            let kept = Request::kept(text, "{\"a\":1}");
            assert_eq!(kept, Request { params: old().params, ..Request::default() }, "{text:?}");
        }
    }

    #[test]
    fn the_executor_is_kept_unless_another_one_is_named() {
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let given = ExecutorArguments {
            on: Some("slurm".to_owned()),
            executors: Some("/e.yaml".into()),
            executor_set: vec![pair("workers", "3")],
        };
        let kept = old().on(&given, &Mask::default());
        assert_eq!(kept.executor(&ExecutorArguments::default()), given);
        let local = ExecutorArguments { on: Some("local".to_owned()), ..ExecutorArguments::default() };
        assert_eq!(kept.executor(&local), local);
        let more =
            ExecutorArguments { executor_set: vec![pair("workers", "5")], ..ExecutorArguments::default() };
        assert_eq!(kept.executor(&more).executor_set, [pair("workers", "3"), pair("workers", "5")]);
        assert_eq!(old().executor(&local), local);
    }

    #[test]
    fn new_options_win_over_kept_ones() {
        let (inputs, select) = old().under(&InputArguments::default(), &SelectArguments::default());
        assert_eq!((inputs.set.len(), inputs.limit, &*select.only), (1, Some(5), &["x".to_owned()][..]));
        let new = InputArguments {
            set: vec![("x.y".to_owned(), "2".to_owned())],
            limit: Some(7),
            allow: AllowArguments { net: vec!["a.org".into(), "b.org".into()], ..AllowArguments::default() },
            ..InputArguments::default()
        };
        let until = SelectArguments { only: Vec::new(), until: vec!["z".to_owned()] };
        let (inputs, select) = old().under(&new, &until);
        assert_eq!((inputs.set[1].1.as_str(), inputs.limit), ("2", Some(7)));
        assert_eq!(inputs.allow.net, ["a.org", "b.org"]);
        assert_eq!((select.only.len(), select.until.len()), (0, 1));
    }
}
