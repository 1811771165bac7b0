//! This type drives the real `yaml-language-server` over its standard streams, as an editor does.

use std::io::BufReader;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lsp_server::{Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use super::install;

/// The server answers in milliseconds; this bounds a test whose server has died.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that has started, ended with the test.
pub(super) struct Server {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Message>,
    folder: String,
    settings: Value,
    asked: i32,
    opened: u32,
}

impl Server {
    /// A server that has the committed schema by its settings, or `None` on a machine without Node.js.
    pub(super) fn start() -> Option<Self> {
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/pipeline.schema.json");
        let schemas = json!({ format!("file://{}", schema.display()): ["*.yaml"] });
        Self::start_in(Path::new("/pipelines"), &schemas, "")
    }

    /// A server in a folder with the setting `yaml.schemas`, which finds fault with a bad file that starts with `head`.
    pub(super) fn start_in(folder: &Path, schemas: &Value, head: &str) -> Option<Self> {
        let program = install::node_module("yaml-language-server/bin/yaml-language-server")?;
        let mut command = Command::new("node");
        command.arg(program).arg("--stdio").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let input = child.stdin.take().expect("a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Ok(Some(message)) = Message::read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let folder = format!("file://{}", folder.display());
        let settings = json!({
            "schemas": schemas,
            "schemaStore": { "enable": false },
            "validate": true,
            "hover": true,
            "completion": true,
        });
        let mut server = Self { child, input, messages, folder, settings, asked: 0, opened: 0 };
        server.introduce();
        // The settings are asked for now; once they have been applied, this mistake is seen.
        let bad = format!("{head}steps: 1\n");
        let begin = Instant::now();
        let is_seen =
            |found: &Value| found["message"].as_str().is_some_and(|text| text.starts_with("Incorrect type"));
        while !server.diagnostics(&[&bad])[0].iter().any(is_seen) {
            assert!(begin.elapsed() < PATIENCE, "the language server does not find the schema");
        }
        Some(server)
    }

    /// Says what an editor can do, as it does first.
    fn introduce(&mut self) {
        self.request(
            "initialize",
            json!({
                "processId": std::process::id(),
                "rootUri": self.folder,
                "workspaceFolders": [{ "uri": self.folder, "name": "pipelines" }],
                "capabilities": {
                    "workspace": { "configuration": true, "workspaceFolders": true, "didChangeConfiguration": { "dynamicRegistration": true } },
                    "textDocument": {
                        "completion": { "completionItem": {
                            "snippetSupport": true,
                            "documentationFormat": ["markdown", "plaintext"],
                            "deprecatedSupport": true,
                        } },
                        "hover": { "contentFormat": ["markdown", "plaintext"] },
                    },
                },
            }),
        );
        self.notify("initialized", json!({}));
    }

    /// Opens texts as files; what the server finds wrong with each. Together, because it waits a while before it looks.
    pub(super) fn diagnostics(&mut self, texts: &[impl AsRef<str>]) -> Vec<Vec<Value>> {
        let uris: Vec<String> = texts.iter().map(|text| self.open(text.as_ref())).collect();
        let mut all = vec![None; texts.len()];
        while all.contains(&None) {
            let Message::Notification(mut told) = self.next() else { continue };
            if told.method != "textDocument/publishDiagnostics" {
                continue;
            }
            if let Some(place) = uris.iter().position(|uri| told.params["uri"] == *uri) {
                all[place] = serde_json::from_value(told.params["diagnostics"].take()).ok();
            }
        }
        for uri in &uris {
            self.close(uri);
        }
        all.into_iter().flatten().collect()
    }

    /// What the server offers at a place of a text.
    pub(super) fn completion(&mut self, text: &str, line: usize, column: usize) -> Vec<Value> {
        let answer = self.ask_at("textDocument/completion", text, line, column);
        let items = if answer.is_array() { &answer } else { &answer["items"] };
        items.as_array().cloned().unwrap_or_default()
    }

    /// What the server says about a place of a text, as Markdown.
    pub(super) fn hover(&mut self, text: &str, line: usize, column: usize) -> String {
        let answer = self.ask_at("textDocument/hover", text, line, column);
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    fn ask_at(&mut self, method: &str, text: &str, line: usize, column: usize) -> Value {
        let uri = self.open(text);
        let place = json!({
            "textDocument": { "uri": uri },
            "position": { "line": line, "character": column },
        });
        let answer = self.request(method, place);
        self.close(&uri);
        answer
    }

    fn open(&mut self, text: &str) -> String {
        // The server keeps what it has parsed under a name and a version.
        self.opened += 1;
        let uri = format!("{}/{}.flow.yaml", self.folder, self.opened);
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
        uri
    }

    fn close(&mut self, uri: &str) {
        self.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri } }));
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&Notification::new(method.to_owned(), params).into());
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = RequestId::from(self.asked);
        self.send(&Request::new(id.clone(), method.to_owned(), params).into());
        loop {
            if let Message::Response(answer) = self.next()
                && answer.id == id
            {
                return answer.response_result.unwrap_or_else(|error| panic!("`{method}` fails: {error:?}"));
            }
        }
    }

    /// The next answer or notification; what the server asks of an editor is answered.
    fn next(&mut self) -> Message {
        loop {
            let message = self.messages.recv_timeout(PATIENCE);
            let message = message.unwrap_or_else(|error| panic!("the language server is silent: {error}"));
            let Message::Request(asked) = message else { return message };
            let result = match asked.method.as_str() {
                "workspace/configuration" => {
                    let sections = asked.params["items"].as_array().expect("a list").iter();
                    let of = |item: &Value| match item["section"].as_str() {
                        Some("yaml") => self.settings.clone(),
                        _ => json!({}),
                    };
                    sections.map(of).collect()
                }
                _ => Value::Null,
            };
            self.send(&Response::new_ok(asked.id, result).into());
        }
    }

    fn send(&mut self, message: &Message) {
        message.write(&mut self.input).expect("the language server listens");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
