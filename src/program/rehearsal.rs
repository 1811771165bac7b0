//! A rehearsal sends good and odd items to a program before any pipeline does, and judges what it answers.

use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout_at};

use super::answer::{Answer, Line, Said, read};
use super::answer_lines::{AnswerLines, TooLong};
use super::definition::ItemProgram;
use super::process::{Leaving, Process, ProcessEvent, Pulse};
use super::request::{Request, RequestContext};
use super::sayings::Sayings;
use crate::value::Secrets;

/// Characters of a line that is no answer, and of an answer, as far as they are shown.
const LINE_CHARS: usize = 120;
const ANSWER_CHARS: usize = 1_000;

/// One thing that a program is asked to do.
#[derive(Debug, Clone)]
pub struct Scene {
    /// What it is, for people.
    pub name: String,
    /// Items that are sent at once, as JSON text.
    pub items: Vec<String>,
    /// Whether the answers themselves are of interest, not only their number.
    pub shown: bool,
}

/// What came of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What was asked.
    pub name: String,
    /// What it answered, in words; or what it did wrong.
    pub outcome: Result<String, String>,
    /// The last lines of its standard error, where it did wrong.
    pub last_words: Vec<String>,
}

/// Which answers are wanted: `value`, a `value` that is true or false, or `values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// As of a `map`.
    Value,
    /// As of a `filter`.
    Truth,
    /// As of a `flat_map`.
    Values,
}

/// Plays the scenes with one process, which is started again when it has ended, and then lets it go. `each` hears of each
/// judgement as it is made. An answer may take as long as `limit`.
///
/// # Errors
/// Fails when the program cannot be started.
pub fn rehearse(
    program: &ItemProgram,
    scenes: &[Scene],
    (wanted, limit): (Wanted, Duration),
    each: &mut dyn FnMut(Judgement),
) -> Result<(), String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    LocalSet::new().block_on(&runtime, async {
        let (sender, events) = mpsc::channel(64);
        let context = RequestContext::new("rehearsal", "rehearsal", 1, 1);
        let mut stage = Stage {
            program,
            wanted,
            limit,
            context,
            sender,
            events,
            process: None,
            number: 0,
            ids: 0,
            is_ready: false,
            lines: AnswerLines::default(),
            sayings: Sayings::default(),
        };
        for scene in scenes {
            let outcome = stage.play(scene).await?;
            each(stage.judgement(scene.name.clone(), outcome));
        }
        let outcome = stage.close().await?;
        each(stage.judgement("the end of its input".to_owned(), outcome));
        Ok(())
    })
}

struct Stage<'a> {
    program: &'a ItemProgram,
    wanted: Wanted,
    limit: Duration,
    context: RequestContext,
    sender: mpsc::Sender<Pulse>,
    events: mpsc::Receiver<Pulse>,
    process: Option<Process>,
    number: u64,
    ids: u64,
    /// Whether it has said anything.
    is_ready: bool,
    lines: AnswerLines,
    /// What the process at hand, or the one before it, has said.
    sayings: Sayings,
}

/// What was answered: how often with a result, with `skip` and with an error; and the answers themselves, where they are of
/// interest.
#[derive(Default)]
struct Tally {
    counts: [usize; 3],
    shown: Option<Vec<String>>,
}

impl Tally {
    /// In words.
    fn told(self) -> String {
        let names = ["answered", "skipped", "failed, as it says"];
        let told = self.counts.iter().zip(names).filter(|(count, _)| **count > 0);
        let counted = || told.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>();
        self.shown.unwrap_or_else(counted).join(", ")
    }
}

impl Stage<'_> {
    fn judgement(&self, name: String, outcome: Result<String, String>) -> Judgement {
        let said = self.sayings.last();
        let last_words =
            if outcome.is_err() { said.into_iter().map(str::to_owned).collect() } else { Vec::new() };
        Judgement { name, outcome, last_words }
    }

    /// Sends the items of a scene, and waits for all their answers.
    async fn play(&mut self, scene: &Scene) -> Result<Result<String, String>, String> {
        self.start()?;
        let mut open = Vec::new();
        let mut lines = Vec::new();
        for (at, item) in scene.items.iter().enumerate() {
            self.ids += 1;
            open.push(self.ids);
            let request = Request {
                id: self.ids,
                item: item.as_bytes(),
                index: at as u64 + 1,
                key: None,
                attempt: 1,
                last: None,
            };
            self.context.write(&request, &mut lines);
        }
        if let Some(process) = &self.process {
            process.feed(lines);
        }
        let shown = scene.shown.then(Vec::new);
        let outcome = self.answers(open, Tally { shown, ..Tally::default() }).await;
        if outcome.is_err() {
            self.stop().await;
        }
        Ok(outcome)
    }

    fn start(&mut self) -> Result<(), String> {
        if self.process.is_none() {
            self.number += 1;
            (self.lines, self.sayings) = (AnswerLines::default(), Sayings::default());
            self.is_ready = false;
            let which = (0, self.number);
            let sender = self.sender.clone();
            self.process = Some(Process::start(self.program, &Secrets::default(), which, sender)?);
        }
        Ok(())
    }

    /// Ends the process, whatever it does.
    async fn stop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        process.end();
        while let Some((_, number, event)) = self.events.recv().await {
            match event {
                ProcessEvent::Said(bytes) if number == self.number => self.hear(&bytes),
                ProcessEvent::Ended(_) if number == self.number => return,
                _ => {}
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.sayings.take(bytes);
    }

    /// What is said of a process that has ended before its time.
    fn left(&mut self, leaving: &Leaving) -> String {
        self.process = None;
        self.sayings.end();
        let withheld = self.program.withheld(&self.sayings);
        let hint = withheld.first().map(|name| {
            format!("; `{name}` is set here and not handed on to programs: give it with `--env {name}`")
        });
        format!("it {leaving} before it had answered{}", hint.unwrap_or_default())
    }

    /// Waits for the answers under these numbers; what they were, or what went wrong.
    async fn answers(&mut self, mut open: Vec<u64>, mut tally: Tally) -> Result<String, String> {
        // The first answer may wait for the program to set itself up.
        let limit = if self.is_ready { self.limit } else { self.limit.max(self.program.ready) };
        let until = Instant::now() + limit;
        while !open.is_empty() {
            let Ok(event) = timeout_at(until, self.events.recv()).await else {
                return Err(format!(
                    "no answer to {} of the items within {limit:?}; is standard output flushed after each line?",
                    open.len(),
                ));
            };
            match event {
                Some((_, number, ProcessEvent::Wrote(bytes))) if number == self.number => {
                    self.take(&bytes, &mut open, &mut tally)?;
                }
                Some((_, number, ProcessEvent::Ended(leaving))) if number == self.number => {
                    return Err(self.left(&leaving));
                }
                Some((_, number, ProcessEvent::Said(bytes))) if number == self.number => self.hear(&bytes),
                Some(_) => {}
                None => return Err("nobody tells of it any more".to_owned()),
            }
        }
        Ok(tally.told())
    }

    fn take(&mut self, bytes: &[u8], open: &mut Vec<u64>, tally: &mut Tally) -> Result<(), String> {
        let mut lines = std::mem::take(&mut self.lines);
        let mut taken = Ok(());
        let whole = lines.take(bytes, |line| {
            taken = self.answer(line, open, tally);
            taken.is_ok()
        });
        self.lines = lines;
        taken?;
        whole.map_err(|TooLong| "it wrote more than 64 MiB without a line end".to_owned())
    }

    /// Takes one line.
    fn answer(&mut self, line: &[u8], open: &mut Vec<u64>, tally: &mut Tally) -> Result<(), String> {
        let wrong =
            |why: String| format!("it wrote a line that is no answer, because {why}: `{}`", shown(line));
        self.is_ready = true;
        if let Line::Answer(Answer { id, said, .. }) = read(line).map_err(wrong)? {
            let at = open.iter().position(|other| *other == id);
            let at = at.ok_or_else(|| wrong(format!("no item is in flight under id {id}")))?;
            open.swap_remove(at);
            tally.counts[self.judge(&said)?] += 1;
            if let Some(shown) = &mut tally.shown {
                shown.push(told(&said));
            }
        }
        Ok(())
    }

    /// The place of an answer among the counts.
    fn judge(&self, said: &Said<'_>) -> Result<usize, String> {
        match (said, self.wanted) {
            (Said::Skip(_), _) => Ok(1),
            (Said::Error(_), _) => Ok(2),
            (Said::Unfit(why), _) => Err(format!("its answer cannot be carried: {why}")),
            (Said::Value(_), Wanted::Value) | (Said::Value(b"true" | b"false"), Wanted::Truth) => Ok(0),
            (Said::Values(values), Wanted::Values) if values.first() == Some(&b'[') => Ok(0),
            (_, Wanted::Value) => Err("a map answers with `value`".to_owned()),
            (_, Wanted::Truth) => Err("a filter answers with a `value` that is true or false".to_owned()),
            (_, Wanted::Values) => Err("a flat_map answers with `values`, a list".to_owned()),
        }
    }

    /// Lets the process go: it has to end by itself.
    ///
    /// # Errors
    /// Fails when it cannot be started again.
    async fn close(&mut self) -> Result<Result<String, String>, String> {
        self.start()?;
        let Some(mut process) = self.process.take() else { return Ok(Ok(String::new())) };
        process.close();
        Ok(self.end().await)
    }

    /// Waits for the end of a process that was told to end.
    async fn end(&mut self) -> Result<String, String> {
        while let Some((_, number, event)) = self.events.recv().await {
            match event {
                ProcessEvent::Ended(Leaving::Exit(0)) if number == self.number => {
                    return Ok("it ended".to_owned());
                }
                ProcessEvent::Ended(leaving) if number == self.number => {
                    self.sayings.end();
                    return Err(format!("it {leaving}"));
                }
                ProcessEvent::Said(bytes) if number == self.number => self.hear(&bytes),
                ProcessEvent::Wrote(bytes) if number == self.number && read(bytes.trim_ascii()).is_err() => {
                    return Err(format!("it wrote what is no answer: `{}`", shown(&bytes)));
                }
                _ => {}
            }
        }
        Err("nobody tells of it any more".to_owned())
    }
}

/// An answer, for people.
fn told(said: &Said<'_>) -> String {
    match said {
        Said::Value(value) | Said::Values(value) => start(value, ANSWER_CHARS),
        Said::Skip(None) => "skipped".to_owned(),
        Said::Skip(Some(reason)) => format!("skipped: {reason}"),
        Said::Error(error) => format!("failed, as it says: {}", error.message),
        Said::Unfit(why) => why.clone(),
    }
}

/// The beginning of what was written.
fn shown(bytes: &[u8]) -> String {
    start(bytes, LINE_CHARS)
}

fn start(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown: String = text.trim_end().chars().take(most).collect();
    if shown.len() < text.trim_end().len() {
        shown.push('…');
    }
    shown
}
