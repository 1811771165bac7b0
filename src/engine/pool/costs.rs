//! The costs of an attempt are what it takes of the rate limits of its step, where expressions say that. They are evaluated
//! by a worker before the attempt may start.

use std::sync::Arc;
use std::time::Duration;

use super::expression::{self, Expression};
use super::task::{CostReport, ItemCosts};
use crate::event::FailureKind;
use crate::lua::{AttemptEnding, Failure, Script};
use crate::runtime::clock;
use crate::value::{Chunk, Rate};

/// What an attempt takes of one limit.
#[derive(Debug, Clone)]
pub(in crate::engine) struct CostRule {
    /// The limit's name.
    pub(in crate::engine) limit: Arc<str>,
    pub(in crate::engine) rate: Rate,
    /// `None`: one.
    pub(in crate::engine) script: Option<Arc<Script>>,
}

/// The expressions of a worker, one for each rule that has one.
pub(super) type CostExpressions = Vec<Option<Expression>>;

/// The costs of a task's items, as many as come within `budget`.
pub(super) fn find(
    rules: &[CostRule],
    expressions: &mut CostExpressions,
    (task, attempt): (u64, u32),
    chunk: &Chunk,
    budget: Duration,
) -> CostReport {
    let begun = clock::now();
    let mut costs: Vec<ItemCosts> = vec![Ok(Vec::new()); chunk.len()];
    for (rule, expression) in rules.iter().zip(expressions) {
        let found = match expression {
            Some(expression) => expression.each(chunk, attempt, budget, false, |value| cost(rule, value)),
            None => (0..chunk.len()).map(|_| Ok(1)).collect(),
        };
        // One that was told to stop has come to none of them: they will not run.
        costs.truncate(found.len());
        for (all, one) in costs.iter_mut().zip(found) {
            match (&mut *all, one) {
                (Ok(costs), Ok(cost)) => costs.push(cost),
                (Ok(_), Err(failure)) => *all = Err(failure),
                (Err(_), _) => {}
            }
        }
    }
    CostReport { task, costs, elapsed: clock::since(begun) }
}

/// What the value of the expression says.
fn cost(rule: &CostRule, value: Result<&[u8], AttemptEnding>) -> Result<u64, Box<Failure>> {
    let name = format!("cost of `{}`", rule.limit);
    let json = match value {
        Ok(json) => json,
        // What cannot be read is the source's failure, which the item's worker finds; what was cut off is not run.
        Err(AttemptEnding::BadRow { .. } | AttemptEnding::Cancelled) => return Ok(0),
        Err(AttemptEnding::Failed(failure)) => {
            return Err(expression::failed(&format!("cost` of `{}", rule.limit), *failure));
        }
        Err(AttemptEnding::Skipped { .. }) => return Err(refused(format!("the {name} cannot skip an item"))),
    };
    let value = serde_json::from_slice(json).unwrap_or_default();
    match whole(&value) {
        Some(cost) if cost <= u64::from(rule.rate.count) => Ok(cost),
        Some(cost) => Err(refused(format!("the {name} is {cost}, more than its {} ever allow", rule.rate))),
        None => {
            let shown = match value {
                serde_json::Value::String(_) => "a string".to_owned(),
                serde_json::Value::Array(_) | serde_json::Value::Object(_) => "a table".to_owned(),
                serde_json::Value::Null => "nil".to_owned(),
                value => value.to_string(),
            };
            Err(refused(format!("the {name} must be a whole number from 0, not {shown}")))
        }
    }
}

/// A whole number from 0, however it is written.
fn whole(value: &serde_json::Value) -> Option<u64> {
    let serde_json::Value::Number(number) = value else { return None };
    number.as_u64().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && *float >= 0.0)?;
        // Beyond any limit, whatever it is exactly.
        Some(if float < u64::MAX as f64 { float as u64 } else { u64::MAX })
    })
}

fn refused(message: String) -> Box<Failure> {
    Box::new(Failure::new(FailureKind::Result, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_whole_numbers_up_to_what_the_limit_allows() {
        let rate = Rate { count: 100, period: Duration::from_secs(60) };
        let rule = CostRule { limit: "tokens".into(), rate, script: None };
        for (json, expect) in [
            ("0", Ok(0)),
            ("-0.0", Ok(0)),
            ("100", Ok(100)),
            ("7.0", Ok(7)),
            ("101", Err("the cost of `tokens` is 101, more than its 100/m ever allow")),
            ("1e300", Err("the cost of `tokens` is 18446744073709551615, more than its 100/m ever allow")),
            ("-1", Err("the cost of `tokens` must be a whole number from 0, not -1")),
            ("1.5", Err("the cost of `tokens` must be a whole number from 0, not 1.5")),
            ("\"7\"", Err("the cost of `tokens` must be a whole number from 0, not a string")),
            ("null", Err("the cost of `tokens` must be a whole number from 0, not nil")),
        ] {
            let cost = cost(&rule, Ok(json.as_bytes())).map_err(|failure| failure.message);
            assert_eq!(
                cost.as_ref().map_err(String::as_str),
                expect.as_ref().map_err(|text| *text),
                "{json}"
            );
        }
    }
}
