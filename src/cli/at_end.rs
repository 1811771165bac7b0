//! `at_end` of a pipeline file is called when a run has ended: its outputs have their names and its ending is kept. What
//! it says becomes the run's own log; that it fails is a warning.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::engine::Interrupt;
use crate::event::{Event, LogLevel};
use crate::lua::{self, LogLine, Scope, ScriptError};
use crate::plan::{AtEnd, Plan};
use crate::report::{Commands, Json, Reporter as _};
use crate::store::LogEntry;

/// How often is looked whether it is to be cut off.
const LOOK: Duration = Duration::from_millis(50);

/// Messages of failures of a step that it is told: more would not fit into its memory, and nobody is told them.
const ERRORS_MAX: usize = 1_000;

/// The function of one run, and what it will be told.
pub(super) struct Ending<'a> {
    plan: &'a Plan,
    at_end: &'a AtEnd,
    told: Json<Vec<u8>>,
    commands: Option<Commands>,
    /// Whether all lines of its log are wanted.
    logs: bool,
    /// What it has said.
    log: Vec<LogEntry>,
}

impl<'a> Ending<'a> {
    /// Of a plan that has one.
    pub(super) fn of(plan: &'a Plan, commands: Option<Commands>, logs: bool) -> Option<Self> {
        let at_end = plan.at_end.as_ref()?;
        Some(Self { plan, at_end, told: Json::new(Vec::new()), commands, logs, log: Vec::new() })
    }

    /// Hears of everything. When the run has ended, calls the function, and gives what there is to tell of that.
    pub(super) fn event(&mut self, event: &Event, time: Duration, interrupt: &Interrupt) -> Vec<Event> {
        // It is written to memory.
        let _ = self.told.event(event, time);
        let Event::RunFinished { duration, .. } = event else { return Vec::new() };
        let (called, lines) = self.call(*duration, interrupt);
        let mut events: Vec<Event> = Vec::new();
        for LogLine { level, message, fields, .. } in lines {
            self.log.push(LogEntry { index: 0, level, message: message.clone(), fields: fields.clone() });
            if self.logs || level >= LogLevel::Warn {
                events.push(Event::RunLog { level, message, fields });
            }
        }
        if let Err(error) = called {
            let place = error.place.as_ref().map_or(String::new(), |place| format!("{place} "));
            let message = format!("`at_end` failed: {place}{}", error.message);
            let (level, fields) = (LogLevel::Error, None);
            self.log.push(LogEntry { index: 0, level, message: message.clone(), fields });
            events.push(Event::Notice { step: None, message });
        }
        let mask = self.plan.secrets.mask();
        events.into_iter().map(|event| event.masked(mask)).collect()
    }

    /// The lines of the run's log.
    pub(super) fn into_log(self) -> Vec<LogEntry> {
        let mask = self.plan.secrets.mask();
        let masked = |entry: LogEntry| LogEntry { message: mask.owned(entry.message), ..entry };
        self.log.into_iter().map(masked).collect()
    }

    /// Calls it on a thread that nobody waits for after another interrupt: only its limit can stop it.
    fn call(&mut self, duration: Duration, interrupt: &Interrupt) -> (Result<(), ScriptError>, Vec<LogLine>) {
        let fault = |message: &str| ScriptError::new(crate::event::FailureKind::Panic, message);
        let scope = Scope {
            params: Arc::clone(&self.plan.params),
            env: Arc::clone(&self.plan.env),
            steps: None,
            run: self.run(duration).to_string().into(),
            permissions: Arc::clone(&self.plan.permissions),
            secrets: self.plan.secrets.clone(),
            shows_run: true,
            shows_secrets: true,
        };
        let (script, limit, logs) = (Arc::clone(&self.at_end.script), self.at_end.limit, self.logs);
        let (sender, receiver) = mpsc::channel();
        let body = move || drop(sender.send(lua::call_once(&script, &scope, limit, logs)));
        if let Err(error) = thread::Builder::new().name("at-end".to_owned()).spawn(body) {
            return (Err(fault(&format!("cannot start a thread: {error}"))), Vec::new());
        }
        let before = interrupt.count();
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(called) => return called,
                Err(RecvTimeoutError::Timeout) if interrupt.count() == before => {}
                Err(RecvTimeoutError::Timeout) => return (Err(fault("interrupted")), Vec::new()),
                Err(RecvTimeoutError::Disconnected) => {
                    return (Err(fault("a fault of flowrun in the script")), Vec::new());
                }
            }
        }
    }

    /// What Lua sees as `run`.
    fn run(&mut self, duration: Duration) -> Value {
        // Likewise.
        let _ = self.told.finish();
        let told = std::mem::replace(&mut self.told, Json::new(Vec::new())).into_inner();
        let mut run: Map<String, Value> = serde_json::from_slice(&told).unwrap_or_default();
        let id = run.remove("run").unwrap_or_default();
        let steps = run.get_mut("steps").and_then(Value::as_array_mut).into_iter().flatten();
        let mut failed = false;
        for step in steps {
            failed |= step["failures"].as_u64().unwrap_or(0) > 0;
            if let Some(errors) = step.get_mut("errors").and_then(Value::as_object_mut) {
                *errors = std::mem::take(errors).into_iter().take(ERRORS_MAX).collect();
            }
        }
        let goes_on = failed || run.get("status").is_some_and(|status| status != "succeeded");
        let resume = self.commands.as_ref().filter(|_| goes_on).map(Commands::resume);
        let more = [
            Some(("id", id)),
            Some(("duration", json!(duration.as_secs_f64()))),
            resume.map(|command| ("resume", command.into())),
        ];
        run.extend(more.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)));
        Value::Object(run)
    }
}
