//! The server holds the conversation: it decides which message may come when, keeps the open files, and says when
//! they are checked. Other modules make the answers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, TextDocumentContentChangeEvent as ContentChange,
};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answers::{self, Refusal};
use super::documents::{OpenDocument, Workspace};
use super::file::{self, File};
use super::findings;
use super::wire::{self, Arrived};
use crate::config::FileKind;
use crate::plan::Inputs;

/// How long nobody types before a change is checked.
const PAUSE: Duration = Duration::from_millis(120);

/// The server's side of the conversation.
pub(super) struct Server {
    /// With the texts of the open files.
    inputs: Inputs,
    state: Conversation,
    /// The folders that the editor shows.
    folders: Vec<PathBuf>,
    files: HashMap<String, OpenDocument>,
    /// Files that the client has been told about, with what it was told.
    told: HashSet<String>,
}

/// How far the conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conversation {
    /// Nothing was said yet.
    Silent,
    /// Everything may be asked.
    Open,
    /// Only the end may follow.
    Closed,
}

impl Server {
    pub(super) fn new(inputs: Inputs) -> Self {
        Self {
            inputs,
            state: Conversation::Silent,
            folders: Vec::new(),
            files: HashMap::new(),
            told: HashSet::new(),
        }
    }

    /// Talks until the end: whether `shutdown` came before it.
    pub(super) fn serve(mut self, arrivals: &Receiver<Arrived>) -> io::Result<bool> {
        let mut waiting = VecDeque::new();
        loop {
            waiting.extend(arrivals.try_iter());
            let next = match waiting.pop_front() {
                Some(next) => next,
                None => match self.pause(arrivals)? {
                    Some(next) => next,
                    None => return Ok(false),
                },
            };
            match next {
                Arrived::Malformed(answer) => wire::send_value(&answer)?,
                Arrived::Message(Message::Request(request)) => {
                    // Whatever has come in since may take it back.
                    waiting.extend(arrivals.try_iter());
                    let is_cancelled = waiting.iter().any(|one| cancels(one, &request.id));
                    self.request(request, is_cancelled)?;
                }
                Arrived::Message(Message::Notification(note)) if note.method == "exit" => {
                    return Ok(self.state == Conversation::Closed);
                }
                Arrived::Message(Message::Notification(note)) => self.notification(note),
                // Nothing was asked of the client.
                Arrived::Message(Message::Response(_)) => {}
            }
        }
    }

    /// Checks what is due until something comes in. `None`: nothing will.
    fn pause(&mut self, arrivals: &Receiver<Arrived>) -> io::Result<Option<Arrived>> {
        loop {
            let next = self.files.iter().filter_map(|(uri, open)| Some((open.due?, uri))).min();
            let Some((due, uri)) = next.map(|(due, uri)| (due, uri.clone())) else {
                return Ok(arrivals.recv().ok());
            };
            match arrivals.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(next) => return Ok(Some(next)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.check(&uri)?,
            }
        }
    }

    fn request(&mut self, request: Request, is_cancelled: bool) -> io::Result<()> {
        let Request { id, method, params } = request;
        let answer = if is_cancelled {
            Err(Refusal::new(ErrorCode::RequestCanceled, "the request was cancelled"))
        } else {
            // A fault of ours costs one answer, not the editor's session.
            let answer = catch_unwind(AssertUnwindSafe(|| self.answer(&method, params)));
            answer.unwrap_or_else(|_| {
                Err(Refusal::new(ErrorCode::InternalError, "internal error; this is a fault of flowrun"))
            })
        };
        let response = match answer {
            Ok(result) => Response::new_ok(id, result),
            Err(refusal) => Response::new_err(id, refusal.code as i32, refusal.message),
        };
        wire::send(&response.into())
    }

    fn answer(&mut self, method: &str, params: Value) -> Result<Value, Refusal> {
        match (self.state, method) {
            (Conversation::Silent, "initialize") => {
                self.state = Conversation::Open;
                self.folders = folders(&params);
                Ok(answers::initialized())
            }
            (Conversation::Silent, _) => {
                Err(Refusal::new(ErrorCode::ServerNotInitialized, "`initialize` comes first"))
            }
            (Conversation::Closed, _) => {
                Err(Refusal::new(ErrorCode::InvalidRequest, "the server is shut down"))
            }
            (Conversation::Open, "initialize") => {
                Err(Refusal::new(ErrorCode::InvalidRequest, "`initialize` comes only once"))
            }
            (Conversation::Open, "shutdown") => {
                self.state = Conversation::Closed;
                Ok(Value::Null)
            }
            (Conversation::Open, "textDocument/codeAction") => {
                // Repairs are those of the text as it is now.
                if let Some(uri) = self.overdue(&params) {
                    self.check(&uri)
                        .map_err(|error| Refusal::new(ErrorCode::InternalError, error.to_string()))?;
                }
                answers::answer(self.workspace(), method, params)
            }
            (Conversation::Open, _) => answers::answer(self.workspace(), method, params),
        }
    }

    fn workspace(&self) -> Workspace<'_> {
        Workspace { files: &self.files, folders: &self.folders, inputs: &self.inputs }
    }

    /// The file that a request is about, if it was changed since its check.
    fn overdue(&self, params: &Value) -> Option<String> {
        let uri = params.get("textDocument")?.get("uri")?.as_str()?;
        self.files.get(uri).filter(|open| open.due.is_some()).map(|_| uri.to_owned())
    }

    fn notification(&mut self, note: Notification) {
        if self.state != Conversation::Open {
            return;
        }
        match note.method.as_str() {
            "textDocument/didOpen" => {
                let Some(DidOpenTextDocumentParams { text_document: it }) = read(note.params) else { return };
                self.put(File::new(it.uri, it.language_id.into(), it.version, it.text), Duration::ZERO);
            }
            "textDocument/didChange" => {
                let Some(change) = read::<DidChangeTextDocumentParams>(note.params) else { return };
                let it = change.text_document;
                let uri = it.text_document_identifier.uri;
                let Some(open) = self.files.get(&uri.0) else { return };
                let text = changed(&open.file, change.content_changes);
                let language = open.file.language.clone();
                self.put(File::new(uri, language, it.version, text), PAUSE);
            }
            "textDocument/didSave" => {
                let Some(saved) = read::<DidSaveTextDocumentParams>(note.params) else { return };
                // What another file says may be why, such as a Lua file.
                let is_known = self.files.contains_key(&saved.text_document.uri.0);
                for open in self.files.values_mut().filter(|_| is_known) {
                    open.due.get_or_insert_with(Instant::now);
                }
            }
            "workspace/didChangeWatchedFiles" => {
                for open in self.files.values_mut() {
                    open.due.get_or_insert_with(Instant::now);
                }
            }
            "textDocument/didClose" => {
                let Some(closed) = read::<DidCloseTextDocumentParams>(note.params) else { return };
                if let Some(open) = self.files.remove(&closed.text_document.uri.0) {
                    self.inputs.open.remove(&open.file.path);
                    self.others_are_due(&open.file.uri.0, Duration::ZERO);
                    // A client that cannot be told is gone, which shows at the next message.
                    let _ = open.findings.by_file.keys().try_for_each(|about| self.tell(about));
                }
            }
            // Among them those that need no answer: `initialized`, `$/cancelRequest`, `$/setTrace`.
            _ => {}
        }
    }

    fn put(&mut self, file: File, pause: Duration) {
        let uri = file.uri.0.clone();
        let due = Some(Instant::now() + pause);
        self.inputs.open.put(&file.path, file.text.as_str().into());
        if !matches!(file.kind(), Some(FileKind::Pipeline)) {
            self.others_are_due(&uri, pause);
        }
        let findings = self.files.remove(&uri).map(|open| open.findings).unwrap_or_default();
        self.files.insert(uri, OpenDocument { file, findings, due });
    }

    /// Pipelines may include the file, or name it for its Lua: they are checked again.
    fn others_are_due(&mut self, uri: &str, pause: Duration) {
        let due = Instant::now() + pause;
        for (_, open) in self.files.iter_mut().filter(|(other, _)| *other != uri) {
            open.due.get_or_insert(due);
        }
    }

    /// Checks a file, and says what was found.
    fn check(&mut self, uri: &str) -> io::Result<()> {
        let Some(open) = self.files.get_mut(uri) else { return Ok(()) };
        open.due = None;
        let inputs = &self.inputs;
        let found = catch_unwind(AssertUnwindSafe(|| findings::check(&open.file, inputs)));
        let old = std::mem::replace(&mut open.findings, found.unwrap_or_default());
        let mut about: Vec<String> =
            old.by_file.into_keys().chain(open.findings.by_file.keys().cloned()).collect();
        about.sort();
        about.dedup();
        about.iter().try_for_each(|about| self.tell(about))
    }

    /// Says all that was found in a file; several pipelines may name one Lua file. Of a file without findings nothing is said
    /// unless the client remembers some, but for a pipeline: somebody waits for the end of its check.
    fn tell(&mut self, about: &str) -> io::Result<()> {
        let mut found: Vec<&gen_lsp_types::Diagnostic> = Vec::new();
        let lists = self.files.values().filter_map(|open| open.findings.by_file.get(about));
        for one in lists.flatten() {
            if !found.contains(&one) {
                found.push(one);
            }
        }
        let own = self.files.get(about).filter(|open| open.file.kind().is_some());
        if found.is_empty() && own.is_none() && !self.told.contains(about) {
            return Ok(());
        }
        if found.is_empty() {
            self.told.remove(about)
        } else {
            self.told.insert(about.to_owned())
        };
        let mut params = json!({ "uri": about, "diagnostics": found });
        if let Some(open) = self.files.get(about) {
            params["version"] = open.file.version.into();
        }
        wire::send(&Notification::new("textDocument/publishDiagnostics".to_owned(), params).into())
    }
}

/// The folders that a client shows, as it says in its greeting.
fn folders(params: &Value) -> Vec<PathBuf> {
    let listed = params["workspaceFolders"].as_array().into_iter().flatten().map(|folder| &folder["uri"]);
    let uris = listed.chain([&params["rootUri"]]).filter_map(Value::as_str);
    let mut folders: Vec<PathBuf> = uris.filter_map(file::of_uri).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// The parameters of a notification; one that makes no sense is passed over, because it has no answer.
fn read<P: DeserializeOwned>(params: Value) -> Option<P> {
    serde_json::from_value(params).ok()
}

/// Whether a message takes a request back.
fn cancels(arrived: &Arrived, id: &RequestId) -> bool {
    match arrived {
        Arrived::Message(Message::Notification(note)) if note.method == "$/cancelRequest" => {
            let cancelled = note.params.get("id").cloned();
            cancelled.and_then(|id| serde_json::from_value::<RequestId>(id).ok()).as_ref() == Some(id)
        }
        _ => false,
    }
}

/// The text after changes. Whole texts are asked for, but a part is as easy to put in.
fn changed(file: &File, changes: Vec<ContentChange>) -> String {
    let mut text = file.text.clone();
    for change in changes {
        match change {
            ContentChange::TextDocumentContentChangeWholeDocument(whole) => text = whole.text,
            ContentChange::TextDocumentContentChangePartial(part) => {
                let now = File::new(file.uri.clone(), String::new(), 0, text);
                let (start, end) = (now.byte(part.range.start), now.byte(part.range.end));
                text = now.text;
                text.replace_range(start..end.max(start), &part.text);
            }
        }
    }
    text
}
