//! This module makes suites of `JUnit` cases from a run: a suite for each step, in it a case for the verdict and one
//! for each failed item. [`junit`](super::junit()) writes them.

use std::fmt::Write as _;

use super::account::{Account, StepAccount};
use super::{JunitCase, JunitEnd, JunitSuite};

/// Failed items of a step that are cases: beyond, those who read such files give up.
const CASES_MAX: usize = 1_000;

/// The suites of a run.
pub fn suites(account: &Account) -> Vec<JunitSuite> {
    account.steps.iter().map(|step| suite(account, step)).collect()
}

fn suite(account: &Account, step: &StepAccount) -> JunitSuite {
    let class = format!("{}.{}", account.pipeline, step.name);
    let mut cases = vec![verdict(step, &class)];
    cases.extend(step.failures.iter().take(CASES_MAX).map(|failure| {
        let mut text: Vec<String> = Vec::new();
        let source = failure.source.as_ref().map_or(String::new(), |source| format!(" | {source}"));
        text.extend(failure.place.as_ref().map(|place| format!("{place}{source}")));
        text.extend(failure.item.as_ref().map(|item| format!("item: {item}")));
        text.extend((failure.attempts > 1).then(|| format!("attempts: {}", failure.attempts)));
        text.extend((!failure.traceback.is_empty()).then(|| failure.traceback.clone()));
        let lines: Vec<String> = failure.log.iter().map(|(level, line)| format!("{level}: {line}")).collect();
        JunitCase {
            name: format!("item {}", failure.index),
            class: class.clone(),
            time: failure.duration.unwrap_or_default(),
            end: JunitEnd::Failed {
                message: failure.message.clone(),
                kind: failure.kind.clone(),
                text: text.join("\n"),
            },
            output: lines.join("\n"),
            ..JunitCase::default()
        }
    }));
    JunitSuite { name: step.name.clone(), cases }
}

/// How the step ended, with its counters.
fn verdict(step: &StepAccount, class: &str) -> JunitCase {
    let message = step.reason.clone().unwrap_or_else(|| step.status.clone());
    let tally = &step.tally;
    let mut output = format!(
        "{} of {} items succeeded, {} failed, {} skipped, {} cancelled, {} retried",
        tally.succeeded,
        step.total.unwrap_or_else(|| tally.ended()),
        tally.failed,
        tally.skipped,
        tally.cancelled,
        tally.retried
    );
    if let Some((share, needed)) = &step.needed {
        // Writing to a string cannot fail.
        let _ = write!(output, "; {needed} ({share}) needed");
    }
    let listed = step.failures.len().min(CASES_MAX) as u64;
    if listed < tally.failed {
        let _ = write!(output, "; {listed} of the {} failed items are listed", tally.failed);
    }
    JunitCase {
        name: "verdict".to_owned(),
        class: class.to_owned(),
        time: step.duration,
        end: match step.status.as_str() {
            "succeeded" => JunitEnd::Passed,
            "failed" => JunitEnd::Failed { message, kind: "verdict".to_owned(), text: output.clone() },
            "skipped" | "pending" => JunitEnd::Skipped { message },
            _ => JunitEnd::Broken { message },
        },
        output,
        ..JunitCase::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::Tally;
    use crate::report::{FailureAccount, junit};

    fn step(name: &str, status: &str, reason: Option<&str>) -> StepAccount {
        let (name, status) = (name.to_owned(), status.to_owned());
        StepAccount { name, status, reason: reason.map(str::to_owned), ..StepAccount::default() }
    }

    #[test]
    fn each_step_is_a_suite_with_its_verdict_and_its_failed_items() {
        let failure = FailureAccount {
            index: 7,
            kind: "error".to_owned(),
            message: "a < b".to_owned(),
            place: Some("p.yaml:3:1".to_owned()),
            item: Some("{\"a\":1}".to_owned()),
            attempts: 2,
            log: vec![("info".to_owned(), "hm".to_owned())],
            ..FailureAccount::default()
        };
        let work = StepAccount {
            total: Some(10),
            tally: Tally { succeeded: 9, failed: 1, retried: 1, ..Tally::default() },
            needed: Some(("90 %".to_owned(), 9)),
            duration: Duration::from_millis(1500),
            failures: vec![failure],
            ..step("work", "succeeded", None)
        };
        let steps = vec![
            work,
            step("save", "failed", Some("no room")),
            step("last", "skipped", Some("`save` failed")),
        ];
        let account = Account { pipeline: "p".to_owned(), steps, ..Account::default() };
        let expect = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"flowrun\" tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"1\" time=\"1.500\">
  <testsuite name=\"work\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.500\">
    <testcase name=\"verdict\" classname=\"p.work\" time=\"1.500\">
      <system-out>9 of 10 items succeeded, 1 failed, 0 skipped, 0 cancelled, 1 retried; 9 (90 %) needed</system-out>
    </testcase>
    <testcase name=\"item 7\" classname=\"p.work\" time=\"0.000\">
      <failure message=\"a &lt; b\" type=\"error\">p.yaml:3:1
item: {\"a\":1}
attempts: 2</failure>
      <system-out>info: hm</system-out>
    </testcase>
  </testsuite>
  <testsuite name=\"save\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"0.000\">
    <testcase name=\"verdict\" classname=\"p.save\" time=\"0.000\">
      <failure message=\"no room\" type=\"verdict\">0 of 0 items succeeded, 0 failed, 0 skipped, 0 cancelled, 0 retried</failure>
      <system-out>0 of 0 items succeeded, 0 failed, 0 skipped, 0 cancelled, 0 retried</system-out>
    </testcase>
  </testsuite>
  <testsuite name=\"last\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\" time=\"0.000\">
    <testcase name=\"verdict\" classname=\"p.last\" time=\"0.000\">
      <skipped message=\"`save` failed\"/>
      <system-out>0 of 0 items succeeded, 0 failed, 0 skipped, 0 cancelled, 0 retried</system-out>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(junit(&suites(&account)), expect);
    }
}
