//! This module makes suites of `JUnit` cases from a run: a suite for each step, in it a case for the verdict, one for each
//! failed item, and one for each that ended well after it had failed. [`junit`](super::junit()) writes them.

use std::fmt::Write as _;

use super::account::{Account, FailedAttempt, FailureAccount, RetryAccount, StepAccount};
use super::{JunitCase, JunitEnd, JunitFault, JunitSuite};

/// Failed items of a step that are cases: beyond, those who read such files give up.
const CASES_MAX: usize = 1_000;

/// What becomes of failed items of a step that succeeded all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tolerated {
    /// They are no failures.
    Skipped,
    /// They are.
    Failed,
}

/// The suites of a run.
pub fn suites(account: &Account, tolerated: Tolerated) -> Vec<JunitSuite> {
    account.steps.iter().map(|step| suite(account, step, tolerated)).collect()
}

fn suite(account: &Account, step: &StepAccount, tolerated: Tolerated) -> JunitSuite {
    let class = format!("{}.{}", account.pipeline, step.name);
    let is_tolerated = step.status == "succeeded" && tolerated == Tolerated::Skipped;
    let mut cases = vec![verdict(step, &class)];
    let failed = step.failures.iter().map(|failure| failed_item(failure, &class, is_tolerated));
    cases.extend(failed.take(CASES_MAX));
    // Of a step that did not do all its items, nobody knows whether those were tried again to a good end.
    let flaky = step.retries.iter().filter(|retry| !retry.has_failed && step.tally.cancelled == 0);
    cases.extend(flaky.map(|retry| flaky_item(retry, &class)));
    JunitSuite { name: step.name.clone(), cases }
}

/// A case is called by the item's key, where it has one of its own.
fn name(index: u64, key: Option<&str>) -> String {
    // A name that nobody could see is none.
    let key = key.filter(|key| !key.trim().is_empty());
    key.map_or_else(|| format!("item {index}"), str::to_owned)
}

/// An item that failed for good.
fn failed_item(failure: &FailureAccount, class: &str, is_tolerated: bool) -> JunitCase {
    let mut text: Vec<String> = Vec::new();
    let source = failure.source.as_ref().map_or(String::new(), |source| format!(" | {source}"));
    text.extend(failure.key.as_ref().map(|_| format!("item {}", failure.index)));
    text.extend(failure.place.as_ref().map(|place| format!("{place}{source}")));
    text.extend(failure.item.as_ref().map(|item| format!("item: {item}")));
    text.extend((!failure.traceback.is_empty()).then(|| failure.traceback.clone()));
    let mut output: Vec<String> = failure.fields.iter().map(|fields| format!("fields: {fields}")).collect();
    output.extend((failure.attempts > 1).then(|| format!("attempts: {}", failure.attempts)));
    output.extend(failure.history.iter().cloned());
    output.extend(failure.log.iter().map(|(level, line)| format!("{level}: {line}")));
    let message = failure.message.clone();
    JunitCase {
        name: name(failure.index, failure.key.as_deref()),
        class: class.to_owned(),
        time: failure.duration,
        end: if is_tolerated {
            JunitEnd::Skipped { message: format!("{}: {message}", failure.kind) }
        } else {
            JunitEnd::Failed { message, kind: failure.kind.clone(), text: text.join("\n") }
        },
        output: output.join("\n"),
        ..JunitCase::default()
    }
}

/// An item that ended well, but not at first.
fn flaky_item(retry: &RetryAccount, class: &str) -> JunitCase {
    let fault = |failed: &FailedAttempt| {
        let FailedAttempt { number, kind, message } = failed;
        JunitFault {
            message: message.clone(),
            kind: kind.clone(),
            text: format!("attempt {number} of {}: {kind}: {message}", retry.attempts),
        }
    };
    JunitCase {
        name: name(retry.index, retry.key.as_deref()),
        class: class.to_owned(),
        end: JunitEnd::Flaky { faults: retry.failed.iter().map(fault).collect() },
        ..JunitCase::default()
    }
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
        time: Some(step.duration),
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
    use crate::report::junit;

    fn step(name: &str, status: &str, reason: Option<&str>) -> StepAccount {
        let (name, status) = (name.to_owned(), status.to_owned());
        StepAccount { name, status, reason: reason.map(str::to_owned), ..StepAccount::default() }
    }

    /// Three steps, one with items that failed, and that were tried again.
    fn account() -> Account {
        let failure = FailureAccount {
            index: 7,
            kind: "error".to_owned(),
            message: "a < b".to_owned(),
            place: Some("p.yaml:3:1".to_owned()),
            item: Some("{\"a\":1}".to_owned()),
            attempts: 2,
            fields: Some("{\"code\":1}".to_owned()),
            history: vec!["attempt 1: timeout".to_owned()],
            log: vec![("info".to_owned(), "hm".to_owned())],
            ..FailureAccount::default()
        };
        let failed = |number, kind: &str, message: &str| FailedAttempt {
            number,
            kind: kind.to_owned(),
            message: message.to_owned(),
        };
        let retry = |index, key: Option<&str>, has_failed| RetryAccount {
            index,
            key: key.map(str::to_owned),
            has_failed,
            attempts: 3,
            failed: vec![failed(1, "error", "odd"), failed(2, "timeout", "slow")],
        };
        let work = StepAccount {
            total: Some(10),
            tally: Tally { succeeded: 9, failed: 1, retried: 1, ..Tally::default() },
            needed: Some(("90 %".to_owned(), 9)),
            duration: Duration::from_millis(1500),
            failures: vec![
                failure.clone(),
                FailureAccount { key: Some("k8".to_owned()), index: 8, ..failure },
            ],
            retries: vec![retry(7, None, true), retry(3, Some("k3"), false)],
            ..step("work", "succeeded", None)
        };
        let steps = vec![
            work,
            step("save", "failed", Some("no room")),
            step("last", "skipped", Some("`save` failed")),
        ];
        Account { pipeline: "p".to_owned(), steps, ..Account::default() }
    }

    #[test]
    fn each_step_is_a_suite_with_its_verdict_and_its_items() {
        let expect = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"flowrun\" tests=\"6\" failures=\"3\" errors=\"0\" skipped=\"1\" time=\"1.500\">
  <testsuite name=\"work\" tests=\"4\" failures=\"2\" errors=\"0\" skipped=\"0\" time=\"1.500\">
    <testcase name=\"verdict\" classname=\"p.work\" time=\"1.500\">
      <system-out>9 of 10 items succeeded, 1 failed, 0 skipped, 0 cancelled, 1 retried; 9 (90 %) needed</system-out>
    </testcase>
    <testcase name=\"item 7\" classname=\"p.work\">
      <failure message=\"a &lt; b\" type=\"error\">p.yaml:3:1
item: {\"a\":1}</failure>
      <system-out>fields: {\"code\":1}
attempts: 2
attempt 1: timeout
info: hm</system-out>
    </testcase>
    <testcase name=\"k8\" classname=\"p.work\">
      <failure message=\"a &lt; b\" type=\"error\">item 8
p.yaml:3:1
item: {\"a\":1}</failure>
      <system-out>fields: {\"code\":1}
attempts: 2
attempt 1: timeout
info: hm</system-out>
    </testcase>
    <testcase name=\"k3\" classname=\"p.work\">
      <flakyFailure message=\"odd\" type=\"error\">attempt 1 of 3: error: odd</flakyFailure>
      <flakyFailure message=\"slow\" type=\"timeout\">attempt 2 of 3: timeout: slow</flakyFailure>
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
        let strict = junit(&suites(&account(), Tolerated::Failed));
        assert_eq!(strict, expect);
    }

    #[test]
    fn what_a_step_has_tolerated_is_skipped_or_failed() {
        let strict = junit(&suites(&account(), Tolerated::Failed));
        let work = strict.split("  <testsuite name=\"save\"").next().expect("a suite");
        let lenient = junit(&suites(&account(), Tolerated::Skipped));
        let skipped = "<skipped message=\"error: a &lt; b\"/>\n      <system-out>fields: {\"code\":1}\n";
        assert_eq!(
            (work.matches("<failure ").count(), lenient.matches(skipped).count()),
            (2, 2),
            "{lenient}"
        );
        assert!(lenient.contains("tests=\"6\" failures=\"1\" errors=\"0\" skipped=\"3\""), "{lenient}");
    }
}
