//! These types are the policy of a map-like step as written: what is not given stays open, for `defaults` and the
//! plan to fill.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::{Map, Value};

use super::breaker::Breaker;
use super::concurrency::Concurrency;
use super::literal::{Count, Delay, Factor, Repeats, Share, Size, TimeLimit, Tries};
use super::rate_rule::RateRule;
use super::resources::Resources;
use super::schema;
use super::setting::{Setting, fields, is_expression, present, present_setting};
use crate::schedule::{FailFast, Jitter};

/// How items are worked on and when the step has succeeded.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "policy")]
pub struct Policy {
    /// How many items are worked on at once, at least 1, or `auto` for the number of cores; or a map that also says how many
    /// in all processes of a cluster together. Never exceeded, retries included. Default: 4.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 8, example = &"auto")]
    pub concurrency: Option<Setting<Concurrency>>,
    /// What one worker of the step needs on a cluster: `cores`, `memory`, `gpus`, `time`. Default: what the executor says.
    #[serde(default, deserialize_with = "present_setting")]
    pub resources: Option<Setting<Resources>>,
    /// Items that one process of `program` may have at once; so many times fewer processes are there. Default: 1.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 64)]
    pub lanes: Option<Setting<Repeats>>,
    /// Extra tries after the first: a number, or a map that also says how long to wait. Default: 0.
    #[serde(default, deserialize_with = "retries")]
    #[schemars(example = 3)]
    pub retries: Option<Setting<Retries>>,
    /// Limit of one attempt; queueing and waits between tries do not count. The attempt is really stopped, and fails
    /// with kind `timeout`, which is retried like any other failure. Default: no limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"500ms", example = &"10s", example = &"1m30s")]
    pub timeout: Option<Setting<TimeLimit>>,
    /// Limit of all attempts and waits of one item together, from the start of its first attempt. Default: no limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"1m")]
    pub item_deadline: Option<Setting<TimeLimit>>,
    /// Share of the items that must succeed for the step to succeed, from 0 to 1, judged after all retries and
    /// computed exactly on the decimal as written. Skipped items do not count. Default: 1.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 0.95)]
    pub min_success_ratio: Option<Setting<Share>>,
    /// The step stops and fails when more items than this have failed for good. Default: no such limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 10)]
    pub max_failures: Option<Setting<Count>>,
    /// What the first item that failed for good does. `true`: start nothing more, drop pending retries, interrupt
    /// running attempts; `drain`: the same, but running attempts finish and are kept; `false`: go on. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    pub fail_fast: Option<Setting<FailFast>>,
    /// Stop as soon as `min_success_ratio` cannot be reached any more. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = true)]
    pub stop_early: Option<Setting<bool>>,
    /// Starts of attempts: never more than this number in any window of a second, a minute or an hour; or the name of
    /// a limit under `rate_limits` that steps share; or a list of such names, each alone or as `{limit, cost}`, which hold
    /// together. Default: no limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"20/s", example = &"600/m", example = &"api")]
    pub rate_limit: Option<Setting<RateRule>>,
    /// When so many attempts in a row failed in a way that a retry may heal, no attempt starts for a pause; then one item
    /// tries, whose success ends it and whose failure doubles it. Default: no breaker.
    #[serde(default, deserialize_with = "present_setting")]
    pub breaker: Option<Setting<Breaker>>,
    /// What one worker's Lua state and the functions that it calls may hold; an item that needs more fails with kind `memory`.
    /// Default: 256MB.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"64MB", example = &"1GiB")]
    pub memory: Option<Setting<Size>>,
    /// Give a notice when an attempt runs longer than this, and again at each multiple. Default: no notice.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"30s")]
    pub slow_after: Option<Setting<TimeLimit>>,
}

impl Policy {
    /// This policy, with what it leaves open taken from `base`, key by key; so are the keys of those that are maps: `retries: 5`
    /// changes how often, not how long to wait.
    #[must_use]
    pub fn over(self, base: &Self) -> Self {
        let base = base.clone();
        Self {
            concurrency: merged(self.concurrency, base.concurrency, Concurrency::over),
            resources: merged(self.resources, base.resources, Resources::over),
            lanes: self.lanes.or(base.lanes),
            retries: merged(self.retries, base.retries, Retries::over),
            timeout: self.timeout.or(base.timeout),
            item_deadline: self.item_deadline.or(base.item_deadline),
            min_success_ratio: self.min_success_ratio.or(base.min_success_ratio),
            max_failures: self.max_failures.or(base.max_failures),
            fail_fast: self.fail_fast.or(base.fail_fast),
            stop_early: self.stop_early.or(base.stop_early),
            rate_limit: self.rate_limit.or(base.rate_limit),
            breaker: merged(self.breaker, base.breaker, Breaker::over),
            memory: self.memory.or(base.memory),
            slow_after: self.slow_after.or(base.slow_after),
        }
    }
}

/// Extra tries after the first. The waits are `delay`, `delay · factor`, `delay · factor²`, …, none after the last.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "retries", transform = schema::short_number)]
pub struct Retries {
    /// How many extra tries, at most.
    #[schemars(example = 3)]
    pub max: Setting<Tries>,
    /// Wait before the first extra try. Default: 1s.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"500ms", example = &"1s")]
    pub delay: Option<Setting<Delay>>,
    /// Each further wait is this many times the one before, at least 1. Default: 2.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 2)]
    pub factor: Option<Setting<Factor>>,
    /// No wait is longer than this. Default: 60s.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"60s")]
    pub max_delay: Option<Setting<Delay>>,
    /// How each wait is drawn, from the run's seed and the item. `false`: as long as `delay` and `factor` say; `true`:
    /// evenly from half to one and a half times that; `full`: evenly from nothing to that. Default: `false`.
    #[serde(default, deserialize_with = "present")]
    pub jitter: Option<Setting<Jitter>>,
    /// Lua expression over `err` and `attempt`: try again only when it is true. Default: always.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = &"err.kind ~= 'timeout'")]
    pub when: Option<String>,
    /// How many retries the whole step may make. Default: no limit.
    #[serde(default, deserialize_with = "present")]
    #[schemars(example = 100)]
    pub budget: Option<Setting<Count>>,
}

/// A setting that has keys of its own: those of `base` where it leaves them open. What is an expression is taken whole.
fn merged<T>(own: Option<Setting<T>>, base: Option<Setting<T>>, over: fn(T, T) -> T) -> Option<Setting<T>> {
    match (own, base) {
        (Some(Setting::Known(own)), Some(Setting::Known(base))) => Some(Setting::Known(over(own, base))),
        (own, base) => own.or(base),
    }
}

impl Retries {
    fn over(self, base: Self) -> Self {
        Self {
            max: self.max,
            delay: self.delay.or(base.delay),
            factor: self.factor.or(base.factor),
            max_delay: self.max_delay.or(base.max_delay),
            jitter: self.jitter.or(base.jitter),
            when: self.when.or(base.when),
            budget: self.budget.or(base.budget),
        }
    }
}

/// Reads `retries: 3` as `{max: 3}`.
fn retries<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Setting<Retries>>, D::Error> {
    let value = match Value::deserialize(deserializer)? {
        Value::String(text) if is_expression(&text) => return Ok(Some(Setting::Expression(text))),
        number @ Value::Number(_) => Value::Object(Map::from_iter([("max".to_owned(), number)])),
        value => value,
    };
    fields(value).map(|retries| Some(Setting::Known(retries))).map_err(D::Error::custom)
}
