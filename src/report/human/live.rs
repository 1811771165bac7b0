//! This module shows the progress of the steps that are running: bars on a terminal, elsewhere a line every ten
//! seconds.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::detail::Live;
use super::line::{StyledLine, TextStyle};
use crate::event::{StepId, Tally};
use crate::report::figures;
use crate::value::Extent;

/// Progress lines never follow each other faster, however many steps are running.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// The running steps and how they are shown.
#[derive(Debug)]
pub(super) struct LiveView {
    screen: Screen,
    running: BTreeMap<StepId, RunningItem>,
    /// When the last progress line was written.
    spoke: Option<Duration>,
}

#[derive(Debug)]
enum Screen {
    Bars(MultiProgress),
    Lines,
    Dark,
}

#[derive(Debug)]
struct RunningItem {
    head: StyledLine,
    started: Duration,
    /// When this step last had a progress line.
    spoke: Duration,
    /// How far it is, when that has changed since.
    state: Option<LiveStep>,
    bar: Option<ProgressBar>,
}

/// How far a step is.
#[derive(Debug, Clone, Copy)]
pub(super) struct LiveStep {
    pub(super) tally: Tally,
    pub(super) total: Option<u64>,
    /// How much of its input is read, where that has a size.
    pub(super) read: Option<Extent>,
}

impl LiveStep {
    /// How far it is: by its items where their number is known, else by what is read.
    fn extent(&self) -> Option<Extent> {
        self.total.map(|total| Extent { done: self.tally.ended(), of: total }).or(self.read)
    }

    /// `33 of 100 items`, or `33 items` and the share of what is read.
    fn done(&self, of: &str) -> String {
        let ended = self.tally.ended();
        match (self.total, self.read) {
            (Some(total), _) => format!("{ended}{of}{total}"),
            (None, Some(read)) => {
                format!("{} · {} read", figures::items(ended), figures::percent(read.done, read.of))
            }
            (None, None) => figures::items(ended),
        }
    }
}

impl LiveView {
    pub(super) fn new(live: Live) -> Self {
        let screen = match live {
            Live::Bars(target) => Screen::Bars(MultiProgress::with_draw_target(target)),
            Live::Lines => Screen::Lines,
            Live::None => Screen::Dark,
        };
        Self { screen, running: BTreeMap::new(), spoke: None }
    }

    /// A step begins; returns the line to write about it, if any.
    pub(super) fn start(
        &mut self,
        step: StepId,
        head: StyledLine,
        total: Option<u64>,
        time: Duration,
    ) -> Option<String> {
        let bar = match &self.screen {
            Screen::Bars(bars) => Some(bar(bars, &head, total)),
            _ => None,
        };
        let line = matches!(self.screen, Screen::Lines).then(|| {
            let total = total.map_or(String::new(), |total| format!(" · {}", figures::items(total)));
            let mut line = head.clone();
            line.push(TextStyle::Plain, &format!("started{total}"));
            line.into_text()
        });
        self.running.insert(step, RunningItem { head, started: time, spoke: time, state: None, bar });
        line
    }

    /// A step goes on; returns the line to write if one is due: about the step that had none for longest.
    pub(super) fn progress(&mut self, step: StepId, state: LiveStep, time: Duration) -> Option<String> {
        let running = self.running.get_mut(&step)?;
        running.state = Some(state);
        if let Some(bar) = &running.bar {
            redraw(bar, &state, time.saturating_sub(running.started));
        }
        let silent = |since: Duration| time >= since + LINE_EVERY;
        if !matches!(self.screen, Screen::Lines) || !self.spoke.is_none_or(silent) {
            return None;
        }
        let news =
            self.running.values_mut().filter(|running| running.state.is_some() && silent(running.spoke));
        let running = news.min_by_key(|running| running.spoke)?;
        let state = running.state.take()?;
        (running.spoke, self.spoke) = (time, Some(time));
        let mut line = running.head.clone();
        let done = match state.total {
            Some(total) => format!("{} of {}", state.tally.ended(), figures::items(total)),
            None => state.done(""),
        };
        let counts = counts(&state, time.saturating_sub(running.started));
        line.push(TextStyle::Plain, &format!("{done}{counts}"));
        Some(line.into_text())
    }

    pub(super) fn end(&mut self, step: StepId) {
        let bar = self.running.remove(&step).and_then(|running| running.bar);
        if let (Screen::Bars(bars), Some(bar)) = (&self.screen, bar) {
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
            Screen::Bars(bars) => bars.suspend(write),
            _ => write(),
        }
    }
}

/// A line that is drawn again and again: head, bar where the total is known, counts.
fn bar(bars: &MultiProgress, head: &StyledLine, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
    bar.set_style(style(total.is_some()));
    bar.set_prefix(head.clone().into_text());
    bars.add(bar)
}

fn style(total_is_known: bool) -> ProgressStyle {
    let template = if total_is_known { "{prefix}{bar:16} {wide_msg}" } else { "{prefix}{wide_msg}" };
    ProgressStyle::with_template(template).expect("the template is well-formed").progress_chars("━╸─")
}

fn redraw(bar: &ProgressBar, state: &LiveStep, elapsed: Duration) {
    let extent = state.extent();
    if let Some(Extent { of, .. }) = extent.filter(|extent| bar.length() != Some(extent.of)) {
        bar.set_style(style(true));
        bar.set_length(of);
    }
    bar.set_position(extent.map_or(state.tally.ended(), |extent| extent.done));
    bar.set_message(format!("{}{}", state.done("/"), counts(state, elapsed)));
}

/// ` · 4190 ok · 10 failed · 3 retried · 350/s · ETA 17s`
fn counts(state: &LiveStep, elapsed: Duration) -> String {
    let LiveStep { tally, .. } = *state;
    // Begins with an empty part, so that each of the others has its separator.
    let mut parts = vec![String::new()];
    let named = [
        (tally.succeeded, "ok"),
        (tally.skipped, "skipped"),
        (tally.failed, "failed"),
        (tally.cancelled, "cancelled"),
        (tally.retried, "retried"),
    ];
    parts.extend(
        named.into_iter().filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")),
    );
    parts.extend(figures::rate(tally.ended(), elapsed));
    parts.extend(state.extent().and_then(|extent| eta(extent, elapsed)).map(|eta| format!("ETA {eta}")));
    parts.join(" · ")
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
