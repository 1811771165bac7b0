//! This module shows the progress of the steps that are running: bars on a terminal, elsewhere a line now and then.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::columns::ColumnWidths;
use super::detail::Live;
use super::layout::{LiveLayout, LiveLine};
use super::line::TextStyle;
use crate::event::{StepId, StepInfo, Tally};
use crate::report::figures;
use crate::value::Extent;

/// Progress lines never follow each other faster, however many steps are running.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// The longer a step has been running, the less often it is news: until when after its start a line comes how often.
const PACES: [(Duration, Duration); 2] =
    [(Duration::from_secs(60), LINE_EVERY), (Duration::from_secs(600), Duration::from_secs(60))];
/// How often after that.
const PACE: Duration = Duration::from_secs(600);

/// The running steps and how they are shown.
#[derive(Debug)]
pub(super) struct LiveView {
    screen: Screen,
    color: bool,
    columns: ColumnWidths,
    running: BTreeMap<StepId, RunningItem>,
    /// When the last progress line was written.
    spoke: Option<Duration>,
}

#[derive(Debug)]
enum Screen {
    /// On a terminal of so many columns.
    Bars(MultiProgress, fn() -> usize),
    Lines,
    Dark,
}

#[derive(Debug)]
struct RunningItem {
    info: StepInfo,
    started: Duration,
    /// When this step last had a progress line.
    spoke: Duration,
    /// How far it is.
    state: LiveStep,
    /// Whether that has changed since.
    has_news: bool,
    /// The time of that.
    now: Duration,
    /// What it was held back by last.
    hold: Option<LiveHold>,
    /// Its worker processes, and whether some run: then counts are partly what these say.
    workers: Option<(String, bool)>,
    bar: Option<ProgressBar>,
}

/// What holds a step back.
#[derive(Debug)]
pub(super) struct LiveHold {
    /// The rate limit that it waits for; `None`: its breaker pauses it.
    pub(super) limit: Option<Arc<str>>,
    pub(super) until: Duration,
}

impl LiveHold {
    /// `paused, 41s left`, `waits 12s for api`; `None`: it is over.
    fn shown(&self, time: Duration) -> Option<String> {
        // Whole seconds, so that the text does not flicker.
        let left = Duration::from_secs(self.until.saturating_sub(time).as_secs_f64().ceil() as u64);
        match &self.limit {
            None if left.is_zero() => Some("paused, one item tries".to_owned()),
            None => Some(format!("paused, {} left", figures::brief(left))),
            Some(_) if left.is_zero() => None,
            Some(limit) => Some(format!("waits {} for {limit}", figures::brief(left))),
        }
    }
}

impl RunningItem {
    /// When its next progress line may come.
    fn due(&self) -> Duration {
        let age = self.spoke.saturating_sub(self.started);
        let pace = PACES.iter().find(|(until, _)| age < *until).map_or(PACE, |(_, pace)| *pace);
        self.spoke + pace
    }

    fn held(&self, time: Duration) -> Option<String> {
        let workers = || self.workers.as_ref().map(|(text, _)| text.clone());
        self.hold.as_ref().and_then(|hold| hold.shown(time)).or_else(workers)
    }

    fn line(&self) -> LiveLine {
        let extent = self.state.extent();
        let elapsed = self.now.saturating_sub(self.started);
        let parts = counts(&self.state, self.state.done("/"), self.held(self.now), elapsed);
        LiveLine { extent, parts }
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiveStep {
    pub(super) tally: Tally,
    pub(super) total: Option<u64>,
    /// How much of its input is read, where that has a size.
    pub(super) read: Option<Extent>,
    /// Whether workers say so of items that they have not handed over.
    pub(super) is_said: bool,
}

impl LiveStep {
    /// How far it is: by its items where their number is known, else by what is read.
    fn extent(&self) -> Option<Extent> {
        self.total.map(|total| Extent { done: self.tally.ended(), of: total }).or(self.read)
    }

    /// `33 of 100 items`, or `33 items` and the share of what is read.
    fn done(&self, of: &str) -> String {
        let (about, ended) = (self.about(), self.tally.ended());
        match (self.total, self.read) {
            (Some(total), _) => format!("{about}{ended}{of}{total}"),
            (None, Some(read)) => {
                format!("{about}{} · {} read", figures::items(ended), figures::percent(read.done, read.of))
            }
            (None, None) => format!("{about}{}", figures::items(ended)),
        }
    }

    fn about(&self) -> &'static str {
        figures::about(self.is_said)
    }
}

impl LiveView {
    pub(super) fn new(live: Live, color: bool) -> Self {
        let screen = match live {
            Live::Bars(target, width) => Screen::Bars(MultiProgress::with_draw_target(target), width),
            Live::Lines => Screen::Lines,
            Live::None => Screen::Dark,
        };
        let columns = ColumnWidths::default();
        Self { screen, color, columns, running: BTreeMap::new(), spoke: None }
    }

    /// The run begins.
    pub(super) fn begin(&mut self, columns: ColumnWidths) {
        self.columns = columns;
    }

    /// A step begins; returns the line to write about it, if any.
    pub(super) fn start(
        &mut self,
        step: StepId,
        info: &StepInfo,
        total: Option<u64>,
        time: Duration,
    ) -> Option<String> {
        let bar = match &self.screen {
            Screen::Bars(bars, _) => Some(bar(bars)),
            _ => None,
        };
        let line = matches!(self.screen, Screen::Lines).then(|| {
            let total = total.map_or(String::new(), |total| format!(" · {}", figures::items(total)));
            let mut line = self.columns.head(info, self.color);
            line.push(TextStyle::Plain, &format!("started{total}"));
            line.into_text()
        });
        let (info, state) =
            (info.clone(), LiveStep { tally: Tally::default(), total, read: None, is_said: false });
        let running = RunningItem {
            info,
            started: time,
            spoke: time,
            state,
            has_news: false,
            now: time,
            hold: None,
            workers: None,
            bar,
        };
        self.running.insert(step, running);
        self.redraw();
        line
    }

    /// A step goes on; returns the line to write if one is due: about the step that had none for longest.
    pub(super) fn progress(&mut self, step: StepId, state: LiveStep, time: Duration) -> Option<String> {
        let running = self.running.get_mut(&step)?;
        let is_said = running.workers.as_ref().is_some_and(|(_, are_running)| *are_running);
        (running.state, running.has_news, running.now) = (LiveStep { is_said, ..state }, true, time);
        self.redraw();
        if !matches!(self.screen, Screen::Lines) || self.spoke.is_some_and(|spoke| time < spoke + LINE_EVERY)
        {
            return None;
        }
        let news = self.running.values_mut().filter(|running| running.has_news && time >= running.due());
        let running = news.min_by_key(|running| running.spoke)?;
        (running.has_news, running.spoke, self.spoke) = (false, time, Some(time));
        let (state, elapsed) = (running.state, time.saturating_sub(running.started));
        let done = match state.total {
            Some(total) => {
                format!("{}{} of {}", state.about(), state.tally.ended(), figures::items(total))
            }
            None => state.done(""),
        };
        let mut line = self.columns.head(&running.info, self.color);
        line.push(TextStyle::Plain, &counts(&state, done, running.held(time), elapsed).join(" · "));
        Some(line.into_text())
    }

    /// Draws the lines of all running steps, so that they have their columns in common.
    fn redraw(&self) {
        let Screen::Bars(_, width) = &self.screen else { return };
        let lines: Vec<LiveLine> = self.running.values().map(RunningItem::line).collect();
        let layout = LiveLayout::new(&lines, self.columns, width());
        for (running, line) in self.running.values().zip(lines) {
            let Some(bar) = &running.bar else { continue };
            let text = layout.text(&running.info, line, self.color);
            if bar.message() != text {
                bar.set_message(text);
            }
        }
    }

    /// The worker processes of a step.
    pub(super) fn workers(&mut self, step: StepId, workers: String, are_running: bool) {
        if let Some(running) = self.running.get_mut(&step) {
            running.workers = Some((workers, are_running));
        }
    }

    /// A step is held back, or no longer.
    pub(super) fn hold(&mut self, step: StepId, hold: Option<LiveHold>) {
        if let Some(running) = self.running.get_mut(&step) {
            // A pause says more than a wait for a limit.
            let is_paused = running.hold.as_ref().is_some_and(|hold| hold.limit.is_none());
            if !is_paused || hold.as_ref().is_none_or(|hold| hold.limit.is_none()) {
                running.hold = hold;
            }
        }
    }

    pub(super) fn end(&mut self, step: StepId) {
        let bar = self.running.remove(&step).and_then(|running| running.bar);
        if let (Screen::Bars(bars, _), Some(bar)) = (&self.screen, bar) {
            bar.finish_and_clear();
            bars.remove(&bar);
        }
    }

    /// Removes whatever is still being shown.
    pub(super) fn clear(&mut self) {
        let steps: Vec<StepId> = self.running.keys().copied().collect();
        for step in steps {
            self.end(step);
        }
    }

    /// Does `write` while no bar is in the way.
    pub(super) fn aside(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match &self.screen {
            Screen::Bars(bars, _) => bars.suspend(write),
            _ => write(),
        }
    }
}

/// A line that is drawn again and again.
fn bar(bars: &MultiProgress) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    bar.set_style(ProgressStyle::with_template("{wide_msg}").expect("the template is well-formed"));
    bars.add(bar)
}

/// `4200/10000`, `4190 ok`, `10 failed`, `3 retried`, `350/s`, `ETA 17s`; the first is given. Of one that is held back it says by
/// what, in the place of a pace that does not hold.
fn counts(state: &LiveStep, done: String, held: Option<String>, elapsed: Duration) -> Vec<String> {
    let mut parts = vec![done];
    parts.extend(figures::endings(&state.tally, state.about()));
    if held.is_some() {
        parts.extend(held);
        return parts;
    }
    parts.extend(figures::rate(state.tally.ended(), elapsed));
    parts.extend(state.extent().and_then(|extent| eta(extent, elapsed)).map(|eta| format!("ETA {eta}")));
    parts
}

/// What is left at the pace so far, in whole seconds: more would be a promise.
fn eta(Extent { done, of }: Extent, elapsed: Duration) -> Option<String> {
    let left = of.checked_sub(done).filter(|left| *left > 0)?;
    if done == 0 {
        return None;
    }
    let seconds = (elapsed.as_secs_f64() * left as f64 / done as f64).ceil();
    // A step that does one item a day must not make the clock overflow.
    Some(figures::brief(Duration::try_from_secs_f64(seconds).ok()?))
}
