//! This module says what an attempt in a process came to: results in flowrun's form, or a failure in words.

use std::time::Duration;

use crate::event::FailureKind;
use crate::lua::{AttemptEnding, Failure, ResultShape, WorkerOptions};
use crate::program::{self, End, ErrorAnswer, Leaving, Said, Sayings, boundary};
use crate::value::json::on_one_line;
use crate::value::{Mask, printable};

/// Longest wait that an answer can ask for; the policy bounds it further.
const AFTER_MAX: Duration = Duration::from_secs(1_000_000_000);
/// Bytes of a line that is no answer, as far as it is shown, and as far as secrets are looked for in it.
const SHOWN_BYTES: usize = 200;
const MASKED_BYTES: usize = 64 << 10;

/// Adds the results of an item to `out`, a line each, and says how many there are; or says how it ended otherwise.
pub(super) fn results(
    said: Said<'_>,
    shape: ResultShape,
    item: &[u8],
    out: &mut Vec<u8>,
) -> Result<u32, AttemptEnding> {
    match (said, shape) {
        (Said::Skip(reason), _) => Err(AttemptEnding::Skipped { reason }),
        (Said::Error(error), _) => Err(failed(error_answer(*error))),
        (Said::Unfit(why), _) => Err(wrong_result(why)),
        (Said::Value(value), ResultShape::Map) => {
            program::write(value, item, out);
            out.push(b'\n');
            Ok(1)
        }
        // A function that returns a list need not know for which verb.
        (Said::Values(values) | Said::Value(values), ResultShape::FlatMap) => {
            program::write_all(values, item, out)
                .ok_or_else(|| wrong_result("a flat_map answers with `values`, a list".to_owned()))
        }
        (Said::Value(b"true"), ResultShape::Filter) => {
            // The item itself, as it was read.
            on_one_line(item, out);
            out.push(b'\n');
            Ok(1)
        }
        (Said::Value(b"false"), ResultShape::Filter) => Ok(0),
        (Said::Value(_), ResultShape::Filter) => {
            Err(wrong_result("a filter answers with a `value` that is true or false".to_owned()))
        }
        (Said::Values(_), _) => Err(wrong_result("only a flat_map answers with `values`".to_owned())),
    }
}

fn failed(failure: Failure) -> AttemptEnding {
    AttemptEnding::Failed(Box::new(failure))
}

fn wrong_result(why: String) -> AttemptEnding {
    failed(Failure::new(FailureKind::Result, why))
}

fn error_answer(error: ErrorAnswer) -> Failure {
    Failure {
        traceback: error.traceback,
        retryable: error.retryable,
        permanent: !error.retryable,
        retry_after: error.after.map(|after| after.min(AFTER_MAX)),
        fields: error.fields,
        ..Failure::new(FailureKind::Error, error.message)
    }
}

/// How an attempt ended that was not answered.
pub(super) fn end(how: End, options: &WorkerOptions, last_words: &Sayings) -> AttemptEnding {
    let after = |what: &str, limit: Option<Duration>| format!("{what} after {:?}", limit.unwrap_or_default());
    let (kind, message) = match how {
        End::Cancelled => return AttemptEnding::Cancelled,
        End::Timeout => (FailureKind::Timeout, after("timeout", options.timeout)),
        End::Deadline => (FailureKind::Deadline, after("item_deadline", options.item_deadline)),
        End::Program(why) => (FailureKind::Program, why),
    };
    let mut failure = Failure { retryable: true, ..Failure::new(kind, message) };
    let last = last_words.last();
    if kind == FailureKind::Program && !last.is_empty() {
        failure.traceback = last.join("\n");
    }
    failed(failure)
}

/// What is said of a process that has ended, with its last line of standard error.
pub(super) fn leaving(
    program: &str,
    (leaving, has_answered): (&Leaving, bool),
    last_words: &Sayings,
    unended: &[u8],
    withheld: &[&str],
) -> String {
    // What a program says that ends by a signal, or well, is seldom why.
    let is_told = matches!(leaving, Leaving::Exit(code) if *code != 0);
    let last = last_words.last().last().filter(|_| is_told).map_or(String::new(), |line| format!(": {line}"));
    let hint = match leaving {
        Leaving::Exit(0) if !has_answered && unended.is_empty() => {
            " before it had answered; does it read its standard input?".to_owned()
        }
        Leaving::Exit(0) => String::new(),
        _ if !withheld.is_empty() => {
            let names: Vec<String> = withheld.iter().map(|name| format!("`{name}`")).collect();
            format!("; {} set here and not handed on: name it under `env` of the program", are(&names))
        }
        Leaving::Exit(_) if !has_answered => {
            "; of variables it gets `PATH`, `HOME`, `LANG` and `env` only".to_owned()
        }
        _ => String::new(),
    };
    let within = if unended.is_empty() { "" } else { " in the middle of a line" };
    format!("`{program}` {leaving}{within}{last}{hint}")
}

/// `` `A` is ``, `` `A` and `B` are ``
fn are(names: &[String]) -> String {
    format!("{} {}", names.join(" and "), if names.len() == 1 { "is" } else { "are" })
}

/// What is said of a line that is no answer.
pub(super) fn nonsense(program: &str, line: &[u8], why: &str, mask: &Mask) -> String {
    // Secrets go before anything is cut off: half of one would not be found any more.
    let mut shown = mask.owned(String::from_utf8_lossy(&line[..line.len().min(MASKED_BYTES)]).into_owned());
    let is_cut = shown.len() > SHOWN_BYTES || line.len() > MASKED_BYTES;
    shown.truncate(boundary(&shown, SHOWN_BYTES));
    let (shown, cut) = (printable(shown.trim_end()), if is_cut { "…" } else { "" });
    format!(
        "`{program}` wrote a line that is no answer, because {why}: `{shown}{cut}`; what is not meant as an answer belongs to \
         standard error"
    )
}
