//! A timing says how long the items of a step took: a histogram of bounded size, the slowest items, and spans for a
//! trace.
//!
//! The engine decides what is measured and when; the reporters decide how it is drawn.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets an octave: a bucket is then at most 1.6 % wide, which is two digits.
const FINE: u32 = 6;
/// Slowest items that are remembered.
const SLOWEST_MAX: usize = 20;
/// Spans of a step that are remembered: some megabytes, and what a viewer can still draw.
pub const SPANS_MAX: usize = 100_000;

/// How long the items of a step took. Durations are those of attempts; items that ran together count with their mean.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    /// Attempts by bucket, see [`bounds`].
    buckets: BTreeMap<u16, u64>,
    /// Attempts in all.
    pub count: u64,
    /// The longest, in nanoseconds.
    max_ns: u64,
    /// All together, in nanoseconds.
    sum_ns: u64,
    /// The slowest, the slowest first.
    pub slowest: Vec<Slow>,
    /// Where else the time of the step went.
    pub beside: Beside,
    /// What ran when, in the order in which it ended, where that is wanted; not kept.
    #[serde(skip)]
    pub spans: Vec<Span>,
    /// Spans beyond the bound.
    #[serde(skip)]
    pub spans_left_out: u64,
}

/// What a step has spent beside its functions, on whichever thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Beside {
    /// Reading items.
    pub reading: Duration,
    /// Packing what is kept of them.
    pub keeping: Duration,
    /// Putting results in order, and writing them.
    pub writing: Duration,
}

impl Beside {
    fn add(&mut self, other: Self) {
        self.reading += other.reading;
        self.keeping += other.keeping;
        self.writing += other.writing;
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            reading: self.reading.saturating_sub(earlier.reading),
            keeping: self.keeping.saturating_sub(earlier.keeping),
            writing: self.writing.saturating_sub(earlier.writing),
        }
    }
}

/// An item that took long, or some that ran together and took long on the average.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slow {
    /// Index of the first, from 1.
    pub first: u64,
    /// How many ran together.
    pub items: u64,
    /// What each took on the average, in nanoseconds.
    pub nanos: u64,
}

/// Items that ran one after the other on one worker, or an attempt of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index of the first, from 1.
    pub first: u64,
    /// How many.
    pub items: u64,
    /// Since the step began.
    pub start: Duration,
    /// How long.
    pub duration: Duration,
    /// Number of the attempt, from 1.
    pub attempt: u32,
}

impl Timing {
    /// Books `items` from index `first` on that took `each`.
    pub fn record(&mut self, first: u64, items: u64, each: Duration) {
        if items == 0 {
            return;
        }
        let nanos = u64::try_from(each.as_nanos()).unwrap_or(u64::MAX);
        *self.buckets.entry(bucket(nanos)).or_default() += items;
        self.count += items;
        self.sum_ns = self.sum_ns.saturating_add(nanos.saturating_mul(items));
        self.max_ns = self.max_ns.max(nanos);
        if self.slowest.len() < SLOWEST_MAX || self.slowest.last().is_some_and(|last| last.nanos < nanos) {
            let at = self.slowest.partition_point(|slow| slow.nanos >= nanos);
            self.slowest.insert(at, Slow { first, items, nanos });
            self.slowest.truncate(SLOWEST_MAX);
        }
    }

    /// Takes another one in, which is about other items.
    pub fn add(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
        self.count += other.count;
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
        self.beside.add(other.beside);
        self.slowest.extend(&other.slowest);
        self.slowest.sort_by_key(|slow| (std::cmp::Reverse(slow.nanos), slow.first));
        self.slowest.truncate(SLOWEST_MAX);
    }

    /// What came to it since it was `earlier`. The longest is then known as exactly as its bucket, unless it is one of the
    /// slowest.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |bucket: &u16| earlier.buckets.get(bucket).copied().unwrap_or(0);
        let left = self.buckets.iter().map(|(bucket, count)| (*bucket, count.saturating_sub(before(bucket))));
        let buckets: BTreeMap<u16, u64> = left.filter(|(_, count)| *count > 0).collect();
        let slowest: Vec<Slow> =
            self.slowest.iter().filter(|slow| !earlier.slowest.contains(slow)).copied().collect();
        let longest = buckets.last_key_value().map_or(0, |(bucket, _)| bounds(*bucket).1);
        let max_ns = slowest.first().map_or(longest.min(self.max_ns), |slow| slow.nanos);
        let count = self.count.saturating_sub(earlier.count);
        let sum_ns = self.sum_ns.saturating_sub(earlier.sum_ns);
        let beside = self.beside.since(earlier.beside);
        Self { buckets, count, max_ns, sum_ns, slowest, beside, ..Self::default() }
    }

    /// Remembers a span, as far as there is room.
    pub fn span(&mut self, span: Span) {
        if self.spans.len() < SPANS_MAX {
            self.spans.push(span);
        } else {
            self.spans_left_out += 1;
        }
    }

    /// The same without spans: what is kept.
    #[must_use]
    pub fn without_spans(&self) -> Self {
        let (buckets, slowest) = (self.buckets.clone(), self.slowest.clone());
        let Self { count, max_ns, sum_ns, beside, .. } = *self;
        Self { buckets, count, max_ns, sum_ns, slowest, beside, ..Self::default() }
    }

    /// The duration that `share` of all attempts do not exceed, to two digits; zero for nothing.
    pub fn percentile(&self, share: f64) -> Duration {
        let rank = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        for (bucket, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(bounds(*bucket).1.min(self.max_ns));
            }
        }
        Duration::ZERO
    }

    /// The longest.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }

    /// All of them together.
    pub fn all(&self) -> Duration {
        Duration::from_nanos(self.sum_ns)
    }

    /// The mean.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.sum_ns / self.count.max(1))
    }

    /// Shortest and longest duration of each bucket that is not empty, and the attempts in it.
    pub fn bars(&self) -> impl Iterator<Item = (Duration, Duration, u64)> {
        self.buckets.iter().map(|(bucket, count)| {
            let (low, high) = bounds(*bucket);
            (Duration::from_nanos(low), Duration::from_nanos(high), *count)
        })
    }
}

/// Which bucket a duration belongs to: the place of its highest digit and the six digits behind it, all binary.
fn bucket(nanos: u64) -> u16 {
    let octave = (nanos | 1).ilog2().saturating_sub(FINE);
    ((octave << FINE) + (nanos >> octave) as u32) as u16
}

/// Shortest and longest duration of a bucket, in nanoseconds.
fn bounds(bucket: u16) -> (u64, u64) {
    let bucket = u32::from(bucket);
    let octave = (bucket >> FINE).saturating_sub(1);
    let low = u64::from(bucket - (octave << FINE)) << octave;
    (low, low + ((1 << octave) - 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn for_every_duration_its_bucket_holds_it_and_is_narrow(nanos in any::<u64>(), shift in 0..64_u32) {
            let nanos = nanos >> shift;
            let (low, high) = bounds(bucket(nanos));
            prop_assert!(low <= nanos && nanos <= high, "{low} {nanos} {high}");
            prop_assert!(high - low <= nanos / 64, "{low} {nanos} {high}");
        }
    }

    #[test]
    fn percentiles_are_right_to_two_digits() {
        let mut timing = Timing::default();
        (1..=1000).for_each(|index| timing.record(index, 1, Duration::from_millis(index)));
        for (share, expect) in [(0.5, 500), (0.9, 900), (0.99, 990)] {
            let millis = timing.percentile(share).as_secs_f64() * 1e3;
            assert!((millis / f64::from(expect) - 1.0).abs() < 0.016, "{share}: {millis}");
        }
        assert_eq!(timing.percentile(1.0), Duration::from_secs(1));
        assert_eq!(timing.max(), Duration::from_secs(1));
        assert_eq!(timing.mean(), Duration::from_micros(500_500));
        assert_eq!(timing.bars().map(|(.., count)| count).sum::<u64>(), 1000);
        let slowest: Vec<u64> = timing.slowest.iter().map(|slow| slow.first).collect();
        assert_eq!(slowest, (981..=1000).rev().collect::<Vec<_>>());
        let text = serde_json::to_string(&timing).expect("JSON");
        assert_eq!(serde_json::from_str::<Timing>(&text).expect("what was written"), timing);
    }

    #[test]
    fn what_came_since_and_what_was_before_are_together_the_whole() {
        let mut timing = Timing::default();
        (1..=30).for_each(|index| timing.record(index, 1, Duration::from_millis(index * 7 % 31)));
        let before = timing.clone();
        (31..=50).for_each(|index| timing.record(index, 1, Duration::from_millis(index)));
        let since = timing.since(&before);
        assert_eq!((since.count, since.max()), (20, Duration::from_millis(50)));
        let mut both = before.clone();
        both.add(&since);
        assert_eq!(both, timing);
        assert_eq!(timing.since(&timing), Timing::default());
    }

    #[test]
    fn nothing_has_no_percentiles() {
        assert_eq!(Timing::default().percentile(0.99), Duration::ZERO);
        assert_eq!(Timing::default().mean(), Duration::ZERO);
    }

    #[test]
    fn spans_are_bounded_and_the_rest_is_counted() {
        let mut timing = Timing::default();
        let span = Span { first: 1, items: 1, start: Duration::ZERO, duration: Duration::ZERO, attempt: 1 };
        (0..SPANS_MAX + 3).for_each(|_| timing.span(span));
        assert_eq!((timing.spans.len(), timing.spans_left_out), (SPANS_MAX, 3));
    }
}
