//! This module reads and writes messages on standard input and output. Unlike with the transport of `lsp-server`, a
//! malformed message costs only itself.

use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};

use lsp_server::{ErrorCode, Message};
use serde_json::{Value, json};

/// Bytes of a message. A longer one is no document that anybody edits.
const BYTES_MAX: u64 = 256 << 20;
/// Messages that wait. A client that sends more of them waits too.
const WAITING_MAX: usize = 1000;

/// What came in.
#[derive(Debug)]
pub enum Arrived {
    /// A message.
    Message(Message),
    /// Something else in its place, and the answer to it.
    Malformed(Value),
}

/// Reads standard input until it ends, in a thread of its own, so that cancellations are seen before their time.
///
/// # Errors
/// Fails when the system gives no thread.
pub fn arrivals() -> io::Result<Receiver<Arrived>> {
    let (sender, receiver) = sync_channel(WAITING_MAX);
    std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        let mut input = io::stdin().lock();
        while let Ok(Some(body)) = body(&mut input) {
            if sender.send(parsed(&body)).is_err() {
                break;
            }
        }
    })?;
    Ok(receiver)
}

/// The body of the next message; `None` at the end. Lines that are no header are passed over.
fn body(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length: Option<u64> = None;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(64 << 10).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = line.trim_ascii();
        if let Some(length) = length.filter(|_| line.is_empty()) {
            return content(input, length);
        }
        let (name, value) = line.split_at(line.iter().position(|byte| *byte == b':').unwrap_or(0));
        if name.eq_ignore_ascii_case(b"content-length") {
            let value = std::str::from_utf8(&value[1..]).unwrap_or_default();
            length = value.trim().parse().ok().filter(|length| *length <= BYTES_MAX);
        }
    }
}

/// Reads all messages of a stream and drops them.
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_all(mut bytes: &[u8]) {
    while let Ok(Some(body)) = body(&mut bytes) {
        let _ = parsed(&body);
    }
}

fn content(input: &mut impl BufRead, length: u64) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    let read = input.by_ref().take(length).read_to_end(&mut body)?;
    Ok((read as u64 == length).then_some(body))
}

fn parsed(body: &[u8]) -> Arrived {
    let value: Value = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(error) => {
            let message = format!("this is no JSON: {error}");
            return Arrived::Malformed(refusal(&Value::Null, ErrorCode::ParseError, &message));
        }
    };
    let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned().unwrap_or_default();
    serde_json::from_value(value).map_or_else(
        |_| {
            let message = "this is neither request, notification nor response";
            Arrived::Malformed(refusal(&id, ErrorCode::InvalidRequest, message))
        },
        Arrived::Message,
    )
}

/// An answer with an error; `lsp-server` has none without an id.
fn refusal(id: &Value, code: ErrorCode, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } })
}

/// Sends a message.
pub(super) fn send(message: &Message) -> io::Result<()> {
    message.write(&mut io::stdout().lock())
}

/// Sends what is no message of `lsp-server`.
pub(super) fn send_value(value: &Value) -> io::Result<()> {
    let text = value.to_string();
    let mut output = io::stdout().lock();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_header_is_passed_over() {
        let mut input = "nonsense\r\n\r\nContent-Length: x\r\n\r\ncontent-length:2\r\nX: y\r\n\r\n{}Content-Length: 9\r\n\r\n{".as_bytes();
        assert_eq!(body(&mut input).expect("memory can be read"), Some(b"{}".to_vec()));
        assert_eq!(body(&mut input).expect("memory can be read"), None);
    }

    #[test]
    fn what_is_no_message_is_answered() {
        let code = |text: &str| match parsed(text.as_bytes()) {
            Arrived::Malformed(answer) => (answer["error"]["code"].as_i64(), answer["id"].clone()),
            Arrived::Message(_) => (None, Value::Null),
        };
        assert_eq!(code("{"), (Some(-32700), Value::Null));
        assert_eq!(code("\u{fffd}"), (Some(-32700), Value::Null));
        assert_eq!(code("[]"), (Some(-32600), Value::Null));
        assert_eq!(code("{\"id\":7,\"method\":3}"), (Some(-32600), json!(7)));
        assert_eq!(code("{\"id\":7,\"method\":\"x\"}"), (None, Value::Null));
    }
}
