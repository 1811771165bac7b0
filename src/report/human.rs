//! The reporter for people shows live progress, a line for each step that ended, and failures grouped at the end.
//!
//! On a terminal the progress is bars, elsewhere now and then a line. The caller says which it is.

pub(super) mod columns;
mod detail;
pub(super) mod failures;
mod layout;
pub(super) mod line;
mod live;
mod notes;

pub use self::detail::{Live, Verbosity};

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use self::columns::ColumnWidths;
use self::line::{StyledLine, TextStyle, folded};
use self::live::{LiveHold, LiveStep, LiveView};
use self::notes::Notes;
use super::figures;
use super::groups::FailureGroups;
use super::{Clock, Reporter};
use crate::event::{Event, FailureKind, LogLevel, RunStatus, StepId, StepInfo, StepResult, StepStatus};
use crate::value::printable;

/// What the caller knows about the reader and the run.
#[derive(Debug)]
pub struct HumanOptions {
    /// How much is said.
    pub verbosity: Verbosity,
    /// How progress is shown.
    pub live: Live,
    /// Columns of the terminal, where there is one: lines are fitted to it.
    pub width: Option<fn() -> usize>,
    /// Whether text may be coloured.
    pub color: bool,
    /// Seed of the run, said when verbose.
    pub seed: u64,
    /// What begins each line while the run goes on, where nobody watches it.
    pub clock: Option<Clock>,
    /// How the run is called for afterwards, when it is kept.
    pub commands: Option<Commands>,
}

/// What people type to see more of a run, or to go on with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// The run, abbreviated.
    pub run: String,
    /// The folder that keeps it, as a word of a shell, where it would not be found without being named.
    pub folder: Option<String>,
}

impl Commands {
    /// How its failures are shown, or those of one step.
    pub fn show(&self, step: Option<&str>) -> String {
        let step = step.map_or(String::new(), |step| format!(" {step}"));
        format!("flowrun show {}{step} --failed{}", self.run, self.option())
    }

    /// How to go on with it.
    pub fn resume(&self) -> String {
        format!("flowrun resume {}{}", self.run, self.option())
    }

    /// How to go on with its workers, where its coordinator is gone.
    pub fn attach(&self) -> String {
        format!("flowrun attach {}{}", self.run, self.option())
    }

    /// How to end them.
    pub fn cancel(&self) -> String {
        format!("flowrun cancel {}{}", self.run, self.option())
    }

    fn option(&self) -> String {
        self.folder.as_ref().map_or(String::new(), |folder| format!(" --state-dir {folder}"))
    }
}

/// Tells people what happens.
#[derive(Debug)]
pub struct Human<W: Write> {
    out: W,
    verbosity: Verbosity,
    width: Option<fn() -> usize>,
    color: bool,
    seed: u64,
    clock: Option<Clock>,
    commands: Option<Commands>,
    status: Option<RunStatus>,
    live: LiveView,
    columns: ColumnWidths,
    steps: Vec<StepView>,
}

#[derive(Debug)]
struct StepView {
    info: StepInfo,
    failures: FailureGroups,
    notes: Notes,
    /// What the last attempt failed by.
    last_error: Option<Arc<str>>,
    /// What was last worth a notice.
    last_notice: Option<Arc<str>>,
    /// Whether its breaker lets nothing start.
    is_paused: bool,
    /// Whether it has ended, and failed.
    has_failed: bool,
}

impl<W: Write> Human<W> {
    /// A reporter that writes to `out`; bars go to their own target.
    pub fn new(out: W, options: HumanOptions) -> Self {
        let live = if options.verbosity == Verbosity::Quiet { Live::None } else { options.live };
        Self {
            out,
            verbosity: options.verbosity,
            width: options.width,
            color: options.color,
            seed: options.seed,
            clock: options.clock,
            commands: options.commands,
            status: None,
            live: LiveView::new(live, options.color),
            columns: ColumnWidths::default(),
            steps: Vec::new(),
        }
    }

    /// Writes lines about what happens now.
    fn tell(&mut self, text: &str) -> io::Result<()> {
        match self.clock {
            None => self.print(text),
            Some(clock) => {
                let now = clock();
                let lines: Vec<String> = text.lines().map(|line| format!("{now} {line}")).collect();
                self.print(&lines.join("\n"))
            }
        }
    }

    /// Writes whole lines, with the bars out of the way.
    fn print(&mut self, text: &str) -> io::Result<()> {
        let out = &mut self.out;
        self.live.aside(|| {
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")?;
            out.flush()
        })
    }

    fn run_started(&mut self, run: &str, steps: &[StepInfo]) -> io::Result<()> {
        self.columns = ColumnWidths::of(steps);
        self.live.begin(self.columns);
        self.steps = steps
            .iter()
            .map(|info| StepView {
                info: info.clone(),
                failures: FailureGroups::default(),
                notes: Notes::new(self.verbosity),
                last_error: None,
                last_notice: None,
                is_paused: false,
                has_failed: false,
            })
            .collect();
        if self.verbosity < Verbosity::Verbose {
            return Ok(());
        }
        self.tell(&format!("  run {run} · seed {}", self.seed))
    }

    fn step_started(&mut self, step: StepId, total: Option<u64>, time: Duration) -> io::Result<()> {
        match self.live.start(step, &self.steps[step.at()].info, total, time) {
            Some(line) => self.tell(&line),
            None => Ok(()),
        }
    }

    fn step_finished(&mut self, step: StepId, result: &StepResult) -> io::Result<()> {
        self.live.end(step);
        let view = &mut self.steps[step.at()];
        view.has_failed = result.status == StepStatus::Failed;
        // Why a program was given up is no item's error.
        if result.reason.as_deref() == Some(FailureKind::Program.name()) {
            view.last_error = view.last_notice.take();
        }
        if self.verbosity == Verbosity::Quiet && result.status != StepStatus::Failed {
            return Ok(());
        }
        let view = &self.steps[step.at()];
        let columns = self.columns.on_screen(self.screen());
        let mut text = columns.finished(&view.info, result, self.color);
        if let Some(hidden) = view.notes.hidden() {
            text.push('\n');
            text.push_str(&columns.below(TextStyle::Dim, &hidden, self.color));
        }
        self.tell(&text)
    }

    /// A line about one step or one item, unless there were too many already.
    fn note(&mut self, step: StepId, importance: Verbosity, style: TextStyle, text: &str) -> io::Result<()> {
        let view = &mut self.steps[step.at()];
        if !view.notes.admit(importance) {
            return Ok(());
        }
        let text = format!("{}: {}", view.info.name, printable(text));
        self.remark(style, &text)
    }

    /// A line of words; on a terminal as many as it takes.
    fn remark(&mut self, style: TextStyle, text: &str) -> io::Result<()> {
        let lines = folded(text, self.screen().map(|screen| screen.saturating_sub(4)));
        let line = |(at, text): (usize, &String)| {
            let mut line = StyledLine::new(self.color);
            line.push(style, &format!("{}{text}", if at == 0 { "  " } else { "    " }));
            line.into_text()
        };
        let lines: Vec<String> = lines.iter().enumerate().map(line).collect();
        self.tell(&lines.join("\n"))
    }

    /// Columns that may be filled; what fills the last one makes some terminals go on to the next line.
    fn screen(&self) -> Option<usize> {
        self.width.map(|width| width().saturating_sub(1))
    }

    /// A line about an item.
    fn item_event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::ItemRetried { step, index, attempt, message, delay, .. } => {
                self.steps[step.at()].last_error = Some(Arc::clone(message));
                let wait = figures::brief(*delay);
                let text = format!("item {index}: attempt {attempt} failed, next in {wait}: {message}");
                self.note(*step, Verbosity::Verbose, TextStyle::Dim, &text)
            }
            Event::ItemSlow { step, index, elapsed } => {
                let text = format!("item {index}: running for {}", figures::brief(*elapsed));
                self.note(*step, Verbosity::Normal, TextStyle::Warn, &text)
            }
            Event::Log { step, index, level, message, fields } => {
                let (importance, style) = notes::rank(*level);
                let fields = fields.as_deref().map_or(String::new(), |fields| format!(" {fields}"));
                let item = if *index > 0 { format!("item {index}: ") } else { String::new() };
                let text = format!("{item}{}: {message}{fields}", level.name());
                self.note(*step, importance, style, &text)
            }
            _ => Ok(()),
        }
    }

    fn notice(&mut self, step: Option<StepId>, message: &str) -> io::Result<()> {
        if let Some(step) = step {
            self.steps[step.at()].last_notice = Some(message.into());
            return self.note(step, Verbosity::Normal, TextStyle::Warn, &format!("warning: {message}"));
        }
        if self.verbosity == Verbosity::Quiet {
            return Ok(());
        }
        self.remark(TextStyle::Warn, &format!("warning: {}", printable(message)))
    }

    /// A line of the run's own log.
    fn run_log(&mut self, level: LogLevel, message: &str, fields: Option<&str>) -> io::Result<()> {
        let (importance, style) = notes::rank(level);
        if self.verbosity < importance {
            return Ok(());
        }
        self.remark(style, &printable(&figures::run_log(level.name(), message, fields)))
    }

    /// `see them: flowrun show 7f3a clean --failed      run them again: flowrun resume 7f3a`
    fn way_on(&self) -> Option<String> {
        let commands = self.commands.as_ref()?;
        let failing: Vec<&str> =
            self.steps.iter().filter(|step| !step.failures.is_empty()).map(|step| &*step.info.name).collect();
        let resume = commands.resume();
        let again = match self.status? {
            RunStatus::Interrupted => format!("go on with it: {resume}"),
            RunStatus::Failed if failing.is_empty() => format!("run it again: {resume}"),
            RunStatus::Succeeded if failing.is_empty() => return None,
            RunStatus::Failed | RunStatus::Succeeded => format!("run them again: {resume}"),
        };
        let step = if let [only] = failing[..] { Some(only) } else { None };
        let fits = |line: &str| self.screen().is_none_or(|screen| line.chars().count() <= screen);
        let see = |step| format!("  see them: {}", commands.show(step));
        // Commands are not broken, or nobody could copy them.
        let see = if fits(&see(step)) { see(step) } else { see(None) };
        let see = if failing.is_empty() { String::new() } else { see };
        let line = if see.is_empty() { format!("  {again}") } else { format!("{see}      {again}") };
        Some(if fits(&line) || see.is_empty() { line } else { format!("{see}\n  {again}") })
    }

    fn breaker(&mut self, step: StepId, until: Option<Duration>, time: Duration) -> io::Result<()> {
        self.live.hold(step, until.map(|until| LiveHold { limit: None, until }));
        let view = &mut self.steps[step.at()];
        view.is_paused = until.is_some();
        let text = match until {
            Some(until) => {
                let pause = figures::brief(until.saturating_sub(time));
                let last = view.last_error.as_ref().map_or(String::new(), |error| format!(": {error}"));
                format!("breaker: attempts fail one after the other, nothing starts for {pause}{last}")
            }
            None => "breaker: attempts start again".to_owned(),
        };
        self.note(step, Verbosity::Normal, TextStyle::Warn, &text)
    }

    /// What a step waited for whose breaker was open to the end, or that failed while its items were to be tried again: none of
    /// them has failed yet.
    fn last_error(step: &StepView) -> Option<String> {
        let error = step
            .last_error
            .as_ref()
            .filter(|_| (step.is_paused || step.has_failed) && step.failures.is_empty())?;
        Some(format!("\n  last error in {}: {}", step.info.name, printable(error)))
    }

    fn interrupted(&mut self, grace: Duration) -> io::Result<()> {
        if self.verbosity == Verbosity::Quiet {
            return Ok(());
        }
        let grace = figures::brief(grace);
        let text = format!(
            "interrupted: nothing new starts, running items have {grace}; interrupt again to stop at once"
        );
        self.remark(TextStyle::Plain, &text)
    }
}

impl<W: Write> Reporter for Human<W> {
    fn event(&mut self, event: &Event, time: Duration) -> io::Result<()> {
        match event {
            Event::RunStarted { run, steps, .. } => self.run_started(run, steps),
            Event::StepStarted { step, total } => self.step_started(*step, *total, time),
            Event::Progress { step, tally, total, read } => {
                let state = LiveStep { tally: *tally, total: *total, read: *read, is_said: false };
                self.live.progress(*step, state, time).map_or(Ok(()), |line| self.tell(&line))
            }
            Event::ItemFailed { step, index, kind, message, place, .. } => {
                self.steps[step.at()].last_error = Some(Arc::clone(message));
                self.steps[step.at()].failures.add(*index, *kind, message, place.as_ref());
                Ok(())
            }
            Event::ItemRetried { .. } | Event::ItemSlow { .. } | Event::Log { .. } => self.item_event(event),
            Event::Breaker { step, open, until } => self.breaker(*step, until.filter(|_| *open), time),
            Event::Waiting { step, limit, seconds } => {
                let hold = LiveHold { limit: Some(limit.clone()), until: time + *seconds };
                self.live.hold(*step, Some(hold));
                let text = format!("waits {} for the rate limit {limit}", figures::brief(*seconds));
                self.note(*step, Verbosity::Verbose, TextStyle::Dim, &text)
            }
            Event::Fleet { step, running, queued, why, died } => {
                let text = figures::jobs(*running, (*queued, why.as_deref()), *died);
                self.live.workers(*step, text.clone(), *running > 0);
                self.note(*step, Verbosity::Verbose, TextStyle::Dim, &text)
            }
            Event::Notice { step, message } => self.notice(*step, message),
            Event::RunLog { level, message, fields } => self.run_log(*level, message, fields.as_deref()),
            Event::StepFinished { step, result } => self.step_finished(*step, result),
            Event::Interrupted { grace } => self.interrupted(*grace),
            Event::RunFinished { status, .. } => {
                self.status = Some(*status);
                Ok(())
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.live.clear();
        let shown = if self.verbosity == Verbosity::Verbose { usize::MAX } else { failures::SHOWN };
        let block = |step: &StepView| {
            failures::block(&step.failures, &step.info.name, shown, self.screen(), self.color)
        };
        let blocks = self.steps.iter().filter_map(block);
        let text: Vec<String> = blocks.collect();
        text.iter().try_for_each(|block| self.print(&format!("\n{block}")))?;
        let last: Vec<String> = self.steps.iter().filter_map(Self::last_error).collect();
        last.iter().try_for_each(|line| self.print(line))?;
        match self.way_on() {
            Some(line) => self.print(&line),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
