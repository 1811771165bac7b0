//! A client sends messages to the real server as an editor does, and waits for the answers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::project::{Project, command_in};

/// A server with its folder.
pub(crate) struct Client {
    server: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    pub(crate) project: Project,
    next: i64,
    /// What the server said without being asked, not yet looked at.
    kept: Vec<Value>,
}

/// `text` without its cursor `‸`, and where that stands in an editor's terms.
pub(crate) fn cursor(text: &str) -> (String, Value) {
    let (before, after) = text.split_once('‸').expect("the cursor is marked");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or("").encode_utf16().count();
    (format!("{before}{after}"), json!({ "line": line, "character": column }))
}

impl Client {
    /// A server that nothing was said to.
    pub(crate) fn silent(project: Project) -> Self {
        let mut command = command_in(&project.path(""), &["lsp"]);
        let mut server =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let input = server.stdin.take();
        let mut output = BufReader::new(server.stdout.take().expect("it is a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = message(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { server, input, messages, project, next: 0, kept: Vec::new() }
    }

    /// A server that has been greeted.
    pub(crate) fn new(project: Project) -> Self {
        Self::greeted(project, false)
    }

    /// The same, from an editor that shows the project's folder.
    pub(crate) fn in_folder(project: Project) -> Self {
        Self::greeted(project, true)
    }

    fn greeted(project: Project, in_folder: bool) -> Self {
        let mut client = Self::silent(project);
        let root = in_folder.then(|| client.uri(""));
        let answer =
            client.ask("initialize", json!({ "processId": null, "rootUri": root, "capabilities": {} }));
        assert_eq!(answer["result"]["serverInfo"]["name"], "flowrun", "{answer}");
        client.tell("initialized", json!({}));
        client
    }

    /// A server with one open file, `pipeline.yaml`.
    pub(crate) fn with(text: &str) -> Self {
        let mut client = Self::new(Project::new());
        client.open("pipeline.yaml", text);
        client
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        format!("file://{}", self.project.path(name).display())
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("not closed");
        input.write_all(bytes).expect("the server reads");
        input.flush().expect("the server reads");
    }

    pub(crate) fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    pub(crate) fn tell(&mut self, method: &str, params: impl Into<Value>) {
        let params: Value = params.into();
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, method: &str, params: impl Into<Value>) -> Value {
        let params: Value = params.into();
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    /// The first message that is wanted, also among those that came before.
    #[track_caller]
    pub(crate) fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at);
        }
        loop {
            let next = self.messages.recv_timeout(Duration::from_secs(100));
            let next = next.unwrap_or_else(|_| panic!("the server says nothing; kept: {:?}", self.kept));
            if wanted(&next) {
                return next;
            }
            self.kept.push(next);
        }
    }

    pub(crate) fn open(&mut self, name: &str, text: &str) {
        self.open_as("yaml", name, text);
    }

    pub(crate) fn open_as(&mut self, language: &str, name: &str, text: &str) {
        let uri = self.uri(name);
        self.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": uri, "languageId": language, "version": 1, "text": text } }),
        );
    }

    pub(crate) fn change(&mut self, version: i32, text: &str) {
        self.change_in("pipeline.yaml", version, text);
    }

    pub(crate) fn change_in(&mut self, name: &str, version: i32, text: &str) {
        let uri = self.uri(name);
        self.tell(
            "textDocument/didChange",
            json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": [{ "text": text }] }),
        );
    }

    /// What the server finds in a version of `pipeline.yaml`.
    pub(crate) fn findings(&mut self, version: i32) -> Vec<Value> {
        let uri = self.uri("pipeline.yaml");
        let told = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri.as_str()
                && message["params"]["version"] == version
        });
        told["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    /// The result of a request about a place of `pipeline.yaml`.
    pub(crate) fn at(&mut self, method: &str, position: &Value, more: &Value) -> Value {
        self.at_in("pipeline.yaml", method, position, more)
    }

    /// The result of a request about a place of an open file.
    pub(crate) fn at_in(&mut self, name: &str, method: &str, position: &Value, more: &Value) -> Value {
        let mut params = json!({ "textDocument": { "uri": self.uri(name) }, "position": position });
        for (key, value) in more.as_object().into_iter().flatten() {
            params[key] = value.clone();
        }
        let answer = self.ask(method, params);
        if answer.get("error").is_some() { answer["error"].clone() } else { answer["result"].clone() }
    }

    /// Ends the server; its exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.input = None;
        self.server.wait().expect("it can be waited for").code()
    }

    /// Says goodbye as the protocol has it.
    pub(crate) fn leave(mut self) {
        let answer = self.ask("shutdown", Value::Null);
        assert_eq!(answer["result"], Value::Null, "{answer}");
        self.tell("exit", Value::Null);
        assert_eq!(self.end(), Some(0));
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn message(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim() {
            "" => break,
            line => length = line.strip_prefix("Content-Length: ")?.parse().ok()?,
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// The text after edits, last first.
pub(crate) fn edited(text: &str, edits: &[Value]) -> String {
    let byte = |place: &Value| {
        let line = place["line"].as_u64().expect("a line") as usize;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let mut units = place["character"].as_u64().expect("a column") as usize;
        let rest = text[start..].char_indices().find(|(_, character)| {
            let is_there = units == 0;
            units = units.saturating_sub(character.len_utf16());
            is_there
        });
        start + rest.map_or(text.len() - start, |(at, _)| at)
    };
    let mut spans: Vec<(usize, usize, &str)> = edits
        .iter()
        .map(|edit| {
            let range = &edit["range"];
            (byte(&range["start"]), byte(&range["end"]), edit["newText"].as_str().expect("a text"))
        })
        .collect();
    spans.sort_unstable();
    let mut text = text.to_owned();
    for (start, end, new) in spans.into_iter().rev() {
        text.replace_range(start..end, new);
    }
    text
}
