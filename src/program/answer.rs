//! This module reads what an item program writes, line by line.

use std::time::Duration;

use crate::value::json::{JsonError, JsonWalk, compact, unquoted, validate};

/// One line of a program's standard output.
#[derive(Debug, PartialEq)]
pub enum Line<'t> {
    /// `{"ready": true}`: it has set itself up. With `"parallel": true` it works on all items in flight at once.
    Ready {
        /// Whether it does.
        parallel: bool,
    },
    /// What became of an item.
    Answer(Answer<'t>),
}

/// What a program says of one item.
#[derive(Debug, PartialEq)]
pub struct Answer<'t> {
    /// The number that the item was sent under.
    pub id: u64,
    /// What became of it.
    pub said: Said<'t>,
    /// Lines for the item's log.
    pub log: Vec<String>,
}

/// What became of an item, as its program says.
#[derive(Debug, PartialEq)]
pub enum Said<'t> {
    /// `value`: its result, as JSON text.
    Value(&'t [u8]),
    /// `values`: its results, as the text of a JSON value that should be a list.
    Values(&'t [u8]),
    /// `skip`: it is left out, for this reason.
    Skip(Option<String>),
    /// `error`: the attempt failed.
    Error(Box<ErrorAnswer>),
    /// The line is JSON, and holds what flowrun cannot carry.
    Unfit(String),
}

/// An attempt that failed, as the program says.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorAnswer {
    /// What went wrong.
    pub message: String,
    /// Whether another attempt makes sense.
    pub retryable: bool,
    /// The wait before the next one.
    pub after: Option<Duration>,
    /// The text of a JSON object.
    pub fields: Option<String>,
    /// The call stack, one place a line.
    pub traceback: String,
}

impl ErrorAnswer {
    fn new(message: String) -> Self {
        Self { message, retryable: true, after: None, fields: None, traceback: String::new() }
    }
}

/// Reads one line, line end excluded.
///
/// # Errors
/// Fails when the line is no answer, and says why: lower case, no period, with no words of the line itself.
pub fn read(line: &[u8]) -> Result<Line<'_>, String> {
    if let Err(error) = validate(line) {
        return unfit(line, &error).ok_or_else(|| format!("it is no JSON ({error})"));
    }
    let mut walk = JsonWalk::new(line, 0);
    if walk.byte() != b'{' {
        return Err("it is no JSON object".to_owned());
    }
    walk.enter();
    let mut parts = Parts::default();
    while let Some(key) = walk.key() {
        let start = walk.at();
        walk.skip();
        parts.take(&unquoted(key), &line[start..walk.at()]);
    }
    parts.line()
}

/// The parts of an answer that were given, each as JSON text.
#[derive(Default)]
struct Parts<'t> {
    id: Option<&'t [u8]>,
    ready: Option<&'t [u8]>,
    parallel: Option<&'t [u8]>,
    value: Option<&'t [u8]>,
    values: Option<&'t [u8]>,
    skip: Option<&'t [u8]>,
    error: Option<&'t [u8]>,
    log: Option<&'t [u8]>,
}

impl<'t> Parts<'t> {
    fn take(&mut self, key: &[u8], text: &'t [u8]) {
        let part = match key {
            b"id" => &mut self.id,
            b"ready" => &mut self.ready,
            b"parallel" => &mut self.parallel,
            b"value" => &mut self.value,
            b"values" => &mut self.values,
            b"skip" => &mut self.skip,
            b"error" => &mut self.error,
            b"log" => &mut self.log,
            // A later version of the protocol may say more.
            _ => return,
        };
        *part = Some(text);
    }

    fn line(self) -> Result<Line<'t>, String> {
        let said = [
            ("value", self.value.map(Said::Value)),
            ("values", self.values.map(Said::Values)),
            ("skip", self.skip.map(skip).transpose()?),
            ("error", self.error.map(error).transpose()?),
        ];
        let mut given = said.into_iter().filter_map(|(name, said)| Some((name, said?)));
        match (self.id, given.next(), given.next()) {
            (None, None, _) if self.ready == Some(b"true") => {
                Ok(Line::Ready { parallel: self.parallel == Some(b"true") })
            }
            (None, ..) => Err("it has no `id`".to_owned()),
            (Some(_), None, _) => {
                Err("beside `id` it has none of `value`, `values`, `skip` and `error`".to_owned())
            }
            (Some(_), Some((one, _)), Some((other, _))) => Err(format!("it has both `{one}` and `{other}`")),
            (Some(id), Some((_, said)), None) => {
                let id = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
                let id = id.ok_or("its `id` is not the number that was sent")?;
                Ok(Line::Answer(Answer { id, said, log: self.log.map(log).unwrap_or_default() }))
            }
        }
    }
}

fn skip<'t>(text: &[u8]) -> Result<Said<'t>, String> {
    match text.first() {
        Some(b'"') => Ok(Said::Skip(Some(string(text)))),
        Some(b'n' | b't') => Ok(Said::Skip(None)),
        _ => Err("`skip` is no text".to_owned()),
    }
}

fn error<'t>(text: &[u8]) -> Result<Said<'t>, String> {
    if text.first() == Some(&b'"') {
        return Ok(Said::Error(Box::new(ErrorAnswer::new(string(text)))));
    }
    let mut walk = JsonWalk::new(text, 0);
    if walk.byte() != b'{' {
        return Err("`error` is neither a text nor an object".to_owned());
    }
    walk.enter();
    let mut answer = ErrorAnswer::new("the program gives no message".to_owned());
    while let Some(key) = walk.key() {
        let start = walk.at();
        walk.skip();
        let part = &text[start..walk.at()];
        match (&*unquoted(key), part.first()) {
            (_, Some(b'n')) => {}
            (b"message", Some(b'"')) => answer.message = string(part),
            (b"message", _) => answer.message = line(part),
            (b"retryable", Some(b't' | b'f')) => answer.retryable = part == b"true",
            (b"retryable", _) => return Err("`error.retryable` is neither true nor false".to_owned()),
            (b"after", _) => answer.after = Some(seconds(part)?),
            (b"fields", Some(b'{')) => answer.fields = Some(line(part)),
            (b"fields", _) => return Err("`error.fields` is no object".to_owned()),
            (b"traceback", Some(b'"')) => string(part).trim_end().clone_into(&mut answer.traceback),
            _ => {}
        }
    }
    Ok(Said::Error(Box::new(answer)))
}

fn seconds(text: &[u8]) -> Result<Duration, String> {
    let seconds: Option<f64> = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    let seconds = seconds.filter(|seconds| *seconds >= 0.0);
    // Beyond any time that anybody waits for.
    let duration = seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    duration.ok_or_else(|| "`error.after` is no number of seconds".to_owned())
}

/// A text, or a list of texts.
fn log(text: &[u8]) -> Vec<String> {
    let mut walk = JsonWalk::new(text, 0);
    if walk.byte() != b'[' {
        return vec![said(text)];
    }
    walk.enter();
    let mut lines = Vec::new();
    while walk.element() {
        let start = walk.at();
        walk.skip();
        lines.push(said(&text[start..walk.at()]));
    }
    lines
}

/// A string's text; of anything else, its JSON.
fn said(text: &[u8]) -> String {
    if text.first() == Some(&b'"') { string(text) } else { line(text) }
}

fn string(quoted: &[u8]) -> String {
    String::from_utf8_lossy(&unquoted(quoted)).into_owned()
}

/// JSON text on one line.
fn line(text: &[u8]) -> String {
    let mut out = Vec::new();
    let _ = compact(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// An answer in form, within which stands what is no JSON, such as NaN, or what flowrun does not carry, such as half of a
/// surrogate pair.
fn unfit<'t>(line: &[u8], error: &JsonError) -> Option<Line<'t>> {
    let line = line.trim_ascii();
    if line.first() != Some(&b'{') || line.last() != Some(&b'}') {
        return None;
    }
    let mut walk = JsonWalk::new(line, 0);
    walk.enter();
    let mut id = None;
    while let Some(key) = walk.key() {
        let start = walk.at();
        walk.skip();
        if key == b"\"id\"" {
            id = std::str::from_utf8(&line[start..walk.at()]).ok().and_then(|text| text.parse().ok());
        }
    }
    // What people write most of all that is no JSON.
    let rest = line.get(error.offset..).unwrap_or_default();
    let is_nan = [&b"NaN"[..], b"Infinity", b"-Infinity"].iter().any(|word| rest.starts_with(word));
    let hint = if is_nan { "; JSON has no NaN and no infinity" } else { "" };
    Some(Line::Answer(Answer { id: id?, said: Said::Unfit(format!("{error}{hint}")), log: Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_answers_or_say_why_not() {
        let answer = |id, said| Ok(Line::Answer(Answer { id, said, log: Vec::new() }));
        let failed = |answer: ErrorAnswer| Said::Error(Box::new(answer));
        let plain = |message: &str| ErrorAnswer::new(message.to_owned());
        for (line, expect) in [
            (r#"{"ready": true}"#, Ok(Line::Ready { parallel: false })),
            (r#"{"ready":true,"parallel":true}"#, Ok(Line::Ready { parallel: true })),
            (r#" {"value": {"a": [1]}, "id": 7} "#, answer(7, Said::Value(br#"{"a": [1]}"#))),
            (r#"{"id":1,"values":[1,2]}"#, answer(1, Said::Values(b"[1,2]"))),
            (r#"{"id":1,"value":null}"#, answer(1, Said::Value(b"null"))),
            (r#"{"id":1,"skip":"b\u0061d"}"#, answer(1, Said::Skip(Some("bad".to_owned())))),
            (r#"{"id":1,"skip":null}"#, answer(1, Said::Skip(None))),
            (r#"{"id":1,"error":"no"}"#, answer(1, failed(plain("no")))),
            (
                r#"{"id":1,"error":{"message":"x","retryable":false,"after":0.5,"fields":{"a": 1},"traceback":"a\nb\n"}}"#,
                answer(
                    1,
                    failed(ErrorAnswer {
                        retryable: false,
                        after: Some(Duration::from_millis(500)),
                        fields: Some(r#"{"a":1}"#.to_owned()),
                        traceback: "a\nb".to_owned(),
                        ..plain("x")
                    }),
                ),
            ),
            (r#"{"id":1,"error":{"message":{"a": 1},"after":null}}"#, answer(1, failed(plain(r#"{"a":1}"#)))),
            ("hello", Err("it is no JSON (expected a value, found `h` at byte 1)")),
            ("[1]", Err("it is no JSON object")),
            ("{}", Err("it has no `id`")),
            (r#"{"ready":false}"#, Err("it has no `id`")),
            (r#"{"id":1}"#, Err("beside `id` it has none of `value`, `values`, `skip` and `error`")),
            (r#"{"id":"1","value":1}"#, Err("its `id` is not the number that was sent")),
            (r#"{"id":1,"value":1,"error":"x"}"#, Err("it has both `value` and `error`")),
            (r#"{"id":1,"skip":1}"#, Err("`skip` is no text")),
            (r#"{"id":1,"error":[]}"#, Err("`error` is neither a text nor an object")),
            (r#"{"id":1,"error":{"after":-1}}"#, Err("`error.after` is no number of seconds")),
            (r#"{"id":1,"error":{"retryable":1}}"#, Err("`error.retryable` is neither true nor false")),
            (r#"{"id":1,"error":{"fields":1}}"#, Err("`error.fields` is no object")),
        ] {
            assert_eq!(read(line.as_bytes()), expect.map_err(str::to_owned), "{line}");
        }
    }

    #[test]
    fn a_number_that_cannot_be_carried_fails_its_item_alone() {
        let line = br#"{"id":3,"value":123456789012345678901}"#;
        let Ok(Line::Answer(Answer { id: 3, said: Said::Unfit(why), .. })) = read(line) else {
            panic!("{:?}", read(line));
        };
        assert!(why.contains("does not fit into 64 bits"), "{why}");
        for (line, said) in [
            (&br#"{"id":3,"value":NaN}"#[..], "JSON has no NaN"),
            (br#"{"value":"\ud83d","id":3}"#, "half of a surrogate pair"),
            (br#"{"id":3,"value":1e999}"#, "too large for a 64-bit float"),
        ] {
            let Ok(Line::Answer(Answer { id: 3, said: Said::Unfit(why), .. })) = read(line) else {
                panic!("{:?}", read(line));
            };
            assert!(why.contains(said), "{why}");
        }
        assert!(read(br#"{"id":3,"value":"#).is_err());
    }

    #[test]
    fn lines_for_the_log_come_with_an_answer() {
        let log = |line: &'static str| match read(line.as_bytes()) {
            Ok(Line::Answer(answer)) => answer.log,
            other => panic!("{other:?}"),
        };
        assert_eq!(log(r#"{"id":1,"value":1,"log":["a","b\n",3]}"#), ["a", "b\n", "3"]);
        assert_eq!(log(r#"{"id":1,"value":1,"log":"a"}"#), ["a"]);
    }
}
