//! This module writes what an item program is sent: one line of JSON for each attempt.

use crate::value::json::{on_one_line, quoted, write_string};

/// What all requests to one process have in common.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// The beginning of `ctx`, up to what an attempt has of its own.
    start: Vec<u8>,
}

/// One attempt of one item.
#[derive(Debug, Clone, Copy)]
pub struct Request<'t> {
    /// The number by which its answer names it; each is used once in a run of a step.
    pub id: u64,
    /// Its text: one JSON value.
    pub item: &'t [u8],
    /// Its place in the step's input, from 1.
    pub index: u64,
    /// Its key, where items have keys of their own.
    pub key: Option<&'t str>,
    /// Which attempt it is, from 1.
    pub attempt: u32,
    /// How the attempt before failed, as the text of a JSON object.
    pub last: Option<&'t str>,
}

impl RequestContext {
    /// Of the process with the number `worker`, from 1.
    pub fn new(step: &str, run: &str, max_attempts: u32, worker: usize) -> Self {
        let mut start = br#","ctx":{"step":"#.to_vec();
        start.extend(quoted(step));
        start.extend_from_slice(br#","run":"#);
        start.extend(quoted(run));
        start.extend_from_slice(format!(r#","worker":{worker},"max_attempts":{max_attempts}"#).as_bytes());
        Self { start }
    }

    /// Appends the line of an attempt, line end included.
    pub fn write(&self, request: &Request<'_>, out: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        out.extend_from_slice(br#"{"id":"#);
        out.extend_from_slice(digits.format(request.id).as_bytes());
        out.extend_from_slice(br#","item":"#);
        on_one_line(request.item, out);
        out.extend_from_slice(br#","index":"#);
        out.extend_from_slice(digits.format(request.index).as_bytes());
        out.extend_from_slice(&self.start);
        if let Some(key) = request.key {
            out.extend_from_slice(br#","key":"#);
            write_string(out, key.as_bytes());
        }
        out.extend_from_slice(br#","attempt":"#);
        out.extend_from_slice(digits.format(request.attempt).as_bytes());
        if let Some(last) = request.last {
            out.extend_from_slice(br#","last":"#);
            out.extend_from_slice(last.as_bytes());
        }
        out.extend_from_slice(b"}}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_with_all_that_a_function_knows() {
        let context = RequestContext::new("cl\"ean", "20261201-r", 3, 2);
        let mut out = Vec::new();
        let request = Request {
            id: 9,
            item: b" {\"a\": 1}\n",
            index: 5,
            key: Some("k"),
            attempt: 2,
            last: Some(r#"{"kind":"error"}"#),
        };
        context.write(&request, &mut out);
        context.write(&Request { item: b"[1,\n 2]", key: None, last: None, ..request }, &mut out);
        let text = String::from_utf8(out).expect("text");
        let (first, second) = text.split_once('\n').expect("two lines");
        assert_eq!(
            first,
            r#"{"id":9,"item":{"a": 1},"index":5,"ctx":{"step":"cl\"ean","run":"20261201-r","worker":2,"max_attempts":3,"key":"k","attempt":2,"last":{"kind":"error"}}}"#
        );
        assert!(
            second.starts_with(r#"{"id":9,"item":[1,2],"index":5,"#) && second.ends_with('\n'),
            "{second}"
        );
        assert_eq!(second.matches('\n').count(), 1);
    }
}
