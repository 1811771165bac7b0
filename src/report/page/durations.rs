//! This section shows how long the items of each step took: percentiles, a histogram, the slowest.

use std::fmt::Write as _;
use std::time::Duration;

use super::html::{self, Column, count, items, table, text};
use crate::event::Timing;
use crate::report::account::{Account, StepAccount};

/// Bars of a histogram, at most.
const BARS: usize = 40;
/// Units of the picture.
const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 100.0;

/// The section; nothing when nothing was measured.
pub(super) fn section(out: &mut String, account: &Account) {
    let timed = |step: &StepAccount| step.timing.as_ref().is_some_and(|timing| timing.count > 0);
    if !account.steps.iter().any(timed) {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"durations\"><h2 id=\"durations\">Item durations</h2>\n<p class=\"about\">Of attempts. Quick items \
         that ran together count with their mean.</p>\n",
    );
    for step in account.steps.iter().filter(|step| timed(step)) {
        if let Some(timing) = &step.timing {
            let _ = writeln!(out, "<h3>{}</h3>", text(&step.name));
            percentiles(out, timing);
            histogram(out, &step.name, timing);
            slowest(out, &step.name, timing);
        }
    }
    out.push_str("</section>\n");
}

fn percentiles(out: &mut String, timing: &Timing) {
    let at = |share| html::duration(timing.percentile(share));
    let values = [
        ("p50", at(0.5)),
        ("p90", at(0.9)),
        ("p99", at(0.99)),
        ("max", html::duration(timing.max())),
        ("mean", html::duration(timing.mean())),
        ("attempts", count(timing.count)),
    ];
    out.push_str("<ul class=\"tiles\">\n");
    for (name, value) in values {
        let _ = writeln!(out, "<li><b>{value}</b> {name}</li>");
    }
    out.push_str("</ul>\n");
}

/// Bars of one width on a scale of logarithms, because durations spread over orders of magnitude.
fn bins(timing: &Timing) -> (Vec<u64>, Duration, Duration) {
    let scale = |time: Duration| (time.as_nanos().max(1) as f64).ln();
    let low = timing.bars().next().map_or(Duration::ZERO, |(low, ..)| low);
    let high = timing.max().max(low);
    let span = (scale(high) - scale(low)).max(f64::EPSILON);
    // Buckets are 1.6 % wide: bars that are thinner would leave gaps that mean nothing.
    let bars = ((span / 0.03) as usize).clamp(1, BARS);
    let mut bins = vec![0; bars];
    for (from, to, number) in timing.bars() {
        let middle = f64::midpoint(scale(from), scale(to.min(high).max(from)));
        let at = ((middle - scale(low)) / span * bars as f64) as usize;
        bins[at.min(bars - 1)] += number;
    }
    (bins, low, high)
}

fn histogram(out: &mut String, name: &str, timing: &Timing) {
    let (bins, low, high) = bins(timing);
    let most = bins.iter().copied().max().unwrap_or(1).max(1);
    let (name, low, high) = (text(name), html::duration(low), html::duration(high));
    let _ = write!(
        out,
        "<figure><svg class=\"histogram\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Histogram of item durations of {name}, from {low} to {high}, half of them up to {}\">",
        html::duration(timing.percentile(0.5))
    );
    let width = WIDTH / bins.len() as f64;
    for (at, number) in bins.iter().enumerate().filter(|(_, number)| **number > 0) {
        // Tails are what a reader looks for, so even one item is to be seen.
        let height = (*number as f64 / most as f64 * HEIGHT).max(2.0);
        let _ = write!(
            out,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
            at as f64 * width,
            HEIGHT - height,
            (width - 2.0).max(1.0),
            items(*number),
        );
    }
    let _ = writeln!(
        out,
        "</svg><figcaption><span>{low}</span><span>logarithmic scale</span><span>{high}</span></figcaption></figure>"
    );
}

fn slowest(out: &mut String, name: &str, timing: &Timing) {
    let row = |slow: &crate::event::Slow| {
        let which = match slow.items {
            1 => format!("item {}", slow.first),
            many => format!("{many} together, from item {}", slow.first),
        };
        vec![which, html::duration(Duration::from_nanos(slow.nanos))]
    };
    let rows: Vec<_> = timing.slowest.iter().map(row).collect();
    let _ = writeln!(out, "<details><summary>Slowest items of {}</summary>", text(name));
    let columns = [Column::Words("Item"), Column::Number("Time each")];
    table(out, &format!("Slowest items of {name}"), &columns, &rows);
    out.push_str("</details>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attempt_is_in_one_bar() {
        let mut timing = Timing::default();
        for nanos in [0, 1, 900, 1_000_000, 2_000_000, 70_000_000_000] {
            timing.record(1, 3, Duration::from_nanos(nanos));
        }
        let (bins, low, high) = bins(&timing);
        assert_eq!((bins.iter().sum::<u64>(), bins.len()), (18, BARS));
        assert_eq!((low, high), (Duration::ZERO, Duration::from_secs(70)));
        let mut same = Timing::default();
        same.record(1, 7, Duration::from_millis(5));
        assert_eq!(super::bins(&same).0.iter().sum::<u64>(), 7);
    }
}
